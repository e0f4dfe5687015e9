"""The rows of one event table that may be seen: those of the subjects, of the asked codes, known before the index.

In: a shard's index slice and a table's plan. Out: one frame in the order of window, date, code and value.

Events are read once; then every step works on their places in what was read, so that no text is moved or compared.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.features.questions import Group, TablePlan
from riskstrat.features.windows import DAYS, END_DAYS
from riskstrat.registers import Registers

SUBJECT, ROW, INDEX, WINDOW = "subject_id", "row", "index_date", "window"
EVENT, CODE, GROUP, ITEM, VALUE, LENGTH = "event", "code", "group", "item", "value", "length"


def visible_rows(table: TablePlan, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read what a table shows of the subjects at their index dates.

    Parameters
    ----------
    table
        Which codes, how far back.
    index
        One row an answer: row (its place in the shard), subject_id, index_date, sorted by subject_id.
    registers
        Where the rows are.

    Returns
    -------
    polars.DataFrame
        window (row x groups + group, sorted), row, group, item, days, end_days (days before the index of the last
        visible day; 0 where the row is open), value. Rows that are equal in all that can be seen are one row.
    """
    events = _events(table, index, registers)
    rows = (
        events.drop("setting", "position", VALUE, LENGTH)
        .join(index.select(SUBJECT, ROW, INDEX), left_on="person_id", right_on=SUBJECT, maintain_order="left")
        .filter(pl.col("date") < pl.col(INDEX), pl.col("known") < pl.col(INDEX))
        .with_columns(_days_from("date", INDEX).alias(DAYS))
        .join(table.pairs, on=CODE, maintain_order="left")
        .filter(pl.col(DAYS) <= pl.col("reach"), *_in_asked_places(table))
        .with_columns((pl.col(ROW) * len(table.groups) + pl.col(GROUP)).alias(WINDOW))
        .select(WINDOW, ROW, GROUP, ITEM, DAYS, CODE, EVENT)
    )
    value, length = (pl.lit(events[name]).gather(EVENT) for name in (VALUE, LENGTH))
    end_days = (pl.col(DAYS) - length).clip(lower_bound=0).fill_null(0)
    described = rows.with_columns(value.alias(VALUE), end_days.alias(END_DAYS))
    return _each_once(_in_order(described), events).drop(EVENT, CODE)


def _events(table: TablePlan, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read the asked codes of the shard's people, numbered by `event` so that text and values can stay behind here."""
    return (
        registers.scan(table.register, people=(index[SUBJECT][0], index[SUBJECT][-1]))
        .filter(*_dated_in_reach(table, index))
        .select(
            *("person_id", "date", "setting", "position"),
            pl.col(CODE).cast(pl.Enum(table.codes), strict=False).to_physical().cast(pl.Int64),
            pl.col(VALUE).fill_nan(None),
            *(_place_asked(group).alias(f"asked_{number}") for number, group in table.restricted),
            _days_from("date", "end_date").alias(LENGTH),
            registers.known_on(table.register).alias("known"),
        )
        .filter(pl.col(CODE).is_not_null())
        .collect()
        .with_row_index(EVENT)
    )


def _dated_in_reach(table: TablePlan, index: pl.DataFrame) -> Iterator[pl.Expr]:
    """Narrow the scan to dates that some index date can see."""
    yield pl.col("date") < index[INDEX].max()
    if table.furthest_day is not None:
        yield pl.col("date") >= index[INDEX].dt.offset_by(f"-{table.furthest_day}d").min()


def _place_asked(group: Group) -> pl.Expr:
    """Whether a row has a setting and a position that the group asks for."""
    asked = {"setting": group.settings, "position": group.positions}
    return pl.all_horizontal(pl.col(name).is_in(values) for name, values in asked.items() if values)


def _in_asked_places(table: TablePlan) -> Iterator[pl.Expr]:
    for number, _ in table.restricted:
        yield (pl.col(GROUP) != number) | pl.col(f"asked_{number}").fill_null(value=False)


def _days_from(first: str, last: str) -> pl.Expr:
    return (pl.col(last) - pl.col(first)).dt.total_days().cast(pl.Int32)


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort by window, then date, code and value; tables are kept in nearly this order, which makes it cheap."""
    key = _packed(rows)
    order = np.argsort(key, kind="stable")
    tied = _tied(key[order])
    alike = order[tied]
    order[tied] = alike[np.lexsort((rows[VALUE].to_numpy()[alike], key[alike]))]
    return rows[order]


def _packed(rows: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Put window, date and code into one integer; 10 million windows of 100 years and 20,000 codes still fit."""
    days, codes = rows[DAYS].to_numpy().astype(np.int64), rows[CODE].to_numpy()
    longest, most = int(days.max(initial=0)) + 1, int(codes.max(initial=0)) + 1
    return np.asarray((rows[WINDOW].to_numpy() * longest + (longest - 1 - days)) * most + codes, dtype=np.int64)


def _tied(key: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Mark the members of every run of equal keys."""
    same = key[1:] == key[:-1]
    tied = np.zeros(len(key), dtype=np.bool_)
    tied[1:] |= same
    tied[:-1] |= same
    return tied


def _each_once(rows: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Drop the copies of rows that are equal in all that can be seen; rows that may be equal are neighbours by now."""
    key = (WINDOW, DAYS, CODE, VALUE)
    as_before = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in key)
    same = rows.select(as_before.fill_null(value=False)).to_series()
    if not same.any():
        return rows
    suspects = rows.with_row_index("at").filter(same | same.shift(-1, fill_value=False))
    told_apart = suspects.select(*key, ITEM, END_DAYS).hstack(events[suspects[EVENT]].select("setting", "position"))
    copies = suspects["at"].filter(~told_apart.select(pl.struct(pl.all()).is_first_distinct()).to_series())
    kept = np.ones(rows.height, dtype=bool)
    kept[copies.to_numpy()] = False
    return rows.filter(kept)
