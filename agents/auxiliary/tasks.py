"""The auxiliary tasks of an encoder: shifted frames, what comes next, and which views show the same."""

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents._checks import seeded
from agents.augmentation import index_clips, sharing_groups, shift_groups
from agents.auxiliary.config import PIXEL_SETTINGS, AuxiliaryConfig
from agents.auxiliary.heads import LatentPredictor, Projection
from agents.auxiliary.losses import consistency_loss, follows_in_segment, infonce_loss, share_frames
from agents.encoders import Encoder, as_video
from agents.optimizers import load_optimizer, make_adam, pack_optimizer, step_unless_nan
from agents.replay import Batch
from agents.spec import EnvSpec
from agents.transfer import send_array

VIEW_SHIFT = 4
"""Largest shift in pixels of InfoNCE's second view where the critic's frames are not shifted: DrQ-v2's pad."""


class AuxiliaryTasks:
    """Shifts the frames that a critic learns from, drops their history and adds losses on their latents.

    Temporal consistency predicts the latent one step on from latent and action: the latent to bootstrap from where
    n_step is 1, else that of the segment's next transition. InfoNCE tells the second, newly shifted view of a clip from
    those of clips that share no frame with it. Targets and keys come from the online encoder without gradients: the
    targets are encoded already, and as they are standardised, and keys told apart, no slower copy has to keep latents
    from growing alike. What is off costs nothing and draws no random number.

    Attributes:
        heads: The networks that only these losses use, by name; empty where no loss is on.
    """

    def __init__(
        self, spec: EnvSpec, latent_dim: int, config: AuxiliaryConfig, generator: torch.Generator, seed: int = 0
    ):
        _check_pixels(spec, config)
        self.config, self.generator = config, generator
        self.heads: dict[str, nn.Module] = {}
        with seeded(seed):
            if config.consistency_coefficient > 0.0:
                self.heads["predictor"] = LatentPredictor(latent_dim, spec.action_dim, config.hidden)
            if config.infonce_coefficient > 0.0:
                self.heads["projection"] = Projection(latent_dim, config.hidden)
        device = generator.device
        self._optimizers = {
            name: make_adam(head.to(device).parameters(), config.learning_rate) for name, head in self.heads.items()
        }

    def prepare(self, batch: Batch) -> Batch:
        """Write whole clips as indices into frames if a setting that is on needs them, and drop histories.

        The frames of a clip tell how fast the policy itself has moved. What was slow for long was so by a held action,
        so that from such clips "slow" is all that is ever learned and a greedy policy that slows down once can stand
        still for good. A clip whose newest frame fills all its places looks as still and was seen at any speed.

        Args:
            batch: Transitions.

        Returns:
            The batch, with the newest frame alone in a share `history_dropout` of its current clips; those to bootstrap
            from stay whole. Where that share is not 0 the host waits for a GPU, which draws them.
        """
        batch = index_clips(batch) if self.config.reads_pixels and batch.frames is None else batch
        if self.config.history_dropout == 0.0:
            return batch
        drawn = torch.rand(len(batch.observations), generator=self.generator, device=self.generator.device)
        dropped = (drawn < self.config.history_dropout).cpu().numpy()
        observations = batch.observations.copy()
        observations[dropped] = observations[dropped, -1:]
        return replace(batch, observations=observations)

    def shift(self, frames: Tensor, batch: Batch) -> Tensor:
        """Shift the frames that the critic learns from.

        A transition's frames move alike, and so do those of transitions that share a frame: a segment moves as one, and
        a shared frame is still encoded once.

        Args:
            frames: The batch's frames (M, C, H, W) on the agent's device.
            batch: Transitions as indices into them.

        Returns:
            Frames (M, C, H, W).
        """
        if self.config.random_shift == 0:
            return frames
        stacks = np.concatenate([batch.observations, batch.next_observations], axis=1)
        return self._shift(frames, stacks, self.config.random_shift)

    def losses(
        self, encoder: Encoder, batch: Batch, latents: Tensor, actions: Tensor, next_latents: Tensor
    ) -> tuple[Tensor | float, dict[str, Tensor]]:
        """Sum the weighted losses that are on.

        Args:
            encoder: Encodes InfoNCE's second views.
            batch: Transitions, as indices into frames for InfoNCE.
            latents: Their latents (B, L), with a graph.
            actions: Their actions in [-1, 1] (B, A).
            next_latents: Latents to bootstrap from (B, L).

        Returns:
            A scalar to add to the critic's loss, and each loss unweighted.
        """
        total, metrics = 0.0, {}
        if "predictor" in self.heads:
            metrics["consistency_loss"] = self._consistency(batch, latents, actions, next_latents)
            total = total + self.config.consistency_coefficient * metrics["consistency_loss"]
        if "projection" in self.heads:
            metrics["infonce_loss"] = self._infonce(encoder, batch, latents)
            total = total + self.config.infonce_coefficient * metrics["infonce_loss"]
        return total, metrics

    def step(self, verdict: Tensor) -> None:
        """Take a gradient step for the heads, unless `guarded_step` took none, and forget their gradients."""
        for optimizer in self._optimizers.values():
            step_unless_nan(optimizer, verdict)
            optimizer.zero_grad()

    def state_dict(self) -> dict[str, Any]:
        """Return weights and optimiser of every head."""
        return {
            name: {"weights": head.state_dict(), "optimizer": pack_optimizer(self._optimizers[name])}
            for name, head in self.heads.items()
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned; a head that was not saved begins anew."""
        for name in self.heads.keys() & state.keys():
            self.heads[name].load_state_dict(state[name]["weights"])
            load_optimizer(self._optimizers[name], state[name]["optimizer"])

    def _consistency(self, batch: Batch, latents: Tensor, actions: Tensor, next_latents: Tensor) -> Tensor:
        following, valid = next_latents, send_array(batch.discount > 0.0, latents.device)
        if self.config.n_step > 1:
            # Next latents lie n steps on; that of the segment's next transition lies one step on.
            following = latents.roll(-1, 0)
            valid = send_array(follows_in_segment(batch.rows, self.config.segment_length), latents.device)
        return consistency_loss(self.heads["predictor"](latents, actions), following, valid)

    def _infonce(self, encoder: Encoder, batch: Batch, latents: Tensor) -> Tensor:
        assert batch.frames is not None  # `prepare` saw to it
        device, pad = latents.device, self.config.random_shift
        index = send_array(batch.observations, device)
        frames = send_array(batch.frames[: batch.num_current], device)
        shown = self._shift(frames, batch.observations, VIEW_SHIFT if pad == 0 else pad)
        views = as_video(encoder).encode_targets(shown, index)
        project = self.heads["projection"]
        return infonce_loss(project(latents), project(views), share_frames(index), self.config.infonce_temperature)

    def _shift(self, frames: Tensor, stacks: np.ndarray, pad: int) -> Tensor:
        groups = send_array(sharing_groups(stacks, len(frames)), frames.device)
        return shift_groups(frames, groups, pad, self.generator)


def _check_pixels(spec: EnvSpec, config: AuxiliaryConfig) -> None:
    if not config.reads_pixels:
        return
    name = next(each for each in PIXEL_SETTINGS if getattr(config, each) > 0)
    if not spec.is_video:
        raise ValueError(f"{name} needs video, got observations of shape {spec.observation_shape}; 0 switches it off")
    side = min(spec.observation_shape[-2:])
    if config.random_shift >= side:
        raise ValueError(f"random_shift must be below the frames' {side} pixels, got {config.random_shift}")
