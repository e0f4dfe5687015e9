"""What models of hazards share: parameters, terms, link, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from riskstrat.errors import ContractError, DesignError, Problem, UsageError, unknown
from riskstrat.estimators.linear import LinearPredictor
from riskstrat.estimators.terms import Term, joined_where_missing, linear_terms
from riskstrat.numerics.links import CLOGLOG, Link
from riskstrat.numerics.partial_likelihood import BRESLOW, EFRON, Fit


class HazardModel(LinearPredictor, abstract=True):
    """Hazards proportional to exp of terms; they learn from index dates whose horizon is not covered too."""

    learns_from_followed = True

    def __init__(
        self,
        *,
        horizon_days: float,
        penalty: float = 0.0,
        ties: str = EFRON,
        curved: bool = False,
        missing: str = "indicator",
        random_state: int = 0,
        age: str = "age_years",
        sex: str = "sex_male",
    ) -> None:
        self.horizon_days = horizon_days
        self.penalty = penalty
        self.ties = ties
        self.curved = curved
        self.missing = missing
        self.random_state = random_state
        self.age = age
        self.sex = sex

    def _check_parameters(self) -> None:
        """Raise where a parameter cannot be meant: ContractError for the penalty, UsageError for ties."""
        if not (np.isfinite(self.penalty) and self.penalty >= 0):
            raise ContractError(Problem(f"a penalty of {self.penalty}", "a number of 0 or more", "give 0 for none"))
        if self.ties not in (EFRON, BRESLOW):
            raise UsageError(unknown("way to treat ties", self.ties, (EFRON, BRESLOW)))

    @property
    def link(self) -> Link:
        """Complementary log-log: with one hazard alone, the log of the cumulative hazard."""
        return CLOGLOG

    def _terms(self, values: NDArray[np.float32], names: Sequence[str]) -> tuple[Term, ...]:
        return joined_where_missing(linear_terms(values, names, self.age, self.sex, curved=self.curved), values)


def follow_up_problems(at: NDArray[np.float64], last_day: float) -> Iterator[Problem]:
    """Say that risks are asked for at days that nobody was followed to."""
    if not ((at >= 0) & (at <= last_day)).all():
        found = f"times from {at.min():g} to {at.max():g} days"
        expected = "days from 0 to the last day that was followed"
        yield Problem(found, expected, "ask for days within the follow-up of the fit")


def refuse_separation(labels: Sequence[str], fit: Fit) -> None:
    """Raise a DesignError that names coefficients which grow without end, or which no data tell apart."""
    DesignError.refuse(_separation_problems(np.array(labels, dtype=object), fit))


def _separation_problems(labels: NDArray[np.object_], fit: Fit) -> Iterator[Problem]:
    if fit.undetermined.any():
        yield Problem(
            f"terms that no data tell apart: {', '.join(labels[fit.undetermined])}",
            "terms that differ among those at risk (within strata) and are no sums of one another",
            "leave one of them out, or give a penalty above 0",
        )
    elif fit.endless.any():
        yield Problem(
            f"coefficients without an end: {', '.join(labels[fit.endless])} (separation: some values have all or "
            "none of the events, or have them all before the others)",
            "events on both sides of every column, also within combinations of columns",
            "leave the column out, join its values with others, or give a penalty above 0",
        )
