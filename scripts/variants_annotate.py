"""Say of each call what it does to genes, what it is called, how common it is, and what it means in the clinic."""

from pathlib import Path

from readsight.pipes import Command, pipe
from readsight.step import step
from readsight.variants.vcf_files import header, index

POPULATION = "INFO/POP_AF:=INFO/AF"
REPEAT = '##INFO=<ID=REPEAT,Number=0,Type=Flag,Description="The reference FASTA has lower case here: repeat or low complexity">'


def consequence(reference: Path, genes: Path, genotyped: bool) -> Command:
    """bcftools csq. Unphased genotypes are taken as written, so that the parts of one haplotype call stay together.

    genotyped: there are samples; without, each record is taken by itself.
    """
    words = ["bcftools", "csq", "--no-version", "-f", reference, "-g", genes, "-p", "a", "-n", 32, "-v", 0]
    return [*words, *([] if genotyped else ["-s", "-", "-l"]), "-Ou", "-"]


def columns(resource: Path) -> str:
    """What is taken from a prepared resource, in the words of bcftools annotate."""
    kind = resource.name.split(".")[0].rstrip("0123456789")
    if kind == "known":
        return "+ID"
    if kind == "population":
        return POPULATION
    fields = "\n".join(header(resource))
    return ",".join(f"INFO/{tag}" for tag in ("CLNSIG", "CLNDN", "CLNREVSTAT") if f"##INFO=<ID={tag}," in fields)


def passes(
    calls: Path, out: Path, scratch: Path, first: list[Command], resources: dict[Path, str]
) -> list[tuple[list[Command], Path]]:
    """Pipes to run one after the other, each with the file it writes.

    The first streams; the others need an index of their input, so a file stands between.
    """
    files = [scratch / f"{i}.bcf" for i in range(len(resources))] + [out]
    begin = [["bcftools", "view", "--no-version", "-Ou", calls], *first]
    todo = [([*begin, ["bcftools", "view", "--no-version", "-Ob", "-o", files[0], "-"]], files[0])]
    for i, (resource, taken) in enumerate(resources.items()):
        words = ["bcftools", "annotate", "--no-version", "-a", resource, "-c", taken, "-Ob", "-o", files[i + 1], files[i]]
        todo.append(([words], files[i + 1]))
    return todo


def main(
    calls: Path, reference: Path, genes: Path | None, repeats: Path | None, resources: list[Path], out: Path, scratch: Path
) -> None:
    """Write the annotated calls as BCF, with their index.

    INFO/BCSQ: consequences; ID: of the first known-sites file that has the call; INFO/POP_AF:
    frequency; INFO/CLNSIG: significance; INFO/REPEAT: lower case in the FASTA.
    """
    genotyped = len(header(calls)[-1].split("\t")) > 9
    first: list[Command] = [consequence(reference, genes, genotyped)] if genes else []
    if repeats:
        line = scratch / "repeat.txt"
        line.write_text(REPEAT + "\n")
        words = ["bcftools", "annotate", "--no-version", "-a", repeats, "-c", "CHROM,FROM,TO", "-m", "+REPEAT"]
        first.append([*words, "-h", line, "-Ou", "-"])
    for commands, written in passes(calls, out, scratch, first, {r: columns(r) for r in resources}):
        pipe(commands)
        index(written)


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
