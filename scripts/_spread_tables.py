"""The spread over the episodes of a ledger: as tables, and as four panels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from scripts._fleet import hourly
from scripts._ledger_file import Source, chosen
from scripts._panels import COLOURS, finish, make_panels, whole_ticks
from scripts._plots import running_mean
from scripts._report import Table

STRETCHES = 5
_MONEY = ("s_cust", "rebate", "captured_spread", "consumer_surplus")
_SHARED = ("w_hat_r", "w_h", "wage_parity", "spread", "spread_value")
EPS_PARITY = 0.05


def stretches_table(source: Source) -> Table:
    """List the mean hour of the run's stretches, the spread as split in both views.

    Args:
        source: the ledger

    Returns:
        Episodes, wages, parity, spread, and what customer and platform get [$ / h].
    """
    columns = ["episodes", "shifts", "w_hat_r", "w_h", "parity", "spread"]
    columns += ["captured", "captured as if", "rebate as if", "share as if"]
    rows = []
    for places in np.array_split(np.arange(len(source.episodes)), min(STRETCHES, len(source.episodes))):
        first, last = (int(source.episodes[at]) for at in (places[0], places[-1]))
        wages = {name: float(source.valued[name][places].mean()) for name in ("w_hat_r", "w_h")}
        spread = hourly(chosen(source.valued, places), len(places))["spread_value"]
        row: list[Any] = [f"{first}-{last}", len(places), *wages.values(), wages["w_hat_r"] / wages["w_h"], spread]
        recorded, valued = (hourly(chosen(ledger, places), len(places)) for ledger in (source.recorded, source.valued))
        row += [recorded.get("captured_spread", math.nan), valued["captured_spread"], valued["rebate"]]
        rows.append([*row, valued["rebate"] / spread if spread > 0.0 else math.nan])
    return Table(
        "stretches", "Stretches [$/h]; the share is the customer's, of the whole spread of the stretch", columns, rows
    )


def episodes_table(source: Source) -> Table:
    """List every episode; columns of money are dollars of the shift, as in the ledger."""
    columns = {"episode": source.episodes} | {name: source.valued[name] for name in _SHARED}
    columns |= {f"{name}_recorded": source.recorded[name] for name in _MONEY}
    columns |= {f"{name}_as_if": source.valued[name] for name in _MONEY}
    rows = [[float(value) for value in row] for row in zip(*columns.values(), strict=True)]
    return Table("spread", "Every episode", tuple(columns), rows)


def draw_spread(source: Source, window: int) -> Any:
    """Draw implied and human wage, parity, the spread, and who gets it.

    Args:
        source: the ledger
        window: episodes of the running mean

    Returns:
        The figure.
    """
    figure, (wage, parity, spread, shares) = make_panels(source.title.split(":")[0])
    ledger, episodes = source.valued, source.episodes
    _dots(wage, episodes, ledger["w_hat_r"], window, "robot")
    wage.plot(episodes, ledger["w_h"], "--", color=COLOURS["wage"], label="human wage")
    finish(wage, "episode [shifts]", "wage [$/h]", "Implied wage of the robot")
    _dots(parity, episodes, ledger["wage_parity"], window, "robot")
    parity.axhline(1.0, color=COLOURS["wage"], linestyle="--", label="human")
    parity.axhline(1.0 + EPS_PARITY, color=COLOURS["other"], linestyle=":", label="the spread begins")
    finish(parity, "episode [shifts]", "parity, robot / human [-]", "Wage parity")
    hours = ledger["hours"]
    _dots(spread, episodes, ledger["spread_value"] / hours, window, "robot")
    for name, label, colour in (("rebate", "rebate", "customer"), ("captured_spread", "captured", "platform")):
        rate = _running(ledger[name], window) / _running(hours, window)
        spread.plot(episodes, rate, color=COLOURS[colour], label=f"{label}, as if")
    finish(spread, "episode [shifts]", "spread [$/h]", f"Spread over the human wage, means of {window}")
    _draw_shares(shares, source, window)
    for axis in (wage, parity, spread, shares):
        whole_ticks(axis)
    return figure


def _draw_shares(axis: Any, source: Source, window: int) -> None:
    """Draw the customer's share: of each shift, and of the money of the last shifts; nan where there is no spread."""
    episodes, valued = source.episodes, source.valued
    some = valued["spread_value"] > 0.0
    axis.plot(episodes[some], valued["s_cust"][some], ".", color=COLOURS["faint"], markersize=4, label="shift, as if")
    for view, ledger, style in (("as if", valued, "-"), ("recorded", source.recorded, "--")):
        whole = _running(ledger["spread_value"], window)
        part = np.divide(
            _running(ledger["rebate"], window), whole, out=np.full(len(whole), math.nan), where=whole > 1e-9
        )
        axis.plot(episodes, part, style, color=COLOURS["customer"], label=f"{window} shifts, {view}")
    if not some.any():
        axis.text(0.5, 0.5, "no spread in any shift", transform=axis.transAxes, ha="center", color=COLOURS["wage"])
        axis.set_xlim(episodes.min() - 0.5, episodes.max() + 0.5)
    axis.set_ylim(-0.03, 1.03)
    finish(axis, "episode [shifts]", "customer's share of the spread [-]", "Who gets the spread")


def _dots(axis: Any, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], window: int, who: str) -> None:
    axis.plot(x, y, ".", color=COLOURS[who], alpha=0.3, markersize=4, label="shift")
    axis.plot(x, _running(y, window), color=COLOURS[who], label=f"mean of {window}")


def _running(values: npt.NDArray[np.float64], window: int) -> npt.NDArray[np.float64]:
    """Average each value with up to window - 1 before it, what was not measured left out; nan where nothing was."""
    known = np.isfinite(values)
    total, count = running_mean(np.where(known, values, 0.0), window), running_mean(known.astype(np.float64), window)
    return np.divide(total, count, out=np.full(len(values), math.nan), where=count > 0.0)
