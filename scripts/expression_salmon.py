"""Quantify transcripts and genes with Salmon."""

import json
from collections import defaultdict
from pathlib import Path

from readsight import pipes
from readsight.align import pipeline
from readsight.expression import assignment_rate
from readsight.step import step

COLUMNS = ("length", "effective_length", "tpm", "count")
Row = tuple[float, float, float, float]


def transcript_rows(quant: str) -> dict[str, Row]:
    """Transcript → (length, effective length, TPM, count), from Salmon's quant.sf."""
    rows = [line.split("\t") for line in quant.splitlines()[1:]]
    return {row[0]: tuple(float(value) for value in row[1:5]) for row in rows}


def gene_rows(transcripts: dict[str, Row], gene_of: dict[str, str]) -> dict[str, Row]:
    """Gene → (length, effective length, TPM, count).

    TPM and counts are summed over transcripts; lengths are means weighted by TPM (tximport, Soneson et al. 2015),
    unweighted if no transcript is expressed.
    """
    members: dict[str, list[Row]] = defaultdict(list)
    for name, row in transcripts.items():
        members[gene_of[name]].append(row)
    return {gene: _combine_transcripts(rows) for gene, rows in members.items()}


def _combine_transcripts(rows: list[Row]) -> Row:
    tpm, count = sum(row[2] for row in rows), sum(row[3] for row in rows)
    weights = [row[2] / tpm if tpm else 1 / len(rows) for row in rows]
    length, effective = (sum(w * row[i] for w, row in zip(weights, rows, strict=True)) for i in (0, 1))
    return length, effective, tpm, count


def count_strands(kinds: dict) -> dict[str, int]:
    """Number of fragments with a forward or reverse first read, from Salmon's library type counts (ISF, SR, …)."""
    counts = {kind: int(n) for kind, n in kinds.items() if isinstance(n, int) and kind.isupper()}
    return {
        "forward": sum(n for kind, n in counts.items() if kind.endswith("SF")),
        "reverse": sum(n for kind, n in counts.items() if kind.endswith("SR")),
    }


def write_table(rows: dict[str, Row], name: str, out: Path) -> None:
    """Write a table of rows; numbers with up to six decimals."""
    lines = ["\t".join((name, *COLUMNS))]
    lines += ["\t".join((key, *(f"{value:.6f}".rstrip("0").rstrip(".") for value in row))) for key, row in rows.items()]
    out.write_text("".join(f"{line}\n" for line in lines))


def main(job) -> None:
    """Run Salmon and write tables of transcripts and genes. job: of rule expression_salmon."""
    fastqs = pipeline.group_by_unit(job.input.fastqs, job.params.mates)
    options = ("-1", "-2") if len(fastqs[0]) == 2 else ("-r",)
    mates = [argument for option, files in zip(options, zip(*fastqs, strict=True), strict=True) for argument in (option, *files)]
    command = ["salmon", "--no-version-check", "quant", "-i", job.input.index[0].parent, "-l", "A", *mates]
    command += ["-o", job.scratch / "out", "-p", str(job.threads), "--minAssignedFrags", "0"]
    pipes.run_tool(command)
    transcripts = transcript_rows((job.scratch / "out/quant.sf").read_text())
    fragments = json.loads((job.scratch / "out/aux_info/meta_info.json").read_text())["num_processed"]
    assigned = sum(row[3] for row in transcripts.values())
    assignment_rate.check_assigned(job.wildcards.sample, assigned, fragments, job.params.min_assigned)
    rows = (line.split("\t") for line in job.input.genes.read_text().splitlines()[1:])
    write_table(transcripts, "transcript_id", job.output.transcripts)
    write_table(gene_rows(transcripts, dict(rows)), "gene_id", job.output.genes)
    kinds = json.loads((job.scratch / "out/lib_format_counts.json").read_text())
    job.output.strands.write_text(json.dumps(count_strands(kinds)) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job)
