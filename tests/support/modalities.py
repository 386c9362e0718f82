"""Tables of samples for tests: donors with two samples each, classes that some features tell, batches that shift all."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from readsight.dataset import examples

SAMPLES, FEATURES, TOLD = 72, {"mrna": 60, "mirna": 30}, 5
NOTHING = {"method": "none", "batch": None, "covariates": [], "reference": None}
COMBAT = {"method": "combat", "batch": "plate", "covariates": ["sex"], "reference": None}
SELECT = {"method": "variance", "count": 20, "max_missing": 0.5}
SPLIT = {"by": "group", "gap": 200, "folds": 3, "repeats": 1, "inner": 2, "validation": 0.2, "column": "donor"}
GIVEN = SPLIT | {"by": "given", "folds": 1, "repeats": 2, "given": "split", "resplits": 2}


def about(n: int = SAMPLES, seed: int = 1) -> pd.DataFrame:
    """What is known of n samples, two a donor, as text."""
    draw = np.random.default_rng(seed)
    place = np.arange(n)
    made = {
        "class": np.array(["AML", "ALL", "CML"])[place // 2 % 3],
        "donor": [f"d{i}" for i in place // 2],
        "plate": [f"p{i}" for i in place // 3 % 2],
        "sex": np.where(place % 5 < 2, "F", "M"),
        "split": np.where(place // 2 % 4 == 0, "test", "train"),
        "months": np.round(draw.exponential(30, n) + 0.5, 2).astype(str),
        "state": np.where(draw.random(n) < 0.6, "dead", "alive"),
        "fever": (draw.random(n) < 0.4).astype(int).astype(str),
        "rash": (draw.random(n) < 0.5).astype(int).astype(str),
    }
    return pd.DataFrame(made, index=[f"s{i}" for i in place])


def tables(obs: pd.DataFrame | None = None, seed: int = 1) -> dict[str, anndata.AnnData]:
    """Two modalities of the samples of `obs`: 2 % missing, TOLD features higher by class, plate p1 shifted; no mirna of s0, s1."""
    obs = about() if obs is None else obs
    draw = np.random.default_rng(seed)
    made = {}
    for name, count in FEATURES.items():
        values = draw.normal(size=(len(obs), count)) * np.linspace(1, 3, count)
        values[:, :TOLD] += 2 * pd.factorize(obs["class"])[0][:, None]
        values[(obs["plate"] == "p1").to_numpy()] += draw.normal(size=count)
        values[draw.random(values.shape) < 0.02] = np.nan
        var = pd.DataFrame({"symbol": [f"G{i}" for i in range(count)]}, index=[f"{name[:2]}{i}" for i in range(count)])
        made[name] = anndata.AnnData(values.astype(np.float32), obs=obs.copy(), var=var)
    made["mirna"] = made["mirna"][[s for s in obs.index if s not in ("s0", "s1")]].copy()
    return made


def spec(**given) -> dict:
    """What `dataset_assemble_samples` reads of the config: classes of column `class`, both modalities."""
    plain = {"name": "t", "modalities": list(FEATURES), "source": "samples", "representation": "profile", "outcome": "classes"}
    plain |= {"label": "class", "positive": None, "time": None, "event": None, "missing": "drop", "harmonise": NOTHING}
    return plain | {"column": "donor"} | given


SURVIVAL = {"outcome": "survival", "label": None, "time": "months", "event": "state"}
MULTILABEL = {"outcome": "multilabel", "label": ["fever", "rash"]}


def write(folder: Path, made: dict[str, anndata.AnnData]) -> list[Path]:
    """A file a modality."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, own in made.items():
        own.write_h5ad(folder / f"{name}.h5ad")
    return [folder / f"{name}.h5ad" for name in made]


def joined(folder: Path, made: dict[str, anndata.AnnData] | None = None, **given) -> Path:
    """examples.h5mu of tables."""
    import dataset_assemble_samples

    made = tables() if made is None else made
    files = write(folder, made)
    own = {"modalities": list(made)} | given
    dataset_assemble_samples.main(files, spec(**own), folder / "examples.h5mu", folder / "examples.summary.json")
    return folder / "examples.h5mu"


def data(folder: Path, made: dict[str, anndata.AnnData] | None = None, **given) -> anndata.AnnData:
    """The joined examples as one table."""
    return examples.read(joined(folder, made, **given))


def fold(folder: Path, path: Path, split: dict = SPLIT, balance: str = "smote", repeat: int = 0, **spec) -> dict[str, Path]:
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
