"""TCGA barcodes: whose sample an aliquot is of, of which tissue, and where it was measured.

TCGA-A7-A13D-01A-13R-A12P-07 is an aliquot of patient TCGA-A7-A13D: sample type 01, vial A,
portion 13, analyte R (RNA), plate A12P, centre 07. Shorter ones, down to the patient, are
barcodes too. Codes are those of the GDC (gdc.cancer.gov, TCGA code tables).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# R writes names with dots.
PATTERN = re.compile(
    r"(?P<project>TCGA)[-.](?P<site>[A-Z0-9]{2})[-.](?P<person>[A-Z0-9]{4})"
    r"(?:[-.](?P<type>\d{2})(?P<vial>[A-Z])?"
    r"(?:[-.](?P<portion>\d{2})(?P<analyte>[A-Z])?"
    r"(?:[-.](?P<plate>[A-Z0-9]{4})(?:[-.](?P<centre>\d{2}))?)?)?)?",
    re.IGNORECASE,
)
SAMPLE_TYPES = {
    "01": "Primary solid tumor",
    "02": "Recurrent solid tumor",
    "03": "Primary blood derived cancer - peripheral blood",
    "04": "Recurrent blood derived cancer - bone marrow",
    "05": "Additional - new primary",
    "06": "Metastatic",
    "07": "Additional metastatic",
    "08": "Human tumor original cells",
    "09": "Primary blood derived cancer - bone marrow",
    "10": "Blood derived normal",
    "11": "Solid tissue normal",
    "12": "Buccal cell normal",
    "13": "EBV immortalized normal",
    "14": "Bone marrow normal",
    "20": "Control analyte",
    "40": "Recurrent blood derived cancer - peripheral blood",
    "50": "Cell lines",
    "60": "Primary xenograft tissue",
    "61": "Cell line derived xenograft tissue",
}


@dataclass(frozen=True)
class Barcode:
    """A barcode's parts; those that it is too short for are empty.

    patient: TCGA-A7-A13D. sample: TCGA-A7-A13D-01A. sample_type: in words.
    """

    text: str
    project: str
    site: str
    patient: str
    sample: str
    sample_type: str
    vial: str
    portion: str
    analyte: str
    plate: str
    centre: str

    def columns(self) -> dict[str, str]:
        """What describes a sample of this barcode, under the names of columns."""
        columns = {"patient": self.patient, "sample_type": self.sample_type, "plate": self.plate, "centre": self.centre}
        return {name: value for name, value in columns.items() if value}


def parse(name: str) -> Barcode | None:
    """The barcode that a name is; None where it is none. Dots, which R writes, stand for dashes."""
    match = PATTERN.fullmatch(name.strip())
    if not match:
        return None
    fields = {key: (value or "").upper() for key, value in match.groupdict().items()}
    code = fields["type"]
    patient = f"{fields['project']}-{fields['site']}-{fields['person']}"
    sample = f"{patient}-{code}{fields['vial']}" if code else ""
    sample_type = SAMPLE_TYPES.get(code, f"sample type {code}") if code else ""
    text = name.strip().upper().replace(".", "-")
    components = {key: fields[key] for key in ("project", "site", "vial", "portion", "analyte", "plate", "centre")}
    return Barcode(text=text, patient=patient, sample=sample, sample_type=sample_type, **components)


def choose_names(names: Sequence[str]) -> dict[str, str]:
    """Name → what the sample is called: a barcode by its sample (TCGA-A7-A13D-01A) where no other name is of that sample.

    So aliquots of one sample, of which several molecules were measured, bear one name in
    all tables. Where a table has several aliquots of a sample, these keep their whole barcodes.
    """
    codes = {name: parse(name) for name in names}
    count = Counter(code.sample for code in codes.values() if code)
    result = {}
    for name, code in codes.items():
        short = code and (code.sample if code.sample and count[code.sample] == 1 else code.text)
        result[name] = short or name
    return result


def list_aliases(name: str) -> list[str]:
    """What a sample may be called elsewhere, the closest first: itself, its sample with and without vial, its patient."""
    code = parse(name)
    if code is None:
        return [name]
    short = code.sample.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if code.sample else ""
    return list(dict.fromkeys(n for n in (name, code.text, code.sample, short, code.patient) if n))
