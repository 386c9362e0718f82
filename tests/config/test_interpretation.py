"""Config of the interpretation of sequence models: defaults, validity and target files."""

from types import SimpleNamespace

import pytest

from readsight.config import interpretation, schema
from readsight.errors import InputError
from readsight.wiring.interpret import InterpretWiring
from readsight.wiring.interpret_sequences import SequenceInterpretWiring
from readsight.wiring.project import Project

FASTA = {"sequences": {"files": [{"path": "a.fa", "label": "a"}, {"path": "b.fa", "label": "b"}]}}
WILDCARDS = SimpleNamespace(task="t", set="known")


def parse_task_config(genome: bool = True, **task) -> schema.Config:
    raw = {"project": "p", "variants": None, "expression": None, "tasks": {"t": {"source": "sequences"} | FASTA | task}}
    return schema.parse_config(raw | ({"reference": {"fasta": "g.fa"}} if genome else {}))


def build_wiring(**task) -> SequenceInterpretWiring:
    return SequenceInterpretWiring(Project(parse_task_config(**task)))


def read_faults(**task) -> str:
    with pytest.raises(InputError) as refusal:
        parse_task_config(**task)
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
def test_default_methods_are_defined_on_the_model(models, more, methods):
    assert parse_task_config(models=models, **more).tasks["t"].attributions == methods


@pytest.mark.parametrize(
    "task, message",
    [
        ({"attributions": ["attention_rollout", "saliency"], "models": ["cnn"]}, "'attention_rollout' is not defined on cnn"),
        ({"attributions": ["attention_rollout", "saliency"], "models": ["cnn"]}, "use saliency, input_x_gradient, smoothgrad"),
        ({"attributions": ["attention_rollout"], "models": ["transformer"]}, "add a second method"),
        ({"attributions": ["saliency"], "models": ["kmer_linear"]}, "use shap, mutagenesis"),
        ({"interpret": {"motifs": {"method": "grad_cam"}}}, "interpret.motifs.method"),
        ({"interpret": {"variants": [{"name": "x"}]}}, "set either vcf or caller"),
        ({"interpret": {"variants": [{"name": "x", "caller": "gatk"}]}}, "'gatk' is not among the callers"),
        ({"interpret": {"variants": [{"name": "x", "vcf": "a"}, {"name": "x", "vcf": "b"}]}}, "'x' is used twice"),
        ({"interpret": {"personal": [{"name": "x", "vcf": "a"}]}, "genome": False}, "windows are extracted from a genome"),
        (
            {"interpret": {"variants": [{"name": "x", "vcf": "a"}]}, "attributions": []},
            "do not set attributions to an empty list",
        ),
    ],
)
def test_invalid_request_is_refused_with_valid_options(task, message):
    assert message in read_faults(**task)


def test_sequence_methods_are_refused_for_tables():
    raw = {"project": "p", "tables": {"mrna": {"files": ["m.csv"]}}, "tasks": {"t": {"source": "samples", "label": "x"}}}
    raw["tasks"]["t"]["attributions"] = ["saliency"]
    with pytest.raises(InputError, match="'saliency' is for sequences; use integrated_gradients or shap"):
        schema.parse_config(raw)


def test_motif_method_is_one_the_task_runs():
    task = parse_task_config(models=["transformer"]).tasks["t"]
    assert interpretation.choose_motif_method(task) == "integrated_gradients"
    assert interpretation.choose_motif_method(parse_task_config(models=["cnn"]).tasks["t"]) == "deep_shap"
    assert interpretation.choose_motif_method(parse_task_config(models=["kmer_linear"]).tasks["t"]) == "mutagenesis"


def test_only_requested_files_are_targets():
    few = build_wiring(interpret={"motifs": {"sequences": 0}})
    assert not [path for path in few.targets() if "motifs/" in path] and few.motif_tasks() == []
    sets = {"variants": [{"name": "known", "vcf": "v.vcf"}], "personal": [{"name": "us", "vcf": "v.vcf"}]}
    more = {path.removeprefix("results/p/interpret/t/") for path in build_wiring(interpret=sets).targets()}
    assert {"variants/known.vcf.gz", "personal/us.tsv", "motifs/motifs.svg", "explore.html"} <= more


def test_task_without_attributions_has_no_targets():
    assert build_wiring(attributions=[]).targets() == []


def test_sequence_tasks_are_not_interpreted_as_tables():
    assert InterpretWiring(Project(parse_task_config())).targets() == []


def test_tracks_are_written_for_genomic_windows():
    assert build_wiring().track_files("t") == []
    cut = build_wiring(sequences={"files": [{"path": "a.bed", "label": "a"}, {"path": "b.bed", "label": "b"}], "length": 100})
    assert "results/p/interpret/t/tracks/deep_shap.bw" in cut.track_files("t")


def test_project_calls_and_user_files_can_be_scored():
    user_wiring = build_wiring(interpret={"variants": [{"name": "known", "vcf": "v.vcf"}]})
    assert user_wiring.variants_vcf(WILDCARDS) == "v.vcf"
    raw = {"project": "p", "samples": "s.tsv", "reference": {"fasta": "g.fa"}}
    task = {"source": "sequences", "interpret": {"variants": [{"name": "known", "caller": "bcftools"}]}} | FASTA
    config = schema.parse_config(raw | {"tasks": {"t": task}})
    project_wiring = object.__new__(SequenceInterpretWiring)
    project_wiring.project, project_wiring.tasks = SimpleNamespace(folder="results/p"), config.tasks
    assert project_wiring.variants_vcf(WILDCARDS) == "results/p/variants/bcftools.bcf"


def test_conservation_is_a_file_or_an_info_key():
    sets = {"variants": [{"name": "known", "vcf": "v.vcf", "conservation": "phyloP.bw"}]}
    assert build_wiring(interpret=sets).conservation_bigwig(WILDCARDS) == "phyloP.bw"
    sets["variants"][0]["conservation"] = "GERP"
    assert build_wiring(interpret=sets).conservation_bigwig(WILDCARDS) == []
