"""What each shard computes: for every subject and event table, aggregations of groups of codes within windows.

Plain frozen values, sendable to another process; `riskstrat.features.planning` makes them from declared features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import chain

import polars as pl

from riskstrat.declare.features import AreaFact, EventFeature, Feature, PersonFeature, Subject
from riskstrat.declare.rows import ANY_VALUE, ValueRange
from riskstrat.declare.windows import OBSERVED_SHARE, OBSERVED_YEARS
from riskstrat.features.windows import END_DAYS, Window, ever, longest

AREA_FACTS = "area_facts"
NO_LIMIT = 1_000_000
"""More days before an index date than any register reaches back."""


@dataclass(frozen=True)
class CodeGroup:
    """Rows that some features are about: codes with their items, settings, positions (empty means all), values."""

    items: tuple[tuple[str, int], ...]
    settings: tuple[str, ...]
    positions: tuple[str, ...]
    value_range: ValueRange = ANY_VALUE


@dataclass(frozen=True)
class WindowAggregation:
    """Aggregations of the same code groups within the same window: one group-by computes them all.

    Where `spells`, rows that reach into the window count, not only those dated in it. Each aggregation has its feature
    for each of `groups`, in their order; they differ only in their codes.
    """

    window: Window
    spells: bool
    groups: tuple[int, ...]
    aggregations: tuple[tuple[EventFeature, ...], ...]

    @property
    def reach(self) -> int:
        """Days before the index of the first date that counts; a spell may have begun at any time."""
        furthest = None if self.spells else self.window.furthest_day
        return NO_LIMIT if furthest is None else furthest

    def first_date(self, earliest_index: date) -> date | None:
        """First date that counts at this index date or a later one; None where there is no limit."""
        return None if self.spells else self.window.first_date(earliest_index)

    @property
    def columns_used(self) -> frozenset[str]:
        """Columns of rows from which they are computed."""
        used = {name for features in self.aggregations for name in _columns_used(features[0])}
        return frozenset(used | {END_DAYS} if self.spells else used)


@dataclass(frozen=True)
class TablePlan:
    """What is computed from one event table for one kind of subject; a code group's number is its index in `groups`."""

    register: str
    groups: tuple[CodeGroup, ...]
    window_aggregations: tuple[WindowAggregation, ...]

    @property
    def windows(self) -> tuple[Window, ...]:
        """The distinct windows, in the order of `window_aggregations`."""
        return tuple(dict.fromkeys(each.window for each in self.window_aggregations))

    @property
    def observed(self) -> Mapping[str, Window]:
        """The window of which it is told how much was observed, by the name of each measure that there is."""
        told = {OBSERVED_SHARE: longest(self.windows), OBSERVED_YEARS: ever(self.windows)}
        return {name: window for name, window in told.items() if window is not None}

    @cached_property
    def reaches(self) -> list[int]:
        """Days before the index that any window of each group reaches back."""
        return [
            max(each.reach for each in self.window_aggregations if group in each.groups)
            for group in range(len(self.groups))
        ]

    def first_date(self, earliest_index: date) -> date | None:
        """First date that counts for any window at this index date or a later one; None where there is no limit."""
        dates = [each.first_date(earliest_index) for each in self.window_aggregations]
        limits = [limit for limit in dates if limit is not None]
        return min(limits) if len(limits) == len(dates) else None

    @property
    def stride(self) -> int:
        """Distance between the window numbers of one row of the index slice and the next: at least the groups' number.

        A power of two, so that row and group of a window are found without dividing.
        """
        return 1 << (len(self.groups) - 1).bit_length()

    @cached_property
    def codes(self) -> list[str]:
        """The codes of all groups, in alphabetical order."""
        return sorted({code for group in self.groups for code, _ in group.items})

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """The groups of each code: code (its index in `codes`), group, item, reach (days before the index)."""
        number_of = {code: number for number, code in enumerate(self.codes)}
        pairs = [
            (number_of[code], number, item, reach)
            for number, (group, reach) in enumerate(zip(self.groups, self.reaches, strict=True))
            for code, item in group.items
        ]
        schema = {"code": pl.Int64, "group": pl.Int64, "item": pl.UInt32, "reach": pl.Int32}
        return pl.DataFrame(pairs, schema=schema, orient="row").sort("code", "group", "item")

    @property
    def columns_used(self) -> frozenset[str]:
        """Columns of rows from which anything is computed."""
        return frozenset().union(*(each.columns_used for each in self.window_aggregations))

    @property
    def restricted(self) -> tuple[tuple[int, CodeGroup], ...]:
        """The groups, with their numbers, that are restricted to some settings, positions or values."""
        return tuple(
            (number, group)
            for number, group in enumerate(self.groups)
            if group.settings or group.positions or group.value_range != ANY_VALUE
        )


@dataclass(frozen=True)
class SubjectPlan:
    """What is computed of the persons themselves (relative None), or of one of their relatives, by where it is read."""

    relative: Subject | None
    person_features: tuple[PersonFeature, ...]
    area_facts: tuple[AreaFact, ...]
    tables: tuple[TablePlan, ...]

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features that are computed."""
        of_events = (
            feature
            for table in self.tables
            for each in table.window_aggregations
            for features in each.aggregations
            for feature in features
        )
        return (*self.person_features, *self.area_facts, *of_events)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are computed, what was observed last."""
        return (*(feature.column for feature in self.features), *chain(*map(self.observed_columns, self.tables)))

    def observed_columns(self, table: TablePlan) -> dict[str, str]:
        """Name the columns that tell how much of a table was observed, and the measure in each."""
        prefix = f"{self.relative}__" if self.relative else ""
        return {f"{prefix}{table.register}__{measure}": measure for measure in table.observed}


@dataclass(frozen=True)
class Plan:
    """Everything that is computed: columns (features, then what was observed), and subjects, the persons first."""

    columns: tuple[str, ...]
    subjects: tuple[SubjectPlan, ...]


def _columns_used(feature: EventFeature) -> set[str]:
    value = "value of a row"
    used = set(feature.aggregate(pl.col(value)).meta.root_names())
    return used - {value} | set(feature.row_value().meta.root_names()) if value in used else used
