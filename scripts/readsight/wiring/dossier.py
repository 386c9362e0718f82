"""Wiring of the dossier: what the project asks for, gathered from its stages."""

import re
from functools import cached_property
from pathlib import Path
from typing import Any

from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT

ROOT = Path(__file__).resolve().parents[3]

MOST_LINES = 20

OWN = {
    "config, as a page": "dossier/config.html",
    "config with all defaults": "dossier/config.yaml",
    "versions, as a page": "dossier/versions.html",
    "versions really used": "dossier/versions.tsv",
    "figures of the run": "summary.json",
    "figures, as a page": "dossier/summary.html",
}


class DossierWiring:
    """Files, figures and environments of all stages together.

    stages: wiring objects of the stages, in the order that data flow.
    """

    def __init__(self, project: Project, stages: list[Any]):
        self.project = project
        self.config = project.config
        self.stages = stages
        self.folder = project.folder

    def targets(self) -> list[str]:
        """Everything that the project asks for; the audit comes last and reads all the rest."""
        return [f"{self.folder}/dossier/audit.tsv", f"{self.folder}/dossier/audit.html", *self.audited()]

    @cached_property
    def _gathered(self) -> list[str]:
        """Final files of the stages, each once."""
        return self._each("targets")

    def _each(self, question: str) -> list[str]:
        """The stages' answers to a question for files, each file once, with <results> written out."""
        files = [self._path(file) for stage in self.stages for file in _ask(stage, question, [])]
        return list(dict.fromkeys(files))

    def _path(self, file: Any) -> str:
        return str(file).replace("<results>", self.folder)

    def audited(self) -> list[str]:
        """What the audit looks into: all final files, with the products that stages name."""
        return list(dict.fromkeys([*self._gathered, *(path for _, _, path in self._named)]))

    @cached_property
    def _named(self) -> list[tuple[str, str, str]]:
        """(sample, product, path) of the products that stages name, and of the dossier's own."""
        given = [item for stage in self.stages for item in _ask(stage, "products", {}).items()]
        own = [(COHORT, product, f"{self.folder}/{file}") for product, file in OWN.items()]
        return [(sample, product, self._path(path)) for (sample, product), path in given] + own

    def expected(self) -> list[tuple[str, str, str]]:
        """(sample, product, path) of every audited file; the product is empty where no stage names it."""
        named = {path for _, _, path in self._named}
        return self._named + [(self._sample(path), "", path) for path in self.audited() if path not in named]

    def _sample(self, path: str) -> str:
        """Sample of a file, from its path: `align/anna.cram.crai` is anna's."""
        for part in path.removeprefix(f"{self.folder}/").split("/"):
            ends = [match.start() for match in re.finditer(r"\.|$", part)]
            for end in reversed(ends):
                if part[:end] in self.project.units:
                    return part[:end]
        return COHORT

    def unfinished(self) -> str:
        """What a run that ended early leaves unmade, in words: products by sample, at most MOST_LINES lines."""
        absent: dict[str, list[str]] = {}
        for sample, product, path in self._named:
            if not Path(path).exists():
                absent.setdefault(sample, []).append(product)
        lines = [f"  {sample}: {'; '.join(products)}" for sample, products in absent.items()]
        if len(lines) > MOST_LINES:
            lines[MOST_LINES:] = [f"  and {len(lines) - MOST_LINES} samples more"]
        made = len(self._named) - sum(map(len, absent.values()))
        return "\n".join([f"Made so far: {made} of {len(self._named)} products. Not made yet:", *lines])

    def summaries(self) -> list[str]:
        """All fragments of summary.json."""
        given = self._each("summaries")
        return list(dict.fromkeys(given + [file for file in self._gathered if file.endswith(".summary.json")]))

    def declined(self) -> list[tuple[str, str, str]]:
        """(stage, product, reason) of what this config does not ask for."""
        c, v = self.config, self.config.variants
        if not self.project.sequenced:
            start = "calls" if v else "tables"
            yes_reads = [("reads", "clean reads", f"the project starts from {start}")]
        else:
            yes_reads = [
                ("reads", "trimming", "reads.trim.enabled is false") if not c.reads.trim.enabled else None,
                ("reads", "error correction", "reads.correct.enabled is false") if not c.reads.correct.enabled else None,
                ("align", "duplicate marks", "align.mark_duplicates is false") if not c.align.mark_duplicates else None,
            ]
        if v is None:
            without = (self.project.rna or c.tables) and not self.project.dna
            why = "no sample is of DNA" if without else "variants is null"
            calls = [("variants", "calls", why)]
        else:
            calls = [
                ("variants", "structural variants", "variants.structural names no caller") if not v.structural else None,
                ("variants", "consensus of callers", "variants.consensus is 0") if not v.consensus else None,
                ("variants", "comparison with a truth", "variants.truth is not given") if not v.truth else None,
                ("variants", "consequences in genes", "reference.gtf is not given") if not c.reference.gtf else None,
            ]
        if (self.project.rna or c.tables) and c.expression and not c.expression.contrast:
            calls.append(("expression", "differential genes", "expression.contrast is not given"))
        tasks = [("model", "learning", "tasks names none")] if not c.tasks else []
        return [row for row in [*yes_reads, *calls, *tasks] if row]

    def environments(self) -> list[str]:
        """Environments (envs/<name>.yaml) in which this project's steps run."""
        c, v = self.config, self.config.variants
        units = [unit for units in self.project.units.values() for unit in units]
        reads = any(unit.fastqs for unit in units)
        callers = set(self.project.callers) if v else set()
        rna = bool(self.project.rna and c.expression)
        wanted = {
            "python": True,
            "report": True,
            "simulate": c.demo is not None,
            "fastqc": reads,
            "trim": reads and (c.reads.trim.enabled or c.reads.correct.enabled),
            "multiqc": bool(self.project.sequenced),
            "bwa": bool(self.project.sequenced),
            "star": rna and "star" in c.expression.quantifiers,
            "subread": rna and "star" in c.expression.quantifiers,
            "salmon": rna and "salmon" in c.expression.quantifiers,
            "bwa-mem2": any(u.fastqs and u.assay != "rna" for u in units) and c.align.aligner == "bwa-mem2",
            "gatk": "gatk" in callers or c.recalibrated,
            "bcftools": v is not None,
            "freebayes": "freebayes" in callers,
            "deepvariant": "deepvariant" in callers,
            "delly": bool(v and v.structural),
            "truth": bool(v and v.truth),
            "dataset": bool(c.tasks or c.tables) or rna,
            "differential": bool((rna or c.tables) and c.expression and c.expression.contrast),
            "learn": bool(c.tasks),
            "motifs": any(t.source == "sequences" and t.attributions and t.interpret.motifs.sequences for t in c.tasks.values()),
        }
        return [name for name, wants in wanted.items() if wants]

    def versions(self) -> list[str]:
        return [f"{self.folder}/dossier/versions/{name}.json" for name in self.environments()]

    def sheet(self) -> list[str]:
        """The sample sheet, where there is one."""
        return [self.config.samples] if self.config.samples else []

    def image(self) -> str | None:
        """Container image of DeepVariant, where it runs."""
        return self.config.variants.deepvariant.image if "deepvariant" in self.project.callers else None

    def settings(self) -> dict[str, Any]:
        """The config in force, with all defaults, as plain values."""
        return self.config.model_dump(mode="json")

    def release(self) -> str:
        """Readsight's own version, from pyproject.toml."""
        lines = (ROOT / "pyproject.toml").read_text().splitlines()
        return next(line.split('"')[1] for line in lines if line.startswith("version"))


def _ask(stage: Any, question: str, default: Any) -> Any:
    """A stage's answer, or the default where it has none to give."""
    answer = getattr(stage, question, None)
    return answer() if callable(answer) else default
