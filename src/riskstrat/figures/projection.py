"""What is to be expected in the years to come."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, load_messages
from riskstrat.figures.theme import ACCENT, altair

_WRITTEN = 4


def years_ahead(table: Released, language: Texts = "sv") -> Figure:
    """Draw expected outcomes by year, with their interval as a band.

    Parameters
    ----------
    table
        year, cases, cases_lower and cases_upper.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        Its title tells the first year beside the last.

    Examples
    --------
    >>> from riskstrat.disclosure import PRESETS, Table, release
    >>> cases = {"cases": [40.0, 52.0], "cases_lower": [30.0, 40.0], "cases_upper": [50.0, 64.0]}
    >>> frame = pl.DataFrame({"year": [2023, 2035], "people": [900, 990], **cases})
    >>> shown = Table(frame, dimensions=("year",), counts=("people",), derived=dict.fromkeys(cases, "people"))
    >>> years_ahead(release(shown, PRESETS["none"]), "en").title
    '52 (40–64) cases are expected from 2035 on, against 40 (30–50) from 2023 on'
    """
    alt, messages = altair(), load_messages(language)
    frame = table.frame.drop_nulls("cases").sort("year")
    title = messages("axis.expected")
    base = alt.Chart(frame).encode(x=alt.X("year:Q", title=messages("axis.year"), axis=alt.Axis(format="d")))
    layers = (
        base.mark_area(color="#c6d7e8").encode(y=alt.Y("cases_lower:Q", title=title), y2=alt.Y2("cases_upper:Q")),
        base.mark_line(color=ACCENT, strokeWidth=2.5).encode(y=alt.Y("cases:Q", title=title)),
    )
    heading, sentence = _written(frame, messages)
    return drawn(layers, messages, heading, sentence, height=300)


def _written(frame: pl.DataFrame, messages: MessageCatalogue) -> tuple[str, str]:
    """Tell the first year beside the last, and some of those between."""
    written = [
        (str(row["year"]), messages.numbers.whole(row["cases"], row["cases_lower"], row["cases_upper"]))
        for row in frame.iter_rows(named=True)
    ]
    some = dict([*written[:: max(1, len(written) // _WRITTEN)], *written[-1:]])
    values = "; ".join(f"{year}: {cases}" for year, cases in some.items())
    sentence = messages("ahead.sentence", values=values or messages("withheld"))
    if not written:
        return messages("ahead.withheld"), sentence
    (first, now), (last, then) = written[0], written[-1]
    return messages("ahead.title", first=first, now=now, last=last, then=then), sentence
