"""Small tables that a report needs beside the stages' own: fifths of need, the pyramid of risk, periods, factors.

In: parts of a `Study`. Out: tables with the role of every column, not yet released.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import Table
from riskstrat.records.areas import INTERVAL, AreaEstimates
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.explanation import Explanation
from riskstrat.records.plan import CARE_NEED, Plan

FIFTHS = 5
PYRAMID = (0.05, 0.20, 0.50, 1.0)
"""Where the levels of the pyramid end, as shares of the people from the highest risk down."""

_Z_90 = 1.645
_ESTIMATES = ("risk", "lower", "upper")
Floats = npt.NDArray[np.float64]


def fifths(areas: AreaEstimates, plan: Plan) -> Table | None:
    """Risk in fifths of the population from least to greatest need; None where no index of need is known."""
    if CARE_NEED not in plan.units.columns:
        return None
    need = areas.groups.join(plan.units.select(*areas.by, CARE_NEED), on=areas.by, how="left", maintain_order="left")
    known = need[CARE_NEED].is_not_null().to_numpy()
    people = areas.table["target_people"].to_numpy() * known
    if len(np.unique(need[CARE_NEED].to_numpy()[known])) < 2:
        return None
    inside = _membership(need[CARE_NEED].fill_null(0.0).to_numpy(), people)
    weight = inside * people
    draws = areas.draws.risk @ (weight / weight.sum(axis=1, keepdims=True)).T
    lower, upper = np.quantile(draws, INTERVAL, axis=0)
    cases = areas.table["cases"].to_numpy() * (inside > 0)
    frame = pl.DataFrame(
        {
            "fifth": np.arange(1, FIFTHS + 1),
            "people": weight.sum(axis=1).round().astype(np.int64),
            "cases": cases.sum(axis=1),
            "risk": draws.mean(axis=0),
            "lower": lower,
            "upper": upper,
        }
    )
    return _estimates(frame, "fifth")


def _membership(need: Floats, people: Floats) -> Floats:
    """Share of each area that lies in each fifth, (5, areas); areas of equal need are divided alike."""
    _, level = np.unique(need, return_inverse=True)
    size = np.bincount(level, people)
    ends = np.cumsum(size) / size.sum()
    starts = ends - size / size.sum()
    edges = np.arange(FIFTHS + 1) / FIFTHS
    overlap = np.minimum(ends, edges[1:, None]) - np.maximum(starts, edges[:-1, None])
    width = np.where(size > 0, ends - starts, 1.0)
    return np.asarray((np.clip(overlap, 0, None) / width)[:, level])


def pyramid(risk: Floats, cases: int) -> Table:
    """People and expected cases by level of predicted risk, highest first; ``cases`` observed stand behind it."""
    ordered = np.sort(risk)[::-1]
    ends = np.round(np.array(PYRAMID) * len(ordered)).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    expected = np.array([ordered[start:end].sum() for start, end in zip(starts, ends, strict=True)])
    frame = pl.DataFrame(
        {
            "level": np.arange(1, len(PYRAMID) + 1),
            "people": ends - starts,
            "people_share": (ends - starts) / len(ordered),
            "case_share": expected / expected.sum(),
            "observed_cases": np.full(len(PYRAMID), cases),
        }
    )
    return Table(
        frame,
        dimensions=("level",),
        counts=("people",),
        unshown=("observed_cases",),
        derived=dict.fromkeys(("people_share", "case_share"), ("people", "observed_cases")),
    )


def periods(areas: AreaEstimates, cohort: Cohort) -> Table:
    """Observed risk of each period of index dates, oldest first, with an approximate 90 % interval (log-normal)."""
    dates = cohort.people.group_by("landmark").agg(
        pl.col("index_date").min().alias("index_from"), pl.col("index_date").max().alias("index_to")
    )
    margin = _Z_90 / (pl.col("observed") / pl.col("dispersion")).sqrt()
    risk = pl.col("observed") / pl.col("people")
    frame = (
        areas.calibration.join(dates.drop("index_to"), left_on="first_landmark", right_on="landmark")
        .join(dates.drop("index_from"), left_on="last_landmark", right_on="landmark")
        .sort("first_landmark")
        .select(
            "index_from",
            "index_to",
            "people",
            "cases",
            risk=risk,
            lower=risk * (-margin).exp(),
            upper=risk * margin.exp(),
        )
    )
    return _estimates(frame, "index_from", "index_to", shown_cases=True)


def assessed(cohort: Cohort) -> Table | None:
    """How many of those followed were measured; None where the outcome need not be measured."""
    if not cohort.must_be_assessed:
        return None
    frame = pl.DataFrame(
        {"scope": ["all"], "people": [cohort.people.height], "assessed": [int(cohort.people["assessed"].sum())]}
    )
    return Table(frame, dimensions=("scope",), counts=("assessed",), denominators={"assessed": "people"})


def factors(explanation: Explanation, target: Target, areas: AreaEstimates) -> Table:
    """Mean contribution of each feature in an area minus that in the municipality, in logits of the final model."""
    behind = areas.table.select(pl.col(areas.by[0]).alias("group"), "cases", "people", "target_people")
    frame = explanation.by_group(target.people["area_id"]).join(behind, on="group", maintain_order="left")
    sources = ("cases", "people", "target_people")
    return Table(
        frame,
        dimensions=("group", "feature"),
        public=("family",),
        unshown=sources,
        derived={"mean_difference": sources},
    )


def whole(target: Target, risk: Floats, cases: int) -> Table:
    """Say of everybody, where there are no areas: people and expected cases, without an interval."""
    frame = pl.DataFrame(
        {"scope": ["all"], "people": [target.people.height], "expected_cases": [float(risk.sum())], "cases": [cases]}
    ).with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("lower", "upper", "count_lower", "count_upper"))
    derived = ("expected_cases", "lower", "upper", "count_lower", "count_upper")
    return Table(
        frame, dimensions=("scope",), counts=("people", "cases"), derived=dict.fromkeys(derived, ("people", "cases"))
    )


def _estimates(frame: pl.DataFrame, *dimensions: str, shown_cases: bool = False) -> Table:
    shown = ("people", "cases") if shown_cases else ("people",)
    return Table(
        frame,
        dimensions=dimensions,
        counts=shown,
        denominators={"cases": "people"} if shown_cases else {},
        unshown=() if shown_cases else ("cases",),
        derived=dict.fromkeys(_ESTIMATES, ("people", "cases")),
    )
