"""What can be asked of a model of sequence: methods where they are defined, sets of variants that can be scored."""

from types import SimpleNamespace

import pytest

from readsight.config import interpretation, schema
from readsight.errors import InputError
from readsight.wiring.interpret import InterpretWiring
from readsight.wiring.interpret_sequences import ExplainWiring
from readsight.wiring.project import Project

FASTA = {"sequences": {"files": [{"path": "a.fa", "label": "a"}, {"path": "b.fa", "label": "b"}]}}
ONE = SimpleNamespace(task="t", set="known")


def parsed(genome: bool = True, **task) -> schema.Config:
    raw = {"project": "p", "variants": None, "expression": None, "tasks": {"t": {"source": "sequences"} | FASTA | task}}
    return schema.parse(raw | ({"reference": {"fasta": "g.fa"}} if genome else {}))


def wiring(**task) -> ExplainWiring:
    return ExplainWiring(Project(parsed(**task)))


def faults(**task) -> str:
    with pytest.raises(InputError) as refusal:
        parsed(**task)
    return "\n".join(refusal.value.faults)


@pytest.mark.parametrize(
    "models, more, methods",
    [
        (["cnn"], {}, ["integrated_gradients", "deep_shap", "mutagenesis"]),
        (["transformer"], {}, ["integrated_gradients", "mutagenesis"]),
        (["cnn"], {"representation": "bpe"}, ["mutagenesis"]),
        (["kmer_linear"], {}, ["mutagenesis"]),
    ],
)
def test_each_model_gets_methods_that_are_defined_on_it(models, more, methods):
    assert parsed(models=models, **more).tasks["t"].attributions == methods


@pytest.mark.parametrize(
    "task, words",
    [
        ({"attributions": ["attention_rollout", "saliency"], "models": ["cnn"]}, "'attention_rollout' is not defined on cnn"),
        ({"attributions": ["attention_rollout", "saliency"], "models": ["cnn"]}, "use saliency, input_x_gradient, smoothgrad"),
        ({"attributions": ["attention_rollout"], "models": ["transformer"]}, "name another method beside it"),
        ({"attributions": ["saliency"], "models": ["kmer_linear"]}, "use shap, mutagenesis"),
        ({"interpret": {"motifs": {"method": "grad_cam"}}}, "interpret.motifs.method"),
        ({"interpret": {"variants": [{"name": "x"}]}}, "name either vcf or caller"),
        ({"interpret": {"variants": [{"name": "x", "caller": "gatk"}]}}, "'gatk' is not among the callers"),
        ({"interpret": {"variants": [{"name": "x", "vcf": "a"}, {"name": "x", "vcf": "b"}]}}, "'x' stands there twice"),
        ({"interpret": {"personal": [{"name": "x", "vcf": "a"}]}, "genome": False}, "windows are cut out of a genome"),
        ({"interpret": {"variants": [{"name": "x", "vcf": "a"}]}, "attributions": []}, "do not leave attributions empty"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_what_can(task, words):
    assert words in faults(**task)


def test_methods_of_sequences_are_not_of_tables():
    raw = {"project": "p", "tables": {"mrna": {"files": ["m.csv"]}}, "tasks": {"t": {"source": "samples", "label": "x"}}}
    raw["tasks"]["t"]["attributions"] = ["saliency"]
    with pytest.raises(InputError, match="'saliency' is of sequences; use integrated_gradients or shap"):
        schema.parse(raw)


def test_motifs_are_sought_by_what_the_task_has_anyway():
    task = parsed(models=["transformer"]).tasks["t"]
    assert interpretation.contributing(task) == "integrated_gradients"
    assert interpretation.contributing(parsed(models=["cnn"]).tasks["t"]) == "deep_shap"
    assert interpretation.contributing(parsed(models=["kmer_linear"]).tasks["t"]) == "mutagenesis"


def test_files_are_those_that_are_asked_for():
    few = wiring(interpret={"motifs": {"sequences": 0}})
    assert not [path for path in few.targets() if "motifs/" in path] and few.sought() == []
    sets = {"variants": [{"name": "known", "vcf": "v.vcf"}], "personal": [{"name": "us", "vcf": "v.vcf"}]}
    more = {path.removeprefix("results/p/interpret/t/") for path in wiring(interpret=sets).targets()}
    assert {"variants/known.vcf.gz", "personal/us.tsv", "motifs/motifs.svg", "explore.html"} <= more


def test_a_task_without_attributions_asks_for_nothing():
    assert wiring(attributions=[]).targets() == []


def test_sequences_are_not_explained_as_tables():
    assert InterpretWiring(Project(parsed())).targets() == []


def test_tracks_are_written_where_windows_are_cut_out_of_a_genome():
    assert wiring().tracks("t") == []
    cut = wiring(sequences={"files": [{"path": "a.bed", "label": "a"}, {"path": "b.bed", "label": "b"}], "length": 100})
    assert "results/p/interpret/t/tracks/deep_shap.bw" in cut.tracks("t")


def test_calls_of_the_project_are_scored_as_well_as_files_of_ones_own():
    own = wiring(interpret={"variants": [{"name": "known", "vcf": "v.vcf"}]})
    assert own.variants_vcf(ONE) == "v.vcf"
    raw = {"project": "p", "samples": "s.tsv", "reference": {"fasta": "g.fa"}}
    task = {"source": "sequences", "interpret": {"variants": [{"name": "known", "caller": "bcftools"}]}} | FASTA
    held = schema.parse(raw | {"tasks": {"t": task}})
    found = object.__new__(ExplainWiring)
    found.project, found.tasks = SimpleNamespace(folder="results/p"), held.tasks
    assert found.variants_vcf(ONE) == "results/p/variants/bcftools.bcf"


def test_conservation_is_an_info_key_or_a_file():
    sets = {"variants": [{"name": "known", "vcf": "v.vcf", "conservation": "phyloP.bw"}]}
    assert wiring(interpret=sets).conservation(ONE) == "phyloP.bw"
    sets["variants"][0]["conservation"] = "GERP"
    assert wiring(interpret=sets).conservation(ONE) == []
