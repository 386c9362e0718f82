"""Annotate calls with gene consequences, known ids, population frequency, clinical significance and repeats."""

from pathlib import Path

from readsight.pipes import Command, run_pipe
from readsight.step import step
from readsight.variants.vcf_files import index_bcf, load_header

POPULATION = "INFO/POP_AF:=INFO/AF"
REPEAT = '##INFO=<ID=REPEAT,Number=0,Type=Flag,Description="The reference FASTA has lower case here: repeat or low complexity">'


def build_csq_command(reference: Path, genes: Path, genotyped: bool) -> Command:
    """bcftools csq. Unphased genotypes are used as written, so that the parts of one haplotype call stay together.

    genotyped: whether there are samples; without them, each record is annotated separately.
    """
    command = ["bcftools", "csq", "--no-version", "-f", reference, "-g", genes, "-p", "a", "-n", 32, "-v", 0]
    return [*command, *([] if genotyped else ["-s", "-", "-l"]), "-Ou", "-"]


def choose_columns(resource: Path) -> str:
    """Columns to copy from a prepared resource, as option -c of bcftools annotate."""
    kind = resource.name.split(".")[0].rstrip("0123456789")
    if kind == "known":
        return "+ID"
    if kind == "population":
        return POPULATION
    fields = "\n".join(load_header(resource))
    return ",".join(f"INFO/{tag}" for tag in ("CLNSIG", "CLNDN", "CLNREVSTAT") if f"##INFO=<ID={tag}," in fields)


def plan_passes(
    calls: Path, out: Path, scratch: Path, first: list[Command], resources: dict[Path, str]
) -> list[tuple[list[Command], Path]]:
    """Plan the pipes to run in sequence, each with the file it writes.

    The first pipe streams; the following ones need an indexed input, so each reads a file.
    """
    files = [scratch / f"{i}.bcf" for i in range(len(resources))] + [out]
    first_commands = [["bcftools", "view", "--no-version", "-Ou", calls], *first]
    planned = [([*first_commands, ["bcftools", "view", "--no-version", "-Ob", "-o", files[0], "-"]], files[0])]
    for i, (resource, columns) in enumerate(resources.items()):
        command = ["bcftools", "annotate", "--no-version", "-a", resource, "-c", columns, "-Ob", "-o", files[i + 1], files[i]]
        planned.append(([command], files[i + 1]))
    return planned


def main(
    calls: Path, reference: Path, genes: Path | None, repeats: Path | None, resources: list[Path], out: Path, scratch: Path
) -> None:
    """Write the annotated calls as BCF, with their index.

    INFO/BCSQ: consequences; ID: from the first known-sites file that has the call; INFO/POP_AF:
    frequency; INFO/CLNSIG: clinical significance; INFO/REPEAT: lower case in the FASTA.
    """
    genotyped = len(load_header(calls)[-1].split("\t")) > 9
    first: list[Command] = [build_csq_command(reference, genes, genotyped)] if genes else []
    if repeats:
        line = scratch / "repeat.txt"
        line.write_text(REPEAT + "\n")
        command = ["bcftools", "annotate", "--no-version", "-a", repeats, "-c", "CHROM,FROM,TO", "-m", "+REPEAT"]
        first.append([*command, "-h", line, "-Ou", "-"])
    for commands, path in plan_passes(calls, out, scratch, first, {r: choose_columns(r) for r in resources}):
        run_pipe(commands)
        index_bcf(path)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.calls,
            job.input.reference,
            job.input.get("genes"),
            job.input.get("repeats"),
            job.input.get("resources", []),
            job.output.bcf,
            job.scratch,
        )
