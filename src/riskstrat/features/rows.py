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
        if len(found) == 1:
            return found[0]
        return cls(*(np.concatenate([getattr(seen, name) for seen in found]) for name in ("event", "row", "days")))


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
        window (row of `index` x groups + group, sorted), days and, where a question uses them, item, end_days (days
        before the index of the last visible day; 0 where the row is open) and value. Rows that are equal in all that
        can be seen are one row.
    """
    events = _events(table, index, registers)
    pairs = table.pairs
    seen, pair = _in_groups(table, pairs, events, _before_index(table, events, index))
    window = seen.row * len(table.groups) + pairs[GROUP].to_numpy().take(pair)
    item = pairs[ITEM].to_numpy()
    order, tied = _order(window, seen, events)
    order = np.delete(order, tied[_again(window, item.take(pair), seen, events, order.take(tied))])
    ordered = seen.at(order)
    columns: dict[str, Callable[[], Integers | pl.Series]] = {
        WINDOW: lambda: window.take(order),
        DAYS: lambda: ordered.days,
        ITEM: lambda: item.take(pair.take(order)),
        END_DAYS: lambda: _end_days(events, ordered),
        VALUE: lambda: events[VALUE].gather(ordered.event),
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
            pl.col(_CODE).cast(pl.Enum(table.codes)).to_physical(),
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

    Nothing happens before birth, or to people whose birth is not on record: no event is in reach of them.
    """
    person, date, known = (events[name].to_numpy() for name in (_PERSON, _DATE, _KNOWN))
    subject = index[SUBJECT].to_numpy()
    index_day = index[INDEX].to_physical().to_numpy()
    birth = index[_BIRTH].to_physical().fill_null(NO_LIMIT).to_numpy()
    earliest = np.maximum(birth, index_day - max(table.reaches))

    def seen(event: Integers, row: Integers) -> _Seen:
        before, then = index_day.take(row), date.take(event)
        kept = np.flatnonzero((then >= earliest.take(row)) & (then < before) & (known.take(event) < before))
        return _Seen(event.take(kept), row.take(kept), (before - then).take(kept))

    return _Seen.together([seen(*pairs) for pairs in _rounds(*_rows_of(person, subject))])


def _rows_of(person: Integers, subject: Integers) -> tuple[Integers, Integers]:
    """Give the first row and the number of rows of each person in `subject`, which is sorted.

    Tables are sorted by person: each run of equal persons is looked up once.
    """
    is_first = np.ones(len(person), dtype=np.bool_)
    np.not_equal(person[1:], person[:-1], out=is_first[1:])
    start = np.flatnonzero(is_first)
    length = np.diff(start, append=len(person))
    first, after = (np.searchsorted(subject, person.take(start), side) for side in ("left", "right"))
    return np.repeat(first, length), np.repeat(after - first, length)


def _rounds(first: Integers, count: Integers) -> Iterator[tuple[Integers, Integers]]:
    """Pair each place with the numbers of its range, in rounds: the first number of all, then the second...

    A round holds each place once at most, so that what is kept of it can be chosen before the next one.
    """
    place, done = np.flatnonzero(count), 0
    while place.size or not done:
        yield place, first.take(place) + done
        done += 1
        place = place[count.take(place) > done]


def _in_groups(table: TablePlan, pairs: pl.DataFrame, events: pl.DataFrame, seen: _Seen) -> tuple[_Seen, Integers]:
    """Repeat what is seen for each group that its code is in, as far back and in the places that the group asks for."""
    code, reach, group = (pairs[name].to_numpy() for name in (_CODE, "reach", GROUP))
    first, after = (np.searchsorted(code, np.arange(len(table.codes)), side) for side in ("left", "right"))
    code_seen = events[_CODE].to_numpy().take(seen.event)

    def asked(entry: Integers, pair: Integers) -> tuple[Integers, Integers]:
        meant = seen.days.take(entry) <= reach.take(pair)
        for number, asking in table.restricted:
            meant &= (group.take(pair) != number) | _is_asked(asking, events).take(seen.event.take(entry))
        kept = np.flatnonzero(meant)
        return entry.take(kept), pair.take(kept)

    rounds = [asked(*round_) for round_ in _rounds(first.take(code_seen), (after - first).take(code_seen))]
    entry, pair = (np.concatenate(places) for places in zip(*rounds, strict=True))
    return seen.at(entry), pair


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
    return (window * longest + (longest - 1 - days)) * most + codes


def _tied(key: Integers) -> Integers:
    """List the members of every run of equal keys."""
    same = key[1:] == key[:-1]
    tied = np.zeros(len(key), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return np.flatnonzero(tied)


def _again(window: Integers, item: Integers, seen: _Seen, events: pl.DataFrame, places: Integers) -> Mask:
    """Mark the places whose rows are copies of earlier ones."""
    alike = seen.at(places)
    told = events[alike.event].select(_CODE, VALUE, *_TOLD_APART_BY)
    told = told.with_columns(
        window=window.take(places), item=item.take(places), days=alike.days, end_days=_end_days(events, alike)
    )
    return ~told.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
