"""How large the encoders of video are, and how long one takes for what a cell sees."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

import numpy as np

from scripts._benchmark import Measurement

CLIP = (8, 3, 64, 64)
SPAN_S = 1.0
THREADS = 1


def encoder_measurements(_stack: ExitStack) -> list[Measurement]:
    """Weights of each encoder, and processor time of one clip of eight 64x64 frames on one thread, forward only.

    An encoder whose package is missing is one line on standard error.
    """
    import torch

    from agents import ENCODERS, BackboneError, build_encoder

    clip = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, *CLIP), np.uint8))
    found = []
    for name in (name for name, cls in ENCODERS.items() if cls.modality == "video"):
        try:
            encoder = build_encoder(name, CLIP)
        except BackboneError as error:
            print(error, file=sys.stderr)
            continue
        weights = float(sum(weight.numel() for weight in encoder.parameters()))
        found.append(Measurement(f"encoder_weights_{name}", "weights", lambda weights=weights: weights))
        found.append(Measurement(f"encoder_forward_ms_{name}", "ms", _milliseconds(encoder, clip)))
    return found


def _milliseconds(encoder: Callable[..., object], clip: object) -> Callable[[], float]:
    import torch

    @torch.no_grad()
    def measure() -> float:
        torch.set_num_threads(THREADS)
        encoder(clip)
        count, started = 0, time.process_time()
        while count == 0 or time.process_time() - started < SPAN_S:
            encoder(clip)
            count += 1
        return 1000.0 * (time.process_time() - started) / count

    return measure
