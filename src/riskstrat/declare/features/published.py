"""Features by published instruments: frailty and comorbidity scores, growth references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import polars as pl
from pydantic.dataclasses import dataclass

from riskstrat.codes import ScoreName, growth_z
from riskstrat.codes import score as published_score
from riskstrat.codes.scores import DECIMALS
from riskstrat.declare.base import CONFIG, LocalisedText
from riskstrat.declare.features.base import Family
from riskstrat.declare.features.events import EventFeature, matching_codes

PLAUSIBLE_Z = 5.0
"""Measurements further than this many standard deviations from the reference are treated as errors."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Score(EventFeature):
    """A published score: the sum of points of the distinct items in the window; 0 where there is none.

    Parameters
    ----------
    score
        Name of the score, see `riskstrat.codes.scores`.
    register, codes, within, gap, settings, positions, at_least, at_most, equal_to, relative, family, label
        As in `EventFeature`; all codes by default.

    Examples
    --------
    >>> Score(register="diagnoses", score="hfrs", within="2y", settings=("inpatient",)).column
    'hfrs_diagnoses_inpatient_2y'
    """

    score: ScoreName
    codes: str = "*"

    empty: ClassVar[float | None] = 0.0
    unit: ClassVar[LocalisedText] = LocalisedText(en="points", sv="poäng")
    meaning_sv: ClassVar[str] = (
        "Ett publicerat index: summan av poängen för de olika posterna i fönstret; 0 där ingen finns."
    )

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return super().column.replace("score", self.score, 1)

    def items(self, codes: Sequence[str], prefix: bool) -> list[tuple[str, int]]:
        """Match codes with the items of the score."""
        return published_score(self.score).pairs(matching_codes(self.codes, tuple(codes), prefix))

    def row_value(self) -> pl.Expr:
        """Give the points of an item to its first row in the window."""
        points = published_score(self.score).points_of(pl.col("item"))
        return pl.when(pl.struct("window", "item").is_first_distinct()).then(points)

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Add the points and the corrections of items that replace each other, rounded against the order of adding."""
        corrections = published_score(self.score).corrections(pl.col("item"))
        return sum(corrections, start=values.sum()).round(DECIMALS)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class GrowthZ(EventFeature):
    """Standard deviation score of the last plausible measurement in the window, for age or gestation and sex.

    Measurements that the reference does not cover, or that lie more than five standard deviations from it (the limit
    of WHO's programs for body mass index), are skipped as null values are.

    Parameters
    ----------
    reference
        ``"who"`` or ``"iotf"`` for body mass index by age, ``"marsal"`` for birth weight by gestation.
    gestation
        For ``"marsal"``: the code, in the same register and on the same date, that carries gestational age in days.

    Examples
    --------
    >>> GrowthZ(register="births", codes="birth_weight_g", reference="marsal").column
    'growth_z_births_birth_weight_g_ever'
    """

    reference: Literal["who", "iotf", "marsal"]
    gestation: str = "gestation_days"
    family: Family = "growth_family"

    unit: ClassVar[LocalisedText] = LocalisedText(en="standard deviations", sv="standardavvikelser")
    meaning_sv: ClassVar[str] = (
        "Standardavvikelsepoäng för fönstrets sista rimliga mätning, för ålder eller graviditetslängd och kön."
    )

    @property
    def code_expressions(self) -> tuple[str, ...]:
        """That of the measurement and, where the reference goes by gestation, the code of its age."""
        return (self.codes, self.gestation) if self._by_gestation else (self.codes,)

    def items(self, codes: Sequence[str], prefix: bool) -> list[tuple[str, int]]:
        """Give measurements 0 and, where the reference goes by gestation, its rows 1."""
        gestation = matching_codes(self.gestation, tuple(codes), prefix) if self._by_gestation else ()
        measured = [(code, 0) for code in matching_codes(self.codes, tuple(codes), prefix) if code not in gestation]
        return sorted(measured + [(code, 1) for code in gestation])

    def row_value(self) -> pl.Expr:
        """Compare the measurement with the reference for the sex and the age, or the gestation, of its date."""
        gestation = pl.when(pl.col("item") == 1).then(pl.col("value"))
        age = gestation.last(ignore_nulls=True).over("window", "days") if self._by_gestation else pl.col("age_days")
        measured = pl.when(pl.col("item") == 0).then(pl.col("value"))
        z = growth_z(self.reference, sex=pl.col("sex"), age_days=age, value=measured)
        return pl.when(z.abs() <= PLAUSIBLE_Z).then(z)

    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Take the last score."""
        return values.last(ignore_nulls=True)

    @property
    def _by_gestation(self) -> bool:
        return self.reference == "marsal"
