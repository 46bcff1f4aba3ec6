"""What every encoder offers: observations in, a latent of fixed width out."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

PIXEL_MAX = 255.0


class Encoder(nn.Module):
    """Maps observations to latents (B, latent_dim), normalised by a LayerNorm.

    Attributes:
        name: Name under which `build_encoder` knows the class.
        modality: "state" for float vectors (B, D), "video" for uint8 stacks (B, T, C, H, W).
    """

    name: ClassVar[str]
    modality: ClassVar[str]

    def __init__(self, observation_shape: tuple[int, ...], latent_dim: int):
        super().__init__()
        self.observation_shape = tuple(observation_shape)
        self.latent_dim = latent_dim

    @property
    def options(self) -> dict[str, Any]:
        """Return what fixes the shapes of the weights beside observation and latent."""
        return {}

    def freeze(self, frozen: bool = True) -> None:
        """Keep all weights as they are, or let them move again; latents carry no gradients while frozen.

        Args:
            frozen: Whether the weights stay.
        """
        self.requires_grad_(not frozen)
        if frozen:
            self.zero_grad(set_to_none=True)  # an optimiser passes over weights without a gradient

    def check(self, observations: Tensor) -> None:
        """See that a batch fits.

        Args:
            observations: Batch (B, ...).

        Raises:
            ValueError: Its shape or type is not what the encoder reads.
        """
        _check(self.name, observations, ("B", *self.observation_shape), self.modality == "video")


class VideoEncoder(Encoder):
    """An encoder of frame stacks that can also read them as indices into a set of frames.

    Attributes:
        smallest: Height and width that frames have at least.
        learns_in_bfloat16: Whether what is learned from is multiplied in bfloat16; weights, latents and acting stay in
            float32.
    """

    modality = "video"
    smallest: ClassVar[int] = 1
    learns_in_bfloat16 = False

    def __init__(self, observation_shape: tuple[int, ...], latent_dim: int):
        if len(observation_shape) != 4:
            raise ValueError(f"{self.name} needs observations (T, C, H, W), got shape {tuple(observation_shape)}")
        time, channels, height, width = observation_shape
        if min(time, channels) < 1 or min(height, width) < self.smallest:
            least = f"(1, 1, {self.smallest}, {self.smallest})"
            raise ValueError(f"{self.name} needs observations of at least {least}, got {tuple(observation_shape)}")
        super().__init__(observation_shape, latent_dim)

    def check_frames(self, frames: Tensor) -> None:
        """See that a set of frames fits.

        Args:
            frames: Frames (M, C, H, W).

        Raises:
            ValueError: They are not uint8 frames of the observation's size.
        """
        _check(self.name, frames, ("M", *self.observation_shape[1:]), is_video=True)

    def encode_shared(self, frames: Tensor, index: Tensor) -> Tensor:
        """Encode stacks that share frames.

        Args:
            frames: Distinct frames (M, C, H, W) uint8.
            index: For every stack the rows of its frames, oldest first, (B, T).

        Returns:
            Latents (B, latent_dim).
        """
        self.check_frames(frames)
        return self(frames[index])

    def encode_pair(self, frames: Tensor, num_current: int, index: Tensor, next_index: Tensor) -> tuple[Tensor, Tensor]:
        """Encode current stacks with gradients and next stacks without.

        Args:
            frames: Distinct frames (M, C, H, W) uint8; the first `num_current` hold all that current stacks use.
            num_current: Number of leading frames that current stacks use.
            index: Current stacks (B, T).
            next_index: Next stacks (B, T).

        Returns:
            Latents (B, latent_dim) with a graph, next latents (B, latent_dim) without.
        """
        with self.learning_precision(frames.device):
            latents = self.encode_shared(frames[:num_current], index).float()
            with torch.no_grad():
                return latents, self.encode_shared(frames, next_index).float()

    @torch.no_grad()
    def encode_targets(self, frames: Tensor, index: Tensor) -> Tensor:
        """Encode stacks (B, T) of frames (M, C, H, W) without gradients, in the precision of pairs."""
        with self.learning_precision(frames.device):
            return self.encode_shared(frames, index).float()

    def learning_precision(self, device: torch.device) -> torch.autocast:
        """Return the context in which what is learned from is encoded."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.learns_in_bfloat16)


def as_video(encoder: Encoder) -> VideoEncoder:
    """Return the encoder, which is to read a batch of frames, or raise a ValueError that names it."""
    if not isinstance(encoder, VideoEncoder):
        raise ValueError(f"batch holds frames of video, encoder {encoder.name!r} reads {encoder.modality}")
    return encoder


def _check(name: str, given: Tensor, shape: tuple[str | int, ...], is_video: bool) -> None:
    fits = given.dtype == torch.uint8 if is_video else not given.is_complex()
    if given.ndim == len(shape) and tuple(given.shape[1:]) == shape[1:] and fits:
        return
    wanted = f"({', '.join(map(str, shape))}) of {'uint8' if is_video else 'real numbers'}"
    raise ValueError(f"{name} needs {wanted}, got {tuple(given.shape)} of {str(given.dtype).removeprefix('torch.')}")


def center_pixels(pixels: Tensor) -> Tensor:
    """Scale uint8 pixels to floats around zero: x / 255 - 1/2."""
    return pixels.to(torch.float32, copy=True).mul_(1.0 / PIXEL_MAX).sub_(0.5)


def initialize_orthogonal(module: nn.Module) -> None:
    """Give convolutions and linear layers orthogonal weights of ReLU's gain and no bias.

    The default weights shrink what differs between two frames about threefold a layer.
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Conv2d, nn.Conv3d, nn.Linear)):
            nn.init.orthogonal_(layer.weight, nn.init.calculate_gain("relu"))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
