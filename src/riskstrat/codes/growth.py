"""Sex, age in days and a measurement in, growth z-scores and the obesity curve out, as polars expressions.

Body mass index is in kg/m², birth weight in grams, age in days since birth and, for birth weight, of gestation.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple, get_args

import polars as pl

from riskstrat.codes.datafiles import read_table
from riskstrat.codes.growth_curves import SEXES, DailyCurves, GrowthReference, daily_curves
from riskstrat.errors.arguments import checked

IotfGrade = Literal["thinness_3", "thinness_2", "thinness_1", "overweight", "obesity", "morbid_obesity"]
IOTF_GRADES: tuple[IotfGrade, ...] = get_args(IotfGrade)

_BMI_AT_18 = dict(zip(IOTF_GRADES, (16.0, 17.0, 18.5, 25.0, 30.0, 35.0), strict=True))
LOWEST_Z, HIGHEST_Z = -5.0, 8.0
"""Body mass index for age. WHO flags what lies beyond 5; we keep what is below 8: severe obesity is looked for."""
_BMI_OF_ADULTS = (8.0, 80.0)
ROUNDED = 0.05
"""A recorded body mass index and that of the rounded weight and height lie at most this share apart."""
_FURTHEST = 3.0  # WHO's curves are not used beyond three standard deviations


@checked
def growth_z(reference: GrowthReference, *, sex: pl.Expr, age_days: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Express a measurement as a z-score of a growth reference.

    Parameters
    ----------
    reference
        ``"who"``: body mass index by the WHO child growth standards of 2006 to five years (1826 days), then the WHO
        reference of 2007 to 19 years; lying length is expected before 731 days, standing height from then on.
        ``"iotf"``: body mass index by the International Obesity Task Force 2012, from 2 to 18 years.
        ``"marsal"``: birth weight for gestation by Maršál 1996, from 154 to 301 days.
    sex
        ``"female"`` or ``"male"``.
    age_days
        Age in days, rounded to whole ones; for ``"marsal"`` the length of gestation.
    value
        Body mass index in kg/m²; for ``"marsal"`` birth weight in grams.

    Returns
    -------
    polars.Expr
        Float64, named ``<reference>_z``; null where something is unknown, the value is not positive, or the reference
        does not cover the age.

    Raises
    ------
    UsageError
        If there is no such reference.

    Notes
    -----
    z = ((value / M)^L - 1) / (L S) (Cole and Green 1992). Beyond three standard
    deviations WHO extrapolates in steps of the distance between the second and the third (WHO 2006, de Onis 2007).

    Examples
    --------
    >>> child = pl.DataFrame({"sex": ["male"], "age_days": [1461], "bmi_kg_m2": [19.23]})
    >>> z = growth_z("iotf", sex=pl.col("sex"), age_days=pl.col("age_days"), value=pl.col("bmi_kg_m2"))
    >>> child.select(z.round(2)).item()
    2.29
    """
    curves = daily_curves(reference)
    row = _row(curves, sex, age_days)
    measured = pl.when(value > 0).then(value.cast(pl.Float64))
    z = _lms(curves, row).z(measured)
    return (_extrapolated(z, measured, curves, row) if reference == "who" else z).alias(f"{reference}_z")


def bmi_of(weight_kg: pl.Expr, height_cm: pl.Expr) -> pl.Expr:
    """Compute the body mass index, in kg/m²; null where the height is not positive."""
    return pl.when(height_cm > 0).then(weight_kg / (height_cm / 100) ** 2)


def plausible_bmi(bmi: pl.Expr, *, sex: pl.Expr, age_days: pl.Expr) -> pl.Expr:
    """Whether somebody of this sex and age can have a body mass index; true where there is none.

    Examples
    --------
    >>> girl = pl.DataFrame({"bmi": [15.6, 59.0], "sex": "female", "age_days": 3000})
    >>> girl.select(plausible_bmi(pl.col("bmi"), sex=pl.col("sex"), age_days=pl.col("age_days"))).to_series().to_list()
    [True, False]
    """
    z = growth_z("who", sex=sex, age_days=age_days, value=bmi)
    return z.is_between(LOWEST_Z, HIGHEST_Z).fill_null(bmi.is_between(*_BMI_OF_ADULTS).fill_null(value=True))


def contradicts(bmi: pl.Expr, weight_kg: pl.Expr, height_cm: pl.Expr) -> pl.Expr:
    """Whether a body mass index is not that of its own weight and height, which are rounded; false without them."""
    own = bmi_of(weight_kg, height_cm)
    return ((bmi - own).abs() > ROUNDED * own).fill_null(value=False)


@checked
def iotf_cutoff_bmi(grade: IotfGrade, *, sex: pl.Expr, age_days: pl.Expr) -> pl.Expr:
    """Give the body mass index at which a grade of the International Obesity Task Force begins.

    Parameters
    ----------
    grade
        ``"overweight"`` passes through 25 kg/m² at 18 years, ``"obesity"`` through 30, ``"morbid_obesity"`` through 35,
        ``"thinness_1"`` to ``"thinness_3"`` through 18.5, 17 and 16.
    sex, age_days
        As in `growth_z`.

    Returns
    -------
    polars.Expr
        kg/m², named ``iotf_<grade>_bmi_kg_m2``, unrounded (the published tables have two digits); null outside 2 to 18
        years.

    Raises
    ------
    UsageError
        If there is no such grade.

    Notes
    -----
    M (1 + L S z)^(1/L) with the z of `iotf_cutoff_z` (Cole and Lobstein 2012).

    Examples
    --------
    >>> four = pl.DataFrame({"sex": ["male", "female"], "age_days": [1461, 1461]})
    >>> curve = iotf_cutoff_bmi("obesity", sex=pl.col("sex"), age_days=pl.col("age_days"))
    >>> four.select(curve.round(2)).to_series().to_list()
    [19.23, 19.16]
    """
    curves = daily_curves("iotf")
    lms = _lms(curves, _row(curves, sex, age_days))
    return lms.value(iotf_cutoff_z(grade, sex=sex)).alias(f"iotf_{grade}_bmi_kg_m2")


@checked
def iotf_cutoff_z(grade: IotfGrade, *, sex: pl.Expr) -> pl.Expr:
    """Give the z-score at which a grade begins, the same at every age: the z of its body mass index at 18 years.

    Parameters
    ----------
    grade, sex
        As in `iotf_cutoff_bmi`.

    Returns
    -------
    polars.Expr
        Float64, named ``iotf_<grade>_z``; null where the sex is unknown.

    Raises
    ------
    UsageError
        If there is no such grade.

    Examples
    --------
    >>> both = pl.DataFrame({"sex": ["male", "female"]})
    >>> both.select(iotf_cutoff_z("obesity", sex=pl.col("sex")).round(3)).to_series().to_list()
    [2.288, 2.192]
    """
    cutoffs = _z_at_18(grade)
    known = sex.cast(pl.String).replace_strict(cutoffs, default=None, return_dtype=pl.Float64)
    return known.alias(f"iotf_{grade}_z")


@cache
def _z_at_18(grade: IotfGrade) -> dict[str, float]:
    adults = read_table("growth/iotf2012_bmi_by_year.csv").filter(pl.col("age_years") == 18)
    z = _Lms(pl.col("l"), pl.col("m"), pl.col("s")).z(pl.lit(_BMI_AT_18[grade]))
    return dict(adults.select("sex", z=z).iter_rows())


def _row(curves: DailyCurves, sex: pl.Expr, age_days: pl.Expr) -> pl.Expr:
    """Give the row of the curves for each sex and age; null where these are outside the reference."""
    day = age_days.cast(pl.Float64).round()
    covered = pl.when(day.is_between(curves.first_day, curves.last_day)).then(day).cast(pl.Int32) - curves.first_day
    name = sex.cast(pl.String)
    return pl.when(name == SEXES[0]).then(covered).when(name == SEXES[1]).then(covered + curves.days)


def _lms(curves: DailyCurves, row: pl.Expr) -> _Lms:
    return _Lms(*(pl.lit(curve).gather(row) for curve in (curves.l, curves.m, curves.s)))


class _Lms(NamedTuple):
    """L, M and S of every row. L is 0 on no day of any reference, so Box and Cox's logarithm is not needed."""

    power: pl.Expr
    median: pl.Expr
    variation: pl.Expr

    def z(self, value: pl.Expr) -> pl.Expr:
        return ((value / self.median) ** self.power - 1) / (self.power * self.variation)

    def value(self, z: pl.Expr | float) -> pl.Expr:
        return self.median * (1 + self.power * self.variation * z) ** (1 / self.power)


def _extrapolated(z: pl.Expr, value: pl.Expr, curves: DailyCurves, row: pl.Expr) -> pl.Expr:
    """Replace z beyond three standard deviations by steps of the distance from the second to the third."""

    def beyond(sign: int) -> pl.Expr:
        third, second = (pl.lit(_curve_at(curves, sign * sd)).gather(row) for sd in (_FURTHEST, _FURTHEST - 1))
        return sign * _FURTHEST + sign * (value - third) / (third - second)

    return pl.when(z > _FURTHEST).then(beyond(1)).when(z < -_FURTHEST).then(beyond(-1)).otherwise(z)


def _curve_at(curves: DailyCurves, z: float) -> pl.Series:
    """Compute the values at one z by sex and day, once for all rows."""
    return pl.select(_Lms(pl.lit(curves.l), pl.lit(curves.m), pl.lit(curves.s)).value(z)).to_series()
