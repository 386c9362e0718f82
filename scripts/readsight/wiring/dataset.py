"""Files and parameters of the stage `dataset`."""

from typing import Any

from readsight.project import Project
from readsight.wiring.stage import COHORT, Stage


class DatasetWiring(Stage):
    """Which examples a task is made of, and how they are divided."""

    def __init__(self, project: Project):
        self.project = project
        self.folder = f"{project.folder}/dataset"
        self.tasks = project.config.tasks

    def task(self, wildcards: Any) -> Any:
        return self.tasks[wildcards.task]

    def labels(self, wildcards: Any) -> str:
        """Labelled calls of the task's caller."""
        return f"{self.project.folder}/variants/compare/{self.task(wildcards).caller}.labels.vcf.gz"

    def assemble(self, wildcards: Any) -> dict[str, str]:
        """What `dataset_assemble` reads of the config."""
        task = self.task(wildcards)
        return {"name": wildcards.task} | task.model_dump(include={"source", "representation", "label", "caller"})

    def split(self, wildcards: Any) -> dict[str, Any]:
        """Settings that the split reads, its own kind's alone; a given one is a single division."""
        split = self.task(wildcards).split
        spec = split.model_dump(exclude={"block", "column"} - {{"block": "block", "group": "column"}.get(split.by)})
        return spec | {"folds": 1, "repeats": 1} if spec["by"] == "given" else spec

    def balance(self, wildcards: Any) -> dict[str, Any]:
        return self.task(wildcards).balance.model_dump()

    def repeats(self, task: str) -> range:
        """Numbers of the repeats of a task."""
        split = self.tasks[task].split
        return range(1 if split.by == "given" else split.repeats)

    def figures(self) -> list[str]:
        return [f"{self.folder}/{task}/certificate.svg" for task in self.tasks]

    def targets(self) -> list[str]:
        return [f"{self.folder}/{task}/certificate.json" for task in self.tasks] + self.figures()

    def summaries(self) -> list[str]:
        return [f"{self.folder}/{task}/split.summary.json" for task in self.tasks]

    def products(self) -> dict[tuple[str, str], str]:
        names = {"examples": "examples.h5ad", "certified split": "certificate.json"}
        return {
            (COHORT, f"{what} of {task}"): f"{self.folder}/{task}/{file}" for task in self.tasks for what, file in names.items()
        }
