"""All faults of a config are reported with file, row, key and the closest valid name."""

import pytest

from readsight.config import schema
from readsight.errors import InputError
from readsight.wiring.project import Project

GOOD = """\
project: p
samples: s.tsv
reference:
  fasta: genome.fa
"""


@pytest.fixture
def write_config(tmp_path):
    def make(text):
        path = tmp_path / "config.yaml"
        path.write_text(text)
        return path

    return make


def read_faults(path):
    with pytest.raises(InputError) as error:
        schema.read_config(path)
    return error.value.faults


def test_minimal_config_has_defaults(write_config):
    parsed = schema.read_config(write_config(GOOD))
    assert parsed.folder == "results/p"
    assert parsed.variants.callers == ["bcftools"] and parsed.variants.truth is None


@pytest.mark.parametrize(
    ("added", "row", "phrases"),
    [
        ("alin:\n  threads: 2\n", 5, ["alin: unknown key", "'align'"]),
        ("reads:\n  trim:\n    windw: 3\n", 7, ["reads.trim.windw: unknown key", "'window'"]),
        ("align:\n  aligner: bwamem2\n", 6, ["align.aligner: 'bwamem2'", "did you mean 'bwa-mem2'?"]),
        ("variants:\n  callers: [bcftool]\n", 6, ["variants.callers.0", "did you mean 'bcftools'?"]),
        ("align:\n  threads: many\n", 6, ["align.threads", "an integer", "'many'"]),
        ("align:\n  threads: 2.5\n", 6, ["align.threads", "an integer", "2.5"]),
        ("reads:\n  trim: false\n", 6, ["reads.trim: this is a section", "False"]),
        ("variants:\n  callers: bcftools\n", 6, ["variants.callers: a list is needed", "'bcftools'"]),
        ("variants:\n  truth: t.vcf\n", 6, ["variants.truth: this is a section", "'t.vcf'"]),
        ("variants:\n  filters: QUAL<20\n", 6, ["variants.filters: names that you choose", "'QUAL<20'"]),
        ("variants:\n  filters: {Low Qual: QUAL<20}\n", 6, ["variants.filters.Low Qual", "a name is needed"]),
        ("results: 2024\n", 5, ["results: text is needed (put it in quotes), got 2024"]),
        ("align:\n  min_mapped: 3\n", 6, ["align.min_mapped", "less than or equal to 1"]),
        ("tasks:\n  t:\n    networkk: {}\n", 7, ["tasks.t.networkk: unknown key", "'network'"]),
        ("variants:\n  consensus: 3\n", 6, ["variants.consensus", "requires 3 callers"]),
        (
            "tasks:\n  t:\n    caller: freebayes\nvariants: {truth: {vcf: t.vcf}}\n",
            7,
            ["tasks.t.caller", "'freebayes' is not among"],
        ),
        (
            "tasks:\n  t:\n    split: {by: group}\nvariants: {truth: {vcf: t.vcf}}\n",
            7,
            ["tasks.t.split.by: 'group'", "use block or chromosome"],
        ),
        ("align:\n  recalibrate: true\n", 6, ["align.recalibrate", "reference.known_sites"]),
        ("seed: 3\nseed: 4\n", 6, ["seed: occurs twice in this section"]),
        ("results: ${NOT_SET_AT_ALL}/x\n", 5, ["results: the environment variable NOT_SET_AT_ALL is not set"]),
    ],
)
def test_fault_names_file_row_key_and_remedy(write_config, added, row, phrases):
    path = write_config(GOOD + added)
    (fault,) = read_faults(path)
    assert fault.startswith(f"{path}, row {row}: "), fault
    for phrase in phrases:
        assert phrase in fault


def test_consensus_calls_can_be_training_examples(write_config):
    text = "variants: {callers: [bcftools, freebayes], consensus: 2, truth: {vcf: t.vcf}}\ntasks: {t: {caller: consensus}}\n"
    assert schema.read_config(write_config(GOOD + text)).tasks["t"].caller == "consensus"
    assert "'consensus' is not among" in read_faults(write_config(GOOD + text.replace("consensus: 2, ", "")))[0]


def test_missing_required_key_is_reported(write_config):
    assert any(
        "reference.fasta: this key is needed" in f and "row 3" in f
        for f in read_faults(write_config("project: p\nsamples: s\nreference: {}\n"))
    )
    assert "samples: a sample sheet is needed" in read_faults(write_config("project: p\nreference: {fasta: a.fa}\n"))[0]


def test_all_faults_are_reported_at_once(write_config):
    faults = read_faults(write_config(GOOD + "algn: {}\nseed: -1\nreads:\n  full_check_mb: x\n"))
    assert len(faults) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2\nb: 3\n", "row 2"),
        ("- a\n- b\n", "list of `key: value`"),
        ("", "list of `key: value`"),
        ("a:\tb: c\n", "not YAML"),
    ],
)
def test_files_that_are_not_a_config(write_config, text, message):
    (fault,) = read_faults(write_config(text))
    assert message in fault


def test_missing_file_is_reported(tmp_path):
    assert "this config file does not exist" in read_faults(tmp_path / "x.yaml")[0]


def test_results_and_environment_variables_are_expanded(write_config, monkeypatch):
    monkeypatch.setenv("DATA", "/d")
    parsed = schema.read_config(
        write_config("project: p\nsamples: ${results}/demo/s.tsv\nresults: out\nreference:\n  fasta: ${DATA}/g.fa\n")
    )
    assert (parsed.samples, parsed.reference.fasta) == ("out/p/demo/s.tsv", "/d/g.fa")


def test_faults_of_config_and_sheet_are_reported_together(write_config, tmp_path):
    sheet = tmp_path / "s.tsv"
    sheet.write_text("sample\tassay\tfastq_1\nA\twgz\ta.fq\n")
    path = write_config(f"project: p\nsamples: {sheet}\nreference: {{fasta: g.fa}}\nsed: 1\n")
    with pytest.raises(InputError) as error:
        Project.from_raw(schema.load_config(path), [path])
    assert [("row 4: sed" in f, "column assay" in f) for f in error.value.faults] == [(True, False), (False, True)]


def test_later_file_overrides_earlier_one(tmp_path):
    first, second = tmp_path / "one.yaml", tmp_path / "two.yaml"
    first.write_text(GOOD + "seed: 1\n")
    second.write_text("seed: x\n")
    with pytest.raises(InputError) as error:
        schema.check_config({**schema.load_config(first), **schema.load_config(second)}, [first, second])
    assert error.value.faults[0].startswith(f"{second}, row 1: seed")
