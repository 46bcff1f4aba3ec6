"""What encoders on other people's networks share: the late import, their pixels, their published weights."""

import importlib
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from urllib.error import URLError
from urllib.request import Request, urlopen

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from agents.encoders.base import PIXEL_MAX

CONNECT_TIMEOUT_S = 10.0
Loaded = TypeVar("Loaded")


class BackboneError(ImportError):
    """The package that holds a backbone cannot be imported."""


def import_backbone(module: str, encoder: str) -> Any:
    """Import a module of a package that only this encoder needs.

    Args:
        module: Its full name.
        encoder: Name of the encoder.

    Returns:
        The module.

    Raises:
        BackboneError: The package is missing, or does not fit the others; the line names the cure.
    """
    try:
        return importlib.import_module(module)
    except (ImportError, OSError, RuntimeError) as error:
        package = module.partition(".")[0]
        raise BackboneError(
            f"encoder {encoder}: {package} cannot be imported ({_reason(error)}); cure: pip install 'v2p[backbones]'"
        ) from error


def try_weights(encoder: str, load: Callable[[], Loaded]) -> Loaded | None:
    """Load published weights if that is possible, and say so in one line if it is not.

    Args:
        encoder: Name of the encoder.
        load: Reads them from a cache or the network.

    Returns:
        What `load` returned, or None.
    """
    try:
        return load()
    except (OSError, RuntimeError, ValueError) as error:
        _say_once(f"encoder {encoder}: Kinetics weights could not be loaded ({_reason(error)}); random weights")
        return None


def check_reachable(url: str) -> None:
    """See that an address answers before a library tries it for long and tells of each attempt.

    Args:
        url: What will be downloaded.

    Raises:
        OSError: It does not answer; the line says why.
    """
    try:
        urlopen(Request(url, method="HEAD"), timeout=CONNECT_TIMEOUT_S).close()
    except URLError as error:
        reason = getattr(error.reason, "strerror", None) or error.reason
        raise OSError(f"{url.split('/')[2]} cannot be reached: {reason}") from error


class PixelScaler(nn.Module):
    """Brings uint8 clips to the size and the statistics that a backbone was trained on: (x / 255 - mean) / std."""

    mean: Tensor
    std: Tensor

    def __init__(self, size: int, mean: tuple[float, ...], std: tuple[float, ...]):
        super().__init__()
        self.size = size
        for name, values in (("mean", mean), ("std", std)):
            self.register_buffer(name, torch.tensor(values).view(-1, 1, 1), persistent=False)

    def forward(self, clips: Tensor) -> Tensor:
        """Scale clips (B, T, C, H, W) uint8 to (B, T, C, size, size) float32."""
        pixels = clips.flatten(0, 1).float()
        if pixels.shape[-2:] != (self.size, self.size):
            pixels = interpolate(pixels, (self.size, self.size), mode="bilinear", antialias=True)
        return ((pixels / PIXEL_MAX - self.mean) / self.std).unflatten(0, clips.shape[:2])


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


@cache
def _say_once(text: str) -> None:
    # Not by way of logging: Hydra silences what a library says there.
    print(text, file=sys.stderr, flush=True)
