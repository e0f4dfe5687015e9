"""Growth z-scores and the obesity curve at the edges of what the references cover."""

import datetime as dt

import numpy as np
import polars as pl
import pytest

from riskstrat.codes import IOTF_GRADES, REFERENCES, growth_z, iotf_cutoff_bmi, iotf_cutoff_z
from riskstrat.codes.datafiles import read_table
from riskstrat.codes.growth_curves import WHO_2006_DAYS, WHO_2007_DAYS, daily_curves, iotf_curve
from riskstrat.errors import UsageError

COLUMNS = {"sex": pl.col("sex"), "age_days": pl.col("age_days")}


def z_of(reference: str, sex: str | None, age_days: float | None, value: float | None) -> float | None:
    child = pl.DataFrame(
        {"sex": [sex], "age_days": [age_days], "value": [value]},
        schema={"sex": pl.String, "age_days": pl.Float64, "value": pl.Float64},
    )
    return child.select(growth_z(reference, **COLUMNS, value=pl.col("value"))).item()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reference", "first", "last", "value"),
    [("who", 0, 6969, 15.0), ("iotf", 730, 6575, 17.0), ("marsal", 154, 301, 3000.0)],
)
def test_ages_outside_the_reference_are_null(reference: str, first: int, last: int, value: float):
    for sex in ("female", "male"):
        assert z_of(reference, sex, first - 1, value) is None
        assert z_of(reference, sex, last + 1, value) is None
        assert z_of(reference, sex, first, value) is not None
        assert z_of(reference, sex, last, value) is not None


@pytest.mark.parametrize(
    ("sex", "age_days", "value"),
    [
        (None, 1461.0, 16.0),
        ("unknown", 1461.0, 16.0),
        ("male", None, 16.0),
        ("male", float("nan"), 16.0),
        ("male", 1461.0, None),
        ("male", 1461.0, 0.0),
        ("male", 1461.0, -16.0),
    ],
)
def test_what_is_unknown_or_impossible_is_null(sex: str | None, age_days: float | None, value: float | None):
    for reference in ("who", "iotf"):
        assert z_of(reference, sex, age_days, value) is None


def test_the_median_has_z_zero_and_the_second_sd_has_two():
    for reference in ("who", "iotf", "marsal"):
        curves = daily_curves(reference)  # type: ignore[arg-type]
        for row, sex in ((0, "female"), (curves.days, "male")):
            power, median, variation = (float(curve[row]) for curve in (curves.l, curves.m, curves.s))
            second = median * (1 + power * variation * 2) ** (1 / power)
            assert z_of(reference, sex, curves.first_day, median) == pytest.approx(0, abs=1e-12)
            assert z_of(reference, sex, curves.first_day, second) == pytest.approx(2)


def test_who_counts_on_in_equal_steps_beyond_three():
    curves = daily_curves("who")
    row = curves.days + 1000
    power, median, variation = (float(curve[row]) for curve in (curves.l, curves.m, curves.s))
    for sign in (1, -1):
        second, third = (median * (1 + power * variation * sign * sd) ** (1 / power) for sd in (2, 3))
        assert z_of("who", "male", 1000, third + 2 * (third - second)) == pytest.approx(sign * 5)


def test_no_power_is_so_near_zero_that_digits_are_lost():
    for reference in REFERENCES:
        assert daily_curves(reference).l.abs().min() > 1e-4


def test_who_changes_from_the_standard_to_the_reference_at_five_years():
    assert WHO_2007_DAYS[0] == WHO_2006_DAYS[1] + 1
    for sex in ("female", "male"):
        before, after = z_of("who", sex, WHO_2006_DAYS[1], 17.0), z_of("who", sex, WHO_2007_DAYS[0], 17.0)
        assert before == pytest.approx(after, abs=0.1)


def test_a_second_birthday_is_covered_however_the_leap_years_fall():
    born, second = dt.date(2001, 3, 1), dt.date(2003, 3, 1)
    assert z_of("iotf", "female", (second - born).days, 16.0) is not None


def test_the_obesity_curve_has_the_z_of_its_grade_at_every_age():
    ages = pl.DataFrame({"age_days": range(730, 6576, 7)}).join(pl.DataFrame({"sex": ["female", "male"]}), how="cross")
    for grade in IOTF_GRADES:
        curve = iotf_cutoff_bmi(grade, **COLUMNS)
        found = ages.select(
            z=growth_z("iotf", **COLUMNS, value=curve), expected=iotf_cutoff_z(grade, sex=pl.col("sex"))
        )
        assert (found["z"] - found["expected"]).abs().max() < 1e-9


@pytest.mark.parametrize("column", ["l", "m", "s"])
def test_between_half_years_the_two_neighbours_on_each_side_decide(column: str):
    table = read_table("growth/iotf2012_bmi_by_year.csv")
    knots = table.filter(pl.col("sex") == "male").sort("age_years")[column].to_numpy()
    midway = iotf_curve(table, "male", column, np.array([2.75, 4.25, 17.25]))
    weights = np.array([-1, 9, 9, -1]) / 16  # the cubic through four equally distant points, at their middle
    assert midway == pytest.approx([knots[start : start + 4] @ weights for start in (0, 3, 29)])


def test_one_expression_serves_lazy_streaming_and_enum_frames():
    children = pl.DataFrame({"sex": ["male", "female", None], "age_days": [1461, 800, 900], "bmi": [19.23, 16.0, 15.0]})
    z = growth_z("iotf", **COLUMNS, value=pl.col("bmi")).alias("z")
    eager = children.with_columns(z)["z"]
    as_enum = children.with_columns(pl.col("sex").cast(pl.Enum(["female", "male"])), pl.col("bmi").cast(pl.Float32))
    assert children.lazy().with_columns(z).collect(engine="streaming")["z"].equals(eager)
    assert as_enum.with_columns(z)["z"].to_list()[:2] == pytest.approx(eager.to_list()[:2], abs=1e-4)
    assert eager.null_count() == 1


def test_unknown_names_are_refused():
    with pytest.raises(UsageError, match="who, iotf, marsal"):
        z_of("cdc", "male", 1461, 16.0)
    with pytest.raises(UsageError, match="obesity"):
        iotf_cutoff_z("fat", sex=pl.col("sex"))  # type: ignore[arg-type]
