"""The rows of one event table that are visible: those of the subjects, of the wanted codes, known before the index.

In: a shard's index slice and a table's plan. Out: one frame in the order of window, date, code and value.

A table is read once. Every later step works on indices into what was read, so that each column is gathered only once,
at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare.features import EventFeature
from riskstrat.declare.rows import values_within
from riskstrat.features.plan import NO_LIMIT, CodeGroup, TablePlan, WindowAggregation
from riskstrat.features.planning import code_group
from riskstrat.features.windows import DAYS, END_DAYS, EVENT_DATE, Bounds, Window
from riskstrat.registers import Registers

SUBJECT, ROW, INDEX, WINDOW = "subject_id", "row", "index_date", "window"
GROUP, ITEM, VALUE = "group", "item", "value"
_CODE, _DATE, _KNOWN, _LENGTH, _PERSON, _BIRTH = "code", "date", "known", "length", "person_id", "birth_date"
_DISTINGUISHING = ("setting", "position")
"""Columns in which rows of the same date, code and value may differ and then are not duplicates."""
Integers = NDArray[np.integer]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Matches:
    """Pairs of an event (its row number) and a row of the index slice that sees it, with the days between."""

    event: Integers
    row: Integers
    days: Integers

    def take(self, entries: Integers) -> _Matches:
        """Choose, repeat or reorder entries."""
        return _Matches(self.event.take(entries), self.row.take(entries), self.days.take(entries))

    @classmethod
    def concatenate(cls, parts: Sequence[_Matches]) -> _Matches:
        """Put the entries of several parts one after the other."""
        return cls(*(_concatenate([getattr(part, name) for part in parts]) for name in ("event", "row", "days")))


def visible_rows(table: TablePlan, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read the rows of a table that are visible at the index dates of the subjects, sorted by window.

    In: the index slice with subject_id, index_date, birth_date, sorted by subject_id. Out: window (row of `index` x the
    table's stride + group), days and, where an aggregation uses them, item, end_days (days before the index of the last
    visible day; 0 where the row is open) and value. Duplicates (rows equal in all that can be seen) are dropped.
    """
    events = _read_events(table, index, registers)
    pairs = table.pairs
    matches, pair = _join_groups(table, pairs, events, _match_index_dates(table, events, index))
    window = matches.row * table.stride
    window += pairs[GROUP].to_numpy().take(pair)
    item = pairs[ITEM].to_numpy()
    order, tied = _order(window, matches, events)
    entries = order.take(tied)
    duplicate = _is_duplicate(window.take(entries), item.take(pair.take(entries)), matches.take(entries), events)
    order = np.delete(order, tied[duplicate])
    columns: dict[str, Callable[[], Integers | pl.Series]] = {
        WINDOW: lambda: window.take(order),
        DAYS: lambda: matches.days.take(order),
        ITEM: lambda: item.take(pair.take(order)),
        END_DAYS: lambda: _end_days(events, matches.take(order)),
        VALUE: lambda: events[VALUE].gather(matches.event.take(order)),
    }
    used = {WINDOW, DAYS, *table.columns_used}
    return pl.DataFrame({name: column() for name, column in columns.items() if name in used})


def _read_events(table: TablePlan, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read the wanted codes of the shard's range of persons; a code becomes its number among the table's codes."""
    return (
        registers.recorded(table.register, people=(index[SUBJECT][0], index[SUBJECT][-1]))
        .filter(*_read_filters(table, index, registers))
        .select(
            *(_PERSON, *_DISTINGUISHING),
            pl.col(_DATE).to_physical(),
            pl.col(_CODE).cast(pl.Enum(table.codes)).to_physical().cast(pl.Int64),
            pl.col(VALUE).fill_nan(None),
            (pl.col("end_date") - pl.col(_DATE)).dt.total_days().alias(_LENGTH),
            registers.known_on(table.register).to_physical().alias(_KNOWN),
        )
        .collect()
    )


def _read_filters(table: TablePlan, index: pl.DataFrame, registers: Registers) -> Iterator[pl.Expr]:
    """Leave out while reading: persons between those of the shard, unwanted codes, dates outside all windows."""
    subjects = index[SUBJECT].unique(maintain_order=True)
    if 2 * len(subjects) < subjects[-1] - subjects[0]:
        yield pl.col(_PERSON).is_in(subjects.implode())
    if len(table.codes) < len(registers.codes(table.register)):
        yield pl.col(_CODE).is_in(table.codes)
    yield pl.col(_DATE) < index[INDEX].max()
    first_date = table.first_date(index.select(pl.col(INDEX).min()).item())
    if first_date is not None:
        yield pl.col(_DATE) >= first_date


def _match_index_dates(table: TablePlan, events: pl.DataFrame, index: pl.DataFrame) -> _Matches:
    """Match events with the index dates of their person before which they happened, in reach, and were known.

    Nothing happens before birth, or to persons whose birth is not on record: no event is in reach of them. The first
    index date of all persons is matched, then the second, and so on, so that memory holds the matches of one such pass
    and only what is kept of the earlier ones.
    """
    index_day = index[INDEX].to_physical().to_numpy()
    birth = index[_BIRTH].to_physical().fill_null(NO_LIMIT).to_numpy()
    earliest = np.maximum(birth, index_day - max(table.reaches))
    runs = _PersonRuns.of(events, index[SUBJECT].to_numpy())
    passes = range(max(int(runs.rows.max(initial=0)), 1))
    return _Matches.concatenate([runs.with_nth_row(n).match_nth_row(n, index_day, earliest) for n in passes])


@dataclass(frozen=True, eq=False)
class _PersonRuns:
    """Events in runs, one run a person, and the rows of the index slice of each run's person.

    `event` has the row numbers of the events, None where all are there; `date` and `known` one entry an event; `length`
    (number of events), `first` (row of the index slice) and `rows` (number of such rows) one entry a run.
    """

    event: Integers | None
    date: Integers
    known: Integers
    length: Integers
    first: Integers
    rows: Integers

    @classmethod
    def of(cls, events: pl.DataFrame, subject: Integers) -> _PersonRuns:
        """Find the rows of each person in `subject`, which is sorted; each run of events is looked up once."""
        person, date, known = (events[name].to_numpy() for name in (_PERSON, _DATE, _KNOWN))
        is_first = np.ones(len(person), dtype=np.bool_)
        np.not_equal(person[1:], person[:-1], out=is_first[1:])
        start = np.flatnonzero(is_first)
        first, after = (np.searchsorted(subject, person.take(start), side) for side in ("left", "right"))
        return cls(None, date, known, np.diff(start, append=len(person)), first, after - first)

    def with_nth_row(self, n: int) -> _PersonRuns:
        """Keep the persons who have an nth row, counting from 0."""
        have = self.rows > n
        if have.all():
            return self
        kept = np.flatnonzero(np.repeat(have, self.length))
        events = (_compose(self.event, kept), self.date.take(kept), self.known.take(kept))
        return _PersonRuns(*events, *(column[have] for column in (self.length, self.first, self.rows)))

    def match_nth_row(self, n: int, index_day: Integers, earliest: Integers) -> _Matches:
        """Match each person's nth row of the index slice with the events that are visible from it."""
        row = self.first + n
        before, not_before = (np.repeat(day.take(row), self.length) for day in (index_day, earliest))
        kept = np.flatnonzero((self.date >= not_before) & (self.date < before) & (self.known < before))
        event, days = _compose(self.event, kept), (before - self.date).take(kept)
        return _Matches(event, np.repeat(row, self.length).take(kept), days)


def _join_groups(
    table: TablePlan, pairs: pl.DataFrame, events: pl.DataFrame, matches: _Matches
) -> tuple[_Matches, Integers]:
    """Repeat matches for each group that their code is in, where they are in the group's reach, setting and position.

    The first group of all codes is joined, then the second, and so on. Also gives the row of `pairs` of each entry.
    """
    codes, reach, group = (pairs[name].to_numpy() for name in (_CODE, "reach", GROUP))
    first, after = (np.searchsorted(codes, np.arange(len(table.codes)), side) for side in ("left", "right"))
    groups = after - first
    selected, code, days = None, events[_CODE].to_numpy().take(matches.event), matches.days
    joined: list[tuple[Integers, Integers]] = []
    for n in range(max(int(groups.max(initial=0)), 1)):
        have = groups > n
        if not have.all():
            remaining = np.flatnonzero(have.take(code))
            selected, code, days = _compose(selected, remaining), code.take(remaining), days.take(remaining)
        kept = np.flatnonzero(days <= reach.take(first + n, mode="clip").take(code))
        joined.append((_compose(selected, kept), (first + n).take(code.take(kept))))
    entry, pair = (_concatenate(parts) for parts in zip(*joined, strict=True))
    for number, restricted in table.restricted:
        allowed = (group.take(pair) != number) | _is_allowed(restricted, events).take(matches.event.take(entry))
        entry, pair = entry[allowed], pair[allowed]
    return matches.take(entry), pair


def _concatenate(parts: Sequence[Integers]) -> Integers:
    """Put arrays one after the other; a single one is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _compose(selected: Integers | None, kept: Integers) -> Integers:
    """Turn indices into a selection to indices into the whole; None selects all."""
    return kept if selected is None else selected.take(kept)


def _is_allowed(group: CodeGroup, events: pl.DataFrame) -> Mask:
    """Say of each event whether it has one of the group's settings and positions, and a value in its range."""
    wanted = {"setting": group.settings, "position": group.positions}
    named = (pl.col(name).is_in(values) for name, values in wanted.items() if values)
    allowed = pl.all_horizontal(*named, values_within(group.value_range))
    return events.with_columns(allowed=allowed.fill_null(value=False)).select("allowed").to_series().to_numpy()


def _end_days(events: pl.DataFrame, matches: _Matches) -> pl.Series:
    """Give the days from the end of each spell to the index, 0 where the spell is open at the index."""
    return (pl.Series(matches.days) - events[_LENGTH].gather(matches.event)).clip(lower_bound=0).fill_null(0)


def _order(window: Integers, matches: _Matches, events: pl.DataFrame) -> tuple[Integers, Integers]:
    """Sort by window, then date, code and value; tables are stored in nearly this order, which makes it cheap.

    Also gives the positions in this order that share window, date and code with a neighbour.
    """
    key = _sort_key(window, matches.days, events[_CODE].to_numpy().take(matches.event))
    order = np.argsort(key, kind="stable")
    tied = _tied(key.take(order))
    entries = order.take(tied)
    value = events[VALUE].gather(matches.event.take(entries)).to_numpy()
    order[tied] = entries.take(np.lexsort((value, key.take(entries))))
    return order, tied


def _sort_key(window: Integers, days: Integers, codes: Integers) -> Integers:
    """Pack window, date and code into one integer; 10 million windows of 100 years and 20,000 codes still fit."""
    longest, most = int(days.max(initial=0)) + 1, int(codes.max(initial=0)) + 1
    key = window * longest
    key += longest - 1 - days
    key *= most
    key += codes
    return key


def _tied(key: Integers) -> Integers:
    """List the positions in every run of equal keys that is longer than one."""
    same = key[1:] == key[:-1]
    tied = np.zeros(len(key), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return np.flatnonzero(tied)


def _is_duplicate(window: Integers, item: Integers, matches: _Matches, events: pl.DataFrame) -> Mask:
    """Mark the entries that are duplicates of earlier ones."""
    visible = events.select(pl.col(_CODE, VALUE, *_DISTINGUISHING).gather(matches.event)).with_columns(
        pl.Series(WINDOW, window),
        pl.Series(ITEM, item),
        pl.Series(DAYS, matches.days),
        _end_days(events, matches).alias(END_DAYS),
    )
    return ~visible.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()


def window_bounds(windows: Iterable[Window], index: pl.DataFrame, registers: Registers) -> Mapping[Window, Bounds]:
    """Compute where each window lies for each row of the index slice, in days before the index date.

    `index` has row (from 0), subject_id, index_date and birth_date, sorted by subject_id; each event that windows begin
    at is looked up once.
    """
    distinct = list(windows)
    events = dict.fromkeys(feature for window in distinct for feature in window.dated_by)
    dated = {feature: index.with_columns(_first_date(feature, index, registers)) for feature in events}
    return {window: window.bounds(next((dated[f] for f in window.dated_by), index)) for window in distinct}


def _first_date(feature: EventFeature, index: pl.DataFrame, registers: Registers) -> pl.Series:
    """Find the date of the first visible row for each row of the index slice; null where there is none."""
    first_day = WindowAggregation(Window.of(feature), spells=False, groups=(0,), aggregations=((feature,),))
    table = TablePlan(feature.register, (code_group(feature, registers),), (first_day,))
    rows = visible_rows(table, index, registers)
    first = rows.group_by(WINDOW, maintain_order=True).agg(pl.col(DAYS).first())
    found = index.select(ROW, INDEX).join(first, left_on=ROW, right_on=WINDOW, how="left", maintain_order="left")
    return found.select((pl.col(INDEX) - pl.duration(days=DAYS)).alias(EVENT_DATE)).to_series()
