"""Optimiser states as plain nested dictionaries with string keys, and averages of weights."""

from typing import Any

import torch


def pack_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return the per-parameter state by parameter number; empty before the first step."""
    return {str(key): dict(value) for key, value in optimizer.state_dict()["state"].items()}


def load_optimizer(optimizer: torch.optim.Optimizer, packed: dict[str, Any]) -> None:
    """Take back what `pack_optimizer` returned; the optimiser keeps its own settings."""
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": {int(key): value for key, value in packed.items()}, "param_groups": groups})


@torch.no_grad()
def move_average(average: torch.nn.Module, source: torch.nn.Module, share: float) -> None:
    """Move a module's weights towards another's: avg <- avg + share (source - avg); buffers are copied."""
    averages: list[torch.Tensor] = list(average.parameters())
    sources: list[torch.Tensor] = list(source.parameters())
    if averages:
        torch._foreach_lerp_(averages, sources, share)  # pyright: ignore[reportPrivateImportUsage]
    for kept, new in zip(average.buffers(), source.buffers(), strict=True):
        kept.copy_(new)
