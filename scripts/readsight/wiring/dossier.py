"""Files of the dossier: targets, products, summaries and environments of all stages."""

import re
from functools import cached_property
from pathlib import Path
from typing import Any

from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT

ROOT = Path(__file__).resolve().parents[3]

MOST_LINES = 20

DOSSIER_PRODUCTS = {
    "config, as a page": "dossier/config.html",
    "config with all defaults": "dossier/config.yaml",
    "versions, as a page": "dossier/versions.html",
    "versions really used": "dossier/versions.tsv",
    "figures of the run": "summary.json",
    "figures, as a page": "dossier/summary.html",
}


class DossierWiring:
    """Files, summary figures and environments of all stages together.

    `stages` are the wiring objects of the stages, in the order of data flow.
    """

    def __init__(self, project: Project, stages: list[Any]):
        self.project = project
        self.config = project.config
        self.stages = stages
        self.folder = project.folder

    def targets(self) -> list[str]:
        """All files of the project; the audit is made last and reads all the remaining ones."""
        return [f"{self.folder}/dossier/audit.tsv", f"{self.folder}/dossier/audit.html", *self.audit_inputs()]

    @cached_property
    def _stage_targets(self) -> list[str]:
        """Final files of all stages, without duplicates."""
        return self._collect_files("targets")

    def _collect_files(self, method: str) -> list[str]:
        """Files that a method of the stages returns, without duplicates, with <results> expanded."""
        files = [self._resolve_path(file) for stage in self.stages for file in _call_stage(stage, method, [])]
        return list(dict.fromkeys(files))

    def _resolve_path(self, file: Any) -> str:
        return str(file).replace("<results>", self.folder)

    def audit_inputs(self) -> list[str]:
        """Files that the audit checks: all final files and all named products."""
        return list(dict.fromkeys([*self._stage_targets, *(path for _, _, path in self._product_files)]))

    @cached_property
    def _product_files(self) -> list[tuple[str, str, str]]:
        """(sample, product, path) of all named products of the stages and of the dossier."""
        stage_products = [item for stage in self.stages for item in _call_stage(stage, "products", {}).items()]
        dossier_products = [(COHORT, product, f"{self.folder}/{file}") for product, file in DOSSIER_PRODUCTS.items()]
        return [(sample, product, self._resolve_path(path)) for (sample, product), path in stage_products] + dossier_products

    def list_expected(self) -> list[tuple[str, str, str]]:
        """(sample, product, path) of every audited file; the product is empty if no stage names it."""
        product_paths = {path for _, _, path in self._product_files}
        return self._product_files + [
            (self._find_sample(path), "", path) for path in self.audit_inputs() if path not in product_paths
        ]

    def _find_sample(self, path: str) -> str:
        """Sample of a file, from its path: `align/anna.cram.crai` belongs to anna."""
        for component in path.removeprefix(f"{self.folder}/").split("/"):
            stops = [match.start() for match in re.finditer(r"\.|$", component)]
            for end in reversed(stops):
                if component[:end] in self.project.units:
                    return component[:end]
        return COHORT

    def describe_unfinished(self) -> str:
        """Message for an interrupted run: missing products by sample, at most MOST_LINES lines."""
        absent: dict[str, list[str]] = {}
        for sample, product, path in self._product_files:
            if not Path(path).exists():
                absent.setdefault(sample, []).append(product)
        lines = [f"  {sample}: {'; '.join(products)}" for sample, products in absent.items()]
        if len(lines) > MOST_LINES:
            lines[MOST_LINES:] = [f"  and {len(lines) - MOST_LINES} more samples"]
        made = len(self._product_files) - sum(map(len, absent.values()))
        return "\n".join([f"Made so far: {made} of {len(self._product_files)} products. Not made yet:", *lines])

    def summaries(self) -> list[str]:
        """All fragments of summary.json."""
        given = self._collect_files("summaries")
        return list(dict.fromkeys(given + [file for file in self._stage_targets if file.endswith(".summary.json")]))

    def list_declined(self) -> list[tuple[str, str, str]]:
        """(stage, product, reason) of the products that this config does not request."""
        config, variants = self.config, self.config.variants
        if not self.project.samples_with_data:
            start = "calls" if variants else "tables"
            read_rows = [("reads", "clean reads", f"the project starts from {start}")]
        else:
            read_rows = [
                ("reads", "trimming", "reads.trim.enabled is false") if not config.reads.trim.enabled else None,
                ("reads", "error correction", "reads.correct.enabled is false") if not config.reads.correct.enabled else None,
                ("align", "duplicate marks", "align.mark_duplicates is false") if not config.align.mark_duplicates else None,
            ]
        if variants is None:
            without = (self.project.rna_samples or config.tables) and not self.project.dna_samples
            why = "the project has no DNA sample" if without else "variants is null"
            calls = [("variants", "calls", why)]
        else:
            calls = [
                ("variants", "structural variants", "variants.structural names no caller") if not variants.structural else None,
                ("variants", "consensus of callers", "variants.consensus is 0") if not variants.consensus else None,
                ("variants", "comparison with a truth", "variants.truth is not given") if not variants.truth else None,
                ("variants", "consequences in genes", "reference.gtf is not given") if not config.reference.gtf else None,
            ]
        if (self.project.rna_samples or config.tables) and config.expression and not config.expression.contrast:
            calls.append(("expression", "differential genes", "expression.contrast is not given"))
        tasks = [("model", "learning", "tasks names none")] if not config.tasks else []
        return [row for row in [*read_rows, *calls, *tasks] if row]

    def environment_names(self) -> list[str]:
        """Environments (envs/<name>.yaml) that the steps of this project use."""
        config, variants = self.config, self.config.variants
        units = [unit for units in self.project.units.values() for unit in units]
        reads = any(unit.fastqs for unit in units)
        callers = set(self.project.callers) if variants else set()
        rna = bool(self.project.rna_samples and config.expression)
        wanted = {
            "python": True,
            "report": True,
            "simulate": config.demo is not None,
            "fastqc": reads,
            "trim": reads and (config.reads.trim.enabled or config.reads.correct.enabled),
            "multiqc": bool(self.project.samples_with_data),
            "bwa": bool(self.project.samples_with_data),
            "star": rna and "star" in config.expression.quantifiers,
            "subread": rna and "star" in config.expression.quantifiers,
            "salmon": rna and "salmon" in config.expression.quantifiers,
            "bwa-mem2": any(u.fastqs and u.assay != "rna" for u in units) and config.align.aligner == "bwa-mem2",
            "gatk": "gatk" in callers or config.uses_recalibration,
            "bcftools": variants is not None,
            "freebayes": "freebayes" in callers,
            "deepvariant": "deepvariant" in callers,
            "delly": bool(variants and variants.structural),
            "truth": bool(variants and variants.truth),
            "dataset": bool(config.tasks or config.tables) or rna,
            "differential": bool((rna or config.tables) and config.expression and config.expression.contrast),
            "learn": bool(config.tasks),
            "motifs": any(
                t.source == "sequences" and t.attributions and t.interpret.motifs.sequences for t in config.tasks.values()
            ),
        }
        return [name for name, wants in wanted.items() if wants]

    def version_files(self) -> list[str]:
        return [f"{self.folder}/dossier/versions/{name}.json" for name in self.environment_names()]

    def sample_sheet(self) -> list[str]:
        """The sample sheet, if there is one."""
        return [self.config.samples] if self.config.samples else []

    def container_image(self) -> str | None:
        """Container image of DeepVariant, if it is used."""
        return self.config.variants.deepvariant.image if "deepvariant" in self.project.callers else None

    def config_values(self) -> dict[str, Any]:
        """The complete config, with all defaults, as plain values."""
        return self.config.model_dump(mode="json")

    def read_version(self) -> str:
        """Version of Readsight, from pyproject.toml."""
        lines = (ROOT / "pyproject.toml").read_text().splitlines()
        return next(line.split('"')[1] for line in lines if line.startswith("version"))


def _call_stage(stage: Any, method: str, default: Any) -> Any:
    """Result of a stage's method, or the default if the stage does not have it."""
    answer = getattr(stage, method, None)
    return answer() if callable(answer) else default
