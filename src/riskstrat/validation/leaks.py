"""Features and outcomes in, how well each column alone tells who had the outcome out: what does so too well is a leak.

A column that holds the outcome, or what follows from it, makes every check of a model look good.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.incidence import OutcomeArray, censoring_weights, outcome_within
from riskstrat.records.cohort import KEYS
from riskstrat.validation.discrimination import auc_pairs
from riskstrat.validation.horizon_labels import HorizonLabels

LEAK_LIMIT: Final = 0.95
"""No register fact known before the index date separates outcomes as well as this."""

MOST_ROWS: Final = 20_000
"""Of more rows every second, third ... is read: an AUC this high needs no more."""

FEWEST_OUTCOMES: Final = 20
"""Among fewer outcomes, or fewer rows without, a high AUC may be chance."""

_SAID = {"value": "its values", "is_missing": "its being missing"}
_SCHEMA = {"column": pl.String(), "of": pl.String(), "auc": pl.Float64(), "n": pl.Int64()}


@checked
def leaks(
    X: pl.DataFrame, y: OutcomeArray, horizon_days: float, *, weights: npt.ArrayLike | None = None
) -> pl.DataFrame:
    """Discrimination of each column of X by itself, and of whether it has a value at all.

    Parameters
    ----------
    X
        Features (n rows); key columns are left out.
    y
        Outcome array (n,).
    horizon_days
        End of the time at risk in days.
    weights
        Weight of each row's status (n,), 0 where not known. By default `censoring_weights` over all rows.

    Returns
    -------
    polars.DataFrame
        column, of (``value``, among rows that have one, or ``is_missing``), auc (turned, so that it is .5 or more), n;
        the highest first. Of more than 20,000 rows every second, third and so on is read. Empty where fewer than 20
        rows had, or had not, the outcome.

    Raises
    ------
    ContractError
        If the outcome cannot be used.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1] * 20 + [0] * 20, [10] * 20 + [30] * 20)
    >>> X = pl.DataFrame({"age": list(range(40)), "coded_later": [1] * 20 + [None] * 20})
    >>> leaks(X, y, 30).rows()
    [('age', 'value', 1.0, 40), ('coded_later', 'is_missing', 1.0, 40)]
    """
    weight = (
        censoring_weights(y, horizon_days, truncate=1) if weights is None else np.asarray(weights, dtype=np.float64)
    )
    step = -(-len(y) // MOST_ROWS)
    outcome, weight = outcome_within(y, horizon_days)[::step].astype(np.float64), weight[::step]
    rows = [row for column in X.drop(KEYS, strict=False)[::step] for row in _of_column(column, outcome, weight)]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return frame.sort("auc", descending=True, maintain_order=True)


@checked
def check_leaks(
    X: pl.DataFrame,
    y: OutcomeArray,
    horizon_days: float,
    *,
    weights: npt.ArrayLike | None = None,
    limit: float = LEAK_LIMIT,
) -> None:
    """Refuse features of which one alone separates those with the outcome too well."""
    found = leaks(X, y, horizon_days, weights=weights).filter(pl.col("auc") > limit)
    DesignError.refuse(
        Problem(
            f"a column that alone tells who had the outcome (AUC {row['auc']:.2f} of {_SAID[row['of']]})",
            f"an AUC of {limit:g} at most",
            "look at what it holds after the index date; leave it out, or raise highest_single_auc knowingly",
            table="X",
            column=row["column"],
        )
        for row in found.iter_rows(named=True)
    )


def _of_column(
    column: pl.Series, outcome: NDArray[np.float64], weight: NDArray[np.float64]
) -> Iterator[tuple[str, str, float, int]]:
    """Measure the values of a column, and whether they are missing."""
    values = column.cast(pl.Float64, strict=False).fill_nan(None)
    missing = values.is_null().to_numpy()
    for of, scores, rows in (
        ("value", values.fill_null(0.0).to_numpy(), ~missing),
        ("is_missing", missing.astype(np.float64), np.ones(len(missing), dtype=bool)),
    ):
        chosen = rows & (weight > 0)
        had = float(outcome[chosen].sum())
        if len(np.unique(scores[chosen])) > 1 and min(had, chosen.sum() - had) >= FEWEST_OUTCOMES:
            share = auc_pairs(HorizonLabels(outcome[chosen], scores[chosen], weight[chosen])).share
            yield column.name, of, max(share, 1 - share), int(chosen.sum())
