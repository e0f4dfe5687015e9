"""The few questions that each shard of people is asked, by subject, table, group of codes and window.

Plain frozen values, sendable to another process; `riskstrat.features.plan` makes them of declared features.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from riskstrat.declare.features import AreaFact, EventFeature, Feature, PersonFeature, Subject
from riskstrat.features.windows import END_DAYS, Window, longest

KEYS = ("person_id", "index_date")
AREA_FACTS = "area_facts"
NO_LIMIT = 1_000_000
"""Days before an index that no register reaches back to."""


@dataclass(frozen=True)
class Group:
    """Rows that some features are about: codes with their items, settings and positions; empty means all."""

    items: tuple[tuple[str, int], ...]
    settings: tuple[str, ...]
    positions: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """One look through one window at some groups of rows.

    Attributes
    ----------
    window
        Where it looks.
    spells
        Whether rows that reach into the window count, or only rows dated in it.
    groups
        Numbers of the groups.
    questions
        What is asked of each of these groups: for every question the feature that asks it, in the order of `groups`.
        The features of one question differ only in their codes.
    """

    window: Window
    spells: bool
    groups: tuple[int, ...]
    questions: tuple[tuple[EventFeature, ...], ...]

    @property
    def reach(self) -> int:
        """Days before the index of the first date that counts; a spell may have begun at any time."""
        furthest = None if self.spells else self.window.furthest_day
        return NO_LIMIT if furthest is None else furthest

    def first_date(self, earliest_index: date) -> date | None:
        """First date that counts at this index or a later one; None where there is no limit."""
        return None if self.spells else self.window.first_date(earliest_index)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of X that the look answers."""
        return tuple(feature.column for question in self.questions for feature in question)

    @property
    def columns_used(self) -> frozenset[str]:
        """Columns of rows from which it is answered."""
        used = {name for question in self.questions for name in _columns_used(question[0])}
        return frozenset(used | {END_DAYS} if self.spells else used)


@dataclass(frozen=True)
class TablePlan:
    """What one event table is asked for one kind of subject.

    Attributes
    ----------
    register
        Name of the table.
    groups
        The distinct groups of rows; their numbers are their places here.
    looks
        The questions.
    """

    register: str
    groups: tuple[Group, ...]
    looks: tuple[Look, ...]

    @property
    def windows(self) -> tuple[Window, ...]:
        """The distinct windows, in the order in which they are first asked for."""
        return tuple(dict.fromkeys(look.window for look in self.looks))

    @property
    def longest(self) -> Window:
        """The window that the observed share speaks of."""
        return longest(set(self.windows))

    @cached_property
    def reaches(self) -> list[int]:
        """Days before the index that any question to each group reaches back."""
        return [max(look.reach for look in self.looks if group in look.groups) for group in range(len(self.groups))]

    def first_date(self, earliest_index: date) -> date | None:
        """First date that any question can ask for at this index or a later one; None where there is no limit."""
        dates = [look.first_date(earliest_index) for look in self.looks]
        limits = [limit for limit in dates if limit is not None]
        return min(limits) if len(limits) == len(dates) else None

    @property
    def stride(self) -> int:
        """How far the windows of one row of the index slice are numbered from those of the next.

        A power of two, so that a window parts into row and group without dividing.
        """
        return 1 << (len(self.groups) - 1).bit_length()

    @cached_property
    def codes(self) -> list[str]:
        """The codes that any group asks for, in alphabetical order."""
        return sorted({code for group in self.groups for code, _ in group.items})

    @cached_property
    def pairs(self) -> pl.DataFrame:
        """The groups of each code: code (its place in `codes`), group, item, reach (days before the index)."""
        place = {code: number for number, code in enumerate(self.codes)}
        pairs = [
            (place[code], number, item, reach)
            for number, (group, reach) in enumerate(zip(self.groups, self.reaches, strict=True))
            for code, item in group.items
        ]
        schema = {"code": pl.Int64, "group": pl.Int64, "item": pl.UInt32, "reach": pl.Int32}
        return pl.DataFrame(pairs, schema=schema, orient="row").sort("code", "group", "item")

    @property
    def columns_used(self) -> frozenset[str]:
        """Columns of rows from which the questions are answered."""
        return frozenset().union(*(look.columns_used for look in self.looks))

    @property
    def restricted(self) -> tuple[tuple[int, Group], ...]:
        """The groups, with their numbers, that ask for some settings or positions only."""
        return tuple((number, group) for number, group in enumerate(self.groups) if group.settings or group.positions)


@dataclass(frozen=True)
class SubjectPlan:
    """What is asked about the people themselves (relative None), or about one of their relatives.

    Attributes
    ----------
    relative
        Whose rows are read.
    person_features, area_facts, tables
        The questions by where they are answered.
    """

    relative: Subject | None
    person_features: tuple[PersonFeature, ...]
    area_facts: tuple[AreaFact, ...]
    tables: tuple[TablePlan, ...]

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features that the plan answers."""
        asked = (feature for table in self.tables for look in table.looks for q in look.questions for feature in q)
        return (*self.person_features, *self.area_facts, *asked)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the plan answers, observed shares last."""
        shares = (self.share_column(table) for table in self.tables)
        return (*(feature.column for feature in self.features), *shares)

    def share_column(self, table: TablePlan) -> str:
        """Name of the column with the observed share of a table's longest window."""
        prefix = f"{self.relative}__" if self.relative else ""
        return f"{prefix}{table.register}__observed_share"


@dataclass(frozen=True)
class Plan:
    """Everything that is asked, by whose rows answer it.

    Attributes
    ----------
    columns
        The columns of X after its keys: the features as declared, then the observed shares.
    subjects
        The people themselves, then each kind of relative that is asked about.
    """

    columns: tuple[str, ...]
    subjects: tuple[SubjectPlan, ...]


def _columns_used(feature: EventFeature) -> set[str]:
    number = "number of a row"
    used = set(feature.aggregate(pl.col(number)).meta.root_names())
    return used - {number} | set(feature.number().meta.root_names()) if number in used else used
