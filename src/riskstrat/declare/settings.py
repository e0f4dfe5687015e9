"""Settings of a study: everything that changes its numbers and is not part of the condition."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, InstanceOf, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration
from riskstrat.declare.candidates import Candidate
from riskstrat.declare.indicators import NetCostIndicator, RegisterIndicator
from riskstrat.declare.levels import Level
from riskstrat.declare.programme import EquityWeights, Floors, Programme, Scenario
from riskstrat.declare.subgroups import Subgroup
from riskstrat.disclosure import PRESETS, Disclosure
from riskstrat.errors import Problem, repeated, unknown


def _by_label(candidate: object) -> object:
    return Candidate.parse(candidate) if isinstance(candidate, str) else candidate


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Settings(Declaration):
    """How a study is computed; part of its digest.

    Parameters
    ----------
    candidates
        Estimators to choose among by cross-fitted Brier score, no two alike, or their labels (``"Logistic"``); `AgeSex`
        is always beside them.
    folds
        Folds by person and family.
    area_folds
        Clusters of areas, each predicted by a model that has not seen it.
    bootstrap_draws
        Draws behind the intervals of the validation: 1,000 where they are published; 200 are enough to explore.
    posterior_draws
        Draws from the posterior of the areas, which every number about areas comes from.
    reason_refits
        How often the model is fitted again, to families of persons drawn anew, to see how stable the reasons of areas
        are; 0 leaves it out. A model that is not linear has `Logistic` in its place. 50 tell enough.
    sensitivities
        Whether areas are estimated again without the features that the condition's sensitivities name: a fit of every
        fold of areas for each, a quarter more time with linear models.
    budget_sek
        What the plan may cost.
    staff_hours, equity_weights, floors
        Hours of staff that the plan may take, what an averted case counts for by quintile of need, and the least kronor
        to be spent in a municipality, as in `Scenario`; none where left out.
    scenarios
        Other ways to plan by whole areas, told beside the plan in pairs.
    strata
        Groups within areas that a plan may also choose among, columns of the target population.
    groups
        Crosses of columns by which people are told of wherever they live: of ``sex``, ``age_band``, ``birth_region``
        and the condition's subgroups. Subgroups of persons, such as quintiles of income, always are, each alone.
    levels
        Larger groups that results are told for beside areas (`Level`); by default all that the registers tell.
    min_count, rounding
        Counts below `min_count` are not shown; the others are rounded to this base.
    protection, noise
        How counts are protected, and the largest noise of a count (`riskstrat.disclosure.Disclosure`).
    min_people, min_expected, max_share
        The fewest people of today and expected cases of an area that is described on its own, and the largest share of
        a group that may be in one sensitive category. With ``protection="none"`` nothing is asked for.
    recalibration
        What moves the risks of a model before they are counted with: the level of each period alone, or first the
        slope or an isotonic curve, each fold's from the other folds (`riskstrat.recalibration`).
    smoothing
        What an area's ratio of observed to expected outcomes is drawn towards: ``gamma`` the municipality's, ``bym2``
        also those of the areas that it borders on, which needs their outlines (`riskstrat.areas.smooth`).
    indicators
        What is followed every year beside the study, for everybody and the last five whole years: indicators counted in
        the registers, and the net cost of the plan. `riskstrat.indicators.follow` does so by group and from tables.
    highest_single_auc
        What no feature may reach alone: one that separates those with the outcome better than this is a leak and ends
        the study.
    seed
        Seed of everything that is drawn.

    Examples
    --------
    >>> Settings(candidates=("Logistic", "Boosting(max_leaf_nodes=4)")).candidates
    (Candidate('Logistic'), Candidate('Boosting', max_leaf_nodes=4))
    >>> Settings(budget_sek=500_000).digest == Settings(budget_sek=500_000.0).digest
    True
    """

    candidates: Annotated[
        tuple[Annotated[InstanceOf[Candidate], BeforeValidator(_by_label)], ...], Field(min_length=1)
    ] = (
        Candidate("Logistic"),
        Candidate("Boosting"),
    )
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    area_folds: Annotated[int, Field(ge=2, le=50)] = 10
    bootstrap_draws: Annotated[int, Field(ge=50, le=5_000)] = 1_000
    posterior_draws: Annotated[int, Field(ge=500, le=20_000)] = 2_000
    reason_refits: Annotated[int, Field(ge=0, le=1_000)] = 0
    sensitivities: bool = False
    budget_sek: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] = 2_000_000.0
    staff_hours: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] | None = None
    equity_weights: EquityWeights | None = None
    floors: Floors = ()
    scenarios: tuple[Scenario, ...] = ()
    strata: tuple[str, ...] = ("area_id", "sex", "age_band")
    groups: tuple[Annotated[tuple[str, ...], Field(min_length=1)], ...] = (("sex", "age_band"),)
    levels: tuple[Level, ...] | None = None
    min_count: Annotated[int, Field(ge=1, le=50)] = 5
    rounding: Literal[1, 5, 10] = 5
    protection: Literal["noise", "suppression", "none"] = "noise"
    noise: Annotated[int, Field(ge=4, le=30)] = 6
    min_people: Annotated[int, Field(ge=5, le=1_000)] = 20
    min_expected: Annotated[float, Field(ge=0.0, le=1_000.0)] = 4.0
    max_share: Annotated[float, Field(gt=0.5, le=1.0)] = 0.9
    recalibration: Literal["in_the_large", "slope", "isotonic"] = "in_the_large"
    smoothing: Literal["gamma", "bym2"] = "gamma"
    indicators: tuple[RegisterIndicator | NetCostIndicator, ...] = ()
    highest_single_auc: Annotated[float, Field(gt=0.5, le=1.0)] = 0.95
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _no_two_alike(self) -> Self:
        if len(set(self.candidates)) < len(self.candidates):
            raise ValueError("candidates must differ in kind or parameters")
        if repeated(["plan", *(scenario.name for scenario in self.scenarios)]):
            raise ValueError("scenarios must have different names, and none is called plan")
        rules = [
            ("plan", self.floors, self.budget_sek),
            *((one.name, one.floors, one.budget_sek) for one in self.scenarios),
        ]
        if above := [name for name, floors, budget in rules if sum(amount for _, amount in floors) > budget]:
            raise ValueError(f"floors add up to more than the budget: {', '.join(above)}")
        if any(map(repeated, self.groups)):
            raise ValueError("a cross of groups names a column twice")
        for what, several in (("indicators", self.indicators), ("levels", self.levels or ())):
            names = [each.name for each in several]
            if repeated(names):
                raise ValueError(f"{what} must have names of their own: {', '.join(names)}")
        self.disclosure  # noqa: B018 -- a rule that contradicts itself is refused here
        return self

    @property
    def of_the_model(self) -> Settings:
        """The same settings with the usual value of each that changes no predicted risk."""
        return Settings(candidates=self.candidates, folds=self.folds, recalibration=self.recalibration, seed=self.seed)

    def unknown_groups(self, subgroups: Iterable[Subgroup]) -> list[Problem]:
        """List the columns of `groups` that people of a condition with these subgroups do not have."""
        known = ("sex", "age_band", "birth_region", *(one.name for one in subgroups))
        named = dict.fromkeys(name for by in self.groups for name in by if name not in known)
        return [unknown("column of people", name, known, table="settings", column="groups") for name in named]

    def plan_of(self, programmes: tuple[Programme, ...]) -> Scenario:
        """Give the scenario of the plan itself: these programmes under the budget and rules of the settings."""
        rules = {name: getattr(self, name) for name in ("budget_sek", "staff_hours", "equity_weights", "floors")}
        return Scenario(name="plan", programmes=programmes, **rules)

    @property
    def disclosure(self) -> Disclosure:
        """The rule that everything of the study is shown and published under."""
        if self.protection == "none":
            return PRESETS["none"]
        names = ("min_count", "rounding", "protection", "noise", "min_people", "min_expected", "max_share")
        return Disclosure(**{name: getattr(self, name) for name in names})
