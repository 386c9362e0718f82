"""FastQC reports each file under the name of its unit; MultiQC runs offline and is reproducible."""

import gzip
import random
import shutil
import zipfile

import pytest

import reads_lint
import reads_multiqc
from readsight.errors import InputError
from readsight.reads import fastqc, java


def write_fastq(path, reads, zipped):
    rng = random.Random(1)
    text = "".join(f"@r{i}\n{''.join(rng.choices('ACGT', k=50))}\n+\n{'I' * 50}\n" for i in range(reads))
    path.write_bytes(gzip.compress(text.encode()) if zipped else text.encode())
    return path


@pytest.mark.skipif(not shutil.which("fastqc"), reason="fastqc is not on this machine")
def test_pages_carry_the_name_of_the_unit(tmp_path):
    # file names do not match their content
    groups = {
        "raw": [write_fastq(tmp_path / "any.gz", 20, zipped=False)],
        "clean": [write_fastq(tmp_path / "thing.txt", 12, zipped=True)],
    }
    html, zips = [[tmp_path / f"u.{s}_1_fastqc.{e}" for s in ("raw", "clean")] for e in ("html", "zip")]
    (tmp_path / "scratch").mkdir()
    fastqc.run_fastqc("s.u", groups, html, zips, 2, tmp_path / "scratch")
    for archive, name, reads in zip(zips, ("s.u.raw_1.fastq", "s.u.clean_1.fastq.gz"), (20, 12), strict=True):
        with zipfile.ZipFile(archive) as inside:
            (data,) = [n for n in inside.namelist() if n.endswith("fastqc_data.txt")]
            text = inside.read(data).decode()
        assert f"Filename\t{name}\n" in text and f"Total Sequences\t{reads}\n" in text
    assert all(b"<html" in page.read_bytes() for page in html)


def test_multiqc_page_has_no_run_specific_content():
    settings = reads_multiqc.build_configuration("trio")
    assert settings["title"] == "trio"
    assert settings["no_version_check"] and settings["no_ai"]
    assert not settings["show_analysis_time"] and not settings["show_analysis_paths"]


def test_multiqc_gets_exactly_the_files_of_the_rule(tmp_path, monkeypatch):
    tool = tmp_path / "bin" / "multiqc"
    tool.parent.mkdir()
    tool.write_text(
        "#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in --outdir) d=$2;; --filename) f=$2;; --file-list) l=$2;; esac; shift; done\ncp $l $d/$f\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    files = [tmp_path / "a.zip", tmp_path / "b.txt"]
    reads_multiqc.main(files, "p", tmp_path / "multiqc.html", tmp_path)
    assert (tmp_path / "multiqc.html").read_text().split() == [str(f) for f in files]


def test_lint_writes_counts_and_refuses_half_a_file(tmp_path):
    good = write_fastq(tmp_path / "good.fq.gz", 30, zipped=True)
    reads_lint.main([good], tmp_path / "lint.json")
    assert '"reads": 30' in (tmp_path / "lint.json").read_text()
    half = tmp_path / "half.fq.gz"
    half.write_bytes(good.read_bytes()[:-40])
    with pytest.raises(InputError, match="half.fq.gz"):
        reads_lint.main([half], tmp_path / "none.json")
    assert not (tmp_path / "none.json").exists()


def test_java_starts_fast_on_small_files_and_optimises_on_large_ones(tmp_path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    with open(large, "wb") as handle:
        handle.truncate(10**9)
    assert "TieredStopAtLevel=1" in java.build_environment([small], 500)["JAVA_TOOL_OPTIONS"]
    assert java.build_environment([small, large], 500) == {"JAVA_TOOL_OPTIONS": "-XX:+UseSerialGC -Xmx500m"}
