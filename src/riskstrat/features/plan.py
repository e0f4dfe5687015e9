"""From declared features to the few questions that each shard of people is asked.

In: features and registers. Out: a plan of plain frozen values, sendable to another process. No row is read for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from riskstrat.declare.features import AreaFact, EventFeature, Feature, PersonFeature, Relative
from riskstrat.errors import ContractError, Problem, RiskstratError, UsageError
from riskstrat.features.windows import Window, longest
from riskstrat.registers import Registers

KEYS = ("person_id", "index_date")
AREA_FACTS = "area_facts"


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
    def columns(self) -> tuple[str, ...]:
        """Columns of X that the look answers."""
        return tuple(feature.column for question in self.questions for feature in question)


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

    @property
    def furthest_day(self) -> int | None:
        """Days before the index that any question reaches back; None where there is no limit."""
        furthest = [None if look.spells else look.window.furthest_day for look in self.looks]
        bounded = [day for day in furthest if day is not None]
        return max(bounded) if len(bounded) == len(furthest) else None

    @property
    def pairs(self) -> pl.DataFrame:
        """The codes of each group: code, code_number (its rank), group, item."""
        rows = [(code, number, item) for number, group in enumerate(self.groups) for code, item in group.items]
        schema = {"code": pl.String, "group": pl.Int64, "item": pl.UInt32}
        pairs = pl.DataFrame(rows, schema=schema, orient="row")
        return pairs.with_columns(code_number=pl.col("code").rank("dense").cast(pl.Int64))


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

    relative: Relative | None
    person_features: tuple[PersonFeature, ...]
    area_facts: tuple[AreaFact, ...]
    tables: tuple[TablePlan, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the plan answers, observed shares last."""
        direct = [feature.column for feature in (*self.person_features, *self.area_facts)]
        asked = [column for table in self.tables for look in table.looks for column in look.columns]
        return (*direct, *asked, *(self.share_column(table) for table in self.tables))

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


def plan_features(features: Sequence[Feature], registers: Registers) -> Plan:
    """Sort features by subject, table, group of codes and window.

    Parameters
    ----------
    features
        What is asked, in the order of the columns of X.
    registers
        Whose codes are matched, once a table and never once a row.

    Raises
    ------
    UsageError
        If two features share a column, or a feature is of no kind that the engine can ask.
    ContractError
        If a feature's register is not there.
    """
    _refuse(UsageError, [*_doubled(features), *_unknown_kinds(features)])
    _refuse(ContractError, _missing(features, registers))
    subjects = tuple(_subject(relative, features, registers) for relative in _relatives(features))
    declared = [feature.column for feature in features]
    shares = [subject.share_column(table) for subject in subjects for table in subject.tables]
    return Plan((*declared, *shares), subjects)


def _refuse(error: type[RiskstratError], problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise error(*found)


def _doubled(features: Sequence[Feature]) -> Iterator[Problem]:
    for column, count in Counter(feature.column for feature in features).items():
        if count > 1:
            yield Problem(
                found=f"{count} features that give the column {column}",
                expected="one feature a column",
                remedy="leave the others out, or make them differ in more than label and family",
            )


def _unknown_kinds(features: Sequence[Feature]) -> Iterator[Problem]:
    for feature in features:
        if not isinstance(feature, EventFeature | PersonFeature | AreaFact):
            yield Problem(
                found=f"a feature of kind {type(feature).__name__}",
                expected="a kind built on EventFeature or PersonFeature",
                remedy="derive it from one of them",
            )


def _missing(features: Sequence[Feature], registers: Registers) -> Iterator[Problem]:
    asked = dict.fromkeys(feature.register for feature in features if isinstance(feature, EventFeature))
    for register in asked:
        if not registers.has(register):
            yield Problem(
                table=register,
                found="no such table",
                expected="the table that features ask for",
                remedy="add it to the folder and its manifest, or leave those features out",
            )


def _relatives(features: Sequence[Feature]) -> list[Relative | None]:
    """Name whose rows are asked for: the people themselves, then relatives."""
    asked = {getattr(feature, "relative", None) for feature in features}
    order: tuple[Relative | None, ...] = (None, "mother", "father")
    return [relative for relative in order if relative is None or relative in asked]


def _subject(relative: Relative | None, features: Sequence[Feature], registers: Registers) -> SubjectPlan:
    own = [feature for feature in features if getattr(feature, "relative", None) == relative]
    events: dict[str, list[EventFeature]] = defaultdict(list)
    for feature in own:
        if isinstance(feature, EventFeature):
            events[feature.register].append(feature)
    return SubjectPlan(
        relative,
        person_features=tuple(feature for feature in own if isinstance(feature, PersonFeature)),
        area_facts=tuple(feature for feature in own if isinstance(feature, AreaFact)),
        tables=tuple(_table(register, asked, registers) for register, asked in events.items()),
    )


def _table(register: str, features: Sequence[EventFeature], registers: Registers) -> TablePlan:
    codes, prefix = registers.codes(register), registers.prefix_matching(register)
    groups: dict[Group, int] = {}
    asked: dict[_Question, dict[int, EventFeature]] = defaultdict(dict)
    for feature in features:
        group = Group(tuple(feature.items(codes, prefix)), feature.settings, feature.positions)
        number = groups.setdefault(group, len(groups))
        question = _question(feature)
        while number in asked[question]:  # the same rows asked the same under another name
            question = replace(question, again=question.again + 1)
        asked[question][number] = feature
    return TablePlan(register, groups=tuple(groups), looks=tuple(_looks(asked)))


@dataclass(frozen=True)
class _Question:
    window: Window
    spells: bool
    empty: float | None
    wording: bytes
    again: int = 0


def _question(feature: EventFeature) -> _Question:
    """Word what a feature asks of its rows, apart from their codes: those that ask alike are answered together."""
    wording = feature.number().meta.serialize() + feature.aggregate(pl.col("number")).meta.serialize()
    return _Question(Window.of(feature), feature.spells, feature.empty, wording)


def _looks(asked: Mapping[_Question, Mapping[int, EventFeature]]) -> Iterator[Look]:
    """Put questions to the same groups through the same window together."""
    together: dict[tuple[Window, bool, tuple[int, ...]], list[tuple[EventFeature, ...]]] = defaultdict(list)
    for question, features in asked.items():
        groups = tuple(sorted(features))
        together[question.window, question.spells, groups].append(tuple(features[group] for group in groups))
    for (window, spells, groups), questions in together.items():
        yield Look(window, spells, groups, tuple(questions))
