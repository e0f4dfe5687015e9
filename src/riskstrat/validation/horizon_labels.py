"""Outcome array and predicted risks in, what every metric needs out: labels at the horizon and their weights.

Risks are shares in [0, 1]; the weight is 0 where the status at the horizon is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import ContractError, DesignError, Problem
from riskstrat.incidence import OutcomeArray, censoring_weights, check_outcome, outcome_within
from riskstrat.numerics.checks import risk_problems, weight_problems
from riskstrat.numerics.links import LOGIT

LOGIT_EDGE: Final = 1e-6
"""Nearer to 0 or 1 a logit says more about rounding than about risk."""


@dataclass(frozen=True, eq=False)
class HorizonLabels:
    """Who had the outcome by the horizon, at what predicted risk, with what weight; each (n,).

    The outcome is 1 within the horizon, else 0 (competing event included); the risk is the predicted cumulative
    incidence at the horizon; the inverse probability weight is 0 where the status is not known.
    """

    outcome: NDArray[np.float64]
    risk: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def logit(self) -> NDArray[np.float64]:
        """Logit of the risk (n,), of risks held within `LOGIT_EDGE` of 0 and 1."""
        return LOGIT.of_risk(self.risk, edge=LOGIT_EDGE)

    @property
    def squares(self) -> NDArray[np.float64]:
        """Weight x (outcome - risk) squared, (n,): the terms of the Brier score."""
        return self.weight * (self.outcome - self.risk) ** 2

    def select(self, rows: NDArray[np.intp] | slice) -> HorizonLabels:
        """Choose rows."""
        return HorizonLabels(self.outcome[rows], self.risk[rows], self.weight[rows])


def label_outcomes(
    y: OutcomeArray, risk: npt.ArrayLike, horizon_days: float, weights: npt.ArrayLike | None = None
) -> HorizonLabels:
    """Label every row with its status at the horizon; weights are by default `censoring_weights` over all rows."""
    n = len(check_outcome(y))
    given = None if weights is None else np.asarray(weights, dtype=np.float64)
    risks = np.asarray(risk, dtype=np.float64)
    if problems := [*risk_problems("risk", risks, n), *([] if given is None else weight_problems("weights", given, n))]:
        raise ContractError(*problems)
    weight = censoring_weights(y, horizon_days) if given is None else given
    outcome = outcome_within(y, horizon_days).astype(np.float64)
    _check_both(int(outcome[weight > 0].sum()), int((weight > 0).sum()))
    return HorizonLabels(outcome, risks, weight)


def _check_both(outcomes: int, rows: int) -> None:
    if not 0 < outcomes < rows:
        raise DesignError(
            Problem(
                "rows of known status that are alike in outcome, or none",
                "rows with and rows without the outcome",
                "lengthen the horizon or widen the population",
            )
        )
