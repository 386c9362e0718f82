"""What the comparison is asked for follows from the config."""

from types import SimpleNamespace

from readsight.config.schema import Truth, Variants
from readsight.wiring.variants_compare import CompareWiring


def wiring(truth, structural=(), callers=("bcftools", "consensus"), samples=("anna",)):
    variants = Variants(truth=truth, structural=list(structural))
    return CompareWiring(
        SimpleNamespace(folder="r/p", config=SimpleNamespace(variants=variants), callers=list(callers), dna=list(samples))
    )


def test_without_a_truth_nothing_is_compared():
    found = wiring(None, ["delly"])
    assert found.targets() == found.summaries() == found.vcf() == found.bed() == [] and found.products() == {}


def test_every_set_of_calls_is_compared_consensus_too():
    found = wiring(Truth(vcf="t.vcf"))
    assert found.summaries() == [f"r/p/variants/compare/{caller}.summary.json" for caller in ("bcftools", "consensus")]
    assert "r/p/variants/compare/accuracy.svg" in found.targets() and "r/p/variants/compare/structural.svg" not in found.targets()


def test_structural_variants_need_a_caller_a_truth_and_reads():
    truth = Truth(vcf="t.vcf", structural_vcf="s.vcf")
    assert "r/p/variants/compare/delly.tsv" in wiring(truth, ["delly"]).targets()
    assert not wiring(truth).structural_callers and not wiring(Truth(vcf="t.vcf"), ["delly"]).structural_callers
    assert not wiring(truth, ["delly"], callers=["given"], samples=[]).structural_callers
