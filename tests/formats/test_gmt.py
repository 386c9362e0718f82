"""GMT files: reading, refusal of invalid rows, and matching of genes."""

import gzip

import pytest

from readsight.errors import InputError
from readsight.formats.gmt import choose_ids, describe_mismatch, read_gmt

GOOD = "A\tset a\tTP53\tMYC\tTP53\nB\t\tENSG00000141510.17\t\tENSG00000136997\n"


@pytest.mark.parametrize("packed", [False, True])
def test_genes_are_unique_and_without_version(tmp_path, packed):
    path = tmp_path / "sets.gmt"
    path.write_bytes(gzip.compress(GOOD.encode()) if packed else GOOD.replace("\n", "\r\n").encode() + b"\r\n")
    a, b = read_gmt(path)
    assert (a.name, a.description, a.genes) == ("A", "set a", ("TP53", "MYC"))
    assert b.genes == ("ENSG00000141510", "ENSG00000136997")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "holds no gene set"),
        ("\n\n", "holds no gene set"),
        (GOOD + "C\tonly\n", "row 3: 2 columns; a row has name, description and at least one gene"),
        (GOOD + "C only spaces\n", "row 3: 1 column; .* separated by tabs"),
        (GOOD + "C\tx\t\t\n", "row 3: a set without genes"),
        (GOOD + "\nA\tagain\tKRAS\n", "row 4: the set 'A' is already in row 1"),
        ("\tx\tKRAS\n", "row 1: the set has no name"),
    ],
)
def test_faults_name_file_and_row(tmp_path, text, expected):
    path = tmp_path / "sets.gmt"
    path.write_text(text)
    with pytest.raises(InputError, match=expected) as error:
        read_gmt(path)
    assert all(fault.startswith(str(path)) for fault in error.value.faults)


def test_binary_file_is_refused(tmp_path):
    path = tmp_path / "sets.gmt"
    path.write_bytes(b"\xff\xfe\x00" * 9)
    with pytest.raises(InputError, match="cannot be read as a GMT file"):
        read_gmt(path)


@pytest.fixture
def sets(tmp_path):
    (tmp_path / "sets.gmt").write_text(GOOD)
    return read_gmt(tmp_path / "sets.gmt")


def test_best_matching_kind_of_ids_is_chosen(sets):
    ids = {"id": ["ENSG00000141510.3", "ENSG9"], "symbol": ["TP53", "MYC"]}
    assert choose_ids(ids, sets) == ("symbol", ["TP53", "MYC"], 2)
    assert choose_ids({"id": ["ENSG00000141510.3", "x"], "symbol": ["", ""]}, sets)[::2] == ("id", 1)


@pytest.mark.parametrize(
    ("ids", "hint"),
    [
        (["Trp53", "Myc"], "upper and lower case"),
        (["200001_at"], "gene symbols, or Ensembl ids"),
    ],
)
def test_no_match_shows_both_sides(sets, tmp_path, ids, hint):
    message = describe_mismatch(tmp_path / "sets.gmt", sets, {"id": ids, "symbol": [""] * len(ids)})
    assert "TP53" in message and ids[0] in message and hint in message


def test_ncbi_gene_numbers_are_recognised(tmp_path):
    (tmp_path / "s.gmt").write_text("A\t\t7157\t4609\n")
    assert "NCBI" in describe_mismatch(tmp_path / "s.gmt", read_gmt(tmp_path / "s.gmt"), {"id": ["TP53"], "symbol": [""]})
