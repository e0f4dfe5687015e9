"""Years and days against each other: how many rows each has in, holes, jumps and piles out."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from riskstrat.declare.durations import DAYS_PER_YEAR
from riskstrat.quality.rows import BROKEN

BESIDE_ROWS = 20
"""Where the nearest years with rows have fewer, a year without any means little."""
JUMP, JUMP_ROWS = 2.0, 100
"""How many times more or fewer rows than the year before is a jump, where one of the two has this many."""
PILE, PILE_ROWS = 5.0, 500
"""How many times more dates than evenly spread over the year is a pile, in tables of at least this many rows."""
PILE_IN_MONTH = 2.5
"""The same for a day of the month, over all months."""
PILE_LEAST = 40
"""A pile has at least this many rows."""
YEARLY = 0.9
"""A table with this share of its dates on one day of the year is dated so by design."""

_DAYS_A_MONTH = 30.44
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
           "December")  # fmt: skip


def broken_by_years(years: pl.DataFrame, coverage: tuple[date, date]) -> pl.DataFrame:
    """Find years without rows and jumps from year to year, in the table and in each of its kinds.

    Only whole covered years are compared: for the table every one must have rows, for a kind every one between its
    first and its last. Columns as `BROKEN`; about is the year (from and until), or the kind and the year.
    """
    whole = pl.DataFrame({"year": _whole_years(*coverage)}, schema={"year": pl.Int32})
    if whole.is_empty():
        return pl.DataFrame(schema=BROKEN)
    table = _every_year(years.group_by("year").agg(pl.col("rows").sum(), kind=pl.lit("")), whole)
    kinds = _every_year(years.filter(pl.col("kind") != ""), whole).filter(_between_first_and_last())
    parts = [_findings_of_table_and_kinds(rule, broken(table), broken(kinds)) for rule, broken in _RULES.items()]
    return pl.concat(parts, how="vertical")


def broken_by_days(days: pl.DataFrame, first_day: date | None) -> pl.DataFrame:
    """Find the days of the month, and single days of the year, on which far more dates lie than evenly spread.

    `first_day` of the coverage, on which all is dated that had begun before, is left out. It is None for persons, where
    no day of the year can be meant; a table with nearly all its dates on one day of the year is dated so by design.
    """
    later = days if first_day is None else days.filter(pl.col("date") != first_day)
    of, day = int(later["rows"].sum()), pl.col("date").dt
    in_year = later.group_by(month=day.month(), day=day.day()).agg(pl.col("rows").sum())
    by_design = first_day is not None and in_year.filter(pl.col("rows") > YEARLY * of).height > 0
    if of < PILE_ROWS or by_design:
        return pl.DataFrame(schema=BROKEN)
    large = pl.col("rows") >= PILE_LEAST
    monthly = in_year.group_by("day").agg(pl.col("rows").sum(), others=pl.col("rows").sum() - pl.col("rows").max())
    every_month = monthly.filter(large & (pl.col("others") > PILE_IN_MONTH * of / _DAYS_A_MONTH))
    once = in_year.filter(large & (pl.col("rows") > PILE * of / DAYS_PER_YEAR)).join(every_month, on="day", how="anti")
    month = (pl.col("month") - 1).replace_strict(dict(enumerate(_MONTHS)))
    found = [
        once.with_columns(about=pl.format("{} {}", "day", month)),
        every_month.with_columns(about=pl.format("day {} of the month", "day")),
    ]
    return pl.concat([_as_broken(days.with_columns(of=of), "dates pile on a day") for days in found])


def _whole_years(first: date, last: date) -> list[int]:
    start = first.year + (first != date(first.year, 1, 1))
    return list(range(start, (last + timedelta(days=1)).year))


def _every_year(years: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """Give each kind a row for every whole year, 0 where there are none, and what the nearest years with rows have."""
    covered = years.join(whole, on="year", how="semi").select("kind", "year", "rows")
    grid = covered.select("kind").unique().join(whole, how="cross")
    filled = grid.join(covered, on=["kind", "year"], how="left").with_columns(pl.col("rows").fill_null(0))
    some = pl.when(pl.col("rows") > 0).then("rows")
    nearest = pl.mean_horizontal(some.forward_fill().over("kind"), some.backward_fill().over("kind"))
    return filled.sort("kind", "year").with_columns(of=nearest.round().cast(pl.Int64))


def _between_first_and_last() -> pl.Expr:
    there = pl.col("year").filter(pl.col("rows") > 0)
    return pl.col("year").is_between(there.min().over("kind"), there.max().over("kind"))


def _findings_of_table_and_kinds(rule: str, table: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """Tell of a kind only in the years in which the table as a whole does not break the rule."""
    apart = kinds.join(table, on="year", how="anti")
    return pl.concat([_as_broken(_named(table), rule), _as_broken(_named(apart), f"{rule} of a kind")])


def _holes(years: pl.DataFrame) -> pl.DataFrame:
    """Find years without rows; those that follow each other are one hole, dated by its first year."""
    empty = years.filter((pl.col("rows") == 0) & (pl.col("of") >= BESIDE_ROWS))
    hole = (pl.col("year") - pl.col("year").cum_count().over("kind")).alias("hole")
    together = empty.sort("kind", "year").group_by("kind", hole, maintain_order=True)
    return together.agg(pl.col("year").min(), pl.col("year").max().alias("until"), pl.col("rows", "of").first())


def _jumps(years: pl.DataFrame) -> pl.DataFrame:
    before, now = pl.col("rows").shift().over("kind"), pl.col("rows")
    both = (before > 0) & (now > 0) & (pl.max_horizontal(before, now) >= JUMP_ROWS)
    far = (now >= JUMP * before) | (before >= JUMP * now)
    return years.with_columns(of=before, until="year", far=both & far).filter("far")


_RULES = {"year without rows": _holes, "jump between years": _jumps}


def _named(years: pl.DataFrame) -> pl.DataFrame:
    several = pl.col("until") > pl.col("year")
    when = pl.when(several).then(pl.format("{}-{}", "year", "until")).otherwise(pl.col("year").cast(pl.String))
    return years.with_columns(
        about=pl.when(pl.col("kind") == "").then(when).otherwise(pl.format("{} in {}", "kind", when))
    )


def _as_broken(found: pl.DataFrame, rule: str) -> pl.DataFrame:
    return found.select(pl.lit(rule).alias("rule"), "about", pl.col("rows", "of").cast(pl.Int64))
