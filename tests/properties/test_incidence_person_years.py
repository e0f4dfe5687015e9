"""Person-years by age and calendar year are those of counting every day of every person."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.errors import ContractError
from riskstrat.incidence import OutcomeArray, outcome_array, person_years
from riskstrat.numerics.intervals import byar_interval, exact_interval

AGES = (0, 18, 40, 41, 65)


def age_on(born: date, day: date) -> int:
    """Completed years; who is born on 29 February has birthdays on 1 March in other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def counted_by_day(
    y: OutcomeArray, index: list[date], born: list[date], group: list[str], *, entry: list[int], ages: tuple[int, ...]
) -> tuple[Counter, Counter]:
    days, events = Counter(), Counter()
    for row, start, birth, label, late in zip(y, index, born, group, entry, strict=True):
        for number in range(late + 1, int(row["duration_days"]) + 1):
            day = start + timedelta(days=number)
            band = sum(age_on(birth, day) >= age for age in ages) - 1
            if band < 0:
                continue
            days[label, band, day.year] += 1
            events[label, band, day.year] += int(row["event"] == 1 and number == row["duration_days"])
    return days, events


DAYS = st.dates(date(2015, 1, 1), date(2020, 12, 31))
ROWS = st.lists(
    st.tuples(
        DAYS,
        st.integers(0, 40_000),
        st.integers(1, 1_500),
        st.integers(0, 2),
        st.sampled_from("ab"),
        st.integers(0, 90),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_cells_are_those_of_counting_days(rows: list[tuple[date, int, int, int, str, int]]):
    index = [row[0] for row in rows]
    born = [row[0] - timedelta(days=row[1]) for row in rows]
    entry = [min(row[5], row[2] - 1) for row in rows]
    group = [row[4] for row in rows]
    y = outcome_array([row[3] for row in rows], [float(row[2]) for row in rows])
    found = person_years(y, index, born, group, ages=AGES, entry=entry)
    days, events = counted_by_day(y, index, born, group, entry=entry, ages=AGES)
    labels = ["0-17", "18-39", "40", "41-64", "65+"]
    cells = {(row["group"], labels.index(row["age_band"]), row["year"]): row for row in found.iter_rows(named=True)}
    assert set(cells) == set(days)
    for cell, row in cells.items():
        assert row["person_years"] * 365.25 == pytest.approx(days[cell])
        assert row["events"] == events[cell]
    assert found["person_years"].sum() * 365.25 == pytest.approx(sum(y["duration_days"]) - sum(entry))


def test_a_birthday_on_the_29th_of_february_is_on_1_march_in_other_years():
    found = person_years(outcome_array([0], [10.0]), [date(2021, 2, 24)], [date(1960, 2, 29)], ages=(60, 61))
    # 25-28 February at 60, 1-6 March at 61
    assert (found["person_years"] * 365.25).round(6).to_list() == [4.0, 6.0]


def test_an_event_on_new_years_day_belongs_to_the_new_year():
    found = person_years(outcome_array([1], [1.0]), [date(2019, 12, 31)], [date(1960, 5, 1)])
    assert found.select("year", "events").rows() == [(2020, 1)]


def test_rates_are_per_thousand_with_exact_intervals_below_ten_events_and_byars_from_there():
    for events, interval in ((9, exact_interval), (10, byar_interval)):
        y = outcome_array([1] * events + [0] * 40, [100.0] * (events + 40))
        row = person_years(y, [date(2019, 1, 1)] * len(y), [date(1960, 5, 1)] * len(y), ages=(0,)).row(0, named=True)
        time = len(y) * 100 / 365.25
        assert row["rate"] == pytest.approx(events / time * 1000)
        assert row["lower"] == pytest.approx(float(interval(events)[0]) / time * 1000)
        assert row["upper"] == pytest.approx(float(interval(events)[1]) / time * 1000)


def test_a_person_with_two_index_dates_in_a_cell_is_one_person():
    dates = [date(2019, 1, 1), date(2019, 6, 1)]
    found = person_years(
        outcome_array([0, 0], [100.0, 100.0]), dates, [date(1960, 5, 1)] * 2, ages=(0,), persons=[7, 7]
    )
    assert found["persons"].to_list() == [1]


def test_the_competing_event_has_rates_too():
    y, index, born = outcome_array([1, 2], [100.0, 50.0]), [date(2019, 1, 1)] * 2, [date(1960, 5, 1)] * 2
    assert person_years(y, index, born, ages=(0,), event=2)["events"].to_list() == [1]


def test_time_below_the_first_age_is_left_out():
    found = person_years(outcome_array([1], [100.0]), [date(2019, 1, 1)], [date(2010, 1, 1)], ages=(18,))
    assert found.is_empty()
    assert found.columns == ["age_band", "year", "persons", "person_years", "events", "rate", "lower", "upper"]


def test_everything_wrong_with_dates_and_ages_is_told_at_once():
    with pytest.raises(ContractError) as error:
        person_years(outcome_array([0], [5.0]), [None], [date(2010, 1, 1)] * 2, ages=(40, 18))
    told = str(error.value)
    assert "index_date" in told
    assert "birth_date" in told
    assert "do not ascend" in told


def test_births_after_the_index_date_are_refused():
    with pytest.raises(ContractError, match="1 birth after the index date"):
        person_years(outcome_array([0], [5.0]), [date(2009, 1, 1)], [date(2010, 1, 1)])


def test_numpy_and_polars_dates_give_the_same():
    y, days, born = outcome_array([0, 1], [500.0, 400.0]), [date(2019, 1, 1)] * 2, [date(1960, 5, 1)] * 2
    found = person_years(y, pl.Series(days), pl.Series(born))
    assert found.equals(person_years(y, np.array(days, dtype="datetime64[D]"), np.array(born, dtype="datetime64[D]")))
