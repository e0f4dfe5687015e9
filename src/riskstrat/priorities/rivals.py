"""Other ways of spending the same budget, evaluated on the same draws as the plan.

In: an offer and the plan's shares. Out: averted cases of every strategy and the paired difference to the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl

from riskstrat.priorities.allocation import fill, highest_first
from riskstrat.priorities.offer import Offer
from riskstrat.records.plan import CARE_NEED, OBSERVED_CASES, OBSERVED_PEOPLE

_RANDOM_ORDERS = 200
_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "care_need_index": (CARE_NEED,),
        "raw_counts": (OBSERVED_CASES,),
        "raw_rates": (OBSERVED_CASES, OBSERVED_PEOPLE),
    }
)


def compare(offer: Offer, shares: np.ndarray, seed: int) -> pl.DataFrame:
    """One row a strategy: averted, lower, upper and the paired difference plan minus strategy, with its interval.

    Strategies
    ----------
    plan
        The shares given.
    equal_share
        The same share of every unit. Fixed costs are shared out too, as if units could be started in part: flattering.
    care_need_index, raw_counts, raw_rates
        Units by that number, highest first, ties and missing values in the units' own order, missing last.
    random
        The mean of 200 random orders.
    """
    plan = offer.averted(shares)
    rows = [_row(name, offer.averted(rival), plan) for name, rival in strategies(offer, shares, seed).items()]
    return pl.DataFrame(rows)


def absent(offer: Offer) -> dict[str, str]:
    """Strategies that cannot be computed, with the columns that are missing."""
    missing = {
        name: [column for column in columns if column not in offer.units.columns] for name, columns in _NEEDS.items()
    }
    return {name: ", ".join(columns) for name, columns in missing.items() if columns}


def strategies(offer: Offer, shares: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Shares of every unit under each strategy that can be computed, (units,)."""
    known = [name for name in _NEEDS if name not in absent(offer)]
    return {
        "plan": shares,
        "equal_share": np.full(len(offer.costs), min(1.0, offer.budget_sek / offer.costs.sum())),
        **{name: _filled(offer, highest_first(_need(offer.units, name))[None, :]) for name in known},
        "random": _filled(offer, _random_orders(len(offer.costs), seed)),
    }


def _filled(offer: Offer, orders: np.ndarray) -> np.ndarray:
    return np.asarray(fill(orders, offer.costs, offer.budget_sek, whole=offer.whole).mean(axis=0))


def _need(units: pl.DataFrame, strategy: str) -> np.ndarray:
    first, *over = _NEEDS[strategy]
    need = units[first].cast(pl.Float64)
    if over:
        need = need / units[over[0]]
    return need.fill_nan(None).fill_null(-np.inf).to_numpy()


def _random_orders(units: int, seed: int) -> np.ndarray:
    orders = np.tile(np.arange(units), (_RANDOM_ORDERS, 1))
    return np.random.default_rng(seed).permuted(orders, axis=1)


def _row(name: str, averted: np.ndarray, plan: np.ndarray) -> dict[str, str | float]:
    lower, upper = np.quantile(averted, (0.05, 0.95))
    difference_lower, difference_upper = np.quantile(plan - averted, (0.05, 0.95))
    return {
        "strategy": name,
        "averted": float(averted.mean()),
        "lower": float(lower),
        "upper": float(upper),
        "difference": float((plan - averted).mean()),
        "difference_lower": float(difference_lower),
        "difference_upper": float(difference_upper),
    }
