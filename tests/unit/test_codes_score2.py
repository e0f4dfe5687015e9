"""SCORE2: who gets a risk, and which way it goes."""

import polars as pl
import pytest

from riskstrat.codes import RISK_REGIONS, score2
from riskstrat.errors import UsageError

PERSON = {
    "age_years": 55.0,
    "sex": "female",
    "smoker": False,
    "diabetes": False,
    "systolic_mmhg": 130.0,
    "cholesterol_total_mmol_l": 5.5,
    "cholesterol_hdl_mmol_l": 1.4,
}


def risk(region: str = "moderate", **changed: object) -> float | None:
    person = pl.DataFrame({**PERSON, **changed})
    return person.select(score2(**{name: pl.col(name) for name in PERSON}, region=region)).item()


@pytest.mark.parametrize("age_years", [39.9, 90, None])
def test_ages_outside_have_no_risk(age_years: float | None):
    assert risk(age_years=age_years) is None


@pytest.mark.parametrize("column", PERSON)
def test_what_is_not_known_gives_no_risk(column: str):
    assert risk(**{column: None}) is None


@pytest.mark.parametrize(
    ("column", "value"), [("systolic_mmhg", 0.0), ("cholesterol_hdl_mmol_l", -1.0), ("sex", "unknown")]
)
def test_impossible_values_give_no_risk(column: str, value: object):
    assert risk(**{column: value}) is None


@pytest.mark.parametrize("age_years", [40, 55, 69.9, 70, 80])
@pytest.mark.parametrize("sex", ["female", "male"])
def test_risk_factors_raise_the_risk_and_hdl_lowers_it(age_years: float, sex: str):
    base = risk(age_years=age_years, sex=sex)
    worse = {"smoker": True, "diabetes": True, "systolic_mmhg": 160.0, "cholesterol_total_mmol_l": 7.0}
    assert 0 < base < 1
    assert all(risk(age_years=age_years, sex=sex, **{name: value}) > base for name, value in worse.items())
    assert risk(age_years=age_years, sex=sex, cholesterol_hdl_mmol_l=2.0) < base


def test_the_older_model_takes_over_at_70():
    # the two models are fitted apart: the step at 70 is theirs, and small
    before, after = risk(age_years=69.999), risk(age_years=70.0)
    assert before != after
    assert after == pytest.approx(before, rel=0.6)


def test_regions_are_ordered_in_middle_age():
    risks = [risk(region=region) for region in RISK_REGIONS]
    assert risks == sorted(risks)


def test_an_unknown_region_is_refused():
    with pytest.raises(UsageError, match="very_high"):
        risk(region="nordic")
