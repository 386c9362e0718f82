"""Discover motifs in contributions (TF-MoDISco), match them to known motifs (TOMTOM), and scan sequences for hits.

`motifs.tsv`, one row per pattern, largest contribution first:

| column | meaning |
|---|---|
| `motif` | name of the pattern: its direction and a number |
| `head`, `towards` | the explained output, and the direction of the effect: a class, `not` a class, `higher` or `lower` |
| `seqlets`, `examples` | number of seqlets, and of sequences that contain them |
| `width`, `consensus`, `information` | positions, IUPAC letters, bits |
| `contribution` | mean contribution of a seqlet to the explained output |
| `share` | fraction of all absolute contribution that lies in its seqlets |
| `match`, `p`, `q`, `strand`, `offset` | best known motif by TOMTOM with q ≤ the configured limit; q is adjusted over the database (Benjamini & Hochberg) |
| `also` | further known motifs with q ≤ the limit, and their q |
| `likest`, `likest_q` | best known motif without a limit |
| `hits`, `contributing` | matches in all sequences, and how many of them contribute like the seqlets |

`hits.tsv.gz`, one row per match: example, start and end (0-based half-open; for pairs counted through both windows, the
alternative one second), strand, motif, score (bits), p (against the base composition of the sequences), contribution (sum
over the match), contributing (1: at least the 5th percentile of the motif's seqlets), and chrom, chrom_start, chrom_end.
"""

import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from readsight.interpret.motifs import meme, modisco, pwm, scanning
from readsight.interpret.motifs.meme import NamedMotif
from readsight.interpret.motifs.modisco import Pattern
from readsight.interpret.motifs.tomtom import MotifMatch, match_motifs
from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.step import step

log = logging.getLogger("readsight")

MIN_PERCENTILE = 5  # percentile of seqlet contributions from which a hit counts as contributing
COLUMNS = ("motif", "head", "towards", "seqlets", "examples", "width", "consensus", "information", "contribution", "share", "match", "p", "q", "strand", "offset", "also", "likest", "likest_q", "hits", "contributing")  # fmt: skip
HIT_COLUMNS = ("example", "start", "end", "strand", "motif", "score", "p", "contribution", "contributing", "chrom", "chrom_start", "chrom_end")  # fmt: skip
FILTER_COLUMNS = ("filter", "match", "p", "q", "strand", "offset", "also")
OUTPUTS = ("modisco", "patterns", "table", "note", "filters", "hits", "about", "summary")


@dataclass(frozen=True)
class NamedPattern:
    """A pattern with its name. contributions: (n, positions), of the sequence bases to its head."""

    name: str
    head: str
    towards: str
    pattern: Pattern
    contributions: np.ndarray
    share: float

    @property
    def seqlet_contributions(self) -> np.ndarray:
        """Contribution of each seqlet, (seqlets,)."""
        return scanning.sum_over_hits(self.contributions, self.pattern, self.pattern.width)


def describe_direction(head: str, sign: int, kind: str, classes: list[str]) -> str:
    """Direction in which a pattern of this sign moves a head."""
    if kind == "binary":
        return classes[1] if sign > 0 else classes[0]
    if kind in ("regression", "profile"):
        return "higher" if sign > 0 else "lower"
    return head if sign > 0 else f"not {head}"


def select_alternative_window(attributions: Attributions) -> tuple[np.ndarray, dict[str, np.ndarray], int]:
    """Codes (n, positions), hypothetical contributions (n, positions, 4) by head, and the start of the window.

    For pairs, the alternative window.
    """
    start = attributions.sequence.shape[1] // 2 if attributions.attributes.get("pair") else 0
    (method,) = attributions.methods
    return (
        attributions.sequence[:, start:],
        {head: values[:, start:] for head, values in attributions.values[method].items()},
        start,
    )


def compute_share(pattern: Pattern, contributions: np.ndarray) -> float:
    """Fraction of all absolute contribution inside a pattern's seqlets; overlaps count once."""
    inside = np.zeros(contributions.shape, bool)
    inside[pattern.row[:, None], pattern.start[:, None] + np.arange(pattern.width)] = True
    size = np.abs(contributions)
    return float(size[inside].sum() / size.sum())


def name_patterns(
    by_head: dict[str, list[Pattern]], values: dict[str, np.ndarray], kind: str, classes: list[str]
) -> list[NamedPattern]:
    """Patterns of all heads, sorted by contribution and named by direction."""
    rows = []
    for head, patterns in by_head.items():
        for pattern in patterns:
            rows.append(
                (compute_share(pattern, values[head]), head, describe_direction(head, pattern.sign, kind, classes), pattern)
            )
    rows.sort(key=lambda row: (-row[0], -len(row[3]), row[1], row[3].sign))
    counts: dict[str, int] = {}
    named_patterns = []
    for share, head, direction, pattern in rows:
        stem = re.sub(r"[^\w.+-]+", "_", direction)
        counts[stem] = counts.get(stem, 0) + 1
        named_patterns.append(NamedPattern(f"{stem}.{counts[stem]}", head, direction, pattern, values[head], share))
    return named_patterns


def find_hits(
    patterns: list[NamedPattern], codes: np.ndarray, attributions: Attributions, limit: float, start: int
) -> pd.DataFrame:
    """Matches of all patterns in the sequences, one row each."""
    background, tables = pwm.Background.from_codes(codes), []
    for named_pattern in patterns:
        pattern_hits, width = (
            scanning.scan_sequences(codes, named_pattern.pattern.matrix, limit, background, len(named_pattern.pattern)),
            named_pattern.pattern.width,
        )
        contribution = scanning.sum_over_hits(named_pattern.contributions, pattern_hits, width)
        threshold = max(np.percentile(named_pattern.seqlet_contributions * named_pattern.pattern.sign, MIN_PERCENTILE), 0)
        columns = {"row": pattern_hits.row, "start": pattern_hits.start + start, "end": pattern_hits.start + start + width}
        columns |= {
            "strand": np.where(pattern_hits.strand > 0, "+", "-"),
            "motif": named_pattern.name,
            "score": pattern_hits.score,
            "p": pattern_hits.p,
        }
        columns |= {
            "contribution": contribution,
            "contributing": (contribution * named_pattern.pattern.sign >= threshold).astype(int),
        }
        tables.append(pd.DataFrame(columns).assign(**locate_hits(attributions, pattern_hits, width)))
    if not tables:
        return pd.DataFrame(columns=HIT_COLUMNS)
    table = pd.concat(tables, ignore_index=True).sort_values(["row", "start", "motif"], kind="stable")
    table.insert(0, "example", attributions.metadata["example"][table["row"].to_numpy()])
    return table[list(HIT_COLUMNS)]


def locate_hits(attributions: Attributions, pattern_hits: scanning.MotifHits, width: int) -> dict[str, np.ndarray]:
    """Genomic coordinates of hits: chrom "" and −1 if not known."""
    row, n = pattern_hits.row, len(pattern_hits)
    if "chrom" not in attributions.metadata:
        return {"chrom": np.full(n, ""), "chrom_start": np.full(n, -1), "chrom_end": np.full(n, -1)}
    chrom, is_reverse = attributions.metadata["chrom"][row], attributions.metadata["strand"][row] == "-"
    first = np.where(
        is_reverse,
        attributions.metadata["end"][row] - pattern_hits.start - width,
        attributions.metadata["start"][row] + pattern_hits.start,
    )
    is_located = (chrom != "") & (attributions.metadata["start"][row] >= 0)
    return {"chrom": chrom, "chrom_start": np.where(is_located, first, -1), "chrom_end": np.where(is_located, first + width, -1)}


def summarise_matches(matches: list[MotifMatch], limit: float) -> dict[str, Any]:
    """Table columns of the best and further known motifs; empty if none is below the limit."""
    significant = [match for match in matches if match.q <= limit]
    empty = {"match": "", "p": np.nan, "q": np.nan, "strand": "", "offset": pd.NA, "also": ""}
    if not significant:
        return empty
    first, *further = significant
    also = "; ".join(f"{candidate.known.label} ({candidate.q:.2g})" for candidate in further)
    return {"match": first.known.label, "p": first.p, "q": first.q, "strand": first.strand, "offset": first.offset, "also": also}


def build_pattern_table(
    patterns: list[NamedPattern], matches: list[list[MotifMatch]], hit_table: pd.DataFrame, limit: float
) -> pd.DataFrame:
    """Table of patterns, one row each."""
    rows = []
    for named_pattern, pattern_matches in zip(patterns, matches, strict=True):
        pattern_hits, pattern = hit_table[hit_table["motif"] == named_pattern.name], named_pattern.pattern
        row = {"motif": named_pattern.name, "head": named_pattern.head, "towards": named_pattern.towards, "seqlets": len(pattern)}
        row |= {"examples": len(np.unique(pattern.row)), "width": pattern.width}
        row |= {"consensus": pwm.spell_iupac(pattern.matrix), "information": pwm.compute_information(pattern.matrix).sum()}
        row |= {"contribution": named_pattern.seqlet_contributions.mean(), "share": named_pattern.share} | summarise_matches(
            pattern_matches, limit
        )
        row |= {
            "likest": pattern_matches[0].known.label if pattern_matches else "",
            "likest_q": pattern_matches[0].q if pattern_matches else np.nan,
        }
        rows.append(row | {"hits": len(pattern_hits), "contributing": int(pattern_hits["contributing"].sum())})
    return pd.DataFrame(rows, columns=COLUMNS)


def summary_records(task: str, table: pd.DataFrame, patterns: list[NamedPattern], n: int) -> list[dict[str, Any]]:
    """Records for the summary."""
    share = sum(named_pattern.share for named_pattern in patterns) / max(
        len({named_pattern.head for named_pattern in patterns}), 1
    )
    rows = [
        ("patterns", len(table), "patterns", "recurring patterns in contributions (TF-MoDISco)"),
        ("matched", int((table["match"] != "").sum()), "patterns", "patterns that match a known motif (TOMTOM)"),
        ("share", share, "fraction", "fraction of absolute contribution inside patterns, mean over explained outputs"),
    ]
    return [
        {
            "key": f"interpret.{task}.motifs.{key}",
            "value": value,
            "low": None,
            "high": None,
            "n": n,
            "unit": unit,
            "description": description,
        }
        for key, value, unit, description in rows
    ]


def merge_results(searches: dict[str, modisco.PatternSearch], out: Path) -> None:
    """Merge the result files of all heads, one group per head."""
    with h5py.File(out, "w") as handle:
        for head, search in searches.items():
            group = handle.create_group(head.replace("/", "|"))
            group.attrs["why"] = search.reason
            if search.file:
                with h5py.File(search.file) as source:
                    for name in source:
                        source.copy(name, group)


def describe_match(match: MotifMatch) -> dict[str, Any]:
    """A match as JSON-compatible values, with the known matrix."""
    plain = {"name": match.known.label, "p": match.p, "q": match.q, "strand": match.strand, "offset": match.offset}
    return plain | {"matrix": match.known.matrix.round(4).tolist()}


def match_filters(filters: list[NamedMotif], known_motifs: list[NamedMotif], limit: float, threads: int) -> pd.DataFrame:
    """Table of the known motifs that each filter matches."""
    matches = match_motifs([motif.matrix for motif in filters], known_motifs, threads)
    rows = [
        {"filter": motif.name} | summarise_matches(motif_matches, limit)
        for motif, motif_matches in zip(filters, matches, strict=True)
    ]
    return pd.DataFrame(rows, columns=FILTER_COLUMNS)


def describe_patterns(
    searches: dict[str, modisco.PatternSearch],
    patterns: list[NamedPattern],
    matches: list[list[MotifMatch]],
) -> dict[str, Any]:
    """Results in motifs.json: number of patterns by head, the reason if there are none, and all patterns with matrices and matches."""
    description: dict[str, Any] = {}
    description["heads"] = {head: {"patterns": len(search.patterns), "why": search.reason} for head, search in searches.items()}
    description["why"] = "" if patterns else "; ".join(f"{head}: {search.reason}" for head, search in searches.items())
    description["patterns"] = [
        {"name": named.name, "head": named.head, "towards": named.towards, "sign": named.pattern.sign, "share": named.share}
        | {"seqlets": len(named.pattern), "contribution": float(named.seqlet_contributions.mean())}
        | {
            "matrix": named.pattern.matrix.round(6).tolist(),
            "contributions": named.pattern.contributions.astype(float).round(6).tolist(),
        }
        | {"matches": [describe_match(match) for match in pattern_matches]}
        for named, pattern_matches in zip(patterns, matches, strict=True)
    ]
    return description


def main(
    contributions: Path,
    filters: Path | None,
    database: Path | None,
    task: str,
    spec: dict[str, Any],
    seed: int,
    threads: int,
    scratch: Path,
    outputs: dict[str, Path],
) -> None:
    """Write all outputs, and motifs.json with matrices, matches and the reason if there is no pattern.

    Parameters
    ----------
    contributions : of one method, as `readsight.interpret.sequence_attribution.attribution_file`.
    filters : motifs of the first layer.
    database : known motifs (MEME).
    spec : seqlets, match (largest q), hit (largest p).
    outputs : modisco, patterns, table, note, filters, hits, about, summary.

    Raises
    ------
    InputError for non-finite contributions and faults in the database.
    """
    known_motifs = meme.read(database) if database else []
    attributions = attribution_file.read(contributions)
    codes, hypothetical, start = select_alternative_window(attributions)
    searches = {}
    for i, (head, values) in enumerate(hypothetical.items()):
        folder = scratch / f"head{i}"
        folder.mkdir(parents=True)
        searches[head] = modisco.find_patterns(codes, values, spec["seqlets"], threads, folder, seed)
        log.info("%s: %s", head, searches[head].reason or f"{len(searches[head].patterns)} patterns")
    merge_results(searches, outputs["modisco"])
    base_contributions = {head: attribution_file.base_contributions(values, codes) for head, values in hypothetical.items()}
    patterns = name_patterns(
        {h: item.patterns for h, item in searches.items()},
        base_contributions,
        attributions.attributes["kind"],
        list(attributions.attributes["classes"]),
    )
    matches = match_motifs([item.pattern.matrix for item in patterns], known_motifs, threads)
    hit_table = find_hits(patterns, codes, attributions, spec["hit"], start)
    table = build_pattern_table(patterns, matches, hit_table, spec["match"])
    meme.write(outputs["patterns"], [NamedMotif(item.name, item.pattern.matrix, "", len(item.pattern)) for item in patterns])
    table.to_csv(outputs["table"], sep="\t", index=False, float_format="%.6g")
    hit_table.to_csv(outputs["hits"], sep="\t", index=False, float_format="%.4g", compression={"method": "gzip", "mtime": 0})
    filter_table = match_filters(meme.read(filters, empty=True) if filters else [], known_motifs, spec["match"], threads)
    filter_table.to_csv(outputs["filters"], sep="\t", index=False, float_format="%.6g")
    description = {"task": task, "model": attributions.attributes["model"], "method": attributions.methods[0]}
    description |= {"sequences": len(attributions), "limits": dict(spec), "unit": attributions.attributes.get("unit", "")}
    description |= {"database": str(database) if database else None, "known": len(known_motifs)}
    description |= describe_patterns(searches, patterns, matches)
    outputs["note"].write_text(json.dumps({"note": description["why"]}, ensure_ascii=False) + "\n")
    outputs["about"].write_text(json.dumps(description, indent=1, ensure_ascii=False) + "\n")
    outputs["summary"].write_text(json.dumps(summary_records(task, table, patterns, len(attributions)), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.contributions,
            job.input.get("filters"),
            job.input.get("database"),
            job.wildcards.task,
            dict(job.params.spec),
            job.params.seed,
            job.threads,
            job.scratch,
            {name: getattr(job.output, name) for name in OUTPUTS},
        )
