"""Files and parameters of the stage `model`."""

from typing import Any

from readsight.project import Project
from readsight.verdict import CONTROL
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.stage import COHORT, Stage

FIGURES = ("performance", "curves", "calibration", "learning")


class ModelWiring(Stage):
    """Which models a task trains, and what they read of the config."""

    def __init__(self, project: Project):
        self.folder = f"{project.folder}/model"
        self.tasks = project.config.tasks
        self.dataset = DatasetWiring(project)

    def models(self, task: str) -> list[str]:
        """The task's models, and the negative control."""
        return [*dict.fromkeys(self.tasks[task].models), CONTROL]

    @property
    def names(self) -> list[str]:
        """All models of all tasks."""
        return list(dict.fromkeys(model for task in self.tasks for model in self.models(task)))

    def settings(self, wildcards: Any) -> dict[str, Any]:
        """The settings that one kind of model reads, and no other's."""
        task = self.tasks[wildcards.task]
        if wildcards.model == "network":
            return task.network.model_dump()
        return {"feature": task.single_feature} if wildcards.model == "single_feature" else {}

    def evaluation(self, wildcards: Any) -> dict[str, Any]:
        """What `model_evaluate` reads of the config."""
        return self.tasks[wildcards.task].model_dump(include={"models", "bootstrap", "single_feature"})

    def predictions(self, wildcards: Any) -> list[str]:
        return self._each(wildcards.task, "predictions.parquet")

    def abouts(self, wildcards: Any) -> list[str]:
        return self._each(wildcards.task, "model.json")

    def _each(self, task: str, file: str) -> list[str]:
        """A file of every model and repeat, model by model."""
        return [f"{self.folder}/{task}/{m}/repeat{r}/{file}" for m in self.models(task) for r in self.dataset.repeats(task)]

    def targets(self) -> list[str]:
        files = ["evaluation.json", "evaluation.tsv", *(f"{name}.svg" for name in FIGURES)]
        return [f"{self.folder}/{task}/{file}" for task in self.tasks for file in files]

    def summaries(self) -> list[str]:
        return [f"{self.folder}/{task}/evaluation.summary.json" for task in self.tasks]

    def products(self) -> dict[tuple[str, str], str]:
        found = {(COHORT, f"evaluation of {task}"): f"{self.folder}/{task}/evaluation.json" for task in self.tasks}
        for task in self.tasks:
            for model in self.models(task)[:-1]:
                found[COHORT, f"{model} of {task}"] = f"{self.folder}/{task}/{model}/repeat0/model.safetensors"
        return found
