"""How the contribution of a feature goes with its value: bins of values, wide enough to describe people.

In: an `Explanation`, its features, and who had the outcome. Out: a frame with one row a bin.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import ProtectedRows
from riskstrat.errors import Problem, UsageError, number_of, unknown
from riskstrat.errors.arguments import checked
from riskstrat.records.explanation import Explanation

Floats = NDArray[np.float64]

FEWEST_PEOPLE = 20
"""The smallest bin; besides, somebody in it had the outcome and somebody had not."""

FEWEST_OUTCOMES = 5

EDGE_FIGURES = 3
"""Limits of bins are rounded, so that none is a person's own value."""

SCHEMA = MappingProxyType(
    {
        "feature": pl.String(),
        "family": pl.String(),
        "bin": pl.Int64(),
        "value": pl.Float64(),
        "lower_edge": pl.Float64(),
        "upper_edge": pl.Float64(),
        "people": pl.Int64(),
        "case_persons": pl.Int64(),
        "other_persons": pl.Int64(),
        "mean_difference": pl.Float64(),
        "spread": pl.Float64(),
        "ratio": pl.Float64(),
    }
)


@checked
def main_features(why: Explanation) -> tuple[str, ...]:
    """Name the feature of each family whose contributions vary most, in the order of the families."""
    spread = why.values.std(axis=0)
    best = [max(_columns(why, family), key=lambda column: spread[column]) for family in why.family_names]
    return tuple(why.features[column] for column in best if spread[column] > 1e-12)


@checked
def dependence(
    why: Explanation,
    X: pl.DataFrame,
    feature: str,
    outcomes: pl.DataFrame,
    *,
    bins: int = 10,
    protected: ProtectedRows | None = None,
) -> pl.DataFrame:
    """Mean contribution of a feature against its value, and how far persons of the same value lie apart.

    An association that the model has learnt, never an effect: features that go together share it between them.

    Parameters
    ----------
    why
        Contributions of a population, one row a person.
    X
        The features of the same rows.
    feature
        Name of a column of both.
    outcomes
        The rows that the model was fitted to: the feature's column, ``person_id`` and ``had_outcome`` (Boolean). Bins
        are joined until each holds 20 people, and 5 persons with and 5 without the outcome.
    bins
        How many at most, besides that of values not observed. A feature of no more values has one bin each.
    protected
        The same rows with the noise of the study: means then carry it (`ProtectedRows.means`).

    Returns
    -------
    polars.DataFrame
        feature, family, bin (from the smallest values; the last, without value and edges, was not observed), value
        (where a bin is one value), lower_edge (included), upper_edge (excluded), people, case_persons, other_persons,
        mean_difference from everybody's mean on the link's scale, spread (standard deviation within the bin: how much
        other features matter to what this one adds) and ratio, e to the mean difference: of odds on the logit scale, of
        cumulative hazards on that of the complementary log-log. A bin of values not observed that is too small is left
        out.

    Raises
    ------
    UsageError
        If the feature is not explained, or rows differ.

    Examples
    --------
    >>> age = np.repeat([50.0, 60.0, 70.0], 40)
    >>> why = Explanation(values=0.1 * age[:, None], baseline=0.0, features=("age",), families=("age",), link="logit")
    >>> X = pl.DataFrame({"age": age})
    >>> outcomes = X.with_columns(person_id=pl.int_range(120), had_outcome=pl.int_range(120) % 4 == 0)
    >>> dependence(why, X, "age", outcomes).select("value", "people", "mean_difference", "spread").rows()
    [(50.0, 40, -1.0, 0.0), (60.0, 40, 0.0, 0.0), (70.0, 40, 1.0, 0.0)]
    """
    _check(why, X, feature)
    column = why.features.index(feature)
    values = _values(X[feature])
    edges = _joined(_edges(values, bins), values, outcomes, feature)
    cell, cells = _bins(values, edges), len(edges) + 2
    rows = protected or ProtectedRows.of(pl.DataFrame({"row": cell}), None)
    contribution = why.values[:, [column]]
    mean = rows.means(contribution, cell, cells, name=f"dependence {feature}")[0][:, 0]
    exact = np.bincount(cell, contribution[:, 0], cells) / np.maximum(np.bincount(cell, minlength=cells), 1)
    variance = rows.means((contribution - exact[cell, None]) ** 2, cell, cells, name=f"spread {feature}")[0][:, 0]
    everybody = rows.means(contribution, np.zeros(len(cell), int), 1, name=f"dependence {feature}")[0].item()
    difference = (mean - everybody).round(12)
    frame = pl.DataFrame(
        {
            "feature": [feature] * cells,
            "family": [why.families[column]] * cells,
            "bin": np.arange(1, cells + 1),
            "value": _single_values(values, cell, cells),
            "lower_edge": [None, *edges, None],
            "upper_edge": [*edges, None, None],
            "people": np.bincount(cell, minlength=cells),
            **_persons(outcomes, feature, edges),
            "mean_difference": difference,
            "spread": np.sqrt(np.maximum(variance, 0)).round(12),
            "ratio": np.exp(difference),
        },
        schema=dict(SCHEMA),
    )
    return frame.filter(pl.col("people") >= FEWEST_PEOPLE)


def _columns(why: Explanation, family: str) -> list[int]:
    return [column for column, name in enumerate(why.families) if name == family]


def _values(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _edges(values: Floats, bins: int) -> list[float]:
    """Inner edges: each value but the smallest where there are few, else rounded quantiles."""
    observed = values[~np.isnan(values)]
    distinct = np.unique(observed)
    if len(distinct) <= bins:
        return [float(value) for value in distinct[1:]]
    cuts = pl.Series(np.quantile(observed, np.arange(1, bins) / bins)).round_sig_figs(EDGE_FIGURES)
    return [edge for edge in cuts.unique().sort().to_list() if distinct[0] < edge <= distinct[-1]]


def _bins(values: Floats, edges: list[float]) -> NDArray[np.intp]:
    """Bin of each value from 0; what was not observed has the last, one beyond the others."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="right"))


def _joined(edges: list[float], values: Floats, outcomes: pl.DataFrame, feature: str) -> list[float]:
    """Keep the edges that leave enough people, and enough persons of either outcome, on both sides."""
    persons = _persons(outcomes, feature, edges)
    people = np.bincount(_bins(values, edges), minlength=len(edges) + 2)
    counts = np.column_stack([people, *persons.values()])
    least = np.array([FEWEST_PEOPLE, FEWEST_OUTCOMES, FEWEST_OUTCOMES])
    kept, held = [], np.zeros(3, dtype=np.int64)
    for edge, count in zip(edges, counts, strict=False):
        held = held + count
        if (held >= least).all():
            kept.append(edge)
            held = np.zeros_like(held)
    return kept if (held + counts[len(edges)] >= least).all() else kept[:-1]


def _persons(outcomes: pl.DataFrame, feature: str, edges: list[float]) -> dict[str, NDArray[np.int64]]:
    """Count the distinct persons of each bin who had the outcome, and who had not, at some index date."""
    bins = pl.Series("bin", _bins(_values(outcomes[feature]), edges))
    each = outcomes.select("person_id", "had_outcome", bins).unique()
    had, number = each["had_outcome"].to_numpy(), each["bin"].to_numpy()
    counted = (np.bincount(number[rows], minlength=len(edges) + 2) for rows in (had, ~had))
    return dict(zip(("case_persons", "other_persons"), counted, strict=True))


def _single_values(values: Floats, cell: NDArray[np.intp], cells: int) -> list[float | None]:
    """Find the value of each bin that holds one value only."""
    ends = (
        pl.DataFrame({"cell": cell, "value": values})
        .group_by("cell")
        .agg(low=pl.col("value").min(), high=pl.col("value").max())
    )
    single = {number: low for number, low, high in ends.iter_rows() if low == high}
    return [single.get(number) for number in range(cells)]


def _check(why: Explanation, X: pl.DataFrame, feature: str) -> None:
    if feature not in why.features:
        raise UsageError(unknown("feature", feature, list(why.features)))
    if X.height != len(why.values):
        raise UsageError(
            Problem(
                f"contributions of {number_of(len(why.values), 'row')} and features of {X.height}",
                "the same rows",
                "pass the features that were explained",
            )
        )
