"""Every bad argument is refused by its own name, with its value and its valid range."""

import math
from dataclasses import replace

import numpy as np
import pytest

from economics import (
    BayesianRidgeValue,
    ConstraintConfig,
    DataMarket,
    Fleet,
    MacroConfig,
    Pool,
    Prices,
    SgdValue,
    Tranche,
    claim_decomposition,
    fleet_cash_flows,
    fleet_of,
    human_wage_path,
    load_series,
    make_row,
    paired_ratio,
    prequential_r2,
    sensitivity_table,
    simulate_pool,
    value_ledger,
)

SHIFT = {"attempts": 112.0, "completed": 109.0, "errors": 3.0, "hours": 1.0}
ONE = np.ones(3)
LEDGER = {"novelty_norm": ONE, "mp_r": ONE, "w_hat_r": 20.0 * ONE, "w_h": 18.0 * ONE, "hours": ONE}
LEDGER |= {"spread_value": 2.0 * ONE, "rebate": ONE, "captured_spread": ONE, "consumer_surplus": ONE}
RNG = np.random.default_rng(0)


def row(target, lam):
    return make_row(SHIFT, Prices(), target, lam, episode=1, task="t", seed=0, env_steps=60)


@pytest.mark.parametrize("bad", [0, -1, 2.5, math.nan, math.inf, True])
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("years", lambda n: fleet_cash_flows(Fleet(), n, 1.0)),
        ("years", lambda n: Tranche("senior", 1.0, 0.1).instalment(n)),
        ("years", lambda n: Pool(years=n)),
        ("robots", lambda n: Pool(robots=n)),
        ("scenarios", lambda n: simulate_pool(Pool(), [], RNG, n)),
        ("years", lambda n: MacroConfig(years=n)),
        ("customers", lambda n: DataMarket(customers=n)),
        ("rounds", lambda n: DataMarket(rounds=n)),
        ("window_shifts", lambda n: ConstraintConfig(window_shifts=n)),
        ("window", lambda n: BayesianRidgeValue(window=n)),
        ("resamples", lambda n: paired_ratio([1.0, 2.0], [1.0, 2.0], RNG, resamples=n)),
    ],
)
def test_what_is_counted_is_a_whole_number(name, call, bad):
    with pytest.raises(ValueError, match=rf"^{name} must be a whole number >= \d+, got {bad}$"):
        call(bad)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: row(math.nan, 0.0), r"^err_target must lie in \[0, 1\], got nan"),
        (lambda: row(0.1, -1.0), r"^lambda_dual must be finite and >= 0, got -1\.0"),
        (lambda: SgdValue(eta=math.nan), "^eta must be finite and > 0, got nan"),
        (lambda: paired_ratio([1.0, math.nan], [1.0, 2.0], RNG), "^numerators must be finite, got nan"),
        (lambda: paired_ratio([1.0, 2.0], [1.0, math.inf], RNG), "^denominators must be finite, got inf"),
        (lambda: paired_ratio([1.0, 2.0], [1.0, -1.0], RNG), r"^denominators must not have the mean 0, got 0\.0"),
        (lambda: prequential_r2([1.0, 2.0], [math.nan, math.inf]), "^forecasts must be finite, got inf"),
        (lambda: value_ledger(LEDGER, SgdValue(), math.nan), "^price_usd must be finite and >= 0, got nan"),
        (
            lambda: value_ledger(LEDGER | {"hours": 0.0 * ONE}, SgdValue(), 0.3),
            r"^hours must be finite and > 0, got 0\.0",
        ),
        (lambda: claim_decomposition(LEDGER | {"hours": -ONE}), r"^hours must be finite and > 0, got -1\.0"),
        (lambda: claim_decomposition(LEDGER | {"rebate": np.ones(2)}), r"vectors of one length, .*'rebate': \(2,\)"),
        (
            lambda: fleet_of(LEDGER | {"hours": np.array([9.0, -1.0, 1.0])}),
            r"^hours must be finite and >= 0, got -1\.0",
        ),
        (
            lambda: human_wage_path(18.0, math.nan, 2025.3, load_series("eci_private_wages")),
            "^base_year must be finite",
        ),
        (lambda: replace(MacroConfig(), start_year=math.nan), "^start_year must be finite, got nan"),
        (lambda: sensitivity_table(MacroConfig(years=1)), "^years must be a whole number >= 2, got 1"),
    ],
)
def test_a_bad_argument_is_named_with_its_value(call, said):
    with pytest.raises(ValueError, match=said):
        call()
