"""Files of sequence attributions: HDF5, written by `interpret_attribute_sequences` and `interpret_motif_attributions`.

| name | shape | content |
|---|---|---|
| `{method}/{head}` | (n, positions, 4) float32 | contribution of each possible base at each position (hypothetical contributions); that of the observed base is its contribution |
| `sequence` | (n, positions) uint8 | codes, 0–3 = A C G T, 4 = N; for pairs the reference window followed by the alternative one |
| `score/{head}` | (n,) | explained output, mean over strands if the model averages over them |
| `at/{head}` | (n,) int64 | explained position in the sequence; only for outcome `positions` |
| `example`, `group` | (n,) text | |
| `label` | (n,), (n, columns) | the target, shaped as described in `readsight.dataset.outcome`; positions (n, positions), profiles (n, bins) |
| `fold` | (n,) | number of the fold in the first repeat in which the example is a test example |
| `chrom`, `start`, `end`, `strand` | (n,) | genomic location of the window, 0-based half-open; "" and -1 if unknown |

Attributes: task, model, model_hash and data_hash (SHA-256 of the model's tensors and of the explained codes), certificate, kind,
classes, heads, methods, unit, pair, stranded, bin, baseline.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

TEXT = ("example", "group", "chrom", "strand")
NUMBERS = ("start", "end", "fold", "label")


@dataclass
class Attributions:
    """Content of a file of attributions.

    values: method → head → (n, positions, 4). sequence: (n, positions). metadata: name → (n, …): `example`, `group`, `label`, `fold`,
    `chrom`, `start`, `end`, `strand`. score, positions: head → (n,). attributes: of the file.
    """

    values: dict[str, dict[str, np.ndarray]]
    sequence: np.ndarray
    metadata: dict[str, np.ndarray]
    score: dict[str, np.ndarray]
    positions: dict[str, np.ndarray] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sequence)

    @property
    def methods(self) -> list[str]:
        return list(self.values)

    @property
    def heads(self) -> list[str]:
        return [str(name) for name in self.attributes["heads"]]

    def contributions(self, method: str, head: str) -> np.ndarray:
        """Contribution of each observed base, (n, positions); 0 at N."""
        return base_contributions(self.values[method][head], self.sequence)


def base_contributions(attributions: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Attributions (n, positions, 4) at the observed bases, (n, positions); 0 at N."""
    index = np.minimum(sequence, 3)[..., None].astype(np.int64)
    return np.where(sequence < 4, np.take_along_axis(attributions, index, axis=2)[..., 0], 0)


def write(path: Path, attributions: Attributions) -> None:
    """Write a file of attributions."""
    with h5py.File(path, "w") as handle:
        for method, by_head in attributions.values.items():
            for head, values in by_head.items():
                handle.create_dataset(f"{method}/{head}", data=values.astype(np.float32), compression="gzip", compression_opts=1)
        handle["sequence"] = attributions.sequence
        for group, by_head in (("score", attributions.score), ("at", attributions.positions)):
            for head, values in by_head.items():
                handle[f"{group}/{head}"] = values
        for name, values in attributions.metadata.items():
            text = name in TEXT
            handle.create_dataset(
                name, data=np.asarray(values, object) if text else values, dtype=h5py.string_dtype() if text else None
            )
        handle.attrs.update(
            {key: list(value) if isinstance(value, tuple) else value for key, value in attributions.attributes.items()}
        )


def read(path: Path, methods: list[str] | None = None) -> Attributions:
    """Read a file of attributions. methods: to read; all by default."""
    with h5py.File(path) as handle:
        attributes = {key: _to_plain(value) for key, value in handle.attrs.items()}
        wanted = attributes["methods"] if methods is None else methods
        by_method = {m: {str(h): handle[m][h][...] for h in attributes["heads"]} for m in wanted}
        metadata = {
            name: handle[name].asstr()[...] if name in TEXT else handle[name][...] for name in (*TEXT, *NUMBERS) if name in handle
        }
        score, positions = ({h: v[...] for h, v in handle.get(group, {}).items()} for group in ("score", "at"))
        return Attributions(by_method, handle["sequence"][...], metadata, score, positions, attributes)


def _to_plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_to_plain(item) for item in value.tolist()]
    if isinstance(value, bytes):
        return value.decode()
    return value.item() if isinstance(value, np.generic) else value


def hash_file(path: Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
