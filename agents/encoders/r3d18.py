"""A 3-D ResNet with 18 layers, trained on Kinetics-400 where its weights can be had."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from agents.encoders.backbone import PixelScaler, check_reachable, import_backbone, try_weights
from agents.encoders.base import VideoEncoder

SIZE = 112
MEAN, STD = (0.43216, 0.394666, 0.37645), (0.22803, 0.22145, 0.216989)
FEATURES = 512


class R3D18(VideoEncoder):
    """torchvision's r3d_18 without its classes -> 512 -> latent -> LayerNorm.

    Batch norm keeps its statistics: replay's batches are correlated and one cell acts alone, so that statistics of a
    batch would give one clip another latent in every batch, and a policy that acts on latents it never learned from.

    Reference: Tran et al., "A closer look at spatiotemporal convolutions for action recognition" (2018),
        https://arxiv.org/abs/1711.11248; size and statistics of the pixels are those of torchvision's weights.
    """

    name = "r3d18"

    def __init__(self, observation_shape: tuple[int, ...], latent_dim: int = 128, pretrained: bool = False):
        super().__init__(observation_shape, latent_dim)
        if observation_shape[1] != len(MEAN):
            raise ValueError(f"{self.name} needs {len(MEAN)} channels, got shape {tuple(observation_shape)}")
        video = import_backbone("torchvision.models.video", self.name)
        self.prepare = PixelScaler(SIZE, MEAN, STD)
        self.backbone = video.r3d_18()
        weights = try_weights(self.name, lambda: _kinetics(video)) if pretrained else None
        if weights is not None:
            self.backbone.load_state_dict(weights)
        self.backbone.fc = nn.Identity()
        self.project = nn.Sequential(nn.Linear(FEATURES, latent_dim), nn.LayerNorm(latent_dim))
        self.train(self.training)

    def train(self, mode: bool = True) -> "R3D18":
        """Set the mode of all layers but batch norm, which never learns statistics."""
        super().train(mode)
        for layer in self.modules():
            if isinstance(layer, nn.BatchNorm3d):
                layer.eval()
        return self

    def forward(self, observations: Tensor) -> Tensor:
        """Encode stacks (B, T, C, H, W) uint8 to latents (B, latent_dim)."""
        self.check(observations)
        return self.project(self.backbone(self.prepare(observations).transpose(1, 2)))


def _kinetics(video: Any) -> dict[str, Tensor]:
    weights = video.R3D_18_Weights.KINETICS400_V1
    if not (Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name).exists():
        check_reachable(weights.url)
    return weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
