"""The stretch of a sequence that an output at one place sees: of a long window with one explained place the rest need not be computed.

Convolutions that keep their places see so many to each side. A stretch so long about the place, or at the window's end where the
place is near that, gives the same output as the whole window: what differs at its cut ends does not reach the place.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.query import Question
from readsight.models.sequence import NETS


@dataclass(frozen=True)
class Seen:
    """question: about the stretches. start: (n,) where each begins. width: of all. places: of the whole window."""

    question: Question
    start: np.ndarray
    width: int
    places: int

    def cut(self, values: np.ndarray) -> np.ndarray:
        """Of values (n, m, places) or (n, m, places, 4) those of the stretches."""
        at = (self.start[:, None] + np.arange(self.width))[:, None]
        return np.take_along_axis(values, at if values.ndim == 3 else at[..., None], axis=2)

    def back(self, found: np.ndarray) -> np.ndarray:
        """Attributions of stretches (n, width, 4) as those of whole windows; what is not seen adds nothing."""
        whole = np.zeros((len(found), self.places, 4), found.dtype)
        np.put_along_axis(whole, (self.start[:, None] + np.arange(self.width))[..., None], found, axis=1)
        return whole


def seen(question: Question) -> Seen | None:
    """The stretches that a question's places see; None where an output sees the whole window."""
    about, reach = question.about, None
    if question.kind == "positions" and question.differentiable:
        reach = reached(question)
    if reach is None or 2 * reach + 1 >= question.codes.shape[1]:
        return None
    places, width = question.codes.shape[1], 2 * reach + 1
    start = np.clip(question.at - reach, 0, places - width)
    codes = np.take_along_axis(np.asarray(question.codes), start[:, None] + np.arange(width), axis=1)
    found = replace(question, codes=codes, at=question.at - start, about=about | {"length": width})
    vars(found)["net"] = _unchecked(question)
    return Seen(found, start, width, places)


def reached(question: Question) -> int | None:
    """Places to each side that an output at a place sees, at most; None where that is not told."""
    about = question.about
    if question.member is NETS["dilated_resnet"]:
        sizes = [(w, d) for w, d in zip(about["widths"], about["dilations"], strict=True) for _ in range(2)]
    elif question.member is NETS["cnn"]:
        apart = np.cumprod([1, *about["pools"]])[:-1]  # pools that would join places set filters apart instead
        sizes = list(zip(about["widths"], apart.tolist(), strict=True))
    else:
        return None
    return sum(width // 2 * apart for width, apart in sizes)


def _unchecked(question: Question) -> Any:
    """The question's network, of windows of any length."""
    from torch import nn

    from readsight.models.training.ensemble import Together

    class Along(nn.Module):
        def __init__(self, net: Any) -> None:
            super().__init__()
            self.net = net

        def forward(self, batch: Any) -> Any:
            return self.net.head(self.net.trunk(*self.net.reader(batch)))

    if isinstance(question.net, Together):
        return Together([Along(net) for net in question.net.nets], question.kind).eval()
    return Along(question.net).eval()
