"""A step keeps its outputs only on success, and reports what went wrong."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from readsight.errors import InputError
from readsight.step import drop_runner_packages, step


class NamedList(list):
    """Like Snakemake's lists of files: items by index, some also by name."""

    def __init__(self, **named):
        super().__init__(p for value in named.values() for p in ([value] if isinstance(value, str) else value))
        self._named = named

    def items(self):
        return self._named.items()


@pytest.fixture
def snakemake(tmp_path):
    def build(**output):
        return SimpleNamespace(
            rule="align_stats",
            input=NamedList(),
            output=NamedList(
                **{k: str(tmp_path / v) if isinstance(v, str) else [str(tmp_path / x) for x in v] for k, v in output.items()}
            ),
            params=SimpleNamespace(seed=1),
            wildcards=["s1"],
            threads=1,
            resources=SimpleNamespace(mem_mb=100, tmpdir=str(tmp_path)),
            log=[str(tmp_path / "logs" / "a.log")],
        )

    return build


def list_paths(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if "logs" not in p.parts}


def test_outputs_appear_together_in_their_folders(snakemake, tmp_path):
    with step(snakemake(cram="a/s.cram", crai="a/s.cram.crai", pieces=["b/1.bed", "b/2.bed"])) as job:
        assert job.output.cram.parent == job.output.crai.parent
        for path in [job.output.cram, job.output.crai, *job.output.pieces]:
            path.write_text("whole")
        assert not (tmp_path / "a/s.cram").exists()
    assert list_paths(tmp_path) == {"a", "a/s.cram", "a/s.cram.crai", "b", "b/1.bed", "b/2.bed"}


def test_input_error_has_no_traceback_and_leaves_nothing(snakemake, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop, step(snakemake(cram="a/s.cram")) as job:
        job.output.cram.write_text("half")
        raise InputError("s1: nothing maps")
    assert stop.value.code == 1
    assert list_paths(tmp_path) == {"a"}
    log = (tmp_path / "logs/a.log").read_text()
    assert "s1: nothing maps" in log and "Traceback" not in log
    assert "s1: nothing maps" in capsys.readouterr().err


def test_missing_output_is_named_and_none_is_kept(snakemake, tmp_path):
    with pytest.raises(SystemExit), step(snakemake(cram="a/s.cram", crai="a/s.cram.crai")) as job:
        job.output.cram.write_text("whole")
    assert list_paths(tmp_path) == {"a"}
    assert "a/s.cram.crai" in (tmp_path / "logs/a.log").read_text()


def test_leftovers_of_a_killed_run_are_removed(snakemake, tmp_path):
    leftover = tmp_path / "a" / ".partial-align_stats-s1" / "old.tmp"
    leftover.parent.mkdir(parents=True)
    leftover.write_text("half")
    with step(snakemake(cram="a/s.cram")) as job:
        assert not leftover.exists()
        job.output.cram.write_text("whole")
    assert list_paths(tmp_path) == {"a", "a/s.cram"}


def test_packages_of_the_runner_are_removed(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, "/elsewhere/runner/lib/python3.11/site-packages"])
    drop_runner_packages()
    assert "/elsewhere/runner/lib/python3.11/site-packages" not in sys.path
    assert any("site-packages" in entry for entry in sys.path)
