"""Whether plans can be made at all, known before anything is fitted: from people, costs and rules.

In: a condition, settings, and who would be planned for. Out: one error with everything that cannot be met, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from riskstrat.areas.forecast import groups_of_today
from riskstrat.areas.grouping import check_columns, with_band_if_needed
from riskstrat.areas.strata import SMALLEST, divide_groups
from riskstrat.declare import Condition, LocalisedText, Scenario, Settings
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import DesignError, UsageError
from riskstrat.numerics.groups import AGE_BAND, common_groups
from riskstrat.priorities.problem_checks import eligible_problems
from riskstrat.priorities.scenario_plans import impossible_scenarios
from riskstrat.records.areas import AREA, Units, unit_label
from riskstrat.records.cohort import Cohort, Target

_NOT_GROUPS = ("person_id", "family_id", "index_date")

_NO_SUCH_UNITS = LocalisedText(
    en="is missing: the programme is for some groups only, which these units do not tell apart.",
    sv="saknas: insatsen är till för vissa grupper, som de här enheterna inte skiljer ut.",
)
_NO_NEED = LocalisedText(
    en="is missing: reach is declared by the care need of areas, which the registers do not tell.",
    sv="saknas: räckvidden är angiven efter områdenas behov (CNI), som registren inte innehåller.",
)


def untold(scenario: Scenario, units: pl.DataFrame, care_need: pl.DataFrame | None) -> LocalisedText | None:
    """Say why these units cannot be planned for by a scenario whose declarations are right; None where they can."""
    if care_need is None and any(isinstance(each.reach, tuple) for each in scenario.programmes):
        return _NO_NEED
    return _NO_SUCH_UNITS if any(eligible_problems(units, scenario)) else None


def refuse_impossible_plans(
    condition: Condition,
    settings: Settings,
    cohort: Cohort,
    target: Target,
    *,
    care_need: pl.DataFrame | None,
    municipalities: pl.DataFrame | None,
    noise: CellNoise | None,
) -> None:
    """Refuse what no plan could meet, whatever the risks are: all of it in one error.

    Asked of the units that the plan will choose among, with the protected people that it will count: whole areas under
    the plan's rules and those of every scenario; where a programme is for groups that areas do not tell apart, groups
    within areas under the plan's.
    """
    people = with_band_if_needed(target.people, (AGE_BAND, *settings.strata))
    UsageError.refuse(check_columns(settings.strata, target=people))
    if not condition.programmes:
        return
    plan, rows = settings.plan_of(condition.programmes), ProtectedRows.of(target.people, noise)
    units, asked = area_units(cohort, target, rows), (plan, *settings.scenarios)
    declared = [*eligible_problems(people.drop(_NOT_GROUPS, strict=False), plan)]
    if untold(plan, units, care_need) is not None:
        units, asked = _strata(units, people, settings.strata, rows), (plan,)
    found: list[UsageError | DesignError] = [UsageError(*declared)] if declared else []
    if units.height and untold(plan, units, care_need) is None:
        beside = {"care_need": care_need, "municipalities": municipalities}
        found.extend(impossible_scenarios(_with_any_cases(units), asked, **beside))
    kind = UsageError if any(isinstance(error, UsageError) for error in found) else DesignError
    kind.refuse(dict.fromkeys(problem for error in found for problem in error.problems))


def area_units(cohort: Cohort, target: Target, rows: ProtectedRows) -> pl.DataFrame:
    """Count the people of each area as its estimate will: unit, area_id, people."""
    labels, (_, area) = common_groups((AREA,), cohort.people, target.people)
    present, people = groups_of_today(rows, area, labels.height, cohort.disclosure.min_people)
    return labels.select(unit_label((AREA,)), AREA, people=pl.Series(people)).filter(present)


def _strata(areas: pl.DataFrame, people: pl.DataFrame, by: Sequence[str], rows: ProtectedRows) -> pl.DataFrame:
    """Count the people of the groups within areas; none where no group is large enough, which the study will say."""
    try:
        return divide_groups(areas.select(AREA), people, by, rows, SMALLEST).units
    except DesignError:
        return areas.clear()


def _with_any_cases(units: pl.DataFrame) -> Units:
    """Let everybody be a case: what can be done within the limits does not depend on it."""
    nobody = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
    return Units(units=units, cases_draws=units["people"].cast(pl.Float64).to_numpy()[np.newaxis], left_out=nobody)
