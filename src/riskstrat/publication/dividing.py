"""Outcomes of a validation's groups, whose noise adds up to that of the outcomes that they divide.

In: the counts behind a validation with their keys, and the study's outcomes. Out: the same counts with protected ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import CellNoise, Whole, within

EVERYBODY = "all"
_ALONE, _ABOVE, _REACHED = "benchmark", "threshold", "capacity"
_AMONG = rf"(?s)^(?:{_ALONE}|{_REACHED})=[^;]*;(.*)$"
"""A cell within a group, whose value may hold any mark."""
Wholes = Mapping[str, Whole]
Floats = NDArray[np.float64]


def with_protected_cases(persons: pl.DataFrame, noise: CellNoise | None, outcomes: Whole | None) -> pl.DataFrame:
    """Add ``protected_cases`` and ``cases_variance``, that of their noise, to `Validation.persons`; exact without.

    Groups of one column, tenths of risk and steps between thresholds divide everybody's outcomes; who is reached at a
    capacity divides those of the group. Everybody's are part of the study's counted `outcomes`; of a validation alone
    they have noise of their own.
    """
    if noise is None:
        return persons.with_columns(protected_cases="cases", cases_variance=0.0)
    found = protected_groups(persons, noise, outcomes)
    return persons.with_columns(
        pl.Series("protected_cases", [found[name].protected for name in persons["group"]], dtype=pl.Int64),
        pl.Series("cases_variance", [found[name].variance for name in persons["group"]], dtype=pl.Float64),
    )


def protected_groups(persons: pl.DataFrame, noise: CellNoise, outcomes: Whole | None) -> Wholes:
    """Give the outcomes of each group, with their noise, as counts that others divide."""
    everybody = persons.row(by_predicate=pl.col("group") == EVERYBODY, named=True)
    whole = _whole(everybody, noise, outcomes)
    cells = persons.select("group", "cases", "case_key", of=pl.col("group").str.extract(_AMONG))
    alone = cells.filter(pl.col("of").is_null()).drop("of").with_columns(by=pl.col("group").str.extract("^([^=]*)="))
    found = {EVERYBODY: whole} | {
        name: of
        for (prefix,), family in alone.partition_by("by", as_dict=True, include_key=False).items()
        if prefix is not None
        for name, of in _family(prefix, family, whole)
    }
    for (group,), family in cells.drop_nulls("of").partition_by("of", as_dict=True).items():
        found |= nested(family["group"], family["cases"], family["case_key"], found[str(group)])
    return found


def _whole(everybody: Mapping[str, int], noise: CellNoise, outcomes: Whole | None) -> Whole:
    count, key, among = (everybody[name] for name in ("cases", "case_key", "index_key"))
    if outcomes is not None:
        return outcomes.part(count, np.uint64(key))
    keys, of = np.array([key], dtype=np.uint64), np.array([among], dtype=np.uint64)
    own = int(noise.of(within(keys, of))[0])
    return Whole(count=count, key=keys[0], added=own, variance=noise.variance, among=of[0], noise=noise)


def _family(prefix: object, family: pl.DataFrame, whole: Whole) -> Iterator[tuple[str, Whole]]:
    if prefix == _ALONE:
        return ((name, whole.part(count, np.uint64(key))) for name, count, key in family.iter_rows())
    if prefix in (_ABOVE, _REACHED):
        return iter(nested(family["group"], family["cases"], family["case_key"], whole).items())
    return iter(_side_by_side(family["group"], family["cases"], family["case_key"], whole).items())


def _side_by_side(names: pl.Series, counts: pl.Series, keys: pl.Series, whole: Whole) -> dict[str, Whole]:
    order = np.argsort(names.to_numpy(), kind="stable")
    cells = counts.to_numpy()[order], keys.to_numpy()[order]
    moved = whole.parts(*cells)
    variances = whole.variances(cells[0] + moved, of=len(order) + (int(cells[0].sum()) < whole.count))
    return _divided(names.to_numpy()[order], cells, moved, variances, whole)


def nested(names: pl.Series, counts: pl.Series, keys: pl.Series, whole: Whole) -> dict[Any, Whole]:
    """Give outcomes of cells each of which lies within the next larger one, by name."""
    order = np.lexsort((keys.to_numpy(), counts.to_numpy()))
    cells = counts.to_numpy()[order], keys.to_numpy()[order]
    moved = whole.nested(*cells)
    variances = whole.variances(cells[0] + moved, 1 + np.arange(len(order)), of=len(order) + 1)
    return _divided(names.to_numpy()[order], cells, moved, variances, whole)


def _divided(
    names: NDArray[Any],
    cells: tuple[NDArray[np.int64], NDArray[np.uint64]],
    moved: NDArray[np.int64],
    variances: Floats,
    whole: Whole,
) -> dict[Any, Whole]:
    found = zip(names.tolist(), cells[0].tolist(), cells[1], moved.tolist(), variances.tolist(), strict=True)
    return {
        name: replace(whole, count=count, key=key, added=added, variance=variance)
        for name, count, key, added, variance in found
    }
