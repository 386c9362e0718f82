"""Files and parameters of the stage `interpret` for tasks on tables (for sequences see `interpret_sequences`)."""

from typing import Any

from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage

FIGURES = ("importance", "beeswarm", "exams", "waterfall", "stability")
TABLES = ("attributions.h5", "exams.json", "stability.tsv", "stability.json")


class InterpretWiring(Stage):
    """Attributions, exams and stability of the first model of each task."""

    def __init__(self, project: Project):
        self.project = project
        self.folder = f"{project.folder}/interpret"
        self.dataset = DatasetWiring(project)
        self.tasks = {n: task for n, task in project.config.tasks.items() if task.attributions and task.source != "sequences"}

    def model_files(self, wildcards: Any) -> dict[str, str]:
        """First model of the task, first repeat."""
        base = f"{self.project.folder}/model/{wildcards.task}/{self.tasks[wildcards.task].models[0]}/repeat0/model"
        return {"tensors": f"{base}.safetensors", "about": f"{base}.json"}

    def resplit_files(self, wildcards: Any) -> dict[str, str]:
        """Models and folds of the resplits of a given split, on which the stability of attributions is measured."""
        split = self.tasks[wildcards.task].split
        if split.by != "given" or not split.resplits:
            return {}
        model = f"{self.project.folder}/model/{wildcards.task}/{self.tasks[wildcards.task].models[0]}/repeat1/model"
        folds = f"{self.project.folder}/dataset/{wildcards.task}/repeat1"
        files = {
            "test": f"{folds}/test.h5",
            "train": f"{folds}/train.h5",
            "tensors": f"{model}.safetensors",
            "about": f"{model}.json",
        }
        return {f"again_{name}": path for name, path in files.items()}

    def fold_file(self, wildcards: Any) -> str:
        """Training folds of the first model."""
        method = self.tasks[wildcards.task].balance.method
        return f"{self.project.folder}/dataset/{wildcards.task}/repeat0/balanced.{method}.h5"

    def predictions_file(self, wildcards: Any) -> str:
        """Test predictions of the first model, first repeat."""
        return f"{self.project.folder}/model/{wildcards.task}/{self.tasks[wildcards.task].models[0]}/repeat0/predictions.parquet"

    def gene_sets(self, wildcards: Any) -> str:
        """Gene-set file of the task."""
        return self.tasks[wildcards.task].pathways

    def attribution_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `interpret_attribute_features`."""
        return self.tasks[wildcards.task].model_dump(include={"attributions", "explained", "bootstrap"})

    def task_files(self, task: str) -> list[str]:
        """Final files of a task; heat maps for samples only, pathways if there are gene sets."""
        names = [*TABLES, *(f"{name}.svg" for name in FIGURES)]
        names += ["heatmap.svg"] * (self.tasks[task].source == "samples")
        names += ["pathways.tsv", "pathways.svg"] * bool(self.tasks[task].pathways)
        return [f"{self.folder}/{task}/{name}" for name in names]

    def targets(self) -> list[str]:
        return [file for task in self.tasks for file in self.task_files(task)]

    def summaries(self) -> list[str]:
        summaries = [f"{self.folder}/{task}/{section}.summary.json" for task in self.tasks for section in ("exams", "stability")]
        return summaries + [f"{self.folder}/{name}/pathways.summary.json" for name, task in self.tasks.items() if task.pathways]

    def products(self) -> dict[tuple[str, str], str]:
        products = {(COHORT, f"attributions of {task}"): f"{self.folder}/{task}/attributions.h5" for task in self.tasks}
        products |= {
            (COHORT, f"pathways of {name}"): f"{self.folder}/{name}/pathways.tsv"
            for name, task in self.tasks.items()
            if task.pathways
        }
        return products
