"""Risks that a model gives for the people of today."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import number_of
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
        Drift of the features from those of the people whom the model's study planned for
        (`riskstrat.validation.input_drift`).

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import date
    >>> nobody = Target(condition="frailty", people=pl.DataFrame(), flow=pl.DataFrame(), as_of=date(2024, 1, 1))
    >>> Scores(model="0123456789ab", target=nobody, risk=np.empty(0), inputs=pl.DataFrame())
    Scores(frailty, 2024-01-01, model 0123456789ab, 0 persons)
    """

    model: str
    target: Target
    risk: NDArray[np.float64] = field(repr=False)
    inputs: pl.DataFrame = field(repr=False)

    def __repr__(self) -> str:
        persons = number_of(len(self.risk), "person")
        return f"Scores({self.target.condition}, {self.target.as_of}, model {self.model}, {persons})"
