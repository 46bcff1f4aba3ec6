"""What learning can get from the machine: memory that stays, and multiplication in half the width."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGEST_BYTES = 1 << 28  # blocks from here on, like a replay of frames, are mapped as before


def keep_freed_memory() -> bool:
    """Keep freed blocks in the process instead of giving them back to the kernel.

    glibc unmaps large blocks as soon as they are free, so that every update pays for the zeroing of the pages of its
    tensors again: a sixth of the time of an update on video.

    Returns:
        Whether the C library knows such a thing.

    Reference: mallopt(3).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(option, LARGEST_BYTES) == 1 for option in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD))


def convolve_in_float32() -> None:
    """Leave out a GPU's TF32, whose ten bits of mantissa are too few for actions that agree to 1e-5."""
    import torch

    torch.backends.cudnn.allow_tf32 = False


def has_bfloat16() -> bool:
    """Tell whether the processor multiplies bfloat16 itself: AMX, or AVX-512's own instructions."""
    import torch

    tell = getattr(torch.cpu, "get_capabilities", None)
    found = {} if tell is None else tell()
    return any(bool(found.get(name, False)) for name in ("amx_bf16", "avx512_bf16"))
