"""Robots priced like labor: what their work is worth, who gets it, and what the data was worth that taught them.

Knows no simulator and no learner: numbers and arrays in, dollars out. README.md beside this file shows the loop.
"""

from economics.cash_flow import Fleet, UnitEconomics, fleet_cash_flows, fleet_of, retained_share, unit_economics
from economics.claims import (
    Claim,
    check_ledger,
    claim_consumer_surplus,
    claim_decomposition,
    claim_productivity_incentive,
    claim_structural_deflation,
    relative_unit_price,
)
from economics.constraint import ConstraintConfig, SlaConstraint, interp_error_target
from economics.correlation import pearson, spearman
from economics.data_value import BayesianRidgeValue, DataValueEstimator, SgdValue, load_estimator, save_estimator
from economics.dual import PiGains, dual_ascent, pi_step
from economics.elasticity import arc_elasticity, elasticities_along
from economics.forecast import Prediction, delta_mpl, prequential_r2
from economics.human import HumanBenchmark, calibrated_price
from economics.indexer import (
    IndexSeries,
    choose_series,
    decimal_year,
    human_wage_path,
    index_at,
    load_series,
    series_names,
)
from economics.intervals import paired_ratio, wilson_interval
from economics.ledger import LEDGER_COLUMNS, LedgerRow, make_row, read_columns
from economics.macro import Elasticities, Sector, adopt, aggregate_tfp, price_level, sector_tfp, wage_response
from economics.macro_loop import MacroConfig, MacroPath, sensitivity_table, simulate_macro
from economics.market import DataMarket, MarketPath, is_equilibrium, policy_gain, simulate_market
from economics.pool import Pool, PoolResult, Tranche, TrancheResult, conditional_default, simulate_pool
from economics.prices import Prices
from economics.pricing import price_text, quote_price, value_of_data
from economics.productivity import error_rate, marginal_product
from economics.returns import irr, npv, payback_years
from economics.reward import econ_lagrangian_reward, flow_lagrangian_reward, flow_profit, profit_rate, rate_flow_gap
from economics.spread import SpreadAllocation, compute_spread_allocation, contribution_share
from economics.surplus import (
    SurplusSplit,
    consumer_surplus,
    cost_per_human_hour,
    customer_net_cost,
    decompose_surplus,
    guarantee_refund,
)
from economics.valuation import value_ledger
from economics.wage import implied_robot_wage, wage_parity

__all__ = [
    "LEDGER_COLUMNS",
    "BayesianRidgeValue",
    "Claim",
    "ConstraintConfig",
    "DataMarket",
    "DataValueEstimator",
    "Elasticities",
    "Fleet",
    "HumanBenchmark",
    "IndexSeries",
    "LedgerRow",
    "MacroConfig",
    "MacroPath",
    "MarketPath",
    "PiGains",
    "Pool",
    "PoolResult",
    "Prediction",
    "Prices",
    "Sector",
    "SgdValue",
    "SlaConstraint",
    "SpreadAllocation",
    "SurplusSplit",
    "Tranche",
    "TrancheResult",
    "UnitEconomics",
    "adopt",
    "aggregate_tfp",
    "arc_elasticity",
    "calibrated_price",
    "check_ledger",
    "choose_series",
    "claim_consumer_surplus",
    "claim_decomposition",
    "claim_productivity_incentive",
    "claim_structural_deflation",
    "compute_spread_allocation",
    "conditional_default",
    "consumer_surplus",
    "contribution_share",
    "cost_per_human_hour",
    "customer_net_cost",
    "decimal_year",
    "decompose_surplus",
    "delta_mpl",
    "dual_ascent",
    "econ_lagrangian_reward",
    "elasticities_along",
    "error_rate",
    "fleet_cash_flows",
    "fleet_of",
    "flow_lagrangian_reward",
    "flow_profit",
    "guarantee_refund",
    "human_wage_path",
    "implied_robot_wage",
    "index_at",
    "interp_error_target",
    "irr",
    "is_equilibrium",
    "load_estimator",
    "load_series",
    "make_row",
    "marginal_product",
    "npv",
    "paired_ratio",
    "payback_years",
    "pearson",
    "pi_step",
    "policy_gain",
    "prequential_r2",
    "price_level",
    "price_text",
    "profit_rate",
    "quote_price",
    "rate_flow_gap",
    "read_columns",
    "relative_unit_price",
    "retained_share",
    "save_estimator",
    "sector_tfp",
    "sensitivity_table",
    "series_names",
    "simulate_macro",
    "simulate_market",
    "simulate_pool",
    "spearman",
    "unit_economics",
    "value_ledger",
    "value_of_data",
    "wage_parity",
    "wage_response",
    "wilson_interval",
]
