"""Tables of samples for tests: two samples per donor, class-dependent features, and batch shifts."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from readsight.dataset import examples

SAMPLES, FEATURES, INFORMATIVE = 72, {"mrna": 60, "mirna": 30}, 5
NOTHING = {"method": "none", "batch": None, "covariates": [], "reference": None}
COMBAT = {"method": "combat", "batch": "plate", "covariates": ["sex"], "reference": None}
SELECT = {"method": "variance", "count": 20, "max_missing": 0.5}
SPLIT = {"by": "group", "gap": 200, "folds": 3, "repeats": 1, "inner": 2, "validation": 0.2, "column": "donor"}
GIVEN = SPLIT | {"by": "given", "folds": 1, "repeats": 2, "given": "split", "resplits": 2}


def make_obs(n: int = SAMPLES, seed: int = 1) -> pd.DataFrame:
    """Metadata of n samples, two per donor, as text."""
    rng = np.random.default_rng(seed)
    index = np.arange(n)
    columns = {
        "class": np.array(["AML", "ALL", "CML"])[index // 2 % 3],
        "donor": [f"d{i}" for i in index // 2],
        "plate": [f"p{i}" for i in index // 3 % 2],
        "sex": np.where(index % 5 < 2, "F", "M"),
        "split": np.where(index // 2 % 4 == 0, "test", "train"),
        "months": np.round(rng.exponential(30, n) + 0.5, 2).astype(str),
        "state": np.where(rng.random(n) < 0.6, "dead", "alive"),
        "fever": (rng.random(n) < 0.4).astype(int).astype(str),
        "rash": (rng.random(n) < 0.5).astype(int).astype(str),
    }
    return pd.DataFrame(columns, index=[f"s{i}" for i in index])


def make_tables(obs: pd.DataFrame | None = None, seed: int = 1) -> dict[str, anndata.AnnData]:
    """Two modalities of the samples of `obs`: 2 % missing, INFORMATIVE features higher by class, plate p1 shifted; no mirna for s0, s1."""
    obs = make_obs() if obs is None else obs
    rng = np.random.default_rng(seed)
    data_by_modality = {}
    for name, count in FEATURES.items():
        values = rng.normal(size=(len(obs), count)) * np.linspace(1, 3, count)
        values[:, :INFORMATIVE] += 2 * pd.factorize(obs["class"])[0][:, None]
        values[(obs["plate"] == "p1").to_numpy()] += rng.normal(size=count)
        values[rng.random(values.shape) < 0.02] = np.nan
        var = pd.DataFrame({"symbol": [f"G{i}" for i in range(count)]}, index=[f"{name[:2]}{i}" for i in range(count)])
        data_by_modality[name] = anndata.AnnData(values.astype(np.float32), obs=obs.copy(), var=var)
    data_by_modality["mirna"] = data_by_modality["mirna"][[s for s in obs.index if s not in ("s0", "s1")]].copy()
    return data_by_modality


def make_spec(**overrides) -> dict:
    """Config of `dataset_assemble_samples`: classes of column `class`, both modalities."""
    defaults = {"name": "t", "modalities": list(FEATURES), "source": "samples", "representation": "profile", "outcome": "classes"}
    defaults |= {"label": "class", "positive": None, "time": None, "event": None, "missing": "drop", "harmonise": NOTHING}
    return defaults | {"column": "donor"} | overrides


SURVIVAL = {"outcome": "survival", "label": None, "time": "months", "event": "state"}
MULTILABEL = {"outcome": "multilabel", "label": ["fever", "rash"]}


def write_tables(folder: Path, data_by_modality: dict[str, anndata.AnnData]) -> list[Path]:
    """Write one file per modality."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in data_by_modality.items():
        data.write_h5ad(folder / f"{name}.h5ad")
    return [folder / f"{name}.h5ad" for name in data_by_modality]


def assemble_examples(folder: Path, data_by_modality: dict[str, anndata.AnnData] | None = None, **overrides) -> Path:
    """Assemble examples.h5mu from tables."""
    import dataset_assemble_samples

    data_by_modality = make_tables() if data_by_modality is None else data_by_modality
    files = write_tables(folder, data_by_modality)
    settings = {"modalities": list(data_by_modality)} | overrides
    dataset_assemble_samples.main(files, make_spec(**settings), folder / "examples.h5mu", folder / "examples.summary.json")
    return folder / "examples.h5mu"


def read_examples(folder: Path, data_by_modality: dict[str, anndata.AnnData] | None = None, **overrides) -> anndata.AnnData:
    """The assembled examples as one table."""
    return examples.read(assemble_examples(folder, data_by_modality, **overrides))


def make_folds(folder: Path, path: Path, split: dict = SPLIT, balance: str = "smote", repeat: int = 0, **spec) -> dict[str, Path]:
    """Certified split and balanced folds of a repeat: name → file. spec: harmonise, select."""
    import dataset_balance
    import dataset_fold
    import dataset_split

    files = {name: folder / f"{name}.h5" for name in ("train", "validation", "test", "balanced", "scaler")}
    files |= {
        "split": folder / "split.parquet",
        "certificate": folder / "certificate.json",
        "summary": folder / "split.summary.json",
    }
    dataset_split.main(path, "t", split, 1, files["split"], files["certificate"], files["summary"])
    roles = {role: files[role] for role in ("train", "validation", "test")}
    fitted = {"harmonise": NOTHING, "select": SELECT} | spec
    dataset_fold.main(path, files["split"], files["certificate"], repeat, fitted, roles, files["scaler"])
    dataset_balance.main(files["train"], {"method": balance, "neighbours": 5}, 1, files["balanced"])
    return files
