"""Growth of 2,697 simulated children (growthcleanr, MIT): slips planted in plausible visits are found and undone."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from reference_files import REFERENCE
from riskstrat.intake.raw_extracts.account import ValidationResult
from riskstrat.intake.raw_extracts.growth import HEIGHT, WEIGHT, validate_growth
from riskstrat.intake.raw_extracts.parsing import ORIGIN

BORN = date(2000, 1, 1)
SHARE = 0.05
SLIPS = {
    "weight and height exchanged": lambda w, h: (h, w),
    "height in metres": lambda w, h: (w, h / 100),
    "weight in grams": lambda w, h: (w * 1000, h),
    "weight with a slipped decimal point": lambda w, h: (w * 10, h),
}


@pytest.fixture(scope="module")
def visits() -> pl.DataFrame:
    """Visits up to 19 years with one weight and one height."""
    measured = pl.read_parquet(REFERENCE / "growth" / "simulated_visits.parquet")
    of = {"w": "weight_kg", "h": "height_cm"}
    values = [pl.col("value").filter(pl.col("code") == code).alias(name) for name, code in of.items()]
    paired = measured.group_by("child", "age_days", "sex").agg(values).sort("child", "age_days")
    single = paired.filter(pl.all_horizontal(pl.col(name).list.len() == 1 for name in of)).explode("w", "h")
    return single.with_row_index(ORIGIN).with_columns(pl.col(ORIGIN).cast(pl.UInt64))


def validated(visits: pl.DataFrame) -> ValidationResult:
    told = visits.select(
        ORIGIN,
        "sex",
        pl.lit(BORN).alias("birth_date"),
        (pl.lit(BORN) + pl.duration(days="age_days")).alias("date"),
        pl.col("w").alias(WEIGHT),
        pl.col("h").alias(HEIGHT),
    )
    return validate_growth(
        "child_health",
        told.unpivot([WEIGHT, HEIGHT], index=[ORIGIN, "sex", "birth_date", "date"], variable_name="code"),
    )


def changed(visits: pl.DataFrame, result: ValidationResult) -> tuple[set[int], set[int]]:
    """Visits that were rejected or repaired, and visits whose values are not those given."""
    wide = result.rows.pivot("code", index=ORIGIN, values="value")
    both = visits.join(wide, on=ORIGIN, how="left")
    other = both.filter(pl.col(WEIGHT).is_null() | (pl.col(WEIGHT) != pl.col("w")) | (pl.col(HEIGHT) != pl.col("h")))
    return set(result.rejected[ORIGIN]) | set(other[ORIGIN]), set(other[ORIGIN])


def test_few_of_the_childrens_own_values_are_touched(visits: pl.DataFrame):
    found, _ = changed(visits, validated(visits))
    assert visits.height > 5_000
    assert 0.005 < len(found) / visits.height < 0.03


@pytest.mark.parametrize("slip", SLIPS)
def test_planted_slips_are_found_and_undone(visits: pl.DataFrame, slip: str):
    touched, _ = changed(visits, validated(visits))
    plausible = visits.filter(~pl.col(ORIGIN).is_in(list(touched)))
    planted = np.random.default_rng(0).random(plausible.height) < SHARE
    w, h = SLIPS[slip](pl.col("w"), pl.col("h"))
    faulty = plausible.with_columns(
        w=pl.when(pl.Series(planted)).then(w).otherwise("w"), h=pl.when(pl.Series(planted)).then(h).otherwise("h")
    )
    wrong = set(plausible.filter(pl.Series(planted))[ORIGIN])
    result = validated(faulty)
    found, _ = changed(faulty, result)
    assert found <= wrong  # precision 1: nothing plausible is touched
    assert len(found) / len(wrong) >= 0.99
    back = result.rows.pivot("code", index=ORIGIN, values="value").join(plausible, on=ORIGIN)
    right = back.filter(
        pl.col(ORIGIN).is_in(list(wrong)),
        ((pl.col(WEIGHT) - pl.col("w")).abs() < 1e-6) & ((pl.col(HEIGHT) - pl.col("h")).abs() < 1e-6),
    )
    assert right.height / len(wrong) >= 0.99
