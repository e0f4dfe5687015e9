"""Sex, age in days and a measurement in, growth z-scores and the obesity curve out, as polars expressions.

Body mass index is in kg/m², birth weight in grams, age in days since birth and, for birth weight, of gestation.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, get_args

import polars as pl

from riskstrat.codes.datafiles import read_table
from riskstrat.codes.growth_curves import SEXES, DailyCurves, GrowthReference, daily_curves
from riskstrat.errors import Problem, UsageError

IotfGrade = Literal["thinness_3", "thinness_2", "thinness_1", "overweight", "obesity", "morbid_obesity"]
IOTF_GRADES: tuple[IotfGrade, ...] = get_args(IotfGrade)

_BMI_AT_18 = dict(zip(IOTF_GRADES, (16.0, 17.0, 18.5, 25.0, 30.0, 35.0), strict=True))
_FURTHEST = 3.0  # WHO's curves are not used beyond three standard deviations


def growth_z(reference: GrowthReference, *, sex: pl.Expr, age_days: pl.Expr, value: pl.Expr) -> pl.Expr:
    """Express a measurement as a z-score of a growth reference.

    Parameters
    ----------
    reference
        ``"who"``: body mass index by the WHO child growth standards of 2006 to 1856 days, then the WHO reference of
        2007 to 19 years; lying length is expected before 731 days, standing height from then on. ``"iotf"``: body mass
        index by the International Obesity Task Force 2012, from 2 to 18 years. ``"marsal"``: birth weight for
        gestation by Maršál 1996, from 154 to 301 days.
    sex
        ``"female"`` or ``"male"``.
    age_days
        Age in days, rounded to whole ones; for ``"marsal"`` the length of gestation.
    value
        Body mass index in kg/m²; for ``"marsal"`` birth weight in grams.

    Returns
    -------
    polars.Expr
        Float64; null where something is unknown, the value is not positive, or the reference does not cover the age.

    Raises
    ------
    UsageError
        If there is no such reference.

    Notes
    -----
    z = ((value / M)^L - 1) / (L S), or log(value / M) / S where L is 0 (Cole and Green 1992). Beyond three standard
    deviations WHO counts on in steps of the distance between the second and the third (WHO 2006, de Onis 2007).

    Examples
    --------
    >>> child = pl.DataFrame({"sex": ["male"], "age_days": [1461], "bmi_kg_m2": [19.23]})
    >>> z = growth_z("iotf", sex=pl.col("sex"), age_days=pl.col("age_days"), value=pl.col("bmi_kg_m2"))
    >>> child.select(z.round(2)).item()
    2.29
    """
    power, median, variation = _lms(daily_curves(reference), sex, age_days)
    measured = pl.when(value > 0).then(value.cast(pl.Float64))
    z = _z_score(measured, power, median, variation)
    return _counted_on(z, measured, power, median, variation) if reference == "who" else z


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
        kg/m², unrounded (the published tables have two digits); null outside 2 to 18 years.

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
    power, median, variation = _lms(daily_curves("iotf"), sex, age_days)
    return _value_at(iotf_cutoff_z(grade, sex=sex), power, median, variation)


def iotf_cutoff_z(grade: IotfGrade, *, sex: pl.Expr) -> pl.Expr:
    """Give the z-score at which a grade begins, the same at every age: the z of its body mass index at 18 years.

    Examples
    --------
    >>> both = pl.DataFrame({"sex": ["male", "female"]})
    >>> both.select(iotf_cutoff_z("obesity", sex=pl.col("sex")).round(3)).to_series().to_list()
    [2.288, 2.192]
    """
    cutoffs = _z_at_18(grade)
    return sex.cast(pl.String).replace_strict(
        list(SEXES), [cutoffs[sex] for sex in SEXES], default=None, return_dtype=pl.Float64
    )


@cache
def _z_at_18(grade: IotfGrade) -> dict[str, float]:
    if grade not in IOTF_GRADES:
        raise UsageError(
            Problem(found=f"the grade '{grade}'", expected="one of " + ", ".join(IOTF_GRADES), remedy="choose one")
        )
    adults = read_table("growth/iotf2012_bmi_by_year.csv").filter(pl.col("age_years") == 18)
    z = _z_score(pl.lit(_BMI_AT_18[grade]), pl.col("l"), pl.col("m"), pl.col("s"))
    return dict(adults.select("sex", z=z).iter_rows())


def _lms(curves: DailyCurves, sex: pl.Expr, age_days: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Look up L, M and S; null where sex or age is outside the reference."""
    day = age_days.cast(pl.Float64).round()
    covered = pl.when(day.is_between(curves.first_day, curves.last_day)).then(day).cast(pl.Int32) - curves.first_day
    name = sex.cast(pl.String)
    row = pl.when(name == SEXES[0]).then(covered).when(name == SEXES[1]).then(covered + curves.days)
    return pl.lit(curves.l).gather(row), pl.lit(curves.m).gather(row), pl.lit(curves.s).gather(row)


def _z_score(value: pl.Expr, power: pl.Expr, median: pl.Expr, variation: pl.Expr) -> pl.Expr:
    ratio = value / median
    return pl.when(power == 0).then(ratio.log() / variation).otherwise((ratio**power - 1) / (power * variation))


def _value_at(z: pl.Expr | float, power: pl.Expr, median: pl.Expr, variation: pl.Expr) -> pl.Expr:
    bent = (1 + power * variation * z) ** (1 / power)
    return median * pl.when(power == 0).then((variation * z).exp()).otherwise(bent)


def _counted_on(z: pl.Expr, value: pl.Expr, power: pl.Expr, median: pl.Expr, variation: pl.Expr) -> pl.Expr:
    """Replace z beyond three standard deviations by steps of the distance from the second to the third."""

    def beyond(sign: int) -> pl.Expr:
        third = _value_at(sign * _FURTHEST, power, median, variation)
        second = _value_at(sign * (_FURTHEST - 1), power, median, variation)
        return sign * _FURTHEST + sign * (value - third) / (third - second)

    return pl.when(z > _FURTHEST).then(beyond(1)).when(z < -_FURTHEST).then(beyond(-1)).otherwise(z)
