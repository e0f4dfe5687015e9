"""Ratios of odds and hazards that a linear model says, with intervals: associations, never causes.

In: a fitted model with coefficients of terms. Out: a frame with one row a term and event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError, unknown
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import LEVEL, normal_quantile

SCHEMA = MappingProxyType(
    {
        "feature": pl.String(),
        "term": pl.String(),
        "event": pl.Int64(),
        "kind": pl.String(),
        "per": pl.String(),
        "step": pl.Float64(),
        "estimate": pl.Float64(),
        "lower": pl.Float64(),
        "upper": pl.Float64(),
        "penalised": pl.Boolean(),
    }
)

CURVED = ("spline", "product")
"""Shapes of terms that no single ratio describes."""


class LinearTerm(Protocol):
    """A term of a linear model."""

    label: str
    shape: str
    columns: tuple[int, ...]
    limits: tuple[tuple[float, float], ...]


class Linear(Protocol):
    """What a model must offer: terms, their scale, and coefficients with standard errors, null where there are none."""

    features_: tuple[str, ...]
    terms_: Sequence[LinearTerm]
    scale_: NDArray[np.float64]
    ratio_kind: str

    @property
    def penalised(self) -> bool:
        """Whether coefficients are drawn towards zero."""

    @property
    def coefficients_(self) -> pl.DataFrame:
        """Frame of feature (label of the term), coefficient, standard_error and, where there are several, event."""


@checked
def ratios(model: Linear, units: Mapping[str, float] | None = None, *, level: float = LEVEL) -> pl.DataFrame:
    """Ratios of odds, hazards or subdistribution hazards, and their intervals.

    Parameters
    ----------
    model
        A fitted `Logistic`, `AgeSex`, `Cox` or `FineGray`.
    units
        How much more of a column a ratio is for, ``{"age_years": 10}``; without it a standard deviation. Columns of
        0 and 1 are yes against no, skewed columns that enter as log(1 + x) are for twice as much (of 1 + x).
    level
        Coverage of the intervals.

    Returns
    -------
    polars.DataFrame
        feature (column, or columns where a term belongs to several), term, event (1 the outcome, 2 the competing
        event), kind (``odds_ratio``, ``hazard_ratio`` or ``subdistribution_hazard_ratio``), per (``category``,
        ``unit``, ``standard_deviation``, ``doubling``, ``not_observed`` against observed at the median, or ``curve``),
        step (how much), estimate, lower, upper, and penalised: then the estimate is drawn towards 1, and the interval
        says how it would vary with other people, not where the ratio lies without a penalty. Of a curve (a spline, or a
        product) no single ratio is right: the numbers are null, and `dependence` shows it. Without standard errors the
        limits are null.

    Raises
    ------
    UsageError
        If a unit is of an unknown column or not above 0, or the model has no coefficients of terms.

    Examples
    --------
    >>> from riskstrat.estimators import Logistic
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"smokes": [0, 1, 0, 1, 0, 1, 1, 0] * 10})
    >>> y = outcome_array([0, 1, 0, 1, 1, 0, 1, 0] * 10, [365.0] * 80)
    >>> ratios(Logistic(horizon_days=365, ridge=0.0).fit(X, y))["estimate"].round(6).item()
    9.0
    """
    units = units or {}
    UsageError.refuse(_problems(model, units))
    found = model.coefficients_
    if "event" not in found.columns:
        found = found.with_columns(event=pl.lit(1))
    log, margin = pl.col("coefficient") * pl.col("log_step"), normal_quantile(level)
    half = margin * pl.col("standard_error") * pl.col("log_step")
    return (
        found.rename({"feature": "term"})
        .join(_steps(model, units), on="term", how="left", maintain_order="left")
        .with_columns(estimate=log.exp(), lower=(log - half).exp(), upper=(log + half).exp())
        .with_columns(kind=pl.lit(model.ratio_kind), penalised=pl.lit(model.penalised))
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    )


def _steps(model: Linear, units: Mapping[str, float]) -> pl.DataFrame:
    """Say what the ratio of each term is for; log_step is the same in units of the term."""
    curved = {column for term in model.terms_ if term.shape in CURVED for column in term.columns}
    rows = []
    for term, scale in zip(model.terms_, model.scale_, strict=True):
        name = ", ".join(model.features_[column] for column in term.columns)
        is_curved = term.shape != "missing" and not curved.isdisjoint(term.columns)
        per, step = ("curve", None) if is_curved else _step(term, float(scale), units.get(name))
        rows.append((term.label, name, per, step, np.log(2.0) if per == "doubling" else step))
    columns = {"term": pl.String, "feature": pl.String, "per": pl.String, "step": pl.Float64, "log_step": pl.Float64}
    return pl.DataFrame(rows, schema=columns, orient="row")


def _step(term: LinearTerm, scale: float, unit: float | None) -> tuple[str, float]:
    if term.shape == "missing":
        return "not_observed", 1.0
    if term.shape == "log":
        return "doubling", 2.0
    if term.limits[0] == (0.0, 1.0):
        return "category", 1.0
    return ("standard_deviation", scale) if unit is None else ("unit", unit)


def _problems(model: Linear, units: Mapping[str, float]) -> Iterator[Problem]:
    if not hasattr(model, "coefficients_"):
        yield Problem(
            f"a {type(model).__name__} without coefficients",
            "a fitted linear model, such as Logistic, Cox or FineGray",
            "see how contributions go with values (dependence), which every explained model has",
        )
        return
    yield from (unknown("feature", name, model.features_) for name in units if name not in model.features_)
    if wrong := [name for name, unit in units.items() if not 0 < unit < np.inf]:
        found = f"units of {', '.join(wrong)} that are not above 0"
        yield Problem(found, "how much more a ratio is for", "write 10 for ten years, say")
