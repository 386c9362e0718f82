"""Selection of accelerator, number of devices, and numerical precision."""

from typing import Any

import torch

from readsight.errors import InputError


def select_accelerator(settings: dict[str, Any]) -> str:
    """`cpu` or `gpu`, by settings["device"]. Raises InputError if a GPU is requested and there are too few."""
    available = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not available and torch.backends.mps.is_available():
        available = 1
    device, requested = settings["device"], settings["devices"]
    if available < requested and (device == "gpu" or (device == "auto" and available)):
        problem = f"training.devices is {requested}, but this machine has {available} GPUs"
        raise InputError(f"training.device: {device}, and {problem}; use {'cpu' if not available else 'fewer devices, or cpu'}")
    return "gpu" if device != "cpu" and available else "cpu"


def count_processes(settings: dict[str, Any]) -> int:
    """Processes of a training, one per device."""
    return settings["devices"] * settings["nodes"]


def select_precision(name: str, device: str) -> str:
    """Lightning's name of a precision; `auto` is bfloat16 where the hardware supports it."""
    if name == "auto":
        name = "bfloat16" if has_bfloat16(device) else "float32"
    return "bf16-mixed" if name == "bfloat16" else "32-true"


def select_device(description: dict[str, Any]) -> str:
    """Torch name of the device for prediction: a GPU if available, unless the training was restricted to the CPU."""
    return "cuda" if description["device"] != "cpu" and torch.cuda.is_available() else "cpu"


def has_bfloat16(device: str) -> bool:
    """Whether the device has bfloat16 multiplication: Ampere and later, AVX-512 BF16, AMX. By capability, not timing."""
    if device in ("gpu", "cuda"):
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, check, bool)() for check in checks)
