"""Exact command lines of GATK; GATK need not be installed."""

import shlex
from pathlib import Path

import align_recalibrate

FASTA, CRAM, TABLE = Path("ref/genome.fa"), Path("s.cram"), Path("s.table")


def test_base_recalibrator():
    command = align_recalibrate.build_recalibrator_command(FASTA, CRAM, [Path("dbsnp.vcf.gz"), Path("mills.vcf.gz")], TABLE, 4000)
    assert shlex.join(map(str, command)) == (
        "gatk --java-options -Xmx3200m BaseRecalibrator -R ref/genome.fa -I s.cram "
        "--known-sites dbsnp.vcf.gz --known-sites mills.vcf.gz -O s.table"
    )


def test_apply_bqsr():
    command = align_recalibrate.build_apply_command(FASTA, CRAM, TABLE, Path("out/s.cram"), 4000)
    assert shlex.join(map(str, command)) == (
        "gatk --java-options -Xmx3200m ApplyBQSR -R ref/genome.fa -I s.cram "
        "--bqsr-recal-file s.table -O out/s.cram --create-output-bam-index false"
    )


def install_recorders(folder, monkeypatch):
    """Install fake gatk and samtools that log their calls and create their output."""
    log = folder / "calls.log"
    script = f'#!/bin/bash\necho "${{0##*/}} $*" >> {log}\nwhile [ $# -gt 0 ]; do [ "$1" = -O ] && touch "$2"; shift; done\n'
    for name in ("gatk", "samtools"):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return log


def test_known_sites_without_an_index_are_indexed_elsewhere(tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    log = install_recorders(tools, monkeypatch)
    bare, ready = tmp_path / "bare.vcf", tmp_path / "ready.vcf.gz"
    for path in (bare, ready, Path(f"{ready}.tbi")):
        path.touch()
    scratch = tmp_path / "scratch"
    align_recalibrate.main(CRAM, FASTA, [bare, ready], tmp_path / "t", tmp_path / "o.cram", 1000, scratch)
    index, learn, apply, crai = log.read_text().splitlines()
    assert index == f"gatk IndexFeatureFile -I {scratch}/0/bare.vcf"
    assert f"--known-sites {scratch}/0/bare.vcf --known-sites {ready}" in learn
    assert "ApplyBQSR" in apply
    assert crai == f"samtools index {tmp_path}/o.cram"
    assert not Path(f"{bare}.idx").exists()
