"""Sex from XIST and the genes of Y."""

import anndata
import numpy as np
import pandas as pd
import pytest

from expression_identity import identities, records, told


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
def test_what_expression_tells(xist, y, sex):
    assert told(xist, y) == sex


def cohort(genes, tpm, sex) -> anndata.AnnData:
    obs = pd.DataFrame({"sex": sex}, index=[f"s{i}" for i in range(len(tpm))])
    var = pd.DataFrame({"gene_name": genes}, index=[f"g{i}" for i in range(len(genes))])
    return anndata.AnnData(np.zeros((len(tpm), len(genes))), obs=obs, var=var, layers={"tpm": np.array(tpm, float)})


def test_an_exchanged_sample_is_named():
    data = cohort(
        ["XIST", "RPS4Y1", "DDX3Y", "ACTB"],
        [[50, 0, 0, 9], [0, 20, 10, 9], [0, 20, 10, 9], [50, 0, 0, 9]],
        ["F", "male", "female", ""],
    )
    table = identities(data)
    assert list(table["told"]) == ["female", "male", "male", "female"]
    assert list(table["agrees"]) == ["yes", "yes", "no", ""]
    (record,) = records(table)
    assert (record["value"], record["n"]) == (1, 3) and record["description"].endswith(": s2")


def test_names_of_the_mouse_are_known_and_missing_genes_said():
    assert list(identities(cohort(["Xist", "Uty"], [[9, 0]], ["female"]))["agrees"]) == ["yes"]
    table = identities(cohort(["ACTB", "XIST"], [[9, 9]], ["female"]))
    assert list(table["told"]) == ["not measured"]
    assert records(table)[0]["value"] is None
