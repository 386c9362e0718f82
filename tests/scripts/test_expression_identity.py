"""Sex is inferred from XIST and Y genes."""

import anndata
import numpy as np
import pandas as pd
import pytest

from expression_identity import compare_sex, infer_sex, summary_records


@pytest.mark.parametrize(
    ("xist", "y", "sex"),
    [
        (40, 0, "female"),
        (0, 12, "male"),
        (40, 0.5, "female"),
        (30, 1.2, "female"),
        (25, 14, "both"),
        (0, 0, "neither"),
        (np.nan, 3, "not measured"),
    ],
)
def test_sex_is_inferred_from_expression(xist, y, sex):
    assert infer_sex(xist, y) == sex


def cohort(genes, tpm, sex) -> anndata.AnnData:
    obs = pd.DataFrame({"sex": sex}, index=[f"s{i}" for i in range(len(tpm))])
    var = pd.DataFrame({"gene_name": genes}, index=[f"g{i}" for i in range(len(genes))])
    return anndata.AnnData(np.zeros((len(tpm), len(genes))), obs=obs, var=var, layers={"tpm": np.array(tpm, float)})


def test_exchanged_sample_is_reported():
    data = cohort(
        ["XIST", "RPS4Y1", "DDX3Y", "ACTB"],
        [[50, 0, 0, 9], [0, 20, 10, 9], [0, 20, 10, 9], [50, 0, 0, 9]],
        ["F", "male", "female", ""],
    )
    table = compare_sex(data)
    assert list(table["told"]) == ["female", "male", "male", "female"]
    assert list(table["agrees"]) == ["yes", "yes", "no", ""]
    (record,) = summary_records(table)
    assert (record["value"], record["n"]) == (1, 3) and record["description"].endswith(": s2")


def test_mouse_gene_names_and_missing_genes():
    assert list(compare_sex(cohort(["Xist", "Uty"], [[9, 0]], ["female"]))["agrees"]) == ["yes"]
    table = compare_sex(cohort(["ACTB", "XIST"], [[9, 9]], ["female"]))
    assert list(table["told"]) == ["not measured"]
    assert summary_records(table)[0]["value"] is None
