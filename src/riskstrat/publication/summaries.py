"""Small tables that a report needs beside the stages' own: quintiles of need and risk strata."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import DIGITS, ByInterval, Ratio, Sum, Table
from riskstrat.numerics.groups import quintile_shares
from riskstrat.records.areas import INTERVAL, AreaEstimates
from riskstrat.records.plan import CARE_NEED, Plan

RISK_STRATA = (0.05, 0.20, 0.50, 1.0)
"""Where the strata end, as shares of the people from the highest risk down."""

_BEHIND = ("people", "cases")
Floats = npt.NDArray[np.float64]


def quintiles(areas: AreaEstimates, plan: Plan) -> Table | None:
    """Risk in quintiles of the population from least to greatest need; None where no index of need is known."""
    if CARE_NEED not in plan.units.columns:
        return None
    need = areas.groups.join(plan.units.select(*areas.by, CARE_NEED), on=areas.by, how="left", maintain_order="left")
    known = need[CARE_NEED].is_not_null().to_numpy()
    people = areas.table["target_people"].to_numpy() * known
    if len(np.unique(need[CARE_NEED].to_numpy()[known])) < 2:
        return None
    inside = quintile_shares(need[CARE_NEED].fill_null(0.0).to_numpy(), people)
    weight = inside * people
    draws = areas.draws.risk @ (weight / weight.sum(axis=1, keepdims=True)).T
    lower, upper = np.quantile(draws, INTERVAL, axis=0)
    # Outcomes are given as the persons who had them.
    cases = areas.table["case_persons"].to_numpy() * (inside > 0)
    frame = pl.DataFrame(
        {
            "quintile": np.arange(1, len(inside) + 1),
            "people": weight.sum(axis=1).round().astype(np.int64),
            "cases": cases.sum(axis=1),
            "risk": draws.mean(axis=0),
            "lower": lower,
            "upper": upper,
        }
    )
    return Table(
        frame,
        dimensions=("quintile",),
        counts=("people",),
        unshown=("cases",),
        derived=dict.fromkeys(("risk", "lower", "upper"), _BEHIND),
        digits={"risk": ByInterval("lower", "upper")},
    )


def risk_strata(risk: Floats, persons: int) -> Table:
    """People and expected cases by stratum of predicted risk, highest first; behind it are persons with an outcome."""
    ordered = np.sort(risk)[::-1]
    ends = np.round(np.array(RISK_STRATA) * len(ordered)).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    expected = np.array([ordered[start:end].sum() for start, end in zip(starts, ends, strict=True)])
    frame = pl.DataFrame(
        {
            "stratum": np.arange(1, len(RISK_STRATA) + 1),
            "people": ends - starts,
            "everybody": np.full(len(RISK_STRATA), len(ordered)),
            "people_share": (ends - starts) / len(ordered),
            "case_share": expected / expected.sum(),
            "cases": np.full(len(RISK_STRATA), persons),
        }
    ).with_columns(pl.col("case_share").round_sig_figs(DIGITS))
    return Table(
        frame,
        dimensions=("stratum",),
        counts=("people",),
        unshown=("cases", "everybody"),
        derived={"people_share": Ratio("people", "everybody"), "case_share": _BEHIND},
        sums=[Sum(count="people", total_column="everybody")],
    )
