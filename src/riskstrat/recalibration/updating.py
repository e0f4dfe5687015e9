"""How much of a model's calibration must change for other people: nothing, the level, the slope, or a curve.

In: risks predicted by a model for people it has not seen, their outcomes and weights. Out: a `RecalibrationChoice`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import UsageError, unknown
from riskstrat.errors.arguments import checked
from riskstrat.numerics.links import LOGIT
from riskstrat.numerics.logistic import fit_logistic, logistic_moments, score_variability
from riskstrat.numerics.splines import KNOT_QUANTILES, restricted_cubic_spline
from riskstrat.recalibration.curves import fit_isotonic, fit_slope
from riskstrat.recalibration.values import SMALLEST_RISK, InTheLarge, Recalibration

Floats = NDArray[np.float64]
RecalibrationKind: TypeAlias = Literal["none", "in_the_large", "slope", "isotonic"]

_HELD: Final = MappingProxyType({"none": (0, 1, 2, 3), "in_the_large": (1, 2, 3), "slope": (2, 3)})
"""Coefficients of the smooth curve (intercept, slope, two curved terms) that each kind holds at 0, 1, 0, 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RecalibrationChoice:
    """The least change of a model's calibration that its new people do not speak against.

    Attributes
    ----------
    kind
        ``none``, ``in_the_large``, ``slope`` or ``isotonic``.
    recalibration
        What moves the predicted risks.
    tests
        One row a simpler kind: kind, statistic, degrees_of_freedom, p_value of the test against a smooth curve.

    Examples
    --------
    >>> risk, outcome = np.repeat([0.1, 0.5], 500), np.arange(1000) % 10 < np.repeat([2, 4], 500)
    >>> choose_recalibration(risk, outcome, np.ones(1000)).kind
    'slope'
    """

    kind: RecalibrationKind
    recalibration: Recalibration
    tests: pl.DataFrame


@checked
def fit_recalibration(
    kind: RecalibrationKind, risk: Floats, outcome: NDArray[np.bool_], weight: Floats
) -> Recalibration:
    """Fit one kind of recalibration to out-of-fold risks."""
    if kind == "none":
        return InTheLarge(shift=0.0, standard_error=0.0)
    if kind == "in_the_large":
        return _level(risk, outcome, weight)
    if kind == "slope":
        return fit_slope(risk, outcome, weight)
    if kind == "isotonic":
        return fit_isotonic(risk, outcome, weight)
    raise UsageError(unknown("recalibration", kind, [*_HELD, "isotonic"]))


@checked
def choose_recalibration(
    risk: Floats, outcome: NDArray[np.bool_], weight: Floats, *, significance: float = 0.05
) -> RecalibrationChoice:
    """Choose the simplest recalibration that a smooth calibration curve is not significantly better than.

    A closed test (Vergouwe and others, Statistics in Medicine 2017): each simpler kind is tested against a restricted
    cubic spline of the logit, from no change upwards, and the first that is not rejected is chosen; where all are, the
    curve is isotonic. The family-wise error is at most `significance`, because each test is made only where those
    before it rejected. Tests are Wald's with a covariance that is robust to the weights (White 1982).
    """
    fit_slope(risk, outcome, weight)
    tests = _tests(risk, outcome, weight)
    accepted = tests.filter(pl.col("p_value") > significance)["kind"]
    kind: RecalibrationKind = accepted[0] if len(accepted) else "isotonic"
    return RecalibrationChoice(kind=kind, recalibration=fit_recalibration(kind, risk, outcome, weight), tests=tests)


def _level(risk: Floats, outcome: NDArray[np.bool_], weight: Floats) -> InTheLarge:
    logit, one = LOGIT.of_risk(risk, edge=SMALLEST_RISK), np.ones((len(risk), 1))
    shift = fit_logistic(one, outcome, weight, offset=logit)
    moments = logistic_moments(one, outcome.astype(np.float64), weight, shift, logit)
    return InTheLarge(shift=float(shift[0]), standard_error=float(moments.information[0, 0] ** -0.5))


def _tests(risk: Floats, outcome: NDArray[np.bool_], weight: Floats) -> pl.DataFrame:
    """Test each simpler kind against the smooth curve: Wald's statistic and its chi-squared probability."""
    from scipy.stats import chi2

    logit, known = LOGIT.of_risk(risk, edge=SMALLEST_RISK), weight > 0
    knots = np.unique(np.quantile(logit[known], KNOT_QUANTILES))
    design = np.column_stack([np.ones(len(logit)), restricted_cubic_spline(logit, knots)])
    found = fit_logistic(design, outcome, weight)
    label = outcome.astype(np.float64)
    inverse = np.linalg.pinv(logistic_moments(design, label, weight, found).information)
    covariance = inverse @ score_variability(design, label, weight, found) @ inverse
    away = found - np.array([0.0, 1.0, 0.0, 0.0])[: len(found)]
    rows = []
    for kind, held in _HELD.items():
        at = [coefficient for coefficient in held if coefficient < len(found)]
        statistic = float(away[at] @ np.linalg.pinv(covariance[np.ix_(at, at)]) @ away[at])
        probability = float(chi2.sf(statistic, len(at))) if at else 1.0
        rows.append({"kind": kind, "statistic": statistic, "degrees_of_freedom": len(at), "p_value": probability})
    return pl.DataFrame(rows)
