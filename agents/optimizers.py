"""Steps that a loss must earn, optimiser states as plain nested dictionaries, and averages of weights."""

import copy
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, TypeVar

import torch

from agents.averages import moving_share

Module = TypeVar("Module", bound=torch.nn.Module)


def make_adam(parameters: Iterable[torch.Tensor], learning_rate: float, eps: float = 1e-8) -> torch.optim.Adam:
    """Make Adam for parameters of one device, its steps fused where torch can."""
    owned = list(parameters)
    return torch.optim.Adam(owned, lr=learning_rate, eps=eps, fused=owned[0].device.type in ("cpu", "cuda"))


def guarded_step(
    optimizer: torch.optim.Optimizer,
    loss: torch.Tensor,
    parameters: Sequence[torch.Tensor],
    max_grad_norm: float | None = None,
) -> torch.Tensor:
    """Descend on a loss, or leave weights and moments as they are where it or its gradient is not finite.

    The gradient is looked at where the backward pass ends, in the first parameter that has one: what became NaN or
    infinite on the way has arrived there. A clipped gradient is looked at as a whole, by its norm. Nothing waits for
    the device: a fused optimiser reads the verdict there.

    Args:
        optimizer: Fused, or without knowledge of `found_inf`.
        loss: A scalar.
        parameters: Parameters whose gradient is looked at, in the order in which the forward pass meets them.
        max_grad_norm: Largest norm of their gradient; None leaves it as it is.

    Returns:
        0 where the step was taken, NaN where it was not, a scalar: to be added to what is logged of the loss.

    Reference: P. Micikevicius et al., "Mixed precision training", https://arxiv.org/abs/1710.03740: steps are left out
        where gradients overflow.
    """
    for group in optimizer.param_groups:  # zero_grad() does the same behind hooks that take longer
        for parameter in group["params"]:
            parameter.grad = None
    loss.backward()
    if max_grad_norm is None:
        reached = next(each.grad for each in parameters if each.grad is not None).square().sum()  # as Adam squares it
    else:
        reached = torch.nn.utils.clip_grad_norm_(parameters, max_grad_norm)
    verdict = 0.0 * (loss.detach() + reached)
    step_unless_nan(optimizer, verdict)
    return verdict


def step_unless_nan(optimizer: torch.optim.Optimizer, verdict: torch.Tensor) -> None:
    """Take an optimiser's step where a verdict of `guarded_step` is 0, and none where it is NaN."""
    if optimizer.defaults.get("fused"):
        optimizer.found_inf = verdict.isnan().float()  # pyright: ignore[reportAttributeAccessIssue]
        optimizer.step()
    elif not verdict.isnan():
        optimizer.step()


def pack_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return the per-parameter state by parameter number; empty before the first step."""
    return {str(key): dict(value) for key, value in optimizer.state_dict()["state"].items()}


def load_optimizer(optimizer: torch.optim.Optimizer, packed: dict[str, Any]) -> None:
    """Take back what `pack_optimizer` returned; the optimiser keeps its own settings."""
    groups = optimizer.state_dict()["param_groups"]
    # Copies: torch takes tensors of the same device and type as they are, and two optimisers would move the same ones.
    state = {int(key): copy.deepcopy(value) for key, value in packed.items()}
    optimizer.load_state_dict({"state": state, "param_groups": groups})


class Average:
    """A module's weights on their way to another's: avg <- avg + share (source - avg); buffers are copied.

    Args:
        average: Module that moves.
        source: Module of the same architecture; both keep their tensors.
    """

    def __init__(self, average: torch.nn.Module, source: torch.nn.Module):
        # Listed once: to walk through the modules takes longer than to move the weights of small ones.
        self._averages: list[torch.Tensor] = list(average.parameters())
        self._sources: list[torch.Tensor] = list(source.parameters())
        self._buffers = list(zip(average.buffers(), source.buffers(), strict=True))

    @torch.no_grad()
    def move(self, share: float) -> None:
        """Move the average towards its source by a share in [0, 1]."""
        if self._averages:
            torch._foreach_lerp_(self._averages, self._sources, share)  # pyright: ignore[reportPrivateImportUsage]
        for kept, new in self._buffers:
            kept.copy_(new)


def make_follower(source: Module) -> tuple[Module, Average]:
    """Copy a module; return the copy, which learns nothing itself, and what moves it towards the module."""
    follower = copy.deepcopy(source).requires_grad_(False)
    return follower, Average(follower, source)


class PolicyAverage:
    """Encoder and actor of the deterministic policy: running averages of the newest ones, or these themselves.

        avg <- avg + max(tau, 1 / updates) (newest - avg)

    This is the plain mean of all updates so far until they outnumber 1 / tau: the first weights do not linger.

    Attributes:
        encoder: The average of the encoder, or the encoder itself.
        actor: The average of the actor, or the actor itself.
        NEWEST: From the names that averages are saved under to those of what they follow.

    Reference: Polyak & Juditsky, "Acceleration of stochastic approximation by averaging",
        https://doi.org/10.1137/0330046
    """

    NEWEST: ClassVar = {"policy_encoder": "encoder", "policy_actor": "actor"}

    def __init__(self, encoder: torch.nn.Module, actor: torch.nn.Module, tau: float | None):
        """Begin at the newest weights.

        Args:
            encoder: Encoder that learns.
            actor: Actor that learns.
            tau: Share of the newest weights in (0, 1] at each update; 1 and None keep no average.
        """
        self.encoder, self.actor, self._tau, self._followers = encoder, actor, tau, []
        if tau is not None and tau < 1.0:
            self.encoder, encoder_average = make_follower(encoder)
            self.actor, actor_average = make_follower(actor)
            self._followers = [encoder_average, actor_average]

    def move(self, updates: int) -> None:
        """Follow the newest weights after the given number of updates, this one included."""
        for follower in self._followers:
            follower.move(moving_share(1.0 - (self._tau or 0.0), updates - 1))

    def modules(self) -> dict[str, torch.nn.Module]:
        """Return what has to be saved beside the newest weights."""
        return dict(zip(self.NEWEST, (self.encoder, self.actor), strict=True)) if self._followers else {}
