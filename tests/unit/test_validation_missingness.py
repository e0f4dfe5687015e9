"""How many index dates have no value, by outcome, landmark and group; what is said of it, and what is shown."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat import conditions
from riskstrat.disclosure import CellNoise, Disclosure, release
from riskstrat.errors import UsageError
from riskstrat.publication.validation import missingness_table
from riskstrat.records.cohort import Cohort
from riskstrat.study.missing_notes import missing_notes
from riskstrat.validation import depends_on, missingness

HORIZON = 365


def cohort_of(people: pl.DataFrame) -> Cohort:
    given = {"condition": "any", "flow": pl.DataFrame(), "as_of": date(2024, 1, 1), "horizon_days": HORIZON}
    return Cohort(people=people, **given)


def two_landmarks(n: int = 400) -> pl.DataFrame:
    """Half of the persons at each of two index dates; a quarter had the outcome, a tenth were lost before."""
    number = np.arange(2 * n)
    event = np.where(number % 4 == 0, 1, 0)
    return pl.DataFrame(
        {
            "person_id": number % n,
            "index_date": pl.Series([date(2019, 1, 1)] * n + [date(2021, 1, 1)] * n),
            "landmark": np.repeat([0, 1], n),
            "sex": np.where(number % 2 == 0, "female", "male"),
            "age_years": 50,
            "event": event,
            "duration_days": np.where(number % 10 == 9, 100.0, float(HORIZON)),
            "assessed": True,
        }
    )


def test_counts_are_index_dates_and_persons_by_outcome_landmark_and_group():
    people = two_landmarks(4)
    X = pl.DataFrame({"bmi": [None, 1.0, None, 1.0, 1.0, 1.0, None, 1.0], "age": [1.0] * 8, "same": [None] * 8})
    found = missingness(X, cohort_of(people), ("sex",))
    counts = found.filter(feature="bmi").select("group", "index_dates", "persons", "missing", "missing_persons")
    assert counts.rows() == [
        ("all", 8, 4, 3, 2),
        ("outcome=no", 6, 3, 2, 1),
        ("outcome=yes", 2, 1, 1, 1),
        ("landmark=2019-01-01", 4, 4, 2, 2),
        ("landmark=2021-01-01", 4, 4, 1, 1),
        ("sex=female", 4, 2, 3, 2),
        ("sex=male", 4, 2, 0, 0),
    ]
    assert found.filter(feature="age")["group"].to_list() == ["all"]
    assert (found.filter(feature="same")["share"] == 1).all()


def test_who_was_lost_or_not_measured_has_an_outcome_that_is_not_known():
    people = two_landmarks(20).with_columns(assessed=pl.col("person_id") != 0)
    X = pl.DataFrame({"bmi": [None, *[1.0] * 39]})
    found = missingness(X, cohort_of(people), ()).filter(pl.col("group").str.starts_with("outcome"))
    assert dict(found.select("group", "index_dates").iter_rows()) == {
        "outcome=no": 26,
        "outcome=unknown": 6,
        "outcome=yes": 8,
    }
    assert found.filter(group="outcome=unknown")["missing"].item() == 1


def test_nan_is_missing_too_and_overlapping_landmarks_are_counted_once():
    people = two_landmarks(4).with_columns(
        index_date=pl.when(pl.col("landmark") == 0).then(date(2020, 10, 1)).otherwise("index_date")
    )
    found = missingness(pl.DataFrame({"bmi": [1.0] * 4 + [np.nan] * 4}), cohort_of(people))
    assert found.select("group", "index_dates", "missing").row(0) == ("all", 4, 4)


def test_features_of_other_rows_are_refused():
    with pytest.raises(UsageError, match="X of 3 rows"):
        missingness(pl.DataFrame({"bmi": [1.0] * 3}), cohort_of(two_landmarks(4)))


def with_gaps(people: pl.DataFrame) -> pl.DataFrame:
    """Recorded for 90 % of those with the outcome and 40 % of the others; at the second landmark; for women."""
    had, tenth = pl.col("event") == 1, pl.col("person_id") % 10
    by_outcome = pl.when(tenth < pl.when(had).then(9).otherwise(4)).then(1.0)
    return people.select(
        latest_measurements_systolic_mmhg_3y=by_outcome,
        age_years=pl.lit(1.0),
        by_landmark=pl.when(pl.col("landmark") == 1).then(1.0),
        by_sex=pl.when(pl.col("sex") == "female").then(1.0),
        by_chance=pl.when(tenth < 5).then(1.0),
    )


def test_gaps_that_go_with_outcome_landmark_or_group_are_found_and_others_are_not():
    people = two_landmarks(1_000)
    found = depends_on(missingness(with_gaps(people), cohort_of(people), ("sex",)))
    assert {(row["feature"], row["by"]) for row in found.iter_rows(named=True)} >= {
        ("latest_measurements_systolic_mmhg_3y", "outcome"),
        ("by_landmark", "landmark"),
        ("by_sex", "sex"),
    }
    assert "by_chance" not in found.filter(by="landmark")["feature"]
    assert found["highest"].max() == 1


def test_small_groups_and_those_of_whom_the_group_is_not_known_are_not_compared():
    shares = {"group": ["area=a", "area=b", "area=unknown"], "share": [0.1, 0.9, 1.0], "persons": [500, 99, 500]}
    assert depends_on(pl.DataFrame({"feature": ["bmi"] * 3} | shares)).is_empty()


def test_what_gaps_depend_on_is_said_in_both_languages_with_the_names_of_the_declaration():
    condition = conditions.load("early_cvd")
    columns = [feature.column for feature in condition.features]
    table = pl.DataFrame(
        {
            "feature": [name for name in columns for _ in range(2)] + ["undeclared"] * 2,
            "group": ["outcome=yes", "outcome=no"] * (len(columns) + 1),
            "share": [share for at in range(len(columns)) for share in (0.1, 0.9 - at / 100)] + [0.0, 1.0],
            "persons": 500,
        }
    )
    (note,) = missing_notes(table, condition)
    assert condition.features[0].label.en in note.en
    assert condition.features[0].label.sv in note.sv
    assert f"and {len(columns) - 5} more" in note.en
    assert f"och {len(columns) - 5} till" in note.sv
    assert not list(missing_notes(table.with_columns(share=0.5), condition))
    (of_year,) = missing_notes(table.with_columns(pl.col("group").str.replace("outcome", "landmark")), condition)
    (of_sex,) = missing_notes(table.with_columns(pl.col("group").str.replace("outcome", "sex")), condition)
    assert len({note.en, of_year.en, of_sex.en}) == 3


def test_released_counts_have_noise_and_rows_of_one_pattern_the_same():
    people = two_landmarks(1_000)
    hardly = pl.when(pl.col("age_years").cum_count() > 3).then(1.0)
    X = with_gaps(people).with_columns(again=pl.col("by_sex"), hardly=hardly)
    found = missingness(X, cohort_of(people), ("sex",))
    noise = CellNoise(b"sixteen bytes or more", 6)
    exact = release(missingness_table(found, None), Disclosure(protection="none")).frame
    shown = release(missingness_table(found, noise), Disclosure(), noise).frame
    assert shown.columns == ["feature", "group", "index_dates", "share"]
    both = exact.join(shown, on=["feature", "group"], suffix="_shown")
    assert 0 < (both["index_dates"] - both["index_dates_shown"]).abs().max() <= 6 + 5
    assert (both["share"] - both["share_shown"]).abs().max() <= 0.02
    of = {name: shown.filter(feature=name).drop("feature") for name in ("by_sex", "again")}
    assert of["by_sex"].equals(of["again"])
    # That nobody, or everybody, has a value in a group is told, for noise hides any one person.
    assert dict(of["by_sex"].select("group", "share").iter_rows())["sex=male"] == 1
    # Three of 2,000 index dates: whose they are is told by no group.
    assert shown.filter(feature="hardly").height == 1


def test_a_share_moves_by_more_than_one_person_does():
    """Of 100 index dates one more without a value changes a share by a hundredth; the noise by more."""
    people = two_landmarks(50)
    noise = CellNoise(b"sixteen bytes or more", 6)
    moved = []
    for gaps in range(20, 60):
        X = pl.DataFrame({"bmi": [None] * gaps + [1.0] * (100 - gaps)}, schema={"bmi": pl.Float64})
        frame = missingness_table(missingness(X, cohort_of(people)), noise).frame
        moved.append(frame.filter(group="all")["share"].item() - gaps / 100)
    assert np.std(moved) > 0.008
    assert np.abs(moved).max() <= 0.14


def test_groups_of_few_persons_have_no_share():
    people = two_landmarks(1_000).with_columns(sex=pl.when(pl.col("person_id") < 12).then(pl.lit("x")).otherwise("sex"))
    noise = CellNoise(b"sixteen bytes or more", 6)
    found = missingness(with_gaps(people), cohort_of(people), ("sex",))
    shown = release(missingness_table(found, noise), Disclosure(), noise).frame
    assert shown.filter(group="sex=x")["share"].null_count() == shown.filter(group="sex=x").height > 0
