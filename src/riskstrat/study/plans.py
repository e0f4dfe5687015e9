"""The fifth step: where a budget averts most cases.

In: `StudyData` and `AreaResults`. Out: `Plans`, by whole areas and by groups within them.
"""

from __future__ import annotations

from riskstrat.declare import LocalisedText
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
        By whole areas and by groups within areas; where there is none, why.

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
    if isinstance(area_results, Omission) or data.target.nobody or not data.condition.programmes:
        of_areas = area_results.reason if isinstance(area_results, Omission) else _NO_PROGRAMME
        reason = data.target.nobody or of_areas
        return Plans(areas=_omitted("plan", reason), strata=_omitted("strata_plan", reason))
    strata = area_results.strata
    by_strata = _omitted("strata_plan", strata.reason) if isinstance(strata, Omission) else _plan(data, strata)
    return Plans(areas=_plan(data, area_results.estimates), strata=by_strata)


def _plan(data: StudyData, units: AreaEstimates | Units) -> Plan:
    settings, programme = data.settings, data.condition.programmes[0]
    return prioritise(units, programme, settings.budget_sek, care_need=data.target.care_need, seed=settings.seed)


def _omitted(part: str, reason: LocalisedText) -> Omission:
    return Omission(part=part, reason=reason)
