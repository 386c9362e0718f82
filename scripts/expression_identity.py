"""Compare the sex that a sample's genes tell (XIST and genes of Y) with the one that the sheet says."""

import json
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.step import step

FEMALE = {"XIST"}
MALE = {"RPS4Y1", "DDX3Y", "KDM5D", "UTY", "EIF1AY", "USP9Y", "ZFY"}
EXPRESSED = 1.0
WORDS = {"f": "female", "female": "female", "xx": "female", "m": "male", "male": "male", "xy": "male"}


def told(xist: float, y: float) -> str:
    """Sex from XIST, which only an inactive X expresses, and the mean of the genes of Y; TPM.

    `both` where both are expressed (a mixture, or XXY), `neither` where none is; NaN where the annotation lacks them.
    """
    if np.isnan(xist) or np.isnan(y):
        return "not measured"
    kinds = {(True, False): "female", (False, True): "male", (True, True): "both", (False, False): "neither"}
    # a tenth: what spills over from a neighbour on the flow cell is not expression
    return kinds[xist >= EXPRESSED and xist > y / 10, y >= EXPRESSED and y > xist / 10]


def identities(data: anndata.AnnData) -> pd.DataFrame:
    """A row a sample: XIST and Y in TPM, the sex that they tell, the sheet's, and whether these agree (empty where unknown)."""
    names = data.var["gene_name"].astype(str).str.upper()
    tpm = np.asarray(data.layers["tpm"], dtype=np.float64)

    def mean(genes: set[str]) -> np.ndarray:
        wanted = names.isin(genes).to_numpy()
        return tpm[:, wanted].mean(axis=1) if wanted.any() else np.full(data.n_obs, np.nan)

    xist, y = mean(FEMALE), mean(MALE)
    found = [told(*pair) for pair in zip(xist, y, strict=True)]
    claimed = [WORDS.get(str(sex).lower(), "") for sex in data.obs["sex"]] if "sex" in data.obs else [""] * data.n_obs
    agrees = [
        "" if not claim or sex in ("not measured", "neither") else "yes" if claim == sex else "no"
        for claim, sex in zip(claimed, found, strict=True)
    ]
    columns = {"xist_tpm": xist, "y_tpm": y, "told": found, "sheet": claimed, "agrees": agrees}
    return pd.DataFrame(columns, index=pd.Index(data.obs_names, name="sample"))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    compared = int((table["agrees"] != "").sum())
    differ = list(table.index[table["agrees"] == "no"])
    words = "Samples whose sex by XIST and genes of Y is not the sheet's" + (f": {', '.join(differ)}" if differ else "")
    if not compared:
        words += " (none could be compared: the sheet has no sex, or the annotation lacks these genes)"
    figure = {"key": "expression.cohort.sex_mismatches", "value": len(differ) if compared else None, "low": None, "high": None}
    return [figure | {"n": compared, "unit": "samples", "description": words}]


def main(path: Path, out: Path, summary: Path) -> None:
    table = identities(anndata.read_h5ad(path))
    table.to_csv(out, sep="\t", float_format="%.6g")
    summary.write_text(json.dumps(records(table), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.data, job.output.table, job.output.summary)
