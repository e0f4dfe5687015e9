"""The rows of one event table that may be seen: those of the subjects, of the asked codes, known before the index.

In: a shard's index slice and a table's plan. Out: one frame in the order of window, date, code and value.

A table is read once; then every step works on the places of its events in what was read, so that each column is moved
once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.features.questions import NO_LIMIT, Group, TablePlan
from riskstrat.features.windows import DAYS, END_DAYS
from riskstrat.registers import Registers

SUBJECT, ROW, INDEX, WINDOW = "subject_id", "row", "index_date", "window"
GROUP, ITEM, VALUE = "group", "item", "value"
_CODE, _DATE, _KNOWN, _LENGTH, _PERSON, _BIRTH = "code", "date", "known", "length", "person_id", "birth_date"
_TOLD_APART_BY = ("setting", "position")
Integers = npt.NDArray[np.integer]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Seen:
    """Events beside the index dates that see them; entry i says that answer ``row[i]`` sees event ``event[i]``.

    Attributes
    ----------
    event
        Place among the events that were read.
    row
        Row of the index slice.
    days
        Days from the event to the index.
    """

    event: Integers
    row: Integers
    days: Integers

    def at(self, chosen: Integers) -> _Seen:
        """Choose, repeat or reorder entries."""
        return _Seen(self.event.take(chosen), self.row.take(chosen), self.days.take(chosen))

    @classmethod
    def together(cls, found: Sequence[_Seen]) -> _Seen:
        """Put entries one after the other."""
        return cls(*(_together([getattr(seen, name) for seen in found]) for name in ("event", "row", "days")))


def visible_rows(table: TablePlan, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read what a table shows of the subjects at their index dates.

    Parameters
    ----------
    table
        Which codes, how far back.
    index
        One row an answer: subject_id, index_date, birth_date, sorted by subject_id.
    registers
        Where the rows are.

    Returns
    -------
    polars.DataFrame
        window (row of `index` x the table's stride + group, sorted), days and, where a question uses them, item,
        end_days (days before the index of the last visible day; 0 where the row is open) and value. Rows that are equal
        in all that can be seen are one row.
    """
    events = _events(table, index, registers)
    pairs = table.pairs
    seen, pair = _in_groups(table, pairs, events, _before_index(table, events, index))
    window = seen.row * table.stride
    window += pairs[GROUP].to_numpy().take(pair)
    item = pairs[ITEM].to_numpy()
    order, tied = _order(window, seen, events)
    alike = order.take(tied)
    again = _again(window.take(alike), item.take(pair.take(alike)), seen.at(alike), events)
    order = np.delete(order, tied[again])
    columns: dict[str, Callable[[], Integers | pl.Series]] = {
        WINDOW: lambda: window.take(order),
        DAYS: lambda: seen.days.take(order),
        ITEM: lambda: item.take(pair.take(order)),
        END_DAYS: lambda: _end_days(events, seen.at(order)),
        VALUE: lambda: events[VALUE].gather(seen.event.take(order)),
    }
    used = {WINDOW, DAYS, *table.columns_used}
    return pl.DataFrame({name: column() for name, column in columns.items() if name in used})


def _events(table: TablePlan, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read the asked codes of the shard's range of people; a code becomes its place among the asked ones."""
    return (
        registers.recorded(table.register, people=(index[SUBJECT][0], index[SUBJECT][-1]))
        .filter(*_narrowed(table, index, registers))
        .select(
            *(_PERSON, *_TOLD_APART_BY),
            pl.col(_DATE).to_physical(),
            pl.col(_CODE).cast(pl.Enum(table.codes)).to_physical().cast(pl.Int64),
            pl.col(VALUE).fill_nan(None),
            (pl.col("end_date") - pl.col(_DATE)).dt.total_days().alias(_LENGTH),
            registers.known_on(table.register).to_physical().alias(_KNOWN),
        )
        .collect()
    )


def _narrowed(table: TablePlan, index: pl.DataFrame, registers: Registers) -> Iterator[pl.Expr]:
    """Leave out while reading: people between those of the shard, codes not asked for, dates that no index can see."""
    subjects = index[SUBJECT].unique(maintain_order=True)
    if 2 * len(subjects) < subjects[-1] - subjects[0]:
        yield pl.col(_PERSON).is_in(subjects.implode())
    if len(table.codes) < len(registers.codes(table.register)):
        yield pl.col(_CODE).is_in(table.codes)
    yield pl.col(_DATE) < index[INDEX].max()
    first_date = table.first_date(index.select(pl.col(INDEX).min()).item())
    if first_date is not None:
        yield pl.col(_DATE) >= first_date


def _before_index(table: TablePlan, events: pl.DataFrame, index: pl.DataFrame) -> _Seen:
    """Pair events with the index dates of their person before which they happened, in reach, and were known.

    Nothing happens before birth, or to people whose birth is not on record: no event is in reach of them. Dates are
    taken in turn, the first of everybody, then the second, so that what is kept of a turn is chosen before the next.
    """
    index_day = index[INDEX].to_physical().to_numpy()
    birth = index[_BIRTH].to_physical().fill_null(NO_LIMIT).to_numpy()
    earliest = np.maximum(birth, index_day - max(table.reaches))
    runs = _Runs.of(events, index[SUBJECT].to_numpy())
    turns = range(max(int(runs.rows.max(initial=0)), 1))
    return _Seen.together([runs.with_row(turn).seen(turn, index_day, earliest) for turn in turns])


@dataclass(frozen=True, eq=False)
class _Runs:
    """Events, each person's one after the other, and the rows of the index slice that ask for them.

    Attributes
    ----------
    event
        Places of the events among those that were read; None where they are all there.
    date, known
        One entry an event.
    length, first, rows
        One entry a person: how many events; the first row of the index slice; how many rows.
    """

    event: Integers | None
    date: Integers
    known: Integers
    length: Integers
    first: Integers
    rows: Integers

    @classmethod
    def of(cls, events: pl.DataFrame, subject: Integers) -> _Runs:
        """Find the rows of each person in `subject`, which is sorted; each run of equal persons is looked up once."""
        person, date, known = (events[name].to_numpy() for name in (_PERSON, _DATE, _KNOWN))
        is_first = np.ones(len(person), dtype=np.bool_)
        np.not_equal(person[1:], person[:-1], out=is_first[1:])
        start = np.flatnonzero(is_first)
        first, after = (np.searchsorted(subject, person.take(start), side) for side in ("left", "right"))
        return cls(None, date, known, np.diff(start, append=len(person)), first, after - first)

    def with_row(self, number: int) -> _Runs:
        """Keep the people who have a row of this number, counting from 0."""
        have = self.rows > number
        if have.all():
            return self
        kept = np.flatnonzero(np.repeat(have, self.length))
        events = (_among(self.event, kept), self.date.take(kept), self.known.take(kept))
        return _Runs(*events, *(column[have] for column in (self.length, self.first, self.rows)))

    def seen(self, number: int, index_day: Integers, earliest: Integers) -> _Seen:
        """Choose the events that the row of this number sees of each person."""
        row = self.first + number
        before, not_before = (np.repeat(day.take(row), self.length) for day in (index_day, earliest))
        kept = np.flatnonzero((self.date >= not_before) & (self.date < before) & (self.known < before))
        return _Seen(_among(self.event, kept), np.repeat(row, self.length).take(kept), (before - self.date).take(kept))


def _in_groups(table: TablePlan, pairs: pl.DataFrame, events: pl.DataFrame, seen: _Seen) -> tuple[_Seen, Integers]:
    """Repeat what is seen for each group that its code is in, as far back and in the places that the group asks for.

    Groups are taken in turn, the first of each code, then the second; where a code has none, nothing is in reach.
    """
    codes, reach, group = (pairs[name].to_numpy() for name in (_CODE, "reach", GROUP))
    first, after = (np.searchsorted(codes, np.arange(len(table.codes)), side) for side in ("left", "right"))
    groups = after - first
    left, code, days = None, events[_CODE].to_numpy().take(seen.event), seen.days
    found: list[tuple[Integers, Integers]] = []
    for turn in range(max(int(groups.max(initial=0)), 1)):
        have = groups > turn
        if not have.all():
            more = np.flatnonzero(have.take(code))
            left, code, days = _among(left, more), code.take(more), days.take(more)
        kept = np.flatnonzero(days <= reach.take(first + turn, mode="clip").take(code))
        found.append((_among(left, kept), (first + turn).take(code.take(kept))))
    entry, pair = (_together(places) for places in zip(*found, strict=True))
    for number, asking in table.restricted:
        meant = (group.take(pair) != number) | _is_asked(asking, events).take(seen.event.take(entry))
        entry, pair = entry[meant], pair[meant]
    return seen.at(entry), pair


def _together(parts: Sequence[Integers]) -> Integers:
    """Put arrays one after the other; one alone is not copied."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _among(left: Integers | None, kept: Integers) -> Integers:
    """Give the places among all of places among those that are left; None where all are."""
    return kept if left is None else left.take(kept)


def _is_asked(group: Group, events: pl.DataFrame) -> Mask:
    """Say of each event whether it has a setting and a position that the group asks for."""
    asked = {"setting": group.settings, "position": group.positions}
    said = pl.all_horizontal(pl.col(name).is_in(values) for name, values in asked.items() if values)
    return events.select(said.fill_null(value=False)).to_series().to_numpy()


def _end_days(events: pl.DataFrame, seen: _Seen) -> pl.Series:
    """Give the days from the end of each spell to the index, 0 where the spell is open at the index."""
    return (pl.Series(seen.days) - events[_LENGTH].gather(seen.event)).clip(lower_bound=0).fill_null(0)


def _order(window: Integers, seen: _Seen, events: pl.DataFrame) -> tuple[Integers, Integers]:
    """Sort by window, then date, code and value; tables are kept in nearly this order, which makes it cheap.

    Also gives the places in this order that share window, date and code with a neighbour.
    """
    key = _packed(window, seen.days, events[_CODE].to_numpy().take(seen.event))
    order = np.argsort(key, kind="stable")
    tied = _tied(key.take(order))
    alike = order.take(tied)
    value = events[VALUE].gather(seen.event.take(alike)).to_numpy()
    order[tied] = alike.take(np.lexsort((value, key.take(alike))))
    return order, tied


def _packed(window: Integers, days: Integers, codes: Integers) -> Integers:
    """Put window, date and code into one integer; 10 million windows of 100 years and 20,000 codes still fit."""
    longest, most = int(days.max(initial=0)) + 1, int(codes.max(initial=0)) + 1
    key = window * longest
    key += longest - 1 - days
    key *= most
    key += codes
    return key


def _tied(key: Integers) -> Integers:
    """List the members of every run of equal keys."""
    same = key[1:] == key[:-1]
    tied = np.zeros(len(key), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return np.flatnonzero(tied)


def _again(window: Integers, item: Integers, alike: _Seen, events: pl.DataFrame) -> Mask:
    """Mark the entries that are copies of earlier ones."""
    told = events.select(pl.col(_CODE, VALUE, *_TOLD_APART_BY).gather(alike.event)).with_columns(
        pl.Series(WINDOW, window),
        pl.Series(ITEM, item),
        pl.Series(DAYS, alike.days),
        _end_days(events, alike).alias(END_DAYS),
    )
    return ~told.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
