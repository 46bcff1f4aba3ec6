"""What a batch of data is worth, and when a price for it may be quoted."""

from __future__ import annotations

import math

import numpy as np

from economics._checks import FloatOrArray, plain, require_finite, require_non_negative
from economics.forecast import Prediction

NOT_PRICED = "not priced"


def value_of_data(p: FloatOrArray, delta_i: FloatOrArray, delta_mean: FloatOrArray) -> FloatOrArray:
    """Value the data of customer i by its gain above the mean: value = p * max(0, delta_i - mean delta).

    Args:
        p: price of a unit, any shape [$ / unit]
        delta_i: gain in marginal product that the customer's data brings, broadcasts [units / h]
        delta_mean: mean gain over all customers, broadcasts [units / h]

    Returns:
        Value of the data for every hour that the policy works [$ / h]; 0 for data no better than the mean, by
        definition.

    Raises:
        ValueError: an argument is not finite, or p is negative.

    Reference:
        J. B. Clark, "The Distribution of Wealth" (1899): the value of a marginal product is price times product.

    >>> round(value_of_data(0.30, delta_i=5.0, delta_mean=2.0), 2)
    0.9
    """
    require_non_negative(p=p)
    require_finite(delta_i=delta_i, delta_mean=delta_mean)
    return plain(p * np.maximum(0.0, np.subtract(delta_i, delta_mean)))


def quote_price(p: FloatOrArray, prediction: Prediction, delta_mean: FloatOrArray) -> FloatOrArray:
    """Quote a price only for data that is surely worth something: nan, "not priced", otherwise.

    price = p * (mean forecast - mean delta) where the forecast's lower bound lies above zero and above mean delta.

    Args:
        p: price of a unit, any shape [$ / unit]
        prediction: forecast of the gain that the data brings, broadcasts
        delta_mean: mean gain over all customers, broadcasts [units / h]

    Returns:
        Price for every hour that the policy works [$ / h], or nan.

    Raises:
        ValueError: p is negative or not finite, or delta_mean is not finite.

    Reference:
        H. Markowitz, "Portfolio Selection", Journal of Finance 7 (1952), for weighing a mean against its risk; the
        rule of the lower bound is the project's.

    >>> quote_price(0.5, Prediction(mean=5.0, low=3.0, high=7.0, samples=40), delta_mean=2.0)
    1.5
    >>> quote_price(0.5, Prediction(mean=5.0, low=-1.0, high=11.0, samples=40), delta_mean=2.0)
    nan
    """
    require_non_negative(p=p)
    require_finite(delta_mean=delta_mean)
    sure = np.asarray(prediction.low) > np.maximum(0.0, delta_mean)
    return plain(np.where(sure, value_of_data(p, prediction.mean, delta_mean), np.nan))


def price_text(price_usd_per_hour: float) -> str:
    """Write a quoted price for people.

    Args:
        price_usd_per_hour: what `quote_price` gave [$ / h]

    Returns:
        Dollars an hour, or "not priced".

    Reference:
        See `quote_price`.

    >>> price_text(1.5), price_text(float("nan"))
    ('$1.50/h', 'not priced')
    """
    return NOT_PRICED if math.isnan(price_usd_per_hour) else f"${price_usd_per_hour:.2f}/h"
