"""The human wage along time: index series that ship with the package, read between and beyond their dates."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib import resources
from typing import Literal

import numpy as np
import numpy.typing as npt

from economics._checks import FloatOrArray, plain, require_finite, require_positive

Interpolation = Literal["geometric", "linear", "step"]
"""Between two dates: a constant rate of growth, a straight line, or the earlier value held."""

Extrapolation = Literal["error", "hold", "growth"]
"""Beyond the dates: refuse, hold the value at the end, or go on at the mean rate of growth of the whole series."""

GENERAL = "eci_private_wages"
OCCUPATIONS = {"35-9021": "dishwashers_35_9021"}


@dataclass(frozen=True)
class IndexSeries:
    """A wage index: dates, values and where each came from.

    Attributes:
        name: of the series
        years: dates as decimal years, rising, shape (T,) [year]
        values: shape (T,); dollars an hour or points, for only ratios count
        sources: key of each value's source; the header of wages.csv spells them out
        statuses: of each value: published or simulated

    Raises:
        ValueError: the shapes differ, fewer than two dates, dates do not rise, or a value is not above zero.
    """

    name: str
    years: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    sources: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_finite(years=self.years)
        require_positive(values=self.values)
        if self.years.ndim != 1 or self.years.shape != self.values.shape or len(self.years) < 2:
            shapes = f"{self.years.shape} and {self.values.shape}"
            raise ValueError(f"years and values must be two vectors of one length >= 2, got shapes {shapes}")
        if not (np.diff(self.years) > 0.0).all():
            raise ValueError(f"years must rise, got {self.years.tolist()}")


def series_names() -> tuple[str, ...]:
    """List the series that ship with the package.

    Returns:
        Their names, sorted.

    Reference:
        economics/data/wages.csv.

    >>> series_names()
    ('dishwashers_35_9021', 'eci_private_wages', 'eci_private_wages_sa')
    """
    return tuple(sorted({row["series"] for row in _rows()}))


def load_series(name: str) -> IndexSeries:
    """Read a series that ships with the package.

    Args:
        name: one of `series_names`

    Returns:
        The series, by date.

    Raises:
        ValueError: there is no such series; the message lists those that there are.

    Reference:
        U.S. Bureau of Labor Statistics, by way of the sources that economics/data/wages.csv names.

    >>> load_series("dishwashers_35_9021").values[[0, -1]].tolist()
    [7.89, 16.73]
    """
    rows = sorted((row for row in _rows() if row["series"] == name), key=lambda row: row["date"])
    if not rows:
        raise ValueError(f"name must be one of {', '.join(series_names())}, got {name!r}")
    return IndexSeries(
        name=name,
        years=np.array([decimal_year(row["date"]) for row in rows]),
        values=np.array([float(row["value"]) for row in rows]),
        sources=tuple(row["source"] for row in rows),
        statuses=tuple(row["status"] for row in rows),
    )


def choose_series(occupation: str | None = None) -> IndexSeries:
    """Prefer the series of an occupation to the general one.

    Args:
        occupation: SOC code such as 35-9021, or None

    Returns:
        The occupation's series where there is one, else the Employment Cost Index of private workers.

    Reference:
        U.S. Office of Management and Budget, "Standard Occupational Classification Manual" (2018), for the codes.

    >>> choose_series("35-9021").name, choose_series("47-2021").name
    ('dishwashers_35_9021', 'eci_private_wages')
    """
    return load_series(GENERAL if occupation is None else OCCUPATIONS.get(occupation, GENERAL))


def index_at(
    series: IndexSeries,
    year: FloatOrArray,
    interpolation: Interpolation = "geometric",
    extrapolation: Extrapolation = "error",
) -> FloatOrArray:
    """Read an index at any date.

    geometric: ln I is linear in time between two dates. growth: I(t) = I(end) * exp(g * (t - end)), with
    g = ln(I_last / I_first) / (t_last - t_first), at either end.

    Args:
        series: the index
        year: dates as decimal years, any shape [year]
        interpolation: geometric, linear or step
        extrapolation: error, hold or growth

    Returns:
        Index at those dates, in the series' unit.

    Raises:
        ValueError: a date is not finite or lies outside the series while extrapolation is error, or a method is
        unknown.

    Reference:
        International Labour Organization et al., "Consumer Price Index Manual" (2020), for geometric interpolation.

    >>> points = IndexSeries("example", np.array([2000.0, 2002.0]), np.array([1.0, 4.0]))
    >>> index_at(points, 2001.0), index_at(points, 2001.0, "linear"), index_at(points, 2004.0, extrapolation="growth")
    (2.0, 2.5, 16.0)
    """
    require_finite(year=year)
    asked = np.asarray(year, np.float64)
    first, last = series.years[0], series.years[-1]
    inside = np.clip(asked, first, last)
    if extrapolation == "error" and (inside != asked).any():
        culprit = asked[inside != asked].ravel()[0]
        raise ValueError(
            f"year must lie in [{first:.2f}, {last:.2f}] or extrapolation be hold or growth, got {culprit}"
        )
    values = _between(series, inside, interpolation)
    if extrapolation == "growth":
        rate = np.log(series.values[-1] / series.values[0]) / (last - first)
        return plain(values * np.exp(rate * (asked - inside)))
    if extrapolation not in ("error", "hold"):
        raise ValueError(f"extrapolation must be error, hold or growth, got {extrapolation!r}")
    return plain(values)


def human_wage_path(
    wage_usd_per_hour: float,
    base_year: float,
    year: FloatOrArray,
    series: IndexSeries,
    extrapolation: Extrapolation = "error",
) -> FloatOrArray:
    """Move a wage along an index: w(t) = w(t0) * I(t) / I(t0).

    Args:
        wage_usd_per_hour: wage at the base date, w(t0) > 0 [$ / h]
        base_year: base date t0 as a decimal year [year]
        year: dates t, any shape [year]
        series: the index I, read geometrically between its dates
        extrapolation: error, hold or growth

    Returns:
        Human wage at those dates [$ / h].

    Raises:
        ValueError: the wage is not above zero, or a date is refused by `index_at`.

    Reference:
        U.S. Bureau of Labor Statistics, "How to Use the Employment Cost Index for Escalation".

    >>> round(human_wage_path(18.0, 2025.25, 2026.25, load_series("eci_private_wages"), "hold"), 2)
    18.58
    """
    require_positive(wage_usd_per_hour=wage_usd_per_hour)
    require_finite(base_year=base_year)
    base = index_at(series, base_year, extrapolation=extrapolation)
    return plain(wage_usd_per_hour * np.asarray(index_at(series, year, extrapolation=extrapolation)) / base)


def decimal_year(month: str) -> float:
    """Turn a month into a decimal year, at its middle: 2007-05 is 2007 + 4.5 / 12.

    Args:
        month: year and month, as in 2007-05

    Returns:
        The decimal year.

    Raises:
        ValueError: it is not a year and a month from 01 to 12.

    Reference:
        ISO 8601, calendar dates of reduced precision.

    >>> decimal_year("2007-07")
    2007.5416666666667
    """
    year, _, number = month.partition("-")
    if not (year.isdigit() and number.isdigit() and 1 <= int(number) <= 12):
        raise ValueError(f"month must be YYYY-MM with MM from 01 to 12, got {month!r}")
    return int(year) + (int(number) - 0.5) / 12.0


def _between(series: IndexSeries, year: npt.NDArray[np.float64], method: str) -> npt.NDArray[np.float64]:
    if method == "geometric":
        return np.exp(np.interp(year, series.years, np.log(series.values)))
    if method == "linear":
        return np.interp(year, series.years, series.values)
    if method == "step":
        return series.values[np.searchsorted(series.years, year, side="right") - 1]
    raise ValueError(f"interpolation must be geometric, linear or step, got {method!r}")


def _rows() -> list[dict[str, str]]:
    text = resources.files("economics").joinpath("data", "wages.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))
