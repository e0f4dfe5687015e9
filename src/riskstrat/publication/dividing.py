"""Outcomes of a validation's groups, whose noise adds up to that of the outcomes that they divide.

In: the counts behind a validation with their keys, and the study's outcomes. Out: the same counts with protected ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
    alone = cells.filter(pl.col("of").is_null()).drop("of")
    found = {EVERYBODY: whole} | {
        name: of
        for (prefix,), family in alone.group_by(pl.col("group").str.extract("^([^=]*)="))
        if prefix is not None
        for name, of in _family(prefix, family, whole)
    }
    for (group,), family in cells.drop_nulls("of").group_by("of"):
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
    cells = pl.DataFrame({"name": names, "count": counts, "key": keys}).sort("name")
    moved = whole.parts(cells["count"].to_numpy(), cells["key"].to_numpy())
    of = cells.height + (int(counts.sum()) < whole.count)
    return _divided(cells, moved, whole.variances(cells["count"].to_numpy() + moved, of=of), whole)


def nested(names: Iterable[object], counts: pl.Series, keys: pl.Series, whole: Whole) -> dict[Any, Whole]:
    """Give outcomes of cells each of which lies within the next larger one, by name."""
    cells = pl.DataFrame({"name": names, "count": counts, "key": keys}).sort("count", "key")
    moved = whole.nested(cells["count"].to_numpy(), cells["key"].to_numpy())
    variances = whole.variances(cells["count"].to_numpy() + moved, 1 + np.arange(cells.height), of=cells.height + 1)
    return _divided(cells, moved, variances, whole)


def _divided(cells: pl.DataFrame, moved: NDArray[np.int64], variances: Floats, whole: Whole) -> dict[Any, Whole]:
    found = cells.with_columns(added=pl.Series(moved), variance=pl.Series(variances))
    return {
        name: replace(whole, count=count, key=np.uint64(key), added=added, variance=variance)
        for name, count, key, added, variance in found.iter_rows()
    }
