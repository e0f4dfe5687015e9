"""Small multiples over years: what level and trend of each area are, in panels of one scale."""

from __future__ import annotations

from math import log, sqrt

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import Texts, load_messages
from riskstrat.figures.theme import ACCENT, INK, QUIET, RULE, altair

_COLUMNS, _WIDE, _HIGH = 6, 1.2, 1.6
_ROW_PX = 84
_NAME_CHARACTERS = 15
_LEVEL = ("relative_level", "relative_level_lower", "relative_level_upper")


def trend_panels(table: Released, language: Texts = "sv") -> Figure:
    """Level of each area beside the municipality's over the years, one panel an area, all of one scale.

    Parameters
    ----------
    table
        name, first_year, last_year, relative_level and yearly_ratio with their bounds, high_and_rising.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A line from the first year to the last, with the interval of the level as a band and a thin line where the
        area is as the municipality; areas in the order of their names. Its title counts those high and rising.

    Examples
    --------
    >>> trend_panels(published.tables["trends"], "en").sentence.partition(":")[0]
    'Each panel is an area'
    """
    alt, messages = altair(), load_messages(language)
    known = table.frame.drop_nulls((*_LEVEL, "yearly_ratio")).sort("name")
    years = [int(known[name][0]) for name in ("first_year", "last_year")] if known.height else [0, 0]
    reach = sqrt(2.0) * max((abs(log(one)) for name in _LEVEL for one in known[name]), default=1.0)
    span = years[1] - years[0]
    ends = pl.DataFrame(
        [point for n, row in enumerate(known.iter_rows(named=True)) for point in _ends(n, row, span, reach)],
        schema=["name", "x", "y", "lower", "upper", "same", "clear"], orient="row",
    )  # fmt: skip
    x, y = alt.X("x:Q", axis=None), {"axis": None, "scale": alt.Scale(zero=False)}
    base = alt.Chart(ends).encode(x=x, detail=alt.Detail("name:N"))
    label = alt.Chart(ends.unique("name", keep="first", maintain_order=True).with_columns(
        pl.col("name").str.slice(0, _NAME_CHARACTERS), y=pl.col("same") + _HIGH / 2 - 0.2
    ))  # fmt: skip
    colour = alt.ColorValue(ACCENT, condition={"test": "datum.clear", "value": INK})
    layers = (
        base.mark_line(color=QUIET, strokeWidth=0.7).encode(y=alt.Y("same:Q", **y)),
        base.mark_area(color=RULE, opacity=0.8).encode(y=alt.Y("lower:Q", **y), y2=alt.Y2("upper:Q")),
        base.mark_line(strokeWidth=2.5).encode(y=alt.Y("y:Q", **y), color=colour),
        label.mark_text(align="left", fontSize=12, color=INK).encode(x=x, y=alt.Y("y:Q", **y), text=alt.Text("name:N")),
    )
    rising = known.filter("high_and_rising")["name"].to_list()
    values = {"first": years[0], "last": years[1], "areas": messages.listed(rising) or messages("areas.zero")}
    title = messages.count("trend_panels.title", len(rising), all=known.height, first=years[0], last=years[1])
    rows = -(-max(known.height, 1) // _COLUMNS)
    return drawn(layers, messages, title, messages("trend_panels.sentence", **values), height=_ROW_PX * rows)


def _ends(n: int, row: dict[str, float], years: int, reach: float) -> list[tuple[object, ...]]:
    """Place the first and the last year of an area's level in its panel; the level is that of the middle year."""
    left, middle = _WIDE * (n % _COLUMNS), -_HIGH * (n // _COLUMNS)
    found: list[tuple[object, ...]] = []
    for end in (0, 1):
        moved = (end - 0.5) * years * log(row["yearly_ratio"])
        heights = [middle + (log(row[name]) + moved) / (2 * reach) for name in _LEVEL]
        found.append((row["name"], left + end, *heights, middle, bool(row["high_and_rising"])))
    return found
