"""The order of the stages: from registers to priorities, once.

In: a condition, registers, a date and settings. Out: a whole `Study`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from importlib.metadata import version

import numpy as np

from riskstrat.areas.counts import recalibrate, shifted
from riskstrat.cohort import build_cohort, target_population
from riskstrat.declare import Condition, Feature, Settings
from riskstrat.estimators import RiskEstimator
from riskstrat.explanation import explain
from riskstrat.features import build_features
from riskstrat.records.cohort import Cohort
from riskstrat.records.study import Study
from riskstrat.records.validation import Validation
from riskstrat.registers import Registers
from riskstrat.study.fitting import GROUPS, Learning, check_on, choice_of, described, learning
from riskstrat.study.places import AREA, Places, Planned, fold_of_rows, places
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
    cohort, target = build_cohort(condition, registers, as_of), target_population(condition, registers, as_of)
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
    choice = choice_of(data)
    model = data.fit(choice.chosen)
    progress("checking it on people it has not seen", 0.45)
    splits = _splits(cohort, settings)
    checks = {
        name: check_on(data, choice.chosen, split, GROUPS if name == "person" else ())
        for name, split in splits.items()
        if split.possible and name != "area"
    }
    progress("estimating areas and priorities", 0.70)
    found = places(data, choice.chosen, model, planned, splits["area"]) if "area" in splits else None
    risk = found.target_risk if found else _target_risk(data, choice.chosen, model, planned, splits["person"])
    return Study(
        condition=condition,
        settings=settings,
        as_of=as_of,
        source=source_of(registers),
        version=version("riskstrat"),
        cohort=cohort,
        target=target,
        choice=choice,
        model=model,
        checks=_with_area(checks, found),
        splits=described(splits, cohort),
        explanation=explain(model, planned.X, planned.families),
        target_risk=risk,
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
        "__".join(part for part in (getattr(feature, "relative", None), register, "observed_share") if part): feature
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


def _with_area(checks: Mapping[str, Validation], found: Places | None) -> Mapping[str, Validation]:
    return {**checks, "area": found.check} if found else checks


def _target_risk(data: Learning, name: str, model: RiskEstimator, planned: Planned, split: Split) -> np.ndarray:
    """Without areas: today's risks by the model of everybody, at the level of the latest landmark."""
    folds = fold_of_rows(split, data.cohort.people.height)
    agreed = recalibrate(data.cohort, data.fit_without_each(name, folds).risk)
    return shifted(model.predict_risk(planned.X), agreed.target_shift)
