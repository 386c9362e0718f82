"""Wiring of the comparison with a truth set."""

from types import SimpleNamespace

from readsight.config.schema import Truth, VariantsConfig
from readsight.wiring.variants_compare import CompareWiring


def build_wiring(truth, structural=(), callers=("bcftools", "consensus"), samples=("anna",)):
    variants = VariantsConfig(truth=truth, structural=list(structural))
    return CompareWiring(
        SimpleNamespace(folder="r/p", config=SimpleNamespace(variants=variants), callers=list(callers), dna_samples=list(samples))
    )


def test_comparison_needs_a_truth():
    comparison = build_wiring(None, ["delly"])
    assert (
        comparison.targets() == comparison.summaries() == comparison.truth_vcf() == comparison.truth_bed() == []
        and comparison.products() == {}
    )


def test_every_call_set_is_compared_including_consensus():
    comparison = build_wiring(Truth(vcf="t.vcf"))
    assert comparison.summaries() == [f"r/p/variants/compare/{caller}.summary.json" for caller in ("bcftools", "consensus")]
    assert (
        "r/p/variants/compare/accuracy.svg" in comparison.targets()
        and "r/p/variants/compare/structural.svg" not in comparison.targets()
    )


def test_structural_variants_need_a_caller_a_truth_and_reads():
    truth = Truth(vcf="t.vcf", structural_vcf="s.vcf")
    assert "r/p/variants/compare/delly.tsv" in build_wiring(truth, ["delly"]).targets()
    assert not build_wiring(truth).structural_callers and not build_wiring(Truth(vcf="t.vcf"), ["delly"]).structural_callers
    assert not build_wiring(truth, ["delly"], callers=["given"], samples=[]).structural_callers
