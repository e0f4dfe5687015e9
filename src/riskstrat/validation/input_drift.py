"""How far the features of other people, or of a later year, lie from those that a model was fitted to.

In: features. Out: an aggregate summary of the training data, and the drift of other features from it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import ContractError, Problem, number_of
from riskstrat.errors.arguments import checked
from riskstrat.records.cohort import KEYS

FEWEST_PERSONS: Final = 100
"""Aggregates of fewer persons are not kept."""

_BINS: Final = 10
_DIGITS: Final = 3
_QUANTILES: Final = (0.01, 0.5, 0.99)
_LEAST_SHARE: Final = 1e-4
"""An empty bin counts as this share, so that the index stays finite."""

MARKED_STABILITY: Final = 0.25
MARKED_DIFFERENCE: Final = 0.25
MARKED_OUTSIDE: Final = 0.25
MARKED_NEW: Final = 10 * FEWEST_PERSONS
"""So many values of a feature that fewer than `FEWEST_PERSONS` had before are new."""

SUMMARY_SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "column": pl.String,
    "persons": pl.Int64,
    "mean": pl.Float64,
    "standard_deviation": pl.Float64,
    "lower": pl.Float64,
    "median": pl.Float64,
    "upper": pl.Float64,
    "missing": pl.Float64,
    "edges": pl.List(pl.Float64),
    "shares": pl.List(pl.Float64),
}


@checked
def summarise_inputs(X: pl.DataFrame) -> pl.DataFrame:
    """Aggregate each column of X over the persons who have a value."""
    features = X.drop(KEYS, strict=False)
    return pl.DataFrame([_aggregates(X["person_id"], features[name]) for name in features.columns], SUMMARY_SCHEMA)


@checked
def input_drift(summary: pl.DataFrame, X: pl.DataFrame) -> pl.DataFrame:
    """Compare other features with the summary of those that a model was fitted to.

    Parameters
    ----------
    summary
        From `summarise_inputs`.
    X
        Features of other people, or of a later year.

    Returns
    -------
    polars.DataFrame
        One row a column, the most moved first: column, rows, missing_before, missing_now, outside (share of the values
        beyond the 1 % and 99 % quantiles of the training data, expected about .02), standardised_difference (of means,
        in standard deviations of the training data; Austin 2009) and population_stability: the sum over bins, one of
        them for missing values, of (now - before) log(now / before) (Siddiqi 2006); an empty bin counts as .0001. Null
        where the summary is. `marked` where that index, the absolute difference or the share outside is .25 or more,
        conventional limits that no theory gives; and where 1,000 rows have a feature that fewer than 100 persons had.

    Raises
    ------
    ContractError
        If X lacks a column of the summary.

    Examples
    --------
    >>> X = pl.DataFrame({"person_id": range(400), "age_years": [50.0, 60.0, 60.0, 70.0] * 100})
    >>> older = X.with_columns(age_years=pl.col("age_years") + 10)
    >>> input_drift(summarise_inputs(X), older).select("column", "marked").row(0)
    ('age_years', True)
    >>> input_drift(summarise_inputs(X), X)["population_stability"].to_list()
    [0.0]
    """
    if lacking := [name for name in summary["column"] if name not in X.columns]:
        found = number_of(len(lacking), "column of the fit is not in X", "columns of the fit are not in X")
        raise ContractError(
            Problem(f"{found}: {', '.join(lacking)}", "all of them", "build the features of the condition")
        )
    rows = [_drift(before, X[before["column"]]) for before in summary.iter_rows(named=True)]
    frame = pl.DataFrame(rows, infer_schema_length=None)
    stable, alike = pl.col("population_stability"), pl.col("standardised_difference").abs()
    known = pl.col("rows") * (1 - pl.col("missing_now"))
    marks = (
        stable >= MARKED_STABILITY,
        alike >= MARKED_DIFFERENCE,
        pl.col("outside") >= MARKED_OUTSIDE,
        pl.col("missing_before").is_null() & (known >= MARKED_NEW),
    )
    return frame.with_columns(marked=pl.any_horizontal(mark.fill_null(value=False) for mark in marks)).sort(
        "population_stability", descending=True, nulls_last=True, maintain_order=True
    )


def _aggregates(persons: pl.Series, values: pl.Series) -> dict[str, object]:
    observed = values.drop_nulls().drop_nans().cast(pl.Float64)
    n = persons.filter(_known(values)).n_unique()
    if n < FEWEST_PERSONS:
        return {"column": values.name} | dict.fromkeys(list(SUMMARY_SCHEMA)[1:])
    low, middle, high = (_rounded(observed.quantile(share, "linear")) for share in _QUANTILES)
    edges = _edges(persons.filter(_known(values)), observed)
    return {
        "column": values.name,
        "persons": n,
        "mean": _rounded(observed.mean()),
        "standard_deviation": _rounded(observed.std()),
        "lower": low,
        "median": middle,
        "upper": high,
        "missing": _rounded(1 - len(observed) / max(len(values), 1)),
        "edges": edges.tolist(),
        "shares": [_rounded(share) for share in _shares(observed.to_numpy(), edges)],
    }


def _edges(persons: pl.Series, observed: pl.Series) -> NDArray[np.float64]:
    """Upper ends of all bins but the last: rounded tenths between which enough persons have their values."""
    found = [_rounded(observed.quantile(at / _BINS, "nearest")) for at in range(1, _BINS)]
    edges = np.unique(np.array([edge for edge in found if edge is not None]))
    kept: list[float] = []
    for edge in edges.tolist():
        above = observed > (kept[-1] if kept else -np.inf)
        inside, beyond = above & (observed <= edge), observed > edge
        if min(persons.filter(inside).n_unique(), persons.filter(beyond).n_unique()) >= FEWEST_PERSONS:
            kept.append(edge)
    return np.array(kept)


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return np.asarray(counts / max(len(values), 1), dtype=np.float64)


def _drift(before: dict[str, object], values: pl.Series) -> dict[str, object]:
    now = values.filter(_known(values)).cast(pl.Float64).to_numpy()
    missing = 1 - len(now) / max(len(values), 1)
    row: dict[str, object] = {
        "column": before["column"],
        "rows": len(values),
        "missing_before": before["missing"],
        "missing_now": missing,
        "outside": None,
        "standardised_difference": None,
        "population_stability": None,
    }
    if before["persons"] is None:
        return row
    low, high, mean, spread, absent = (
        float(str(before[name])) for name in ("lower", "upper", "mean", "standard_deviation", "missing")
    )
    edges, shares = (np.array(before[name], dtype=np.float64) for name in ("edges", "shares"))
    return row | {
        "outside": float(((now < low) | (now > high)).mean()) if len(now) else None,
        "standardised_difference": float((now.mean() - mean) / spread) if spread > 0 and len(now) else None,
        "population_stability": _stability(
            np.append(shares * (1 - absent), absent), np.append(_shares(now, edges) * (1 - missing), missing)
        ),
    }


def _stability(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """Sum (now - before) log(now / before) over bins, both held at `_LEAST_SHARE` or more."""
    old, new = np.maximum(before, _LEAST_SHARE), np.maximum(now, _LEAST_SHARE)
    return float(((new - old) * np.log(new / old)).sum())


def _known(values: pl.Series) -> pl.Series:
    return values.is_not_null() & (values.is_not_nan() if values.dtype.is_float() else True)


def _rounded(value: object) -> float | None:
    return float(f"{float(value):.{_DIGITS}g}") if isinstance(value, int | float) else None
