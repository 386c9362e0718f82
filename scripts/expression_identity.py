"""Compare the sex inferred from expression (XIST and Y genes) with the sample sheet."""

import json
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.step import step

FEMALE_GENES = {"XIST"}
MALE_GENES = {"RPS4Y1", "DDX3Y", "KDM5D", "UTY", "EIF1AY", "USP9Y", "ZFY"}
MIN_TPM = 1.0
SEX_NAMES = {"f": "female", "female": "female", "xx": "female", "m": "male", "male": "male", "xy": "male"}


def infer_sex(xist: float, y: float) -> str:
    """Infer sex from XIST, expressed only by an inactive X, and the mean of Y genes; TPM.

    `both` if both are expressed (a mixture, or XXY), `neither` if none is, `not measured` if the annotation lacks them.
    """
    if np.isnan(xist) or np.isnan(y):
        return "not measured"
    kinds = {(True, False): "female", (False, True): "male", (True, True): "both", (False, False): "neither"}
    # less than a tenth is attributed to cross-contamination on the flow cell
    return kinds[xist >= MIN_TPM and xist > y / 10, y >= MIN_TPM and y > xist / 10]


def compare_sex(data: anndata.AnnData) -> pd.DataFrame:
    """One row per sample: XIST and Y in TPM, inferred sex, sheet's sex, and whether they agree (empty if unknown)."""
    names = data.var["gene_name"].astype(str).str.upper()
    tpm = np.asarray(data.layers["tpm"], dtype=np.float64)

    def mean_tpm(genes: set[str]) -> np.ndarray:
        is_selected = names.isin(genes).to_numpy()
        return tpm[:, is_selected].mean(axis=1) if is_selected.any() else np.full(data.n_obs, np.nan)

    xist, y = mean_tpm(FEMALE_GENES), mean_tpm(MALE_GENES)
    inferred = [infer_sex(*pair) for pair in zip(xist, y, strict=True)]
    claimed = [SEX_NAMES.get(str(sex).lower(), "") for sex in data.obs["sex"]] if "sex" in data.obs else [""] * data.n_obs
    agrees = [
        "" if not claim or sex in ("not measured", "neither") else "yes" if claim == sex else "no"
        for claim, sex in zip(claimed, inferred, strict=True)
    ]
    columns = {"xist_tpm": xist, "y_tpm": y, "told": inferred, "sheet": claimed, "agrees": agrees}
    return pd.DataFrame(columns, index=pd.Index(data.obs_names, name="sample"))


def summary_records(table: pd.DataFrame) -> list[dict[str, Any]]:
    compared = int((table["agrees"] != "").sum())
    differ = list(table.index[table["agrees"] == "no"])
    description = "Samples whose sex inferred from XIST and Y genes differs from the sheet" + (
        f": {', '.join(differ)}" if differ else ""
    )
    if not compared:
        description += " (none could be compared: the sheet has no sex, or the annotation lacks these genes)"
    figure = {"key": "expression.cohort.sex_mismatches", "value": len(differ) if compared else None, "low": None, "high": None}
    return [figure | {"n": compared, "unit": "samples", "description": description}]


def main(path: Path, out: Path, summary: Path) -> None:
    table = compare_sex(anndata.read_h5ad(path))
    table.to_csv(out, sep="\t", float_format="%.6g")
    summary.write_text(json.dumps(summary_records(table), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.data, job.output.table, job.output.summary)
