"""Files and parameters of the stage `dataset`."""

from typing import Any

from readsight.learning import Task
from readsight.project import Project
from readsight.wiring.stage import COHORT, Stage
from readsight.wiring.tables import TablesWiring

OF_SPLIT = {"block": {"block"}, "group": {"column"}, "given": {"column", "given", "resplits"}}


class DatasetWiring(Stage):
    """Which examples a task is made of, and how they are divided."""

    def __init__(self, project: Project):
        self.project = project
        self.folder = f"{project.folder}/dataset"
        self.tasks = project.config.tasks
        self.tables = TablesWiring(project)

    def task(self, wildcards: Any) -> Task:
        return self.tasks[wildcards.task]

    def labels(self, wildcards: Any) -> str:
        """Labelled calls of the task's caller."""
        return f"{self.project.folder}/variants/compare/{self.task(wildcards).caller}.labels.vcf.gz"

    def examples(self, wildcards: Any) -> str:
        """The task's examples: calls as AnnData, samples as MuData."""
        return f"{self.folder}/{wildcards.task}/examples.{'h5mu' if self.task(wildcards).source == 'samples' else 'h5ad'}"

    def assemble(self, wildcards: Any) -> dict[str, str]:
        """What `dataset_assemble` reads of the config."""
        task = self.task(wildcards)
        return {"name": wildcards.task} | task.model_dump(include={"source", "representation", "label", "caller"})

    def names(self, task: str) -> list[str]:
        """Modalities that a task's samples are described by."""
        return self.tasks[task].modalities or self.tables.modalities()

    def modalities(self, wildcards: Any) -> list[str]:
        """A file for each of them, in that order."""
        return [self.tables.file(name) for name in self.names(wildcards.task)]

    def join(self, wildcards: Any) -> dict[str, Any]:
        """What `dataset_join` reads of the config."""
        task = self.task(wildcards)
        kept = task.model_dump(include={"source", "representation", "label", "positive", "time", "event", "missing"})
        kept |= {"harmonise": task.harmonise.model_dump(include={"batch", "covariates"})}
        # A column that only some splits read is asked for by those alone.
        split = {"column": task.split.column} | ({"given": task.split.given} if task.split.by == "given" else {})
        return {"name": wildcards.task, "modalities": self.names(wildcards.task), "outcome": task.outcome} | kept | split

    def batch(self, wildcards: Any) -> str | None:
        return self.task(wildcards).harmonise.batch

    def confounding(self, wildcards: Any) -> str | list[str]:
        """What was measured of batch and label: nothing is divided before that is known."""
        return f"{self.folder}/{wildcards.task}/confounding.json" if wildcards.task in self.measured() else []

    def split(self, wildcards: Any) -> dict[str, Any]:
        """Settings that the split reads, its own kind's alone; a given one is one division, with others drawn anew beside it."""
        split = self.task(wildcards).split
        spec = split.model_dump(exclude={"block", "column", "given", "resplits"} - OF_SPLIT.get(split.by, set()))
        return spec | {"folds": 1, "repeats": 1 + bool(split.resplits)} if spec["by"] == "given" else spec

    def fold(self, wildcards: Any) -> dict[str, Any]:
        """What is fitted in a fold, besides scaling: harmonisation and selection, of samples alone."""
        task = self.task(wildcards)
        if task.source != "samples":
            return {}
        harmonise = task.harmonise.model_dump(exclude={"batch"})  # the examples have it in a column of that name
        return {
            "select": task.select.model_dump(),
            "harmonise": harmonise if task.harmonise.method != "none" else {"method": "none"},
        }

    def balance(self, wildcards: Any) -> dict[str, Any]:
        return {"method": wildcards.balance, "neighbours": self.task(wildcards).balance.neighbours}

    def balances(self) -> list[str]:
        """All balances that any task asks for."""
        words = [word for task in self.tasks.values() for word in (task.balance.method, *task.balance.compare)]
        return list(dict.fromkeys(words))

    def repeats(self, task: str) -> range:
        """Numbers of the repeats of a task; of a given split 0 is the one given, 1 those drawn anew."""
        split = self.tasks[task].split
        return range(1 + bool(split.resplits) if split.by == "given" else split.repeats)

    def room(self, wildcards: Any, attempt: int) -> int:
        """Memory in MB of a step that holds a task's examples; tables are taken to be read into eight times their size."""
        return attempt * (1000 + (self.tables.megabytes() * 8 if self.task(wildcards).source == "samples" else 0))

    def figures(self) -> list[str]:
        return [f"{self.folder}/{task}/certificate.svg" for task in self.tasks]

    def measured(self) -> list[str]:
        """Tasks of which the confounding of batch and label is measured."""
        return [name for name, task in self.tasks.items() if task.source == "samples" and task.harmonise.batch]

    def targets(self) -> list[str]:
        found = [f"{self.folder}/{task}/certificate.json" for task in self.tasks] + self.figures()
        return found + [f"{self.folder}/{task}/confounding.{kind}" for task in self.measured() for kind in ("json", "svg")]

    def summaries(self) -> list[str]:
        found = [f"{self.folder}/{task}/split.summary.json" for task in self.tasks]
        found += [f"{self.folder}/{name}/examples.summary.json" for name, task in self.tasks.items() if task.source == "samples"]
        return found + [f"{self.folder}/{task}/confounding.summary.json" for task in self.measured()]

    def products(self) -> dict[tuple[str, str], str]:
        found = {}
        for name, task in self.tasks.items():
            ending = "h5mu" if task.source == "samples" else "h5ad"
            found[COHORT, f"examples of {name}"] = f"{self.folder}/{name}/examples.{ending}"
            found[COHORT, f"certified split of {name}"] = f"{self.folder}/{name}/certificate.json"
        return found
