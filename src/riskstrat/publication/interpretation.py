"""Tables of what the model has learnt of its features: curves, ratios, pairs that go together."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.disclosure import DIGITS, ByInterval, Figures, Step, Table
from riskstrat.publication.validation import FEWEST_FOR_METRICS, FEWEST_PEOPLE
from riskstrat.records.explanation import Interpretation

_OUTCOMES = ("case_persons", "other_persons")
_LIMITS = ("estimate", "lower", "upper")
_FOUND = ("mean_difference", "spread", "ratio")


def interpretation_tables(found: Interpretation, persons: int) -> dict[str, Table]:
    """Give ``dependence``, ``ratios`` and ``correlated``; `persons` were in the training cohort.

    No count is shown. A bin needs 20 people, and persons with and without the outcome; a ratio both, of another value
    than the middle one.
    """
    return dict(_tables(found, persons))


def _tables(found: Interpretation, persons: int) -> Iterator[tuple[str, Table]]:
    everybody = pl.lit(persons).alias("everybody")
    if not found.dependence.is_empty():
        yield "dependence", _dependence(found.dependence.with_columns(everybody))
    if found.ratios is not None:
        yield "ratios", _ratios(found.ratios.with_columns(everybody))
    if not found.correlated.is_empty():
        yield (
            "correlated",
            Table(
                found.correlated.with_columns(everybody),
                dimensions=("feature", "with_feature"),
                public=("family", "with_family"),
                unshown=("everybody",),
                derived={"rank_correlation": "everybody"},
                fewest={"everybody": FEWEST_FOR_METRICS},
                digits={"rank_correlation": Step(0.05)},
            ),
        )


def _dependence(frame: pl.DataFrame) -> Table:
    return Table(
        frame,
        dimensions=("feature", "bin"),
        public=("family", "value", "lower_edge", "upper_edge", "link"),
        unshown=("people", *_OUTCOMES, "everybody"),
        derived=dict.fromkeys(_FOUND, ("people", *_OUTCOMES, "everybody")),
        fewest={"people": FEWEST_PEOPLE, "everybody": FEWEST_FOR_METRICS},
        digits={**dict.fromkeys(_FOUND, Figures(2)), "ratio": Figures(3)},
    )


def _ratios(frame: pl.DataFrame) -> Table:
    return Table(
        # Where a penalty leaves hardly anything, the interval would carry more digits than any other number has.
        frame.with_columns(pl.col(_LIMITS).round_sig_figs(DIGITS)),
        dimensions=("term", "event"),
        public=("feature", "kind", "per", "penalised"),
        unshown=(*_OUTCOMES, "everybody"),
        derived=dict.fromkeys(("step", *_LIMITS), (*_OUTCOMES, "everybody")),
        fewest={"everybody": FEWEST_FOR_METRICS},
        digits={"step": Figures(2), "estimate": ByInterval("lower", "upper")},
    )
