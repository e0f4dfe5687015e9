"""Features and who they are of in, how many index dates have no value by group out, and on what that depends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl

from riskstrat.errors.arguments import checked
from riskstrat.incidence import outcome_within, status_known
from riskstrat.records.cohort import KEYS, Cohort, check_rows
from riskstrat.validation.grouping import EVERYBODY, group_labels, persons_behind

OUTCOME: Final = "outcome"
LANDMARK: Final = "landmark"
UNKNOWN: Final = "unknown"

MARKED_DIFFERENCE: Final = 0.2
"""Shares without a value that differ by this much between groups are told in words."""

FEWEST_PERSONS: Final = 100
"""Groups of fewer persons are not compared: their shares differ by chance."""

_OWN_NAMES = {
    "index_dates": "missing",
    "persons": "missing_persons",
    "index_key": "missing_key",
    "person_key": "missing_person_key",
}


@checked
def missingness(X: pl.DataFrame, cohort: Cohort, by: Sequence[str] = ()) -> pl.DataFrame:
    """Count index dates without a value of each feature: all of them, by outcome, by landmark and by further columns.

    Parameters
    ----------
    X
        Features, rows in the order of the cohort.
    cohort
        Index dates, of which those are described that are counted (`Cohort.is_counted`).
    by
        Further columns of `cohort.people`; ``age_band`` is made if the people do not have it.

    Returns
    -------
    polars.DataFrame
        One row a feature and group: feature, group (``all``, ``outcome=yes``, ``outcome=no`` or, where the status at
        the horizon is not known, ``outcome=unknown``; ``landmark=2019-12-31``, ``sex=female``), index_dates, persons,
        missing (index dates without a value), missing_persons, share, and the keys of these cells. Features that always
        have a value have the row of all only.

    Raises
    ------
    UsageError
        If X has not as many rows as the cohort.

    Examples
    --------
    >>> from datetime import date
    >>> people = {"person_id": [1, 2], "event": [1, 0], "duration_days": [9.0, 365.0], "assessed": [True, True]}
    >>> cohort = Cohort(
    ...     people=pl.DataFrame(people | {"landmark": [0, 0]}),
    ...     condition="any", flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365,
    ... )
    >>> missingness(pl.DataFrame({"bmi": [None, 22.0]}), cohort).select("group", "index_dates", "missing").rows()
    [('all', 2, 1), ('outcome=no', 1, 0), ('outcome=yes', 1, 1), ('landmark=0', 2, 1)]
    """
    check_rows("X", X.height, cohort.people.height)
    counted = cohort.is_counted
    people, features = _labelled(cohort).filter(counted), X.filter(counted).drop(KEYS, strict=False)
    groups = [group_labels(people, column) for column in (EVERYBODY, OUTCOME, LANDMARK, *by)]
    behind = [_behind(people, labels) for labels in groups]
    found: dict[bytes, pl.DataFrame] = {}
    frames = []
    for feature in features:
        absent = _absent(feature)
        # Features of one register are often missing in the same rows.
        pattern = np.packbits(absent.to_numpy()).tobytes()
        if pattern not in found:
            shown = len(groups) if absent.any() else 1
            without = [_behind(people.filter(absent), labels.filter(absent)) for labels in groups[:shown]]
            found[pattern] = pl.concat([_beside(*pair) for pair in zip(behind, without, strict=False)])
        frames.append(found[pattern].select(pl.lit(feature.name).alias("feature"), pl.all()))
    return pl.concat(frames).with_columns(share=pl.col("missing") / pl.col("index_dates"))


@checked
def depends_on(table: pl.DataFrame) -> pl.DataFrame:
    """Find the features whose share without a value differs strongly between groups.

    Parameters
    ----------
    table
        From `missingness`.

    Returns
    -------
    polars.DataFrame
        feature, by (``outcome``, ``landmark``, ``sex`` and so on), lowest and highest share, the largest difference
        first: at least .2, between groups of 100 persons or more. People of whom it is not known which group they are
        in are not compared.

    Examples
    --------
    >>> shares = {"group": ["outcome=yes", "outcome=no"], "share": [0.1, 0.6], "persons": [200, 900]}
    >>> depends_on(pl.DataFrame({"feature": ["bmi", "bmi"]} | shares)).rows()
    [('bmi', 'outcome', 0.1, 0.6)]
    """
    parts = pl.col("group").str.split_exact("=", 1).struct
    compared = table.with_columns(by=parts[0], value=parts[1]).filter(
        pl.col("value") != UNKNOWN, pl.col("persons") >= FEWEST_PERSONS
    )
    ranges = compared.group_by("feature", "by", maintain_order=True).agg(
        lowest=pl.col("share").min(), highest=pl.col("share").max()
    )
    gap = pl.col("highest") - pl.col("lowest")
    return ranges.filter(gap >= MARKED_DIFFERENCE).sort(gap, descending=True, maintain_order=True)


def _labelled(cohort: Cohort) -> pl.DataFrame:
    """People with their outcome in words, and their landmark by its date, or by its first year."""
    known, had = (
        status(cohort.followed_outcome, cohort.horizon_days) & cohort.people["assessed"].to_numpy()
        for status in (status_known, outcome_within)
    )
    names = {str(landmark): day.isoformat() for landmark, day in cohort.landmark_dates.items()}
    if not names and "index_date" in cohort.people.columns:
        first = cohort.people.group_by(LANDMARK).agg(pl.col("index_date").min().dt.year()).cast(pl.String)
        names = dict(first.iter_rows())
    return cohort.people.with_columns(
        pl.Series(OUTCOME, np.select([had, known], ["yes", "no"], UNKNOWN)),
        pl.col(LANDMARK).cast(pl.String).replace(names),
    )


def _behind(people: pl.DataFrame, labels: pl.Series) -> pl.DataFrame:
    found = persons_behind(people, np.zeros(people.height, dtype=np.bool_), labels)
    return found.select("group", "index_dates", "persons", "index_key", "person_key")


def _beside(everybody: pl.DataFrame, without: pl.DataFrame) -> pl.DataFrame:
    """Put index dates and persons without a value beside all of their group; 0 where there is none."""
    own = without.rename(_OWN_NAMES)
    return everybody.join(own, on="group", how="left", maintain_order="left").with_columns(
        pl.col(list(_OWN_NAMES.values())).fill_null(0)
    )


def _absent(feature: pl.Series) -> pl.Series:
    return feature.cast(pl.Float64).is_nan().fill_null(value=True)
