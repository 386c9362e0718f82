"""Dry runs of projects whose tools a test machine may lack, or that do not start from reads."""

import re
from pathlib import Path

import yaml

import projects


def plan_jobs(config: Path) -> dict[str, int]:
    """Rule → jobs of a dry run."""
    run = projects.run_snakemake(config, "--dry-run", "--quiet", "rules")
    assert run.returncode == 0, run.stdout
    return {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", run.stdout, flags=re.M)}


def write_known_sites(folder: Path) -> Path:
    path, contigs = folder / "known.vcf", projects.build_genome()
    header = ["##fileformat=VCFv4.2", *(f"##contig=<ID={name},length={len(bases)}>" for name, bases in contigs.items())]
    base = contigs["chr1"][99]
    row = f"chr1\t100\trs1\t{base}\t{'A' if base != 'A' else 'C'}\t.\tPASS\t."
    path.write_text("\n".join([*header, "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO", row]) + "\n")
    return path


def test_plan_with_gatk_and_deepvariant(tmp_path):
    """GATK and DeepVariant run per sample and piece with recalibrated base qualities, and are then merged."""
    fasta = projects.write_fasta(tmp_path / "genome.fa", projects.build_genome())
    donors = {name: projects.write_reads(tmp_path, name, projects.build_genome(), depth=1) for name in ("s1", "s2")}
    config = projects.write_project(
        tmp_path,
        donors,
        fasta,
        reference={"fasta": str(fasta), "known_sites": [str(write_known_sites(tmp_path))]},
        align={"aligner": "bwa-mem2"},
        reads={"correct": {"enabled": True}},
        variants={"callers": ["gatk", "deepvariant"], "consensus": 2, "scatter": 3},
    )
    jobs = plan_jobs(config)
    each_sample = ("reads_correct_pe", "align_bwa_mem2", "align_recalibrate")
    assert [jobs[rule] for rule in each_sample] == [2, 2, 2]
    assert (jobs["variants_call_gatk"], jobs["variants_genotype_gatk"]) == (6, 3)
    assert (jobs["variants_call_deepvariant"], jobs["variants_merge_deepvariant"]) == (6, 3)
    assert jobs["variants_consensus"] == 1 and "align_bwa" not in jobs


def test_project_of_calls_aligns_nothing(tmp_path):
    fasta = projects.write_fasta(tmp_path / "genome.fa", projects.build_genome())
    config = tmp_path / "config.yaml"
    reference = {"fasta": str(fasta)}
    config.write_text(
        yaml.safe_dump({"project": "p", "reference": reference, "variants": {"vcf": str(write_known_sites(tmp_path))}})
    )
    jobs = plan_jobs(config)
    assert jobs["variants_import"] == jobs["variants_annotate"] == 1
    assert not [rule for rule in jobs if rule.startswith(("reads", "align_bwa", "variants_call"))]
