"""Features and an outcome array in, a pair of proportional hazards (outcome, competing event) out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.estimators.hazard_pair import HazardPair
from riskstrat.estimators.hazards import HazardModel, follow_up_problems, refuse_separation
from riskstrat.estimators.matrix import Features
from riskstrat.estimators.path_integrated import on_link
from riskstrat.estimators.sample import MIN_OUTCOMES, Training, effective, refuse_too_few
from riskstrat.incidence import COMPETING, OUTCOME, OutcomeArray, outcome_within
from riskstrat.incidence.outcome import tie_times
from riskstrat.numerics.groups import Labels, number_groups
from riskstrat.numerics.partial_likelihood import RiskSets, baseline_hazard, fit_hazards, group_scores, risk_sets

Floats = NDArray[np.float64]

EXPLAINED_ROWS: Final = 4_096
CAUSES: Final = {OUTCOME: "the outcome", COMPETING: "the competing event"}


class Cox(HazardModel):
    """Cause-specific proportional hazards (Cox 1972) of the outcome and of the competing event, and what follows.

    The two hazards together give the cumulative incidence of either event at any time. Rows censored
    before the horizon, and rows that enter late, count for as long as they were seen, without weights for censoring.
    Every column enters as it is, so that coefficients are log hazard ratios per unit; with `curved`, as in `Logistic`.
    Of indicators of what was not observed, columns not observed in the same rows share one.

    Fewer than 10 competing events carry no covariates: their hazard is then everybody's alike. `strata` of the fit have
    hazards of their own and coefficients in common. Predictions are made from the hazards of all strata together,
    unless `predict_cumulative_incidence` is told the strata.

    Parameters
    ----------
    horizon_days
        End of the time at risk in days; follow-up beyond it is used too.
    penalty
        Precision of a normal prior on standardised coefficients; 0 for none. Without it, what has no maximum
        (separation) or no single one (collinear columns) is refused.
    ties
        ``"efron"`` (1977), or ``"breslow"`` (1974), which is a little nearer to no effect where many events are tied.
    curved
        Whether age is a restricted cubic spline and skewed columns log(1 + x), as in `Logistic`.
    missing, random_state
        As in `Logistic`.
    age, sex
        Names of those columns.

    Attributes
    ----------
    coefficients_
        Frame of feature (term), coefficient (log hazard ratio per unit of the term), standard_error and event (1 the
        outcome, 2 the competing event).
    standard_errors_
        Which these are: from the inverse information, or robust by person or family (Lin and Wei 1989), where `groups`,
        person_id or unequal weights were given.

    Examples
    --------
    >>> import polars as pl
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"visits": [0, 1, 0, 3, 0, 2, 1, 0] * 10})
    >>> y = outcome_array([0, 1, 2, 1, 0, 1, 0, 0, 1, 2] * 8, [365.0, 200.0, 90.0, 30.0, 365.0] * 16)
    >>> model = Cox(horizon_days=365).fit(X, y)
    >>> model.predict_cumulative_incidence(pl.DataFrame({"visits": [0, 3]}), [180, 365], event=2).shape
    (2, 2)
    """

    @property
    def coefficients_(self) -> pl.DataFrame:
        """Frame of feature, coefficient, standard_error and event; one row a term and event."""
        q = len(self.terms_)
        events = [event for event in CAUSES if event in self.modelled_]
        return pl.DataFrame(
            {
                "feature": [term.label for term in self.terms_] * len(events),
                "coefficient": self.coef_[: len(events)].ravel(),
                "standard_error": self.standard_error_[: len(events)].ravel(),
                "event": np.repeat(events, q),
            },
            schema={"feature": pl.String, "coefficient": pl.Float64, "standard_error": pl.Float64, "event": pl.Int64},
        )

    def predict_cumulative_incidence(
        self, X: Features, times: npt.ArrayLike, event: int = 1, *, strata: Labels | None = None
    ) -> Floats:
        """As for every estimator, for either event at any time within the follow-up of the fit.

        With `strata`, labels of the fit, one a row, each row has the hazards of its stratum; without, those of all.
        """
        at = np.atleast_1d(np.asarray(times, dtype=np.float64))
        log_relative = self._centred(self._values(X)) @ self.coef_.T
        if strata is None:
            UsageError.refuse(_time_problems(at, event, [self.hazards_]))
            return self.hazards_.incidence(log_relative, at, event)
        number = self._numbered(strata, len(log_relative))
        UsageError.refuse(_time_problems(at, event, [self.stratum_hazards_[each] for each in np.unique(number)]))
        incidence = np.empty((len(number), len(at)))
        for each in np.unique(number):
            rows = number == each
            incidence[rows] = self.stratum_hazards_[each].incidence(log_relative[rows], at, event)
        return incidence

    def contributions(self, X: Features) -> tuple[Floats, float]:
        """Explain the link of each row's risk at the horizon by the features, shape (n, p), and give the baseline.

        A feature changes both hazards; its contribution is what that changes on the way from the mean of every term to
        the row's own values (`riskstrat.estimators.path_integrated`), by the hazards of all strata together.

        Raises
        ------
        RiskstratError
            If baseline + row sum misses the link of a row's risk.
        """
        return self._path_contributions(X, self._response, EXPLAINED_ROWS)

    def _response(self, log_relative: Floats) -> tuple[Floats, Floats]:
        return on_link(self.link, *self.hazards_.with_gradient(log_relative, self.horizon_days))

    def _fit_to(self, training: Training) -> None:
        self._check_parameters()
        counted = np.flatnonzero(training.weight > 0)
        y, (horizon, entry) = tie_times(training.outcome[counted], self.horizon_days, training.entry[counted])
        _check_followed(float(horizon), y)
        refuse_too_few(outcome_within(y, float(horizon)))
        number, strata = number_groups(training.strata, len(training.weight))
        self.strata_ = tuple(strata.iter_rows())
        values = training.values if len(counted) == len(training.values) else training.values[counted]
        self._prepare(values)
        weight = training.weight[counted]
        robust = training.grouped or bool((weight != weight[0]).any())
        self.standard_errors_ = "robust by person or family" if robust else "from the inverse information"
        rows = _Rows(
            design=self._standardised(values),
            y=y,
            entry=entry,
            weight=effective(weight),
            stratum=number[counted],
            ties=self.ties,
            group=np.unique(training.group[counted], return_inverse=True)[1] if robust else None,
        )
        self._fit_causes(rows)

    def _fit_causes(self, rows: _Rows) -> None:
        causes = [_fit_cause(rows, event, self.penalty, [term.label for term in self.terms_]) for event in CAUSES]
        self.modelled_ = tuple(event for event, cause in zip(CAUSES, causes, strict=True) if cause.modelled)
        self.coef_ = np.stack([cause.coefficients for cause in causes]) / self.scale_
        self.standard_error_ = np.stack([cause.standard_error for cause in causes]) / self.scale_
        ends = rows.y["duration_days"]
        self.hazards_ = HazardPair.of([cause.hazards[0] for cause in causes], float(ends.max()))
        self.stratum_hazards_ = [
            HazardPair.of(
                [cause.hazards[each + 1] for cause in causes], float(ends[rows.stratum == each].max(initial=0))
            )
            for each in range(max(1, len(self.strata_)))
        ]

    def _numbered(self, strata: Labels, n: int) -> NDArray[np.intp]:
        """Give strata the numbers of the fit, (n,); those without an outcome in it, or unknown to it, are refused."""
        number, groups = number_groups(strata, n)
        known = {label: each for each, label in enumerate(self.strata_)}
        own = [known.get(label, -1) for label in groups.iter_rows()]
        lacking = [each for each in own if each < 0 or not self.stratum_hazards_[each].hazard[0].any()]
        if lacking:
            raise UsageError(
                Problem(
                    f"{len(lacking)} of {len(own)} strata that the fit has not, or in which it had no outcome",
                    "strata of the fit with outcomes, whose hazard is known",
                    "leave out strata, to predict from the hazards of all strata together",
                )
            )
        return np.array(own, dtype=np.intp)[number]


@dataclass(frozen=True, eq=False)
class _Rows:
    """What both causes are fitted to; group is None where standard errors are from the inverse information."""

    design: NDArray[np.float32]
    y: OutcomeArray
    entry: Floats
    weight: Floats
    stratum: NDArray[np.intp]
    ties: str
    group: NDArray[np.intp] | None

    def risk_sets(self, event: int, strata: NDArray[np.intp] | None) -> RiskSets:
        """Find who is at risk of a cause when, within strata or all together."""
        had = self.y["event"] == event
        return risk_sets(had, self.y["duration_days"], self.entry, self.weight, strata=strata, ties=self.ties)


@dataclass(frozen=True, eq=False)
class _Cause:
    """The fit of one cause on standardised terms; hazards (days, steps) of all strata together, then of each."""

    modelled: bool
    coefficients: Floats
    standard_error: Floats
    hazards: list[tuple[Floats, Floats]]


def _fit_cause(rows: _Rows, event: int, penalty: float, labels: Sequence[str]) -> _Cause:
    """Fit one cause; without covariates where fewer than `MIN_OUTCOMES` rows had the competing event."""
    sets = rows.risk_sets(event, rows.stratum)
    none = np.zeros(len(labels))
    if event == COMPETING and len(sets.events) < MIN_OUTCOMES:
        return _Cause(False, none, none, _hazards(rows, event, sets, none))
    fit = fit_hazards(rows.design, sets, penalty)
    refuse_separation([f"{label} ({CAUSES[event]})" for label in labels], fit)
    variance = fit.inverse_information
    if rows.group is not None:
        pull = group_scores(rows.design, sets, fit.coefficients, rows.group) @ variance
        variance = pull.T @ pull
    return _Cause(True, fit.coefficients, np.sqrt(np.diag(variance)), _hazards(rows, event, sets, fit.coefficients))


def _hazards(rows: _Rows, event: int, sets: RiskSets, coefficients: Floats) -> list[tuple[Floats, Floats]]:
    """Days and hazards at the mean of every term: of all strata together, then of each."""
    together = rows.risk_sets(event, None)
    own = baseline_hazard(rows.design, sets, coefficients)
    of_strata = (sets.stratum == each for each in range(int(rows.stratum.max()) + 1))
    return [
        (together.times, baseline_hazard(rows.design, together, coefficients)),
        *((sets.times[mine], own[mine]) for mine in of_strata),
    ]


def _check_followed(horizon: float, y: OutcomeArray) -> None:
    if y["duration_days"].max() < horizon:
        found, expected = "nobody followed to the horizon", f"somebody followed for {number_of(horizon, 'day')}"
        raise DesignError(Problem(found, expected, "shorten it, or add earlier index dates"))


def _time_problems(at: Floats, event: int, hazards: Sequence[HazardPair]) -> Iterator[Problem]:
    if event not in CAUSES:
        expected = " or ".join(f"{number} ({name})" for number, name in CAUSES.items())
        yield Problem(f"event {event}", expected, "ask for one of them")
    yield from follow_up_problems(at, min((each.last_day for each in hazards), default=np.inf))
