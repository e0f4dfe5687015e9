"""The first table and the flow chart of a cohort: by group, in both languages, and never a small count."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.declare import LocalisedText
from riskstrat.disclosure import PRESETS, Disclosure, release
from riskstrat.errors import ContractError, DisclosureError, UsageError
from riskstrat.publication import TableOne, display, draw, table_one
from riskstrat.records.cohort import Cohort
from riskstrat.records.study import Study

EXACT = Disclosure(min_count=1, rounding=1, protect_remainder=False, protection="none")
THRESHOLDS = Disclosure(protection="suppression")


@pytest.fixture(autouse=True)
def _thresholds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is withheld for the sake of others is tested in `test_disclosure_suppression`."""
    monkeypatch.setattr(sys.modules[release.__module__], "_complemented", lambda _tables, marked, _rule: dict(marked))


PEOPLE = 60


def cohort(people: int = PEOPLE) -> Cohort:
    """Sixty people: ages 40-99, one man in three, three of them dead, one of unknown origin."""
    numbers = np.arange(people)
    frame = pl.DataFrame(
        {
            "person_id": numbers,
            "index_date": [date(2020, 1, 1)] * people,
            "age_years": numbers.astype(np.int32) + 40,
            "sex": np.where(numbers % 3 == 0, "male", "female"),
            "birth_region": ["asia", None, *["sweden"] * (people - 2)],
            "event": np.where(numbers < 3, 2, np.where(numbers < 15, 1, 0)).astype(np.int8),
            "duration_days": np.full(people, 100.0),
        }
    )
    return Cohort(condition="x", people=frame, flow=flow(people), as_of=date(2024, 1, 1), horizon_days=100)


def flow(people: int) -> pl.DataFrame:
    rows = [
        (1, "start", "everybody", "alla", people + 3, 2 * people),
        (2, "left_out", "not resident", "inte folkbokförda", 3, people),
        (3, "included", "included", "inkluderade", people, people),
    ]
    columns = ("step", "part", "reason", "reason_sv", "people", "rows")
    return pl.DataFrame(rows, schema=columns, orient="row")


def test_an_age_is_a_number_also_where_everybody_has_the_same():
    one = cohort()
    young = replace(one, people=one.people.with_columns(age_years=pl.lit(1, pl.Int32), duration_days=pl.lit(1.0)))
    table = table_one(young, disclosure=PRESETS["none"])
    assert {"age_years", "duration_days"} <= set(table.numbers.frame["variable"])
    assert not {"age_years", "duration_days"} & set(table.levels.frame["variable"])


def features(people: int = PEOPLE) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person_id": np.arange(people),
            "ever_stroke": pl.Series([1.0, 0.0, None] * (people // 3), dtype=pl.Float32),
            "income": pl.Series(np.arange(people) * 1000.0, dtype=pl.Float32),
        }
    )


def level(table: TableOne, variable: str, name: str, group: str = "all") -> tuple[int | None, int | None, float | None]:
    found = table.levels.frame.filter(variable=variable, level=name, group=group)
    return found.select("count", "index_dates", "share").row(0)


def number(table: TableOne, variable: str, group: str = "all") -> dict[str, float | None]:
    return table.numbers.frame.filter(variable=variable, group=group).row(0, named=True)


def test_levels_are_counted_among_those_in_whom_they_are_known():
    table = table_one(cohort(), features(), disclosure=EXACT)
    assert level(table, "sex", "male") == (20, 60, 0.333)
    assert level(table, "birth_region", "asia") == (1, 59, 0.0169)
    assert level(table, "ending", "competing death") == (3, 60, 0.05)
    assert level(table, "ever_stroke", "1") == (20, 40, 0.5)


def test_a_table_one_says_which_groups_it_describes():
    assert repr(table_one(cohort(), disclosure=EXACT)) == "TableOne(all)"
    assert repr(table_one(cohort(), by="sex", disclosure=EXACT)) == "TableOne(female, male)"


def test_numbers_have_means_and_quartiles():
    income = number(table_one(cohort(), features(), disclosure=EXACT), "income")
    assert income["observed"] == PEOPLE
    assert [income[name] for name in ("mean", "lower_quartile", "median", "upper_quartile")] == [
        30_000,
        14_000,
        30_000,
        44_000,
    ]
    assert income["standard_deviation"] == 18_000


def test_groups_stand_alone_and_are_not_described_by_themselves():
    table = table_one(cohort(), by="sex", disclosure=EXACT)
    assert table.groups.frame.rows() == [("female", 40, 40), ("male", 20, 20)]
    assert "sex" not in table.levels.frame["variable"]
    assert number(table, "age_years", "male")["median"] == 70


def test_a_level_that_a_group_lacks_is_a_zero():
    table = table_one(cohort(), by="sex", disclosure=EXACT)
    assert level(table, "birth_region", "asia", "female") == (0, 39, 0.0)


def test_small_counts_and_all_that_is_computed_from_them_are_withheld():
    table = table_one(cohort(), features(), disclosure=THRESHOLDS)
    assert level(table, "ending", "competing death") == (None, 60, None)
    assert level(table, "birth_region", "other") == (None, 60, None)
    assert "asia" not in table.levels.frame["level"]
    assert level(table, "ending", "outcome") == (10, 60, 0.167)


@pytest.mark.parametrize(("people", "is_described"), [(19, False), (20, True)])
def test_fewer_than_twenty_persons_are_not_described(people: int, *, is_described: bool):
    table = table_one(cohort(people), disclosure=THRESHOLDS)
    age = number(table, "age_years")
    assert all((age[name] is not None) == is_described for name in ("mean", "standard_deviation", "median"))
    assert table.levels.frame["count"].is_null().all() != is_described
    assert table.groups.frame["people"].item() == 20


def test_one_person_far_out_moves_no_mean():
    """Of 60 incomes the highest is a thousand times higher: the mean, whatever its digits, says nothing of it."""
    before = number(table_one(cohort(), features(), disclosure=THRESHOLDS), "income")
    rich = features().with_columns(income=pl.when(pl.col("person_id") == PEOPLE - 1).then(5e7).otherwise("income"))
    assert number(table_one(cohort(), rich, disclosure=THRESHOLDS), "income") == before


def test_moments_and_quartiles_carry_noise_that_one_person_more_makes_fresh():
    """A median of a half would say that exactly half of the group have nothing."""
    X = features().with_columns(visits=pl.Series([0.0, 1.0] * (PEOPLE // 2)))
    X = X.with_columns(visits=pl.when(pl.int_range(pl.len()) == 0).then(2.0).otherwise("visits"))
    told = [_numbers_of(X, people) for people in range(PEOPLE - 12, PEOPLE)]
    exact = number(table_one(cohort(), X, disclosure=EXACT), "income")
    assert len({one["income"]["mean"] for one in told}) > 3
    assert len({one["visits"]["median"] for one in told}) > 1
    assert all(abs(one["income"]["median"] - exact["median"]) <= 12_000 for one in told)


def _numbers_of(X: pl.DataFrame, people: int) -> dict[str, dict[str, float]]:
    known = cohort()
    table = table_one(replace(known, people=known.people[:people]), X[:people])
    return {name: number(table, name) for name in ("income", "visits")}


@pytest.mark.parametrize(("families", "is_told"), [(60, True), (6, False)])
def test_relatives_whose_data_are_used_are_counted_as_families(families: int, *, is_told: bool):
    """Sixty children of six mothers: their diagnoses are those of six persons."""
    known = cohort()
    numbers = np.arange(PEOPLE) % families
    known = replace(known, people=known.people.with_columns(family_id=pl.Series(numbers)))
    X = known.people.select(
        "person_id", mother_ever_stroke=(pl.col("family_id") % 2).cast(pl.Float64), mother_count_visits=numbers * 1.0
    )
    table = table_one(known, X, disclosure=THRESHOLDS)
    assert (level(table, "mother_ever_stroke", "1")[0] is not None) == is_told
    assert (number(table, "mother_count_visits")["mean"] is not None) == is_told
    assert number(table, "age_years")["mean"] is not None


@pytest.mark.parametrize(("home", "is_told"), [(2, True), (27, False)])
def test_a_mean_that_one_institution_dominates_is_not_told(home: int, *, is_told: bool):
    """Of thirty women `home` are in one nursing home, which has a small part of the municipality."""
    known = cohort(300)
    women, at = pl.int_range(pl.len()) < 30, pl.int_range(pl.len()) < home
    centre = pl.when(at).then(pl.lit("home")).otherwise((pl.int_range(pl.len()) % 8).cast(pl.String))
    sex = pl.when(women).then(pl.lit("female")).otherwise(pl.lit("male"))
    known = replace(known, people=known.people.with_columns(care_centre_id=centre, sex=sex))
    table = table_one(known, by="sex", disclosure=THRESHOLDS)
    assert (number(table, "age_years", "female")["mean"] is not None) == is_told
    assert number(table, "age_years", "male")["mean"] is not None
    one = replace(known, people=known.people.with_columns(care_centre_id=pl.lit("home")))
    assert number(table_one(one, by="sex", disclosure=THRESHOLDS), "age_years", "female")["mean"] is not None


def test_providers_of_another_name_dominate_too():
    """Thirty women, of whom 27 are in one nursing home; the register calls it something else than a care centre."""
    position = pl.int_range(pl.len())
    known = cohort(300)
    home = pl.when(position < 27).then(pl.lit("home")).otherwise((position % 8).cast(pl.String))
    sex = pl.when(position < 30).then(pl.lit("female")).otherwise(pl.lit("male"))
    known = replace(known, people=known.people.with_columns(nursing_home=home, sex=sex))
    told = {
        provider: number(table_one(known, by="sex", disclosure=THRESHOLDS, provider=provider), "age_years", "female")
        for provider in ("care_centre_id", "nursing_home")
    }
    assert told["care_centre_id"]["mean"] is not None
    assert told["nursing_home"]["mean"] is None
    with pytest.raises(UsageError, match="no column 'nursinghome' of providers"):
        table_one(known, provider="nursinghome")


def test_names_of_rare_levels_are_not_shown():
    few = cohort().people.with_columns(
        birth_region=pl.Series(["asia"] * 12 + ["africa"] * 12 + ["sweden"] * (PEOPLE - 24))
    )
    levels = table_one(replace(cohort(), people=few), disclosure=THRESHOLDS).levels.frame
    assert levels.filter(variable="birth_region")["level"].to_list() == ["other", "sweden"]
    assert levels.filter(variable="birth_region", level="other")["count"].to_list() == [25]


def test_a_group_that_is_nearly_all_in_one_sensitive_category_shows_none_of_its_levels():
    """Nearly all women were born in Asia, nearly all men in Sweden, where most were: only women are hidden."""
    people = cohort(200).people.with_columns(
        sex=pl.when(pl.int_range(pl.len()) < 60).then(pl.lit("female")).otherwise(pl.lit("male")),
        birth_region=pl.when(pl.int_range(pl.len()) < 57).then(pl.lit("asia")).otherwise(pl.lit("sweden")),
    )
    no_remainder = replace(THRESHOLDS, protect_remainder=False, min_count=2)
    shown = table_one(replace(cohort(200), people=people), by="sex", disclosure=no_remainder)
    counts = {row["group"]: [] for row in shown.groups.frame.to_dicts()}
    for row in shown.levels.frame.filter(variable="birth_region").sort("level").to_dicts():
        counts[row["group"]].append(row["count"])
    assert counts == {"female": [None, None], "male": [0, 140]}
    assert shown.levels.frame.filter(variable="ending", group="female")["count"].null_count() < 4


@pytest.mark.parametrize("column", ["person_id", "family_id", "household", "nearly"])
def test_groups_of_single_persons_or_families_are_refused(column: str):
    number = pl.int_range(pl.len())
    people = cohort().people.with_columns(
        family_id=number // 3, household=pl.format("h{}", number), nearly=number // 2 * 2
    )
    people = people.with_columns(nearly=pl.when(number < 30).then(number).otherwise(30))
    with pytest.raises(DisclosureError, match=rf"{column}: \d+ groups of 60 persons"):
        table_one(replace(cohort(), people=people), by=column)


def test_the_same_persons_have_the_same_noise_whenever_they_are_counted(study: Study):
    rule = Disclosure(min_count=1, rounding=1)
    found, again = (table_one(cohort, by="sex", disclosure=rule) for cohort in (study.cohort, study.cohort.counted))
    assert again.levels.frame.equals(found.levels.frame)
    shuffled = replace(study.cohort, people=study.cohort.people.sample(fraction=1, shuffle=True, seed=1))
    assert table_one(shuffled, by="sex", disclosure=rule).groups.frame.equals(found.groups.frame)
    fewer = replace(study.cohort, people=study.cohort.people.head(-1))
    assert not table_one(fewer, by="sex", disclosure=rule).levels.frame.equals(found.levels.frame)


def test_it_is_written_in_both_languages_without_what_is_withheld():
    table = table_one(
        cohort(), features(), disclosure=THRESHOLDS, labels={"income": LocalisedText(en="Income", sv="Inkomst")}
    )
    english, swedish = table.html("en"), table.html("sv")
    assert all(word in english for word in ("Income", "n = 60", "female"))
    assert all(word in swedish for word in ("Inkomst", "Kön", "kvinnor"))
    assert "person_id" not in english
    assert english.partition("competing death")[2].partition("</tr>")[0].count("–") == 1
    assert "Counts from 1 to 4 are withheld" in display(table)


def test_every_characteristic_of_a_study_fits(study: Study):
    table = table_one(study.cohort, by="landmark")
    assert table.groups.frame["group"].to_list() == ["0", "1"]
    assert "<table" in table.html()


def test_what_cannot_be_grouped_by_is_refused():
    with pytest.raises(UsageError, match="no column 'income'"):
        table_one(cohort(), features(), by="income")
    with pytest.raises(UsageError, match="no column 'index_date'"):
        table_one(cohort(), by="index_date")
    with pytest.raises((UsageError, ContractError), match="rows"):
        table_one(cohort(), features(30))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["everybody\n65 people, 120 index dates", "not resident\ntoo few to show", "included\n60 people"]),
        ("sv", ["alla\n65 personer, 120 indexdatum", "inte folkbokförda\nför få för att visas"]),
    ],
)
def test_the_flow_is_drawn_from_released_counts(language: str, expected: list[str]):
    drawn = draw(cohort(), language, THRESHOLDS).specification
    labels = [box["label"] for boxes in drawn["datasets"].values() for box in boxes if "label" in box]
    assert labels[: len(expected)] == expected


def test_the_flow_of_a_study_draws(study: Study):
    for record in (study.cohort, study.target):
        assert draw(record, "en").png().startswith(b"\x89PNG")


def test_persons_are_counted_once_and_decide_what_is_shown():
    """Three persons at four index dates each: twelve index dates of women, and still too few to show."""
    once = cohort(15).people
    again = once.filter(pl.col("sex") == "female").head(3)
    people = pl.concat([once.filter(pl.col("sex") == "male"), *[again] * 4])
    several = replace(cohort(15), people=people)
    table = table_one(several, by="sex", disclosure=Disclosure(rounding=1, protection="none"))
    assert table.groups.frame.rows() == [("female", None, None), ("male", 5, 5)]
    assert level(table, "birth_region", "sweden", "female") == (None, None, None)
    assert number(table, "age_years", "female")["mean"] is None


def test_who_was_followed_to_the_horizon_is_not_called_censored():
    """Of 60 people three died and twelve had the outcome; ten of the rest left halfway, and ten were not measured."""
    days = pl.when(pl.int_range(pl.len()).is_between(15, 24)).then(50.0).otherwise(100.0).alias("duration_days")
    people = cohort().people.with_columns(days, assessed=~pl.int_range(pl.len()).is_between(50, 59))
    table = table_one(replace(cohort(), people=people), disclosure=EXACT)
    ended = dict(table.levels.frame.filter(variable="ending").select("level", "count").rows())
    assert ended == {
        "outcome": 12,
        "competing death": 3,
        "left before the horizon": 10,
        "not measured": 10,
        "without the outcome to the horizon": 25,
    }


@pytest.mark.parametrize(
    ("language", "told"), [("en", "n = 60 persons, 120 index dates"), ("sv", "n = 60 personer, 120 indexdatum")]
)
def test_persons_and_index_dates_stand_in_the_heading_and_only_counted_ones_are_described(language: str, told: str):
    first = cohort().people.with_columns(landmark=0)
    third = first.with_columns(pl.lit(date(2020, 7, 1)).alias("index_date"), landmark=2)
    between = first.with_columns(pl.lit(date(2020, 2, 1)).alias("index_date"), landmark=1)
    often = replace(cohort(), people=pl.concat([first, between, third]))
    table = table_one(often, disclosure=EXACT)
    assert table.groups.frame.select("people", "index_dates").row(0) == (60, 120)
    assert level(table, "ending", "outcome") == (24, 120, 0.2)
    assert told in table.html(language)


@pytest.mark.parametrize(("rich", "is_told"), [(10, True), (2, False)])
def test_a_mean_that_one_or_two_persons_dominate_is_not_told(rich: int, *, is_told: bool):
    """Two persons with nearly all of a sum: whoever of them knows their own part knows the other's."""
    someone = cohort(30)
    income = np.where(np.arange(30) < rich, 1_000_000.0, 0.01)
    X = someone.people.select("person_id", "index_date").with_columns(income=pl.Series(income))
    rule = Disclosure(min_count=1, rounding=1, protection="suppression")
    row = table_one(someone, X, disclosure=rule).numbers.frame.filter(variable="income")
    assert (row["mean"].null_count() == 0) == is_told
    exact = table_one(someone, X, disclosure=PRESETS["none"]).numbers.frame.filter(variable="income")
    assert exact["mean"].null_count() == 0
