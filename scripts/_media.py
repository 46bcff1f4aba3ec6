"""Videos for people: the workcell beside what the policy sees, with the numbers of the shift drawn in."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from economics import Prices, error_rate, implied_robot_wage, marginal_product, wage_parity
from scripts._explain import UsageError

PICTURE = (640, 480)  # the workcell's picture, (width, height) [pixels]
PANEL_WIDTH = 256
STRIP_HEIGHT = 92
FPS = 10

_INK, _DIM, _PAPER, _BAR = (245, 245, 245), (170, 180, 190), (24, 28, 34), (80, 170, 255)
_MARGIN = 10
_NO_FFMPEG = "video: no ffmpeg ({reason}); cure: pip install imageio-ffmpeg, or video=false"

Policy = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
Frame = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Film:
    """What to film.

    Attributes:
        seed: seed of the first shift
        episodes: shifts to film
        seconds: simulated length at most [s]; None = whole shifts
        wall_s: wall time at most [s]; None = as long as it takes
    """

    seed: int
    episodes: int = 1
    seconds: float | None = None
    wall_s: float | None = None


def require_ffmpeg() -> None:
    """See that an ffmpeg is there.

    Raises:
        UsageError: there is none; the line names the cure.
    """
    try:
        import imageio_ffmpeg

        program = imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(_NO_FFMPEG.format(reason=reason)) from error
    if shutil.which(program) is None:
        raise UsageError(_NO_FFMPEG.format(reason=f"{program} cannot be run"))


class VideoFile:
    """Stream frames into an mp4 that appears under its name only when it is whole."""

    def __init__(self, path: Path, fps: int = FPS) -> None:
        import imageio.v2 as imageio

        require_ffmpeg()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._draft = path.with_name(f".{path.stem}.part.mp4")
        self._writer: Any = imageio.get_writer(
            str(self._draft), fps=fps, codec="libx264", macro_block_size=2, quality=7, ffmpeg_log_level="error"
        )

    def __enter__(self) -> VideoFile:
        """Start writing."""
        return self

    def add(self, frame: Frame) -> None:
        """Append one frame, (H, W, 3) with even sizes."""
        self._writer.append_data(frame)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file, or leave none behind after an error."""
        self._writer.close()
        if kind is None:
            self._draft.replace(self._path)
        else:
            self._draft.unlink(missing_ok=True)


def record(env: gym.Env[Any, Any], policy: Policy, path: Path, film: Film, prices: Prices) -> Path:
    """Film a policy at work.

    Args:
        env: one cell with render_mode "rgb_array"
        policy: observations (1, ...) -> actions (1, 2)
        path: the mp4 to write
        film: seed and length
        prices: what parity is reckoned with

    Returns:
        The path.
    """
    started = time.monotonic()
    layout = getattr(env.unwrapped, "observation_layout", {})
    with VideoFile(path) as video:
        for episode in range(film.episodes):
            observation, info = env.reset(seed=film.seed + episode)
            action, event, done = np.zeros(2), "none", False
            while not done:
                facts = Facts.of(info, action, event, prices)
                video.add(compose(_picture(env), observation, facts, layout))
                late = film.wall_s is not None and time.monotonic() - started > film.wall_s
                if late or (film.seconds is not None and info["hours"] * 3600 >= film.seconds):
                    return path
                action = policy(np.asarray(observation)[None])[0]
                observation, _, terminated, truncated, info = env.step(action)
                event = _describe(info.get("contacts", []), info["hours"], event)
                done = bool(terminated or truncated)
            video.add(compose(_picture(env), observation, Facts.of(info, action, event, prices), layout))
    return path


@dataclass(frozen=True)
class Facts:
    """The numbers that are drawn into a frame."""

    minutes: float
    speed: float
    care: float
    mp_r: float
    err_rate: float
    parity: float
    event: str
    """Of contacts in words, one line or two."""

    @classmethod
    def of(cls, info: Mapping[str, Any], action: npt.NDArray[Any], event: str, prices: Prices) -> Facts:
        """Reckon the shift so far: MP, error rate and wage parity."""
        hours = float(info["hours"])
        mp_r = float(marginal_product(info["completed"], hours)) if hours > 0 else 0.0
        err = float(error_rate(info["errors"], info["attempts"]))
        wage = float(implied_robot_wage(prices.price_usd, mp_r, err, prices.damage_usd))
        parity = float(wage_parity(wage, prices.wage_usd_per_hour))
        return cls(hours * 60, float(action[0]), float(action[1]), mp_r, err, parity, event)


def compose(
    picture: Frame, observation: npt.NDArray[Any], facts: Facts, layout: Mapping[str, Mapping[str, Any]]
) -> Frame:
    """Draw one frame: picture on the left, what the policy sees on the right, numbers below the picture.

    Args:
        picture: the workcell for people, (480, 640, 3)
        observation: video (T, 3, H, W) uint8, newest last, or a flat vector
        facts: numbers of the shift so far
        layout: names, slices and units of a flat observation

    Returns:
        Frame (572, 896, 3) uint8.
    """
    width, height = PICTURE
    canvas = Image.new("RGB", (width + PANEL_WIDTH, height + STRIP_HEIGHT), _PAPER)
    canvas.paste(Image.fromarray(picture), (0, 0))
    draw = ImageDraw.Draw(canvas)
    _draw_strip(draw, height, facts)
    if observation.ndim == 4:
        _draw_video(canvas, draw, observation)
    else:
        _draw_numbers(draw, observation, layout)
    return np.asarray(canvas)


def _picture(env: gym.Env[Any, Any]) -> Frame:
    picture: Any = env.render()
    return np.asarray(picture, np.uint8)


def _font(size: int) -> Any:
    return ImageFont.load_default(size=size)


def _draw_strip(draw: ImageDraw.ImageDraw, top: int, facts: Facts) -> None:
    """Speed and care as bars; MP, error rate, parity; the last contact in two lines."""
    font = _font(15)
    for column, (name, value) in enumerate((("speed", facts.speed), ("care", facts.care))):
        left = _MARGIN + 165 * column
        draw.text((left, top + 6), f"{name} {value:.2f}", _INK, font)
        draw.rectangle((left + 84, top + 9, left + 148, top + 21), outline=_DIM)
        draw.rectangle((left + 84, top + 9, left + 84 + round(64 * value), top + 21), fill=_BAR)
    draw.text((PICTURE[0] - 130, top + 6), f"time {int(facts.minutes):02d}:{facts.minutes * 60 % 60:04.1f}", _INK, font)
    money = f"MP {facts.mp_r:.0f} /h    errors {100 * facts.err_rate:.1f} %    parity {facts.parity:.2f}"
    draw.text((_MARGIN, top + 27), money, _INK, font)
    for row, line in enumerate(f"last contact: {facts.event}".splitlines()):
        draw.text((_MARGIN, top + 48 + 20 * row), line, _DIM, font)


def _draw_video(canvas: Image.Image, draw: ImageDraw.ImageDraw, observation: npt.NDArray[Any]) -> None:
    """The newest frame enlarged, and where there are several the whole stack below it, old to new."""
    frames = observation.transpose(0, 2, 3, 1)
    left, small = PICTURE[0], PANEL_WIDTH // 4
    newest = Image.fromarray(frames[-1]).resize((PANEL_WIDTH, PANEL_WIDTH), Image.Resampling.NEAREST)
    draw.text((left + _MARGIN, 6), "what the policy sees: newest frame", _INK, _font(13))
    canvas.paste(newest, (left, 26))
    if len(frames) == 1:
        return
    draw.text((left + _MARGIN, 32 + PANEL_WIDTH), f"its {len(frames)} frames, old to new", _INK, _font(13))
    for index, frame in enumerate(frames):
        thumb = Image.fromarray(frame).resize((small - 2, small - 2), Image.Resampling.NEAREST)
        canvas.paste(thumb, (left + index % 4 * small, 52 + PANEL_WIDTH + index // 4 * small))


def _draw_numbers(draw: ImageDraw.ImageDraw, observation: npt.NDArray[Any], layout: Mapping[str, Any]) -> None:
    """The entries of a flat observation by name."""
    left, font = PICTURE[0] + _MARGIN, _font(12)
    draw.text((left, 6), "what the policy sees: numbers", _INK, _font(13))
    names = layout if layout else {"observation": {"slice": [0, len(observation)], "unit": ""}}
    lines = []
    for name, entry in names.items():
        first, last = entry["slice"]
        unit = f" [{entry['unit']}]" if entry.get("unit") else ""
        values = [f"{value:.2f}" for value in observation[first:last]]
        lines.append(f"{name}{unit}")
        lines += ["   " + "  ".join(values[start : start + 5]) for start in range(0, len(values), 5)]
    for row, line in enumerate(lines[:32]):
        draw.text((left, 30 + 16 * row), line, _DIM if line.startswith(" ") else _INK, font)


def _describe(events: list[dict[str, Any]], hours: float, before: str) -> str:
    """The step's contact event of most energy in two lines, or the one before where the step had none.

    A dish that lands on another's edge makes several events in a step; what may have broken it is the hardest.
    """
    if not events:
        return before
    event = max(events, key=lambda one: one["energy_j"])
    who = f"{event['kind']} against {event['partner']} at {event['phase']}, {event['outcome']}".replace("_", " ")
    return (
        f"{who} (t {hours * 60:.1f} min)\nenergy {event['energy_j']:.3f} J, peak {event['peak_n']:.1f} N,"
        f" impulse {event['impulse_ns']:.3f} N s, sustained {event['sustained_n']:.1f} N"
    )
