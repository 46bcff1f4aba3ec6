"""A frame-wise CNN with temporal pooling: each frame is encoded once, however many stacks show it."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, embedding_bag

from agents.encoders.base import PIXEL_MAX, VideoEncoder, initialize_orthogonal
from agents.encoders.blocks import convolve_blocks, fold

FRAME_FEATURES = 440
STRIDE = 4  # of the first layer, whose kernel is twice as wide


class Simple2DCNN(VideoEncoder):
    """Three strided convolutions a frame (1.8 M multiply-adds at 64x64), then pooling over time.

    The latent is LayerNorm(W [mean_t f_t, f_T, f_T - f_1]) with f_t the features of frame t: what is seen, where it
    is now, and how it moved.

    Reference: kernels and strides are those of Mnih et al., "Human-level control through deep reinforcement learning"
        (2015), https://doi.org/10.1038/nature14236; with half the channels an update costs half.
    """

    name = "simple2dcnn"
    smallest = 36

    def __init__(self, observation_shape: tuple[int, ...], latent_dim: int = 128):
        super().__init__(observation_shape, latent_dim)
        _, channels, height, width = observation_shape
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, 16, 2 * STRIDE, STRIDE),
            nn.ReLU(),
            nn.Conv2d(16, 32, 4, 2),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3, 1),
            nn.ReLU(),
            nn.Flatten(),
        )
        with torch.no_grad():
            flat = self.convolutions(torch.zeros(1, channels, height, width)).shape[1]
        self.project = nn.Sequential(nn.Linear(flat, FRAME_FEATURES), nn.ReLU())
        self.pool = nn.Sequential(nn.Linear(3 * FRAME_FEATURES, latent_dim), nn.LayerNorm(latent_dim))
        initialize_orthogonal(self)

    def encode_frames(self, frames: Tensor) -> Tensor:
        """Encode single frames (M, C, H, W) uint8 to features (M, FRAME_FEATURES)."""
        self.check_frames(frames)
        return self.project(self.convolutions[1:](self._convolve_pixels(frames)))

    def pool_time(self, features: Tensor) -> Tensor:
        """Pool features (B, T, FRAME_FEATURES), oldest first, to latents (B, latent_dim)."""
        return self._pool(features.mean(1), features[:, 0], features[:, -1])

    def forward(self, observations: Tensor) -> Tensor:
        """Encode stacks (B, T, C, H, W) uint8 to latents (B, latent_dim)."""
        self.check(observations)
        batch, time = observations.shape[:2]
        return self.pool_time(self.encode_frames(observations.flatten(0, 1)).unflatten(0, (batch, time)))

    def encode_shared(self, frames: Tensor, index: Tensor) -> Tensor:
        """Encode each of the M frames once, then pool the stacks (B, T) that index them."""
        return self._pool_shared(self.encode_frames(frames), index)

    def encode_pair(self, frames: Tensor, num_current: int, index: Tensor, next_index: Tensor) -> tuple[Tensor, Tensor]:
        """Encode current stacks with gradients and next stacks without, every frame once."""
        with self.learning_precision(frames.device):  # one context, in which a weight is cast once
            current = self.encode_frames(frames[:num_current]).float()
            with torch.no_grad():
                rest = self.encode_frames(frames[num_current:]).float()
        with torch.no_grad():
            next_latents = self._pool_shared(torch.cat([current, rest]), next_index)
        return self._pool_shared(current, index), next_latents

    @torch.no_grad()
    def encode_targets(self, frames: Tensor, index: Tensor) -> Tensor:
        """Encode stacks (B, T) of frames (M, C, H, W) without gradients, in the precision of pairs."""
        with self.learning_precision(frames.device):
            features = self.encode_frames(frames).float()
        return self._pool_shared(features, index)

    def _convolve_pixels(self, frames: Tensor) -> Tensor:
        """Convolve x / 255 - 1/2 of pixels x: the weights are scaled, not the many more pixels."""
        first = self.convolutions[0]
        assert isinstance(first, nn.Conv2d) and first.bias is not None
        weight, bias = first.weight / PIXEL_MAX, first.bias - 0.5 * first.weight.sum((1, 2, 3))
        if frames.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            # Pixels up to 255 are exact in bfloat16.
            return convolve_blocks(fold(frames, STRIDE).to(torch.get_autocast_dtype("cpu")), weight, bias, STRIDE)
        # In the layout that they come in: channels last from replay, which many frames are convolved fastest in.
        return conv2d(frames.float(), weight, bias, STRIDE)

    def _pool_shared(self, features: Tensor, index: Tensor) -> Tensor:
        """Pool the stacks (B, T) that index features (M, F), without writing the stacks out."""
        if index.ndim != 2 or index.shape[1] != self.observation_shape[0]:
            wanted = f"(B, {self.observation_shape[0]})"
            raise ValueError(f"{self.name} needs indices {wanted} of frames, got {tuple(index.shape)}")
        first, last = (features.index_select(0, index[:, at]) for at in (0, -1))
        return self._pool(embedding_bag(index, features, mode="mean"), first, last)

    def _pool(self, mean: Tensor, first: Tensor, last: Tensor) -> Tensor:
        return self.pool(torch.cat([mean, last, last - first], dim=1))
