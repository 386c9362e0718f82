"""Files and parameters of the stage `model`."""

from typing import Any

from readsight.config.sequence_tasks import NETWORKS
from readsight.config.tasks import FUSIONS, Task
from readsight.models.model_spec import ModelSpec
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.demo import DemoWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage
from readsight.wording import CONTROL

FIGURES = ("performance", "comparisons", "luck", "confusion", "curves", "calibration", "learning", "strata")
LINEAR_MODELS = ("logistic", "elastic_net", "cox", "kmer_linear")
NETWORK_SECTIONS = {"network": (), "cnn": ("cnn",), "attention_fusion": ("fusion",)}
KMER_MODEL_KEYS = {"kmer_linear": {"k"}, "kmer_boosting": {"k"}, "gapped_kmer_svm": {"length", "informative", "most"}}


class ModelWiring(Stage):
    """Models of each task, and their settings."""

    def __init__(self, project: Project):
        self.folder = f"{project.folder}/model"
        self.tasks = project.config.tasks
        self.dataset = DatasetWiring(project)
        # the best possible performance on simulated elements is known
        self.planted_tasks = DemoWiring(project).library_tasks()

    def model_names(self, task: str) -> list[str]:
        """Names of a task's models: configured ones, those of single modalities, those of compared balances, and the control."""
        names = dict.fromkeys(
            model_spec.name
            for model_spec in (*self._task_models(task), *self._single_modality_models(task), *self._balance_models(task))
        )
        return [*names, *[CONTROL] * self.has_control(task)]

    def has_control(self, task: str) -> bool:
        """Whether there is a control with shuffled labels; not for labels per base or bin."""
        return self.tasks[task].outcome not in ("positions", "profile")

    def _task_models(self, task: str) -> list[ModelSpec]:
        return [ModelSpec(model) for model in dict.fromkeys(self.tasks[task].models)]

    def _comparison_models(self, task: str) -> list[str]:
        """The first model and the linear baseline, with which modalities and balances are compared."""
        models = [m for m in self.tasks[task].models if m not in FUSIONS]
        return list(dict.fromkeys([*models[:1], *[m for m in LINEAR_MODELS if m in models][:1]]))

    def _single_modality_models(self, task: str) -> list[ModelSpec]:
        names = self.dataset.modality_names(task) if self.tasks[task].source == "samples" else []
        return [ModelSpec(model, modality=name) for model in self._comparison_models(task) for name in names if len(names) > 1]

    def _balance_models(self, task: str) -> list[ModelSpec]:
        balance = self.tasks[task].balance
        return [ModelSpec(m, balance=b) for m in self._comparison_models(task) for b in balance.compare if b != balance.method]

    @property
    def all_model_names(self) -> list[str]:
        """All models of all tasks."""
        return list(dict.fromkeys(model for task in self.tasks for model in self.model_names(task)))

    def fold_file(self, wildcards: Any) -> str:
        """Training folds of a model, with the balance in its name, or else that of the task."""
        method = ModelSpec.parse(wildcards.model).balance or self.tasks[wildcards.task].balance.method
        return f"{self.dataset.folder}/{wildcards.task}/repeat{wildcards.repeat}/balanced.{method}.h5"

    def model_settings(self, wildcards: Any) -> dict[str, Any]:
        """Settings that apply to this kind of model."""
        task, model = self.tasks[wildcards.task], ModelSpec.parse(wildcards.model).model
        if task.source == "sequences" and (model in KMER_MODEL_KEYS or model in NETWORKS):
            return self._sequence_model_settings(task, model)
        if model in NETWORK_SECTIONS:
            section_settings = {
                key: value for section in NETWORK_SECTIONS[model] for key, value in getattr(task, section).model_dump().items()
            }
            return task.network.model_dump() | section_settings
        return {"feature": task.single_feature} if model == "single_feature" else {}

    def _sequence_model_settings(self, task: Task, model: str) -> dict[str, Any]:
        """Settings of a sequence network with its training, or of a k-mer model."""
        if model in KMER_MODEL_KEYS:
            return task.kmers.model_dump(include=KMER_MODEL_KEYS[model])
        return task.training.model_dump() | getattr(task.architectures, model).model_dump()

    def representation_files(self, wildcards: Any) -> dict[str, str]:
        """Sequence representation that was fitted on the training folds."""
        if self.tasks[wildcards.task].source != "sequences":
            return {}
        base = f"{self.dataset.folder}/{wildcards.task}/repeat{wildcards.repeat}/representation"
        return {"representation": f"{base}.safetensors", "representation_about": f"{base}.json"}

    def thread_count(self, wildcards: Any) -> int:
        """Threads of a training job: two for sequence networks."""
        return 2 if self._is_network(wildcards) else 1

    def gpu_count(self, wildcards: Any) -> int:
        """GPUs that a training job requests from a cluster."""
        training = self.tasks[wildcards.task].training
        return training.devices * (training.device == "gpu") if self._is_network(wildcards) else 0

    def _is_network(self, wildcards: Any) -> bool:
        return self.tasks[wildcards.task].source == "sequences" and ModelSpec.parse(wildcards.model).model in NETWORKS

    def strata_examples(self, wildcards: Any) -> list[str]:
        """Examples of sequence tasks, for scores stratified by GC content, repeats and chromosome."""
        return [self.dataset.examples_file(wildcards)] if self.tasks[wildcards.task].source == "sequences" else []

    def search_trials(self, wildcards: Any) -> int:
        """Trials of the hyperparameter search."""
        return self.tasks[wildcards.task].search.trials

    def evaluation_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `model_evaluate`."""
        task = self.tasks[wildcards.task]
        split_and_balance = {"given": task.split.by == "given", "balance": task.balance.method}
        return task.model_dump(include={"models", "bootstrap", "single_feature", "source"}) | split_and_balance

    def prediction_files(self, wildcards: Any) -> list[str]:
        return self._model_files(wildcards.task, "predictions.parquet")

    def description_files(self, wildcards: Any) -> list[str]:
        return self._model_files(wildcards.task, "model.json")

    def _model_files(self, task: str, file: str) -> list[str]:
        """One file per model and repeat, in this order."""
        return [
            f"{self.folder}/{task}/{m}/repeat{r}/{file}"
            for m in self.model_names(task)
            for r in self.dataset.repeat_numbers(task)
        ]

    def targets(self) -> list[str]:
        files = ["evaluation.json", "evaluation.tsv", *(f"{name}.svg" for name in FIGURES)]
        targets = [f"{self.folder}/{task}/{file}" for task in self.tasks for file in files]
        return targets + [f"{self.folder}/{task}/planted.tsv" for task in self.planted_tasks]

    def summaries(self) -> list[str]:
        summaries = [f"{self.folder}/{task}/evaluation.summary.json" for task in self.tasks]
        return summaries + [f"{self.folder}/{task}/planted.summary.json" for task in self.planted_tasks]

    def products(self) -> dict[tuple[str, str], str]:
        products = {(COHORT, f"evaluation of {task}"): f"{self.folder}/{task}/evaluation.json" for task in self.tasks}
        for task in self.tasks:
            for model in (name for name in self.model_names(task) if name != CONTROL):
                products[COHORT, f"{model} of {task}"] = f"{self.folder}/{task}/{model}/repeat0/model.safetensors"
        return products
