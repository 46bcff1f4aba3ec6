"""A CNN that convolves over time and space at once."""

import torch
from torch import Tensor, nn

from agents.encoders.base import VideoEncoder, center_pixels, initialize_orthogonal


class Simple3DCNN(VideoEncoder):
    """Four strided 3-D convolutions and a linear layer; LayerNorm on the latent.

    Reference: Tran et al., "Learning spatiotemporal features with 3D convolutional networks" (2015),
        https://arxiv.org/abs/1412.0767
    """

    name = "simple3dcnn"
    smallest = 5

    def __init__(self, observation_shape: tuple[int, ...], latent_dim: int = 128):
        super().__init__(observation_shape, latent_dim)
        channels = observation_shape[1]
        self.convolutions = nn.Sequential(
            nn.Conv3d(channels, 16, (3, 7, 7), (1, 4, 4), (1, 3, 3)),
            nn.ReLU(),
            nn.Conv3d(16, 32, (3, 4, 4), (2, 2, 2), (1, 1, 1)),
            nn.ReLU(),
            nn.Conv3d(32, 64, 3, (2, 2, 2), 1),
            nn.ReLU(),
            nn.Conv3d(64, 128, 3, 1, 1),
            nn.ReLU(),
            nn.Flatten(),
        )
        with torch.no_grad():
            flat = self.convolutions(torch.zeros(1, *(observation_shape[axis] for axis in (1, 0, 2, 3)))).shape[1]
        self.project = nn.Sequential(nn.Linear(flat, latent_dim), nn.LayerNorm(latent_dim))
        initialize_orthogonal(self)

    def forward(self, observations: Tensor) -> Tensor:
        """Encode stacks (B, T, C, H, W) uint8 to latents (B, latent_dim)."""
        self.check(observations)
        return self.project(self.convolutions(center_pixels(observations.transpose(1, 2))))
