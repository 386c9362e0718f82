"""Files and parameters of the stage `interpret`, of tasks on sequences."""

from typing import Any

from readsight.config import interpretation
from readsight.config.interpretation import PLACES, Personal, VariantSet
from readsight.config.tasks import Task
from readsight.wiring.dataset import REGIONS, DatasetWiring
from readsight.wiring.demo import DemoWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage

DRAWN = ("logos", "mutagenesis", "tracks", "looks")


class ExplainWiring(Stage):
    """How the first model of each task on sequences is explained."""

    def __init__(self, project: Project):
        self.project = project
        self.folder = f"{project.folder}/interpret"
        self.dataset = DatasetWiring(project)
        self.tasks = {n: task for n, task in project.config.tasks.items() if task.attributions and task.source == "sequences"}
        # of elements that the demo plants, the sites are known
        self.planted = DemoWiring(project).learned()

    def task(self, wildcards: Any) -> Task:
        return self.tasks[wildcards.task]

    def model(self, wildcards: Any) -> dict[str, str]:
        """The first model of the task, of the first repeat, and the representation that it reads."""
        base = f"{self.project.folder}/model/{wildcards.task}/{self.task(wildcards).models[0]}/repeat0/model"
        learned = f"{self.dataset.folder}/{wildcards.task}/repeat0/representation"
        found = {"tensors": f"{base}.safetensors", "about": f"{base}.json"}
        return found | {"representation": f"{learned}.safetensors", "representation_about": f"{learned}.json"}

    def balanced(self, wildcards: Any) -> str:
        """The training folds that the first model saw."""
        return f"{self.dataset.folder}/{wildcards.task}/repeat0/balanced.{self.task(wildcards).balance.method}.h5"

    def truth(self, wildcards: Any) -> str | list[str]:
        """Sites that were planted, of the demo's elements."""
        return f"{self.project.folder}/demo/library.truth.tsv" if wildcards.task in self.planted else []

    def explained(self, wildcards: Any) -> dict[str, Any]:
        """What `interpret_attribute_sequences` reads of the config."""
        task = self.task(wildcards)
        return task.model_dump(include={"attributions", "explained"}) | {"interpret": self.compared(wildcards)}

    def contributing(self, wildcards: Any) -> dict[str, Any]:
        """What `interpret_motif_attributions` reads of the config."""
        task = self.task(wildcards)
        own = {"method": interpretation.contributing(task), "sequences": task.interpret.motifs.sequences}
        return own | {"interpret": self.compared(wildcards)}

    def compared(self, wildcards: Any) -> dict[str, Any]:
        """What attribution methods read of the config."""
        return self.task(wildcards).interpret.model_dump(include={"baseline", "baselines", "correction"})

    def examined(self, wildcards: Any) -> dict[str, Any]:
        """What `interpret_examine` reads of the config."""
        return {"interpret": self.compared(wildcards), "bootstrap": self.task(wildcards).bootstrap}

    def drawn(self, wildcards: Any) -> int:
        return self.task(wildcards).interpret.drawn

    def motifs(self, wildcards: Any) -> dict[str, Any]:
        """What motif discovery reads of the config."""
        return self.task(wildcards).interpret.motifs.model_dump(include={"seqlets", "match", "hit"})

    def database(self, wildcards: Any) -> str | list[str]:
        """Known motifs, if any are given."""
        return self.task(wildcards).interpret.motifs.database or []

    def sought(self) -> list[str]:
        """Tasks of which motifs are sought."""
        return [name for name, task in self.tasks.items() if task.interpret.motifs.sequences]

    def found(self, wildcards: Any) -> dict[str, str]:
        """Motifs that were found, where they were sought."""
        if wildcards.task not in self.sought():
            return {}
        base = f"{self.folder}/{wildcards.task}/motifs"
        return {"hits": f"{base}/hits.tsv.gz", "motifs": f"{base}/motifs.tsv"}

    def placed(self) -> list[str]:
        """Tasks whose windows are cut out of a genome."""

        def cut(name: str) -> bool:
            own = self.tasks[name].sequences
            files = [file.path for file in own.files]
            return self.dataset.cut(name) and (own.target == "splice_sites" or any(map(REGIONS.search, files)))

        return [name for name in self.tasks if cut(name)]

    def gtf(self, wildcards: Any) -> str | list[str]:
        """Genes, where there are any."""
        return self.task(wildcards).sequences.annotation or self.project.config.reference.gtf or []

    def contigs(self, wildcards: Any) -> str:
        """Table of the genome's contigs."""
        return self.dataset.genome(wildcards)["contigs"]

    def tracks(self, task: str) -> list[str]:
        """Signals along the genome, one a method that tells bases apart."""
        names = [m for m in self.tasks[task].attributions if m not in PLACES] if task in self.placed() else []
        return [f"{self.folder}/{task}/tracks/{m}.{end}" for m in names for end in ("bw", "bedgraph.gz")]

    def methods(self) -> list[str]:
        return list(dict.fromkeys(m for task in self.tasks.values() for m in task.attributions))

    def variant_set(self, wildcards: Any) -> VariantSet:
        return next(s for s in self.task(wildcards).interpret.variants if s.name == wildcards.set)

    def personal_set(self, wildcards: Any) -> Personal:
        return next(s for s in self.task(wildcards).interpret.personal if s.name == wildcards.set)

    def sets(self) -> list[str]:
        """Names of all sets of variants, and of people's sequences."""
        kinds = [(*task.interpret.variants, *task.interpret.personal) for task in self.tasks.values()]
        return list(dict.fromkeys(one.name for sets in kinds for one in sets))

    def calls(self, one: VariantSet | Personal) -> str:
        """VCF of a set: the user's own, or calls of this project."""
        return one.vcf or f"{self.project.folder}/variants/{one.caller}.bcf"

    def variants_vcf(self, wildcards: Any) -> str:
        return self.calls(self.variant_set(wildcards))

    def personal_vcf(self, wildcards: Any) -> str:
        return self.calls(self.personal_set(wildcards))

    def regions(self, wildcards: Any) -> str | list[str]:
        return self.personal_set(wildcards).regions or []

    def conservation(self, wildcards: Any) -> str | list[str]:
        """bigWig of conservation, where one is named rather than an INFO key."""
        own = self.variant_set(wildcards).conservation
        return own if interpretation.is_bigwig(own) else []

    def effects(self, wildcards: Any) -> dict[str, Any]:
        """What `interpret_variants` reads of the config."""
        task = self.task(wildcards)
        own = self.variant_set(wildcards).model_dump(exclude={"vcf", "caller"})
        return own | {"stranded": task.sequences.stranded, "outside": task.sequences.outside, "bootstrap": task.bootstrap}

    def people(self, wildcards: Any) -> dict[str, Any]:
        """What `interpret_personal` reads of the config."""
        task = self.task(wildcards)
        own = self.personal_set(wildcards).model_dump(include={"name", "samples"})
        return own | {"stranded": task.sequences.stranded, "outside": task.sequences.outside}

    def scored(self, wildcards: Any) -> list[str]:
        """Tables of all effects of a task."""
        return [f"{self.folder}/{wildcards.task}/variants/{s.name}.parquet" for s in self.task(wildcards).interpret.variants]

    def files(self, task: str) -> list[str]:
        """Final files of a task."""
        own = self.tasks[task].interpret
        names = ["attributions.h5", "exams.json", "exams.svg", "curves.svg", "explore.html"]
        names += [f"{figure}.{kind}" for figure in DRAWN for kind in ("svg", "png")]
        if task in self.sought():
            names += [f"motifs/{name}" for name in ("motifs.tsv", "patterns.meme", "hits.tsv.gz", "filters.tsv", "kmers.tsv")]
            names += [f"motifs/{name}" for name in ("marginal.tsv", "spacing.tsv", "motifs.svg", "spacing.svg", "filters.svg")]
        for one in own.variants:
            names += [f"variants/{one.name}.{kind}" for kind in ("vcf.gz", "vcf.gz.tbi", "parquet", "h5ad", "json", "svg")]
        names += [f"personal/{one.name}.{kind}" for one in own.personal for kind in ("parquet", "tsv", "svg")]
        return [f"{self.folder}/{task}/{name}" for name in names] + self.tracks(task)

    def targets(self) -> list[str]:
        return [file for task in self.tasks for file in self.files(task)]

    def summaries(self) -> list[str]:
        found = [f"{self.folder}/{task}/exams.summary.json" for task in self.tasks]
        found += [f"{self.folder}/{task}/motifs/motifs.summary.json" for task in self.sought()]
        for name, task in self.tasks.items():
            found += [f"{self.folder}/{name}/variants/{one.name}.summary.json" for one in task.interpret.variants]
            found += [f"{self.folder}/{name}/personal/{one.name}.summary.json" for one in task.interpret.personal]
        return found

    def products(self) -> dict[tuple[str, str], str]:
        found = {}
        for name, task in self.tasks.items():
            found[COHORT, f"attributions of {name}"] = f"{self.folder}/{name}/attributions.h5"
            found[COHORT, f"page of {name}"] = f"{self.folder}/{name}/explore.html"
            if name in self.sought():
                found[COHORT, f"motifs of {name}"] = f"{self.folder}/{name}/motifs/motifs.tsv"
            for one in task.interpret.variants:
                found[COHORT, f"effects of {one.name} by {name}"] = f"{self.folder}/{name}/variants/{one.name}.vcf.gz"
            for one in task.interpret.personal:
                found[COHORT, f"personal sequences {one.name} of {name}"] = f"{self.folder}/{name}/personal/{one.name}.parquet"
        return found
