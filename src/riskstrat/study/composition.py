"""The order of the stages: from registers to priorities, once.

In: a condition, registers, a date and settings. Out: a whole `Study`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from importlib.metadata import version

import numpy as np

from riskstrat.areas import recalibrate
from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import Condition, Feature, Settings
from riskstrat.errors import DesignError
from riskstrat.estimators import RiskEstimator
from riskstrat.explanation import explain
from riskstrat.features import build_features
from riskstrat.records.cohort import Cohort
from riskstrat.records.study import Choice, Study
from riskstrat.records.validation import Validation
from riskstrat.registers import Registers
from riskstrat.study.fitting import (
    BASELINE,
    GROUPS,
    Learning,
    check_on,
    choice_of,
    described,
    learning,
)
from riskstrat.study.places import AREA, Places, Planned, places
from riskstrat.study.source import care_need_index, source_of
from riskstrat.validation import Split, area_folds, person_folds, temporal_split

Progress = Callable[[str, float], None]


def _silent(_stage: str, _share: float) -> None:
    """Report nothing."""


def run(
    condition: Condition,
    registers: Registers,
    as_of: date,
    settings: Settings | None = None,
    *,
    progress: Progress = _silent,
) -> Study:
    """Go the whole way from registers to priority areas.

    Parameters
    ----------
    condition
        Who is at risk of what.
    registers
        What `riskstrat.open_registers` returned.
    as_of
        The day on which we stand: what was not known before it does not exist.
    settings
        How it is computed; the standard settings where left out.
    progress
        Called with what is being done and the share that is done before it, 0 to 1.

    Returns
    -------
    Study
        Every answer, with what it was made of.

    Raises
    ------
    ContractError
        If the data break the contract.
    DesignError
        If nobody is eligible, or there are too few outcomes.
    """
    settings = settings or Settings()
    progress("finding the people at risk", 0.02)
    whole = build_cohort(condition, registers, as_of)
    cohort = replace(whole, disclosure=settings.disclosure).covered  # all that follows is of the status at the horizon
    target = replace(target_population(condition, registers, as_of), disclosure=settings.disclosure)
    progress("building features", 0.10)
    X = build_features(condition.features, cohort, registers)
    planned = Planned(
        target=target,
        X=build_features(condition.features, target, registers),
        families=families_of(condition.features, X.columns),
        care_need=care_need_index(registers, as_of),
        programmes=condition.programmes,
    )
    progress("choosing a model", 0.25)
    data = learning(cohort, X, settings)
    splits = _splits(cohort, settings)
    everybody = np.arange(cohort.people.height)
    choice = choice_of(data, splits["person"])
    model = data.fit(choice.name)
    progress("checking it on people it has not seen", 0.45)
    checks = {
        "person": data.check(choice.risks[choice.name], choice.risks[BASELINE], everybody, GROUPS),
        **_checked_in_time(data, choice.name, splits["time"]),
    }
    progress("estimating areas and priorities", 0.70)
    found = places(data, choice.name, model, planned, splits["area"]) if "area" in splits else None
    overall = choice.risks[choice.name]
    return Study(
        condition=condition,
        settings=settings,
        as_of=as_of,
        source=source_of(registers),
        version=version("riskstrat"),
        cohort=cohort,
        target=target,
        choice=Choice(chosen=choice.name, scores=choice.table),
        model=model,
        checks=_with_area(checks, found),
        splits=described(splits, cohort),
        explanation=explain(model, planned.X, planned.families),
        risks={"person": overall, "area": found.risk} if found else {"person": overall},
        target_risk=found.target_risk
        if found
        else _level_of_today(cohort, overall, model, model.predict_risk(planned.X)),
        areas=found.areas if found else None,
        reasons=found.reasons if found else None,
        inequality=found.inequality if found else None,
        plan=found.plan if found else None,
        strata_plan=found.strata_plan if found else None,
    )


def families_of(features: tuple[Feature, ...], columns: list[str]) -> Mapping[str, str]:
    """Give every column of X its family of factors; a register's observed share goes with the first that reads it."""
    named: dict[str, str] = {feature.column: feature.family for feature in features}
    readers = {
        "__".join(part for part in (getattr(feature, "subject", None), register, "observed_share") if part): feature
        for feature in reversed(features)
        if (register := getattr(feature, "register", None))
    }
    return {**{column: feature.family for column, feature in readers.items() if column in columns}, **named}


def _splits(cohort: Cohort, settings: Settings) -> dict[str, Split]:
    splits = {
        "person": person_folds(cohort.people, settings.folds, settings.seed),
        "time": temporal_split(cohort.people, cohort.horizon_days, settings.folds, settings.seed),
    }
    areas = cohort.people[AREA].drop_nulls().n_unique()
    if areas >= 2:
        splits["area"] = area_folds(cohort.people, min(settings.area_folds, areas), settings.seed)
    return splits


def _checked_in_time(data: Learning, name: str, split: Split) -> Mapping[str, Validation]:
    """Check on the last landmark, where a whole horizon lies before it and both sides have outcomes enough."""
    try:
        return {"time": check_on(data, name, split)} if split.possible else {}
    except DesignError:
        return {}


def _with_area(checks: Mapping[str, Validation], found: Places | None) -> Mapping[str, Validation]:
    return {**checks, "area": found.check} if found else checks


def _level_of_today(cohort: Cohort, risk: np.ndarray, model: RiskEstimator, target_risk: np.ndarray) -> np.ndarray:
    """Without areas: today's risks, moved as the latest period's out-of-fold risks must be to agree with outcomes."""
    return recalibrate(cohort, risk, model.link).latest.apply(target_risk)
