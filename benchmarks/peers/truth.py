"""What a feature's answer should be, by plain loops over one person's rows, and why another answer may differ.

In: the features of the job and the tables. Out: answers of a sample of people; what is odd in everybody's rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from features import TABLES

Row = tuple[date, str, float | None]
INDEX_DAY = "counts the day of the index"
NEWEST = "newest event lies on or after the index: answered as if there were none"
SAME_DAY = "of two values on the last day takes the other (a choice)"
TWICE = "a row that stands in the table twice counts twice (a choice)"
UNEXPLAINED = "unexplained"
ODDITIES = ("on", "after", "two", "copied")


def rows_of(folder: Path, people: Iterable[int]) -> dict[tuple[str, int], list[Row]]:
    """Give each person's rows of each table; a row that stands there twice is one, as the contract says."""
    found: dict[tuple[str, int], list[Row]] = {}
    for register in TABLES:
        table = pl.scan_parquet(folder / f"{register}.parquet").filter(pl.col("person_id").is_in(list(people)))
        for row in table.unique().collect().iter_rows(named=True):
            found.setdefault((register, row["person_id"]), []).append((row["date"], row["code"], row.get("value")))
    return found


def true_answer(feature: dict[str, Any], index: date, rows: Sequence[Row]) -> float | None:
    """Answer a feature of events for one person, from the rows of its table; the window is `[index - days, index)`."""
    inside = [row for row in rows if 1 <= (index - row[0]).days <= feature["days"] and meant(row[1], feature["ranges"])]
    if feature["kind"] in ("Count", "Ever"):
        return float(len(inside)) if feature["kind"] == "Count" else float(bool(inside))
    if not inside:
        return None
    last, *_, value = max(inside)
    if feature["kind"] == "DaysSince":
        return float((index - last).days)
    return value if feature["kind"] == "Latest" else sum(row[2] or 0.0 for row in inside) / len(inside)


def meant(code: str, ranges: Sequence[Sequence[str]]) -> bool:
    return any(low <= code[: len(low)] <= high for low, high in ranges)


def oddities(folder: Path, feature: dict[str, Any], index: date) -> pl.DataFrame:
    """Say of each person whether rows of these codes lie on the index, after it, on one last day, or are copies."""
    table = pl.scan_parquet(folder / f"{feature['register']}.parquet")
    codes = [code for code in table.select(pl.col("code").unique()).collect()["code"] if meant(code, feature["ranges"])]
    days = (pl.lit(index) - pl.col("date")).dt.total_days()
    rows = table.filter(pl.col("code").is_in(codes)).select(
        "person_id", days=days, copied=pl.struct(pl.all()).is_duplicated()
    )
    nearest = pl.col("days").filter(pl.col("days") >= 1).min()
    flags = {"on": (pl.col("days") == 0).any(), "after": (pl.col("days") < 0).any()}
    flags |= {"two": (pl.col("days") == nearest).sum() > 1, "copied": pl.col("copied").any()}
    return rows.group_by("person_id").agg(**flags).collect()


def cause(feature: dict[str, Any]) -> pl.Expr:
    """Name the mistake that explains a differing answer, from the oddities and `theirs`."""
    counted = pl.when(pl.col("on")).then(pl.lit(INDEX_DAY))
    if feature["kind"] not in ("DaysSince", "Latest"):
        return counted.when("copied").then(pl.lit(TWICE)).otherwise(pl.lit(UNEXPLAINED))
    hidden = pl.when(pl.col("theirs").is_null() & (pl.col("after") | pl.col("on"))).then(pl.lit(NEWEST))
    same = pl.when(pl.col("two") & (feature["kind"] == "Latest")).then(pl.lit(SAME_DAY))
    return hidden.otherwise(counted.otherwise(same.otherwise(pl.lit(UNEXPLAINED))))
