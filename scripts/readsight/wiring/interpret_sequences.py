"""Files and parameters of the stage `interpret` for tasks on sequences."""

from typing import Any

from readsight.config import interpretation
from readsight.config.interpretation import LOCATION_METHODS, Personal, VariantSet
from readsight.config.tasks import Task
from readsight.wiring.dataset import REGIONS, DatasetWiring
from readsight.wiring.demo import DemoWiring
from readsight.wiring.project import Project
from readsight.wiring.stage import COHORT, Stage

FIGURES = ("logos", "mutagenesis", "tracks", "looks")


class SequenceInterpretWiring(Stage):
    """Attributions, motifs and variant effects of the first model of each task on sequences."""

    def __init__(self, project: Project):
        self.project = project
        self.folder = f"{project.folder}/interpret"
        self.dataset = DatasetWiring(project)
        self.tasks = {n: task for n, task in project.config.tasks.items() if task.attributions and task.source == "sequences"}
        # the binding sites of simulated elements are known
        self.planted_tasks = DemoWiring(project).library_tasks()

    def get_task(self, wildcards: Any) -> Task:
        return self.tasks[wildcards.task]

    def model_files(self, wildcards: Any) -> dict[str, str]:
        """First model of the task, first repeat, and its fitted representation."""
        base = f"{self.project.folder}/model/{wildcards.task}/{self.get_task(wildcards).models[0]}/repeat0/model"
        representation = f"{self.dataset.folder}/{wildcards.task}/repeat0/representation"
        files = {"tensors": f"{base}.safetensors", "about": f"{base}.json"}
        return files | {"representation": f"{representation}.safetensors", "representation_about": f"{representation}.json"}

    def fold_file(self, wildcards: Any) -> str:
        """Training folds of the first model."""
        return f"{self.dataset.folder}/{wildcards.task}/repeat0/balanced.{self.get_task(wildcards).balance.method}.h5"

    def site_truth(self, wildcards: Any) -> str | list[str]:
        """Planted binding sites of the demo's elements, if the task uses them."""
        return f"{self.project.folder}/demo/library.truth.tsv" if wildcards.task in self.planted_tasks else []

    def attribution_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `interpret_attribute_sequences`."""
        task = self.get_task(wildcards)
        return task.model_dump(include={"attributions", "explained"}) | {"interpret": self.baseline_spec(wildcards)}

    def motif_attribution_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `interpret_motif_attributions`."""
        task = self.get_task(wildcards)
        spec = {"method": interpretation.choose_motif_method(task), "sequences": task.interpret.motifs.sequences}
        return spec | {"interpret": self.baseline_spec(wildcards)}

    def baseline_spec(self, wildcards: Any) -> dict[str, Any]:
        """Baseline settings of attribution methods."""
        return self.get_task(wildcards).interpret.model_dump(include={"baseline", "baselines", "correction"})

    def exam_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `interpret_examine`."""
        return {"interpret": self.baseline_spec(wildcards), "bootstrap": self.get_task(wildcards).bootstrap}

    def figure_count(self, wildcards: Any) -> int:
        return self.get_task(wildcards).interpret.drawn

    def motif_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of motif discovery."""
        return self.get_task(wildcards).interpret.motifs.model_dump(include={"seqlets", "match", "hit"})

    def motif_database(self, wildcards: Any) -> str | list[str]:
        """Database of known motifs, if set."""
        return self.get_task(wildcards).interpret.motifs.database or []

    def motif_tasks(self) -> list[str]:
        """Tasks with motif discovery."""
        return [name for name, task in self.tasks.items() if task.interpret.motifs.sequences]

    def motif_files(self, wildcards: Any) -> dict[str, str]:
        """Discovered motifs and their hits, if the task has motif discovery."""
        if wildcards.task not in self.motif_tasks():
            return {}
        base = f"{self.folder}/{wildcards.task}/motifs"
        return {"hits": f"{base}/hits.tsv.gz", "motifs": f"{base}/motifs.tsv"}

    def genomic_tasks(self) -> list[str]:
        """Tasks whose windows have genome coordinates."""

        def has_windows(name: str) -> bool:
            settings = self.tasks[name].sequences
            files = [file.path for file in settings.files]
            return self.dataset.can_cut_windows(name) and (settings.target == "splice_sites" or any(map(REGIONS.search, files)))

        return [name for name in self.tasks if has_windows(name)]

    def gtf(self, wildcards: Any) -> str | list[str]:
        """Gene annotation, if there is one."""
        return self.get_task(wildcards).sequences.annotation or self.project.config.reference.gtf or []

    def contig_table(self, wildcards: Any) -> str:
        """Contig table of the genome."""
        return self.dataset.genome_store(wildcards)["contigs"]

    def track_files(self, task: str) -> list[str]:
        """Genome tracks, one per method with attributions per base."""
        names = [m for m in self.tasks[task].attributions if m not in LOCATION_METHODS] if task in self.genomic_tasks() else []
        return [f"{self.folder}/{task}/tracks/{m}.{suffix}" for m in names for suffix in ("bw", "bedgraph.gz")]

    def method_names(self) -> list[str]:
        return list(dict.fromkeys(m for task in self.tasks.values() for m in task.attributions))

    def variant_set(self, wildcards: Any) -> VariantSet:
        return next(s for s in self.get_task(wildcards).interpret.variants if s.name == wildcards.set)

    def personal_set(self, wildcards: Any) -> Personal:
        return next(s for s in self.get_task(wildcards).interpret.personal if s.name == wildcards.set)

    def set_names(self) -> list[str]:
        """Names of all variant sets and personal-genome sets."""
        kinds = [(*task.interpret.variants, *task.interpret.personal) for task in self.tasks.values()]
        return list(dict.fromkeys(entry.name for sets in kinds for entry in sets))

    def set_vcf(self, entry: VariantSet | Personal) -> str:
        """VCF of a set: a user file, or calls of this project."""
        return entry.vcf or f"{self.project.folder}/variants/{entry.caller}.bcf"

    def variants_vcf(self, wildcards: Any) -> str:
        return self.set_vcf(self.variant_set(wildcards))

    def personal_vcf(self, wildcards: Any) -> str:
        return self.set_vcf(self.personal_set(wildcards))

    def regions_bed(self, wildcards: Any) -> str | list[str]:
        return self.personal_set(wildcards).regions or []

    def conservation_bigwig(self, wildcards: Any) -> str | list[str]:
        """bigWig of conservation, if it is set instead of an INFO key."""
        conservation = self.variant_set(wildcards).conservation
        return conservation if interpretation.is_bigwig(conservation) else []

    def effects_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `interpret_variants`."""
        task = self.get_task(wildcards)
        spec = self.variant_set(wildcards).model_dump(exclude={"vcf", "caller"})
        return spec | {"stranded": task.sequences.stranded, "outside": task.sequences.outside, "bootstrap": task.bootstrap}

    def personal_spec(self, wildcards: Any) -> dict[str, Any]:
        """Settings of `interpret_personal`."""
        task = self.get_task(wildcards)
        spec = self.personal_set(wildcards).model_dump(include={"name", "samples"})
        return spec | {"stranded": task.sequences.stranded, "outside": task.sequences.outside}

    def effect_tables(self, wildcards: Any) -> list[str]:
        """Tables of variant effects of a task."""
        return [f"{self.folder}/{wildcards.task}/variants/{s.name}.parquet" for s in self.get_task(wildcards).interpret.variants]

    def task_files(self, task: str) -> list[str]:
        """Final files of a task."""
        settings = self.tasks[task].interpret
        names = ["attributions.h5", "exams.json", "exams.svg", "curves.svg", "explore.html"]
        names += [f"{figure}.{kind}" for figure in FIGURES for kind in ("svg", "png")]
        if task in self.motif_tasks():
            names += [f"motifs/{name}" for name in ("motifs.tsv", "patterns.meme", "hits.tsv.gz", "filters.tsv", "kmers.tsv")]
            names += [f"motifs/{name}" for name in ("marginal.tsv", "spacing.tsv", "motifs.svg", "spacing.svg", "filters.svg")]
        for entry in settings.variants:
            names += [f"variants/{entry.name}.{kind}" for kind in ("vcf.gz", "vcf.gz.tbi", "parquet", "h5ad", "json", "svg")]
        names += [f"personal/{entry.name}.{kind}" for entry in settings.personal for kind in ("parquet", "tsv", "svg")]
        return [f"{self.folder}/{task}/{name}" for name in names] + self.track_files(task)

    def targets(self) -> list[str]:
        return [file for task in self.tasks for file in self.task_files(task)]

    def summaries(self) -> list[str]:
        summaries = [f"{self.folder}/{task}/exams.summary.json" for task in self.tasks]
        summaries += [f"{self.folder}/{task}/motifs/motifs.summary.json" for task in self.motif_tasks()]
        for name, task in self.tasks.items():
            summaries += [f"{self.folder}/{name}/variants/{entry.name}.summary.json" for entry in task.interpret.variants]
            summaries += [f"{self.folder}/{name}/personal/{entry.name}.summary.json" for entry in task.interpret.personal]
        return summaries

    def products(self) -> dict[tuple[str, str], str]:
        products = {}
        for name, task in self.tasks.items():
            products[COHORT, f"attributions of {name}"] = f"{self.folder}/{name}/attributions.h5"
            products[COHORT, f"page of {name}"] = f"{self.folder}/{name}/explore.html"
            if name in self.motif_tasks():
                products[COHORT, f"motifs of {name}"] = f"{self.folder}/{name}/motifs/motifs.tsv"
            for entry in task.interpret.variants:
                products[COHORT, f"effects of {entry.name} by {name}"] = f"{self.folder}/{name}/variants/{entry.name}.vcf.gz"
            for entry in task.interpret.personal:
                products[COHORT, f"personal sequences {entry.name} of {name}"] = (
                    f"{self.folder}/{name}/personal/{entry.name}.parquet"
                )
        return products
