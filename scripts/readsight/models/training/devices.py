"""Where a network is trained and predicted with: the accelerator, how many of them, and the precision of its numbers."""

from typing import Any

import torch

from readsight.errors import InputError


def select_accelerator(settings: dict[str, Any]) -> str:
    """`cpu` or `gpu`, as settings["device"] says. Raises InputError where a GPU is asked for and is not there, or too few are."""
    available = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not available and torch.backends.mps.is_available():
        available = 1
    device, requested = settings["device"], settings["devices"]
    if available < requested and (device == "gpu" or (device == "auto" and available)):
        problem = f"this machine shows {available} GPUs, and training.devices is {requested}"
        raise InputError(f"training.device: {device}, but {problem}; use {'cpu' if not available else 'fewer devices, or cpu'}")
    return "gpu" if device != "cpu" and available else "cpu"


def count_processes(settings: dict[str, Any]) -> int:
    """Processes of a training, a device each."""
    return settings["devices"] * settings["nodes"]


def select_precision(name: str, device: str) -> str:
    """Lightning's word for settings["precision"] on a device; of `auto` bfloat16 where the hardware multiplies in it."""
    if name == "auto":
        name = "bfloat16" if has_bfloat16(device) else "float32"
    return "bf16-mixed" if name == "bfloat16" else "32-true"


def select_device(description: dict[str, Any]) -> str:
    """Torch's name of the device that is predicted with: a GPU where there is one, unless the training was told not to."""
    return "cuda" if description["device"] != "cpu" and torch.cuda.is_available() else "cpu"


def has_bfloat16(device: str) -> bool:
    """Whether the device has instructions for products of bfloat16: Ampere and later, AVX-512 BF16, AMX. Told, not timed."""
    if device in ("gpu", "cuda"):
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check, bool)() for check in checks)
