"""From declared features to the few questions that each shard of people is asked.

In: features and registers. Out: a plan of plain frozen values, sendable to another process. No row is read for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import polars as pl

from riskstrat.declare.features import (
    AreaFact,
    EventFeature,
    Feature,
    PersonFeature,
    RelativeFeature,
    Subject,
    expanded,
)
from riskstrat.errors import ContractError, Problem, RiskstratError, UsageError
from riskstrat.features.questions import Group, Look, Plan, SubjectPlan, TablePlan
from riskstrat.features.windows import Window
from riskstrat.registers import Registers


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
    features = expanded(features)
    _refuse(UsageError, [*_doubled(features), *_unknown_kinds(features)])
    _refuse(ContractError, _missing(features, registers))
    groups = _groups(features, registers)
    subjects = tuple(_subject(subject, features, groups) for subject in _subjects(features))
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
    asked = dict.fromkeys(feature.register for feature in _of_events(features))
    for register in asked:
        if not registers.has(register):
            yield Problem(
                table=register,
                found="no such table",
                expected="the table that features ask for",
                remedy="add it to the folder and its manifest, or leave those features out",
            )


def _subjects(features: Sequence[Feature]) -> list[Subject | None]:
    """Name whose rows are asked for: the people themselves, then relatives."""
    asked = {_subject_of(feature) for feature in features}
    order: tuple[Subject | None, ...] = (None, "mother", "father", "sibling")
    return [subject for subject in order if subject is None or subject in asked]


def _subject_of(feature: Feature) -> Subject | None:
    return feature.subject if isinstance(feature, RelativeFeature) else None


def _of_events(features: Sequence[Feature]) -> Iterator[EventFeature]:
    """Go through the features of events, and those of the events that date their windows."""
    for feature in features:
        if isinstance(feature, EventFeature):
            yield feature
            yield from Window.of(feature).dated_by


def _groups(features: Sequence[Feature], registers: Registers) -> dict[str, Group]:
    """Find the rows that each event feature is about, by the feature's column."""
    found = {feature.column: _group(feature, registers) for feature in _of_events(features)}
    _refuse(UsageError, chain.from_iterable(group for group in found.values() if not isinstance(group, Group)))
    return {column: group for column, group in found.items() if isinstance(group, Group)}


def group_of(feature: EventFeature, registers: Registers) -> Group:
    """Find the rows that a feature is about.

    Raises
    ------
    UsageError
        If its codes cannot be read.
    """
    codes, prefix = registers.codes(feature.register), registers.prefix_matching(feature.register)
    return Group(tuple(feature.items(codes, prefix)), feature.settings, feature.positions)


def _group(feature: EventFeature, registers: Registers) -> Group | Sequence[Problem]:
    try:
        return group_of(feature, registers)
    except UsageError as unreadable:
        return unreadable.problems


def _subject(subject: Subject | None, features: Sequence[Feature], groups: Mapping[str, Group]) -> SubjectPlan:
    own = [feature for feature in features if _subject_of(feature) == subject]
    events: dict[str, list[EventFeature]] = defaultdict(list)
    for feature in own:
        if isinstance(feature, EventFeature):
            events[feature.register].append(feature)
    return SubjectPlan(
        subject,
        person_features=tuple(feature for feature in own if isinstance(feature, PersonFeature)),
        area_facts=tuple(feature for feature in own if isinstance(feature, AreaFact)),
        tables=tuple(_table(register, asked, groups) for register, asked in events.items()),
    )


def _table(register: str, features: Sequence[EventFeature], groups: Mapping[str, Group]) -> TablePlan:
    numbers: dict[Group, int] = {}
    asked: dict[_Question, dict[int, EventFeature]] = defaultdict(dict)
    for feature in features:
        number = numbers.setdefault(groups[feature.column], len(numbers))
        question = _question(feature)
        while number in asked[question]:  # the same rows asked the same under another name
            question = replace(question, again=question.again + 1)
        asked[question][number] = feature
    return TablePlan(register, groups=tuple(numbers), looks=tuple(_looks(asked)))


@dataclass(frozen=True)
class _Question:
    window: Window
    spells: bool
    empty: float | None
    wording: bytes
    again: int = 0


def _question(feature: EventFeature) -> _Question:
    """Word what a feature asks of its rows, apart from their codes: those that ask alike are answered together."""
    return _Question(Window.of(feature), feature.spells, feature.empty, wording(feature))


def wordings(plan: Plan) -> Iterator[bytes]:
    """Word all that a plan asks, so that a kind whose expressions change is not taken for what it was."""
    for subject in plan.subjects:
        yield from (feature.of_person().meta.serialize() for feature in subject.person_features)
        for table in subject.tables:
            yield repr(table.groups).encode()
            yield from (wording(question[0]) for look in table.looks for question in look.questions)


def wording(feature: EventFeature) -> bytes:
    """Word what a feature asks of the rows of one window."""
    return feature.number().meta.serialize() + feature.aggregate(pl.col("number")).meta.serialize()


def _looks(asked: Mapping[_Question, Mapping[int, EventFeature]]) -> Iterator[Look]:
    """Put questions to the same groups through the same window together."""
    together: dict[tuple[Window, bool, tuple[int, ...]], list[tuple[EventFeature, ...]]] = defaultdict(list)
    for question, features in asked.items():
        groups = tuple(sorted(features))
        together[question.window, question.spells, groups].append(tuple(features[group] for group in groups))
    for (window, spells, groups), questions in together.items():
        yield Look(window, spells, groups, tuple(questions))
