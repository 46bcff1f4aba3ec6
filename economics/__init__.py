"""What robot work is worth: marginal product, implied wage, profit, the quality SLA and the ledger.

Knows no simulator and no learner: numbers and arrays in, dollars out.
"""

from economics.constraint import ConstraintConfig, SlaConstraint, dual_ascent, interp_error_target
from economics.intervals import paired_ratio, wilson_interval
from economics.ledger import LEDGER_COLUMNS, LedgerRow, make_row
from economics.prices import Prices
from economics.productivity import error_rate, marginal_product
from economics.reward import econ_lagrangian_reward, flow_lagrangian_reward, flow_profit, profit_rate
from economics.wage import implied_robot_wage, wage_parity

__all__ = [
    "LEDGER_COLUMNS",
    "ConstraintConfig",
    "LedgerRow",
    "Prices",
    "SlaConstraint",
    "dual_ascent",
    "econ_lagrangian_reward",
    "error_rate",
    "flow_lagrangian_reward",
    "flow_profit",
    "implied_robot_wage",
    "interp_error_target",
    "make_row",
    "marginal_product",
    "paired_ratio",
    "profit_rate",
    "wage_parity",
    "wilson_interval",
]
