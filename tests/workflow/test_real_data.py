"""The included projects of real human reads through the workflow, compared with the NIST truth set."""

import json
import os
from pathlib import Path

import pysam
import pytest

import projects

DATA = Path(os.environ.get("READSIGHT_REAL_DATA") or "absent")


def require_data(folder: str):
    """Skip if the real data are not available."""
    reason = f"READSIGHT_REAL_DATA names no folder that has {folder}: real data are not part of the project"
    return pytest.mark.skipif(not (DATA / folder).is_dir(), reason=reason)


def read_summary(results: Path) -> dict[str, dict]:
    return json.loads((results / "summary.json").read_text())


@pytest.fixture(scope="module")
def human_results(tmp_path_factory) -> Path:
    return projects.run_to_report(projects.copy_shipped_project(tmp_path_factory.mktemp("na12878"), "na12878-chr20"))


@pytest.fixture(scope="module")
def lane_results(tmp_path_factory) -> Path:
    return projects.run_to_report(projects.copy_shipped_project(tmp_path_factory.mktemp("lanes"), "lanes-b37"))


@require_data("dna/na12878_chr20")
class TestHuman:
    @pytest.mark.parametrize("caller", ["bcftools", "freebayes"])
    def test_exactly_the_49_confident_variants_are_called(self, human_results, caller):
        summary = read_summary(human_results)
        for metric in ("recall", "precision"):
            figure = summary[f"variants.{caller}.all.confident.{metric}"]
            assert (figure["value"], figure["n"]) == (1.0, 49)

    @pytest.mark.parametrize("caller", ["bcftools", "freebayes"])
    def test_nearly_all_variants_of_the_region_are_called(self, human_results, caller):
        """The region has 221 sites with 222 alternative alleles."""
        summary = read_summary(human_results)
        assert summary[f"variants.{caller}.all.tp_allele"]["value"] >= 216
        assert summary[f"variants.{caller}.all.tp_allele"]["value"] + summary[f"variants.{caller}.all.fn_allele"]["value"] == 222

    def test_the_reads_map(self, human_results):
        assert read_summary(human_results)["align.NA12878.mapped_fraction"]["value"] >= 0.99

    def test_model_baselines_and_verdict_are_in_the_report(self, human_results):
        summary = read_summary(human_results)
        for model in ("network", "logistic", "forest", "single_feature"):
            figure = summary[f"call_quality.{model}.auprc"]
            assert figure["low"] <= figure["value"] <= figure["high"]
        verdict = summary["call_quality.verdict"]["value"]
        assert "logistic regression" in verdict and "QUAL alone" in verdict
        evaluation = json.loads((human_results / "model/call_quality/evaluation.json").read_text())
        assert evaluation["verdict"] == verdict
        assert "call_quality" in (human_results / "report.html").read_text()


@require_data("dna/lanes_b37")
class TestLanes:
    def test_every_lane_has_paired_reads(self, lane_results):
        counts = [json.loads(path.read_text()) for path in (lane_results / "reads").glob("*/*.lint.json")]
        assert len(counts) == 11 and all(count["reads"] > 0 for count in counts)

    @pytest.mark.parametrize(("sample", "units"), [("normal", 5), ("tumour", 6)])
    def test_each_lane_keeps_its_read_group(self, lane_results, sample, units):
        reference = str(lane_results / "align/reference/genome.fa")
        with pysam.AlignmentFile(str(lane_results / f"align/{sample}.cram"), reference_filename=reference) as reads:
            groups = {group["ID"]: group for group in reads.header["RG"]}
            read_groups = {read.get_tag("RG") for read in reads.fetch(until_eof=True)}
        assert len(groups) == units and read_groups == set(groups)
        assert {group["SM"] for group in groups.values()} == {sample}
        assert len({group["PU"] for group in groups.values()}) == units

    @pytest.mark.parametrize("sample", ["normal", "tumour"])
    def test_99_percent_of_the_reads_map(self, lane_results, sample):
        assert round(read_summary(lane_results)[f"align.{sample}.mapped_fraction"]["value"], 2) >= 0.99
