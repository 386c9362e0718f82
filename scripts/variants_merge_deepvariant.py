"""Join the samples' DeepVariant calls of one piece into one table of genotypes."""

from pathlib import Path

from readsight.callset import cleaned, index
from readsight.pipes import Command, pipe, reading, run
from readsight.regions import contigs
from readsight.step import step

# a process may hold 1024 files open by default
BATCH = 500


def alone(reference: Path, out: Path) -> list[Command]:
    """One sample's real calls, an alternative allele a record, so that samples meet allele by allele."""
    return [
        ["bcftools", "norm", "--no-version", "-m", "-any", "-f", reference, "-Ou", "-"],
        ["bcftools", "view", "--no-version", "-c", "1", "-Ou", "-"],
        ["bcftools", "sort", "-Ob", "-o", out, "-"],
    ]


def merge(listed: Path, out: Path) -> Command:
    """bcftools merge of the files in a list; a sample without the call has no genotype there."""
    return ["bcftools", "merge", "--no-version", "-m", "none", "-l", listed, "-Ob", "-o", out]


def join(files: list[Path], scratch: Path, out: Path) -> None:
    """Merge indexed files, in batches; one file is copied."""
    level = 0
    while len(files) > 1:
        batches = [files[i : i + BATCH] for i in range(0, len(files), BATCH)]
        files = []
        for number, batch in enumerate(batches):
            listed, joined = scratch / f"{level}.{number}.txt", scratch / f"{level}.{number}.bcf"
            listed.write_text("".join(f"{path}\n" for path in batch))
            run(merge(listed, joined) if len(batch) > 1 else ["bcftools", "view", "--no-version", "-Ob", "-o", joined, batch[0]])
            index(joined)
            files.append(joined)
        level += 1
    run(["bcftools", "view", "--no-version", "-Ob", "-o", out, files[0]])


def main(vcfs: list[Path], reference: Path, out: Path, scratch: Path) -> None:
    """Write the calls of all samples, in the order given, as BCF."""
    lengths = contigs(Path(f"{reference}.fai"))
    files = []
    for number, vcf in enumerate(vcfs):
        single = scratch / f"sample{number}.bcf"
        with reading([["bcftools", "view", "--no-version", "-Ov", vcf]]) as records:
            pipe(alone(reference, single), feed=cleaned(records, lengths))
        index(single)
        files.append(single)
    join(files, scratch, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.vcfs, job.input.reference, job.output.bcf, job.scratch)
