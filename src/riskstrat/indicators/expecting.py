"""What an indicator would be expected to be without action: its previous level, or its trend.

In: counts and denominators of past years. Out: a prediction and its interval for years to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm, t

from riskstrat.declare import LocalisedText
from riskstrat.numerics.intervals import LEVEL

Floats = NDArray[np.float64]
Assumption = Literal["level", "trend"]

FEWEST_FOR_TREND = 4
LEVEL_YEARS = 3
_LEAST_REST = 1e-3
ASSUMPTIONS: dict[Assumption, LocalisedText] = {
    "level": LocalisedText(
        en=f"Without action the level of the last {LEVEL_YEARS} years is assumed to go on, with as many people.",
        sv=f"Utan åtgärd antas nivån under de senaste {LEVEL_YEARS} åren bestå, med lika många personer.",
    ),
    "trend": LocalisedText(
        en="Without action the trend of the measured years is assumed to go on, with as many people.",
        sv="Utan åtgärd antas trenden under de uppmätta åren fortsätta, med lika många personer.",
    ),
}
SCHEMA = {"year": pl.Int64, "estimate": pl.Float64, "lower": pl.Float64, "upper": pl.Float64}


def predict(
    past: pl.DataFrame,
    years: Sequence[int],
    assumption: Assumption,
    *,
    highest: float = np.inf,
    noise_variance: float = 0.0,
) -> pl.DataFrame:
    """Predict count over denominator in years to come, with a 95 % interval of what would be counted.

    Log rates on year (trend, at least four years) or without (level, the last three), weighted by counts; half a case
    is added to each. The variance is that of counts (Poisson, or binomial of a proportion), times the dispersion among
    years where it is above 1: with the uncertainty of the line and of the count to come, at the last denominator.
    """
    used = past.sort("year").filter(pl.col("denominator") > 0)
    used = used.tail(LEVEL_YEARS) if assumption == "level" else used
    fewest = 1 if assumption == "level" else FEWEST_FOR_TREND
    if used.height < fewest:
        return pl.DataFrame({"year": years, "estimate": None, "lower": None, "upper": None}, schema=SCHEMA)
    year, count, size = (used[name].to_numpy().astype(np.float64) for name in ("year", "count", "denominator"))
    design, ahead = (_design(each, year, assumption) for each in (year, np.asarray(years, dtype=np.float64)))
    rest = np.maximum(1 - (count + 0.5) / (size + 1), _LEAST_REST) if highest == 1 else np.ones_like(count)
    coefficients, covariance, free = _line(
        design, np.log((count + 0.5) / size), (count + 0.5) ** 2 / ((count + 0.5) * rest + noise_variance)
    )
    log_rate = ahead @ coefficients
    fitted, expected = np.exp(design @ coefficients) * size, np.exp(log_rate) * size[-1]
    dispersion = (
        max(float(((count - fitted) ** 2 / (fitted * rest + noise_variance)).sum() / free), 1.0) if free >= 2 else 1.0
    )
    to_come = (expected * rest[-1] + noise_variance) / expected**2
    variance = dispersion * (np.einsum("ij,jk,ik->i", ahead, covariance, ahead) + to_come)
    quantile = t.ppf((1 + LEVEL) / 2, free) if dispersion > 1 else norm.ppf((1 + LEVEL) / 2)
    limits = [np.minimum(np.exp(log_rate + side * quantile * np.sqrt(variance)), highest) for side in (0, -1, 1)]
    return pl.DataFrame({"year": years, "estimate": limits[0], "lower": limits[1], "upper": limits[2]}, schema=SCHEMA)


def _design(years: Floats, past: Floats, assumption: Assumption) -> Floats:
    columns = [np.ones_like(years)] + ([years - past.mean()] if assumption == "trend" else [])
    return np.column_stack(columns)


def _line(design: Floats, log_rate: Floats, weight: Floats) -> tuple[Floats, Floats, int]:
    """Weighted least squares: coefficients, their covariance at a dispersion of 1, degrees of freedom."""
    covariance = np.asarray(np.linalg.inv(design.T @ (design * weight[:, None])), dtype=np.float64)
    return covariance @ design.T @ (weight * log_rate), covariance, len(log_rate) - design.shape[1]
