"""Indicators beside a study: what was, is and would be expected without action.

In: `StudyData`, registers and plans. Out: follow-ups, from counts that are protected as the study's are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from riskstrat.declare import NetCostIndicator
from riskstrat.indicators import compare, follow
from riskstrat.records.follow_up import FollowUp
from riskstrat.records.plan import Plans
from riskstrat.registers import Registers
from riskstrat.study.data import StudyData

YEARS = 5
"""Whole years before the as-of date that are measured."""


def follow_indicators(
    data: StudyData, registers: Registers, plans: Plans, earlier: Sequence[FollowUp] = ()
) -> tuple[FollowUp, ...]:
    """Follow what the settings name, for everybody, and hold it against what earlier runs expected of the same.

    By group and from tables it is done outside a study.
    """
    years = range(data.as_of.year - YEARS, data.as_of.year)
    followed = (
        follow(
            indicator,
            plans.areas if isinstance(indicator, NetCostIndicator) else registers,
            years,
            as_of=data.as_of,
            noise=data.noise,
        )
        for indicator in data.settings.indicators
    )
    before = {each.indicator: each for each in earlier if not each.by}
    return tuple(
        replace(each, compared=compare(before[each.indicator], each)) if each.indicator in before else each
        for each in followed
    )
