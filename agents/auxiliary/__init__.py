"""What trains an encoder beside the critic's loss: shifted frames, temporal consistency, InfoNCE."""

from agents.auxiliary.config import PIXEL_SETTINGS, AuxiliaryConfig
from agents.auxiliary.tasks import AuxiliaryTasks

__all__ = ["PIXEL_SETTINGS", "AuxiliaryConfig", "AuxiliaryTasks"]
