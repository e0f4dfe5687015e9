"""A fitted model together with the recalibration of its risks.

In: X. Out: recalibrated risks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.numerics.links import Link
from riskstrat.recalibration.values import RecalibratedLink, Recalibration


class Predictor(Protocol):
    """What a model needs in order to be recalibrated."""

    @property
    def link(self) -> Link:
        """Scale on which the model is additive."""

    def predict_risk(self, X: pl.DataFrame) -> NDArray[np.float64]:
        """Risk at the horizon, (n,)."""


Fitted_co = TypeVar("Fitted_co", bound=Predictor, covariant=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class RecalibratedModel(Generic[Fitted_co]):
    """A model and its own recalibration: one of these a fold is what area results are made from.

    Attributes
    ----------
    estimator
        The fitted model; its contributions add up to *its* risks, on its link.
    recalibration
        What moves its risks; estimated without the rows that this model may judge, except for the common level.
    """

    estimator: Fitted_co
    recalibration: Recalibration

    @property
    def link(self) -> RecalibratedLink:
        """From the model's linear predictor to the recalibrated risk."""
        return RecalibratedLink(link=self.estimator.link, recalibration=self.recalibration)

    def predict_risk(self, X: pl.DataFrame) -> NDArray[np.float64]:
        """Recalibrated risk at the horizon, (n,), of features with one row a person and index date."""
        return self.recalibration.apply(self.estimator.predict_risk(X))
