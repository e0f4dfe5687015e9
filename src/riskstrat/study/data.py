"""The first step: who is at risk, what was known of them, and how models will be tested.

In: a condition, registers, an as-of date and settings. Out: `StudyData`, which every later step reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas import Neighbours
from riskstrat.cohort import NobodyEligibleError, build_cohort, target_population
from riskstrat.cohort.building import followed_population
from riskstrat.declare import Condition, Feature, LocalisedText, Settings
from riskstrat.declare.windows import OBSERVED_SHARE, OBSERVED_YEARS
from riskstrat.disclosure import CellNoise
from riskstrat.errors import UsageError
from riskstrat.errors.arguments import checked
from riskstrat.estimators import assessment_weights, build
from riskstrat.features import build_features
from riskstrat.numerics.folds import Split
from riskstrat.records.areas import AREA, MUNICIPALITY
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.partition import Partition
from riskstrat.records.study import Source
from riskstrat.registers import Registers
from riskstrat.study.comparators import benchmark_scores, care_use, other_outcomes
from riskstrat.study.feasibility import refuse_impossible_plans
from riskstrat.study.partition import (
    care_need_in_units,
    in_units,
    inhabited_areas,
    neighbours_of,
    partition_of,
    source_in_units,
    with_municipality,
)
from riskstrat.study.progress import Progress, silent
from riskstrat.study.source import care_need_index, cell_noise, source_of
from riskstrat.validation import area_folds, municipality_folds, person_folds, temporal_split
from riskstrat.validation.leaks import check_leaks


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingData:
    """What models are fitted to and tested on.

    Attributes
    ----------
    cohort, X
        Index dates whose horizon is covered, of persons who were there from the index on, with outcomes, and their
        features in the same order.
    weight
        Case weights (n,): 1, or where the outcome must be measured 1 / P(measured) and 0 for the others.
    followed
        The other index dates: the horizon is not covered, or the person entered late. Models of time learn from them
        for as long as they were seen; None where there are none, no candidate is such a model, or the outcome must be
        measured.
    scores
        Published scores (n,) by the name of the benchmark, NaN where an input is not known.
    other_outcomes
        The same index dates followed to the outcomes of `Condition.outcome_checks`, by name.

    Examples
    --------
    >>> len(data.training.weight) == data.training.X.height
    True
    """

    cohort: Cohort
    X: pl.DataFrame = field(repr=False)
    weight: NDArray[np.float64] = field(repr=False)
    followed: TrainingData | None = field(default=None, repr=False)
    scores: Mapping[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)
    other_outcomes: Mapping[str, Cohort] = field(default_factory=dict, repr=False)

    @property
    def family_id(self) -> NDArray[np.int64]:
        """Family of each row, (n,): no split divides one."""
        return self.cohort.people["family_id"].to_numpy()

    @property
    def landmark(self) -> NDArray[np.int32]:
        """Landmark of each row, (n,), within which the censoring distribution is estimated."""
        return self.cohort.people["landmark"].to_numpy()


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetData:
    """The persons for whom prevention is planned.

    Attributes
    ----------
    target, X
        Who is eligible at the as-of date, and their features in the same order; where nobody is, who was followed.
    care_need
        Frame of area_id and care_need_index, the latest that is known; None where there is none.
    nobody
        Why there is no plan, where nobody is eligible at the as-of date.
    care_use
        How often each person sought care (m,), NaN where not known; None where condition or registers do not say.

    Examples
    --------
    >>> data.target.X.height == data.target.target.people.height
    True
    """

    target: Target
    X: pl.DataFrame = field(repr=False)
    care_need: pl.DataFrame | None = field(repr=False)
    nobody: LocalisedText | None = None
    care_use: NDArray[np.float64] | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StudyData:
    """Everything that the later steps of a study read.

    Attributes
    ----------
    condition, settings, as_of, source
        What was asked, of which data.
    cohort
        Everybody who was eligible at an index date in the past, also where the horizon is not covered yet.
    training, target
        What models are fitted to and tested on, and whom they are applied to.
    families
        Factor family of each column of X.
    splits
        Training and test rows by kind of split: ``person``, ``time``, ``area`` where there are two areas or more, and
        ``municipality`` where there are two municipalities or more.
    partition
        Which areas are one unit: ``area_id`` of cohort and target, names, outlines and care need are of units. X was
        built before, with the facts of each person's own area.
    areas
        Frame of area_id, residents and, where registers tell them, name, parent_id and municipality: areas, not units.
    neighbours
        Which units border on each other; None where the settings smooth without neighbours, or there is one area.
    birth_date
        Of the training rows, (n,): ages during follow-up are counted by them.
    noise
        What protects the counts that results about groups are computed from; None where they are exact.

    Examples
    --------
    >>> sorted(data.splits)
    ['area', 'person', 'time']
    """

    condition: Condition
    settings: Settings
    as_of: date
    source: Source
    cohort: Cohort
    training: TrainingData
    target: TargetData
    families: Mapping[str, str]
    splits: Mapping[str, Split]
    partition: Partition
    areas: pl.DataFrame = field(repr=False)
    birth_date: pl.Series = field(repr=False)
    noise: CellNoise | None = None
    neighbours: Neighbours | None = field(default=None, repr=False)

    @property
    def seed(self) -> int:
        """Seed of folds by person and of the bootstrap: with noise under its secret, so that nobody can replay them.

        Where one person more gives everybody other folds, numbers of a replayed test would tell who was there.
        """
        return self.settings.seed if self.noise is None else self.noise.seed(self.settings.seed)

    def __repr__(self) -> str:
        return (
            f"StudyData({self.condition.name}, as of {self.as_of}, {self.source.name}, splits {', '.join(self.splits)})"
        )


@checked
def prepare(
    condition: Condition,
    registers: Registers,
    as_of: date,
    settings: Settings | None = None,
    *,
    partition: Partition | None = None,
    noise: CellNoise | None = None,
    progress: Progress = silent,
) -> StudyData:
    """Find who is at risk and build the features of the training cohort and of the target population.

    Parameters
    ----------
    condition
        Who is at risk of what.
    registers
        What `riskstrat.open_registers` returned.
    as_of
        The as-of date, or its ISO text: what was not known before it does not exist.
    settings
        How the study is computed; the standard settings where left out.
    partition
        An earlier one, so that editions describe the same units, or a table of one's own (`Partition.from_table`); by
        default areas that are too small to describe anybody are merged with neighbours (`riskstrat.areas`).
    noise
        What protects the counts that results are computed from; by default under the secret of the registers' holder
        (`riskstrat.files.secret.protection_secret`), as wide as the settings say.
    progress
        Called with what is being done and the share of the step that is done before it, 0 to 1.

    Returns
    -------
    StudyData
        For `compare`, `fit`, `evaluate` and `estimate_area_results`.

    Raises
    ------
    ContractError
        If the data break the contract.
    DesignError
        If nobody is eligible, there are too few outcomes, or a feature alone tells who had the outcome: a leak; or if
        no plan could keep to the budget, staff and floors of the settings or of one of the scenarios.
    UsageError
        If the condition asks for a table that is not there, settings for groups or strata by an unknown column, or
        `as_of` lies too far behind the end of the data; if areas are new or gone since the partition was made, or its
        units are too small; if a plan or scenario asks for a municipality or a group of people that is not there, which
        is told together with what no plan could keep to.

    Examples
    --------
    >>> from datetime import date
    >>> prepare(condition, registers, date(2024, 1, 1), settings)
    StudyData(frailty, as of 2024-01-01, Modellstad, splits person, time, area)
    """
    settings = settings or Settings()
    UsageError.refuse(settings.unknown_groups(condition.subgroups))
    # An unknown candidate ends it here.
    candidates = [build(each, horizon_days=condition.horizon_days) for each in settings.candidates]
    progress("finding the people at risk", 0.0)
    cohort = replace(build_cohort(condition, registers, as_of), disclosure=settings.disclosure)
    target, nobody = _target_or_followed(condition, registers, cohort)
    target = replace(target, disclosure=settings.disclosure)
    progress("building features", 0.3)
    training = training_data(cohort.direct, build_features(condition.features, cohort.direct, registers))
    check_leaks(
        training.X,
        training.cohort.outcome,
        condition.horizon_days,
        weights=training.weight if training.cohort.must_be_assessed else None,
        limit=settings.highest_single_auc,
    )
    source, areas = source_of(registers), inhabited_areas(registers, as_of)
    noise = noise or cell_noise(registers, settings.disclosure)
    units = partition_of(areas, training.cohort, target, source.geometry, partition)
    source, planned, neighbours = source_in_units(source, units), in_units(target, units), None
    if settings.smoothing == "bym2":
        neighbours = neighbours_of(source.geometry, in_units(training.cohort, units), planned)
    of_time = any(candidate.learns_from_followed for candidate in candidates)
    followed = _followed(condition, registers, in_units(cohort, units)) if of_time else None
    placed = with_municipality(training.cohort, areas)
    training = replace(
        training,
        cohort=in_units(placed, units),
        followed=followed,
        scores=benchmark_scores(condition, training.X, training.cohort, registers),
        other_outcomes=other_outcomes(condition, placed, registers),
    )
    splits = _splits(training.cohort, settings, noise)
    care_need = care_need_in_units(care_need_index(registers, as_of), areas, units)
    if nobody is None and "area" in splits:
        refuse_impossible_plans(
            condition,
            settings,
            training.cohort,
            planned,
            care_need=care_need,
            municipalities=source.municipalities,
            noise=noise,
        )
    return StudyData(
        condition=condition,
        settings=settings,
        as_of=as_of,
        source=source,
        cohort=in_units(cohort, units),
        training=training,
        target=TargetData(
            target=planned,
            X=build_features(condition.features, target, registers),
            care_need=care_need,
            nobody=nobody,
            care_use=care_use(condition, target, registers),
        ),
        families=factor_families(condition.features, training.X.columns),
        splits=splits,
        partition=units,
        areas=areas,
        birth_date=_birth_dates(training.cohort, registers),
        noise=noise,
        neighbours=neighbours,
    )


def _birth_dates(cohort: Cohort, registers: Registers) -> pl.Series:
    births = registers.births
    return births["birth_date"].gather(births["person_id"].search_sorted(cohort.people["person_id"]))


def _followed(condition: Condition, registers: Registers, cohort: Cohort) -> TrainingData | None:
    """Find the index dates that direct models must leave out, and build their features."""
    later = replace(cohort, people=cohort.people.filter(~cohort.is_direct))
    if cohort.must_be_assessed or not later.people.height:
        return None
    return training_data(later, build_features(condition.features, later, registers))


def _target_or_followed(
    condition: Condition, registers: Registers, cohort: Cohort
) -> tuple[Target, LocalisedText | None]:
    """Find the target population, or who was followed and why they stand in for it."""
    try:
        return target_population(condition, registers, cohort.as_of), None
    except NobodyEligibleError:
        return followed_population(cohort), LocalisedText(
            en=f"There is no plan: nobody is eligible on {cohort.as_of}, so nobody can be reached. Numbers of people, "
            "areas and factors are of those who were followed, each at the last index date.",
            sv=f"Det finns ingen plan: ingen ingår i målgruppen den {cohort.as_of}, så ingen kan nås. Antal personer, "
            "områden och faktorer gäller dem som följdes, var och en vid sitt sista indexdatum.",
        )


def training_data(cohort: Cohort, X: pl.DataFrame) -> TrainingData:
    """Bring together what models are fitted to, with the weights of those who were assessed."""
    if not cohort.must_be_assessed:
        return TrainingData(cohort=cohort, X=X, weight=np.ones(cohort.people.height))
    return TrainingData(cohort=cohort, X=X, weight=assessment_weights(X, cohort.people["assessed"].to_numpy()))


def factor_families(features: tuple[Feature, ...], columns: list[str]) -> Mapping[str, str]:
    """Give every column of X its factor family; what was observed of a register goes with its first feature."""
    named: dict[str, str] = {feature.column: feature.family for feature in features}
    readers = {
        "__".join(part for part in (getattr(feature, "subject", None), register, measure) if part): feature
        for feature in reversed(features)
        if (register := getattr(feature, "register", None))
        for measure in (OBSERVED_SHARE, OBSERVED_YEARS)
    }
    return {**{column: feature.family for column, feature in readers.items() if column in columns}, **named}


def _splits(cohort: Cohort, settings: Settings, noise: CellNoise | None) -> dict[str, Split]:
    people, seed = cohort.people, settings.seed if noise is None else noise.seed(settings.seed)
    splits = {
        "person": person_folds(people, settings.folds, seed),
        "time": temporal_split(people, cohort.horizon_days, settings.folds, seed),
    }
    areas = people[AREA].drop_nulls().n_unique()
    if areas >= 2:
        splits["area"] = area_folds(people, min(settings.area_folds, areas), settings.seed)
    if MUNICIPALITY in people.columns:
        splits[MUNICIPALITY] = municipality_folds(people)
    return splits
