"""The rows of one event table that may be seen: those of the subjects, of the asked codes, known before the index.

In: a shard's index slice and a table's plan. Out: one frame in the order of window, date, code and value.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.features.plan import Group, TablePlan
from riskstrat.features.windows import DAYS, END_DAYS
from riskstrat.registers import Registers

SUBJECT, ROW, INDEX, WINDOW = "subject_id", "row", "index_date", "window"
_TELLING = ("setting", "position")
_SORTED_BY = (WINDOW, DAYS, "code_number", "value")


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
        window (row x groups + group, sorted), row, group, item, days, end_days, value. Rows that are equal in all that
        can be seen before the index are one row.
    """
    first, last = index[SUBJECT][0], index[SUBJECT][-1]
    rows = (
        registers.scan(table.register, people=(first, last))
        .filter(*_dated_in_reach(table, index))
        .select("person_id", "date", "code", "value", "end_date", *_TELLING, known=registers.known_on(table.register))
        .join(table.pairs.lazy(), on="code")
        .join(index.lazy().select(SUBJECT, ROW, INDEX), left_on="person_id", right_on=SUBJECT)
        .filter(pl.col("known") < pl.col(INDEX), pl.col("date") < pl.col(INDEX), _in_a_group(table))
        .select(
            ROW,
            *("group", "item", "code_number", *_TELLING),
            pl.col("value").fill_nan(None),
            _days_before("date").alias(DAYS),
            _days_before("end_date").clip(lower_bound=1).fill_null(1).alias(END_DAYS),
            window=pl.col(ROW) * len(table.groups) + pl.col("group"),
        )
        .filter(*([pl.col(DAYS) <= table.furthest_day] if table.furthest_day else []))
        .collect()
    )
    return _each_once(_in_order(rows))


def _dated_in_reach(table: TablePlan, index: pl.DataFrame) -> Iterator[pl.Expr]:
    """Narrow the scan by what the file's statistics know, before anything is joined."""
    yield pl.col("code").is_in(table.pairs["code"].unique())
    yield pl.col("date") < index[INDEX].max()
    if table.furthest_day is not None:
        yield pl.col("date") >= index[INDEX].dt.offset_by(f"-{table.furthest_day}d").min()


def _in_a_group(table: TablePlan) -> pl.Expr:
    """Whether a row has a setting and a position that its group asks for."""
    return pl.all_horizontal(pl.lit(value=True), *(_is_of(number, group) for number, group in enumerate(table.groups)))


def _is_of(number: int, group: Group) -> pl.Expr:
    asked = {"setting": group.settings, "position": group.positions}
    said = [pl.col(name).is_in(values).fill_null(value=False) for name, values in asked.items() if values]
    return pl.all_horizontal(*said) | (pl.col("group") != number) if said else pl.lit(value=True)


def _days_before(column: str) -> pl.Expr:
    return (pl.col(INDEX) - pl.col(column)).dt.total_days().cast(pl.Int32)


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Sort by window, then date, code and value; tables are kept in nearly this order, which makes it cheap."""
    key = _packed(rows)
    order = np.argsort(key, kind="stable")
    tied = _tied(key[order])
    alike = order[tied]
    order[tied] = alike[np.lexsort((rows["value"].to_numpy()[alike], key[alike]))]
    return rows[order].with_columns(pl.col(WINDOW).set_sorted())


def _packed(rows: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Put window, date and code into one integer; 10 million windows of 100 years and 20,000 codes still fit."""
    days, codes = rows[DAYS].to_numpy().astype(np.int64), rows["code_number"].to_numpy()
    longest, most = int(days.max(initial=0)) + 1, int(codes.max(initial=0)) + 1
    return np.asarray((rows[WINDOW].to_numpy() * longest + (longest - 1 - days)) * most + codes, dtype=np.int64)


def _tied(key: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Mark the members of every run of equal keys."""
    same = key[1:] == key[:-1]
    tied: npt.NDArray[np.bool_] = np.append(same, False) | np.append(False, same)
    return tied


def _each_once(rows: pl.DataFrame) -> pl.DataFrame:
    """Drop the copies of rows that are equal in every column; equal rows are near each other by now."""
    as_before = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift()) for name in _SORTED_BY)
    alike = rows.lazy().with_row_index("at").with_columns(same=as_before.fill_null(value=False))
    suspects = alike.filter(pl.col("same") | pl.col("same").shift(-1)).drop("same").collect()
    copies = suspects.filter(~pl.struct(pl.exclude("at")).is_first_distinct())["at"]
    if copies.is_empty():
        return rows
    kept = np.ones(rows.height, dtype=bool)
    kept[copies.to_numpy()] = False
    return rows.filter(kept)
