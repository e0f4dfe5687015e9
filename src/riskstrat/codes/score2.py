"""SCORE2 and SCORE2-OP: risk factors of persons in, ten-year risk of a first cardiovascular event out, as expressions.

Age is in years, blood pressure in mmHg, cholesterol in mmol/l; the risk is a share from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

import polars as pl

from riskstrat.codes.datafiles import read_declarations
from riskstrat.codes.growth_curves import SEXES
from riskstrat.errors.arguments import checked

RiskRegion = Literal["low", "moderate", "high", "very_high"]
RISK_REGIONS: tuple[RiskRegion, ...] = get_args(RiskRegion)

_AGES = {"score2": (40, 70), "score2_op": (70, 90)}
"""Model -> first age, and the age from which it is no longer used."""


@checked
def score2(
    *,
    age_years: pl.Expr,
    sex: pl.Expr,
    smoker: pl.Expr,
    diabetes: pl.Expr,
    systolic_mmhg: pl.Expr,
    cholesterol_total_mmol_l: pl.Expr,
    cholesterol_hdl_mmol_l: pl.Expr,
    region: RiskRegion = "moderate",
) -> pl.Expr:
    """Give the ten-year risk of a first fatal or non-fatal cardiovascular event: SCORE2, from 70 years SCORE2-OP.

    Parameters
    ----------
    age_years
        40 up to, not including, 90; whole years or with decimals.
    sex
        ``"female"`` or ``"male"``.
    smoker, diabetes
        True or 1 for current smoking and for diabetes. The published charts are for people without diabetes.
    systolic_mmhg
        Systolic blood pressure.
    cholesterol_total_mmol_l, cholesterol_hdl_mmol_l
        Total and HDL cholesterol.
    region
        ``"low"``, ``"moderate"`` (where Sweden is usually placed), ``"high"`` or ``"very_high"``, by the country's
        cardiovascular mortality.

    Returns
    -------
    polars.Expr
        Float64 from 0 to 1, named ``score2``; null where something is unknown, a measurement is not positive, or the
        age is outside.

    Raises
    ------
    UsageError
        If there is no such region.

    Notes
    -----
    With the published (rounded) coefficients, lp the sum of coefficient x centred value, each also with age, and
    p = 1 - S^exp(lp - mean): risk = 1 - exp(-exp(scale1 + scale2 log(-log(1 - p)))). SCORE2 working group, Eur Heart J
    2021;42:2439-54; SCORE2-OP working group, Eur Heart J 2021;42:2455-67.

    Examples
    --------
    >>> person = pl.DataFrame({"age": [50], "sex": ["male"], "smokes": [1], "sbp": [140], "chol": [6.3], "hdl": [1.4]})
    >>> risk = score2(
    ...     age_years=pl.col("age"),
    ...     sex=pl.col("sex"),
    ...     smoker=pl.col("smokes"),
    ...     diabetes=pl.lit(False),
    ...     systolic_mmhg=pl.col("sbp"),
    ...     cholesterol_total_mmol_l=pl.col("chol"),
    ...     cholesterol_hdl_mmol_l=pl.col("hdl"),
    ... )
    >>> person.select(risk.round(3)).item()
    0.081
    """
    measured = {
        "systolic_mmhg": systolic_mmhg,
        "cholesterol_total_mmol_l": cholesterol_total_mmol_l,
        "cholesterol_hdl_mmol_l": cholesterol_hdl_mmol_l,
    }
    values = {
        "age_years": age_years.cast(pl.Float64),
        "smoker": smoker.cast(pl.Float64),
        "diabetes": diabetes.cast(pl.Float64),
        **{name: pl.when(value > 0).then(value.cast(pl.Float64)) for name, value in measured.items()},
    }
    return _by_age_and_sex(values, sex.cast(pl.String), region).alias("score2")


def _by_age_and_sex(values: Mapping[str, pl.Expr], sex: pl.Expr, region: RiskRegion) -> pl.Expr:
    age = values["age_years"]
    return pl.coalesce(
        pl.when((age >= youngest) & (age < too_old) & (sex == one)).then(_risk(_model(model, one), values, region))
        for model, (youngest, too_old) in _AGES.items()
        for one in SEXES
    )


class _Model(NamedTuple):
    """One sex of one model: what is subtracted and divided by, coefficients alone and with age, scales by region."""

    centre: Mapping[str, tuple[float, float]]
    terms: Mapping[str, tuple[float, float]]
    baseline_survival: float
    log_hazard_mean: float
    regions: Mapping[str, tuple[float, float]]


@cache
def _model(name: str, sex: str) -> _Model:
    declared: dict[str, Any] = dict(read_declarations("score2.toml"))
    return _Model(centre=declared[name]["centre"], **declared[name][sex])


def _risk(model: _Model, values: Mapping[str, pl.Expr], region: RiskRegion) -> pl.Expr:
    centres = {name: model.centre.get(name, (0.0, 1.0)) for name in model.terms}
    centred = {name: (values[name] - centre) / step for name, (centre, step) in centres.items()}
    age = centred["age_years"]
    terms = [centred[name] * (alone + with_age * age) for name, (alone, with_age) in model.terms.items()]
    hazard = (sum(terms[1:], start=terms[0]) - model.log_hazard_mean).exp()
    uncalibrated = 1 - pl.lit(model.baseline_survival).pow(hazard)
    shift, slope = model.regions[region]
    return 1 - (-(shift + slope * (-(1 - uncalibrated).log()).log()).exp()).exp()
