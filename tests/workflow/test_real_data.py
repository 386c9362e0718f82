"""The shipped projects of real human reads, through the workflow: what NIST says is there is found."""

import json
import os
from pathlib import Path

import pysam
import pytest

import projects

DATA = Path(os.environ.get("READSIGHT_REAL_DATA") or "absent")


def needs(folder: str):
    """Skip where the real data are not on this machine."""
    reason = f"READSIGHT_REAL_DATA names no folder that has {folder}: real data are not part of the project"
    return pytest.mark.skipif(not (DATA / folder).is_dir(), reason=reason)


def figures(results: Path) -> dict[str, dict]:
    return json.loads((results / "summary.json").read_text())


@pytest.fixture(scope="module")
def human(tmp_path_factory) -> Path:
    return projects.finished(projects.shipped(tmp_path_factory.mktemp("na12878"), "na12878-chr20"))


@pytest.fixture(scope="module")
def lanes(tmp_path_factory) -> Path:
    return projects.finished(projects.shipped(tmp_path_factory.mktemp("lanes"), "lanes-b37"))


@needs("dna/na12878_chr20")
class TestHuman:
    @pytest.mark.parametrize("caller", ["bcftools", "freebayes"])
    def test_all_49_confident_variants_and_nothing_else(self, human, caller):
        found = figures(human)
        for metric in ("recall", "precision"):
            figure = found[f"variants.{caller}.all.confident.{metric}"]
            assert (figure["value"], figure["n"]) == (1.0, 49)

    @pytest.mark.parametrize("caller", ["bcftools", "freebayes"])
    def test_nearly_all_of_the_region(self, human, caller):
        """221 sites with 222 alternative alleles."""
        found = figures(human)
        assert found[f"variants.{caller}.all.tp_allele"]["value"] >= 216
        assert found[f"variants.{caller}.all.tp_allele"]["value"] + found[f"variants.{caller}.all.fn_allele"]["value"] == 222

    def test_the_reads_map(self, human):
        assert figures(human)["align.NA12878.mapped_fraction"]["value"] >= 0.99

    def test_model_baselines_and_verdict_are_in_the_report(self, human):
        found = figures(human)
        for model in ("network", "logistic", "forest", "single_feature"):
            figure = found[f"call_quality.{model}.auprc"]
            assert figure["low"] <= figure["value"] <= figure["high"]
        verdict = found["call_quality.verdict"]["value"]
        assert "logistic regression" in verdict and "QUAL alone" in verdict
        evaluation = json.loads((human / "model/call_quality/evaluation.json").read_text())
        assert evaluation["verdict"] == verdict
        assert "call_quality" in (human / "report.html").read_text()


@needs("dna/lanes_b37")
class TestLanes:
    def test_every_pair_of_lanes_is_in_step(self, lanes):
        counts = [json.loads(path.read_text()) for path in (lanes / "reads").glob("*/*.lint.json")]
        assert len(counts) == 11 and all(count["reads"] > 0 for count in counts)

    @pytest.mark.parametrize(("sample", "units"), [("normal", 5), ("tumour", 6)])
    def test_each_lane_keeps_its_read_group(self, lanes, sample, units):
        reference = str(lanes / "align/reference/genome.fa")
        with pysam.AlignmentFile(str(lanes / f"align/{sample}.cram"), reference_filename=reference) as reads:
            groups = {group["ID"]: group for group in reads.header["RG"]}
            seen = {read.get_tag("RG") for read in reads.fetch(until_eof=True)}
        assert len(groups) == units and seen == set(groups)
        assert {group["SM"] for group in groups.values()} == {sample}
        assert len({group["PU"] for group in groups.values()}) == units

    @pytest.mark.parametrize("sample", ["normal", "tumour"])
    def test_99_percent_of_the_reads_map(self, lanes, sample):
        assert round(figures(lanes)[f"align.{sample}.mapped_fraction"]["value"], 2) >= 0.99
