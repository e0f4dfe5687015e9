"""Why the risk of one area differs from its municipality's: steps that add up, the whole with its interval."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.classes import with_class
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import Texts, capitalised, load_messages
from riskstrat.figures.reasons import describe_parts, reasons_of
from riskstrat.figures.theme import ACCENT, INK, PART_COLOURS, QUIET, WRAPPED, altair

_ROW_PX = 44


def waterfall(reasons: Released, areas: Released, area: str, language: Texts = "sv") -> Figure:
    """Draw the parts of one area's difference one after the other, and the whole beneath them.

    Parameters
    ----------
    reasons
        group, part, estimate, lower and upper of the difference in risk.
    areas
        The released areas.
    area
        ``area_id`` of the area.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A bar a part, which begins where the one above ends, and the whole with its interval.

    Examples
    --------
    >>> waterfall(published.tables["reasons"], published.tables["areas"], area, "en").title.partition(": ")[2][:11]
    'the risk is'
    """
    alt, messages = altair(), load_messages(language)
    found = reasons_of(reasons, area, with_class(areas).filter(area_id=area)["name"].item())
    total, lower, upper = found.sum_of("total")
    ends = pl.Series([0.0, *found.points.values()]).cum_sum().to_list()
    named = [*(capitalised(messages(f"part.{part}")) for part in found.points), capitalised(messages("part.sum"))]
    frame = pl.DataFrame(
        {
            "part": named,
            "begins": [*ends[:-1], 0.0],
            "ends": [*ends[1:], total],
            "fill": [*(PART_COLOURS[part] for part in found.points), ACCENT],
        }
    )
    y = alt.Y("part:N", title=None, sort=named, axis=alt.Axis(grid=False, labelExpr=WRAPPED))
    x = {"title": messages("axis.contribution")}
    bars = (
        alt.Chart(frame)
        .mark_bar(stroke=QUIET, strokeWidth=0.6)
        .encode(y=y, x=alt.X("begins:Q", **x), x2=alt.X2("ends:Q"), color=alt.Color("fill:N", scale=None))
    )
    layers = [bars, alt.Chart(frame).mark_rule(color=INK).encode(x=alt.XDatum(0.0, **x))]
    if lower is not None and upper is not None:
        bounds = pl.DataFrame({"part": named[-1:], "lower": [lower], "upper": [upper]})
        rule = alt.Chart(bounds).mark_rule(color=INK, strokeWidth=3)
        layers.append(rule.encode(y=y, x=alt.X("lower:Q", **x), x2=alt.X2("upper:Q")))
    points = messages.numbers.interval(total, lower, upper)
    title = messages("waterfall.title", name=found.name, points=f"{'+' if total > 0 else ''}{points}")
    return drawn(layers, messages, title, describe_parts(found, messages), height=_ROW_PX * frame.height)
