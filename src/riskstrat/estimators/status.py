"""Models of the status at a horizon: labels with censoring weights in, one cumulative incidence out."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.sample import Sample, Training, labelled_sample
from riskstrat.incidence import OUTCOME
from riskstrat.numerics.blocks import row_blocks
from riskstrat.numerics.links import LOGIT, Link
from riskstrat.numerics.threads import one_thread


class StatusEstimator(RiskEstimator, abstract=True):
    """A direct model of the cumulative incidence at a horizon, the competing death respected.

    The label is the outcome within the horizon. Rows whose status at the horizon is known are weighted by the inverse
    probability of being followed, so that they represent those who were censored; a competing death is a known status
    without the outcome (inverse probability of censoring weighting; Robins and Rotnitzky 1992).
    """

    @property
    def link(self) -> Link:
        """The logit."""
        return LOGIT

    def predict_cumulative_incidence(self, X: Features, times: npt.ArrayLike, event: int = 1) -> NDArray[np.float64]:
        """As for every estimator, for the outcome at the horizon alone; another time or event is a UsageError."""
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        if event != OUTCOME or not (at == self.horizon_days).all():
            raise UsageError(
                Problem(
                    f"event {event} on day {', '.join(f'{time:g}' for time in at[:5])}",
                    f"event {OUTCOME} at the horizon of {number_of(self.horizon_days, 'day')}, the only one that a "
                    "model of the status at a horizon knows",
                    f"fit a {type(self).__name__} with the horizon that you need",
                )
            )
        values = self._values(X)
        risk = np.empty(len(values))
        with one_thread():
            for rows in row_blocks(len(values)):
                risk[rows] = self._risk(values[rows])
        return np.repeat(risk[:, None], len(at), axis=1)

    def _fit_to(self, training: Training) -> None:
        if training.entry.any():
            raise DesignError(
                Problem(
                    "index dates of persons who entered late",
                    "everybody under observation from the index date: who had the outcome before could not "
                    "enter, so that the status at a horizon cannot be modelled",
                    "use a population without late_entry",
                )
            )
        counted = training.weight > 0
        sample = labelled_sample(training, self.horizon_days)
        self._prepare(training.values if counted.all() else training.values[counted])
        self._learn(sample)

    def _prepare(self, values: NDArray[np.float32]) -> None:
        """Look at the features of all rows that count, before their outcomes."""

    @abstractmethod
    def _learn(self, sample: Sample) -> None:
        """Fit the model to rows with known status."""

    @abstractmethod
    def _risk(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Predict for one block of rows."""


class LogitEstimator(StatusEstimator, abstract=True):
    """A model of the status at a horizon whose log odds are a sum of contributions."""

    def decision_function(self, X: Features) -> NDArray[np.float64]:
        """Log odds of the outcome at the horizon, shape (n,)."""
        values = self._values(X)
        return np.concatenate([self._log_odds(values[rows]) for rows in row_blocks(len(values))] or [np.empty(0)])

    @abstractmethod
    def contributions(self, X: Features) -> tuple[NDArray[np.float64], float]:
        """Explain the log odds of each row by the features."""

    @abstractmethod
    def _log_odds(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log odds of one block of rows."""

    def _risk(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        return self.link.inverse(self._log_odds(values))
