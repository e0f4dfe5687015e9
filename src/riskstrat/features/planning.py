"""From declared features to the plan of what each shard computes.

In: features and registers. Out: a plan of plain frozen values, sendable to another process. No row is read for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

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
from riskstrat.errors import ContractError, Problem, UsageError
from riskstrat.features.plan import CodeGroup, Plan, SubjectPlan, TablePlan, WindowAggregation
from riskstrat.features.windows import Window
from riskstrat.registers import Registers
from riskstrat.vocabulary import check_features

_SUBJECTS: tuple[Subject | None, ...] = (None, "mother", "father", "sibling")


def plan_features(features: Sequence[Feature], registers: Registers) -> Plan:
    """Group features by subject, event table, code group and window; codes are matched once a table, not once a row.

    A UsageError where features share a column, codes cannot be read, or a feature is of no kind that can be computed; a
    ContractError where a feature's register is not there.
    """
    features = expanded(features)
    UsageError.refuse([*_duplicate_columns(features), *_unknown_kinds(features)])
    ContractError.refuse(_missing_registers(features, registers))
    check_features(features, registers)
    groups = {feature.column: code_group(feature, registers) for feature in _event_features(features)}
    used = {None, *map(_subject_of, features)}
    subjects = tuple(_subject_plan(subject, features, groups) for subject in _SUBJECTS if subject in used)
    observed = (
        column for subject in subjects for table in subject.tables for column in subject.observed_columns(table)
    )
    return Plan((*(feature.column for feature in features), *observed), subjects)


def code_group(feature: EventFeature, registers: Registers) -> CodeGroup:
    """Find the rows that a feature is about, or raise a UsageError where its codes cannot be read."""
    codes, prefix = registers.codes(feature.register), registers.prefix_matching(feature.register)
    return CodeGroup(tuple(feature.items(codes, prefix)), feature.settings, feature.positions, feature.value_range)


def plan_expressions(plan: Plan) -> Iterator[bytes]:
    """Serialise all that a plan computes, so that a kind whose expressions change gives another digest."""
    for subject in plan.subjects:
        yield from (feature.person_value().meta.serialize() for feature in subject.person_features)
        for table in subject.tables:
            yield repr(table.groups).encode()
            for each in table.window_aggregations:
                yield from (_serialised(features[0]) for features in each.aggregations)


def _duplicate_columns(features: Sequence[Feature]) -> Iterator[Problem]:
    for column, count in Counter(feature.column for feature in features).items():
        if count > 1:
            yield Problem(
                f"{count} features that give the column {column}",
                "one feature a column",
                "leave the others out, or make them differ in more than label and family",
            )


def _unknown_kinds(features: Sequence[Feature]) -> Iterator[Problem]:
    for feature in features:
        if not isinstance(feature, EventFeature | PersonFeature | AreaFact):
            yield Problem(
                f"a feature of kind {type(feature).__name__}",
                "a kind built on EventFeature or PersonFeature",
                "derive it from one of them",
            )


def _missing_registers(features: Sequence[Feature], registers: Registers) -> Iterator[Problem]:
    for register in dict.fromkeys(feature.register for feature in _event_features(features)):
        if not registers.has(register):
            yield Problem(
                "no such table",
                "the table that features ask for",
                "add it to the folder and its manifest, or leave those features out",
                table=register,
            )


def _event_features(features: Sequence[Feature]) -> Iterator[EventFeature]:
    """Go through the features of events, and those of the events that date their windows."""
    for feature in features:
        if isinstance(feature, EventFeature):
            yield feature
            yield from Window.of(feature).dated_by


def _subject_of(feature: Feature) -> Subject | None:
    return feature.subject if isinstance(feature, RelativeFeature) else None


def _subject_plan(subject: Subject | None, features: Sequence[Feature], groups: Mapping[str, CodeGroup]) -> SubjectPlan:
    own = [feature for feature in features if _subject_of(feature) == subject]
    events: dict[str, list[EventFeature]] = defaultdict(list)
    for feature in own:
        if isinstance(feature, EventFeature):
            events[feature.register].append(feature)
    return SubjectPlan(
        subject,
        person_features=tuple(feature for feature in own if isinstance(feature, PersonFeature)),
        area_facts=tuple(feature for feature in own if isinstance(feature, AreaFact)),
        tables=tuple(_table_plan(register, of_table, groups) for register, of_table in events.items()),
    )


@dataclass(frozen=True)
class _Aggregation:
    """What a feature computes apart from its codes: features that agree in this are computed together."""

    window: Window
    spells: bool
    empty: float | None
    expressions: bytes
    duplicate: int = 0


def _table_plan(register: str, features: Sequence[EventFeature], groups: Mapping[str, CodeGroup]) -> TablePlan:
    """Assign numbers to code groups, and collect the features of each aggregation by their group."""
    numbers: dict[CodeGroup, int] = {}
    by_aggregation: dict[_Aggregation, dict[int, EventFeature]] = defaultdict(dict)
    for feature in features:
        number = numbers.setdefault(groups[feature.column], len(numbers))
        aggregation = _Aggregation(Window.of(feature), feature.spells, feature.empty, _serialised(feature))
        while number in by_aggregation[aggregation]:  # the same of the same rows under another column's name
            aggregation = replace(aggregation, duplicate=aggregation.duplicate + 1)
        by_aggregation[aggregation][number] = feature
    return TablePlan(register, tuple(numbers), tuple(_window_aggregations(by_aggregation)))


def _serialised(feature: EventFeature) -> bytes:
    return feature.row_value().meta.serialize() + feature.aggregate(pl.col("row_value")).meta.serialize()


def _window_aggregations(
    by_aggregation: Mapping[_Aggregation, Mapping[int, EventFeature]],
) -> Iterator[WindowAggregation]:
    """Put aggregations of the same groups within the same window together."""
    together: dict[tuple[Window, bool, tuple[int, ...]], list[tuple[EventFeature, ...]]] = defaultdict(list)
    for aggregation, features in by_aggregation.items():
        groups = tuple(sorted(features))
        together[aggregation.window, aggregation.spells, groups].append(tuple(features[group] for group in groups))
    for (window, spells, groups), aggregations in together.items():
        yield WindowAggregation(window, spells, groups, tuple(aggregations))
