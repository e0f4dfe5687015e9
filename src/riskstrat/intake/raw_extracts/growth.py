"""Weights, heights and birth weights that cannot be: repaired where exactly one reading is plausible, else rejected."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from riskstrat.codes import growth_z
from riskstrat.codes.growth import bmi_of, contradicts, plausible_bmi
from riskstrat.intake.raw_extracts.account import RowCounts, ValidationResult, by_rule, counts
from riskstrat.intake.raw_extracts.parsing import ORIGIN, RULE
from riskstrat.records.intake_account import REJECTED, REPAIRED
from riskstrat.registers.contract import DATE

WEIGHT, HEIGHT, BMI = "weight_kg", "height_cm", "bmi_kg_m2"
BIRTH_WEIGHT, GESTATION = "birth_weight_g", "gestation_days"
IMPLAUSIBLE_GROWTH = "implausible weight or height, several readings or none"
BMI_FROM_PAIR = "body mass index from its weight and height"
CONTRADICTED_BMI = "body mass index that is not that of its weight and height"
IMPLAUSIBLE_BIRTH_WEIGHT = "implausible birth weight for gestation"
FURTHEST_BIRTH_WEIGHT_Z = 5.0
HEIGHT_MARGIN = 0.25
"""About six standard deviations of height at any age (WHO flags what lies beyond six)."""

_AGES = (0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18)
_HEIGHTS = (50, 61, 67, 75, 82, 87, 96, 103, 110, 116, 122, 128, 133, 138, 144, 150, 157, 163, 167, 169, 171)
"""Years and cm: medians of WHO's growth standards of 2006 and reference of 2007, mean of girls and boys, rounded."""

_Pair = tuple[pl.Expr, pl.Expr]


def validate_growth(table: str, rows: pl.DataFrame) -> ValidationResult:
    """Check weights and heights that were taken on one occasion, against age and sex.

    What is plausible as it stands is kept. Otherwise every known slip is undone in turn (weight and height in each
    other's column, metres, millimetres, grams, a decimal point); if exactly one gives a plausible pair it is taken, and
    the body mass index follows. If none or several do, the occasion is rejected. A recorded body mass index that is not
    that of a plausible pair follows the pair where it cannot be at that age, and is rejected where it can: then it
    cannot be told which of the three is wrong.
    """
    seen = rows.filter(pl.col("code").is_in([WEIGHT, HEIGHT, BMI]))
    if seen.is_empty():
        return ValidationResult(rows=rows)
    age = (pl.col(DATE) - pl.col("birth_date")).dt.total_days().first().alias("age_days")
    read = _readings(seen.group_by(ORIGIN).agg(pl.col("sex").first(), age, _of(WEIGHT), _of(HEIGHT), _of(BMI)))
    told = rows.join(read, on=ORIGIN, how="left", maintain_order="left")
    concerned = pl.col("code").is_in([WEIGHT, HEIGHT, BMI])
    contradicted = (pl.col("code") == BMI) & pl.col("__contradicted")
    rule = pl.when(concerned & pl.col("__refused")).then(pl.lit(IMPLAUSIBLE_GROWTH))
    ruled = told.with_columns(rule.when(contradicted).then(pl.lit(CONTRADICTED_BMI)).alias(RULE))
    rejected = ruled.filter(pl.col(RULE).is_not_null()).select(*(name for name in rows.columns if name != RULE), RULE)
    repaired = ruled.filter(pl.col(RULE).is_null()).with_columns(
        pl.when(concerned & pl.col("__reading").is_not_null()).then(_value()).otherwise("value").alias("value")
    )
    readings = read["__reading"].drop_nulls().value_counts()
    account = counts((table, "value", rule, REPAIRED, number) for rule, number in readings.iter_rows())
    account = pl.concat([account, by_rule(table, REJECTED, rejected[RULE])])
    return ValidationResult(rows=repaired.select(rows.columns), rejected=rejected, account=RowCounts(counts=account))


def validate_birth_weight(table: str, rows: pl.DataFrame) -> ValidationResult:
    """Refuse a birth weight and its gestation where they are more than five standard deviations apart (Maršál 1996)."""
    pairs = rows.filter(pl.col("code").is_in([BIRTH_WEIGHT, GESTATION]))
    if pairs.is_empty():
        return ValidationResult(rows=rows)
    births = pairs.group_by(ORIGIN).agg(pl.col("sex").first(), _of(BIRTH_WEIGHT), _of(GESTATION))
    z = growth_z("marsal", sex=pl.col("sex"), age_days=pl.col(GESTATION), value=pl.col(BIRTH_WEIGHT))
    wrong = births.filter(z.abs() > FURTHEST_BIRTH_WEIGHT_Z)[ORIGIN]
    broken = pl.col("code").is_in([BIRTH_WEIGHT, GESTATION]) & pl.col(ORIGIN).is_in(wrong.implode())
    rejected = rows.filter(broken).with_columns(pl.lit(IMPLAUSIBLE_BIRTH_WEIGHT).alias(RULE))
    account = RowCounts(counts=by_rule(table, REJECTED, rejected[RULE]))
    return ValidationResult(rows=rows.filter(~broken), rejected=rejected, account=account)


def _of(code: str) -> pl.Expr:
    return pl.col("value").filter(pl.col("code") == code).first().alias(code)


def _readings(occasions: pl.DataFrame) -> pl.DataFrame:
    """Say which reading of each occasion is taken, if any is."""
    typical = np.interp(occasions["age_days"].to_numpy() / 365.25, _AGES, _HEIGHTS)
    seen = occasions.with_columns(pl.Series("__typical", typical))
    weight, height = pl.col(WEIGHT), pl.col(HEIGHT)
    tried = seen.with_columns(
        _plausible(weight, height, pl.col(BMI)).alias("__as_it_stands"),
        *(_plausible(*pair, None).alias(name) for name, pair in _slips(weight, height).items()),
    )
    names = list(_slips(weight, height))
    single = pl.sum_horizontal(pl.col(name).fill_null(value=False).cast(pl.Int32) for name in names) == 1
    reading = pl.when(~pl.col("__as_it_stands") & single).then(
        pl.coalesce(pl.when(pl.col(name)).then(pl.lit(name)) for name in names)
    )
    wrong = pl.col("__as_it_stands") & contradicts(pl.col(BMI), weight, height)
    possible = plausible_bmi(pl.col(BMI), sex=pl.col("sex"), age_days=pl.col("age_days"))
    decided = tried.with_columns(
        pl.when(wrong & ~possible).then(pl.lit(BMI_FROM_PAIR)).otherwise(reading).alias("__reading"),
        (wrong & possible).alias("__contradicted"),
    )
    pairs = {**_slips(weight, height), BMI_FROM_PAIR: (weight, height)}
    return decided.select(
        ORIGIN,
        "__reading",
        "__contradicted",
        (~pl.col("__as_it_stands") & pl.col("__reading").is_null()).alias("__refused"),
        _read(pairs, 0).alias("__weight"),
        _read(pairs, 1).alias("__height"),
    )


def _read(pairs: Mapping[str, _Pair], position: int) -> pl.Expr:
    return pl.coalesce(pl.when(pl.col("__reading") == name).then(pair[position]) for name, pair in pairs.items())


def _slips(weight: pl.Expr, height: pl.Expr) -> dict[str, _Pair]:
    """Every known slip, undone."""
    both = weight.is_not_null() & height.is_not_null()
    return {
        "weight and height exchanged": (pl.when(both).then(height), pl.when(both).then(weight)),
        "height in metres": (weight, height * 100),
        "height in millimetres or a slipped decimal point": (weight, height / 10),
        "weight in grams": (weight / 1000, height),
        "weight with a slipped decimal point": (weight / 10, height),
        "weight with a decimal point too early": (weight * 10, height),
    }


def _plausible(weight: pl.Expr, height: pl.Expr, bmi: pl.Expr | None) -> pl.Expr:
    """Whether a pair can be; of a single measurement only itself is validated, of nothing nothing."""
    typical = pl.col("__typical")
    low, high = typical * (1 - HEIGHT_MARGIN), typical * (1 + HEIGHT_MARGIN)
    found = pl.coalesce(bmi_of(weight, height), *(() if bmi is None else (bmi,)))
    tall = height.is_between(low, high).fill_null(height.is_null())
    heavy = weight.is_between(9 * (low / 100) ** 2, 40 * (high / 100) ** 2).fill_null(weight.is_null())
    anything = weight.is_not_null() | height.is_not_null() | (pl.lit(value=False) if bmi is None else bmi.is_not_null())
    return anything & tall & heavy & plausible_bmi(found, sex=pl.col("sex"), age_days=pl.col("age_days"))


def _value() -> pl.Expr:
    weight, height = pl.col("__weight"), pl.col("__height")
    return (
        pl.when(pl.col("code") == WEIGHT)
        .then(weight)
        .when(pl.col("code") == HEIGHT)
        .then(height)
        .otherwise(pl.coalesce(bmi_of(weight, height), "value"))
    )
