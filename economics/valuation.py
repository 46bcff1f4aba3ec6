"""A ledger priced anew as if the data of every shift were a customer's, forecast by forecast."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from economics._checks import require_finite, require_non_negative, require_positive
from economics.data_value import DataValueEstimator
from economics.forecast import delta_mpl
from economics.pricing import quote_price, value_of_data
from economics.spread import compute_spread_allocation
from economics.surplus import consumer_surplus

Columns = Mapping[str, npt.NDArray[np.float64]]


def value_ledger(
    ledger: Columns, estimator: DataValueEstimator, price_usd: float
) -> dict[str, npt.NDArray[np.float64]]:
    """Fill the columns of data and spread, on the assumption that each shift's data was a customer's.

    Each shift's gain is forecast from its novelty before it is known, valued above the running mean of the gains
    before, value = p * max(0, forecast - mean), priced where the forecast is sure, and then learnt from. The forecast
    is the customer's contribution to the measured gain, and the spread is split by it: s_cust = clip(forecast / gain).

    Args:
        ledger: with novelty_norm, mp_r, w_hat_r, w_h and hours; shifts without novelty are neither forecast nor learnt
        estimator: from novelty to gain; it learns on the way
        price_usd: price of a unit, p [$ / unit]

    Returns:
        The ledger, with delta_mpl_cust_pred, delta_mpl_total, data_value, price_quoted, spread, spread_value, s_cust,
        s_plat, rebate, captured_spread and consumer_surplus filled in.

    Raises:
        ValueError: a column is missing or, novelty aside, not finite, w_h or hours is not above zero, or price_usd is
            negative or not finite.

    Reference:
        A. P. Dawid, "Statistical Theory: The Prequential Approach", JRSS A 147 (1984): forecast first, then look.
    """
    needed = ("novelty_norm", "mp_r", "w_hat_r", "w_h", "hours")
    missing = [name for name in needed if name not in ledger]
    if missing:
        raise ValueError(f"ledger must have the columns {', '.join(needed)}, it lacks {', '.join(missing)}")
    require_finite(**{name: ledger[name] for name in needed[1:]})
    require_non_negative(price_usd=price_usd)
    require_positive(w_h=ledger["w_h"], hours=ledger["hours"])
    gains = delta_mpl(ledger["mp_r"])
    data = _forecasts(ledger["novelty_norm"], gains, estimator, price_usd)
    contributed = np.nan_to_num(data["delta_mpl_cust_pred"])
    w_hat, w_h, hours = ledger["w_hat_r"], ledger["w_h"], ledger["hours"]
    split = compute_spread_allocation(w_hat, w_h, hours, contributed, np.nan_to_num(gains))
    surplus = np.asarray(consumer_surplus(w_hat, w_h, np.divide(split.captured, hours))) * hours
    shared = ("spread", "spread_value", "s_cust", "s_plat", "rebate")
    money = {name: np.asarray(getattr(split, name)) for name in shared}
    money |= {"captured_spread": np.asarray(split.captured), "consumer_surplus": surplus}
    return {**ledger, **data, "delta_mpl_total": gains, **money}


def _forecasts(
    novelty: npt.NDArray[np.float64], gains: npt.NDArray[np.float64], estimator: DataValueEstimator, price_usd: float
) -> dict[str, npt.NDArray[np.float64]]:
    """Forecast, value and price shift after shift; nan where there is no forecast."""
    names = ("delta_mpl_cust_pred", "data_value", "price_quoted")
    columns = {name: np.full(len(gains), math.nan) for name in names}
    total, count = 0.0, 0
    for shift, (seen, gain) in enumerate(zip(novelty, gains, strict=True)):
        if math.isnan(seen):
            continue
        said, mean = estimator.predict(float(seen)), total / max(1, count)
        if not said.abstains:
            numbers = (said.mean, value_of_data(price_usd, said.mean, mean), quote_price(price_usd, said, mean))
            for name, number in zip(names, numbers, strict=True):
                columns[name][shift] = float(np.asarray(number))
        if not math.isnan(gain):
            estimator.update(float(seen), float(gain))
            total, count = total + float(gain), count + 1
    return columns
