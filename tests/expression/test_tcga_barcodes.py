"""TCGA barcodes identify patient and sample of an aliquot."""

import pytest

from readsight.expression import tcga_barcodes

ALIQUOT = "TCGA-BH-A0DK-11A-13R-A089-07"


def test_aliquot_barcode_has_all_fields():
    code = tcga_barcodes.parse(ALIQUOT)
    assert (code.project, code.site, code.patient, code.sample) == ("TCGA", "BH", "TCGA-BH-A0DK", "TCGA-BH-A0DK-11A")
    assert (code.vial, code.portion, code.analyte, code.plate, code.centre) == ("A", "13", "R", "A089", "07")
    assert code.columns() == {"patient": "TCGA-BH-A0DK", "sample_type": "Solid tissue normal", "plate": "A089", "centre": "07"}


@pytest.mark.parametrize("cut", [12, 15, 16, 20, 25, 28])
def test_shorter_barcodes_keep_the_patient(cut):
    assert tcga_barcodes.parse(ALIQUOT[:cut]).patient == "TCGA-BH-A0DK"
    assert ("sample_type" in tcga_barcodes.parse(ALIQUOT[:cut]).columns()) == (cut > 12)


@pytest.mark.parametrize("name", ["TCGA", "TCGA-BH", "TCGA-BH-A0DK-1", "GSM2650749", "S1", "TCGA-BH-A0DK-11A-13R-A089-07-x"])
def test_names_that_are_no_barcode(name):
    assert tcga_barcodes.parse(name) is None and tcga_barcodes.list_aliases(name) == [name]


def test_dots_from_r_are_accepted():
    assert tcga_barcodes.parse(ALIQUOT.replace("-", ".")) == tcga_barcodes.parse(ALIQUOT)


def test_sample_type_codes():
    sample_types = {code: tcga_barcodes.parse(f"TCGA-BH-A0DK-{code}A").sample_type for code in ("01", "11", "99")}
    assert sample_types == {"01": "Primary solid tumor", "11": "Solid tissue normal", "99": "sample type 99"}


def test_aliquot_takes_sample_name_if_unique():
    tumour = "TCGA-BH-A0DK-01A-21R-A12P-07"
    second_aliquot = "TCGA-BH-A0DK-01A-22R-A12P-07"
    assert tcga_barcodes.choose_names([ALIQUOT, tumour, "S1"]) == {
        ALIQUOT: "TCGA-BH-A0DK-11A",
        tumour: "TCGA-BH-A0DK-01A",
        "S1": "S1",
    }
    assert tcga_barcodes.choose_names([ALIQUOT, tumour, second_aliquot]) == {
        ALIQUOT: "TCGA-BH-A0DK-11A",
        tumour: tumour,
        second_aliquot: second_aliquot,
    }


def test_aliases_are_ordered_by_specificity():
    assert tcga_barcodes.list_aliases(ALIQUOT) == [ALIQUOT, "TCGA-BH-A0DK-11A", "TCGA-BH-A0DK-11", "TCGA-BH-A0DK"]
