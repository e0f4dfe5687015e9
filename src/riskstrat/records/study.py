"""A whole study: what was asked, of which data, and every answer.

In: what `riskstrat.study.run` composed. Out: a frozen record; it holds rows of persons in memory and writes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, Self

import numpy as np
import polars as pl

from riskstrat.declare import Condition, Settings
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.explanation import Explanation
from riskstrat.records.plan import Plan
from riskstrat.records.validation import Validation


class Estimator(Protocol):
    """What a study needs of a fitted estimator."""

    horizon_days: int

    def fit(self, X: pl.DataFrame, y: np.ndarray, sample_weight: np.ndarray | None = None) -> Self:
        """Learn from the rows of X and their outcomes."""

    def predict_risk(self, X: pl.DataFrame) -> np.ndarray:
        """Cumulative incidence at the horizon, (n,)."""

    def contributions(self, X: pl.DataFrame) -> tuple[np.ndarray, float]:
        """Additive contributions (n, p) and their baseline, in logits."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the data came from.

    Attributes
    ----------
    name
        Name of the register folder.
    fingerprint
        Digest of the data.
    data_end
        The last day that can have been seen.
    coverage
        Frame of register, from, to, delay_days, source.
    refused
        Frame of table, rule, rows: what was rejected because it breaks the contract.
    area_names
        Frame of area_id, name; None without areas.
    geometry
        GeoJSON of the areas; None without geometry.
    """

    name: str
    fingerprint: str
    data_end: date
    coverage: pl.DataFrame = field(repr=False)
    refused: pl.DataFrame = field(repr=False)
    area_names: pl.DataFrame | None = field(default=None, repr=False)
    geometry: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Which estimator was chosen, and the cross-fitted scores that chose it."""

    chosen: str
    scores: pl.DataFrame = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Study:
    """Everything that `riskstrat.run` found.

    Attributes
    ----------
    condition, settings, as_of, source, version
        What was asked, of which data, with which version.
    cohort, target
        From whom is learnt, and on whom planning decides.
    choice
        The estimator that was chosen and why.
    model
        That estimator, fitted on the whole cohort.
    checks
        `Validation` by kind of split: ``person``, ``area``, ``time``; in each, age and sex beside it.
    splits
        Frame of split, description, shared_people, shared_families.
    explanation
        Contributions of the target population's features, on the logit scale of `model`.
    risks
        Out-of-fold risk (n,) of the cohort by kind of split: ``person``, and ``area`` where there are areas.
    target_risk
        Risk (n,) of the target population, recalibrated; by the model that did not see the person's area.
    areas, reasons, plan, strata_plan, inequality
        The answers about places; None where the registers hold no areas.
    notes
        Sentences about what could not be done, and why.
    """

    condition: Condition
    settings: Settings
    as_of: date
    source: Source
    version: str
    cohort: Cohort
    target: Target
    choice: Choice
    model: Estimator
    checks: Mapping[str, Validation]
    splits: pl.DataFrame
    explanation: Explanation
    risks: Mapping[str, np.ndarray]
    target_risk: np.ndarray
    areas: AreaEstimates | None
    reasons: pl.DataFrame | None
    inequality: pl.DataFrame | None
    plan: Plan | None
    strata_plan: Plan | None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Study({self.condition.name}, as of {self.as_of}, {self.source.name}, digest {self.digest})"

    @property
    def flow(self) -> pl.DataFrame:
        """Who was left out of the training cohort, and why."""
        return self.cohort.flow

    @property
    def performance(self) -> Validation:
        """Validation with folds by person and family."""
        return self.checks["person"]

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that name the study: condition, settings, date, data and version."""
        named = {
            "condition": self.condition.digest,
            "settings": self.settings.digest,
            "as_of": self.as_of.isoformat(),
            "data": self.source.fingerprint,
            "version": self.version,
        }
        return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:12]
