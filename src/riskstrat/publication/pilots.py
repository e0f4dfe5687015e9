"""Tables of a pilot: which units begin, what could be shown and what was."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import PROBABILITY, ByInterval, Figures, Table
from riskstrat.records.pilot import PilotDesign, PilotEvaluation

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
            public=("ratio", "probability", "probability_lower", "probability_upper"),
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
