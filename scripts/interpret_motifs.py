"""Seek motifs in contributions (TF-MoDISco), match them to known ones (TOMTOM), and find their hits along the sequences.

`motifs.tsv`, a row a pattern, those of most contribution first:

| column | what |
|---|---|
| `motif` | name of the pattern: what it speaks for, and a number |
| `head`, `towards` | the explained number, and what the pattern moves it towards: of two classes either, else `not` a class, or `higher`, `lower` |
| `seqlets`, `examples` | stretches of sequence that it is made of, and how many sequences they lie in |
| `width`, `consensus`, `information` | places, letters (IUPAC), bits |
| `contribution` | what a seqlet contributes to the explained number, mean |
| `share` | part of all contribution, of either sign, that lies in its seqlets |
| `match`, `p`, `q`, `strand`, `offset` | the likest known motif by TOMTOM where q ≤ the config's limit; q is adjusted over the database (Benjamini & Hochberg) |
| `also` | other known motifs with q ≤ the limit, and their q |
| `likest`, `likest_q` | the likest known motif, however unlike it is |
| `hits`, `contributing` | words like it in all sequences, and how many of these contribute as its seqlets do |

`hits.tsv.gz`, a row a word: example, start and end (0-based half-open; of pairs both windows are counted through, the alternative
one is the second), strand, motif, score (bits), p (against the sequences' own bases), contribution (sum over the word),
contributing (1: at least as much as the 5 % of the motif's seqlets that contribute least), and chrom, chrom_start, chrom_end.
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
from readsight.interpret.motifs.meme import Known
from readsight.interpret.motifs.modisco import Pattern
from readsight.interpret.motifs.tomtom import Match, matched
from readsight.interpret.sequence_attribution import attribution_file
from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.step import step

log = logging.getLogger("readsight")

LEAST = 5  # percentile of what seqlets contribute from which a hit counts as one that contributes
COLUMNS = ("motif", "head", "towards", "seqlets", "examples", "width", "consensus", "information", "contribution", "share", "match", "p", "q", "strand", "offset", "also", "likest", "likest_q", "hits", "contributing")  # fmt: skip
HITS = ("example", "start", "end", "strand", "motif", "score", "p", "contribution", "contributing", "chrom", "chrom_start", "chrom_end")  # fmt: skip
FILTERS = ("filter", "match", "p", "q", "strand", "offset", "also")
OUTPUTS = ("modisco", "patterns", "table", "note", "filters", "hits", "about", "summary")


@dataclass(frozen=True)
class Found:
    """A pattern with its name. contributions: (n, places) of the sequences' own bases to its head."""

    name: str
    head: str
    towards: str
    pattern: Pattern
    contributions: np.ndarray
    share: float

    @property
    def each(self) -> np.ndarray:
        """What each seqlet contributes, (seqlets,)."""
        return scanning.summed(self.contributions, self.pattern, self.pattern.width)


def towards(head: str, sign: int, kind: str, classes: list[str]) -> str:
    """What a pattern of this sign moves a head towards."""
    if kind == "binary":
        return classes[1] if sign > 0 else classes[0]
    if kind in ("regression", "profile"):
        return "higher" if sign > 0 else "lower"
    return head if sign > 0 else f"not {head}"


def alternative(held: Attributions) -> tuple[np.ndarray, dict[str, np.ndarray], int]:
    """Codes (n, places), head → hypothetical contributions (n, places, 4), and where they begin; of pairs of the alternative window."""
    start = held.sequence.shape[1] // 2 if held.about.get("pair") else 0
    (method,) = held.methods
    return held.sequence[:, start:], {head: values[:, start:] for head, values in held.found[method].items()}, start


def shares(pattern: Pattern, contributions: np.ndarray) -> float:
    """Part of all contribution that lies in a pattern's seqlets; what two of them share counts once."""
    inside = np.zeros(contributions.shape, bool)
    inside[pattern.row[:, None], pattern.start[:, None] + np.arange(pattern.width)] = True
    size = np.abs(contributions)
    return float(size[inside].sum() / size.sum())


def gathered(by_head: dict[str, list[Pattern]], values: dict[str, np.ndarray], kind: str, classes: list[str]) -> list[Found]:
    """Patterns of all heads, those of most contribution first, named by what they speak for."""
    rows = []
    for head, patterns in by_head.items():
        for pattern in patterns:
            rows.append((shares(pattern, values[head]), head, towards(head, pattern.sign, kind, classes), pattern))
    rows.sort(key=lambda row: (-row[0], -len(row[3]), row[1], row[3].sign))
    seen: dict[str, int] = {}
    found = []
    for share, head, side, pattern in rows:
        base = re.sub(r"[^\w.+-]+", "_", side)
        seen[base] = seen.get(base, 0) + 1
        found.append(Found(f"{base}.{seen[base]}", head, side, pattern, values[head], share))
    return found


def hits(found: list[Found], codes: np.ndarray, held: Attributions, limit: float, start: int) -> pd.DataFrame:
    """Words of all patterns along the sequences, a row each."""
    background, parts = pwm.Background.of(codes), []
    for one in found:
        own, width = scanning.scan(codes, one.pattern.matrix, limit, background, len(one.pattern)), one.pattern.width
        value = scanning.summed(one.contributions, own, width)
        least = max(np.percentile(one.each * one.pattern.sign, LEAST), 0)
        columns = {"row": own.row, "start": own.start + start, "end": own.start + start + width}
        columns |= {"strand": np.where(own.strand > 0, "+", "-"), "motif": one.name, "score": own.score, "p": own.p}
        columns |= {"contribution": value, "contributing": (value * one.pattern.sign >= least).astype(int)}
        parts.append(pd.DataFrame(columns).assign(**placed(held, own, width)))
    if not parts:
        return pd.DataFrame(columns=HITS)
    table = pd.concat(parts, ignore_index=True).sort_values(["row", "start", "motif"], kind="stable")
    table.insert(0, "example", held.rows["example"][table["row"].to_numpy()])
    return table[list(HITS)]


def placed(held: Attributions, own: scanning.Hits, width: int) -> dict[str, np.ndarray]:
    """Where words lie on the genome: chrom "" and −1 where that is not known."""
    row, n = own.row, len(own)
    if "chrom" not in held.rows:
        return {"chrom": np.full(n, ""), "chrom_start": np.full(n, -1), "chrom_end": np.full(n, -1)}
    chrom, back = held.rows["chrom"][row], held.rows["strand"][row] == "-"
    first = np.where(back, held.rows["end"][row] - own.start - width, held.rows["start"][row] + own.start)
    known = (chrom != "") & (held.rows["start"][row] >= 0)
    return {"chrom": chrom, "chrom_start": np.where(known, first, -1), "chrom_end": np.where(known, first + width, -1)}


def told(matches: list[Match], limit: float) -> dict[str, Any]:
    """Columns of a table: the likest known motif, and others; empty where none is like enough."""
    good = [match for match in matches if match.q <= limit]
    empty = {"match": "", "p": np.nan, "q": np.nan, "strand": "", "offset": pd.NA, "also": ""}
    if not good:
        return empty
    first, *rest = good
    also = "; ".join(f"{one.known.label} ({one.q:.2g})" for one in rest)
    return {"match": first.known.label, "p": first.p, "q": first.q, "strand": first.strand, "offset": first.offset, "also": also}


def tabled(found: list[Found], matches: list[list[Match]], along: pd.DataFrame, limit: float) -> pd.DataFrame:
    """The table of patterns."""
    rows = []
    for one, likest in zip(found, matches, strict=True):
        own, pattern = along[along["motif"] == one.name], one.pattern
        row = {"motif": one.name, "head": one.head, "towards": one.towards, "seqlets": len(pattern)}
        row |= {"examples": len(np.unique(pattern.row)), "width": pattern.width}
        row |= {"consensus": pwm.consensus(pattern.matrix), "information": pwm.information(pattern.matrix).sum()}
        row |= {"contribution": one.each.mean(), "share": one.share} | told(likest, limit)
        row |= {"likest": likest[0].known.label if likest else "", "likest_q": likest[0].q if likest else np.nan}
        rows.append(row | {"hits": len(own), "contributing": int(own["contributing"].sum())})
    return pd.DataFrame(rows, columns=COLUMNS)


def records(task: str, table: pd.DataFrame, found: list[Found], n: int) -> list[dict[str, Any]]:
    """Figures for the summary."""
    share = sum(one.share for one in found) / max(len({one.head for one in found}), 1)
    rows = [
        ("patterns", len(table), "patterns", "patterns that recur in contributions (TF-MoDISco)"),
        ("matched", int((table["match"] != "").sum()), "patterns", "of these such as are like a known motif (TOMTOM)"),
        ("share", share, "fraction", "part of all contribution that lies in patterns, mean over explained numbers"),
    ]
    return [
        {
            "key": f"interpret.{task}.motifs.{key}",
            "value": value,
            "low": None,
            "high": None,
            "n": n,
            "unit": unit,
            "description": words,
        }
        for key, value, unit, words in rows
    ]


def merged(sought: dict[str, modisco.Sought], out: Path) -> None:
    """The program's files of all heads as groups of one."""
    with h5py.File(out, "w") as handle:
        for head, one in sought.items():
            group = handle.create_group(head.replace("/", "|"))
            group.attrs["why"] = one.why
            if one.file:
                with h5py.File(one.file) as given:
                    for name in given:
                        given.copy(name, group)


def spoken(match: Match) -> dict[str, Any]:
    """A match as plain values, with the known matrix."""
    plain = {"name": match.known.label, "p": match.p, "q": match.q, "strand": match.strand, "offset": match.offset}
    return plain | {"matrix": match.known.matrix.round(4).tolist()}


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
    """Write all that this file's head names, and motifs.json, which says the same with matrices, and why where nothing was found.

    contributions: of one method, as `readsight.interpret.sequence_attribution.attribution_file`. filters: motifs of the first layer. database: known motifs (MEME). spec:
    seqlets, match (largest q), hit (largest p). outputs: modisco, patterns, table, note, filters, hits, about, summary.
    Raises InputError for contributions that are no numbers, and for faults in the database.
    """
    known = meme.read(database) if database else []
    held = attribution_file.read(contributions)
    codes, by_head, start = alternative(held)
    sought = {}
    for i, (head, values) in enumerate(by_head.items()):
        folder = scratch / f"head{i}"
        folder.mkdir(parents=True)
        sought[head] = modisco.seek(codes, values, spec["seqlets"], threads, folder, seed)
        log.info("%s: %s", head, sought[head].why or f"{len(sought[head].patterns)} patterns")
    merged(sought, outputs["modisco"])
    own = {head: attribution_file.own(values, codes) for head, values in by_head.items()}
    found = gathered({h: one.patterns for h, one in sought.items()}, own, held.about["kind"], list(held.about["classes"]))
    matches = matched([one.pattern.matrix for one in found], known, threads)
    along = hits(found, codes, held, spec["hit"], start)
    table = tabled(found, matches, along, spec["match"])
    meme.write(outputs["patterns"], [Known(one.name, one.pattern.matrix, "", len(one.pattern)) for one in found])
    table.to_csv(outputs["table"], sep="\t", index=False, float_format="%.6g")
    along.to_csv(outputs["hits"], sep="\t", index=False, float_format="%.4g", compression={"method": "gzip", "mtime": 0})
    layer = meme.read(filters, empty=True) if filters else []
    like = matched([one.matrix for one in layer], known, threads)
    rows = [{"filter": one.name} | told(own, spec["match"]) for one, own in zip(layer, like, strict=True)]
    pd.DataFrame(rows, columns=FILTERS).to_csv(outputs["filters"], sep="\t", index=False, float_format="%.6g")
    about = {"task": task, "model": held.about["model"], "method": held.methods[0], "sequences": len(held), "limits": dict(spec)}
    about |= {"unit": held.about.get("unit", ""), "database": str(database) if database else None, "known": len(known)}
    about["heads"] = {head: {"patterns": len(one.patterns), "why": one.why} for head, one in sought.items()}
    about["why"] = "" if found else "; ".join(f"{head}: {one.why}" for head, one in sought.items())
    about["patterns"] = [
        {"name": one.name, "head": one.head, "towards": one.towards, "sign": one.pattern.sign, "share": one.share}
        | {"seqlets": len(one.pattern), "contribution": float(one.each.mean())}
        | {
            "matrix": one.pattern.matrix.round(6).tolist(),
            "contributions": one.pattern.contributions.astype(float).round(6).tolist(),
        }
        | {"matches": [spoken(match) for match in own]}
        for one, own in zip(found, matches, strict=True)
    ]
    outputs["note"].write_text(json.dumps({"note": about["why"]}, ensure_ascii=False) + "\n")
    outputs["about"].write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    outputs["summary"].write_text(json.dumps(records(task, table, found, len(held)), indent=1) + "\n")


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
