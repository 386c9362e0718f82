"""Write the interactive page of a task: sequences, predictions, attributions and exams."""

import json
import logging
from pathlib import Path
from typing import Any

from readsight.interpret.sequence_attribution import attribution_file
from readsight.report.explorer import builder
from readsight.step import step

log = logging.getLogger("readsight")


def main(
    attributions: Path,
    exams: Path,
    evaluation: Path | None,
    out: Path,
    hits: Path | None = None,
    motifs: Path | None = None,
    variants: list[Path] | None = None,
) -> None:
    """Write the page.

    Parameters
    ----------
    attributions : output of `interpret_attribute_sequences`.
    exams : output of `interpret_examine`.
    evaluation : output of `model_evaluate`.
    hits, motifs : tables of `interpret_motifs`; may be absent or empty.
    variants : tables of `interpret_variants`; may be absent or empty.
    """
    attribution_set = attribution_file.read(attributions)
    method_exams = read_json(exams).get("methods", {})
    html = builder.build_page(attribution_set, method_exams, read_json(evaluation) or None, hits, motifs, variants)
    out.write_text(html, encoding="utf-8")
    log.info("%d sequences, %d methods: %.1f MB", len(attribution_set), len(attribution_set.methods), len(html) / 1e6)


def read_json(path: Path | None) -> dict[str, Any]:
    """Content of a JSON file; an empty dict if there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path else {}


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.input.attributions,
            job.input.exams,
            job.input.get("evaluation"),
            job.output.page,
            job.input.get("hits"),
            job.input.get("motifs"),
            list(job.input.get("variants", [])),
        )
