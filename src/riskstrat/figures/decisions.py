"""Whether acting on the model's risks is of use, and which areas chance alone would not explain."""

from __future__ import annotations

import numpy as np
import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.classes import with_class
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import Texts, load_messages
from riskstrat.figures.theme import ACCENT, INK, QUIET, RULE, altair

_LEVELS = (0.95, 0.998)
_STEPS = 60


def net_benefit(table: Released, language: Texts = "sv") -> Figure:
    """Net benefit of acting on the model's risks, on simpler ones, on everybody and on nobody, by threshold.

    Parameters
    ----------
    table
        threshold, strategy and net_benefit.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A line a strategy, told apart by dashes; its title says between which thresholds the model is best. The lines
        have no interval: none was released.

    Examples
    --------
    >>> net_benefit(published.tables["net_benefit_person"], "en").sentence.partition(",")[0]
    'Net benefit of offering a programme to all whose risk is above a threshold'
    """
    alt, messages = altair(), load_messages(language)
    known = table.frame.drop_nulls("net_benefit").sort("threshold")
    names = {name: messages.named("benefit_of", name) for name in known["strategy"].unique(maintain_order=True)}
    frame = known.with_columns(
        label=pl.col("strategy").replace_strict(names, return_dtype=pl.String), percent=100 * pl.col("threshold")
    )
    line = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("percent:Q", title=messages("axis.threshold")),
            y=alt.Y("net_benefit:Q", title=messages("axis.net_benefit")),
            color=alt.Color("label:N", sort=[*names.values()], scale=alt.Scale(range=[ACCENT, QUIET, INK, RULE])),
            strokeDash=alt.StrokeDash("label:N", sort=[*names.values()]),
        )
    )
    nobody = alt.Chart(frame).mark_rule(color=QUIET).encode(y=alt.YDatum(0.0))
    best = known.sort("net_benefit", descending=True).group_by("threshold", maintain_order=True).agg(
        pl.col("strategy").first(), (pl.col("net_benefit").max() > pl.col("net_benefit").min()).alias("differ"),
        pl.col("net_benefit").max(),
    )  # fmt: skip
    ahead = best.filter((pl.col("strategy") == "model") & pl.col("differ") & (pl.col("net_benefit") > 0))["threshold"]
    percent = messages.numbers.whole_percent
    ends = ahead.sort().to_list()
    title = (
        messages("net_benefit.title", low=percent(ends[0]), high=percent(ends[-1]))
        if ends
        else messages("net_benefit.none")
    )
    return drawn([nobody, line], messages, title, messages("net_benefit.sentence"), height=320)


def funnel(areas: Released, language: Texts = "sv") -> Figure:
    """Observed over expected outcomes of each area beside the limits that chance alone would keep to.

    Parameters
    ----------
    areas
        The released areas: cases and expected of the past.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A point an area against its expected outcomes, with limits of 95 and 99.8 % from the Poisson distribution
        (Spiegelhalter, Statistics in Medicine 2005;24:1185); its title counts those outside the wider ones.

    Examples
    --------
    >>> funnel(published.tables["areas"], "en").sentence.partition(",")[0]
    'Occurred over expected cases of each area'
    """
    from scipy.stats import poisson

    alt, messages = altair(), load_messages(language)
    points = with_class(areas).drop_nulls(("cases", "expected")).filter(pl.col("expected") > 0)
    shown = points.select("number", "name", "cases", "expected", ratio=pl.col("cases") / pl.col("expected"))
    told = [
        f"{row['number']} {row['name']}: {messages.numbers.number(row['ratio'], 2)}"
        for row in shown.iter_rows(named=True)
    ]
    top = float(shown["expected"].to_numpy().max(initial=1.0))
    grid = np.linspace(top / _STEPS, top, _STEPS)
    x, y = (
        alt.X("expected:Q", title=messages("axis.expected")),
        {"title": messages("axis.observed_expected"), "scale": alt.Scale(zero=False)},
    )
    limits = pl.DataFrame(
        [
            (level, end, float(e), float(poisson.ppf((1 + end * level) / 2, e) / e))
            for level in _LEVELS for end in (-1, 1) for e in grid
        ],
        schema=["level", "end", "expected", "limit"], orient="row",
    ).filter(pl.col("limit") <= max(3.0, float(shown["ratio"].to_numpy().max(initial=1.0))))  # fmt: skip
    lines = (
        alt.Chart(limits)
        .mark_line(color=QUIET)
        .encode(
            x=x, y=alt.Y("limit:Q", **y), detail=alt.Detail("end:N"), strokeDash=alt.StrokeDash("level:N", legend=None)
        )
    )
    one = alt.Chart(limits).mark_rule(color=INK).encode(y=alt.YDatum(1.0))
    dots = alt.Chart(shown.with_columns(told=pl.Series(told, dtype=pl.String))).mark_circle(
        color=ACCENT, size=70, opacity=1, aria=True
    )
    placed = dots.encode(x=x, y=alt.Y("ratio:Q", **y), description=alt.Description("told:N"))
    ends = [poisson.ppf((1 + end * _LEVELS[1]) / 2, shown["expected"].to_numpy()) for end in (-1, 1)]
    cases = shown["cases"].to_numpy()
    outside = shown.filter(pl.Series((cases < ends[0]) | (cases > ends[1])))
    sentence = messages("funnel.sentence", areas=messages.listed(outside["name"].to_list()) or messages("areas.zero"))
    title = messages.count("funnel.title", outside.height, all=shown.height)
    return drawn([one, lines, placed], messages, title, sentence, height=340)
