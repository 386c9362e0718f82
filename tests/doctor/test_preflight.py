"""The doctor reports all faults of a project at once, and caches its results."""

import gzip
import random

import pytest
import yaml

from readsight.doctor import preflight, resources
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.formats import fastq
from readsight.wiring.project import Project

GENOME = "".join(random.Random(7).choices("ACGT", k=600))


def write_reads(path, mate, n=40):
    rng = random.Random(f"{path.name}")
    text = "".join(f"@r{i}/{mate}\n{''.join(rng.choices('ACGT', k=50))}\n+\n{'IF:#I' * 10}\n" for i in range(n))
    path.write_bytes(gzip.compress(text.encode()))


def write_vcf(path, samples=("A",), ref=None, info="AF"):
    names = "\t".join(samples)
    header = f'##fileformat=VCFv4.2\n##contig=<ID=c1,length=600>\n##INFO=<ID={info},Number=1,Type=Float,Description="x">\n'
    rows = "".join(
        f"c1\t{p}\t.\t{ref or GENOME[p - 1]}\tN\t9\t.\t.\tGT{chr(9) + '0/1' if samples else ''}\n" for p in (10, 20, 30)
    )
    path.write_text(f"{header}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n{rows}")
    return path.name


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Builder of a valid project of two samples in an empty folder; keyword a__b sets the key a.b."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.fa").write_text(f">c1\n{GENOME}\n")
    rows = ["sample\tunit\tassay\tfastq_1\tfastq_2"]
    for sample in "AB":
        write_reads(tmp_path / f"{sample}_1.fastq.gz", 1)
        write_reads(tmp_path / f"{sample}_2.fastq.gz", 2)
        rows.append(f"{sample}\t1\twgs\t{sample}_1.fastq.gz\t{sample}_2.fastq.gz")
    (tmp_path / "s.tsv").write_text("\n".join(rows) + "\n")

    def build(**keys):
        raw = {"project": "p", "samples": "s.tsv", "reference": {"fasta": "g.fa"}}
        for key, value in keys.items():
            *above, last = key.split("__")
            section = raw
            for name in above:
                section = section.setdefault(name, {})
            section[last] = value
        (tmp_path / "c.yaml").write_text(yaml.safe_dump(raw, sort_keys=False))
        return Project.from_raw(raw, ["c.yaml"])

    return build


def read_faults(project):
    with pytest.raises(InputError) as error:
        preflight.examine_project(project)
    return error.value.faults


def test_valid_project_has_no_faults(project, tmp_path):
    assert preflight.examine_project(project(variants__truth={"vcf": write_vcf(tmp_path / "t.vcf", ("A", "B"))})) == []
    assert not (tmp_path / "results").exists()


def test_missing_files_are_named_with_closest_match(project, tmp_path):
    (tmp_path / "B_2.fastq.gz").rename(tmp_path / "B-2.fastq.gz")
    faults = read_faults(project(reference__gtf="nowhere/g.gtf", reference__fasta="h.fa"))
    assert any(f.startswith("c.yaml, row 4: reference.fasta") and "h.fa" in f for f in faults)
    assert any("reference.gtf" in f and "nor does its folder" in f for f in faults)
    assert any("s.tsv, row 3, column fastq_2" in f and "did you mean B-2.fastq.gz?" in f for f in faults)


def test_all_kinds_of_faults_are_reported_at_once(project, tmp_path):
    (tmp_path / "A_1.fastq.gz").write_bytes((tmp_path / "A_1.fastq.gz").read_bytes()[:-40])
    (tmp_path / "t.bed").write_text("c1\t5\t601\n")
    faults = read_faults(
        project(
            variants__truth={"vcf": write_vcf(tmp_path / "t.vcf", ("A", "B"), ref="NNN"), "bed": "t.bed"}, reference__gtf="no.gtf"
        )
    )
    faults += read_faults(project(variants__truth={"vcf": write_vcf(tmp_path / "t.vcf", ("A", "B"), ref="G" * 9)}))
    for phrase in (
        "no.gtf",
        "s.tsv, row 2 (sample A, unit 1): A_1.fastq.gz: gzip is truncated",
        "t.bed, row 1: ends at 601",
        "another genome build",
    ):
        assert any(phrase in f for f in faults), phrase


def test_truth_samples_are_matched(project, tmp_path):
    truth = write_vcf(tmp_path / "t.vcf", ("HG001", "HG002"))
    assert "set the pairs in variants.truth.samples" in read_faults(project(variants__truth={"vcf": truth}))[0]
    pairs = {"A": "HG001", "B": "HG02"}
    (fault,) = read_faults(project(variants__truth={"vcf": truth, "samples": pairs}))
    assert "c.yaml, row" in fault and "'HG02' is not a sample of t.vcf" in fault and "HG002" in fault
    assert "no truth for B" in preflight.examine_project(project(variants__truth={"vcf": truth, "samples": {"A": "HG001"}}))[0]


def test_single_sample_pairs_with_single_truth_sample(project, tmp_path):
    (tmp_path / "s.tsv").write_text("\n".join((tmp_path / "s.tsv").read_text().splitlines()[:2]))
    assert preflight.examine_project(project(variants__truth={"vcf": write_vcf(tmp_path / "t.vcf", ("INTEGRATION",))})) == []


def test_user_calls_must_contain_the_samples(project, tmp_path):
    (fault,) = read_faults(project(variants__vcf=write_vcf(tmp_path / "calls.vcf", ("A", "Bb"))))
    assert "s.tsv, row 3, column sample: 'B' is not in calls.vcf; available: Bb" in fault


def test_annotation_files_need_their_info_fields(project, tmp_path):
    (fault,) = read_faults(project(reference__population=write_vcf(tmp_path / "pop.vcf", info="AFF")))
    assert "no INFO/AF" in fault and "INFO/AFF" in fault


def test_unknown_adapters_suggest_the_closest(project):
    (fault,) = read_faults(project(reads__trim__adapters="TrueSeq3"))
    assert "reads.trim.adapters" in fault and "did you mean 'TruSeq3'?" in fault


def test_files_made_by_the_demo_may_be_absent(project, tmp_path):
    (tmp_path / "s.tsv").write_text("sample\tassay\tfastq_1\nA\twgs\t${results}/demo/reads/A.fastq.gz\n")
    assert preflight.examine_project(project(demo={}, reference__fasta="${results}/demo/genome.fa")) == []
    assert read_faults(project(reference__fasta="g.fa"))


def test_second_examination_reads_no_file_again(project, tmp_path, monkeypatch):
    preflight.examine_project(project())
    monkeypatch.setattr(fastq, "check_unit", lambda *a: pytest.fail("read again"))
    preflight.examine_project(project())
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    write_reads(tmp_path / "A_2.fastq.gz", 2, n=39)
    assert "A_2.fastq.gz has 39" in read_faults(project())[0]


def test_only_the_head_of_large_files_is_read(project, monkeypatch):
    monkeypatch.setattr(preflight, "HEAD_READS", 10)
    messages = []
    preflight.examine_project(project(reads__full_check_mb=0.0001), lambda subject, text: messages.append(text))
    assert any("the first 20 paired reads" in text for text in messages)


def test_truncated_large_bgzip_file_is_an_error(tmp_path):
    path = tmp_path / "a.fastq.gz"
    block_header = b"\x1f\x8b\x08\x04" + b"\0" * 8 + b"BC" + b"\0" * 20
    path.write_bytes(block_header + fastq.BGZF_END)
    fastq.check_bgzip_ends([path])
    path.write_bytes(block_header)
    with pytest.raises(InputError, match="truncated"):
        fastq.check_bgzip_ends([path])


@pytest.mark.parametrize(("free", "kind"), [(10**6, "fault"), (30 * 10**6, "note"), (10**12, "")])
def test_disk_space_is_a_fault_or_a_note(project, monkeypatch, free, kind):
    monkeypatch.setattr(resources.shutil, "disk_usage", lambda path: type("Usage", (), {"free": free}))
    faults, notes = resources.check_disk(project(), 600)
    assert [bool(faults), bool(notes)] == [kind == "fault", kind == "note"]
    for text in faults + notes:
        assert "needs about 50.0 MB" in text and "set `results`" in text


def test_estimate_grows_with_reads_and_reference(project):
    small = resources.estimate_disk(project(), 600)
    assert resources.estimate_disk(project(), 3_000_000_000) - small > 20e9


def test_index_memory_is_noted(project):
    assert resources.check_memory(project(), 600) == []
    assert "bwa-mem2 needs about" in resources.check_memory(project(align__aligner="bwa-mem2"), 10**13)[0]


def test_cache_that_cannot_be_written_is_no_fault(tmp_path):
    (tmp_path / "file").touch()
    cache = Cache(tmp_path / "file" / "checks")
    assert [cache.get("k", [], lambda: 1), cache.get("k", [], lambda: 2)] == [1, 2]


def test_cache_depends_on_content_and_arguments(tmp_path):
    cache, path = Cache(tmp_path / "c"), tmp_path / "x"
    path.write_text("a")
    assert [
        cache.get("k", [str(path)], lambda: 1),
        cache.get("k", [str(path)], lambda: 2),
        cache.get("k", [str(path)], lambda: 3, "more"),
    ] == [1, 1, 3]
    path.write_text("ab")
    assert cache.get("k", [str(path)], lambda: 4) == 4
    next((tmp_path / "c").glob("*.json")).write_text("{half")
    assert cache.get("k", [str(path)], lambda: 5) in (4, 5)


def test_command_line_reports_result(project, tmp_path, capsys):
    project()
    assert preflight.main(["c.yaml"]) == 0
    output = capsys.readouterr().out
    assert "1 contig, 600 bases" in output and "80 paired reads of 50 bases" in output and "make run PROJECT=p" in output
    (tmp_path / "A_1.fastq.gz").unlink()
    assert preflight.main(["c.yaml"]) == 1
    output = capsys.readouterr().out
    assert "c.yaml has a fault; nothing was started" in output and "A_1.fastq.gz" in output
    assert preflight.main([]) == 2


def test_long_lists_of_faults_are_shortened():
    text = preflight.format_faults([f"fault {i}" for i in range(250)], "Project p")
    assert (
        text.startswith("Project p has 250 faults")
        and "100. fault 99" in text
        and "101." not in text
        and text.endswith("and 150 more")
    )


def test_structural_variants_need_reads(project, tmp_path):
    write_vcf(tmp_path / "calls.vcf")
    (fault,) = read_faults(project(samples=None, variants={"vcf": "calls.vcf", "structural": ["delly"]}))
    assert "variants.structural: delly needs reads or alignments" in fault and fault.startswith("c.yaml, row")


def test_user_calls_pair_with_the_truth(project, tmp_path):
    user_calls, truth = write_vcf(tmp_path / "calls.vcf", ("X", "Y")), write_vcf(tmp_path / "t.vcf", ("P", "Q"))
    (fault,) = read_faults(project(samples=None, variants={"vcf": user_calls, "truth": {"vcf": truth}}))
    assert "t.vcf: its samples (P, Q) do not match those of calls.vcf (X, Y)" in fault
    assert (
        preflight.examine_project(
            project(samples=None, variants={"vcf": user_calls, "truth": {"vcf": truth, "samples": {"X": "P", "Y": "Q"}}})
        )
        == []
    )


def test_calls_without_genotypes_are_refused(project, tmp_path):
    sites, truth = write_vcf(tmp_path / "calls.vcf", ()), write_vcf(tmp_path / "t.vcf", ("A", "B"))
    assert preflight.examine_project(project(samples=None, variants={"vcf": sites})) == []
    (fault,) = read_faults(project(samples=None, variants={"vcf": sites, "truth": {"vcf": truth}}))
    assert "calls.vcf: has no sample columns" in fault
    (fault,) = read_faults(project(variants={"truth": {"vcf": sites}}))
    assert "calls.vcf: has no sample columns" in fault


def test_tables_need_disk_but_no_genome(project, tmp_path):
    (tmp_path / "t.csv").write_text("id,ENSG00000000003\n" + "".join(f"s{i},{i}\n" for i in range(2000)))
    tables_only = project(samples=None, reference={}, tables={"t": {"files": ["t.csv"]}})
    assert preflight.examine_project(tables_only) == [] and resources.check_memory(tables_only, 0) == []
    assert resources.estimate_disk(tables_only, 0) - resources.MIN_BYTES == int(
        resources.PER_TABLE * (tmp_path / "t.csv").stat().st_size
    )


def test_table_header_is_read_once(project, tmp_path, monkeypatch):
    (tmp_path / "t.csv").write_text("id,ENSG00000000003\na,1\nb,2\n")
    messages = []
    for _ in range(2):
        preflight.examine_project(
            project(samples=None, reference={}, tables={"t": {"files": ["t.csv"]}}), lambda *message: messages.append(message)
        )
        monkeypatch.setattr("readsight.expression.matrices.header.read_header", lambda *a, **k: pytest.fail("read again"))
    assert messages.count(("table t", "t.csv: 2 samples, 1 features")) == 2
