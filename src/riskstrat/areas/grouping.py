"""Which group and which stratum of age and sex each person belongs to.

In: frames of people. Out: numbers, -1 where a label is missing, and the frame of labels that the numbers point into.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from riskstrat.errors import Problem, UsageError

AGE_BAND = "age_band"
# Children change fast: one year at a time below this age, then five.
SINGLE_YEARS_BELOW = 20
BAND_YEARS = 5
OLDEST_BAND = 90


def age_band() -> pl.Expr:
    """Five-year bands of ``age_years`` as text, ``"70-74"``; single years below 20, and 90 and above together.

    Examples
    --------
    >>> pl.DataFrame({"age_years": [1, 72, 95]}).select(age_band())["age_band"].to_list()
    ['1', '70-74', '90+']
    """
    age = pl.col("age_years")
    low = age - age % BAND_YEARS
    band = pl.format("{}-{}", low, low + BAND_YEARS - 1)
    return (
        pl.when(age < SINGLE_YEARS_BELOW)
        .then(age.cast(pl.String))
        .when(age >= OLDEST_BAND)
        .then(pl.lit(f"{OLDEST_BAND}+"))
        .otherwise(band)
        .alias(AGE_BAND)
    )


def with_age_band(people: pl.DataFrame) -> pl.DataFrame:
    """Add the column ``age_band`` unless the people already have one."""
    return people if AGE_BAND in people.columns else people.with_columns(age_band())


def number_groups(by: Sequence[str], *frames: pl.DataFrame) -> tuple[pl.DataFrame, list[np.ndarray]]:
    """Give the groups of several frames one common numbering.

    Parameters
    ----------
    by
        The columns whose combinations are the groups.
    *frames
        Frames that have these columns.

    Returns
    -------
    labels, numbers
        Labels sorted, one row a group; for each frame its rows' group numbers, -1 where a label is null.
    """
    labels = pl.concat([frame.select(by).unique() for frame in frames]).unique().drop_nulls().sort(by)
    keyed = labels.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("group_number"))
    return labels, [_numbers_in(frame, keyed, by) for frame in frames]


def _numbers_in(frame: pl.DataFrame, keyed: pl.DataFrame, by: Sequence[str]) -> np.ndarray:
    joined = frame.select(by).join(keyed, on=list(by), how="left", maintain_order="left")
    return joined["group_number"].fill_null(-1).to_numpy()


def sums(numbers: np.ndarray, values: np.ndarray | None, groups: int) -> np.ndarray:
    """Sum values (or count rows) per group, (groups,); rows without a group are left out."""
    inside = numbers >= 0
    return np.bincount(numbers[inside], None if values is None else values[inside], minlength=groups)


def check_columns(by: Sequence[str], **frames: pl.DataFrame) -> list[Problem]:
    """List the grouping columns that a frame does not have."""
    if not by:
        return [Problem(found="no grouping column", expected="at least one", remedy="give by='area_id', say")]
    return [
        Problem(
            found="no such column",
            expected=f"a grouping column, one of: {', '.join(frame.columns)}",
            remedy="add it to the people or choose another",
            table=name,
            column=column,
        )
        for name, frame in frames.items()
        for column in by
        if column not in frame.columns
    ]


def check_risk(name: str, risk: np.ndarray, rows: int) -> list[Problem]:
    """List what is wrong with a list of risks."""
    if risk.shape != (rows,):
        return [
            Problem(
                found=f"{name} of shape {risk.shape}",
                expected=f"one number for each of {rows} people",
                remedy="predict for these people and keep their order",
            )
        ]
    if not np.isfinite(risk).all() or ((risk < 0) | (risk > 1)).any():
        return [Problem(found=f"{name} outside [0, 1] or missing", expected="risks", remedy="use predict_risk")]
    return []


def as_columns(by: str | Sequence[str]) -> tuple[str, ...]:
    """One column or several, as a tuple."""
    return (by,) if isinstance(by, str) else tuple(by)


def raise_if(problems: Sequence[Problem]) -> None:
    """Raise all problems at once, or nothing.

    Raises
    ------
    UsageError
        If there are any.
    """
    if problems:
        raise UsageError(*problems)
