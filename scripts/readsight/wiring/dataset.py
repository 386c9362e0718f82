"""Files and parameters of the stage `dataset`."""

import os
import re
from typing import Any

from readsight.config.tasks import Task
from readsight.wiring.expression_tables import TablesWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage

SPLIT_KEYS = {
    "block": {"block"},
    "chromosome": {"test_chromosomes", "validation_chromosomes"},
    "group": {"column"},
    "given": {"column", "given", "resplits"},
}
SIMILARITY_KEYS = {"identity", "coverage"}
SEPARATE = {"block", "column", "given", "resplits", "test_chromosomes", "validation_chromosomes"}
REFERENCE = "reference"
REGIONS = re.compile(r"\.(bed|narrowPeak|broadPeak|vcf|bcf)(\.gz|\.bgz)?$")


class DatasetWiring(Stage):
    """Examples of each task, their split, representation and balancing."""

    def __init__(self, project: Project):
        self.project = project
        self.folder = f"{project.folder}/dataset"
        self.tasks = project.config.tasks
        self.tables = TablesWiring(project)

    def get_task(self, wildcards: Any) -> Task:
        return self.tasks[wildcards.task]

    def labels_vcf(self, wildcards: Any) -> str:
        """VCF with the labelled calls of the task's caller."""
        return f"{self.project.folder}/variants/compare/{self.get_task(wildcards).caller}.labels.vcf.gz"

    def examples_file(self, wildcards: Any) -> str:
        """Examples of the task: MuData for samples, else AnnData."""
        return f"{self.folder}/{wildcards.task}/examples.{'h5mu' if self.get_task(wildcards).source == 'samples' else 'h5ad'}"

    def variants_spec(self, wildcards: Any) -> dict[str, str]:
        """Settings of `dataset_assemble_variants`."""
        task = self.get_task(wildcards)
        return {"name": wildcards.task} | task.model_dump(include={"source", "representation", "label", "caller"})

    def modality_names(self, task: str) -> list[str]:
        """Names of the modalities of a task's samples."""
        return self.tasks[task].modalities or self.tables.modality_names()

    def modality_files(self, wildcards: Any) -> list[str]:
        """One file per modality, in the order of `modality_names`."""
        return [self.tables.modality_file(name) for name in self.modality_names(wildcards.task)]

    def samples_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `dataset_assemble_samples`."""
        task = self.get_task(wildcards)
        spec = task.model_dump(include={"source", "representation", "label", "positive", "time", "event", "missing"})
        spec |= {"harmonise": task.harmonise.model_dump(include={"batch", "covariates"})}
        # A column that only some splits read is only included for those.
        split = {"column": task.split.column} | ({"given": task.split.given} if task.split.by == "given" else {})
        return {"name": wildcards.task, "modalities": self.modality_names(wildcards.task), "outcome": task.outcome} | spec | split

    def batch_column(self, wildcards: Any) -> str | None:
        return self.get_task(wildcards).harmonise.batch

    def batch_confounding(self, wildcards: Any) -> str | list[str]:
        """Measured confounding of batch and label, if any; the split waits for it."""
        return f"{self.folder}/{wildcards.task}/confounding.json" if wildcards.task in self.tasks_with_batches() else []

    def split_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of the split, restricted to its kind; a given split is one fold, with resplits as a second repeat."""
        task, split = self.get_task(wildcards), self.get_task(wildcards).split
        split_keys = SPLIT_KEYS.get(split.by, set())
        if task.source == "sequences":
            spec = split.model_dump(exclude=SEPARATE - split_keys)
            spec |= {"stranded": task.sequences.stranded or task.sequences.target == "splice_sites"}
        else:
            spec = split.model_dump(exclude=SEPARATE - split_keys | SIMILARITY_KEYS)
            spec = {key: value for key, value in spec.items() if key != "tested" and not key.endswith("_chromosomes")}
        if spec["by"] == "given" or spec.get("test_chromosomes"):
            return spec | {"folds": 1, "repeats": 1 + bool(spec.get("resplits"))}
        return spec

    def fold_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of batch correction and feature selection, which are fitted per fold; for samples only."""
        task = self.get_task(wildcards)
        if task.source != "samples":
            return {}
        harmonise = task.harmonise.model_dump(exclude={"batch"})  # the examples have a column `batch`
        return {
            "select": task.select.model_dump(),
            "harmonise": harmonise if task.harmonise.method != "none" else {"method": "none"},
        }

    def balance_spec(self, wildcards: Any) -> dict[str, Any]:
        balance = self.get_task(wildcards).balance
        spec = {"method": wildcards.balance, "neighbours": balance.neighbours}
        return spec | ({"rate": balance.rate} if wildcards.balance == "mutagenesis" else {})

    def balance_methods(self) -> list[str]:
        """Balancing methods of all tasks."""
        methods = [method for task in self.tasks.values() for method in (task.balance.method, *task.balance.compare)]
        return list(dict.fromkeys(methods))

    def repeat_numbers(self, task: str) -> range:
        """Repeats of a task; for a given split, 0 is the given one and 1 has the resplits."""
        split = self.tasks[task].split
        if split.by == "chromosome" and split.test_chromosomes:
            return range(1)
        return range(1 + bool(split.resplits) if split.by == "given" else split.repeats)

    def memory_mb(self, wildcards: Any, attempt: int) -> int:
        """Memory in MB of a step that loads the examples of a task; tables take about eight times their file size."""
        task = self.get_task(wildcards)
        if task.source == "sequences":
            files = self.sequence_files(wildcards)
            # a line of a region or variant has about 30 characters and becomes a window, with several copies in memory
            window_mb = (
                sum(estimate_megabytes(file) for file in files if REGIONS.search(file)) * (task.sequences.length or 1000) // 30
            )
            return attempt * (2000 + 20 * sum(map(estimate_megabytes, files)) + 6 * window_mb)
        return attempt * (1000 + (self.tables.total_megabytes() * 8 if task.source == "samples" else 0))

    def tasks_by_source(self, *sources: str) -> list[str]:
        """Tasks whose examples come from one of these sources."""
        return [name for name, task in self.tasks.items() if task.source in sources]

    def sequence_files(self, wildcards: Any) -> list[str]:
        """Files of sequences, regions or variants of a task, as the config lists them."""
        return [file.path for file in self.get_task(wildcards).sequences.files]

    def can_cut_windows(self, task: str) -> bool:
        """Whether a task can extract windows from a genome, that is, whether there is one."""
        return bool(self.tasks[task].sequences.genome or self.project.config.reference.fasta)

    def genome_names(self) -> list[str]:
        """Names of all genomes: that of the project, and those that tasks define."""
        tasks = self.tasks_by_source("sequences")
        return list(
            dict.fromkeys(
                task if self.tasks[task].sequences.genome else REFERENCE for task in tasks if self.can_cut_windows(task)
            )
        )

    def genome_fasta(self, wildcards: Any) -> str:
        """FASTA of a genome by its name."""
        has_genome = wildcards.genome != REFERENCE
        return self.tasks[wildcards.genome].sequences.genome if has_genome else f"{self.project.folder}/align/reference/genome.fa"

    def genome_store(self, wildcards: Any) -> dict[str, str]:
        """Genome store of a task, if it can extract windows."""
        if not self.can_cut_windows(wildcards.task):
            return {}
        name = wildcards.task if self.get_task(wildcards).sequences.genome else REFERENCE
        return {"codes": f"{self.folder}/genome/{name}.codes", "contigs": f"{self.folder}/genome/{name}.json"}

    def extra_inputs(self, wildcards: Any) -> dict[str, str]:
        """Further inputs of the sequences: a signal, an annotation."""
        settings = self.get_task(wildcards).sequences
        inputs = {"signal": settings.signal} if settings.signal else {}
        if settings.target == "splice_sites":
            inputs["annotation"] = settings.annotation or self.project.config.reference.gtf
        return inputs

    def sequences_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `dataset_assemble_sequences`."""
        task = self.get_task(wildcards)
        settings = task.sequences.model_dump(exclude={"genome", "signal", "annotation"})
        settings |= {"stranded": task.sequences.stranded or task.sequences.target == "splice_sites"}
        split = {"column": task.split.column, "given": task.split.given} if task.split.by in ("group", "given") else {}
        description = {"name": wildcards.task, "by": task.split.by, "outcome": task.outcome}
        return settings | description | split | task.model_dump(include={"source", "representation", "label", "positive"})

    def representation_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `dataset_represent`."""
        task = self.get_task(wildcards)
        return {"representation": task.representation} | task.represent.model_dump()

    def checkpoint_config(self, wildcards: Any) -> list[str]:
        """Config file of a transformer's checkpoint, so that a different checkpoint reruns the job."""
        task = self.get_task(wildcards)
        folder = task.represent.checkpoint if task.representation == "transformer" else None
        return [f"{folder}/config.json"] if folder else []

    def certificate_figures(self) -> list[str]:
        return [f"{self.folder}/{task}/certificate.svg" for task in self.tasks]

    def tasks_with_batches(self) -> list[str]:
        """Tasks with a batch column, for which the confounding of batch and label is measured."""
        return [name for name, task in self.tasks.items() if task.source == "samples" and task.harmonise.batch]

    def targets(self) -> list[str]:
        targets = [f"{self.folder}/{task}/certificate.json" for task in self.tasks] + self.certificate_figures()
        return targets + [
            f"{self.folder}/{task}/confounding.{kind}" for task in self.tasks_with_batches() for kind in ("json", "svg")
        ]

    def summaries(self) -> list[str]:
        summaries = [f"{self.folder}/{task}/split.summary.json" for task in self.tasks]
        assembled = self.tasks_by_source("samples", "sequences")
        summaries += [f"{self.folder}/{name}/examples.summary.json" for name in assembled]
        return summaries + [f"{self.folder}/{task}/confounding.summary.json" for task in self.tasks_with_batches()]

    def products(self) -> dict[tuple[str, str], str]:
        products = {}
        for name, task in self.tasks.items():
            ending = "h5mu" if task.source == "samples" else "h5ad"
            products[COHORT, f"examples of {name}"] = f"{self.folder}/{name}/examples.{ending}"
            products[COHORT, f"certified split of {name}"] = f"{self.folder}/{name}/certificate.json"
        return products


def estimate_megabytes(path: str) -> int:
    """Size of a file in MB, times five if it is compressed; 0 if it does not exist yet."""
    try:
        return os.path.getsize(path) // 1_000_000 * (5 if path.endswith((".gz", ".bgz")) else 1)
    except OSError:
        return 0
