"""Parser of TCGA barcodes: patient, sample type and processing centre of an aliquot.

TCGA-A7-A13D-01A-13R-A12P-07 is an aliquot of patient TCGA-A7-A13D: sample type 01, vial A,
portion 13, analyte R (RNA), plate A12P, centre 07. Shorter barcodes, down to the patient,
are valid too. Codes follow the GDC (gdc.cancer.gov, TCGA code tables).
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
    """Fields of a barcode; fields that a short barcode lacks are empty.

    patient: TCGA-A7-A13D. sample: TCGA-A7-A13D-01A. sample_type: the GDC's description.
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
        """Non-empty metadata columns of a sample with this barcode."""
        columns = {"patient": self.patient, "sample_type": self.sample_type, "plate": self.plate, "centre": self.centre}
        return {name: value for name, value in columns.items() if value}


def parse(name: str) -> Barcode | None:
    """Parse a barcode; None if the name is not a barcode. Dots, as written by R, are accepted as dashes."""
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
    """Name → canonical name: the sample part of a barcode (TCGA-A7-A13D-01A) if it is unique among the names.

    Aliquots of one sample, measured in different assays, thus have one name in all tables.
    Several aliquots of a sample within one table keep their full barcodes.
    """
    codes = {name: parse(name) for name in names}
    count = Counter(code.sample for code in codes.values() if code)
    result = {}
    for name, code in codes.items():
        short = code and (code.sample if code.sample and count[code.sample] == 1 else code.text)
        result[name] = short or name
    return result


def list_aliases(name: str) -> list[str]:
    """Aliases of a sample, the most specific first: the name, its sample with and without vial, its patient."""
    code = parse(name)
    if code is None:
        return [name]
    short = code.sample.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") if code.sample else ""
    return list(dict.fromkeys(n for n in (name, code.text, code.sample, short, code.patient) if n))
