"""Files and parameters of the stage `model`."""

from typing import Any

from readsight.config.sequence_tasks import NETS
from readsight.config.tasks import FUSIONS, Task
from readsight.models.model_spec import Variant
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.demo import DemoWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage
from readsight.wording import CONTROL

FIGURES = ("performance", "comparisons", "luck", "confusion", "curves", "calibration", "learning", "strata")
LINEAR = ("logistic", "elastic_net", "cox", "kmer_linear")
NETWORKS = {"network": (), "cnn": ("cnn",), "attention_fusion": ("fusion",)}
KMER_KEYS = {"kmer_linear": {"k"}, "kmer_boosting": {"k"}, "gapped_kmer_svm": {"length", "informative", "most"}}


class ModelWiring(Stage):
    """Which models a task trains, and what they read of the config."""

    def __init__(self, project: Project):
        self.folder = f"{project.folder}/model"
        self.tasks = project.config.tasks
        self.dataset = DatasetWiring(project)
        # of elements that the demo plants, the best that can be learned is known
        self.planted = DemoWiring(project).learned()

    def models(self, task: str) -> list[str]:
        """The task's models, each as a word, those on one modality alone, those under other balances, and the control."""
        words = dict.fromkeys(v.word for v in (*self._own(task), *self._alone(task), *self._compared(task)))
        return [*words, *[CONTROL] * self.controlled(task)]

    def controlled(self, task: str) -> bool:
        """Whether labels can be shuffled for a negative control: not those along a sequence."""
        return self.tasks[task].outcome not in ("positions", "profile")

    def _own(self, task: str) -> list[Variant]:
        return [Variant(model) for model in dict.fromkeys(self.tasks[task].models)]

    def _telling(self, task: str) -> list[str]:
        """The first model and the linear baseline: what modalities and balances are compared by."""
        models = [m for m in self.tasks[task].models if m not in FUSIONS]
        return list(dict.fromkeys([*models[:1], *[m for m in LINEAR if m in models][:1]]))

    def _alone(self, task: str) -> list[Variant]:
        names = self.dataset.names(task) if self.tasks[task].source == "samples" else []
        return [Variant(model, modality=name) for model in self._telling(task) for name in names if len(names) > 1]

    def _compared(self, task: str) -> list[Variant]:
        balance = self.tasks[task].balance
        return [Variant(m, balance=b) for m in self._telling(task) for b in balance.compare if b != balance.method]

    @property
    def names(self) -> list[str]:
        """All models of all tasks."""
        return list(dict.fromkeys(model for task in self.tasks for model in self.models(task)))

    def balanced(self, wildcards: Any) -> str:
        """The training folds that a model sees: balanced as the task says, or as its own name does."""
        method = Variant.of(wildcards.model).balance or self.tasks[wildcards.task].balance.method
        return f"{self.dataset.folder}/{wildcards.task}/repeat{wildcards.repeat}/balanced.{method}.h5"

    def settings(self, wildcards: Any) -> dict[str, Any]:
        """The settings that one kind of model reads, and no other's."""
        task, model = self.tasks[wildcards.task], Variant.of(wildcards.model).model
        if task.source == "sequences" and (model in KMER_KEYS or model in NETS):
            return self._of_sequences(task, model)
        if model in NETWORKS:
            own = {key: value for section in NETWORKS[model] for key, value in getattr(task, section).model_dump().items()}
            return task.network.model_dump() | own
        return {"feature": task.single_feature} if model == "single_feature" else {}

    def _of_sequences(self, task: Task, model: str) -> dict[str, Any]:
        """Settings of a network of sequence, its training's with them; or of a model of k-mers."""
        if model in KMER_KEYS:
            return task.kmers.model_dump(include=KMER_KEYS[model])
        return task.training.model_dump() | getattr(task.architectures, model).model_dump()

    def represented(self, wildcards: Any) -> dict[str, str]:
        """What was learned of a representation of sequences, in the training folds."""
        if self.tasks[wildcards.task].source != "sequences":
            return {}
        base = f"{self.dataset.folder}/{wildcards.task}/repeat{wildcards.repeat}/representation"
        return {"representation": f"{base}.safetensors", "representation_about": f"{base}.json"}

    def threads(self, wildcards: Any) -> int:
        """Threads of a training: networks of sequence take two."""
        return 2 if self._net(wildcards) else 1

    def gpus(self, wildcards: Any) -> int:
        """GPUs that a training asks a cluster for."""
        training = self.tasks[wildcards.task].training
        return training.devices * (training.device == "gpu") if self._net(wildcards) else 0

    def _net(self, wildcards: Any) -> bool:
        return self.tasks[wildcards.task].source == "sequences" and Variant.of(wildcards.model).model in NETS

    def strata(self, wildcards: Any) -> list[str]:
        """Examples of sequences: scores are told by their GC, repeats and chromosomes too."""
        return [self.dataset.examples(wildcards)] if self.tasks[wildcards.task].source == "sequences" else []

    def trials(self, wildcards: Any) -> int:
        """Settings that the search tries."""
        return self.tasks[wildcards.task].search.trials

    def evaluation(self, wildcards: Any) -> dict[str, Any]:
        """What `model_evaluate` reads of the config."""
        task = self.tasks[wildcards.task]
        given = {"given": task.split.by == "given", "balance": task.balance.method}
        return task.model_dump(include={"models", "bootstrap", "single_feature", "source"}) | given

    def predictions(self, wildcards: Any) -> list[str]:
        return self._each(wildcards.task, "predictions.parquet")

    def abouts(self, wildcards: Any) -> list[str]:
        return self._each(wildcards.task, "model.json")

    def _each(self, task: str, file: str) -> list[str]:
        """A file of every model and repeat, model by model."""
        return [f"{self.folder}/{task}/{m}/repeat{r}/{file}" for m in self.models(task) for r in self.dataset.repeats(task)]

    def targets(self) -> list[str]:
        files = ["evaluation.json", "evaluation.tsv", *(f"{name}.svg" for name in FIGURES)]
        found = [f"{self.folder}/{task}/{file}" for task in self.tasks for file in files]
        return found + [f"{self.folder}/{task}/planted.tsv" for task in self.planted]

    def summaries(self) -> list[str]:
        found = [f"{self.folder}/{task}/evaluation.summary.json" for task in self.tasks]
        return found + [f"{self.folder}/{task}/planted.summary.json" for task in self.planted]

    def products(self) -> dict[tuple[str, str], str]:
        found = {(COHORT, f"evaluation of {task}"): f"{self.folder}/{task}/evaluation.json" for task in self.tasks}
        for task in self.tasks:
            for model in (word for word in self.models(task) if word != CONTROL):
                found[COHORT, f"{model} of {task}"] = f"{self.folder}/{task}/{model}/repeat0/model.safetensors"
        return found
