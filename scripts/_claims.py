"""The four claims on several ledgers: as a table of verdicts, and as four panels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from economics import Claim, check_ledger, cost_per_human_hour, relative_unit_price
from scripts._fleet import VIEWS
from scripts._ledger_file import SPREAD, Ledger, Source, chosen, measured
from scripts._panels import COLOURS, finish, make_panels, whole_ticks
from scripts._plots import running_mean
from scripts._report import Table

Vector = npt.NDArray[np.float64]
BLOCKS = 20
_COLOURS = ("platform", "customer")


@dataclass(frozen=True)
class Evidence:
    """What the claims were put to.

    Attributes:
        name: of the view
        claims: the four, in order
        ledger: rows along the path
        at: where on the path each row lies: episode or year
        adoption: what the fourth claim runs along: episode, or adopted share
        relative_price: unit price over wage along it
        pool: rows that the third claim was put to
        window: rows of the running mean that is drawn
    """

    name: str
    claims: Sequence[Claim]
    ledger: Ledger
    at: Vector
    adoption: Vector
    relative_price: Vector
    pool: Ledger
    window: int = 1


def ledger_evidence(source: Source, window: int = 20) -> list[Evidence]:
    """Put the claims to both views of a ledger; episodes whose spread was not measured are left out.

    Args:
        source: the ledger
        window: episodes of the running mean

    Returns:
        Recorded, which is the other view with rebates switched off; and as if. A view without a row is left out.
    """
    found = []
    for view, whole in zip(VIEWS, (source.recorded, source.valued), strict=True):
        ledger = chosen(whole, measured(whole, SPREAD))
        at = ledger["episode"]
        if len(at):
            price = relative_unit_price(ledger)
            name = f"ledger, {view}"
            found.append(Evidence(name, check_ledger(ledger), ledger, at, at, price, ledger, window))
    return found


def claims_table(evidence: Sequence[Evidence]) -> Table:
    """List every verdict; the p-value is one-sided, and optimistic where points follow each other."""
    rows = [
        [
            found.name,
            f"{number} {claim.name}",
            "holds" if claim.holds else "FAILS",
            claim.statistic,
            claim.meaning,
            claim.p_value,
            claim.samples,
        ]
        for found in evidence
        for number, claim in enumerate(found.claims, start=1)
    ]
    columns = ("where", "claim", "verdict", "statistic", "meaning", "p_value", "points")
    return Table("claims", "The four claims", columns, rows)


def draw_claims(evidence: Sequence[Evidence], title: str, path: str) -> Any:
    """Draw what each claim looked at; the title of a panel says the verdicts.

    Args:
        evidence: one or two views
        title: of the figure
        path: label of what the rows run along

    Returns:
        The figure.
    """
    figure, (cost, parts, incentive, deflation) = make_panels(title)
    for found, colour in zip(evidence, _COLOURS, strict=False):
        _line(cost, found.at, _costs(found), found, COLOURS[colour])
        hours = found.pool["hours"]
        captured = found.pool["captured_spread"] / hours
        incentive.plot(
            found.pool["mp_r"], captured, ".", color=COLOURS[colour], alpha=0.5, markersize=5, label=found.name
        )
        _line(deflation, found.adoption, found.relative_price, found, COLOURS[colour])
    wage = evidence[-1].ledger["w_h"]
    cost.plot(evidence[-1].at, wage, "--", color=COLOURS["wage"], label="human wage")
    cost.set_ylim(*_limits(wage, [_costs(found) for found in evidence], 2.0 * float(wage.max())))
    finish(cost, path, "cost [$ per human-equivalent hour]", _verdicts(evidence, 0))
    _draw_parts(parts, evidence[-1])
    finish(parts, path, f"over the wage [$/h], {evidence[-1].name}", _verdicts(evidence, 1))
    finish(incentive, "marginal product [units/h]", "captured [$/h]", _verdicts(evidence, 2))
    along = path if evidence[-1].adoption is evidence[-1].at else "adopted share of hours [-]"
    deflation.set_ylim(*_limits(np.ones(1), [found.relative_price for found in evidence], 2.0))
    finish(deflation, along, "unit price / wage [-]", _verdicts(evidence, 3))
    for axis in (cost, parts, deflation) if along == path else (cost, parts):
        whole_ticks(axis)
    return figure


def _costs(found: Evidence) -> Vector:
    ledger = found.ledger
    per_hour = ledger["captured_spread"] / ledger["hours"]
    return np.asarray(cost_per_human_hour(ledger["w_hat_r"], ledger["w_h"], per_hour))


def _line(axis: Any, x: Vector, y: Vector, found: Evidence, colour: str) -> None:
    """Draw a path; of a noisy one its points and a running mean, what has no number left out."""
    known = np.isfinite(y)
    if found.window > 1:
        axis.plot(x[known], y[known], ".", color=colour, alpha=0.2, markersize=4)
    means = f", mean of {found.window}" if found.window > 1 else ""
    axis.plot(x[known], running_mean(y[known], found.window), color=colour, label=found.name + means)


def _limits(anchors: Vector, paths: Sequence[Vector], most: float) -> tuple[float, float]:
    """Frame the paths up to `most`: work that is worth next to nothing costs without bound."""
    values = np.concatenate([anchors, *paths])
    values = values[np.isfinite(values) & (values <= most)]
    low, high = float(values.min()), float(values.max())
    room = 0.06 * max(high - low, 0.02 * abs(high))
    return low - room, high + room


def _draw_parts(axis: Any, found: Evidence) -> None:
    """Stack rebate, captured and retained in blocks of the path, under the line of their sum."""
    rows = len(found.at)
    blocks = np.array_split(np.arange(rows), rows if rows <= 2 * BLOCKS else BLOCKS)
    hours = np.array([found.ledger["hours"][block].sum() for block in blocks])
    sums = {
        name: np.array([found.ledger[name][block].sum() for block in blocks]) / hours
        for name in ("rebate", "captured_spread", "consumer_surplus")
    }
    at = np.array([found.at[block].mean() for block in blocks])
    width = 0.8 * (float(np.diff(at).min()) if len(at) > 1 else 1.0)
    retained = sums["consumer_surplus"] - sums["rebate"]
    base = np.maximum(retained, 0.0)
    axis.bar(at, retained, width, color=COLOURS["other"], label="retained")
    for name, label, colour in (("rebate", "rebate", "customer"), ("captured_spread", "captured", "platform")):
        axis.bar(at, sums[name], width, bottom=base, color=COLOURS[colour], label=label)
        base = base + sums[name]
    over = (found.ledger["w_hat_r"] - found.ledger["w_h"]) * found.ledger["hours"]
    total = np.array([over[block].sum() for block in blocks]) / hours
    axis.plot(at, total, ".-", color="#222222", markersize=4, linewidth=1, label="implied less human wage")


def _verdicts(evidence: Sequence[Evidence], number: int) -> str:
    """Say a claim and its verdict on each view."""
    said = []
    for found in evidence:
        claim = found.claims[number]
        value = "not defined" if math.isnan(claim.statistic) else f"{claim.statistic:.2f}"
        said.append(f"{found.name.partition(', ')[2]} {'holds' if claim.holds else 'FAILS'} ({value})")
    return f"{number + 1} {evidence[0].claims[number].name}\n{'; '.join(said)}"
