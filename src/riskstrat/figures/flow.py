"""The account of everybody as a flow chart (STROBE, von Elm 2007, item 13c): who was there, left out, followed."""

from __future__ import annotations

from types import MappingProxyType

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, capitalised, load_messages
from riskstrat.figures.theme import INK, QUIET, RULE, altair

ROW_PX = 62
_MAIN, _SIDE = (0.0, 47.0), (53.0, 100.0)
_SPINE = 12.0
_HALF_BOX = 0.4
_COUNTED = MappingProxyType({"en": ("people", "index dates"), "sv": ("personer", "indexdatum")})


def flow_chart(flow: Released, language: Texts = "sv") -> Figure:
    """Draw the flow: down the left who started and who was included, to the right why others left and how all ended.

    Parameters
    ----------
    flow
        The released table ``flow`` of a cohort or a target population.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        One box a step; its alternative text is the whole account.

    Examples
    --------
    >>> flow_chart(published.tables["flow"], "en").title
    'Who was followed, and who was left out'
    """
    alt, messages = altair(), load_messages(language)
    boxes = _boxes(flow.frame, messages)
    bare = {"axis": None, "scale": alt.Scale(domain=[0, 100], nice=False)}
    down = {"axis": None, "scale": alt.Scale(domain=[boxes.height - 0.5, -0.5], nice=False)}
    base = alt.Chart(boxes)
    outlined = base.mark_rect(fill="white", stroke=QUIET).encode(
        x=alt.X("left:Q", **bare), x2=alt.X2("right:Q"), y=alt.Y("top:Q", **down), y2=alt.Y2("bottom:Q")
    )
    text = base.mark_text(color=INK, align="left", dx=8, fontSize=14, lineBreak="\n", dy=-8).encode(
        x=alt.X("left:Q", **bare), y=alt.Y("row:Q", **down), text=alt.Text("label:N")
    )
    lines = (
        alt.Chart(_lines(boxes))
        .mark_rule(color=RULE, strokeWidth=2)
        .encode(x=alt.X("x:Q", **bare), x2=alt.X2("x2:Q"), y=alt.Y("y:Q", **down), y2=alt.Y2("y2:Q"))
    )
    steps = "; ".join(label.replace("\n", ": ") for label in boxes["label"])
    layers = [lines, outlined, text]
    return drawn(layers, messages, messages("flow.title"), f"{capitalised(steps)}.", height=ROW_PX * boxes.height)


def _boxes(flow: pl.DataFrame, messages: MessageCatalogue) -> pl.DataFrame:
    """Place each step on a row of its own, and write who it is above how many."""
    reason = "reason_sv" if messages.language == "sv" else "reason"
    on_main = pl.col("part").is_in(("start", "included"))
    placed = flow.sort("step").with_row_index("number").with_columns(row=pl.col("number").cast(pl.Float64))
    counted = pl.struct("people", "rows").map_elements(
        lambda counts: _counted(counts, messages), return_dtype=pl.String
    )
    return placed.select(
        "part",
        "row",
        left=pl.when(on_main).then(_MAIN[0]).otherwise(_SIDE[0]),
        right=pl.when(on_main).then(_MAIN[1]).otherwise(_SIDE[1]),
        top=pl.col("row") - _HALF_BOX,
        bottom=pl.col("row") + _HALF_BOX,
        label=pl.concat_str(reason, counted, separator="\n"),
    )


def _counted(counts: dict[str, int | None], messages: MessageCatalogue) -> str:
    people, rows = counts["people"], counts["rows"]
    if people is None or rows is None:
        return messages("withheld")
    who, when = _COUNTED[messages.language]
    said = f"{messages.numbers.number(people)} {who}"
    return said if rows == people else f"{said}, {messages.numbers.number(rows)} {when}"


def _lines(boxes: pl.DataFrame) -> pl.DataFrame:
    """Lead down the left from box to box, and from there to each box on the right."""
    aside = boxes.filter(~pl.col("part").is_in(("start", "included")))
    branches = aside.select(x=pl.lit(_SPINE), x2=pl.lit(_SIDE[0]), y="row", y2="row")
    spine = boxes.select(x=pl.lit(_SPINE), x2=pl.lit(_SPINE), y=pl.col("row").min(), y2=pl.col("row").max()).head(1)
    return pl.concat([spine, branches])
