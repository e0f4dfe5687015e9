"""The rows of one event table that may be seen: those of the subjects, of the asked codes, known before the index.

In: a shard's index slice and a table's plan. Out: one frame in the order of window, date, code and value.

A table is read once; then every step works on the places of its events in what was read, so that each column is moved
once, at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.features.questions import Group, TablePlan
from riskstrat.features.windows import DAYS, END_DAYS
from riskstrat.registers import Registers

SUBJECT, ROW, INDEX, WINDOW = "subject_id", "row", "index_date", "window"
GROUP, ITEM, VALUE = "group", "item", "value"
_CODE, _DATE, _KNOWN, _LENGTH, _PERSON = "code", "date", "known", "length", "person_id"
_TOLD_APART_BY = ("setting", "position")
Integers = npt.NDArray[np.int64]
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

    def at(self, chosen: Integers | Mask) -> _Seen:
        """Choose, repeat or reorder entries."""
        return _Seen(self.event[chosen], self.row[chosen], self.days[chosen])


def visible_rows(table: TablePlan, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read what a table shows of the subjects at their index dates.

    Parameters
    ----------
    table
        Which codes, how far back.
    index
        One row an answer: subject_id, index_date, sorted by subject_id.
    registers
        Where the rows are.

    Returns
    -------
    polars.DataFrame
        window (row x groups + group, sorted), row (of `index`), group, item, days, end_days (days before the index of
        the last visible day; 0 where the row is open), value. Rows that are equal in all that can be seen are one row.
    """
    events = _events(table, index, registers)
    pairs = table.pairs
    seen, pair = _in_groups(table, pairs, events, _before_index(pairs, events, index))
    group = pairs[GROUP].to_numpy()[pair]
    window = seen.row * len(table.groups) + group
    order = _order(window, seen, events)
    ordered, pair = seen.at(order), pair[order]
    rows = pl.DataFrame(
        {
            WINDOW: window[order],
            ROW: ordered.row,
            GROUP: group[order],
            ITEM: pairs[ITEM].to_numpy()[pair],
            DAYS: ordered.days,
            END_DAYS: _end_days(events, ordered),
            VALUE: events[VALUE].gather(ordered.event),
        }
    )
    kept = _first_of_its_kind(rows, events, ordered)
    return rows if kept.all() else rows.filter(kept)


def _events(table: TablePlan, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read the asked codes of the shard's range of people; a code becomes its place among the asked ones."""
    return (
        registers.scan(table.register, people=(index[SUBJECT][0], index[SUBJECT][-1]))
        .filter(*_narrowed(table, index, registers))
        .select(
            *(_PERSON, *_TOLD_APART_BY),
            pl.col(_DATE).to_physical(),
            pl.col(_CODE).cast(pl.Enum(table.codes), strict=False).to_physical(),
            pl.col(VALUE).fill_nan(None),
            (pl.col("end_date") - pl.col(_DATE)).dt.total_days().alias(_LENGTH),
            registers.known_on(table.register).to_physical().alias(_KNOWN),
        )
        .filter(pl.col(_CODE).is_not_null())
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
    if table.furthest_day is not None:
        yield pl.col(_DATE) >= index[INDEX].dt.offset_by(f"-{table.furthest_day}d").min()


def _before_index(pairs: pl.DataFrame, events: pl.DataFrame, index: pl.DataFrame) -> _Seen:
    """Pair events with the index dates of their person before which they happened, in reach, and were known."""
    paired = (
        events.select(_PERSON, event=pl.int_range(pl.len()))
        .join(
            index.select(SUBJECT, row=pl.int_range(pl.len())), left_on=_PERSON, right_on=SUBJECT, maintain_order="left"
        )
        .select("event", "row")
    )
    event, row = paired["event"].to_numpy(), paired["row"].to_numpy()
    index_day = index[INDEX].to_physical().to_numpy()[row]
    days = index_day - events[_DATE].to_numpy()[event]
    reach = pairs.group_by(_CODE, maintain_order=True).agg(pl.col("reach").max())["reach"].to_numpy()
    in_reach = (days > 0) & (days <= reach[events[_CODE].to_numpy()[event]])
    return _Seen(event, row, days).at(in_reach & (events[_KNOWN].to_numpy()[event] < index_day))


def _in_groups(table: TablePlan, pairs: pl.DataFrame, events: pl.DataFrame, seen: _Seen) -> tuple[_Seen, Integers]:
    """Repeat what is seen for each group that its code is in, as far back and in the places that the group asks for."""
    code, reach, group = (pairs[name].to_numpy() for name in (_CODE, "reach", GROUP))
    first, last = (np.searchsorted(code, np.arange(len(table.codes)), side) for side in ("left", "right"))
    code_seen = events[_CODE].to_numpy()[seen.event]
    count = (last - first)[code_seen]
    repeated = seen.at(np.repeat(np.arange(len(count)), count))
    pair = np.arange(len(repeated.row)) + np.repeat(first[code_seen] - np.cumsum(count) + count, count)
    kept = repeated.days <= reach[pair]
    for number, asking in table.restricted:
        kept &= (group[pair] != number) | _is_asked(asking, events)[repeated.event]
    return repeated.at(kept), pair[kept]


def _is_asked(group: Group, events: pl.DataFrame) -> Mask:
    """Say of each event whether it has a setting and a position that the group asks for."""
    asked = {"setting": group.settings, "position": group.positions}
    said = pl.all_horizontal(pl.col(name).is_in(values) for name, values in asked.items() if values)
    return events.select(said.fill_null(value=False)).to_series().to_numpy()


def _end_days(events: pl.DataFrame, seen: _Seen) -> pl.Series:
    """Give the days from the end of each spell to the index, 0 where the spell is open at the index."""
    return (pl.Series(seen.days) - events[_LENGTH].gather(seen.event)).clip(lower_bound=0).fill_null(0)


def _order(window: Integers, seen: _Seen, events: pl.DataFrame) -> Integers:
    """Sort by window, then date, code and value; tables are kept in nearly this order, which makes it cheap."""
    key = _packed(window, seen.days, events[_CODE].to_numpy()[seen.event])
    order = np.argsort(key, kind="stable")
    alike = order[_tied(key[order])]
    value = events[VALUE].to_numpy()[seen.event[alike]]
    order[_tied(key[order])] = alike[np.lexsort((value, key[alike]))]
    return order


def _packed(window: Integers, days: Integers, codes: Integers) -> Integers:
    """Put window, date and code into one integer; 10 million windows of 100 years and 20,000 codes still fit."""
    longest, most = int(days.max(initial=0)) + 1, int(codes.max(initial=0)) + 1
    return (window * longest + (longest - 1 - days)) * most + codes


def _tied(key: Integers) -> Mask:
    """Mark the members of every run of equal keys."""
    same = key[1:] == key[:-1]
    tied = np.zeros(len(key), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return tied


def _first_of_its_kind(rows: pl.DataFrame, events: pl.DataFrame, seen: _Seen) -> Mask:
    """Mark all rows but the copies of others; rows that may be equal are neighbours by now."""
    told = rows.select(WINDOW, DAYS, VALUE, ITEM, END_DAYS).with_columns(events[_CODE].gather(seen.event))
    neighbours = [pl.col(name).eq_missing(pl.col(name).shift()) for name in (WINDOW, DAYS, _CODE, VALUE)]
    again = told.select(pl.all_horizontal(neighbours).fill_null(value=False)).to_series()
    suspects = np.flatnonzero((again | again.shift(-1, fill_value=False)).to_numpy())
    alike = told[suspects].hstack(events[seen.event[suspects]].select(_TOLD_APART_BY))
    kept = np.ones(rows.height, dtype=np.bool_)
    kept[suspects] = alike.select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
    return kept
