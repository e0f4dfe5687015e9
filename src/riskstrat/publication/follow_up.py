"""Tables of what is followed: an indicator by group and year, and what is expected of it without action."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import ByInterval, Table
from riskstrat.records.follow_up import FollowUp

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
    return {
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


def _whole(rows: pl.DataFrame) -> pl.DataFrame:
    """Give counts and denominators as whole numbers; person-years are rounded."""
    return rows.with_columns(pl.col("count", "denominator").round().cast(pl.Int64))
