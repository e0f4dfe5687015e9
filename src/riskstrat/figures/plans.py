"""What a budget buys: beside other ways to spend it, with more money, and whom it does not reach."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.messages import MessageCatalogue, Texts, capitalised, load_messages
from riskstrat.figures.numbers import MILLION
from riskstrat.figures.theme import ACCENT, INK, QUIET, WRAPPED, altair

_CURVE_POINTS = 4
_TOP, _BOTTOM = 1, 4
_STRATUM_PX, _GROUP_PX = 64, 46


def comparisons(table: Released, language: Texts = "sv") -> Figure:
    """Outcomes averted by the plan and by other ways to spend the same budget, with their intervals.

    Parameters
    ----------
    table
        strategy, averted, lower and upper, and the difference plan minus strategy with its bounds; the plan itself is
        the strategy ``plan``.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A point with its interval for each strategy; its title tells the plan beside the best of the others, and how
        much better it is only where that is sure.

    Examples
    --------
    >>> comparisons(published.tables["plan_comparisons"], "en").sentence.partition(".")[0]
    'Averted cases for the same budget'
    """
    messages = load_messages(language)
    frame = table.frame.with_columns(
        label=pl.col("strategy").map_elements(lambda name: messages.named("strategy", name), return_dtype=pl.String),
        mine=pl.col("strategy") == "plan",
    )
    title, sentence = _compared(frame.drop_nulls("averted"), messages)
    return _beside_each_other(frame, messages, title, sentence)


def scenarios(table: Released, names: Mapping[str, str], language: Texts = "sv") -> Figure:
    """Outcomes averted by the plan and by other scenarios on the same draws, with their intervals.

    Parameters
    ----------
    table
        scenario, averted and difference (scenario minus the first, the plan), each with ``_lower`` and ``_upper``.
    names
        What scenarios are called, by name; the name itself where there is none.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        A point with its interval for each scenario; its title names those that surely avert more than the plan.

    Examples
    --------
    >>> from riskstrat.disclosure import PRESETS, Table, release
    >>> averted = {"averted": [4.0, 6.5], "averted_lower": [2.0, 3.2], "averted_upper": [6.0, 9.0]}
    >>> averted |= {"difference": [0.0, 2.5], "difference_lower": [0.0, 0.6], "difference_upper": [0.0, 4.3]}
    >>> frame = pl.DataFrame({"scenario": ["plan", "double"], **averted, "cases": [40, 40]})
    >>> derived = dict.fromkeys(averted, "cases")
    >>> table = release(Table(frame, dimensions=("scenario",), unshown=("cases",), derived=derived), PRESETS["none"])
    >>> scenarios(table, {"double": "twice the budget"}, "en").title
    'Surely more cases are averted than by the plan: twice the budget'
    """
    messages = load_messages(language)
    named = {"plan": messages("strategy.plan"), **names}
    frame = table.frame.rename({"averted_lower": "lower", "averted_upper": "upper"}).with_columns(
        label=pl.col("scenario").replace(named), mine=pl.int_range(pl.len()) == 0
    )
    better = frame.filter(pl.col("difference_lower") > 0)["label"].to_list()
    title = messages("scenario.better", names=messages.listed(better)) if better else messages("scenario.none_better")
    told = [
        f"{row['label']}: {messages.numbers.interval(row['averted'], row['lower'], row['upper'])}"
        for row in frame.drop_nulls("averted").iter_rows(named=True)
    ]
    return _beside_each_other(frame, messages, title, messages("comparison.sentence", values="; ".join(told)))


def _beside_each_other(frame: pl.DataFrame, messages: MessageCatalogue, title: str, sentence: str) -> Figure:
    """Draw averted with its interval for each label; what is ``mine`` in the accent."""
    alt = altair()
    y = alt.Y("label:N", title=None, sort=frame["label"].to_list(), axis=alt.Axis(grid=False, labelExpr=WRAPPED))
    x = alt.X("lower:Q", title=messages("axis.averted"), scale=alt.Scale(zero=True))
    shades = alt.Scale(domain=[True, False], range=[ACCENT, "#7f7f7f"])
    base = alt.Chart(frame).encode(y=y, color=alt.Color("mine:N", scale=shades, legend=None))
    layers = (
        base.mark_rule(strokeWidth=2).encode(x=x, x2=alt.X2("upper:Q")),
        base.mark_circle(size=110, opacity=1).encode(x=alt.X("averted:Q", title=messages("axis.averted"))),
    )
    return drawn(layers, messages, title, sentence, height=48 * frame.height)


def _compared(frame: pl.DataFrame, messages: MessageCatalogue) -> tuple[str, str]:
    """Tell the plan beside the best of the others, and all of them with their intervals."""
    rows = {row["strategy"]: row for row in frame.iter_rows(named=True)}
    others = [name for name in rows if name != "plan"]
    written = {
        name: messages.numbers.interval(row["averted"], row["lower"], row["upper"]) for name, row in rows.items()
    }
    values = "; ".join(f"{rows[name]['label']}: {text}" for name, text in written.items())
    sentence = messages("comparison.sentence", values=values or messages("withheld"))
    if not others or "plan" not in rows:
        return messages("comparison.withheld"), sentence
    best = max(others, key=lambda name: float(rows[name]["averted"]))
    lead = [rows[best][f"difference{end}"] for end in ("", "_lower", "_upper")]
    # How much better is told only where the plan is surely better.
    key = "comparison.title" if lead[1] > 0 else "comparison.title_unclear"
    return messages(key, lead=messages.numbers.interval(*lead), strategy=rows[best]["label"]), sentence


def plan_curve(table: Released, budget_sek: float, language: Texts = "sv") -> Figure:
    """Outcomes averted against the budget, with the interval as a band and the budget that was given as a line.

    Parameters
    ----------
    table
        budget_sek, averted, lower and upper, to the budget at which every area has the programme.
    budget_sek
        The budget that was given, in kronor.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        Its title tells the budget that is enough for all areas.

    Examples
    --------
    >>> plan_curve(published.tables["plan_curve"], published.budget_sek, "en").sentence.partition(":")[0]
    'Averted cases at different budgets'
    """
    alt, messages = altair(), load_messages(language)
    shown = table.frame.drop_nulls("averted").sort("budget_sek")
    frame = shown.with_columns(millions=pl.col("budget_sek") / MILLION)
    title = messages("axis.averted")
    base = alt.Chart(frame).encode(x=alt.X("millions:Q", title=messages("axis.budget"), scale=alt.Scale(zero=True)))
    layers = (
        base.mark_area(color="#c6d7e8").encode(y=alt.Y("lower:Q", title=title), y2=alt.Y2("upper:Q")),
        base.mark_line(color=ACCENT, strokeWidth=2.5).encode(y=alt.Y("averted:Q", title=title)),
        base.mark_rule(color=INK, strokeDash=[5, 4]).encode(x=alt.XDatum(budget_sek / MILLION)),
    )
    full = messages.numbers.sek(float(table.frame["budget_sek"].to_numpy().max()))
    told = shown.gather_every(max(1, shown.height // _CURVE_POINTS)).iter_rows(named=True)
    values = "; ".join(
        f"{messages.numbers.sek(row['budget_sek'])}: "
        f"{messages.numbers.interval(row['averted'], row['lower'], row['upper'])}"
        for row in told
    )
    sentence = messages("curve.sentence", values=values or messages("withheld"))
    return drawn(layers, messages, messages("curve.title", full=full), sentence, height=300)


def risk_strata(table: Released, language: Texts = "sv") -> Figure:
    """Share of the persons beside their share of the expected outcomes, in strata of predicted risk.

    Parameters
    ----------
    table
        stratum (1 is the highest risk), people_share and case_share.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        Two bars a stratum; its title tells of the strata at highest and at lowest risk.

    Examples
    --------
    >>> risk_strata(published.tables["risk_strata"], "en").sentence.partition(".")[0]
    'Inhabitants and expected cases in four strata of risk'
    """
    messages = load_messages(language)
    strata = {str(n): messages(f"stratum.{n}") for n in range(_TOP, _BOTTOM + 1)}
    label = pl.col("stratum").cast(pl.String).replace_strict(strata).alias("label")
    title, sentence = _strata(table.frame, messages)
    return _people_beside_cases(table.frame.select(label, "people_share", "case_share"), messages, title, sentence)


def people_and_cases(
    table: Released, language: Texts = "sv", *, by: str | None = None, names: Mapping[str, str] | None = None
) -> Figure:
    """Share of the people beside their share of the expected outcomes, in the groups of a cross of columns.

    Parameters
    ----------
    table
        by, group, share_of_people, and share_of_cases with ``_lower`` and ``_upper``.
    language
        ``"sv"`` or ``"en"``, or texts of a language.
    by
        Which cross; by default the first of the table.
    names
        What groups are called, by label; the label itself where there is none.

    Returns
    -------
    Figure
        Two bars a group; its title tells how many cases arise where there surely are more than the group's share, and
        how many do not.

    Examples
    --------
    >>> from riskstrat.disclosure import PRESETS, Table, release
    >>> shares = {"share_of_people": [0.1, 0.9], "share_of_cases": [0.3, 0.7]}
    >>> shares |= {"share_of_cases_lower": [0.2, 0.6], "share_of_cases_upper": [0.4, 0.8]}
    >>> frame = pl.DataFrame({"by": ["sex"] * 2, "group": ["male", "female"], **shares, "cases": [30, 70]})
    >>> roles = {"unshown": ("cases",), "derived": dict.fromkeys(shares, "cases")}
    >>> people_and_cases(release(Table(frame, dimensions=("by", "group"), **roles), PRESETS["none"]), "en").title
    '10% of the people are in groups with surely more than their share of the cases: 30%. 70% arise among the others'
    """
    messages, frame = load_messages(language), table.frame.drop_nulls("share_of_cases")
    frame = frame.filter(pl.col("by") == (frame["by"].first() if by is None else by))
    share, percent, part = pl.col("share_of_people"), messages.numbers.whole_percent, messages.numbers.percent
    more = frame.filter(pl.col("share_of_cases_lower") > share)
    people, cases = (round(float(sum(more[name])), 2) for name in ("share_of_people", "share_of_cases"))
    values = {"people": percent(people), "cases": percent(cases), "rest": percent(1 - cases)}
    title = messages("people.more" if cases else "people.none", **values)
    rows = frame.select(label=pl.col("group").replace(names or {}), people_share=share, case_share="share_of_cases")
    bounds = frame.select("share_of_cases", "share_of_cases_lower", "share_of_cases_upper").iter_rows()
    told = [
        messages("strata.level", label=capitalised(label), people=percent(of_people), cases=part(*three))
        for (label, of_people, _), three in zip(rows.iter_rows(), bounds, strict=True)
    ]
    return _people_beside_cases(rows, messages, title, messages("people.sentence", groups=" ".join(told)))


def _people_beside_cases(frame: pl.DataFrame, messages: MessageCatalogue, title: str, sentence: str) -> Figure:
    """Draw two bars for each label: people_share and case_share."""
    alt, what = altair(), [messages("group.people"), messages("group.cases")]
    shares = frame.select(
        "label", (100 * pl.col("people_share")).alias(what[0]), (100 * pl.col("case_share")).alias(what[1])
    ).unpivot(index="label", variable_name="what", value_name="share")
    y = alt.Y("label:N", title=None, sort=frame["label"].to_list(), axis=alt.Axis(grid=False, labelExpr=WRAPPED))
    bars = alt.Chart(shares).mark_bar(stroke=QUIET, strokeWidth=0.6)
    encoded = bars.encode(
        y=y,
        x=alt.X("share:Q", title=messages("axis.share")),
        yOffset=alt.YOffset("what:N", sort=what),
        color=alt.Color("what:N", sort=what, scale=alt.Scale(domain=what, range=["#d9d9d9", ACCENT])),
    )
    return drawn(
        [encoded],
        messages,
        title,
        sentence,
        height=(_STRATUM_PX if frame.height <= _BOTTOM else _GROUP_PX) * frame.height,
    )


def _strata(frame: pl.DataFrame, messages: MessageCatalogue) -> tuple[str, str]:
    withheld, percent = messages("withheld"), messages.numbers.whole_percent
    shares = {"people": "people_share", "case": "case_share"}
    written = {
        row["stratum"]: {n: withheld if row[share] is None else percent(row[share]) for n, share in shares.items()}
        for row in frame.iter_rows(named=True)
    }
    strata = [
        messages("strata.level", label=capitalised(messages(f"stratum.{n}")), people=row["people"], cases=row["case"])
        for n, row in written.items()
    ]
    top, bottom = written[_TOP], written[_BOTTOM]
    title = messages("strata.title", top=top["people"], cases=top["case"], low_cases=bottom["case"])
    return title, messages("strata.sentence", strata=" ".join(strata))
