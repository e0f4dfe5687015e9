"""Index dates of a cohort in, training and test rows out, with counts of persons and families that they share.

Splits are by family, by cluster of areas, and in time; all hold row numbers of the frame that was split.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.folds import Split, family_of, group_folds, groups_shared
from riskstrat.numerics.groups import Labels, number_among, number_groups


@checked
def person_folds(people: pl.DataFrame, k: int = 5, seed: int = 0) -> Split:
    """Split families at random into k folds; every row is tested once, by a model that saw nobody of its family.

    Parameters
    ----------
    people
        Frame with person_id and, where families are known, family_id.
    k
        Number of folds, at least 2.
    seed
        Seed; a family's fold does not depend on the order of the rows.

    Returns
    -------
    Split
        k folds.

    Raises
    ------
    UsageError
        If k is below 2.
    DesignError
        If there are fewer families than folds.

    Examples
    --------
    >>> people = pl.DataFrame({"person_id": [1, 2, 3, 1], "family_id": [1, 1, 3, 1]})
    >>> sorted(rows.tolist() for rows in person_folds(people, k=2).test)
    [[0, 1, 3], [2]]
    """
    return _noted(Split.from_folds(_family_folds(people, k, seed), name="person"), f"{k} folds by family.")


@checked
def area_folds(people: pl.DataFrame, k: int = 5, seed: int = 0) -> Split:
    """Split areas at random into k clusters of about equal numbers of rows; nobody trains the model of their own area.

    A person's landmarks, and a family, may lie in several areas. The rows of a cluster are tested; what remains is
    the training rows, without the rows of any family that has a row in the cluster, whatever area those rows lie in.

    Parameters
    ----------
    people
        Frame with person_id, area_id and, where families are known, family_id. Rows without an area are one area.
    k
        Number of clusters, at least 2.
    seed
        Seed; an area's cluster depends on the areas' names and sizes only.

    Returns
    -------
    Split
        k folds; the note says how many rows are in no training rows because of their families.

    Raises
    ------
    UsageError
        If k is below 2.
    DesignError
        If there are fewer areas than clusters, or no training rows are left.

    Examples
    --------
    >>> people = pl.DataFrame({"person_id": [1, 2, 3, 4], "family_id": [1, 2, 3, 1], "area_id": ["a", "a", "b", "b"]})
    >>> split = area_folds(people, k=2)
    >>> sorted((test.tolist(), train.tolist()) for train, test in zip(split.train, split.test))
    [([0, 1], [2]), ([2, 3], [1])]
    """
    split = Split.from_folds(_area_clusters(people, k, seed), family_of(people), "area")
    kept = [len(train) / (people.height - len(test)) for train, test in zip(split.train, split.test, strict=True)]
    lost = 1 - np.mean(kept)
    note = f"{k} folds by clusters of areas; {lost:.0%} of the other rows are of tested families and not trained on."
    return _noted(split, note)


@checked
def municipality_folds(people: pl.DataFrame) -> Split:
    """Leave one municipality out at a time, and test it by a model of the others: internal-external validation.

    Parameters
    ----------
    people
        Frame with person_id, municipality and, where families are known, family_id. Rows without a municipality are
        trained on and not tested.

    Returns
    -------
    Split
        A fold for each municipality, in order of their names; no family of a tested row is in its training rows.

    Raises
    ------
    DesignError
        If there are fewer than two municipalities, or no training rows are left.

    Examples
    --------
    >>> people = pl.DataFrame({"person_id": [1, 2, 3, 1], "municipality": ["Salem", "Nykvarn", "Salem", "Nykvarn"]})
    >>> split = municipality_folds(people)
    >>> [(test.tolist(), train.tolist()) for train, test in zip(split.train, split.test)]
    [([1, 3], [2]), ([0, 2], [1])]
    """
    place = people["municipality"].replace("", None)
    names = place.drop_nulls().unique().sort()
    _check_folds(2, len(names), "municipality", "municipalities")
    every = Split.from_folds(number_among(place, names), family_of(people), "municipality")
    known = slice(-len(names), None)  # before these is that of the rows without a municipality, if there are any
    split = replace(every, train=every.train[known], test=every.test[known])
    return _noted(split, f"{number_of(len(names), 'fold')}, each of which leaves one municipality out.")


@checked
def temporal_split(people: pl.DataFrame, horizon_days: int, k: int = 5, seed: int = 0) -> Split:
    """Test the last landmark with models fitted only to outcomes that were complete before it began.

    Training rows are those of earlier landmarks with index date + horizon no later than the first index date of the
    last landmark: a gap of one horizon. Most people of the last landmark were there before. Leaving them out of the
    training rows would leave mainly those who died or moved, so families are folded instead: each fifth of the last
    landmark's families is tested by a model fitted to the earlier rows of the other four. Nobody is on both
    sides of a fold, and nobody is selected by what became of them.

    Parameters
    ----------
    people
        Frame with person_id, index_date, landmark and, where families are known, family_id.
    horizon_days
        Length of the time at risk.
    k
        Number of folds of families, at least 2.
    seed
        Seed of the folds.

    Returns
    -------
    Split
        Without folds, and with the reason in ``note``, where no landmark lies a whole horizon before the last.

    Raises
    ------
    UsageError
        If k is below 2.
    DesignError
        If there are fewer families than folds.

    Examples
    --------
    >>> from datetime import date
    >>> people = pl.DataFrame(
    ...     {"person_id": [1, 2, 1, 2], "landmark": [0, 0, 1, 1],
    ...      "index_date": [date(2020, 1, 1), date(2020, 1, 1), date(2022, 1, 1), date(2022, 1, 1)]}
    ... )
    >>> split = temporal_split(people, 731, k=2)
    >>> sorted((test.tolist(), train.tolist()) for train, test in zip(split.train, split.test))
    [([2], [1]), ([3], [0])]
    >>> temporal_split(people, 1826, k=2).possible
    False
    """
    last = people["landmark"].to_numpy() == people["landmark"].max()
    start = people.filter(pl.Series(last))["index_date"].min()
    early = (people["index_date"] + timedelta(days=horizon_days) <= start).to_numpy() & ~last
    if not early.any():
        note = f"No temporal test: no index date lies {horizon_days} days or more before the last landmark."
        return Split(name="temporal", train=(), test=(), note=note)
    fold = _family_folds(people, k, seed)
    tested = np.unique(fold[last])
    split = Split(
        name="temporal",
        train=tuple(np.flatnonzero(early & (fold != number)) for number in tested),
        test=tuple(np.flatnonzero(last & (fold == number)) for number in tested),
    )
    note = (
        f"Tested on the last landmark (from {start!s}), trained on index dates at least {horizon_days} days earlier, "
        f"in {k} folds by family."
    )
    return _noted(split, note)


@checked
def overlap(split: Split, people: pl.DataFrame) -> pl.DataFrame:
    """Count persons, families and areas in both the training and the test rows of each fold.

    Parameters
    ----------
    split
        Training and test rows.
    people
        The frame that was split: person_id, and family_id and area_id where they are known.

    Returns
    -------
    polars.DataFrame
        fold (from 0), shared_persons, shared_families, shared_areas (null without area_id). The first two
        are 0 for every split of this module, the third for `area_folds`.

    Examples
    --------
    >>> people = pl.DataFrame({"person_id": [1, 2, 3, 4], "family_id": [1, 1, 3, 4], "area_id": ["a", "b", "a", "b"]})
    >>> overlap(area_folds(people, k=2), people)["shared_areas"].to_list()
    [0, 0]
    """
    labels: dict[str, Labels] = {"shared_persons": people["person_id"], "shared_families": family_of(people)}
    if "area_id" in people.columns:
        labels["shared_areas"] = people["area_id"]
    pairs = list(zip(split.train, split.test, strict=True))
    numbers = {name: number_groups(own, people.height)[0] for name, own in labels.items()}
    counts = {name: [groups_shared(own, train, test) for train, test in pairs] for name, own in numbers.items()}
    columns = ("fold", "shared_persons", "shared_families", "shared_areas")
    found = {"fold": range(len(pairs)), "shared_areas": [None] * len(pairs)} | counts
    return pl.DataFrame(found, schema_overrides=dict.fromkeys(columns, pl.Int64)).select(columns)


def _noted(split: Split, note: str) -> Split:
    """Say how a split was made, or refuse one with an empty side."""
    empty = sum(not (len(train) and len(test)) for train, test in zip(split.train, split.test, strict=True))
    if empty:
        raise DesignError(
            Problem(
                f"no training rows, or no test rows, in {empty} of {number_of(len(split.test), 'fold')} ({split.name})",
                "rows on both sides of every fold",
                "use fewer folds",
            )
        )
    return replace(split, note=note)


def _family_folds(people: pl.DataFrame, k: int, seed: int) -> NDArray[np.intp]:
    families = family_of(people)
    _check_folds(k, len(np.unique(families)), "family", "families")
    return group_folds(families, k, seed)


def _area_clusters(people: pl.DataFrame, k: int, seed: int) -> NDArray[np.intp]:
    """Largest areas first, each to the smallest cluster; areas of equal size in random order."""
    code, areas = number_groups(people["area_id"], people.height)
    _check_folds(k, len(areas), "area")
    sizes, filled = np.bincount(code), np.zeros(k)
    cluster = np.empty(len(areas), dtype=np.intp)
    shuffled = np.random.default_rng(seed).permutation(len(areas))
    for area in shuffled[np.argsort(-_rounded(sizes[shuffled]), kind="stable")]:
        cluster[area] = np.argmin(filled)
        filled[cluster[area]] += sizes[area]
    return np.asarray(cluster[code], dtype=np.intp)


def _rounded(sizes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Sizes to the power of two below, so that the order of areas of about equal size depends on the seed."""
    return np.asarray(np.floor(np.log2(sizes)), dtype=np.intp)


def _check_folds(k: int, found: int, *noun: str) -> None:
    if k < 2:
        raise UsageError(Problem(number_of(k, "fold"), "2 or more", "5 folds are the default"))
    if found < k:
        several = f"{number_of(found, *noun)} for {number_of(k, 'fold')}"
        raise DesignError(Problem(several, "at least one a fold", "use fewer folds"))
