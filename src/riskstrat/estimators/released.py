"""A fitted estimator and the rows it was fitted to in, a copy out of which every number may leave.

A model that is saved is a release: whoever holds the file can read each number in it. What a column says is therefore
read between the outermost values that enough persons reach, leaves of trees hold enough persons, hazards step over
enough events, and numbers have the digits that they carry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.boosting import Boosting
from riskstrat.estimators.cox import Cox
from riskstrat.estimators.fine_gray import FineGray
from riskstrat.estimators.followed import FitRows
from riskstrat.estimators.hazard_pair import HazardPair
from riskstrat.estimators.imputation import IMPUTED, INDICATOR
from riskstrat.estimators.linear import AgeSex, LinearPredictor, Logistic
from riskstrat.estimators.matrix import read_features
from riskstrat.estimators.released_trees import DIGITS, released_trees, significant
from riskstrat.estimators.terms import Term
from riskstrat.incidence import COMPETING, OUTCOME, OutcomeArray, outcome_within, status_known
from riskstrat.numerics.groups import number_groups

FEWEST_PERSONS: Final = 20
FEWEST_EVENTS: Final = 10
MONTH: Final = 30.4375
"""Days between the days on which a released hazard may step; events of single days do not show."""

_TERM_DIGITS: Final = 3
_ERROR_DIGITS: Final = 2

Floats: TypeAlias = NDArray[np.float64]
Estimator = TypeVar("Estimator", bound=RiskEstimator)


@dataclass(frozen=True, eq=False)
class _Seen:
    """The rows of a fit that counted: values of `features_`, (n, p), number of each row's person, outcome array.

    ``had`` and ``had_not`` are whose status at the horizon is known to be either.
    """

    values: NDArray[np.float32]
    person: NDArray[np.intp]
    y: OutcomeArray
    had: NDArray[np.bool_]
    had_not: NDArray[np.bool_]

    def are_enough(self, rows: NDArray[np.intp]) -> bool:
        """Whether rows are of `FEWEST_PERSONS` persons or more, with and without the outcome."""
        both = bool(self.had[rows].any() and self.had_not[rows].any())
        return both and any(len(np.unique(some)) >= FEWEST_PERSONS for some in self._persons(rows))

    def _persons(self, rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        """Persons of some of the rows, which mostly are enough, and of all."""
        yield self.person[rows[: FEWEST_PERSONS**2]]
        yield self.person[rows]

    def limits(self, column: int) -> tuple[float, float] | None:
        """Lowest and highest value that enough persons reach, rounded inwards; None where there are none."""
        value = self.values[:, column].astype(np.float64)
        rows = np.flatnonzero(~np.isnan(value))
        low, high = self._reached(rows, value[rows]), self._reached(rows, -value[rows])
        if low is None or high is None or low > -high:
            return None
        return _inwards(low, np.ceil), _inwards(-high, np.floor)

    def _reached(self, rows: NDArray[np.intp], value: Floats) -> float | None:
        """Find the lowest value with enough rows at or below it, among more and more of the lowest."""
        taken = FEWEST_PERSONS
        while taken < len(rows):
            taken = min(16 * taken, len(rows))
            lowest = np.argpartition(value, taken - 1)[:taken]
            lowest = lowest[np.argsort(value[lowest], kind="stable")]
            if (at := self._enough_at(rows[lowest])) is not None:
                return float(value[lowest[at]])
        return None

    def _enough_at(self, rows: NDArray[np.intp]) -> int | None:
        """Position in the rows with which there are enough; None where there are too few."""
        _, first = np.unique(self.person[rows], return_index=True)
        if len(first) < FEWEST_PERSONS or not (self.had[rows].any() and self.had_not[rows].any()):
            return None
        return int(max(np.sort(first)[FEWEST_PERSONS - 1], self.had[rows].argmax(), self.had_not[rows].argmax()))


def released(estimator: Estimator, rows: FitRows) -> Estimator:
    """Make a copy of a fitted estimator of which every number may leave; other kinds are given as they are.

    Its risks differ in the third digit, and more beyond the outermost values that 20 persons reach, with and without
    the outcome, which are read as those: no column says what fewer persons told. Hazards step at ends of months
    that hold 10 events or more; a competing event with fewer is left out.
    """
    if not can_leave(estimator):
        return estimator
    made: Estimator = RELEASED[type(estimator)](copy(estimator), _seen(estimator, rows))
    return made


def can_leave(estimator: object) -> bool:
    """Whether an estimator is of a kind of which every number may leave: one of `RELEASED`, and nothing imputed.

    Imputations are regressions of their own, of whose numbers nobody has seen that they may leave.

    Examples
    --------
    >>> can_leave(AgeSex(horizon_days=365)), can_leave(Logistic(horizon_days=365, missing="imputed"))
    (True, False)
    """
    return type(estimator) in RELEASED and getattr(estimator, "missing", INDICATOR) != IMPUTED


def _seen(estimator: RiskEstimator, rows: FitRows) -> _Seen:
    matrix = read_features(rows.X)
    n, counted, y = len(matrix.values), rows.sample_weight > 0, rows.outcome
    person = rows.groups if matrix.people is None else matrix.people
    had = outcome_within(y, estimator.horizon_days)
    return _Seen(
        values=matrix.select(estimator.features_).values[counted],
        person=number_groups(np.arange(n) if person is None else person, n)[0][counted],
        y=y[counted],
        had=had[counted],
        had_not=(status_known(y, estimator.horizon_days) & ~had)[counted],
    )


def _with_terms(model: LinearPredictor, seen: _Seen) -> Floats:
    """Set the terms that may leave in a model, and give what the link at their mean has moved by, a number a row."""
    limits = [seen.limits(column) for column in range(len(model.features_))]
    shown = np.array([_is_shown(term, limits, seen) for term in model.terms_])
    model.terms_ = tuple(_between(term, limits) for term in model.terms_)
    mean = significant(model.mean_, _TERM_DIGITS)
    moved = (mean - model.mean_) @ np.atleast_2d(model.coef_).T
    model.mean_, model.scale_ = mean, significant(model.scale_, _TERM_DIGITS)
    model.coef_ = np.where(shown, significant(model.coef_, DIGITS), 0.0)
    model.standard_error_ = significant(model.standard_error_, _ERROR_DIGITS)
    return np.asarray(moved, dtype=np.float64)


def _is_shown(term: Term, limits: Sequence[tuple[float, float] | None], seen: _Seen) -> bool:
    """Whether enough persons have a value, and for what is said of missing ones also enough have none."""
    if term.shape != "missing":
        return all(limits[column] is not None for column in term.columns)
    missing = np.isnan(seen.values[:, term.columns[0]])
    return all(seen.are_enough(np.flatnonzero(rows)) for rows in (missing, ~missing))


def _between(term: Term, limits: Sequence[tuple[float, float] | None]) -> Term:
    """Read values beyond those that enough persons reach as the outermost of them; where none do, as the fill."""
    if term.shape == "missing":
        return term
    own = (limits[column] or (fill, fill) for column, fill in zip(term.columns, term.fill, strict=True))
    return replace(term, limits=tuple(own))


def _step_ends(seen: _Seen, event: int, horizon: float) -> Floats:
    """Find ends of months, and the horizon, between which enough events were; up to the horizon and beyond it apart."""
    happened = np.sort(seen.y["duration_days"][seen.y["event"] == event])
    last = float(seen.y["duration_days"].max())
    parts = (np.r_[np.arange(MONTH, horizon, MONTH), horizon], np.arange(horizon + MONTH, last, MONTH))
    return np.concatenate([_ends_with_enough(ends, np.searchsorted(happened, ends, side="right")) for ends in parts])


def _ends_with_enough(ends: Floats, until: NDArray[np.intp]) -> Floats:
    """Keep ends with enough events since the last one kept, as many as leave enough until the end of all."""
    kept, before = [], 0
    for end, count in zip(ends, until, strict=True):
        if count - before >= FEWEST_EVENTS and (until[-1] - count >= FEWEST_EVENTS or end == ends[-1]):
            kept.append(end)
            before = count
    return np.array(kept)


def _logistic(model: LinearPredictor, seen: _Seen) -> LinearPredictor:
    moved = _with_terms(model, seen)
    model.intercept_ = round(model.intercept_ + float(moved[0]), DIGITS)
    model.ridge_ = {}
    return model


def _fine_gray(model: FineGray, seen: _Seen) -> FineGray:
    moved = np.exp(_with_terms(model, seen)[0])
    ends = _step_ends(seen, OUTCOME, model.horizon_days)
    after = np.r_[0.0, model.baseline_hazard_][np.searchsorted(model.baseline_days_, ends, side="right")]
    model.baseline_days_, model.baseline_hazard_ = ends, significant(after * moved, DIGITS)
    model.last_day_ = float(ends[-1])
    model.intercept_ = float(np.log(model.baseline_hazard_[np.searchsorted(ends, model.horizon_days)]))
    return model


def _cox(model: Cox, seen: _Seen) -> Cox:
    """Give hazards of all strata together: those of single strata do not leave."""
    moved = np.exp(_with_terms(model, seen))
    causes = [
        (ends := _step_ends(seen, event, model.horizon_days), _stepped(model.hazards_, cause, ends, moved[cause]))
        for cause, event in enumerate((OUTCOME, COMPETING))
    ]
    model.hazards_ = HazardPair.of(causes, last_day=float(causes[0][0][-1]))
    model.stratum_hazards_, model.strata_ = [], ()
    return model


def _stepped(hazards: HazardPair, cause: int, ends: Floats, ratio: float) -> Floats:
    """Add up the hazard of a cause, times a ratio, since the end before, at each of some ends."""
    after = np.r_[0.0, hazards.hazard[cause].cumsum()][np.searchsorted(hazards.days, ends, side="right")]
    return significant(np.diff(after, prepend=0.0) * ratio, DIGITS)


def _boosting(model: Boosting, seen: _Seen) -> Boosting:
    model.model_, model.edges_ = released_trees(model.model_, model.edges_, seen.values, seen.are_enough)
    model.intercept_, model.slope_ = round(model.intercept_, DIGITS), round(model.slope_, DIGITS)
    fitted, there = np.round(model.rows_, -1).tolist()
    model.rows_ = tuple(fitted), tuple(there)
    model.random_state = 0
    return model


def _inwards(value: float, towards: Callable[[float], float]) -> float:
    """Round to three digits of a value, to the side that more persons reach."""
    step = 10.0 ** (np.floor(np.log10(abs(value))) - 2) if value else 1.0
    return float(towards(value / step) * step)


RELEASED: Final[Mapping[type[RiskEstimator], Callable[..., RiskEstimator]]] = {
    AgeSex: _logistic,
    Logistic: _logistic,
    Cox: _cox,
    FineGray: _fine_gray,
    Boosting: _boosting,
}
"""Kinds whose fitted numbers may leave, and what is done to them before."""
