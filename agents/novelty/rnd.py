"""Novelty from random network distillation: what a predictor has not learned to imitate it has not seen."""

from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from agents._checks import seeded
from agents.novelty.base import GapNovelty
from agents.novelty.config import RNDConfig
from agents.optimizers import guarded_step, load_optimizer, make_adam, pack_optimizer

CLIP = 5.0


class RNDNovelty(GapNovelty):
    """Trains a network to imitate a fixed random one; its gap is mean ||predictor(z) - target(z)||^2.

    z is the whitened latent, clipped to [-5, 5]. The predictor has two layers more than the target.

    Reference: Burda et al., "Exploration by random network distillation", https://arxiv.org/abs/1810.12894
    """

    def __init__(self, latent_dim: int = 128, device: str = "cpu", seed: int = 0, config: RNDConfig | None = None):
        self.config = RNDConfig() if config is None else config
        super().__init__(latent_dim, device, seed, (self.config.train_every, self.config.train_rows))
        hidden, features = self.config.hidden, self.config.features
        with seeded(seed):
            self.target = make_mlp([latent_dim, hidden, features]).to(self.device).requires_grad_(False)
            self.predictor = make_mlp([latent_dim, hidden, hidden, hidden, features]).to(self.device)
        self.optimizer = make_adam(self.predictor.parameters(), self.config.learning_rate)

    def _error(self, latents: Tensor) -> Tensor:
        whitened = self.scale(latents).clamp(-CLIP, CLIP)
        return (self.predictor(whitened) - self.target(whitened)).square().mean(dim=1)

    def _measure(self, latents: Tensor) -> Tensor:
        return self._error(latents).unsqueeze(1)

    def _learn(self, latents: Tensor) -> Tensor:
        loss = self._error(latents).mean()
        return loss.detach() + guarded_step(self.optimizer, loss, list(self.predictor.parameters()))

    def _learned(self) -> dict[str, Any]:
        return {
            "target": self.target.state_dict(),
            "predictor": self.predictor.state_dict(),
            "optimizer": pack_optimizer(self.optimizer),
        }

    def _relearn(self, learned: dict[str, Any]) -> None:
        self.target.load_state_dict(learned["target"])
        self.predictor.load_state_dict(learned["predictor"])
        load_optimizer(self.optimizer, learned["optimizer"])


def make_mlp(widths: list[int]) -> nn.Sequential:
    """Make linear layers of these widths with ReLUs between them, weights orthogonal with ReLU's gain, no bias."""
    layers: list[nn.Module] = []
    for width, following in pairwise(widths):
        layer = nn.Linear(width, following)
        nn.init.orthogonal_(layer.weight, nn.init.calculate_gain("relu"))
        nn.init.zeros_(layer.bias)
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])
