"""The picture of an abstract shift for people: bars of what was set and what was done, and what that earns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from economics import Prices, error_rate
from v2p_sim.shift import FULL_RATE_PER_HOUR

PICTURE_SIZE = (640, 480)

_BACKGROUND, _TRACK = (24, 26, 32), (46, 50, 60)
_TEXT, _FAINT = (236, 238, 242), (150, 156, 168)
_BLUE, _GREEN, _AMBER, _RED, _VIOLET = (96, 144, 208), (88, 184, 112), (224, 176, 72), (216, 80, 72), (160, 128, 216)
_LEFT, _BAR_LEFT, _BAR_RIGHT, _RIGHT = 32, 144, 512, 608
_BAR_TOP, _ROW, _BAR_HEIGHT = 84, 46, 22
_MONEY_TOP = 380


def draw_shift(
    info: Mapping[str, float], action: npt.NDArray[np.float64], progress: float, prices: Prices
) -> npt.NDArray[np.uint8]:
    """Draw the shift so far.

    Args:
        info: the counters of the cell, as in Gymnasium's info
        action: last [speed, care]
        progress: share of the shift that has passed
        prices: what the work is worth

    Returns:
        Picture, shape (480, 640, 3).
    """
    image = Image.new("RGB", PICTURE_SIZE, _BACKGROUND)
    draw = ImageDraw.Draw(image)
    draw.text((_LEFT, 28), "Dishwashing", _TEXT, _font(24), anchor="la")
    draw.text((_RIGHT, 34), f"{info['hours'] * 60.0:.0f} min worked", _FAINT, _font(18), anchor="ra")
    expected = FULL_RATE_PER_HOUR * info["hours"] / progress if progress > 0.0 else FULL_RATE_PER_HOUR
    rows = [
        ("speed", action[0], f"{action[0]:.2f}", _VIOLET),
        ("care", action[1], f"{action[1]:.2f}", _VIOLET),
        ("shift", progress, f"{progress:.0%}", _BLUE),
        ("completed", info["completed"] / expected, f"{info['completed']:.0f}", _GREEN),
        ("attempts", info["attempts"] / expected, f"{info['attempts']:.0f}", _AMBER),
        ("errors", info["errors"] / expected, f"{info['errors']:.0f}", _RED),
    ]
    for row, (label, share, value, colour) in enumerate(rows):
        _bar(draw, _BAR_TOP + row * _ROW, label, (share, value), colour)
    _money(draw, info, prices)
    return np.asarray(image).copy()


def _bar(
    draw: ImageDraw.ImageDraw, top: int, label: str, reading: tuple[float, str], colour: tuple[int, int, int]
) -> None:
    share, value = reading
    middle, radius = top + _BAR_HEIGHT // 2, 4
    draw.text((_LEFT, middle), label, _FAINT, _font(18), anchor="lm")
    draw.rounded_rectangle((_BAR_LEFT, top, _BAR_RIGHT, top + _BAR_HEIGHT), radius, _TRACK)
    length = round(min(max(share, 0.0), 1.0) * (_BAR_RIGHT - _BAR_LEFT))
    if length > 0:
        draw.rounded_rectangle((_BAR_LEFT, top, _BAR_LEFT + length, top + _BAR_HEIGHT), radius, colour)
    draw.text((_RIGHT, middle), value, _TEXT, _font(18), anchor="rm")


def _money(draw: ImageDraw.ImageDraw, info: Mapping[str, float], prices: Prices) -> None:
    hours = max(info["hours"], 1e-12)
    err = float(error_rate(info["errors"], info["attempts"]))
    figures = [
        (f"{info['completed'] / hours:.0f} /h", "units"),
        (f"{err:.1%}", "errors"),
        (f"${info['profit_usd']:.2f}", "earned"),
        (f"${info['profit_usd'] / hours:.2f} /h", f"human ${prices.wage_usd_per_hour:.2f} /h"),
    ]
    draw.line((_LEFT, _MONEY_TOP, _RIGHT, _MONEY_TOP), _TRACK, 2)
    for column, (figure, caption) in enumerate(figures):
        left = _LEFT + column * 144
        draw.text((left, _MONEY_TOP + 20), figure, _TEXT, _font(24), anchor="la")
        draw.text((left, _MONEY_TOP + 54), caption, _FAINT, _font(16), anchor="la")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
