"""A transformer that attends over time and space in turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from agents.encoders.backbone import PixelScaler, check_reachable, import_backbone, try_weights
from agents.encoders.base import VideoEncoder

HUB = "https://huggingface.co"
KINETICS = "facebook/timesformer-base-finetuned-k400"
MEAN, STD = 0.45, 0.225
SIZES: dict[str, dict[str, Any]] = {
    "small": {
        "image_size": 64,
        "patch_size": 8,
        "hidden_size": 192,
        "num_hidden_layers": 4,
        "num_attention_heads": 3,
        "intermediate_size": 768,
        "initializer_range": 192**-0.5,  # 0.02, made for wider layers, leaves latents of all clips nearly equal
    },
    "base": {"image_size": 224},
}
"""From a size's name to what transformers' TimesformerConfig is given; "base" is that of the published weights."""
PUBLISHED = "base"
PUBLISHED_SHAPE = (8, 3)  # frames, channels


class TimeSformer(VideoEncoder):
    """transformers' TimesformerModel, its class token -> latent -> LayerNorm.

    "small" reads 64x64 in patches of 8x8: 2.6 M weights. "base" reads 224x224 in patches of 16x16: 121 M weights, which
    `pretrained` takes from Kinetics-400.

    Reference: Bertasius et al., "Is space-time attention all you need for video understanding?" (2021),
        https://arxiv.org/abs/2102.05095; the width of "small" is that of DeiT-tiny, https://arxiv.org/abs/2012.12877.
    """

    name = "timesformer"

    def __init__(
        self,
        observation_shape: tuple[int, ...],
        latent_dim: int = 128,
        size: str = "small",
        pretrained: bool = False,
    ):
        super().__init__(observation_shape, latent_dim)
        if size not in SIZES:
            raise ValueError(f"size must be one of {', '.join(SIZES)}, got {size!r}")
        if pretrained and size != PUBLISHED:
            raise ValueError(f"pretrained weights are there for size={PUBLISHED} only, got size={size}")
        transformers = import_backbone("transformers", self.name)
        time, channels = observation_shape[:2]
        self._size = size
        config = transformers.TimesformerConfig(num_frames=time, num_channels=channels, **SIZES[size])
        self.prepare = PixelScaler(config.image_size, (MEAN,) * channels, (STD,) * channels)
        self.backbone = transformers.TimesformerModel(config)
        # transformers leaves these at 0, and attention cannot tell the order of frames without them.
        nn.init.trunc_normal_(self.backbone.embeddings.time_embeddings, std=config.initializer_range)
        weights = try_weights(self.name, lambda: _kinetics(transformers, config)) if pretrained else None
        if weights is not None:
            self.backbone.load_state_dict(weights)
        self.project = nn.Sequential(nn.Linear(config.hidden_size, latent_dim), nn.LayerNorm(latent_dim))

    @property
    def options(self) -> dict[str, Any]:
        """Return the size."""
        return {"size": self._size}

    def forward(self, observations: Tensor) -> Tensor:
        """Encode stacks (B, T, C, H, W) uint8 to latents (B, latent_dim)."""
        self.check(observations)
        return self.project(self.backbone(self.prepare(observations)).last_hidden_state[:, 0])


def _kinetics(transformers: Any, config: Any) -> dict[str, Tensor]:
    given = (config.num_frames, config.num_channels)
    if given != PUBLISHED_SHAPE:
        raise ValueError("they read {} frames of {} channels, not {} of {}".format(*PUBLISHED_SHAPE, *given))
    load = transformers.TimesformerModel.from_pretrained
    with _silent(transformers.utils.logging):
        try:
            return load(KINETICS, local_files_only=True).state_dict()
        except OSError:
            check_reachable(f"{HUB}/{KINETICS}/resolve/main/config.json")
            return load(KINETICS).state_dict()


@contextmanager
def _silent(speech: Any) -> Iterator[None]:
    """Say nothing of the classes that are left out, and draw no bars."""
    before, had_bar = speech.get_verbosity(), speech.is_progress_bar_enabled()
    speech.set_verbosity_error()
    speech.disable_progress_bar()
    try:
        yield
    finally:
        speech.set_verbosity(before)
        if had_bar:
            speech.enable_progress_bar()
