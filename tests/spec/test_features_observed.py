"""Zero is not null: what is not observed is not known; the index date is 1 June 2019."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from riskstrat.declare import Count, Duration, Ever, Latest, Score
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from town import Rows, Town

INDEX = date(2019, 6, 1)
SHARE = "diagnoses__observed_share"
BORN = {"person_id": 1, "birth_date": date(1950, 1, 1)}


def day(number: int) -> date:
    return INDEX - timedelta(days=number)


def lived(first: int, last: int | None, person: int = 1) -> dict[str, object]:
    end = None if last is None else day(last)
    return {"person_id": person, "start_date": day(first), "end_date": end, "area_id": "A"}


def answer(
    town: Town,
    residences: Rows,
    *features: object,
    covered: tuple[date, date | None] = (date(2000, 1, 1), None),
    persons: Rows = (BORN,),
    rows: Rows = (),
) -> dict[str, float | None]:
    entry = {"coverage_start": covered[0], "coverage_end": covered[1]}
    registers = town(persons, residences=residences, diagnoses=rows, manifest={"diagnoses": entry})
    people = pl.DataFrame({"person_id": [1], "index_date": [INDEX], "area_id": ["A"]})
    cohort = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1))
    return build_features(features, cohort, registers).row(0, named=True)


WINDOWS = {
    "resident all along": ([lived(5000, None)], (date(2000, 1, 1), None), 0, 1.0),
    "moved in within the window": ([lived(50, None)], (date(2000, 1, 1), None), 0, 0.5),
    "moved in the day before": ([lived(1, None)], (date(2000, 1, 1), None), 0, 0.01),
    "moved in on the index day": ([lived(0, None)], (date(2000, 1, 1), None), None, 0.0),
    "left before the window": ([lived(5000, 101)], (date(2000, 1, 1), None), None, 0.0),
    "left on its first day": ([lived(5000, 100)], (date(2000, 1, 1), None), 0, 0.01),
    "several homes": ([lived(5000, 60), lived(59, 31), lived(10, None)], (date(2000, 1, 1), None), 0, 0.8),
    "never lived here": ([], (date(2000, 1, 1), None), None, 0.0),
    "covered from the last day": ([lived(5000, None)], (day(1), None), 0, 0.01),
    "covered from the index": ([lived(5000, None)], (day(0), None), None, 0.0),
    "covered until the first day": ([lived(5000, None)], (date(2000, 1, 1), day(100)), 0, 0.01),
    "covered until before the window": ([lived(5000, None)], (date(2000, 1, 1), day(101)), None, 0.0),
    "lived here and covered, but not together": ([lived(50, None)], (date(2000, 1, 1), day(51)), None, 0.0),
}


@pytest.mark.parametrize(("residences", "covered", "count", "share"), WINDOWS.values(), ids=WINDOWS)
def test_a_window_without_an_observed_day_is_null(
    town: Town, residences: Rows, covered: tuple[date, date | None], count: float | None, share: float
):
    features = [kind(register="diagnoses", codes="I21", within="100d") for kind in (Count, Ever, Duration)]
    found = answer(
        town, residences, *features, Score(register="diagnoses", score="hfrs", within="100d"), covered=covered
    )
    assert [found[feature.column] for feature in features] == [count] * 3
    assert found["hfrs_diagnoses_100d"] == count
    assert found[SHARE] == pytest.approx(share)


def test_rows_of_a_window_that_nobody_could_see_do_not_count(town: Town):
    rows = [{"person_id": 1, "date": day(50), "code": "I21", "value": 1.0}]
    features = [kind(register="diagnoses", codes="I21", within="100d") for kind in (Count, Latest)]
    found = answer(town, [lived(0, None)], *features, rows=rows)
    assert [found[feature.column] for feature in features] == [None, None]


def test_the_share_is_that_of_the_longest_window(town: Town):
    short, long = (Count(register="diagnoses", codes="I21", within=within) for within in ("10d", "200d"))
    assert answer(town, [lived(50, None)], short, long)[SHARE] == pytest.approx(0.25)


def test_the_share_of_ever_counts_from_the_start_of_coverage(town: Town):
    ever, short = (Count(register="diagnoses", codes="I21", within=within) for within in ("ever", "10d"))
    found = answer(town, [lived(50, None)], ever, short, covered=(day(200), None))
    assert found[SHARE] == pytest.approx(0.25)


def test_the_share_counts_from_birth(town: Town):
    newborn = {"person_id": 1, "birth_date": day(20)}
    ever = Count(register="diagnoses", codes="I21")
    assert answer(town, [lived(20, None)], ever, persons=[newborn])[SHARE] == 1.0
    assert answer(town, [lived(10, None)], ever, persons=[newborn])[SHARE] == pytest.approx(0.5)


def test_a_child_at_birth_has_no_past(town: Town):
    newborn = {"person_id": 1, "birth_date": INDEX}
    ever = Count(register="diagnoses", codes="I21")
    found = answer(town, [lived(0, None)], ever, persons=[newborn])
    assert (found[ever.column], found[SHARE]) == (None, 0.0)


def test_a_gap_moves_what_must_be_observed(town: Town):
    gapped = Count(register="diagnoses", codes="I21", within="100d", gap="50d")
    assert answer(town, [lived(50, None)], gapped)[gapped.column] is None
    found = answer(town, [lived(51, None)], gapped)
    assert (found[gapped.column], found[SHARE]) == (0, pytest.approx(0.01))


PARENTS = {
    "lived here": ([lived(5000, None, 2)], None, 0, 1.0),
    "lived elsewhere": ([], None, None, 0.0),
    "lived here half of the time": ([lived(50, None, 2)], None, 0, 0.5),
    "died within the window": ([lived(5000, None, 2)], day(91), 0, 0.1),
    "died before the window": ([lived(5000, None, 2)], day(101), None, 0.0),
    "died on the index day": ([lived(5000, None, 2)], day(0), 0, 1.0),
}


@pytest.mark.parametrize(("residences", "died", "count", "share"), PARENTS.values(), ids=PARENTS)
def test_a_relative_is_observed_where_the_relative_lived(
    town: Town, residences: Rows, died: date | None, count: float | None, share: float
):
    persons = [
        {"person_id": 1, "birth_date": date(2010, 1, 1), "mother_id": 2},
        {"person_id": 2, "birth_date": date(1980, 1, 1), "death_date": died},
    ]
    hers = Count(register="diagnoses", codes="I21", within="100d", relative="mother")
    found = answer(town, [lived(3000, None), *residences], hers, persons=persons)
    assert found[hers.column] == count
    assert found[f"mother__{SHARE}"] == pytest.approx(share)
    assert SHARE not in found


def test_an_unknown_relative_is_not_observed(town: Town):
    hers = Count(register="diagnoses", codes="I21", within="100d", relative="mother")
    found = answer(town, [lived(3000, None)], hers)
    assert (found[hers.column], found[f"mother__{SHARE}"]) == (None, None)
