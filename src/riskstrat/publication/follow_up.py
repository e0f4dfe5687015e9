"""Tables of what is followed or foreseen: indicators by group and year, pilots, and the years to come."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from riskstrat.disclosure import DIGITS, PROBABILITY, ByInterval, Figures, Table
from riskstrat.publication.plan import observed_in, persons_behind
from riskstrat.records.follow_up import FollowUp
from riskstrat.records.pilot import PilotDesign, PilotEvaluation
from riskstrat.records.plan import OBSERVED_CASES
from riskstrat.records.projection import Projection

_CASES = ("cases", "cases_lower", "cases_upper")


def projection_tables(projection: Projection, counted: pl.DataFrame) -> dict[str, Table]:
    """Give ``areas``, ``total`` and ``growth``; `counted` holds the observed cases of each area, which rules read."""
    known = observed_in(counted)
    by_area = projection.areas.join(
        counted.select(*projection.by, *known), on=projection.by, how="left", maintain_order="left"
    )
    in_all = projection.total.with_columns(pl.lit(int(counted[name].sum())).alias(name) for name in known)
    growth = projection.growth
    return {
        "areas": _table(by_area, (*projection.by, "year")),
        "total": _table(in_all, ("year",)),
        "growth": Table(
            growth,
            dimensions=("ages",),
            public=("residents", "later_residents", "change"),
            digits=dict.fromkeys(("residents", "later_residents"), Figures(DIGITS)) | {"change": Figures(2)},
        ),
    }


def _table(frame: pl.DataFrame, dimensions: tuple[str, ...]) -> Table:
    """People as the rule says; what follows of a plan with few figures, as in its summary."""
    of_plan = [name for name in ("reached", "staff_hours") if name in frame.columns]
    return Table(
        frame.with_columns(pl.col("people").round().cast(pl.Int64)),
        dimensions=dimensions,
        counts=("people",),
        unshown=(OBSERVED_CASES,),
        derived=dict.fromkeys([*_CASES, *of_plan], ("people", OBSERVED_CASES)),
        persons=persons_behind(frame),
        digits={"cases": ByInterval("cases_lower", "cases_upper"), **dict.fromkeys(of_plan, Figures(DIGITS))},
    )


_CHANCES = ("probability", "probability_lower", "probability_upper")


def pilot_tables(pilot: PilotDesign | PilotEvaluation) -> dict[str, Table]:
    """Give a design's ``units``, ``outcomes``, ``chance``, ``detectable``; an evaluation's ``effect``, ``counts``.

    All are about whole units.
    """
    return _design_tables(pilot) if isinstance(pilot, PilotDesign) else _evaluation_tables(pilot)


def _design_tables(design: PilotDesign) -> dict[str, Table]:
    return {
        "units": Table(
            design.units,
            dimensions=design.by,
            counts=("people",),
            derived={"cases": "people"},
            public=("pair", "first_period", "begins_on"),
            digits={"cases": Figures(2)},
        ),
        "outcomes": Table(design.outcomes, dimensions=("outcome",), public=("lag", "periods", "answered_on")),
        "chance": Table(
            design.chance,
            dimensions=("outcome", "effect"),
            public=("ratio", *_CHANCES),
            digits={"ratio": Figures(2), **dict.fromkeys(_CHANCES, PROBABILITY)},
        ),
        "detectable": Table(
            design.detectable, dimensions=("outcome",), public=("ratio",), digits={"ratio": Figures(2)}
        ),
    }


def _evaluation_tables(evaluation: PilotEvaluation) -> dict[str, Table]:
    numbers = ("ratio", "lower", "upper", "standard_error", "p_value", "decision")
    begun = evaluation.counts.filter("begun")["count"].sum(), evaluation.counts.filter(~pl.col("begun"))["count"].sum()
    effect = pl.DataFrame(
        {"outcome": [evaluation.outcome], **{name: [getattr(evaluation, name)] for name in numbers}},
        schema_overrides=dict.fromkeys(numbers[:-1], pl.Float64),
    ).with_columns(begun=pl.lit(begun[0]), not_begun=pl.lit(begun[1]))
    return {
        "effect": Table(
            effect,
            dimensions=("outcome",),
            counts=("begun", "not_begun"),
            derived=dict.fromkeys(numbers, ("begun", "not_begun")),
            digits={
                "ratio": ByInterval("lower", "upper"),
                "standard_error": Figures(2),
                "p_value": Figures(2),
            },
        ),
        "counts": Table(
            evaluation.counts,
            dimensions=("unit", "period"),
            counts=("count",),
            derived={"expected": "count"},
            public=("begun",),
            digits={"expected": Figures(2)},
        ),
    }


_NUMBERS = ("estimate", "lower", "upper")
_WORDS = ("title", "title_sv", "goal")


def follow_up_tables(followed: FollowUp) -> dict[str, Table]:
    """Give ``measured`` and ``expected`` with their roles: numbers follow from what was counted."""
    indicator, by, digits = followed.indicator, followed.by, {"estimate": ByInterval("lower", "upper")}
    words = {"title": indicator.title.en, "title_sv": indicator.title.sv, "goal": indicator.goal}
    measured = _whole(followed.measured).with_columns(**{name: pl.lit(text) for name, text in words.items()})
    behind = _whole(followed.measured).drop_nulls("count").group_by(by).agg(pl.col("count").sum()) if by else None
    assumed = {"assumption": followed.assumption.en, "assumption_sv": followed.assumption.sv}
    expected = followed.expected.with_columns(**{name: pl.lit(text) for name, text in assumed.items()})
    if behind is None:
        counted = _whole(followed.measured)["count"]
        expected = expected.with_columns(count=pl.lit(counted.sum() if counted.count() else None, pl.Int64))
    else:
        expected = expected.join(behind, on=list(by), how="left", maintain_order="left")
    compared = {} if followed.compared is None else {"compared": _compared(followed.compared, by, behind, expected)}
    return {
        **compared,
        "measured": Table(
            measured,
            dimensions=(*by, "year"),
            counts=("count",),
            denominators={"count": "denominator"},
            derived=dict.fromkeys(_NUMBERS, ("count", "denominator")),
            public=("missing", "missing_sv", *_WORDS),
            digits=digits,
        ),
        "expected": Table(
            expected,
            dimensions=(*by, "year"),
            unshown=("count",),
            derived=dict.fromkeys(_NUMBERS, "count"),
            public=("assumption", "assumption_sv"),
            digits=digits,
        ),
    }


def _compared(compared: pl.DataFrame, by: Sequence[str], behind: pl.DataFrame | None, expected: pl.DataFrame) -> Table:
    """Hold what an earlier run expected against what came; it is shown where what is expected now may be."""
    count = pl.lit(expected["count"].first()).cast(pl.Int64).alias("count")
    known = compared.with_columns(count) if behind is None else compared.join(behind, on=list(by), how="left")
    derived = ("expected", "expected_lower", "expected_upper", *_NUMBERS, "outcome")
    return Table(
        known,
        dimensions=(*by, "year"),
        unshown=("count",),
        derived=dict.fromkeys(derived, "count"),
        digits={
            "expected": ByInterval("expected_lower", "expected_upper"),
            "estimate": ByInterval("lower", "upper"),
        },
    )


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    """Give counts and denominators as whole numbers; person-years are rounded."""
    return rows.with_columns(pl.col("count", "denominator").round().cast(pl.Int64))
