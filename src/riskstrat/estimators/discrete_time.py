"""Features and an outcome array in, a classifier of what happens in each period out: risks at several horizons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.metaestimators import available_if

from riskstrat.errors import ContractError, DesignError, Problem, UsageError
from riskstrat.estimators.imputation import IMPUTED, INDICATOR, NATIVE
from riskstrat.estimators.linear import LinearPredictor
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.path_integrated import on_link
from riskstrat.estimators.person_periods import hazard_of, incidence_gradient, incidence_of, person_periods
from riskstrat.estimators.sample import Training, effective, refuse_lost, refuse_too_few
from riskstrat.estimators.weighted import fit_with_weights
from riskstrat.incidence import COMPETING, OUTCOME, outcome_within, status_known
from riskstrat.incidence.outcome import tie_times
from riskstrat.numerics.blocks import row_blocks
from riskstrat.numerics.links import LOGIT, Link
from riskstrat.numerics.ties import tied_times

Floats = NDArray[np.float64]

EVENTS: Final = (OUTCOME, COMPETING)
EXPLAINED_ROWS: Final = 16_384


def _is_linear(model: DiscreteTime) -> bool:
    return model.classifier is None or isinstance(model.classifier, LogisticRegression)


class DiscreteTime(LinearPredictor):
    """A classifier of outcome, competing death or neither in each period at risk: risks at the end of every period.

    Each index date is one row for every period in which it was at risk, with the number of the period as a column; the
    risks of periods multiply up to cumulative incidences. Who is followed for a part of a period without an event,
    because follow-up ended or began in it, counts with that part as weight, as if the hazard were constant within the
    period. Dropping such rows would raise the risks, counting them whole would lower them. Follow-up may depend on the
    features; `strata` of the fit are not needed.

    A logistic regression sees the columns as `Logistic` does and an indicator of each period, and is explained; any
    other classifier sees raw columns and has no `contributions`: it can be compared, but a study does not plan by it.

    Parameters
    ----------
    classifier
        Unfitted, with `predict_proba`, and `sample_weight` in `fit`; by default a multinomial logistic regression. It
        is cloned, never changed.
    horizon_days
        End of the time at risk in days.
    periods
        Number of periods of equal length up to the horizon, or their ends in days: the horizon is one of them, later
        ones may follow. Rows grow with it.
    missing
        As in `Logistic`; ``"native"`` or ``"imputed"`` for another classifier than a logistic regression, which then
        sees NaN where a value was not observed, or no NaN. By default the first.
    random_state
        Seed of imputation and of a classifier that has none.
    age, sex
        Names of those columns.

    Attributes
    ----------
    classifier_
        The fitted clone.
    ends_
        Ends of the periods in days: the times at which risks can be asked for.
    coefficients_
        Of a logistic regression: frame of feature (term), coefficient (log odds against neither event, per unit),
        standard_error (null: it is penalised) and event.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"visits": [0, 1, 0, 3, 0, 2, 1, 0] * 10})
    >>> y = outcome_array([0, 1, 2, 1, 0, 1, 0, 0, 1, 2] * 8, [365.0, 200.0, 90.0, 30.0, 365.0] * 16)
    >>> model = DiscreteTime(horizon_days=365, periods=[90, 180, 365]).fit(X, y)
    >>> model.predict_cumulative_incidence(pl.DataFrame({"visits": [0, 3]}), [180, 365], event=2).shape
    (2, 2)
    """

    learns_from_followed = True
    ratio_kind = "odds_ratio"
    standard_errors_ = "none"

    def __init__(
        self,
        classifier: ClassifierMixin | None = None,
        *,
        horizon_days: float,
        periods: int | Sequence[float] = 8,
        missing: str | None = None,
        random_state: int = 0,
        age: str = "age_years",
        sex: str = "sex_male",
    ) -> None:
        self.classifier = classifier
        self.horizon_days = horizon_days
        self.periods = periods
        self.missing = missing
        self.random_state = random_state
        self.age = age
        self.sex = sex

    @property
    def missing_ways(self) -> tuple[str, ...]:
        """An indicator for a linear model, as it does for another classifier; or imputation."""
        return (INDICATOR if _is_linear(self) else NATIVE, IMPUTED)

    @property
    def penalised(self) -> bool:
        """As for every linear model; scikit-learn's penalty is always told as one."""
        return True

    @property
    def link(self) -> Link:
        """The logit."""
        return LOGIT

    @property
    def complexity(self) -> float:
        """1 for a linear model; infinite for another classifier, of which it is not known."""
        return 1.0 if _is_linear(self) else float("inf")

    @property
    def parameters_(self) -> int:
        """Number of terms, or of features where there are no terms."""
        return len(self.terms_) if _is_linear(self) else len(self.features_)

    @property
    def coefficients_(self) -> pl.DataFrame:
        """Frame of feature, coefficient, standard_error and event; one row a term and event."""
        if not _is_linear(self):
            raise AttributeError(f"a {type(self.classifier).__name__} has no coefficients of terms")
        q, events = len(self.terms_), [event for event in EVENTS if event in self.classifier_.classes_]
        return pl.DataFrame(
            {
                "feature": [term.label for term in self.terms_] * len(events),
                "coefficient": np.concatenate([self.coef_[event - 1] for event in events]),
                "standard_error": pl.Series([None] * (q * len(events)), dtype=pl.Float64),
                "event": np.repeat(events, q),
            }
        )

    def predict_cumulative_incidence(self, X: Features, times: npt.ArrayLike, event: int = 1) -> Floats:
        """As for every estimator, for either event at the ends of periods; another time is a UsageError."""
        values = self._values(X)
        ends, at = tied_times(self.ends_, np.atleast_1d(np.asarray(times, dtype=np.float64)))
        if event not in EVENTS or not np.isin(at, ends).all():
            raise UsageError(
                Problem(
                    f"event {event} on day {', '.join(f'{time:g}' for time in at[:5])}",
                    f"event 1 or 2 at ends of periods: day {', '.join(f'{end:g}' for end in ends)}",
                    "fit with periods that end on the days that you need",
                )
            )
        column = np.searchsorted(ends, at)
        incidence = np.empty((len(values), len(at)))
        for rows in row_blocks(len(values)):
            incidence[rows] = incidence_of(self._hazard(values[rows]))[:, column, event - 1]
        return incidence

    @available_if(_is_linear)  # type: ignore[untyped-decorator]  # scikit-learn is not typed
    def contributions(self, X: Features) -> tuple[Floats, float]:
        """Explain the log odds of each row's risk at the horizon by the features, shape (n, p), and give the baseline.

        A feature moves both events in every period; its contribution is what that changes on the way from the mean of
        every term to the row's own values (`riskstrat.estimators.path_integrated`).

        Raises
        ------
        RiskstratError
            If baseline + row sum misses the log odds of a row's risk.
        """
        return self._path_contributions(X, self._response, EXPLAINED_ROWS)

    def _fit_to(self, training: Training) -> None:
        counted = np.flatnonzero(training.weight > 0)
        y, (ends, entry) = tie_times(
            training.outcome[counted], _ends(self.periods, self.horizon_days), training.entry[counted]
        )
        self.ends_ = ends
        refuse_lost(y, entry, float(ends[-1]))
        refuse_too_few(outcome_within(y, self.horizon_days)[status_known(y, self.horizon_days)])
        rows, values, weight = person_periods(y, entry, ends), training.values[counted], training.weight[counted]
        _check_periods(rows.period, ends)
        self._prepare(values)
        size = effective(weight)
        self.classifier_ = fit_with_weights(
            self._unfitted(),
            self._design(values, rows.row, rows.period),
            rows.label,
            size[rows.row] * np.where(rows.label > 0, 1.0, rows.observed),
        )
        if _is_linear(self):
            self._read_coefficients()

    def _unfitted(self) -> ClassifierMixin:
        """Clone the classifier, and seed what is in it and has no seed."""
        classifier = clone(self.classifier) if self.classifier is not None else LogisticRegression(max_iter=1000)
        unseeded = [
            name for name, value in classifier.get_params().items() if name.endswith("random_state") and value is None
        ]
        return classifier.set_params(**dict.fromkeys(unseeded, self.random_state))

    def _design(
        self, values: NDArray[np.float32], row: NDArray[np.intp], period: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """One row a person and period: terms and an indicator of each period, or raw columns and its number."""
        if not _is_linear(self):
            return np.column_stack([values[row], period])
        return np.column_stack([self._standardised(values)[row], np.eye(len(self.ends_))[period]])

    def _read_coefficients(self) -> None:
        """Write the log odds of each event against neither as coefficients of terms, (2, q), and levels of periods."""
        q, found = len(self.terms_), np.column_stack([self.classifier_.intercept_, self.classifier_.coef_])
        classes = self.classifier_.classes_.tolist()
        against = {classes[-1]: found[0]} if len(found) == 1 else dict(zip(classes, found - found[0], strict=True))
        nothing = np.r_[-np.inf, np.zeros(found.shape[1] - 1)]
        rows = np.array([against.get(event, nothing) for event in EVENTS])
        self.coef_ = rows[:, 1 : q + 1] / self.scale_
        self.level_ = rows[:, :1] + rows[:, q + 1 :]

    def _hazard(self, values: NDArray[np.float32]) -> Floats:
        """Hazard of both events in each period, (n, k, 2)."""
        if _is_linear(self):
            return self._hazard_at(self._centred(values) @ self.coef_.T)
        hazard = np.zeros((len(values), len(self.ends_), 2))
        everybody = np.arange(len(values))
        for period in range(len(self.ends_)):
            found = self.classifier_.predict_proba(self._design(values, everybody, np.full(len(values), period)))
            for column, label in enumerate(self.classifier_.classes_):
                if label in EVENTS:
                    hazard[:, period, label - 1] = found[:, column]
        return hazard

    def _hazard_at(self, scores: Floats) -> Floats:
        return hazard_of(scores[:, None, :] + self.level_.T)

    def _response(self, scores: Floats) -> tuple[Floats, Floats]:
        until = int(np.searchsorted(self.ends_, self.horizon_days)) + 1
        hazard = self._hazard_at(scores)[:, :until]
        return on_link(self.link, incidence_of(hazard)[:, -1, 0], incidence_gradient(hazard))


def _ends(periods: int | Sequence[float], horizon_days: float) -> Floats:
    """Give the ends of the periods in order, or raise a ContractError."""
    if isinstance(periods, int | np.integer) and not isinstance(periods, bool) and periods >= 1:
        return np.linspace(0, horizon_days, int(periods) + 1)[1:]
    ends = np.sort(np.asarray(() if np.isscalar(periods) else periods, dtype=np.float64).ravel())
    problems = list(_end_problems(ends, horizon_days))
    ContractError.refuse(problems)
    return ends


def _end_problems(ends: Floats, horizon_days: float) -> Iterator[Problem]:
    tied, horizon = tied_times(ends, horizon_days)
    if not (len(ends) and np.isfinite(ends).all() and ends[0] > 0 and (np.diff(tied) > 0).all() and horizon in tied):
        yield Problem(
            f"periods that end on {', '.join(f'{end:g}' for end in ends) or 'no day'}",
            f"a number of periods of at least 1, or different days above 0, among them {horizon_days:g}",
            "correct periods",
        )


def _check_periods(period: NDArray[np.intp], ends: Floats) -> None:
    empty = np.flatnonzero(np.bincount(period, minlength=len(ends)) == 0)
    if len(empty):
        named = ", ".join(f"{ends[each]:g}" for each in empty)
        raise DesignError(
            Problem(
                f"nobody at risk in the periods that end on day {named}",
                "somebody at risk in every period",
                "choose longer periods",
            )
        )
