"""TCGA barcodes say whose sample an aliquot is of."""

import pytest

from readsight.expression import tcga_barcodes

ALIQUOT = "TCGA-BH-A0DK-11A-13R-A089-07"


def test_an_aliquot_has_all_parts():
    code = tcga_barcodes.parse(ALIQUOT)
    assert (code.project, code.site, code.patient, code.sample) == ("TCGA", "BH", "TCGA-BH-A0DK", "TCGA-BH-A0DK-11A")
    assert (code.vial, code.portion, code.analyte, code.plate, code.centre) == ("A", "13", "R", "A089", "07")
    assert code.columns() == {"patient": "TCGA-BH-A0DK", "sample_type": "Solid tissue normal", "plate": "A089", "centre": "07"}


@pytest.mark.parametrize("cut", [12, 15, 16, 20, 25, 28])
def test_shorter_barcodes_keep_the_patient(cut):
    assert tcga_barcodes.parse(ALIQUOT[:cut]).patient == "TCGA-BH-A0DK"
    assert ("sample_type" in tcga_barcodes.parse(ALIQUOT[:cut]).columns()) == (cut > 12)


@pytest.mark.parametrize("name", ["TCGA", "TCGA-BH", "TCGA-BH-A0DK-1", "GSM2650749", "S1", "TCGA-BH-A0DK-11A-13R-A089-07-x"])
def test_what_is_no_barcode(name):
    assert tcga_barcodes.parse(name) is None and tcga_barcodes.ladder(name) == [name]


def test_r_writes_dots():
    assert tcga_barcodes.parse(ALIQUOT.replace("-", ".")) == tcga_barcodes.parse(ALIQUOT)


def test_tumour_and_normal_and_a_code_that_is_not_known():
    said = {code: tcga_barcodes.parse(f"TCGA-BH-A0DK-{code}A").sample_type for code in ("01", "11", "99")}
    assert said == {"01": "Primary solid tumor", "11": "Solid tissue normal", "99": "sample type 99"}


def test_aliquots_are_called_by_their_sample_where_it_has_one():
    other = "TCGA-BH-A0DK-01A-21R-A12P-07"
    again = "TCGA-BH-A0DK-01A-22R-A12P-07"
    assert tcga_barcodes.called([ALIQUOT, other, "S1"]) == {ALIQUOT: "TCGA-BH-A0DK-11A", other: "TCGA-BH-A0DK-01A", "S1": "S1"}
    assert tcga_barcodes.called([ALIQUOT, other, again]) == {ALIQUOT: "TCGA-BH-A0DK-11A", other: other, again: again}


def test_names_elsewhere_the_closest_first():
    assert tcga_barcodes.ladder(ALIQUOT) == [ALIQUOT, "TCGA-BH-A0DK-11A", "TCGA-BH-A0DK-11", "TCGA-BH-A0DK"]
