"""Small tables that a report needs beside the stages' own: quintiles of need and risk strata."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import DIGITS, ByInterval, CellNoise, Figures, ProtectedRows, Table
from riskstrat.numerics.groups import quintile_shares
from riskstrat.records.areas import INTERVAL, AreaEstimates
from riskstrat.records.cohort import Target
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


def risk_strata(target: Target, risk: Floats, noise: CellNoise | None) -> Table:
    """People and expected cases by stratum of predicted risk, highest first.

    With noise both are functions of the protected people of each stratum and of their mean risk, held within the 1st
    and the 99th percentile of all, with noise that hides any one of them (`ProtectedRows.means`).
    """
    rows, strata = ProtectedRows.of(target.people, noise), len(RISK_STRATA)
    rank = np.empty(len(risk), dtype=np.intp)
    rank[np.argsort(-risk, kind="stable")] = np.arange(len(risk))
    stratum = np.searchsorted(np.round(np.array(RISK_STRATA) * len(risk)), rank, side="right")
    people = rows.count(stratum, strata)
    mean, _ = rows.means(risk[:, None], stratum, strata, name="risk by stratum")
    expected = people * np.maximum(mean[:, 0], 0)
    frame = pl.DataFrame(
        {
            "stratum": np.arange(1, strata + 1),
            "people": people,
            "people_share": np.diff(RISK_STRATA, prepend=0.0),
            "case_share": expected / expected.sum(),
        }
    ).with_columns(pl.col("case_share").round_sig_figs(DIGITS))
    return Table(
        frame,
        dimensions=("stratum",),
        counts=("people",),
        derived={"case_share": "people"},
        public=("people_share",),
        protected=() if noise is None else ("people",),
        digits={"people_share": Figures(DIGITS)},
    )
