"""Features and an outcome array in, the Fine-Gray model of the subdistribution hazard out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, UsageError
from riskstrat.estimators.hazards import HazardModel, follow_up_problems, refuse_separation
from riskstrat.estimators.linear import LinearLink
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.sample import Training, effective, refuse_lost, refuse_too_few
from riskstrat.incidence import COMPETING, OUTCOME, OutcomeArray, outcome_within, status_known
from riskstrat.incidence.censoring import entered_before, rows_of_groups, still_followed
from riskstrat.incidence.life_table import life_tables
from riskstrat.incidence.outcome import tie_times
from riskstrat.numerics.groups import number_groups
from riskstrat.numerics.partial_likelihood import Lingering, event_times, fit_hazards, group_scores, risk_sets
from riskstrat.numerics.ties import tied_times

Floats = NDArray[np.float64]


class FineGray(LinearLink, HazardModel):
    """Proportional subdistribution hazards (Fine and Gray 1999): covariates act on the cumulative incidence itself.

    Who had the competing event stays in the risk sets with weight G(t-) / G(T-), the probability of being followed
    beyond T (the day of that event) until t: exactly 1 where nobody is censored. G is the Kaplan-Meier of censoring
    within `strata` of the fit, and each stratum's weights follow its own curve at every event time, of whatever
    stratum. With `entry` the weight is also divided and multiplied by H, the probability of having entered (Geskus
    2011). R's ``finegray`` and ``coxph`` take Efron's ties, ``crr`` takes Breslow's.

    A model of the outcome says nothing about the competing death. One fitted to exchanged events would not know of
    this one: the two risks of a person may add up to more than 1. `Cox` has no such trouble.

    Parameters
    ----------
    horizon_days
        End of the time at risk in days.
    penalty
        Precision of a normal prior on standardised coefficients; 0 for none.
    ties
        ``"efron"`` or ``"breslow"``.
    curved
        Whether age enters as a spline and skewed columns as log(1 + x), as in `Logistic`; else every column as it is.
    missing, random_state
        As in `Logistic`.
    age, sex
        Names of those columns.

    Attributes
    ----------
    coefficients_
        Frame of feature (term), coefficient (log subdistribution hazard ratio per unit) and standard_error, robust by
        person or family with the weights taken as known: those of R's ``coxph`` with a cluster, not of ``crr``, whose
        sandwich adds what estimating G costs.
    baseline_days_, baseline_hazard_
        Days of events, and the cumulative subdistribution hazard after each at the mean of every term.

    Examples
    --------
    >>> import polars as pl
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"visits": [0, 1, 0, 3, 0, 2, 1, 0] * 10})
    >>> y = outcome_array([0, 1, 2, 1, 0, 1, 0, 0, 1, 2] * 8, [365.0, 200.0, 90.0, 30.0, 365.0] * 16)
    >>> model = FineGray(horizon_days=365).fit(X, y)
    >>> model.predict_cumulative_incidence(pl.DataFrame({"visits": [0, 3]}), [180, 365]).shape
    (2, 2)
    """

    ratio_kind = "subdistribution_hazard_ratio"
    standard_errors_ = (
        "robust by person or family, censoring weights taken as known (R: coxph of finegray with cluster; not crr)"
    )

    def predict_cumulative_incidence(self, X: Features, times: npt.ArrayLike, event: int = 1) -> Floats:
        """As for every estimator, for the outcome alone, at any time within the follow-up of the fit."""
        relative = np.exp(self._linear(self._values(X)) - self.intercept_)
        days, at = tied_times(self.baseline_days_, self._check_times(times, event))
        hazard = np.r_[0.0, self.baseline_hazard_][np.searchsorted(days, at, side="right")]
        return np.asarray(-np.expm1(-relative[:, None] * hazard), dtype=np.float64)

    def _fit_to(self, training: Training) -> None:
        self._check_parameters()
        counted = np.flatnonzero(training.weight > 0)
        y, (horizon, entry) = tie_times(training.outcome[counted], self.horizon_days, training.entry[counted])
        refuse_lost(y, entry, float(horizon))
        refuse_too_few(outcome_within(y, float(horizon))[status_known(y, float(horizon))])
        values, weight = training.values[counted], training.weight[counted]
        event, duration = y["event"] == OUTCOME, y["duration_days"]
        strata = number_groups(training.strata, len(training.weight))[0][counted]
        lingering = list(weights_after_death(y, entry, weight, strata, event_times(event, duration)))
        self._prepare(values)
        design = self._standardised(values)
        sets = risk_sets(event, duration, entry, effective(weight), lingering=lingering, ties=self.ties)
        fit = fit_hazards(design, sets, self.penalty)
        refuse_separation([term.label for term in self.terms_], fit)
        pull = group_scores(design, sets, fit.coefficients, np.unique(training.group[counted], return_inverse=True)[1])
        self.coef_ = fit.coefficients / self.scale_
        self.standard_error_ = np.linalg.norm(pull @ fit.inverse_information, axis=0) / self.scale_
        self.baseline_days_, self.baseline_hazard_ = sets.times, np.cumsum(fit.hazard)
        self.last_day_ = max(float(duration.max()), self.horizon_days)
        self.intercept_ = float(np.log(self.baseline_hazard_[np.searchsorted(sets.times, horizon, side="right") - 1]))

    def _check_times(self, times: npt.ArrayLike, event: int) -> Floats:
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        UsageError.refuse(self._problems(at, event))
        return at

    def _problems(self, at: Floats, event: int) -> Iterator[Problem]:
        if event != OUTCOME:
            yield Problem(
                f"event {event}",
                f"event {OUTCOME}: a Fine-Gray model knows of the one event that it was fitted to",
                "use Cox, or fit another one to exchanged events, whose risks may add up above 1 with these",
            )
        yield from follow_up_problems(at, self.last_day_)


def weights_after_death(
    y: OutcomeArray, entry: Floats, weight: Floats, strata: NDArray[np.intp], times: Floats
) -> Iterator[Lingering]:
    """Yield who stays after the competing event by stratum: G(t-) H(t-), divided by their product on its own day."""
    groups = int(strata.max()) + 1
    tables = life_tables(y, strata, groups, weight, entry)
    for rows, table in zip(rows_of_groups(strata, groups), tables, strict=True):
        gone = rows[y["event"][rows] == COMPETING]
        if table is None or not len(gone):
            continue
        days = np.r_[y["duration_days"][gone], times]
        share = still_followed(table, days)
        share *= entered_before(entry[rows], y["duration_days"][rows], weight[rows], days)
        own, later = np.split(share, [len(gone)])
        _check_observed(own)
        yield Lingering(rows=gone, share=later, own=own)


def _check_observed(own: Floats) -> None:
    if (own <= 0).any():
        raise DesignError(
            Problem(
                "competing events before a day at which everybody under observation had just entered",
                "somebody under observation throughout, so that late entry can be weighted for",
                "leave out the first days after the index, where hardly anybody is under observation",
            )
        )
