"""A whole study: what was asked, of which data, and every answer; it holds rows of persons in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Condition, LocalisedText, Settings
from riskstrat.disclosure import CellNoise, Disclosure
from riskstrat.records.area_results import AreaResults
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.evaluation import Evaluation
from riskstrat.records.explanation import Explanation, Interpretation
from riskstrat.records.follow_up import FollowUp
from riskstrat.records.incidence import Incidence
from riskstrat.records.model import RiskModel, digest_of
from riskstrat.records.omission import Omission
from riskstrat.records.partition import Partition
from riskstrat.records.plan import Plan, Scenarios
from riskstrat.records.projection import Projection
from riskstrat.records.validation import Validation


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Where the data came from: the register folder, digest and last day of the data.

    ``coverage`` has register, coverage_start, coverage_end, delay_days, source; ``refused`` (table, rule, rows) what
    was rejected because it breaks the contract; ``area_names`` has area_id, name and ``municipalities`` area_id,
    municipality; ``geometry`` is GeoJSON of the areas; ``invented`` whether nobody in them exists.
    """

    name: str
    fingerprint: str
    data_end: date
    coverage: pl.DataFrame = field(repr=False)
    refused: pl.DataFrame = field(repr=False)
    invented: bool = False
    area_names: pl.DataFrame | None = field(default=None, repr=False)
    municipalities: pl.DataFrame | None = field(default=None, repr=False)
    geometry: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Study:
    """Everything that `riskstrat.run` found.

    Attributes
    ----------
    cohort, target
        Who models are trained on, and whom planning decides for.
    partition
        Which areas are described together; ``area_id`` everywhere in the study is the unit.
    scores
        Cross-fitted scores of the candidates, as in `riskstrat.study.Comparison`.
    model, evaluation
        The chosen candidate, fitted to the whole training cohort, and tested on persons that it had not seen.
    explanation
        Contributions of the target population's features, on the model's own scale.
    interpretation
        What the model has learnt of its features: curves, ratios, which go together, how stable reasons are.
    incidence
        What happened to those who were followed: cumulative incidence by group, person-years and rates.
    target_risk
        Risk (n,) of the target population at the level of the latest period; where there are areas, by the models that
        did not see the person's area.
    area_results, plan, strata_plan, group_plan, scenarios
        By area; what a budget averts, by whole areas, by groups within them and by groups of the whole municipality;
        the plan by whole areas beside the scenarios of the settings. None where they could not be computed.
    projection
        What is to be expected in the years to come; None without a forecast of the population.
    follow_up
        Indicators of the settings: what was, is and would be expected without action.
    omissions
        What could not be done, and why.
    noise
        What protected the counts that results about groups were computed from; None where they are exact.
    """

    condition: Condition
    settings: Settings
    as_of: date
    source: Source
    cohort: Cohort
    target: Target
    partition: Partition
    scores: pl.DataFrame
    model: RiskModel
    evaluation: Evaluation
    explanation: Explanation
    target_risk: NDArray[np.float64]
    area_results: AreaResults | None
    plan: Plan | None = field(repr=False)
    strata_plan: Plan | None = field(repr=False)
    group_plan: Plan | None = field(default=None, repr=False)
    scenarios: Scenarios | None = field(default=None, repr=False)
    projection: Projection | None = field(default=None, repr=False)
    interpretation: Interpretation | None = None
    incidence: Incidence | None = None
    follow_up: tuple[FollowUp, ...] = ()
    omissions: tuple[Omission, ...] = ()
    noise: CellNoise | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"Study({self.condition.name}, as of {self.as_of}, {self.source.name}, digest {self.digest})"

    @property
    def flow(self) -> pl.DataFrame:
        """Who was left out of the training cohort, and why."""
        return self.cohort.flow

    @property
    def notes(self) -> tuple[LocalisedText, ...]:
        """What a reader should know of data and model: how far back "ever" reaches, too few persons."""
        return (*self.cohort.notes, *self.evaluation.notes)

    @property
    def performance(self) -> Validation:
        """Validation with folds by person and family."""
        return self.evaluation.checks["person"]

    @property
    def checks(self) -> Mapping[str, Validation]:
        """Validation by kind of split: ``person``, and where they are possible ``time`` and ``area``."""
        by_area = {} if self.area_results is None else {"area": self.area_results.check}
        return {**self.evaluation.checks, **by_area}

    @property
    def areas(self) -> AreaEstimates | None:
        """Risk of each area; None where there are no area results."""
        return None if self.area_results is None else self.area_results.estimates

    @property
    def disclosure(self) -> Disclosure:
        """The rule that the study is published under."""
        return self.settings.disclosure

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that name the study: model, programmes, budget, disclosure rule and partition."""
        return digest_of(
            {
                "model": self.model.digest,
                "condition": self.condition.digest,
                "settings": self.settings.digest,
                "partition": self.partition.digest,
            }
        )
