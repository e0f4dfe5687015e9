"""The fifth step: where a budget averts most cases.

In: `StudyData` and `AreaResults`. Out: `Plans`, by whole areas, by groups within them and by groups across them.
"""

from __future__ import annotations

from types import MappingProxyType

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.errors import DesignError
from riskstrat.errors.arguments import checked
from riskstrat.priorities import prioritise
from riskstrat.records.area_results import AreaResults
from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plan
from riskstrat.records.plans import Plans
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
_PARTS = MappingProxyType({"areas": "plan", "strata": "strata_plan", "groups": "group_plan"})


@checked
def plan(data: StudyData, area_results: AreaResults | Omission) -> Plans:
    """Plan for the condition's first programme within the budget of the settings.

    Parameters
    ----------
    data
        What `prepare` returned.
    area_results
        What `estimate_area_results` returned.

    Returns
    -------
    Plans
        By whole areas, by groups within areas and by groups of the whole municipality; where there is none, why.

    Raises
    ------
    DesignError
        If the budget is below the cost of the cheapest whole unit.

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
    return Plans(
        areas=_plan(data, area_results.estimates, data.target.care_need),
        strata=_plan(data, area_results.strata, data.target.care_need),
        groups=_plan_groups(data, area_results.groups),
    )


def _plan_groups(data: StudyData, groups: Units | Omission) -> Plan | Omission:
    try:
        return _plan(data, groups)
    except DesignError:
        return _NO_GROUP_FITS


def _no_plans(reason: LocalisedText) -> Plans:
    return Plans(**{part: Omission(part=omitted, reason=reason) for part, omitted in _PARTS.items()})


def _plan(
    data: StudyData, units: AreaEstimates | Units | Omission, care_need: pl.DataFrame | None = None
) -> Plan | Omission:
    if isinstance(units, Omission):
        return units
    settings, programme = data.settings, data.condition.programmes[0]
    return prioritise(units, programme, settings.budget_sek, care_need=care_need, seed=settings.seed)
