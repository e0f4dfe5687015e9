"""Risks that a model gives for the people of today."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.records.cohort import Target


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Scores:
    """Risks of persons, in memory: they are for choosing groups.

    Attributes
    ----------
    model
        Digest of the model.
    target
        Who they are; ``target.people`` is in the order of the risks.
    risk
        Recalibrated risk of each, (n,).
    inputs
        Drift of the features from those of the fit (`riskstrat.validation.input_drift`).
    """

    model: str
    target: Target
    risk: NDArray[np.float64] = field(repr=False)
    inputs: pl.DataFrame = field(repr=False)

    def __repr__(self) -> str:
        return f"Scores({self.target.condition}, {self.target.as_of}, model {self.model}, {len(self.risk)} persons)"
