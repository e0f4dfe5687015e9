"""What a budget averts, in sentences that the first screen and the third question share.

Where an area stands out the plan of areas leads; where none does, groups of the whole municipality or spreading evenly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from riskstrat.figures.numbers import decimals_carried
from riskstrat.reports.context import HIGHER, Estimate, ReportContext

Leading = Literal["plan", "groups", "spread"]
_HUNDRED = 100
_GROUPS_NAMED = 3
_GROWN_UP_YEARS = 18


def leading(context: ReportContext) -> Leading:
    """Choose what the evidence carries: areas only where one stands out."""
    if context.names_of(HIGHER):
        return "plan"
    return "groups" if "groups_summary" in context.tables else "spread"


def averted_by(context: ReportContext, of: Leading) -> Estimate | None:
    """Read the averted cases of a plan, or of the same money spread evenly; None where they are withheld."""
    if of == "spread":
        return context.estimate("plan_comparisons", ("averted", "lower", "upper"), strategy="equal_share")
    return context.estimate(f"{of}_summary", metric="averted")


def benefit_sentences(context: ReportContext, of: Leading) -> Iterator[str]:
    """Say what the budget averts under which assumption, what a case costs and which effect would pay."""
    averted = averted_by(context, of)
    values = {
        "budget": context.numbers.sek(context.released.budget_sek),
        "programme": programmes_of(context),
        "where": where_of(context, of),
    }
    if averted is None:
        yield context.messages("benefit.withheld", **values)
        return
    cases, written = context.say(context.released.condition.wording.cases), context.numbers.interval(*averted)
    told = context.messages("benefit.averted", averted=written, cases=cases, **values)
    assumed = context.messages("benefit.assumed", reduction=reduction_of(context))
    yield " ".join([told, assumed, *_scale(context, averted)])
    if of != "spread":
        yield " ".join(_cost(context, of))


def programmes_of(context: ReportContext) -> str:
    """Name the programmes that the budget can go to."""
    return context.messages.listed([context.say(each.title) for each in context.released.condition.programmes])


def reduction_of(context: ReportContext) -> str:
    """Write the assumed effect with its limits, of each programme where there are several."""
    programmes = context.released.condition.programmes
    written = []
    for programme in programmes:
        low, point, high = map(context.numbers.declared_percent, programme.reduction)
        reduction = context.messages("benefit.reduction", low=low, point=point, high=high)
        values = {"reduction": reduction, "programme": context.say(programme.title)}
        written.append(reduction if len(programmes) == 1 else context.messages("benefit.reduction_each", **values))
    return context.messages.listed(written)


def where_of(context: ReportContext, of: Leading) -> str:
    """Say where the programme is offered: in so many areas, to these groups, or to everybody alike."""
    if of == "plan":
        areas = context.messages.count("areas", context.tables["plan_selected"].frame.height)
        return context.messages("benefit.areas", areas=areas)
    if of == "spread":
        return context.messages("benefit.everybody")
    chosen = context.tables["groups_selected"].frame.sort("averted", descending=True, nulls_last=True)
    names = [group_name(context, row) for row in chosen.iter_rows(named=True)]
    rest = names[_GROUPS_NAMED:]
    told = [*names[:_GROUPS_NAMED], context.messages.count("benefit.more", len(rest))] if rest else names
    return context.messages("benefit.groups", groups=context.messages.listed(told))


def group_name(context: ReportContext, row: Mapping[str, object]) -> str:
    """Name a group by its sex and its ages, such as "women aged 80–89"."""
    grown = "adult" if context.released.condition.population.age_years[0] >= _GROWN_UP_YEARS else "child"
    name = context.messages(f"group_of.{grown}_{row.get('sex', 'all')}")
    bands = context.tables["groups_robustness"].frame
    if "age_band" not in bands.columns or bands["age_band"].n_unique() == 1:
        return name
    return context.messages("group_of.aged", group=name, ages=str(row["age_band"]).replace("-", "–"))


def _scale(context: ReportContext, averted: Estimate) -> Iterator[str]:
    """Tell small benefits as small, where the whole interval as it is written is small."""
    if averted.lower is not None and averted.lower <= 0:
        yield context.messages("benefit.perhaps_none")
    elif _written_upper(averted) < 1:
        yield context.messages("benefit.less_than_one")
    elif context.expected is not None:
        expected = context.expected.value
        share = averted.mapped(lambda cases: _HUNDRED * cases / expected)
        few = _written_upper(share) < 1
        key = "benefit.of_hundred_few" if few else "benefit.of_hundred"
        yield context.messages(key, n=context.numbers.interval(*share))


def _written_upper(found: Estimate) -> float:
    upper = found.value if found.upper is None else found.upper
    return round(upper, decimals_carried(*found))


def _cost(context: ReportContext, of: Leading) -> Iterator[str]:
    cost, effect = (context.estimate(f"{of}_summary", metric=name) for name in ("cost_per_averted", "break_even"))
    if cost is None or not cost.is_bounded:
        yield context.messages("benefit.cost_unknown")
    else:
        yield context.messages("benefit.cost", cost=context.numbers.sek_interval(*cost))
    if effect is None or effect.value > 1:
        yield context.messages("benefit.never_pays")
    else:
        yield context.messages("benefit.pays", effect=context.numbers.whole_percent(effect.value))
