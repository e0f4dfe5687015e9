"""Who is in a cohort, group beside group, as the first table of an article has it."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.messages import MessageCatalogue
from riskstrat.figures.tables import table_html

_STATISTICS = MappingProxyType(
    {
        "en": ("mean (standard deviation)", "median (quartiles)"),
        "sv": ("medelvärde (standardavvikelse)", "median (kvartiler)"),
    }
)
_LEVELS = MappingProxyType(
    {
        "en": {"1": "yes", "south_america": "south america"},
        "sv": {
            "1": "ja",
            "female": "kvinnor",
            "male": "män",
            "without the outcome to the horizon": "utan utfallet till uppföljningens slut",
            "left before the horizon": "flyttade eller följda kortare tid",
            "not measured": "inte mätta",
            "outcome": "utfall",
            "competing death": "avlidna utan utfallet",
            "sweden": "Sverige",
            "nordic": "övriga Norden",
            "europe": "övriga Europa",
            "asia": "Asien",
            "africa": "Afrika",
            "south_america": "Sydamerika",
            "other": "övriga",
            "all": "alla",
            "unknown": "okänt",
        },
    }
)
_DIGITS = 3
Cells = dict[str, float | None]


def characteristics_html(groups: Released, levels: Released, numbers: Released, messages: MessageCatalogue) -> str:
    """Write `TableOne` as HTML: a column a group, shares of levels, then means and medians of numbers.

    Persons stand in the headings; where they have several index dates these too, because the cells count index dates.
    """
    label = "label_sv" if messages.language == "sv" else "label"
    mean, median = _STATISTICS[messages.language]
    level = pl.col("level").replace(_LEVELS[messages.language])
    shares = _written(levels.frame, level, lambda row: _share(row, messages))
    means = _written(numbers.frame, pl.lit(mean), lambda row: _mean(row, messages))
    middles = _written(numbers.frame, pl.lit(median), lambda row: _median(row, messages))
    rows = pl.concat([shares, means, middles]).with_columns(pl.col(label).alias("name"))
    order = rows.select("order", "name", "kind").unique(maintain_order=True)
    wide = rows.pivot("group", index=["order", "name", "kind"], values="cell", maintain_order=True)
    shown = order.join(wide, on=["order", "name", "kind"], maintain_order="left").sort("order", maintain_order=True)
    named = _LEVELS[messages.language]
    headings = {
        group: f"{named.get(group, group)} ({_size(people, dates, messages)})"
        for group, people, dates in groups.frame.select("group", "people", "index_dates").iter_rows()
    }
    headed = shown.drop("order").rename({"name": " ", "kind": "  ", **headings})
    return table_html(headed, "characteristics", headed.columns[2:])


def _size(people: int | None, index_dates: int | None, messages: MessageCatalogue) -> str:
    persons, dates = (messages("withheld") if n is None else messages.numbers.number(n) for n in (people, index_dates))
    if people == index_dates:
        return messages("characteristics.persons", persons=persons)
    return messages("characteristics.index_dates", persons=persons, index_dates=dates)


def _written(frame: pl.DataFrame, kind: pl.Expr, cell: Callable[[Cells], str | None]) -> pl.DataFrame:
    cells = pl.Series("cell", [cell(row) for row in frame.iter_rows(named=True)], dtype=pl.String)
    return frame.select("order", "label", "label_sv", "group", kind.alias("kind"), cells)


def _share(row: Cells, messages: MessageCatalogue) -> str | None:
    if row["count"] is None or row["share"] is None:
        return None
    return f"{messages.numbers.number(row['count'])} ({messages.numbers.percent(row['share'])})"


def _mean(row: Cells, messages: MessageCatalogue) -> str | None:
    if row["mean"] is None or row["standard_deviation"] is None:
        return None
    return f"{_digits(row['mean'], messages)} ({_digits(row['standard_deviation'], messages)})"


def _median(row: Cells, messages: MessageCatalogue) -> str | None:
    lower, median, upper = (row[name] for name in ("lower_quartile", "median", "upper_quartile"))
    if median is None or lower is None or upper is None:
        return None
    return f"{_digits(median, messages)} ({messages.numbers.range(_digits(lower, messages), _digits(upper, messages))})"


def _digits(value: float, messages: MessageCatalogue) -> str:
    """Write a number with three digits, as many as a table of a few hundred people carries."""
    whole = len(str(int(abs(value)))) if abs(value) >= 1 else 0
    return messages.numbers.number(value, max(0, min(2, _DIGITS - whole)))
