"""Files and parameters of the stage `interpret`."""

from typing import Any

from readsight.project import Project
from readsight.wiring.stage import COHORT, Stage

FIGURES = ("importance", "beeswarm", "exams")


class InterpretWiring(Stage):
    """Which methods explain a task's first model."""

    def __init__(self, project: Project):
        self.project = project
        self.folder = f"{project.folder}/interpret"
        self.tasks = {name: task for name, task in project.config.tasks.items() if task.attributions}

    def trained(self, wildcards: Any) -> dict[str, str]:
        """The first model of the task, of the first repeat."""
        base = f"{self.project.folder}/model/{wildcards.task}/{self.tasks[wildcards.task].models[0]}/repeat0/model"
        return {"tensors": f"{base}.safetensors", "about": f"{base}.json"}

    def balanced(self, wildcards: Any) -> str:
        """The training folds that the first model saw."""
        method = self.tasks[wildcards.task].balance.method
        return f"{self.project.folder}/dataset/{wildcards.task}/repeat0/balanced.{method}.h5"

    def spec(self, wildcards: Any) -> dict[str, Any]:
        """What `interpret_attribute` reads of the config."""
        return self.tasks[wildcards.task].model_dump(include={"attributions", "explained", "bootstrap"})

    def targets(self) -> list[str]:
        files = ["attributions.h5", "exams.json", *(f"{name}.svg" for name in FIGURES)]
        return [f"{self.folder}/{task}/{file}" for task in self.tasks for file in files]

    def summaries(self) -> list[str]:
        return [f"{self.folder}/{task}/exams.summary.json" for task in self.tasks]

    def products(self) -> dict[tuple[str, str], str]:
        return {(COHORT, f"attributions of {task}"): f"{self.folder}/{task}/attributions.h5" for task in self.tasks}
