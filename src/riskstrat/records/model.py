"""A fitted model of a condition, as a value: what scoring, monitoring and a later year's follow-up need of it.

It holds no rows about persons.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, ClassVar, Final, Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Candidate, Condition, LocalisedText, Settings
from riskstrat.errors import number_of
from riskstrat.numerics.links import Link

Floats = NDArray[np.float64]


_CHANGES_NO_RISK: Final[Mapping[str, Any]] = MappingProxyType(
    {"programmes": (), "benchmarks": (), "outcome_checks": (), "sensitivities": (), "care_use": None}
)


class FittedEstimator(Protocol):
    """What a model needs of a fitted estimator."""

    horizon_days: float
    features_: tuple[str, ...]

    learns_from_followed: ClassVar[bool]

    @property
    def missing_way(self) -> str:
        """How what was not observed is treated."""

    @property
    def link(self) -> Link:
        """The scale on which contributions add up."""

    @property
    def parameters_(self) -> int:
        """Number of parameters that were fitted, at least."""

    @property
    def notes_(self) -> tuple[LocalisedText, ...]:
        """What a reader should know of the fit."""

    def predict_risk(self, X: pl.DataFrame) -> Floats:
        """Cumulative incidence at the horizon, (n,)."""

    def contributions(self, X: pl.DataFrame) -> tuple[Floats, float]:
        """Additive contributions (n, p) on the link's scale, and the baseline that they start from."""


class AppliedRecalibration(Protocol):
    """What moves predicted risks to the level of the latest period."""

    def apply(self, risk: Floats) -> Floats:
        """Recalibrated risks, (n,)."""

    def derivative(self, risk: Floats) -> Floats:
        """Change of the recalibrated risk per change of the predicted one, (n,)."""


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a model came from: only what was known before ``as_of``, name and digest of the data, version."""

    as_of: date
    registers: str
    fingerprint: str
    version: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FittedModel:
    """From features to the risk of a condition's outcome at the horizon; in memory or read from a folder.

    Attributes
    ----------
    estimator
        Fitted to the whole training cohort.
    columns, families
        Names of the columns of X, in order, and the factor family of each.
    recalibration
        Moves the estimator's risks to the level of the latest period.
    summary
        Aggregates of the training data by column, none from fewer than 100 persons: the frame that
        `riskstrat.validation.summarise_inputs` gives.
    target_summary
        The same of the people whom the study planned for: what later years are compared with.
    moved_to
        Where the model was recalibrated to after it was fitted, in order (`riskstrat.study.transport`).
    """

    condition: Condition
    estimator: FittedEstimator
    columns: tuple[str, ...]
    families: Mapping[str, str]
    recalibration: AppliedRecalibration
    summary: pl.DataFrame
    target_summary: pl.DataFrame
    provenance: Provenance
    moved_to: tuple[Provenance, ...] = ()

    def predict_risk(self, X: pl.DataFrame) -> Floats:
        """Predict the cumulative incidence at the horizon (n,), recalibrated to the latest period.

        Parameters
        ----------
        X
            Features, n rows, from `riskstrat.build_features` of the same condition.
        """
        return self.recalibration.apply(self.estimator.predict_risk(X))

    def moved(self, recalibration: AppliedRecalibration, location: Provenance) -> Self:
        """Give the same model with the recalibration that another place asks for."""
        return replace(self, recalibration=recalibration, moved_to=(*self.moved_to, location))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RiskModel(FittedModel):
    """A model that a study has fitted.

    Attributes
    ----------
    candidate
        The declared estimator that was chosen.
    settings
        Of the study.
    """

    candidate: Candidate
    settings: Settings

    def __repr__(self) -> str:
        named = f"{self.condition.name}, {self.candidate.label}, digest {self.digest}"
        return f"RiskModel({named}, {number_of(len(self.columns), 'column')})"

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that name the model: whatever changes them may change a predicted risk.

        Programmes, budget and disclosure rules do not: they are in the study's digest.
        """
        named = {
            "condition": replace(self.condition, **_CHANGES_NO_RISK).digest,
            "settings": self.settings.of_the_model.digest,
            "as_of": self.provenance.as_of.isoformat(),
            "data": self.provenance.fingerprint,
            "version": self.provenance.version,
            **{f"moved_to_{at}": f"{place.fingerprint} {place.as_of}" for at, place in enumerate(self.moved_to)},
        }
        return digest_of(named)


def digest_of(named: Mapping[str, str]) -> str:
    """Digest names and values, in whatever order they are given."""
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:12]
