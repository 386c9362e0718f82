"""Exact command lines of callers that need conda or a container, and handling of their input and output."""

import gzip
import subprocess
from pathlib import Path

import variants_call_deepvariant
import variants_call_gatk
import variants_genotype_gatk
import variants_merge_deepvariant
from donors import query_records, require_tools, write_reference, write_vcf
from readsight.variants import vcf_files

CONTIGS = {"c": "ACGTCAGGTTTTTACGACGTAACCGGTTAC"}


def join_command(command) -> str:
    return " ".join(map(str, command))


def test_haplotype_caller():
    command = variants_call_gatk.build_command(
        Path("g.fa"), Path("s.cram"), Path("1.bed"), Path("s.g.vcf.gz"), Path("/tmp/x"), 2, 13, 1, 2, 4000
    )
    assert join_command(command) == (
        "gatk --java-options -Xmx3200m HaplotypeCaller -R g.fa -I s.cram -O s.g.vcf.gz -ERC GVCF -L 1.bed --interval-padding 100 "
        "--sample-ploidy 2 --min-base-quality-score 13 --minimum-mapping-quality 1 --native-pair-hmm-threads 2 --tmp-dir /tmp/x "
        "--add-output-vcf-command-line false"
    )


def test_joint_genotyping():
    load, genotype = variants_genotype_gatk.build_commands(
        Path("g.fa"), Path("gvcfs.tsv"), Path("1.bed"), Path("1.vcf.gz"), Path("/tmp/x"), 2, 4000
    )
    assert join_command(load) == (
        "gatk --java-options -Xmx2400m GenomicsDBImport --genomicsdb-workspace-path /tmp/x/genomicsdb --sample-name-map gvcfs.tsv "
        "-L 1.bed --interval-padding 100 --merge-input-intervals --batch-size 50 --tmp-dir /tmp/x"
    )
    assert join_command(genotype) == (
        "gatk --java-options -Xmx2400m GenotypeGVCFs -R g.fa -V gendb:///tmp/x/genomicsdb -O 1.vcf.gz -L 1.bed "
        "--only-output-calls-starting-in-intervals --sample-ploidy 2 --tmp-dir /tmp/x --create-output-variant-index false "
        "--add-output-vcf-command-line false"
    )


def test_deepvariant():
    command = variants_call_deepvariant.build_command(
        "docker://google/deepvariant:1.8.0", "WGS", Path("/r/g.fa"), Path("/a/s.cram"), Path("/p/1.bed"), Path("/o/s.vcf.gz"), Path("/tmp/x"), "s", 4
    )  # fmt: skip
    assert join_command(command) == (
        "apptainer exec --bind /a,/o,/p,/r,/tmp/x docker://google/deepvariant:1.8.0 /opt/deepvariant/bin/run_deepvariant "
        "--model_type=WGS --ref=/r/g.fa --reads=/a/s.cram --regions=/p/1.bed --output_vcf=/o/s.vcf.gz --sample_name=s "
        "--num_shards=4 --intermediate_results_dir=/tmp/x/work --vcf_stats_report=false"
    )


def test_an_empty_piece_runs_nothing_and_is_a_valid_file(tmp_path):
    (tmp_path / "g.fa.fai").write_text("c\t30\t3\t60\t61\n")
    (tmp_path / "1.bed").touch()
    out, tbi = tmp_path / "o.vcf.gz", tmp_path / "o.vcf.gz.tbi"
    reference, bed = tmp_path / "g.fa", tmp_path / "1.bed"
    variants_call_gatk.main(reference, Path("s.cram"), bed, out, tbi, tmp_path, "s", 2, 13, 1, 1, 1000)
    assert tbi.exists() and gzip.decompress(out.read_bytes()).decode().splitlines()[-1].endswith("FORMAT\ts")
    variants_call_deepvariant.main("i", "WGS", reference, Path("s.cram"), bed, out, tmp_path, "s", 1)
    assert "##contig=<ID=c,length=30>" in gzip.decompress(out.read_bytes()).decode()
    variants_genotype_gatk.main(reference, [], ["b", "a"], bed, out, tmp_path, 2, 1000)
    assert gzip.decompress(out.read_bytes()).decode().splitlines()[-1].endswith("FORMAT\ta\tb")


@require_tools("samtools", "bcftools")
def test_samples_meet_allele_by_allele(tmp_path):
    reference = write_reference(tmp_path, CONTIGS)
    lengths = {"c": 30}
    # the first sample has both alleles, the second one of them, the third only a rejected candidate
    first = write_vcf(tmp_path / "1.vcf", lengths, ["c 3 . G A,T 50 PASS . GT 1/2"], ("first",))
    second = write_vcf(tmp_path / "2.vcf", lengths, ["c 3 . G A 40 PASS . GT 0/1", "c 9 . T C 40 PASS . GT 1/1"], ("second",))
    third = write_vcf(
        tmp_path / "3.vcf", lengths, ["c 3 . G A 3 RefCall . GT 0/0"], ("third",), '##FILTER=<ID=RefCall,Description="x">'
    )
    out = tmp_path / "out.bcf"
    variants_merge_deepvariant.main([first, second, third], reference, out, tmp_path)
    assert query_records(out, "%POS %ALT %FILTER[ %GT]") == [
        "3 A PASS 1/0 0/1 ./.",
        "3 T PASS 0/1 ./. ./.",
        "9 C PASS ./. 1/1 ./.",
    ]


@require_tools("bcftools")
def test_many_samples_are_joined_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(vcf_files, "BATCH", 2)
    files = []
    for i in range(5):
        vcf = write_vcf(tmp_path / f"{i}.vcf", {"c": 30}, ["c 3 . G A 50 PASS . GT 0/1"], (f"s{i}",))
        files.append(tmp_path / f"{i}.bcf")
        subprocess.run(["bcftools", "view", "-Ob", "-o", files[-1], vcf], check=True)
        vcf_files.index_bcf(files[-1])
    out = vcf_files.merge_samples(files, "none", tmp_path)
    assert vcf_files.read_samples(out) == [f"s{i}" for i in range(5)]
    assert query_records(out, "%POS[ %GT]") == ["3" + " 0/1" * 5]
