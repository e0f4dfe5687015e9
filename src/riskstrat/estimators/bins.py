"""Feature columns in, numbers of quantile bins out, so that trees see at most a hundred steps a column.

scikit-learn (1.9) sorts a column anew for each of its bin edges once rows have weights: minutes instead of a moment.
Edges are rounded, so that a stored threshold is nobody's own value. Trees do not mind a monotone change of scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riskstrat.estimators.terms import rounded

MOST_BINS: Final = 100


def bin_edges(values: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """Lower edges of the bins of each column: its distinct values, or where there are many `MOST_BINS` quantiles."""
    return [_edges(column[~np.isnan(column)]) for column in values.T]


def bin_numbers(values: NDArray[np.float32], edges: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Count the edges at or below each value, shape (n, p); NaN stays NaN.

    Examples
    --------
    >>> bin_numbers(np.array([[0.5], [7.0], [np.nan]], dtype=np.float32), [np.array([0.0, 1.0, 5.0])]).ravel().tolist()
    [1.0, 3.0, nan]
    """
    numbers = np.empty(values.shape, dtype=np.float32, order="F")  # trees are read column by column
    for column, own in enumerate(edges):
        value = values[:, column]
        numbers[:, column] = np.where(np.isnan(value), np.nan, np.searchsorted(own, value, side="right"))
    return numbers


def _edges(observed: NDArray[np.float32]) -> NDArray[np.float64]:
    distinct = np.unique(observed)
    if len(distinct) > MOST_BINS:
        distinct = np.quantile(observed, np.linspace(0, 1, MOST_BINS, endpoint=False), method="inverted_cdf")
    return np.unique([rounded(float(value)) for value in distinct])
