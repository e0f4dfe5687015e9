"""Which features of different families go together, so that what each adds cannot safely be told apart.

In: features and their families. Out: a frame of pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked

STRONG = 0.8
"""Rank correlation from which on features are explained together."""

MOST_ROWS = 50_000
"""Rows that are looked at, evenly spread: the correlation is then known to within about .01."""

FEWEST_ROWS = 20
"""Pairs observed together in fewer rows are not judged."""

SCHEMA = MappingProxyType(
    {
        "feature": pl.String(),
        "family": pl.String(),
        "with_feature": pl.String(),
        "with_family": pl.String(),
        "rank_correlation": pl.Float64(),
    }
)


@checked
def correlated_families(X: pl.DataFrame, families: Mapping[str, str], *, strong: float = STRONG) -> pl.DataFrame:
    """Pairs of features of different families whose ranks go together.

    Contributions of such features may move from one to the other with little change of any prediction: their families
    are named together.

    Parameters
    ----------
    X
        Features, one row a person.
    families
        Family of each column that is looked at.
    strong
        Smallest absolute rank correlation, above 0 and at most 1.

    Returns
    -------
    polars.DataFrame
        feature, family, with_feature, with_family, rank_correlation (of the rows in which both are observed, by their
        ranks among all observed), strongest first.

    Raises
    ------
    UsageError
        If there are no such columns, or `strong` is no correlation.

    Examples
    --------
    >>> X = pl.DataFrame({"income": range(100), "need": [-value**3 for value in range(100)], "age": [5, 3] * 50})
    >>> families = {"income": "living_conditions", "need": "area", "age": "age_sex"}
    >>> correlated_families(X, families).row(0)
    ('income', 'living_conditions', 'need', 'area', -1.0)
    """
    UsageError.refuse(_problems(X, families, strong))
    names = list(families)
    found = np.nan_to_num(_rank_correlations(X.select(names)[:: max(1, X.height // MOST_ROWS)]))
    pairs = [
        (names[i], families[names[i]], names[j], families[names[j]], float(found[i, j].round(12)))
        for i, j in np.argwhere(np.triu(np.abs(found) >= strong, k=1))
        if families[names[i]] != families[names[j]]
    ]
    frame = pl.DataFrame(pairs, schema=dict(SCHEMA), orient="row")
    return frame.sort(pl.col("rank_correlation").abs(), descending=True, maintain_order=True)


def _rank_correlations(X: pl.DataFrame) -> NDArray[np.float64]:
    """Rank correlation of each pair of columns over the rows in which both are observed, (p, p)."""
    ranked = X.select(pl.all().cast(pl.Float64).fill_nan(None).rank()).to_numpy()
    seen = (~np.isnan(ranked)).astype(np.float64)
    rank = np.nan_to_num(ranked) - np.nan_to_num(ranked).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    rank *= seen
    both, total, squares = seen.T @ seen, rank.T @ seen, (rank**2).T @ seen
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(squares - total**2 / both)
        found = (rank.T @ rank - total * total.T / both) / (spread * spread.T)
    return np.where(both >= FEWEST_ROWS, found, np.nan)


def _problems(X: pl.DataFrame, families: Mapping[str, str], strong: float) -> list[Problem]:
    missing = [name for name in families if name not in X.columns]
    problems = []
    if missing:
        problems.append(Problem(f"no columns {', '.join(missing)}", "columns of X", "name columns that are there"))
    if not 0 < strong <= 1:
        problems.append(Problem(f"strong = {strong:g}", "above 0 and at most 1", f"write {STRONG}, say"))
    return problems
