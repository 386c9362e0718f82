"""Where a network is trained and predicted with: the accelerator, how many of them, and the precision of its numbers."""

from typing import Any

import torch

from readsight.errors import InputError


def accelerator(settings: dict[str, Any]) -> str:
    """`cpu` or `gpu`, as settings["device"] says. Raises InputError where a GPU is asked for and is not there, or too few are."""
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not there and torch.backends.mps.is_available():
        there = 1
    device, wanted = settings["device"], settings["devices"]
    if there < wanted and (device == "gpu" or (device == "auto" and there)):
        has = f"this machine shows {there} GPUs, and training.devices is {wanted}"
        raise InputError(f"training.device: {device}, but {has}; use {'cpu' if not there else 'fewer devices, or cpu'}")
    return "gpu" if device != "cpu" and there else "cpu"


def processes(settings: dict[str, Any]) -> int:
    """Processes of a training, a device each."""
    return settings["devices"] * settings["nodes"]


def precision(word: str, device: str) -> str:
    """Lightning's word for settings["precision"] on a device; of `auto` bfloat16 where the hardware multiplies in it."""
    if word == "auto":
        word = "bfloat16" if multiplies_bfloat16(device) else "float32"
    return "bf16-mixed" if word == "bfloat16" else "32-true"


def place(about: dict[str, Any]) -> str:
    """Torch's name of the device that is predicted with: a GPU where there is one, unless the training was told not to."""
    return "cuda" if about["device"] != "cpu" and torch.cuda.is_available() else "cpu"


def multiplies_bfloat16(device: str) -> bool:
    """Whether the device has instructions for products of bfloat16: Ampere and later, AVX-512 BF16, AMX. Told, not timed."""
    if device in ("gpu", "cuda"):
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)
    ways = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, way, bool)() for way in ways)
