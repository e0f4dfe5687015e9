"""The strongest reasons behind the risk of a person or of a group of rows.

In: an `Explanation` and the rows asked about. Out: a short frame, strongest first, on the scale of the model's link.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.records.explanation import Explanation

SCHEMA = MappingProxyType(
    {
        "rank": pl.Int64(),
        "feature": pl.String(),
        "family": pl.String(),
        "mean_difference": pl.Float64(),
        "direction": pl.String(),
    }
)


@checked
def reasons(
    why: Explanation, rows: int | Sequence[int] | npt.NDArray[np.integer | np.bool_], top: int = 5
) -> pl.DataFrame:
    """Features that set these rows most apart from everybody explained, strongest first.

    Parameters
    ----------
    why
        Contributions of a whole population: its mean is what the rows are compared with.
    rows
        One row number (a person), several, or a mask (a group).
    top
        How many features at most; features that make no difference are never listed.

    Returns
    -------
    polars.DataFrame
        rank (1 = strongest), feature, family, mean_difference (on the link's scale), direction (``raises`` or
        ``lowers``). Ties are broken by the order of the features.

    Raises
    ------
    UsageError
        If no rows are selected or a row number does not exist.

    Examples
    --------
    >>> why = Explanation(
    ...     values=np.array([[2.0, 0.0], [0.0, 1.0]]),
    ...     baseline=0.0,
    ...     features=("heart_failure", "lives_alone"),
    ...     families=("health_care", "living_conditions"),
    ...     link="logit",
    ... )
    >>> reasons(why, 0, top=1).row(0)
    (1, 'heart_failure', 'health_care', 1.0, 'raises')
    """
    difference = _selected(why.values, rows).mean(axis=0) - why.values.mean(axis=0)
    order = np.argsort(-np.abs(difference), kind="stable")[:top]
    strongest = [int(column) for column in order if difference[column] != 0]
    return pl.DataFrame(
        {
            "rank": list(range(1, len(strongest) + 1)),
            "feature": [why.features[column] for column in strongest],
            "family": [why.families[column] for column in strongest],
            "mean_difference": difference[strongest].tolist(),
            "direction": ["raises" if difference[column] > 0 else "lowers" for column in strongest],
        },
        schema=dict(SCHEMA),
    )


def _selected(
    values: npt.NDArray[np.float64], rows: int | Sequence[int] | npt.NDArray[np.integer | np.bool_]
) -> npt.NDArray[np.float64]:
    try:
        chosen: npt.NDArray[np.float64] = values[np.atleast_1d(np.asarray(rows))]
    except IndexError:
        chosen = values[:0]
    if not len(chosen):
        raise UsageError(
            Problem(
                "no such rows",
                f"row numbers below {len(values)}, or a mask of that length",
                "choose rows of the explained population",
            )
        )
    return chosen
