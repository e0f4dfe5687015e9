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
from riskstrat.incidence import OutcomeArray, observed_weights
from riskstrat.numerics.intervals import LEVEL
from riskstrat.validation.calibration import observed_risk, prediction_weight
from riskstrat.validation.horizon_labels import label_outcomes


@checked
def net_benefit(
    y: OutcomeArray,
    risk: npt.ArrayLike,
    thresholds: Sequence[float] | NDArray[np.float64],
    horizon_days: float,
    weights: npt.ArrayLike | None = None,
    *,
    harm: float = 0.0,
    prevalence: float | None = None,
    entry: npt.ArrayLike | None = None,
) -> pl.DataFrame:
    """Net benefit of acting on everybody at or above a threshold of risk, beside acting on all and on none.

    true_positive_share = P(risk >= t) F(horizon | risk >= t), false_positive_share = P(risk >= t) minus that, and net
    benefit = true_positive_share - false_positive_share t / (1 - t) - harm, with F the Aalen-Johansen risk of those at
    or above the threshold (Vickers and Elkin 2006; Vickers, Cronin, Elkin and Gonen 2008). Where follow-up ends before
    the horizon for everybody above a threshold, the benefit there is null.

    Parameters
    ----------
    y, risk, horizon_days, weights, entry
        As for `calibration`.
    thresholds
        Risks in [0, 1) from which one would act. At 0 everybody is acted on.
    harm
        What it costs each person that the model is used at all, in true positives: the burden of a measurement, say.
    prevalence
        Observed risk of the population that is meant, where these rows are of another mixture of cases and controls
        (cases oversampled, or a place where the outcome is rarer): shares of true and false positives are then those
        among cases and among controls, weighted anew.

    Returns
    -------
    polars.DataFrame
        threshold, strategy (``model``, ``all``, ``none``), net_benefit, true_positive_share, false_positive_share,
        interventions_avoided: persons whom the strategy spares without missing an outcome, a person of the population,
        beside acting on all; null at threshold 0.

    Raises
    ------
    UsageError
        If a threshold is not in [0, 1), the harm is no number of 0 or more, or the prevalence not in (0, 1).
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
    weights = observed_weights(y, horizon_days, weights, entry)
    at = _checked(thresholds, harm, prevalence)
    labels = label_outcomes(y, risk, horizon_days, weights)
    weight = prediction_weight(labels, weights)
    acted_on = [np.ones(len(y), dtype=bool), *(labels.risk >= threshold for threshold in at)]
    shares = np.array([_shares(y, rows, horizon_days, weights, weight) for rows in acted_on])
    if prevalence is not None:
        shares = shares / shares[0] * (prevalence, 1 - prevalence)
    everybody = np.tile(shares[0], (len(at), 1))
    return pl.concat(
        [
            _frame(at, "model", shares[1:], everybody, harm),
            _frame(at, "all", everybody, everybody),
            _frame(at, "none", np.zeros_like(everybody), everybody),
        ]
    )


def _shares(
    y: OutcomeArray,
    acted_on: NDArray[np.bool_],
    horizon_days: float,
    weights: npt.ArrayLike | None,
    weight: NDArray[np.float64],
) -> tuple[float, float]:
    """Shares of the population that are true and false positives; NaN where the observed risk is not known."""
    share = float(weight[acted_on].sum() / weight.sum())
    if not share:
        return 0.0, 0.0
    chosen = None if weights is None else np.asarray(weights, dtype=np.float64)[acted_on]
    one_group = np.zeros(int(acted_on.sum()), dtype=np.intp)
    observed = observed_risk(y[acted_on], horizon_days, chosen, one_group, LEVEL)["observed"][0]
    true = share * observed if observed is not None else float("nan")
    return true, share - true


def _frame(
    at: NDArray[np.float64],
    strategy: str,
    shares: NDArray[np.float64],
    everybody: NDArray[np.float64],
    harm: float = 0.0,
) -> pl.DataFrame:
    odds = at / (1 - at)
    benefit, of_all = shares[:, 0] - shares[:, 1] * odds - harm, everybody[:, 0] - everybody[:, 1] * odds
    avoided = np.divide(benefit - of_all, odds, out=np.full(len(at), np.nan), where=odds > 0)
    return pl.DataFrame(
        {
            "threshold": at,
            "strategy": [strategy] * len(at),
            "net_benefit": benefit,
            "true_positive_share": shares[:, 0],
            "false_positive_share": shares[:, 1],
            "interventions_avoided": avoided,
        }
    ).with_columns(pl.selectors.float().fill_nan(None))


def _checked(
    thresholds: Sequence[float] | NDArray[np.float64], harm: float, prevalence: float | None
) -> NDArray[np.float64]:
    at = np.asarray(thresholds, dtype=np.float64)
    problems = []
    if at.ndim != 1 or not len(at) or not ((at >= 0) & (at < 1)).all():
        problems.append(Problem("thresholds that are not risks", "numbers from 0 to below 1", "correct them"))
    if not (np.isfinite(harm) and harm >= 0):
        expected = "true positives a person, 0 or more"
        problems.append(Problem(f"a harm of {harm}", expected, "leave it at 0 where there is none"))
    if prevalence is not None and not 0 < prevalence < 1:
        problems.append(Problem(f"a prevalence of {prevalence}", "a risk above 0 and below 1", "give 0.1 for 10 %"))
    UsageError.refuse(problems)
    return at
