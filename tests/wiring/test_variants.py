"""Wiring of variant calling: pieces, raw calls and final files."""

from types import SimpleNamespace

import pytest

from readsight.wiring.align import AlignWiring
from readsight.wiring.project import Project
from readsight.wiring.variants import VariantsWiring


@pytest.fixture
def build_wiring(tmp_path):
    def build(size=0, **variants):
        fasta, sheet = tmp_path / "g.fa", tmp_path / "s.tsv"
        with open(fasta, "wb") as handle:
            handle.truncate(size)
        sheet.write_text("sample\tunit\tassay\tcram\nb\t1\twgs\tb.cram\na\t1\twgs\ta.cram\n")
        raw = {"project": "p", "samples": str(sheet), "reference": {"fasta": str(fasta)}, "variants": variants}
        return VariantsWiring(Project.from_raw(raw))

    return build


def test_piece_count_follows_genome_size(build_wiring):
    assert build_wiring(1000).pieces == ["1", "2"]
    assert len(build_wiring(3_100_000_000).pieces) == 52
    assert build_wiring(3_100_000_000).pieces[0] == "01"
    assert build_wiring(1000, scatter=7).pieces == [str(i) for i in range(1, 8)]


def test_raw_calls_follow_the_piece_order(build_wiring):
    variants = build_wiring(scatter=11, callers=["bcftools", "gatk"])
    raw = variants.raw_calls(SimpleNamespace(caller="bcftools"))
    assert raw == sorted(raw) and len(raw) == 11 and raw[-1].endswith("raw/bcftools/11.bcf")
    assert variants.raw_calls(SimpleNamespace(caller="gatk"))[0].endswith("raw/gatk/01.vcf.gz")


def test_targets_follow_the_config(build_wiring):
    variants = build_wiring(callers=["bcftools", "freebayes"], consensus=2, structural=["delly"])
    finals = {path for path in variants.targets() if path.endswith(".bcf")}
    assert finals == {f"results/p/variants/{name}.bcf" for name in ("bcftools", "freebayes", "consensus", "structural/delly")}
    assert set(variants.summaries()) <= set(variants.targets())


def test_structural_variants_can_be_called_alone(build_wiring):
    finals = {path for path in build_wiring(callers=[], structural=["delly"]).targets() if path.endswith(".bcf")}
    assert finals == {"results/p/variants/structural/delly.bcf"}


def test_metadata_sheet_has_nothing_to_align(tmp_path):
    sheet = tmp_path / "s.tsv"
    sheet.write_text("sample\tassay\tdonor\nb\twgs\td1\n")
    project = Project.from_raw(
        {"project": "p", "samples": str(sheet), "reference": {"fasta": "g.fa"}, "variants": {"vcf": "own.vcf"}}
    )
    assert project.samples == ["b"] and project.samples_with_data == []
    assert AlignWiring(project).targets() == [] and VariantsWiring(project).structural_bcfs() == []


def test_user_calls_replace_the_callers(build_wiring):
    variants = build_wiring(vcf="own.vcf")
    assert variants.callers == ["given"] and variants.raw_calls(SimpleNamespace(caller="given")) == [
        "results/p/variants/raw/given.bcf"
    ]
    assert build_wiring().user_vcf() == []
