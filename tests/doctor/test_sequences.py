"""What is seen of tasks on sequences before any job is what their job would say."""

import random
from types import SimpleNamespace

import pytest

from examples_of_sequences import bases, fasta, spec, two_classes
from readsight.dataset.sequences.example_set import assemble
from readsight.doctor import preflight, resources, sequences
from readsight.doctor.cache import Cache
from readsight.errors import InputError
from readsight.wiring.dataset import DatasetWiring
from readsight.wiring.project import Project


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def project(*files: dict, reference: dict | None = None, **task) -> Project:
    sequences = {"files": [{key: str(value) for key, value in file.items()} for file in files]} | task.pop("sequences", {})
    raw = {
        "project": "p",
        "variants": None,
        "expression": None,
        "tasks": {"t": {"source": "sequences", "sequences": sequences} | task},
    }
    return Project.from_raw(raw | ({"reference": reference} if reference else {}))


def faults(own: Project) -> list[str]:
    """Of the doctor; each is asked for its place in a config of no file."""
    try:
        preflight.examine(own)
    except InputError as error:
        return [fault.removeprefix("config: ") for fault in error.faults]
    return []


def test_sound_files_have_no_faults_and_are_counted(tmp_path):
    said = []
    preflight.examine(project(*two_classes(tmp_path)), lambda subject, text: said.append((subject, text)))
    assert ("task t", f"{tmp_path / 'bound.fa'}: 30 sequences of 40 bases (FASTA)") in said


def test_what_was_read_is_remembered_until_the_file_changes(tmp_path):
    own = project(*two_classes(tmp_path))
    assert faults(own) == []
    held = set(Cache().folder.iterdir())
    assert len(held) == 2 and faults(own) == [] and set(Cache().folder.iterdir()) == held
    fasta(tmp_path / "free.fa", {"a": "ACGTJ"})
    assert "has 'J', which is no base" in faults(own)[0]


def rows(*labels: str, columns: str = "label") -> str:
    draw = random.Random(1)
    return f"sequence\t{columns}\n" + "".join(f"{bases(draw, 20)}\t{label}\n" for label in labels)


SAME = {
    "one class": (rows(*"xxxx"), {}),
    "a class of one": (rows(*"xxxy"), {}),
    "numbers for classes": (rows(*map(str, range(60))), {}),
    "no such positive": (rows(*"xxyy"), {"positive": "X"}),
    "no places": (rows(*"xxyy"), {"split": {"by": "chromosome"}}),
    "no such label": (rows(*"xxyy", columns="lable"), {}),
    "no such group": (rows(*"xxyy"), {"split": {"by": "group", "column": "labels"}}),
    "no split": (rows(*"xxyy"), {"split": {"by": "given"}}),
    "a score that is none": (rows(*"12x4"), {"sequences": {"target": "score"}}),
    "unequal": (rows(*"xxyy") + "ACGT\ty\n", {}),
    "a protein": (rows(*"xxyy") + "MKVLAAGIVGLCAKAYLEQH\ty\n", {}),
}


@pytest.mark.parametrize(("text", "task"), SAME.values(), ids=SAME)
def test_foresight_says_what_the_job_would_say(tmp_path, text, task):
    (tmp_path / "t.tsv").write_text(text)
    own = project({"path": tmp_path / "t.tsv"}, **task)
    told = DatasetWiring(own).sequences(SimpleNamespace(task="t"))
    with pytest.raises(InputError) as caught:
        assemble([str(tmp_path / "t.tsv")], told, 1)
    ahead = [fault.removeprefix("tasks.t.") for fault in faults(own)]
    assert ahead == caught.value.faults


def test_a_spec_of_the_tests_is_one_of_the_wiring(tmp_path):
    own = project(*two_classes(tmp_path))
    assert DatasetWiring(own).sequences(SimpleNamespace(task="t")) == spec(*two_classes(tmp_path))


KEYS = {
    "a chromosome that no example lies on": ({"split": {"by": "chromosome", "test_chromosomes": ["chr2"], "validation_chromosomes": ["chr6"]}}, "tasks.t.split.validation_chromosomes.0: no example lies on 'chr6'; did you mean 'chr5'? There are: chr1, chr2, chr3, chr4, chr5"),
    "a chromosome in another style": ({"split": {"by": "chromosome", "test_chromosomes": ["2"]}}, "tasks.t.split.test_chromosomes.0: no example lies on '2'; did you mean 'chr2'?"),
    "k-mers of a representation": ({"representation": "kmer", "represent": {"k": 12}, "sequences": {"length": 10, "unequal": "crop"}}, "tasks.t.represent.k: k-mers of 12 bases do not fit into sequences of 10"),
    "k-mers of a model": ({"models": ["kmer_linear"], "kmers": {"k": 6}, "sequences": {"length": 5, "unequal": "crop"}}, "tasks.t.kmers.k: k-mers of 6 bases do not fit into sequences of 5"),
    "gapped k-mers": ({"models": ["gapped_kmer_svm"], "kmers": {"length": 41}}, "tasks.t.kmers.length: gapped k-mers of 41 bases do not fit into sequences of 40"),
    "k-mers of a graph": ({"models": ["graph"], "architectures": {"graph": {"k": 8}}, "sequences": {"length": 6, "unequal": "crop"}}, "tasks.t.architectures.graph.k: k-mers of 8 bases do not fit into sequences of 6"),
    "another positive": ({"positive": "bond"}, "tasks.t.positive: no sequence is 'bond'; did you mean 'bound'?"),
    "negatives of a lone class do not help its positive": ({"positive": "none", "sequences": {"negatives": {"method": "shuffled", "label": "made"}}}, "tasks.t.positive: no sequence is 'none'; there are: bound, free, made"),
    "checkpoint that is not there": ({"representation": "transformer", "represent": {"checkpoint": "nowhere"}, "models": ["transformer"]}, "tasks.t.represent.checkpoint: there is no such folder: nowhere"),
}  # fmt: skip


@pytest.mark.parametrize(("task", "words"), KEYS.values(), ids=KEYS)
def test_keys_that_do_not_fit_the_data_are_said(tmp_path, task, words):
    found = faults(project(*two_classes(tmp_path), **task))
    assert len(found) == 1 and found[0].startswith(words), found


def test_a_folder_that_is_no_checkpoint_is_told_what_it_lacks(tmp_path):
    (tmp_path / "model").mkdir()
    task = {"representation": "transformer", "represent": {"checkpoint": "model"}, "models": ["transformer"]}
    found = faults(project(*two_classes(tmp_path), **task))
    assert [word in fault for word, fault in zip(("config.json", "no tokenizer", "no weights"), found, strict=True)] == [True] * 3
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / "model" / name).write_text("{}")
    assert not faults(project(*two_classes(tmp_path), **task))


def test_one_class_is_enough_where_negatives_are_made(tmp_path):
    one, _ = two_classes(tmp_path)
    assert "one class, nothing to learn" in faults(project(one))[0]
    assert not faults(project(one, sequences={"negatives": {"method": "shuffled"}}))


def test_a_given_split_needs_both_sides(tmp_path):
    one, two = two_classes(tmp_path)
    assert "tasks.t.split.given: no sequence is of side 'test'" in faults(project(one | {"split": "train"}, two | {"split": "train"}, split={"by": "given"}))[0]  # fmt: skip
    assert not faults(project(one | {"split": "train"}, two | {"split": "test"}, split={"by": "given"}))


def test_of_a_large_file_the_head_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(sequences, "LARGE", 100)
    monkeypatch.setattr(sequences, "HEAD", 1000)
    one, two = two_classes(tmp_path, number=100)
    said: list[str] = []
    own = project(one, two, split={"by": "chromosome", "test_chromosomes": ["chr2"]})
    preflight.examine(own, lambda subject, text: said.append(text))
    first = next(int(text.split("the first ")[1].split()[0]) for text in said if "the first " in text)
    assert 10 < first < 30
    late = (tmp_path / "bound.fa").read_text() + ">late\nACGJ\n"
    (tmp_path / "bound.fa").write_text(late)
    assert not faults(own)
    (tmp_path / "bound.fa").write_text(">early\nACGJ\n" + late)
    assert "row 2, column 4: sequence 'early' has 'J'" in faults(own)[0]


def reference(tmp_path) -> dict:
    contigs = {f"chr{i}": bases(random.Random(i), 3000) for i in (1, 2)}
    return {"fasta": str(fasta(tmp_path / "genome.fa", contigs))}


def test_regions_are_compared_with_the_genome(tmp_path):
    where = reference(tmp_path)
    entry = {"path": tmp_path / "peaks.bed", "label": "peak"}
    task = {"sequences": {"negatives": {"method": "shuffled"}}}
    (tmp_path / "peaks.bed").write_text("chr1\t100\t200\nchr2\t100\t200\n")
    assert not faults(project(entry, reference=where, **task))
    assert not faults(project(entry, sequences={"negatives": {"method": "shuffled"}, "genome": where["fasta"]}))
    assert "sequences.genome: " in faults(project(entry, **task))[0]
    (tmp_path / "peaks.bed").write_text("1\t100\t200\n")
    assert "contigs are named as '1' here but as 'chr1'" in faults(project(entry, reference=where, **task))[0]
    (tmp_path / "peaks.bed").write_text("chr1\t100\t200\nchr1\t2990\t3090\n")
    assert (
        "peaks.bed, row 2: ends at 3,090, past the end of contig 'chr1' (3,000 bases"
        in faults(project(entry, reference=where, **task))[0]
    )
    split = {"by": "chromosome", "test_chromosomes": ["chr3"]}
    (tmp_path / "peaks.bed").write_text("chr1\t100\t200\nchr2\t100\t200\n")
    assert (
        "split.test_chromosomes.0: no example lies on 'chr3'" in faults(project(entry, reference=where, split=split, **task))[0]
    )


def test_a_signal_and_its_bins_are_looked_at(tmp_path):
    (tmp_path / "peaks.bed").write_text("chr1\t100\t200\nchr2\t100\t200\n")
    (tmp_path / "s.bw").write_text("chr1\t100\t200\t1\n")
    told = {"target": "profile", "signal": str(tmp_path / "s.bw"), "length": 100, "bin": 32}
    found = faults(project({"path": tmp_path / "peaks.bed"}, reference=reference(tmp_path), sequences=told))
    assert len(found) == 1 and "sequences.signal: " in found[0] and "is no bigWig" in found[0]
    (tmp_path / "s.bw").write_bytes(sequences.BIGWIG[0] + b"\0" * 100)
    found = faults(project({"path": tmp_path / "peaks.bed"}, reference=reference(tmp_path), sequences=told))
    assert found == ["tasks.t.sequences.bin: windows of 100 bases are no whole number of bins of 32; set sequences.length to 96"]


def test_sequences_need_room_in_every_fold(tmp_path):
    size = sum(entry["path"].stat().st_size for entry in two_classes(tmp_path))
    few, many = (project(*two_classes(tmp_path), split={"folds": folds}) for folds in (3, 10))
    assert resources.estimate(many, 0) - resources.estimate(few, 0) == 14 * size
    assert resources.check_memory(few, 0) == []
