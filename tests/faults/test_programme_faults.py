"""Programmes, scenarios and forecasts that cannot be used: one error each, with everything that is wrong."""

from __future__ import annotations

from itertools import product

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import read_forecast
from riskstrat.declare import Assumption, LocalisedText, Programme, Scenario, Settings
from riskstrat.errors import DesignError, UsageError
from riskstrat.priorities import prioritise, scenarios
from riskstrat.records.areas import Units

TEXT = LocalisedText(en="test", sv="test")
NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
FRAME = pl.DataFrame({"unit": ["A", "B"], "area_id": ["A", "B"], "municipality": ["X", "Y"], "people": [100, 100]})
UNITS = Units(units=FRAME, cases_draws=np.array([[30.0, 10.0]]), left_out=NOBODY)


def programme(**changes: object) -> Programme:
    said: dict[str, object] = {
        "name": "visits", "title": TEXT, "person_cost_sek": 1_000, "reach": 0.5, "reduction": (0.2, 0.2, 0.2),
        "case_cost_sek": (("region", 10_000),), "savings_years": 2, "price_year": 2024, "source": TEXT,
    }  # fmt: skip
    return Programme(**{**said, **changes})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reduction": (0.1, 0.2, 1.2)}, "reduction.2"),
        ({"reach": 1.2}, "reach"),
        ({"reach": (0.1, 0.2)}, "reach"),
        ({"person_cost_sek": 0}, "costs something"),
        ({"financing": (("region", 0.5), ("state", 0.4))}, "add up to 1"),
        ({"financing": (("region", 0.5), ("region", 0.5))}, "payers must differ"),
        ({"assumptions": (Assumption(of="reech", source=TEXT),)}, "did you mean 'reach'"),
    ],
)
def test_a_programme_that_cannot_be(changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        programme(**changes)


def test_programmes_that_compete_agree_on_what_a_case_costs() -> None:
    other = programme(name="groups", case_cost_sek=(("region", 11_000),), price_year=2020)
    with pytest.raises(UsageError, match="case_cost_sek, price_year"):
        prioritise(UNITS, [programme(), other], 50_000)
    with pytest.raises(UsageError, match="same name: visits"):
        prioritise(UNITS, [programme(), programme()], 50_000)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"eligible": (("sx", ("female",)),)}, "no column of the units 'sx'"),
        ({"eligible": (("area_id", ("A", "Bb")),)}, "no value 'Bb'"),
        ({"reach": (0.1, 0.2, 0.3, 0.4, 0.5)}, "no Care Need Index"),
    ],
)
def test_what_units_do_not_tell_is_asked_of_nobody(changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        prioritise(UNITS, programme(**changes), 50_000)


def test_a_misspelt_compatible_programme_is_an_error() -> None:
    with pytest.raises(UsageError, match="did you mean 'groups'"):
        prioritise(UNITS, [programme(compatible_with=("group",)), programme(name="groups")], 50_000)


def test_floors_that_cannot_be_met_are_all_told() -> None:
    with pytest.raises(DesignError) as caught:
        prioritise(UNITS, programme(), 80_000, floors={"X": 60_000, "Y": 30_000})
    assert len(caught.value.problems) == 2
    with pytest.raises(UsageError, match="no municipality 'Z'"):
        prioritise(UNITS, programme(), 80_000, floors={"Z": 1_000})
    with pytest.raises(UsageError, match="give municipalities"):
        prioritise(
            Units(units=FRAME.drop("municipality"), cases_draws=UNITS.cases_draws, left_out=NOBODY),
            programme(), 80_000, floors={"X": 1_000},
        )  # fmt: skip
    with pytest.raises(DesignError, match="cannot be met together"):
        prioritise(UNITS, programme(), 99_000, floors={"X": 1_000, "Y": 1_000}, whole_units=True)


def test_too_little_staff_says_what_it_would_take() -> None:
    with pytest.raises(DesignError, match=r"10 hours of staff.*at least 100 hours.*cheapest whole unit"):
        prioritise(UNITS, programme(person_staff_hours=2), 80_000, staff_hours=10, whole_units=True)


def test_one_area_is_planned_as_any() -> None:
    one = Units(units=FRAME.head(1), cases_draws=np.array([[30.0], [20.0]]), left_out=NOBODY)
    plan = prioritise(one, programme(), 20_000)
    assert plan.units["share"].to_list() == pytest.approx([0.4])
    assert not plan.beats_spreading


def test_scenarios_have_names_of_their_own() -> None:
    now = Scenario(name="now", programmes=(programme(),), budget_sek=50_000)
    with pytest.raises(UsageError, match="two scenarios called now"):
        scenarios(UNITS, [now, now])
    with pytest.raises(UsageError, match="no scenario"):
        scenarios(UNITS, [])
    with pytest.raises(UsageError, match="none is called plan"):
        Settings(scenarios=(Scenario(name="plan", programmes=(programme(),), budget_sek=1.0),))


AREAS = pl.DataFrame({"area_id": ["9981C1000", "9981C1010"]})
ROWS = list(product(AREAS["area_id"], ("female", "male"), range(68, 91), range(2023, 2028), [10]))
FORECAST = pl.DataFrame(ROWS, schema=["area_id", "sex", "age_years", "year", "people"], orient="row")


def problems_of(forecast: pl.DataFrame, **changes: object) -> str:
    with pytest.raises(UsageError) as caught:
        read_forecast(forecast, AREAS, **{"base_year": 2023, "ages": (70, 130), **changes})
    return str(caught.value)


def test_a_forecast_lists_missing_years_ages_and_areas_at_once() -> None:
    short = FORECAST.filter(pl.col("year") != 2025, pl.col("age_years") != 77).with_columns(
        pl.col("area_id").replace({"9981C1010": "9981C1011"})
    )
    said = problems_of(short, until=2029)
    for sentence in ("no people in 2025, 2028, 2029", "nobody of age 77", "no such area: 9981C1011", "did you mean",
                     "nobody in 9981C1010"):  # fmt: skip
        assert sentence in said


@pytest.mark.parametrize(
    ("forecast", "said"),
    [
        (FORECAST.rename({"age_years": "years_of_age"}), "age_years: no such column"),
        (FORECAST.drop("area_id"), "municipality: no such column"),
        (FORECAST.with_columns(pl.col("sex").replace({"male": "män"})), "no sex 'män'"),
        (FORECAST.with_columns(pl.col("age_years").cast(pl.String)), "write 100 for 100 and above"),
        (FORECAST.with_columns(-pl.col("people")), "below 0"),
        (pl.concat([FORECAST, FORECAST.filter(age_years=80).head(2)]), "same location, sex, age and year"),
        (FORECAST.filter(~((pl.col("age_years") == 80) & (pl.col("sex") == "male") & (pl.col("year") == 2024))),
         "2 combinations"),
        (FORECAST.filter(pl.col("year") == 2023), "no year after 2023"),
        (FORECAST.filter(pl.col("age_years") < 70), "nobody of 70 years or more"),
        (FORECAST.filter(pl.col("sex") == "male"), "nobody female"),
        (FORECAST.rename({"area_id": "municipality"}), "2 municipalities"),
    ],
)  # fmt: skip
def test_a_forecast_that_cannot_be_used(forecast: pl.DataFrame, said: str) -> None:
    assert said in problems_of(forecast)


def test_years_before_the_base_year_and_younger_ages_do_not_matter() -> None:
    earlier = FORECAST.with_columns(year=pl.lit(2019, pl.Int64))
    gap = FORECAST.filter(pl.col("age_years") != 69)
    assert read_forecast(pl.concat([earlier, gap]), AREAS, base_year=2023, ages=(70, 130)).last_year == 2027
