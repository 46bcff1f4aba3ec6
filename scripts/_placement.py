"""Where and how a run computes: device, threads, overlap and precision."""

from __future__ import annotations

import os

import torch

from scripts._explain import UsageError
from scripts._machine import has_bfloat16
from scripts._settings import Settings

MAX_THREADS = 4


def usable_threads(settings: Settings) -> int:
    """Return `threads`, or the usable cores, at most 4, where it is null."""
    if settings.threads is not None:
        return settings.threads
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(MAX_THREADS, 1 if cores is None else cores)


def uses_overlap(settings: Settings) -> bool:
    """Tell whether updates are taken in a second thread while the cells work.

    auto does so for SAC on video, whose updates are worth a hand-over, where there is a GPU or a second core.

    Args:
        settings: the run

    Raises:
        UsageError: it is asked for with an agent that learns from what it has just collected.
    """
    if settings.overlap is True and settings.agent.name != "sac":
        raise UsageError(
            f"overlap: {settings.agent.name} learns from the rollout that its newest weights collected; "
            "nearest valid: overlap=auto"
        )
    if settings.overlap != "auto":
        return settings.overlap
    return _is_sac_on_video(settings) and (usable_threads(settings) > 1 or choose_device(settings.device) != "cpu")


def learner_threads(settings: Settings) -> int:
    """Return torch's threads: one for numbers, whose matrices are too small to share, all usable ones for video.

    Where collection and learning overlap, one core is left to the cells.
    """
    if settings.task.observation != "video":
        return 1
    return max(1, usable_threads(settings) - uses_overlap(settings))


def choose_device(name: str) -> str:
    """Settle on a device that is there.

    Args:
        name: auto, cpu, cuda or cuda:N

    Returns:
        A device's name; auto is the first GPU, else the CPU.

    Raises:
        UsageError: the GPU is not there.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return "cuda" if count else "cpu"
    if name.startswith("cuda") and int(name.partition(":")[2] or "0") >= count:
        there = f"{count} CUDA GPUs" if count else "no CUDA GPU"
        raise UsageError(f"device: {name} asked for, but torch sees {there}; nearest valid: device=auto")
    return name


def uses_bfloat16(settings: Settings, device: str) -> bool:
    """Tell whether SAC's encoder of video learns in bfloat16; auto does where the processor multiplies it itself.

    Args:
        settings: the run
        device: that it learns on

    Raises:
        UsageError: it is asked for where everything is learned in float32.
    """
    can = _is_sac_on_video(settings)
    if settings.precision == "bfloat16" and not can:
        raise UsageError(
            f"precision: {settings.agent.name} on {settings.task.observation} learns in float32; "
            "nearest valid: precision=auto"
        )
    return can and (
        settings.precision == "bfloat16" or (settings.precision == "auto" and device == "cpu" and has_bfloat16())
    )


def _is_sac_on_video(settings: Settings) -> bool:
    return settings.agent.name == "sac" and settings.task.observation == "video"
