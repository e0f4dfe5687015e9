"""Times of events and a design in, the log hazard ratios of proportional hazards out, by Newton's method.

Ties are Efron's (1977), or Breslow's (1974). Rows may enter late; rows may linger in the risk sets after their end with
a falling weight, which is what a subdistribution hazard needs (Fine and Gray 1999). Nothing is expanded: sums over risk
sets are cumulative sums, so that a step costs rows x columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from riskstrat.numerics.blocks import row_blocks
from riskstrat.numerics.logistic import Moments, NormalPrior, newton_step

Floats = NDArray[np.float64]

EFRON, BRESLOW = "efron", "breslow"

MAX_STEPS: Final = 25
"""A maximum that exists is found in about six steps."""

CONVERGED: Final = 1e-9
ENDLESS: Final = 1e-5
SHORTEST_STEP: Final = 2.0**-10
ROUNDING: Final = 1e-12
"""Information of a standardised column, relative to the number of events, which is no more than rounding."""

NOTHING: Final = 1e-9
PART: Final = 0.05


@dataclass(frozen=True, eq=False)
class Lingering:
    """Rows that stay in the risk sets after their end, by the curve of their stratum.

    A row weighs `share` at a later event time, shape (k,), divided by its `own` share at its end, shape (rows,).
    """

    rows: NDArray[np.intp]
    share: Floats
    own: Floats


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Who is at risk at each of the k distinct event times of each stratum, and the m events in their order.

    Row i is at risk at the event times of numbers ``first[i]`` to ``last[i] - 1``. Of d tied events, event j of them
    meets the risk set less the share j / d of the tied (`passed`; with Breslow's ties the whole of it), and each counts
    with the mean weight of the tied.
    """

    times: Floats
    stratum: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    weight: Floats
    events: NDArray[np.intp]
    tied: NDArray[np.intp]
    passed: Floats
    mean_weight: Floats
    lingering: Sequence[Lingering]

    def sums(self, values: Floats) -> Floats:
        """Sum values of rows, (n,), over each risk set, (k,)."""
        k = len(self.times)
        left = np.bincount(self.last, values, k + 1) - np.bincount(self.first, values, k + 1)
        total = left[::-1].cumsum()[::-1][1:]
        for group in self.lingering:
            gone = np.bincount(self.last[group.rows], values[group.rows] / group.own, k + 1)
            total = total + group.share * gone.cumsum()[:k]
        return np.asarray(total, dtype=np.float64)

    def met(self, values: Floats) -> Floats:
        """Sum values of rows, (n,), over what each event meets of its risk set, (m,)."""
        tied = np.bincount(self.tied, values[self.events], len(self.times))
        return np.asarray(self.sums(values)[self.tied] - self.passed * tied[self.tied], dtype=np.float64)

    def exposure(self, steps: Floats) -> Floats:
        """Sum what happens at each event, (m,), over the events that each row is at risk at, (n,)."""
        k = len(self.times)
        at_time = np.bincount(self.tied, steps, k)
        until = np.r_[0.0, at_time.cumsum()]
        total = until[self.last] - until[self.first]
        total[self.events] -= np.bincount(self.tied, steps * self.passed, k)[self.tied]
        for group in self.lingering:
            later = np.r_[(group.share * at_time)[::-1].cumsum()[::-1], 0.0]
            total[group.rows] += later[self.last[group.rows]] / group.own
        return np.asarray(total, dtype=np.float64)


class Fit(NamedTuple):
    """Log hazard ratios (p,), inverse information (p, p) and the hazard at each event time of a row of zeros, (k,).

    `endless` marks coefficients that grow without end: the likelihood has no maximum (separation). `undetermined` marks
    those of which another combination gives the same likelihood (collinear within risk sets).
    """

    coefficients: Floats
    inverse_information: Floats
    hazard: Floats
    endless: NDArray[np.bool_]
    undetermined: NDArray[np.bool_]
    log_likelihood: float


class _State(NamedTuple):
    """What one pass over the rows gives at some coefficients."""

    log_likelihood: float
    gradient: Floats
    information: Floats
    hazard: Floats
    mean: Floats
    relative: Floats


def risk_sets(
    event: NDArray[np.bool_],
    duration: Floats,
    entry: Floats,
    weight: Floats,
    *,
    lingering: Sequence[Lingering] = (),
    strata: NDArray[np.intp] | None = None,
    ties: str = EFRON,
) -> RiskSets:
    """Find who is at risk when: a row from after its `entry` to its `duration`, where it has an event or has not.

    Shapes (n,); times that should tie are equal already. Rows are compared within numbered strata alone; event times of
    a stratum follow those of the one before. `lingering` is on the scale of `event_times`, of a single stratum.

    Examples
    --------
    >>> risk_sets(np.array([True, False]), np.array([1.0, 2.0]), np.zeros(2), np.ones(2)).sums(np.ones(2)).tolist()
    [2.0]
    """
    times = event_times(event, duration)
    begins = np.zeros(len(event), dtype=np.intp) if strata is None else strata * (len(times) + 1)
    since, until = (begins + np.searchsorted(times, each, side="right") for each in (entry, duration))
    numbered = np.unique(until[event])
    last = np.searchsorted(numbered, until, side="right")
    events = np.flatnonzero(event)
    events = events[np.argsort(last[events], kind="stable")]
    tied = last[events] - 1
    count = np.bincount(tied, minlength=len(numbered))
    start = np.cumsum(count) - count
    return RiskSets(
        times=times[numbered % (len(times) + 1) - 1],
        stratum=numbered // (len(times) + 1),
        first=np.searchsorted(numbered, since, side="right"),
        last=last,
        weight=weight,
        events=events,
        tied=tied,
        passed=(np.arange(len(events)) - start[tied]) / count[tied] * (ties == EFRON),
        mean_weight=(np.bincount(tied, weight[events]) / count)[tied],
        lingering=lingering,
    )


def event_times(event: NDArray[np.bool_], duration: Floats) -> Floats:
    """Distinct times of events, in order.

    Examples
    --------
    >>> event_times(np.array([True, False, True]), np.array([3.0, 2.0, 1.0])).tolist()
    [1.0, 3.0]
    """
    return np.unique(duration[event])


def fit_hazards(design: NDArray[np.floating], sets: RiskSets, penalty: float = 0.0) -> Fit:
    """Maximise the partial likelihood, less half the penalty times the squares of the coefficients.

    The design, (n, p), is standardised, so that one penalty fits all columns. Steps are halved until the objective does
    not fall. A coefficient still moves after `MAX_STEPS` only where the data let it grow without end.

    Examples
    --------
    >>> sets = risk_sets(np.ones(4, bool), np.array([1.0, 2.0, 3.0, 4.0]), np.zeros(4), np.ones(4))
    >>> fit_hazards(np.array([[1.0], [0.0], [1.0], [0.0]]), sets).coefficients.round(2).tolist()
    [0.94]
    """
    p = design.shape[1]
    beta, step = np.zeros(p), np.zeros(p)
    state, prior = _state(design, sets, beta), NormalPrior(np.zeros(p), np.full(p, penalty))
    undetermined = _undetermined(state.information + np.diag(prior.precision), float(sets.mean_weight.sum()))
    for _ in range(MAX_STEPS):
        step = newton_step(Moments(state.gradient, state.information), beta, prior)
        if np.abs(step).max(initial=0.0) < CONVERGED:
            break
        beta, state = _advanced(design, sets, penalty, (beta, state), step)
    return Fit(
        coefficients=beta,
        inverse_information=np.asarray(np.linalg.pinv(state.information + penalty * np.eye(p)), dtype=np.float64),
        hazard=np.asarray(np.bincount(sets.tied, state.hazard, len(sets.times)), dtype=np.float64),
        endless=np.abs(step) > ENDLESS,
        undetermined=undetermined,
        log_likelihood=state.log_likelihood,
    )


def baseline_hazard(design: NDArray[np.floating], sets: RiskSets, coefficients: Floats) -> Floats:
    """Hazard of a row of zeros at each event time, (k,), with ties as in the likelihood; the sets may join strata."""
    met = sets.met(sets.weight * np.exp(_linear(design, coefficients)))
    return np.asarray(np.bincount(sets.tied, sets.mean_weight / met, len(sets.times)), dtype=np.float64)


def group_scores(design: NDArray[np.floating], sets: RiskSets, coefficients: Floats, group: NDArray[np.intp]) -> Floats:
    """Each group's score residuals, (groups, p): how the group pulls at each coefficient (Lin and Wei 1989).

    With ``V`` the inverse information, ``V G'G V`` is the robust covariance, that of groups of rows which belong
    together. Weights after a competing event are taken as known.
    """
    state = _state(design, sets, coefficients)
    at_risk = sets.exposure(state.hazard)
    count = np.bincount(sets.tied)
    scores = np.empty((int(group.max()) + 1, design.shape[1]))
    for column in range(design.shape[1]):
        values = design[:, column].astype(np.float64)
        mean = state.mean[:, column]
        score = state.relative * (sets.exposure(state.hazard * mean) - values * at_risk)
        expected = (np.bincount(sets.tied, mean) / count)[sets.tied]
        score[sets.events] += sets.weight[sets.events] * (values[sets.events] - expected)
        scores[:, column] = np.bincount(group, score, len(scores))
    return scores


def _advanced(
    design: NDArray[np.floating], sets: RiskSets, penalty: float, at: tuple[Floats, _State], step: Floats
) -> tuple[Floats, _State]:
    """Take the step, or the half of it that does not let the objective fall; none where even the shortest does."""
    beta, state = at
    before, length = state.log_likelihood - penalty * beta @ beta / 2, 1.0
    while length >= SHORTEST_STEP:
        there = beta + length * step
        moved = _state(design, sets, there)
        after = moved.log_likelihood - penalty * there @ there / 2
        finite = np.isfinite(after) and np.isfinite(moved.information).all()
        if finite and after >= before - 1e-12 * abs(before):
            return there, moved
        length /= 2
    return at


def _undetermined(information: Floats, events: float) -> NDArray[np.bool_]:
    """Mark coefficients with a part in a direction of which the data say nothing, (p,)."""
    alone = np.diag(information)
    scale = np.sqrt(np.where(alone > ROUNDING * events, alone, np.inf))
    values, directions = np.linalg.eigh(information / np.outer(scale, scale))
    return np.asarray((np.abs(directions[:, values < NOTHING]) > PART).any(axis=1), dtype=np.bool_)


def _linear(design: NDArray[np.floating], coefficients: Floats) -> Floats:
    return np.concatenate([np.empty(0), *(design[rows] @ coefficients for rows in row_blocks(len(design)))])


@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def _state(design: NDArray[np.floating], sets: RiskSets, beta: Floats) -> _State:
    """Log likelihood, its derivatives, and hazard and mean covariates met by each event; not a number far outside."""
    linear, first = _linear(design, beta), sets.events
    relative = sets.weight * np.exp(linear)
    met = sets.met(relative)
    hazard = sets.mean_weight / met
    mean = np.empty((len(first), len(beta)))
    for column in range(len(beta)):
        mean[:, column] = sets.met(relative * design[:, column]) / met
    spread = relative * sets.exposure(hazard)
    information = -(mean.T * sets.mean_weight) @ mean
    for rows in row_blocks(len(design)):
        block = design[rows].astype(np.float64, copy=False)
        information += (block.T * spread[rows]) @ block
    weight = sets.weight[first]
    return _State(
        log_likelihood=float(weight @ linear[first] - sets.mean_weight @ np.log(met)),
        gradient=design[first].T.astype(np.float64) @ weight - mean.T @ sets.mean_weight,
        information=information,
        hazard=hazard,
        mean=mean,
        relative=relative,
    )
