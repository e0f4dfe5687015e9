"""Predicted risks and outcome array in, net benefit over thresholds out.

Net benefit is in true positives a person; observed risks are cumulative incidences with the competing event competing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.incidence import OutcomeArray
from riskstrat.numerics.intervals import LEVEL
from riskstrat.validation.calibration import observed_risk
from riskstrat.validation.horizon_labels import label_outcomes


@checked
def net_benefit(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    thresholds: Sequence[float] | NDArray[np.float64],
    horizon_days: float,
    weights: npt.ArrayLike | None = None,
) -> pl.DataFrame:
    """Net benefit of acting on everybody at or above a threshold of risk, beside acting on all and on none.

    true_positive_share = P(risk >= t) F(horizon | risk >= t), false_positive_share = P(risk >= t) minus that, and net
    benefit = true_positive_share - false_positive_share t / (1 - t), with F the Aalen-Johansen risk of those at or
    above the threshold (Vickers and Elkin 2006; Vickers, Cronin, Elkin and Gonen 2008). Where follow-up ends before
    the horizon for everybody above a threshold, the benefit there is null.

    Parameters
    ----------
    y
        Outcome array (n,).
    risk
        Predicted risks (n,), in [0, 1].
    thresholds
        Risks in [0, 1) from which one would act. At 0 everybody is acted on.
    horizon_days
        End of the time at risk in days.
    weights
        Weight of each row's status (n,), 0 where not known: then observed risks are weighted shares.

    Returns
    -------
    polars.DataFrame
        threshold, strategy (``model``, ``all``, ``none``), net_benefit, true_positive_share, false_positive_share.

    Raises
    ------
    UsageError
        If a threshold is not in [0, 1).
    ContractError
        If risks or weights cannot be used.
    DesignError
        If everybody or nobody had the outcome.

    Examples
    --------
    >>> from riskstrat.incidence import outcome_array
    >>> y = outcome_array([1, 0, 0, 0], [10, 30, 30, 30])
    >>> frame = net_benefit(y, [0.6, 0.5, 0.1, 0.1], [0.2], 30)
    >>> frame.select("strategy", pl.col("net_benefit").round(6)).rows()
    [('model', 0.1875), ('all', 0.0625), ('none', 0.0)]
    """
    at = _checked_thresholds(thresholds)
    labels = label_outcomes(y, risk, horizon_days, weights)
    prediction_weight = np.ones(len(y)) if weights is None else labels.weight
    shares = [_shares(y, labels.risk >= threshold, horizon_days, weights, prediction_weight) for threshold in at]
    everybody = _shares(y, np.ones(len(y), dtype=bool), horizon_days, weights, prediction_weight)
    return pl.concat(
        [
            _frame(at, "model", shares),
            _frame(at, "all", [everybody] * len(at)),
            _frame(at, "none", [(0.0, 0.0)] * len(at)),
        ]
    )


def _shares(
    y: OutcomeArray,
    acted_on: NDArray[np.bool_],
    horizon_days: float,
    weights: npt.ArrayLike | None,
    prediction_weight: NDArray[np.float64],
) -> tuple[float, float]:
    """Shares of the population that are true and false positives; NaN where the observed risk is not known."""
    share = float(prediction_weight[acted_on].sum() / prediction_weight.sum())
    if not share:
        return 0.0, 0.0
    chosen = None if weights is None else np.asarray(weights, dtype=np.float64)[acted_on]
    one_group = np.zeros(int(acted_on.sum()), dtype=np.intp)
    observed = observed_risk(y[acted_on], horizon_days, chosen, one_group, LEVEL)["observed"][0]
    true = share * observed if observed is not None else float("nan")
    return true, share - true


def _frame(at: NDArray[np.float64], strategy: str, shares: list[tuple[float, float]]) -> pl.DataFrame:
    true, false = np.array(shares).T
    return pl.DataFrame(
        {
            "threshold": at,
            "strategy": [strategy] * len(at),
            "net_benefit": true - false * at / (1 - at),
            "true_positive_share": true,
            "false_positive_share": false,
        }
    ).with_columns(pl.selectors.float().fill_nan(None))


def _checked_thresholds(thresholds: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    at = np.asarray(thresholds, dtype=np.float64)
    if at.ndim != 1 or not len(at) or not ((at >= 0) & (at < 1)).all():
        raise UsageError(
            Problem(found="thresholds that are not risks", expected="numbers from 0 to below 1", remedy="correct them")
        )
    return at
