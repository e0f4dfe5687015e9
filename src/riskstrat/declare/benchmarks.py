"""Published scores that a model is compared with.

In: declarations. Out: the features that a score reads, and its expression over their columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import polars as pl
from pydantic.dataclasses import dataclass

from riskstrat.codes import RiskRegion, score2
from riskstrat.declare.base import CONFIG, Declaration, LocalisedText, Name
from riskstrat.declare.features import Age, Feature, Sex, expanded


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class PublishedScore(Declaration, ABC):
    """A published score that a model must do better than; of it only the order of persons is judged.

    Parameters
    ----------
    name
        Lower-case name, in tables.
    title
        What a report calls it.

    Examples
    --------
    >>> from riskstrat import conditions
    >>> [one.name for one in conditions.load("frailty").benchmarks]
    ['hfrs']
    """

    name: Name
    title: LocalisedText

    @property
    @abstractmethod
    def inputs(self) -> tuple[Feature, ...]:
        """The features that the score reads, of one window each; none of them need be a feature of the model."""

    @abstractmethod
    def value(self) -> pl.Expr:
        """Score of each row of X: higher means more risk, null where an input is not known."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of X that the score reads."""
        return tuple(feature.column for feature in expanded(self.inputs))


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class FeatureScore(PublishedScore):
    """A published score that is a feature: HFRS, Charlson, or any single number.

    Parameters
    ----------
    feature
        The feature, of one window.

    Examples
    --------
    >>> from riskstrat.declare import Score
    >>> points = Score(register="diagnoses", score="hfrs", within="2y", settings=("inpatient",))
    >>> title = LocalisedText(en="Hospital Frailty Risk Score", sv="Hospital Frailty Risk Score")
    >>> FeatureScore(name="hfrs", title=title, feature=points).columns
    ('hfrs_diagnoses_inpatient_2y',)
    """

    feature: Feature

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """The feature itself."""
        return (self.feature,)

    def value(self) -> pl.Expr:
        """Give the feature's column."""
        return pl.col(self.columns[0])


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Score2(PublishedScore):
    """SCORE2, from 70 years SCORE2-OP: ten-year risk of a first cardiovascular event by age, sex and measured factors.

    Its risks are of ten years and of other events than a condition's, so that only its order is compared. Diabetes
    has the published coefficient; the charts are for people without it. See `riskstrat.codes.score2`.

    Parameters
    ----------
    smoking, diabetes
        1 or true for current smokers, and for people with diabetes.
    systolic, cholesterol_total, cholesterol_hdl
        In mmHg and mmol/l.
    region
        Risk region of the country.

    Examples
    --------
    >>> from riskstrat.declare import Ever, Latest
    >>> inputs = {
    ...     name: Latest(register="measurements", codes=code, within="3y")
    ...     for name, code in {
    ...         "smoking": "smoking", "systolic": "systolic_mmhg", "cholesterol_total": "cholesterol_total_mmol_l",
    ...         "cholesterol_hdl": "cholesterol_hdl_mmol_l"}.items()
    ... }
    >>> diabetes = Ever(register="diagnoses", codes="diabetes", within="5y")
    >>> score = Score2(name="score2", title=LocalisedText(en="SCORE2", sv="SCORE2"), diabetes=diabetes, **inputs)
    >>> score.columns[:3]
    ('age_years', 'sex_male', 'latest_measurements_smoking_3y')
    """

    smoking: Feature
    diabetes: Feature
    systolic: Feature
    cholesterol_total: Feature
    cholesterol_hdl: Feature
    region: RiskRegion = "moderate"

    @property
    def inputs(self) -> tuple[Feature, ...]:
        """Age, sex and the five features."""
        measured = (self.systolic, self.cholesterol_total, self.cholesterol_hdl)
        return (Age(), Sex(), self.smoking, self.diabetes, *measured)

    def value(self) -> pl.Expr:
        """Give the ten-year risk, null where something is not known or the age is outside 40 to 89."""
        age, male, *others = (pl.col(column) for column in self.columns)
        smoker, diabetes, systolic, total, hdl = others
        return score2(
            age_years=age,
            sex=pl.when(male == 1).then(pl.lit("male")).when(male == 0).then(pl.lit("female")),
            smoker=smoker,
            diabetes=diabetes,
            systolic_mmhg=systolic,
            cholesterol_total_mmol_l=total,
            cholesterol_hdl_mmol_l=hdl,
            region=self.region,
        )
