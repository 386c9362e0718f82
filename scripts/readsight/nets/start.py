"""What a network starts from that was learned before it: embeddings of tokens, a pre-trained encoder."""

from typing import Any

import numpy as np

from readsight.foldfile import Encoding


def start(about: dict[str, Any], encoding: Encoding | None) -> dict[str, np.ndarray]:
    """Arrays of the module that it starts from, by the names of torch; none where the representation learned none.

    They are trained on like all others.
    """
    if about["input"] != "tokens" or encoding is None:
        return {}
    if encoding.name == "transformer":
        from readsight.encodings import transformer

        held = transformer.encoder(encoding).state_dict()
        return {f"trunk.encoder.{name}": tensor.numpy() for name, tensor in held.items()}
    return {"reader.embedding.weight": encoding.arrays["embedding"]} if "embedding" in encoding.arrays else {}
