"""Predicted risks that do not agree with what was observed, moved until they do.

In: risks, outcomes and weights as arrays. Out: a `Recalibration` that can be applied to other risks.
"""

from riskstrat.recalibration.curves import (
    IsotonicRecalibration,
    SlopeRecalibration,
    Successive,
    fit_isotonic,
    fit_slope,
)
from riskstrat.recalibration.in_the_large import PeriodRecalibration, in_the_large
from riskstrat.recalibration.model import RecalibratedModel
from riskstrat.recalibration.updating import RecalibrationChoice, choose_recalibration, fit_recalibration
from riskstrat.recalibration.values import InTheLarge, RecalibratedLink, Recalibration

__all__ = [
    "Recalibration",
    "InTheLarge",
    "PeriodRecalibration",
    "in_the_large",
    "SlopeRecalibration",
    "IsotonicRecalibration",
    "Successive",
    "fit_slope",
    "fit_isotonic",
    "fit_recalibration",
    "RecalibrationChoice",
    "choose_recalibration",
    "RecalibratedLink",
    "RecalibratedModel",
]
