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
from riskstrat.records.areas import AREA, AreaEstimates, Units
from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan, Plans, Scenarios
from riskstrat.study.data import StudyData
from riskstrat.study.feasibility import untold

_NO_PROGRAMME = LocalisedText(
    en="There is no plan: the condition declares no programme.", sv="Det finns ingen plan: ingen insats är angiven."
)
_NONE_FITS = LocalisedText(
    en="is missing: no choice of groups that are large enough keeps to the budget, the staff and the floors.",
    sv="saknas: inget val av tillräckligt stora grupper ryms i budget, bemanning och lägstanivåer.",
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
    UsageError, DesignError
        If a plan or scenario by whole areas cannot be made, which `prepare` already refuses.

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
        groups=_plan(data, "group_plan", area_results.groups, _across(scenario)),
        scenarios=_scenarios(data, area_results.estimates, by_area),
    )


def _no_plans(reason: LocalisedText) -> Plans:
    areas, strata, groups = (Omission(part=part, reason=reason) for part in _NAMES)
    return Plans(areas=areas, strata=strata, groups=groups)


def _plan(data: StudyData, part: str, units: Units | Omission, scenario: Scenario) -> Plan | Omission:
    """Plan among units; those within areas have a care need and a municipality where these are known."""
    if isinstance(units, Omission):
        return units
    placed = AREA in units.units.columns
    care_need, municipalities = (data.target.care_need, data.source.municipalities) if placed else (None, None)
    if (why := untold(scenario, units.units, care_need)) is not None:
        return _missing(part, why)
    beside = {"care_need": care_need, "municipalities": municipalities}
    try:
        return plan_scenario(units, scenario, **beside, seed=data.settings.seed)
    except DesignError:
        if part == "plan":
            raise
        return _missing(part, _NONE_FITS)


def _across(scenario: Scenario) -> Scenario:
    """Leave out of a scenario what depends on where people live."""
    programmes = tuple(replace(each, reach=each.mean_reach) for each in scenario.programmes)
    return replace(scenario, programmes=programmes, equity_weights=None, floors=())


def _scenarios(data: StudyData, areas: AreaEstimates, by_area: Plan | Omission) -> Scenarios | None:
    """Set the plan by whole areas beside the scenarios of the settings."""
    if not data.settings.scenarios or isinstance(by_area, Omission):
        return None
    wanted = [by_area.scenario, *data.settings.scenarios]
    beside = {"care_need": data.target.care_need, "municipalities": data.source.municipalities}
    return scenarios(areas, wanted, **beside, seed=data.settings.seed)


def _missing(part: str, reason: LocalisedText) -> Omission:
    name = _NAMES[part]
    return Omission(part=part, reason=LocalisedText(en=f"{name.en} {reason.en}", sv=f"{name.sv} {reason.sv}"))
