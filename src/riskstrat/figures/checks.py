"""How predicted risks agreed with what happened."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, load_messages
from riskstrat.figures.theme import ACCENT, QUIET, altair

_RARE = 0.02
"""Risks below this are told of a thousand persons, others of a hundred."""

_FEW, _MANY = 100, 1000


def calibration(table: Released, language: Texts = "sv") -> Figure:
    """Observed against predicted risk in ten groups, with intervals; on the line they agree.

    Parameters
    ----------
    table
        mean_predicted, observed, lower and upper of each group; groups that are withheld are left out.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A point with its interval for each group; its title tells of the group at highest risk.

    Examples
    --------
    >>> from riskstrat.disclosure import PRESETS, Table, release
    >>> risks = {"mean_predicted": [0.02, 0.10], "observed": [0.02, 0.12], "lower": [0.01, 0.09], "upper": [0.03, 0.15]}
    >>> frame = pl.DataFrame({"group": [1, 2], **risks, "cases": [20, 90]})
    >>> derived = dict.fromkeys(risks, "cases")
    >>> table = release(Table(frame, dimensions=("group",), unshown=("cases",), derived=derived), PRESETS["none"])
    >>> calibration(table, "en").title
    'Of 100 people with a predicted risk of 10%, 12 (9–15) had the outcome'
    """
    alt, messages = altair(), load_messages(language)
    shown = table.frame.drop_nulls("observed").sort("mean_predicted")
    frame = shown.with_columns(pl.col("mean_predicted", "observed", "lower", "upper") * 100)
    highest = max([1.0, *(value for name in ("mean_predicted", "upper") for value in frame[name].drop_nulls())])
    line = alt.Chart(pl.DataFrame({"x": [0.0, highest], "y": [0.0, highest]}))
    titles = {"x": messages("axis.predicted"), "y": messages("axis.observed")}
    base = alt.Chart(frame).encode(x=alt.X("mean_predicted:Q", title=titles["x"]))
    layers = (
        line.mark_line(color=QUIET, strokeDash=[5, 4], strokeWidth=1).encode(
            x=alt.X("x:Q", title=titles["x"]), y=alt.Y("y:Q", title=titles["y"])
        ),
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(y=alt.Y("lower:Q", title=titles["y"]), y2="upper:Q"),
        base.mark_circle(color=ACCENT, size=90, opacity=1).encode(y=alt.Y("observed:Q", title=titles["y"])),
    )
    sentence = messages("calibration.sentence", values=_points(shown, messages))
    return drawn(alt.layer(*layers), messages, _title(shown, messages), sentence, height=340)


def _title(shown: pl.DataFrame, messages: MessageCatalogue) -> str:
    """Tell the group at highest risk: of a hundred (or a thousand) persons with this risk, so many had the outcome."""
    if shown.is_empty():
        return messages("calibration.withheld")
    row = shown.row(-1, named=True)
    base = _MANY if row["mean_predicted"] < _RARE else _FEW
    observed = messages.numbers.whole(*(base * row[name] for name in ("observed", "lower", "upper")))
    predicted = messages.numbers.percent(row["mean_predicted"])
    return messages("calibration.title", base=messages.numbers.number(base), predicted=predicted, observed=observed)


def _points(shown: pl.DataFrame, messages: MessageCatalogue) -> str:
    percent = messages.numbers.percent
    told = [
        messages(
            "calibration.point",
            predicted=percent(row["mean_predicted"]),
            observed=percent(row["observed"], row["lower"], row["upper"]),
        )
        for row in shown.iter_rows(named=True)
    ]
    return "; ".join(told) or messages("withheld")
