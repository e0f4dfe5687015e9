"""Calendar rules of declarations and of the generator hold for every day."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from riskstrat.codes import growth_z, iotf_cutoff_bmi
from riskstrat.declare.calendar import plus_months
from riskstrat.synthetic.calendar_days import as_date, day, month_of, month_start
from riskstrat.synthetic.growth import add_months, bmi_of_latent, bmi_of_z

DATES = st.dates(date(1999, 1, 1), date(2030, 12, 31))


@given(DATES, st.integers(1, 60))
def test_missing_anniversary_becomes_the_first_of_the_next_month(start: date, months: int):
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    try:
        expected = date(year, month + 1, start.day)
    except ValueError:
        expected = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    days = np.array([day(start.year, start.month, start.day)], dtype=np.int32)
    assert as_date(int(add_months(days, months)[0])) == expected
    assert pl.select(plus_months(pl.lit(start), months)).item() == expected, "declarations have the same rule"


@given(DATES)
def test_a_day_lies_in_its_month(when: date):
    days = np.array([day(when.year, when.month, when.day)], dtype=np.int32)
    month = int(month_of(days)[0])
    assert month_start(month) <= days[0] < month_start(month + 1)
    assert as_date(int(days[0])) + timedelta(days=1) == as_date(int(days[0]) + 1)


@given(st.integers(1_280, 2_000), st.booleans(), st.floats(-4, 4))
def test_latent_above_zero_is_obesity_by_the_published_curve(age_days: int, female: bool, latent: float):
    days, girls = np.array([age_days], dtype=np.int32), np.array([female])
    bmi = float(bmi_of_latent(days, girls, np.array([latent]))[0])
    child = pl.DataFrame({"sex": ["female" if female else "male"], "age_days": [age_days]})
    cut = child.select(iotf_cutoff_bmi("obesity", sex=pl.col("sex"), age_days=pl.col("age_days"))).item()
    if abs(latent) > 1e-6:
        assert (bmi > cut) == (latent > 0)


@given(st.integers(20, 700), st.booleans(), st.floats(-2.9, 2.9))
def test_infants_have_the_z_score_they_were_given(age_days: int, female: bool, z: float):
    bmi = bmi_of_z("who", np.array([age_days], dtype=np.int32), np.array([female]), np.array([z]))
    child = pl.DataFrame({"sex": ["female" if female else "male"], "age_days": [age_days], "bmi": bmi})
    found = child.select(growth_z("who", sex=pl.col("sex"), age_days=pl.col("age_days"), value=pl.col("bmi"))).item()
    assert abs(found - z) < 1e-6
