"""The fifth step: where a budget averts most cases.

In: `StudyData` and `AreaResults`. Out: `Plans`, by whole areas, by groups within them and by groups across them.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from riskstrat.declare import LocalisedText, Scenario
from riskstrat.errors import DesignError
from riskstrat.errors.arguments import checked
from riskstrat.priorities import scenarios
from riskstrat.priorities.planning import plan_scenario
from riskstrat.records.area_results import AreaResults
from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan
from riskstrat.records.plans import Plans, Scenarios
from riskstrat.study.data import StudyData

_NO_PROGRAMME = LocalisedText(
    en="There is no plan: the condition declares no programme.", sv="Det finns ingen plan: ingen insats är angiven."
)


_NO_GROUP_FITS = Omission(
    part="group_plan",
    reason=LocalisedText(
        en="There is no plan by groups of the whole municipality: no group is large enough and within the budget.",
        sv="Det finns ingen plan för grupper i hela kommunen: ingen grupp är stor nog och ryms i budgeten.",
    ),
)
_NO_SUCH_UNITS = LocalisedText(
    en="is missing: the programme is for some groups only, which these units do not tell apart.",
    sv="saknas: insatsen är till för vissa grupper, som de här enheterna inte skiljer ut.",
)
_NO_NEED = LocalisedText(
    en="is missing: reach is declared by the care need of areas, which the registers do not tell.",
    sv="saknas: räckvidden är angiven efter områdenas behov (CNI), som registren inte innehåller.",
)
_NAMES = MappingProxyType(
    {
        "plan": LocalisedText(en="The plan by areas", sv="Planen efter område"),
        "strata_plan": LocalisedText(en="The plan by groups within areas", sv="Planen efter grupper inom områden"),
        "group_plan": LocalisedText(
            en="The plan by groups of the whole municipality", sv="Planen efter grupper i hela kommunen"
        ),
    }
)


@checked
def plan(data: StudyData, area_results: AreaResults | Omission) -> Plans:
    """Plan for the condition's programmes within the budget and rules of the settings.

    Groups of the whole municipality live in areas of all needs: what is declared by need holds for them on average, and
    neither equity weights nor floors concern them.

    Parameters
    ----------
    data
        What `prepare` returned.
    area_results
        What `estimate_area_results` returned.

    Returns
    -------
    Plans
        By whole areas, by groups within areas and by groups of the whole municipality; where there is none, why; and
        the first beside the scenarios of the settings.

    Raises
    ------
    DesignError
        If the budget is below the cost of the cheapest whole unit, or a scenario cannot be planned.

    Examples
    --------
    >>> plans = plan(data, area_results)
    >>> plans.areas.budget_sek, [omission.part for omission in plans.omissions]
    (2000000.0, ['strata_plan'])
    """
    if data.target.nobody is not None:
        return _no_plans(data.target.nobody)
    if isinstance(area_results, Omission):
        return _no_plans(area_results.reason)
    if not data.condition.programmes:
        return _no_plans(_NO_PROGRAMME)
    scenario = data.settings.plan_of(data.condition.programmes)
    by_area = _plan(data, "plan", area_results.estimates.units(), scenario)
    return Plans(
        areas=by_area,
        strata=_plan(data, "strata_plan", area_results.strata, scenario),
        groups=_plan_groups(data, area_results.groups, scenario),
        scenarios=_scenarios(data, area_results.estimates, by_area),
    )


def _no_plans(reason: LocalisedText) -> Plans:
    areas, strata, groups = (Omission(part=part, reason=reason) for part in _NAMES)
    return Plans(areas=areas, strata=strata, groups=groups)


def _plan(data: StudyData, part: str, units: Units | Omission, scenario: Scenario) -> Plan | Omission:
    """Plan among areas or groups within them, which have a care need and a municipality where these are known."""
    if isinstance(units, Omission):
        return units
    care_need = data.target.care_need
    by_need = any(isinstance(each.reach, tuple) for each in scenario.programmes)
    if by_need and care_need is None:
        return _missing(part, _NO_NEED)
    if not _can_tell(scenario, units):
        return _missing(part, _NO_SUCH_UNITS)
    municipalities = data.source.municipalities
    return plan_scenario(units, scenario, care_need=care_need, municipalities=municipalities, seed=data.settings.seed)


def _plan_groups(data: StudyData, groups: Units | Omission, scenario: Scenario) -> Plan | Omission:
    if isinstance(groups, Omission):
        return groups
    programmes = tuple(replace(each, reach=each.mean_reach) for each in scenario.programmes)
    across = replace(scenario, programmes=programmes, equity_weights=None, floors=())
    if not _can_tell(across, groups):
        return _missing("group_plan", _NO_SUCH_UNITS)
    try:
        return plan_scenario(groups, across, care_need=None, municipalities=None, seed=data.settings.seed)
    except DesignError:
        return _NO_GROUP_FITS


def _scenarios(data: StudyData, areas: AreaEstimates, by_area: Plan | Omission) -> Scenarios | None:
    """Set the plan by whole areas beside the scenarios of the settings."""
    if not data.settings.scenarios or isinstance(by_area, Omission):
        return None
    wanted = [by_area.scenario, *data.settings.scenarios]
    beside = {"care_need": data.target.care_need, "municipalities": data.source.municipalities}
    return scenarios(areas, wanted, **beside, seed=data.settings.seed)


def _can_tell(scenario: Scenario, units: Units) -> bool:
    """Whether units have the columns that say whom programmes are for."""
    return all(column in units.units.columns for each in scenario.programmes for column, _ in each.eligible)


def _missing(part: str, reason: LocalisedText) -> Omission:
    name = _NAMES[part]
    return Omission(part=part, reason=LocalisedText(en=f"{name.en} {reason.en}", sv=f"{name.sv} {reason.sv}"))
