"""How predicted risks agreed with what happened."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, load_messages
from riskstrat.figures.ratio_rows import FINE, ratio_rows
from riskstrat.figures.theme import ACCENT, QUIET, altair

_RATIO = "observed_expected"


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
    >>> calibration(published.tables["calibration_person"], "en").sentence.partition(":")[0]
    'Predicted risk and the share who had the outcome'
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
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(y=alt.Y("lower:Q", title=titles["y"]), y2=alt.Y2("upper:Q")),
        base.mark_circle(color=ACCENT, size=90, opacity=1).encode(y=alt.Y("observed:Q", title=titles["y"])),
    )
    sentence = messages("calibration.sentence", values=_points(shown, messages))
    return drawn(layers, messages, _title(shown, messages), sentence, height=340)


def subgroups(metrics: pl.DataFrame, names: Mapping[str, str], language: Texts = "sv") -> Figure:
    """Occurred over expected outcomes in groups of people, with intervals; at 1 they agree.

    Parameters
    ----------
    metrics
        Released frame of metric, group, estimate, lower, upper; groups that are withheld are left out.
    names
        What each group is called, in the order in which they are drawn.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A point with its interval for each group; its title says in how many they clearly differ, and where most.

    Examples
    --------
    >>> frame = pl.DataFrame(
    ...     {"metric": ["observed_expected"] * 2, "group": ["a", "b"], "estimate": [1.0, 0.7], "lower": [0.9, 0.6],
    ...      "upper": [1.1, 0.8]}
    ... )
    >>> subgroups(frame, {"a": "born here", "b": "born abroad"}, "en").title
    'In 1 of 2 groups the number of cases clearly differs from that expected, most: born abroad, 0.70 (0.60–0.80)'
    """
    messages = load_messages(language)
    groups = pl.DataFrame([*names.items()], schema={"group": pl.String, "label": pl.String}, orient="row")
    shown = (
        groups.join(metrics.filter(pl.col("metric") == _RATIO), on="group", maintain_order="left")
        .drop_nulls(("estimate", "lower", "upper"))
        .select("label", "lower", "upper", value="estimate")
    )
    ratios = [messages.numbers.interval(*bounds) for bounds in shown.select("value", "lower", "upper").iter_rows()]
    told = [f"{name}: {ratio}" for name, ratio in zip(shown["label"], ratios, strict=True)]
    rows = shown.with_columns(pl.Series("told", told, dtype=pl.String), pl.Series("ratio", ratios, dtype=pl.String))
    sentence = messages("subgroups.sentence", values="; ".join(told))
    differ = rows.filter((pl.col("lower") > 1) | (pl.col("upper") < 1)).sort(pl.col("value").log().abs())
    if differ.is_empty():
        title = messages("subgroups.none")
    else:
        counts = {"clear": str(differ.height), "groups": str(rows.height)}
        title = messages("subgroups.title", **counts, name=differ["label"][-1], ratio=differ["ratio"][-1])
    layers = ratio_rows(rows, messages("axis.observed_expected"), ticks=FINE)
    return drawn(layers, messages, title, sentence, height=22 * rows.height + 40)


def _title(shown: pl.DataFrame, messages: MessageCatalogue) -> str:
    """Tell the group at highest risk: of a hundred (or more) persons with this risk, so many had the outcome."""
    if shown.is_empty():
        return messages("calibration.withheld")
    row = shown.row(-1, named=True)
    base, observed = messages.numbers.among_persons(*(row[name] for name in ("observed", "lower", "upper")))
    predicted = messages.numbers.percent(row["mean_predicted"])
    return messages("calibration.title", base=base, predicted=predicted, observed=observed)


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
