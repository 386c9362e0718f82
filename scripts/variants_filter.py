"""Apply filters: FILTER lists every filter that a call fails, or is PASS."""

from pathlib import Path

from readsight.errors import InputError, ToolError
from readsight.pipes import Command, run_pipe
from readsight.step import step
from readsight.variants.vcf_files import load_header


def build_filter_command(name: str, expression: str, source: Path | str, out: list[str | Path]) -> Command:
    """bcftools filter command that adds the filter name to calls for which the expression is true."""
    return ["bcftools", "filter", "--no-version", "-m", "+", "-s", name, "-e", expression, *out, source]


def build_commands(source: Path, out: Path, filters: dict[str, str]) -> list[Command]:
    """Pipe with one command per filter; a call that fails none is PASS. Filters that are already set are kept."""
    first = ["bcftools", "filter", "--no-version", "-m", "+", "-i", "POS>0", "-Ou", source]
    steps = [build_filter_command(name, expression, "-", ["-Ou"]) for name, expression in filters.items()]
    return [first, *steps, ["bcftools", "view", "--no-version", "-Ob", "-o", out, "-"]]


def check_filters(source: Path, filters: dict[str, str], caller: str) -> None:
    """Try each expression on the header of the caller. Raises InputError with those that bcftools rejects."""
    text = ("\n".join(load_header(source)) + "\n").encode()
    faults = []
    for name, expression in filters.items():
        try:
            run_pipe(
                [build_filter_command(name, expression, "-", ["-Ou"])],
                feed=lambda sink: sink.write(text),
                stdout=Path("/dev/null"),
            )
        except ToolError as error:
            message = str(error).splitlines()[-1].strip()
            faults.append(f"variants.filters.{name}: {expression!r} is not valid for the calls of {caller}: {message}")
    if faults:
        raise InputError(faults)


def main(source: Path, out: Path, filters: dict[str, str], caller: str) -> None:
    """Write the calls with FILTER set, as BCF. Raises InputError for an invalid expression."""
    check_filters(source, filters, caller)
    run_pipe(build_commands(source, out, filters))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.calls, job.output.bcf, job.params.filters, job.wildcards.caller)
