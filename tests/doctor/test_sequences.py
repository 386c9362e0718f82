"""The doctor reports the same faults of sequence tasks as their jobs."""

import random
from types import SimpleNamespace

import pytest

from examples_of_sequences import draw_bases, make_spec, write_fasta, write_two_classes
from readsight.dataset.sequences.example_set import assemble_examples
from readsight.doctor import preflight, resources, sequences
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.project import Project


@pytest.fixture(autouse=True)
def run_in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def build_project(*files: dict, reference: dict | None = None, **task) -> Project:
    sequences = {"files": [{key: str(value) for key, value in file.items()} for file in files]} | task.pop("sequences", {})
    raw = {
        "project": "p",
        "variants": None,
        "expression": None,
        "tasks": {"t": {"source": "sequences", "sequences": sequences} | task},
    }
    return Project.from_raw(raw | ({"reference": reference} if reference else {}))


def read_faults(project: Project) -> list[str]:
    """Faults that the doctor reports, without their location in the config."""
    try:
        preflight.examine_project(project)
    except InputError as error:
        return [fault.removeprefix("config: ") for fault in error.faults]
    return []


def test_valid_files_have_no_faults_and_are_counted(tmp_path):
    messages = []
    preflight.examine_project(build_project(*write_two_classes(tmp_path)), lambda subject, text: messages.append((subject, text)))
    assert ("task t", f"{tmp_path / 'bound.fa'}: 30 sequences of 40 bases (FASTA)") in messages


def test_results_are_cached_until_the_file_changes(tmp_path):
    valid_project = build_project(*write_two_classes(tmp_path))
    assert read_faults(valid_project) == []
    entries = set(Cache().folder.iterdir())
    assert len(entries) == 2 and read_faults(valid_project) == [] and set(Cache().folder.iterdir()) == entries
    write_fasta(tmp_path / "free.fa", {"a": "ACGTJ"})
    assert "has 'J', which is not a base" in read_faults(valid_project)[0]


def build_rows(*labels: str, columns: str = "label") -> str:
    rng = random.Random(1)
    return f"sequence\t{columns}\n" + "".join(f"{draw_bases(rng, 20)}\t{label}\n" for label in labels)


FAULTY_TABLES = {
    "one class": (build_rows(*"xxxx"), {}),
    "a class of one": (build_rows(*"xxxy"), {}),
    "too many classes": (build_rows(*map(str, range(60))), {}),
    "unknown positive class": (build_rows(*"xxyy"), {"positive": "X"}),
    "no coordinates": (build_rows(*"xxyy"), {"split": {"by": "chromosome"}}),
    "unknown label column": (build_rows(*"xxyy", columns="lable"), {}),
    "unknown group column": (build_rows(*"xxyy"), {"split": {"by": "group", "column": "labels"}}),
    "no split": (build_rows(*"xxyy"), {"split": {"by": "given"}}),
    "an invalid score": (build_rows(*"12x4"), {"sequences": {"target": "score"}}),
    "unequal": (build_rows(*"xxyy") + "ACGT\ty\n", {}),
    "a protein": (build_rows(*"xxyy") + "MKVLAAGIVGLCAKAYLEQH\ty\n", {}),
}


@pytest.mark.parametrize(("text", "task"), FAULTY_TABLES.values(), ids=FAULTY_TABLES)
def test_doctor_reports_what_the_job_would(tmp_path, text, task):
    (tmp_path / "t.tsv").write_text(text)
    faulty_project = build_project({"path": tmp_path / "t.tsv"}, **task)
    settings = DatasetWiring(faulty_project).sequences_spec(SimpleNamespace(task="t"))
    with pytest.raises(InputError) as caught:
        assemble_examples([str(tmp_path / "t.tsv")], settings, 1)
    reported = [fault.removeprefix("tasks.t.") for fault in read_faults(faulty_project)]
    assert reported == caught.value.faults


def test_spec_of_the_tests_matches_the_wiring(tmp_path):
    valid_project = build_project(*write_two_classes(tmp_path))
    assert DatasetWiring(valid_project).sequences_spec(SimpleNamespace(task="t")) == make_spec(*write_two_classes(tmp_path))


CONTRADICTIONS = {
    "chromosome without examples": ({"split": {"by": "chromosome", "test_chromosomes": ["chr2"], "validation_chromosomes": ["chr6"]}}, "tasks.t.split.validation_chromosomes.0: no example is on 'chr6'; did you mean 'chr5'? Available: chr1, chr2, chr3, chr4, chr5"),
    "chromosome name in a different style": ({"split": {"by": "chromosome", "test_chromosomes": ["2"]}}, "tasks.t.split.test_chromosomes.0: no example is on '2'; did you mean 'chr2'?"),
    "k-mers of a representation": ({"representation": "kmer", "represent": {"k": 12}, "sequences": {"length": 10, "unequal": "crop"}}, "tasks.t.represent.k: k-mers of 12 bases do not fit into sequences of 10"),
    "k-mers of a model": ({"models": ["kmer_linear"], "kmers": {"k": 6}, "sequences": {"length": 5, "unequal": "crop"}}, "tasks.t.kmers.k: k-mers of 6 bases do not fit into sequences of 5"),
    "gapped k-mers": ({"models": ["gapped_kmer_svm"], "kmers": {"length": 41}}, "tasks.t.kmers.length: gapped k-mers of 41 bases do not fit into sequences of 40"),
    "k-mers of a graph": ({"models": ["graph"], "architectures": {"graph": {"k": 8}}, "sequences": {"length": 6, "unequal": "crop"}}, "tasks.t.architectures.graph.k: k-mers of 8 bases do not fit into sequences of 6"),
    "misspelled positive class": ({"positive": "bond"}, "tasks.t.positive: no sequence is 'bond'; did you mean 'bound'?"),
    "unknown positive class with generated negatives": ({"positive": "none", "sequences": {"negatives": {"method": "shuffled", "label": "made"}}}, "tasks.t.positive: no sequence is 'none'; there are: bound, free, made"),
    "missing checkpoint": ({"representation": "transformer", "represent": {"checkpoint": "nowhere"}, "models": ["transformer"]}, "tasks.t.represent.checkpoint: folder does not exist: nowhere"),
}  # fmt: skip


@pytest.mark.parametrize(("task", "message"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_keys_that_contradict_the_data_are_reported(tmp_path, task, message):
    reported = read_faults(build_project(*write_two_classes(tmp_path), **task))
    assert len(reported) == 1 and reported[0].startswith(message), reported


def test_incomplete_checkpoint_folder_is_reported(tmp_path):
    (tmp_path / "model").mkdir()
    task = {"representation": "transformer", "represent": {"checkpoint": "model"}, "models": ["transformer"]}
    reported = read_faults(build_project(*write_two_classes(tmp_path), **task))
    assert [phrase in fault for phrase, fault in zip(("config.json", "no tokenizer", "no weights"), reported, strict=True)] == [
        True
    ] * 3
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / "model" / name).write_text("{}")
    assert not read_faults(build_project(*write_two_classes(tmp_path), **task))


def test_one_class_suffices_when_negatives_are_made(tmp_path):
    one, _ = write_two_classes(tmp_path)
    assert "one class, nothing to learn" in read_faults(build_project(one))[0]
    assert not read_faults(build_project(one, sequences={"negatives": {"method": "shuffled"}}))


def test_given_split_needs_both_sides(tmp_path):
    one, two = write_two_classes(tmp_path)
    assert "tasks.t.split.given: no sequence is in subset 'test'" in read_faults(build_project(one | {"split": "train"}, two | {"split": "train"}, split={"by": "given"}))[0]  # fmt: skip
    assert not read_faults(build_project(one | {"split": "train"}, two | {"split": "test"}, split={"by": "given"}))


def test_only_the_head_of_a_large_file_is_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(sequences, "LARGE_BYTES", 100)
    monkeypatch.setattr(sequences, "HEAD_BYTES", 1000)
    one, two = write_two_classes(tmp_path, number=100)
    messages: list[str] = []
    large_project = build_project(one, two, split={"by": "chromosome", "test_chromosomes": ["chr2"]})
    preflight.examine_project(large_project, lambda subject, text: messages.append(text))
    first = next(int(text.split("the first ")[1].split()[0]) for text in messages if "the first " in text)
    assert 10 < first < 30
    late = (tmp_path / "bound.fa").read_text() + ">late\nACGJ\n"
    (tmp_path / "bound.fa").write_text(late)
    assert not read_faults(large_project)
    (tmp_path / "bound.fa").write_text(">early\nACGJ\n" + late)
    assert "row 2, column 4: sequence 'early' has 'J'" in read_faults(large_project)[0]


def write_reference(tmp_path) -> dict:
    contigs = {f"chr{i}": draw_bases(random.Random(i), 3000) for i in (1, 2)}
    return {"fasta": str(write_fasta(tmp_path / "genome.fa", contigs))}


def test_regions_are_compared_with_the_genome(tmp_path):
    genome = write_reference(tmp_path)
    entry = {"path": tmp_path / "peaks.bed", "label": "peak"}
    task = {"sequences": {"negatives": {"method": "shuffled"}}}
    (tmp_path / "peaks.bed").write_text("chr1\t100\t200\nchr2\t100\t200\n")
    assert not read_faults(build_project(entry, reference=genome, **task))
    assert not read_faults(build_project(entry, sequences={"negatives": {"method": "shuffled"}, "genome": genome["fasta"]}))
    assert "sequences.genome: " in read_faults(build_project(entry, **task))[0]
    (tmp_path / "peaks.bed").write_text("1\t100\t200\n")
    assert "contigs are named as '1' here but as 'chr1'" in read_faults(build_project(entry, reference=genome, **task))[0]
    (tmp_path / "peaks.bed").write_text("chr1\t100\t200\nchr1\t2990\t3090\n")
    assert (
        "peaks.bed, row 2: ends at 3,090, past the end of contig 'chr1' (3,000 bases"
        in read_faults(build_project(entry, reference=genome, **task))[0]
    )
    split = {"by": "chromosome", "test_chromosomes": ["chr3"]}
    (tmp_path / "peaks.bed").write_text("chr1\t100\t200\nchr2\t100\t200\n")
    assert (
        "split.test_chromosomes.0: no example is on 'chr3'"
        in read_faults(build_project(entry, reference=genome, split=split, **task))[0]
    )


def test_signal_and_bins_are_checked(tmp_path):
    (tmp_path / "peaks.bed").write_text("chr1\t100\t200\nchr2\t100\t200\n")
    (tmp_path / "s.bw").write_text("chr1\t100\t200\t1\n")
    settings = {"target": "profile", "signal": str(tmp_path / "s.bw"), "length": 100, "bin": 32}
    reported = read_faults(
        build_project({"path": tmp_path / "peaks.bed"}, reference=write_reference(tmp_path), sequences=settings)
    )
    assert len(reported) == 1 and "sequences.signal: " in reported[0] and "is not a bigWig" in reported[0]
    (tmp_path / "s.bw").write_bytes(sequences.BIGWIG_MAGIC[0] + b"\0" * 100)
    reported = read_faults(
        build_project({"path": tmp_path / "peaks.bed"}, reference=write_reference(tmp_path), sequences=settings)
    )
    assert reported == [
        "tasks.t.sequences.bin: the window length of 100 bases is not a multiple of the bin width of 32; set sequences.length to 96"
    ]


def test_disk_estimate_counts_every_fold(tmp_path):
    size = sum(entry["path"].stat().st_size for entry in write_two_classes(tmp_path))
    few, many = (build_project(*write_two_classes(tmp_path), split={"folds": folds}) for folds in (3, 10))
    assert resources.estimate_disk(many, 0) - resources.estimate_disk(few, 0) == 14 * size
    assert resources.check_memory(few, 0) == []
