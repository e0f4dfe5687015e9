"""Tables of area results: risks, relative risks, the whole, periods, drift, fit, reasons, inequality, factors."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from riskstrat.disclosure import (
    CASES,
    DIGITS,
    PROBABILITY,
    ByInterval,
    CellNoise,
    Figures,
    ProtectedRows,
    Step,
    Sum,
    Table,
)
from riskstrat.numerics.intervals import PUBLISHED_LEVEL, normal_quantile
from riskstrat.publication.cohort import cell
from riskstrat.publication.noise import noisy
from riskstrat.records.areas import QUANTITIES, AreaEstimates
from riskstrat.records.cohort import OUTCOME, Cohort, Target
from riskstrat.records.explanation import Explanation
from riskstrat.records.trends import Trends

_TRAINED = ("cases", "index_dates")
_BEHIND = ("cases", "index_dates", "target_people")
_WITHOUT = ("class_without", "relative_risk_without", "depends")
_PERSONS = {"cases": "case_persons", "index_dates": "persons"}


def areas_table(areas: AreaEstimates, names: pl.DataFrame | None = None, *beside: pl.DataFrame) -> Table:
    """One row a group, without weighted cases; what is read from cases is withheld where they are.

    Of `names`, a frame of area_id and name (by default the record's), the name is shown beside the code; of frames
    `beside`, of area_id and one column, what else was found of an area.
    """
    shown = areas.table.drop("weighted_cases").with_columns(pl.col("expected").round_sig_figs(DIGITS))
    labels = list(areas.by)
    if names is None and labels == ["area_id"]:
        names = areas.names
    if names is not None:
        shown = shown.join(names.rename({"area_id": areas.by[0]}), on=areas.by[0], how="left", maintain_order="left")
        labels.append("name")
    for frame in beside:
        shown = shown.join(frame, on=areas.by[0], how="left", maintain_order="left")
    estimates = [name for frame in beside for name in frame.columns[1:]]
    estimates += [name for name in shown.columns if name.startswith((*QUANTITIES, "expected", "probability_higher"))]
    return Table(
        shown,
        dimensions=labels,
        counts=("cases", "target_people"),
        denominators={"cases": "index_dates"},
        derived=dict.fromkeys([*estimates, "class"], _BEHIND),
        persons=_PERSONS,
        digits={
            **{name: ByInterval(f"{name}_lower", f"{name}_upper") for name in QUANTITIES},
            "expected": CASES,
            "probability_higher": PROBABILITY,
            **({"care_use": Figures(2)} if "care_use" in estimates else {}),
        },
        sums=[
            Sum(count=part, total_table="total", total_column=whole)
            for part, whole in (("target_people", "people"), ("cases", "cases"), ("index_dates", "index_dates"))
        ],
    )


def _counted(areas: AreaEstimates, names: pl.DataFrame | None) -> tuple[pl.DataFrame, Sequence[str]]:
    """Give each group, labelled as in `areas_table`, with what was counted in training; and name its labels."""
    shown = areas_table(areas, names)
    return shown.frame.select(*shown.dimensions, *_TRAINED, *_PERSONS.values()), shown.dimensions


def total(areas: AreaEstimates) -> Table:
    """Say of the whole municipality: people, expected cases with two intervals, and the outcomes behind them.

    Persons are counted once, also where they are in several areas at different index dates.
    """
    counted = areas.landmarks.head(1).select(*_TRAINED, *_PERSONS.values())
    derived = [name for name in areas.total.columns if name != "people"]
    return Table(
        areas.total.hstack(counted).with_columns(scope=pl.lit("all")),
        dimensions=("scope",),
        counts=("people", "cases", *_PERSONS.values()),
        denominators={"cases": "index_dates"},
        derived=dict.fromkeys(derived, ("people", "cases")),
        persons=_PERSONS,
        digits=dict.fromkeys((name for name in derived if areas.total[name].dtype.is_float()), CASES),
    )


def landmarks(areas: AreaEstimates) -> Table | None:
    """Say which landmarks are counted and how results move with the others; None where all index dates are counted."""
    frame = areas.landmarks.drop("weighted_cases", "expected").drop_nulls("landmarks")
    if frame.is_empty():
        return None
    return Table(
        frame.with_columns(use=pl.Series(["counted", *["other"] * (frame.height - 1)])),
        dimensions=("landmarks",),
        public=("use",),
        unshown=_TRAINED,
        derived=dict.fromkeys(("observed_expected", "largest_change"), _TRAINED),
        persons=_PERSONS,
        digits=dict.fromkeys(("observed_expected", "largest_change"), Figures(DIGITS)),
    )


def drift(areas: AreaEstimates) -> Table | None:
    """Say how far theta moved between earlier and later index dates; None where there is one landmark."""
    if areas.drift is None:
        return None
    cases, public = ("early_cases", "late_cases"), ("early_last", "late_first")
    derived = [name for name in areas.drift.columns if name not in (*cases, *public)]
    frame = areas.drift.with_columns(scope=pl.lit("all"))
    return Table(
        frame,
        dimensions=("scope",),
        counts=cases,
        derived=dict.fromkeys(derived, cases),
        public=public,
        digits={
            **{name: ByInterval(f"{name}_lower", f"{name}_upper") for name in ("drift", "spread")},
            "carried": Figures(2),
        },
    )


def fit(areas: AreaEstimates, names: pl.DataFrame | None = None) -> Table:
    """Say of each group how its count lies in what the other groups lead to expect of it."""
    counted, labels = _counted(areas, names)
    return Table(
        counted.join(areas.fit, on=areas.by, how="left", maintain_order="left"),
        dimensions=labels,
        unshown=_TRAINED,
        derived=dict.fromkeys(("probability_below", "outside", "stands_out"), _TRAINED),
        persons=_PERSONS,
        digits={"probability_below": PROBABILITY},
    )


def unmeasured(areas: AreaEstimates, names: pl.DataFrame | None = None) -> Table | None:
    """Say what areas would be at other odds of the outcome among those not measured; None where nobody must be."""
    if areas.unmeasured is None:
        return None
    counted, labels = _counted(areas, names)
    frame = counted.join(areas.unmeasured, on=areas.by, how="left", maintain_order="left")
    found = [name for name in areas.unmeasured.columns if name not in (*areas.by, "measured")]
    return Table(
        # Whole per cent: a share with more digits is the count.
        frame.with_columns(pl.col("measured_share").round(2)),
        dimensions=labels,
        denominators={"measured": "index_dates"},
        unshown=("cases", "measured"),
        derived=dict.fromkeys(found, (*_TRAINED, "measured")),
        persons=_PERSONS,
        digits=dict.fromkeys((name for name in found if frame.schema[name].is_float()), Figures(DIGITS)),
    )


def sensitivity(found: pl.DataFrame, areas: AreaEstimates) -> Table:
    """Say what areas would be without some features, and whether their class depends on them; ranks stay inside."""
    shown = found.rename({"area_id": "group"}).select("group", "class", *_WITHOUT)
    return Table(
        shown.join(_behind(areas), on="group", maintain_order="left"),
        dimensions=("group",),
        unshown=_BEHIND,
        derived=dict.fromkeys(("class", *_WITHOUT), _BEHIND),
        persons=_PERSONS,
        digits={"relative_risk_without": Figures(2)},
    )


def left_out(areas: AreaEstimates) -> Table:
    """Count who is in no group that was estimated."""
    return Table(areas.left_out, dimensions=("reason",), counts=("index_dates", "target_people"), public=("groups",))


def periods(areas: AreaEstimates, cohort: Cohort, noise: CellNoise | None) -> Table:
    """Observed risk of each period of index dates, oldest first, with an approximate 90 % interval (log-normal).

    Persons, who decide what is shown, have the noise of their own cells.
    """
    dates = cohort.people.group_by("landmark").agg(
        pl.col("index_date").min().alias("index_from"), pl.col("index_date").max().alias("index_to")
    )
    margin = normal_quantile(PUBLISHED_LEVEL) / (pl.col("weighted_cases") / areas.divisor).sqrt()
    risk = pl.col("weighted_cases") / pl.col("index_dates")
    frame = (
        areas.calibration.join(_persons(areas.calibration, cohort, noise), on="first_landmark", how="left")
        .join(dates.drop("index_to"), left_on="first_landmark", right_on="landmark")
        .join(dates.drop("index_from"), left_on="last_landmark", right_on="landmark")
        .sort("first_landmark")
        .select(
            "index_from",
            "index_to",
            "index_dates",
            "cases",
            persons=pl.min_horizontal("persons", "index_dates"),
            case_persons=pl.min_horizontal("case_persons", "cases"),
            risk=risk.round_sig_figs(DIGITS),
            lower=(risk * (-margin).exp()).round_sig_figs(DIGITS),
            upper=(risk * margin.exp()).clip(upper_bound=1).round_sig_figs(DIGITS),
        )
    )
    return Table(
        frame,
        dimensions=("index_from", "index_to"),
        counts=_TRAINED,
        denominators={"cases": "index_dates"},
        derived=dict.fromkeys(("risk", "lower", "upper"), _TRAINED),
        persons=_PERSONS,
        digits={"risk": ByInterval("lower", "upper")},
    )


def _persons(periods: pl.DataFrame, cohort: Cohort, noise: CellNoise | None) -> pl.DataFrame:
    """Count the distinct persons at the landmarks of each period, and those with an outcome."""
    inside = pl.col("landmark").is_between("first_landmark", "last_landmark")
    rows = periods.select("first_landmark", "last_landmark").join(cohort.people.filter("assessed"), how="cross")
    everybody, had = pl.col("person_id").is_not_null(), pl.col("event") == OUTCOME
    counted = (
        rows.filter(inside)
        .group_by("first_landmark")
        .agg(**cell("rows", "persons", everybody), **cell("cases", "case_persons", had))
    )
    return counted.select(
        "first_landmark",
        persons=noisy(counted["persons"], counted["persons_key"], noise),
        case_persons=noisy(counted["case_persons"], counted["case_persons_key"], noise, of=counted["persons_key"]),
    )


def reasons(found: pl.DataFrame, areas: AreaEstimates) -> Table:
    """Parts of each area's difference from the municipality; the area's outcomes decide whether they may be shown."""
    frame = found.join(_behind(areas).drop("target_people"), on="group", how="left", maintain_order="left")
    return Table(
        frame,
        dimensions=("group", "part"),
        unshown=_TRAINED,
        derived=dict.fromkeys(("estimate", "lower", "upper"), _TRAINED),
        persons=_PERSONS,
        digits={"estimate": Figures(DIGITS), "lower": Figures(DIGITS), "upper": Figures(DIGITS)},
    )


def stability(found: pl.DataFrame, areas: AreaEstimates) -> Table:
    """Say how stable each area's reasons are over refits, in steps of .05."""
    shares = [name for name in found.columns if name.startswith("share_of_reasons")]
    often = ("largest_share", "top_share")
    return Table(
        found.join(_behind(areas), on="group", maintain_order="left"),
        dimensions=("group", "part"),
        unshown=_BEHIND,
        derived=dict.fromkeys((*often, *shares), _BEHIND),
        persons=_PERSONS,
        digits={**dict.fromkeys(often, PROBABILITY), **dict.fromkeys(shares, Step(0.05))},
    )


def factors(explanation: Explanation, target: Target, areas: AreaEstimates, noise: CellNoise | None) -> Table:
    """Mean contribution of each feature in an area minus that in the municipality, in logits of the final model."""
    found = explanation.by_group(target.people["area_id"], ProtectedRows.of(target.people, noise))
    return Table(
        found.join(_behind(areas), on="group", maintain_order="left"),
        dimensions=("group", "feature"),
        public=("family",),
        unshown=_BEHIND,
        derived={"mean_difference": _BEHIND},
        persons=_PERSONS,
        digits={"mean_difference": Figures(2)},
    )


def inequality(found: pl.DataFrame, areas: AreaEstimates) -> Table:
    """Measures of inequality, by metric and what it is measured along."""
    return _of_everybody(found, areas, 3, {"estimate": ByInterval("lower", "upper")})


def concentration(curve: pl.DataFrame, areas: AreaEstimates) -> Table:
    """Share of all expected cases among the most deprived tenth, two tenths and so on of the population."""
    digits = {"share_of_cases": ByInterval("lower", "upper")}
    return _of_everybody(curve.with_columns(pl.col("share_of_people").round(3)), areas, 3, digits)


def inequality_change(found: pl.DataFrame, areas: AreaEstimates) -> Table:
    """Measures of inequality by year, and how far they moved from the first."""
    digits = {"estimate": ByInterval("lower", "upper"), "change": ByInterval("change_lower", "change_upper")}
    return _of_everybody(found, areas, 6, digits)


def _of_everybody(frame: pl.DataFrame, areas: AreaEstimates, numbers: int, digits: dict[str, ByInterval]) -> Table:
    """Make a table whose last columns are so many numbers: all persons with an outcome are behind them."""
    return Table(
        frame.with_columns(cases=pl.lit(int(areas.landmarks["case_persons"][0]))),
        dimensions=frame.columns[:-numbers],
        unshown=("cases",),
        derived=dict.fromkeys(frame.columns[-numbers:], "cases"),
        digits=digits,
    )


def trends(found: Trends, areas: AreaEstimates, names: pl.DataFrame | None = None) -> Table:
    """Level of each area in the last period, its change from year to year, and whether it is high and rising."""
    counted, labels = _counted(areas, names)
    ratios = ("relative_level", "yearly_ratio")
    moved = found.table.drop("cases", "people").with_columns(pl.col("first_year", "last_year").floor().cast(pl.Int64))
    chances = [name for name in moved.columns if name.startswith("probability_")]
    derived = [name for name in moved.columns if name.startswith((*ratios, "probability_", "high_and"))]
    return Table(
        counted.join(moved, on=areas.by, how="left", maintain_order="left"),
        dimensions=labels,
        public=("first_year", "last_year"),
        unshown=_TRAINED,
        derived=dict.fromkeys(derived, _TRAINED),
        persons=_PERSONS,
        digits={
            **{name: ByInterval(f"{name}_lower", f"{name}_upper") for name in ratios},
            **dict.fromkeys(chances, PROBABILITY),
        },
    )


def _behind(areas: AreaEstimates) -> pl.DataFrame:
    return areas.table.select(pl.col(areas.by[0]).alias("group"), *_BEHIND, *_PERSONS.values())
