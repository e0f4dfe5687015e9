"""What happened to those who were followed: counted once, protected where it is shown, drawn and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from riskstrat.disclosure import CellNoise, Disclosure, Released, release
from riskstrat.figures import Language, incidence_curves
from riskstrat.incidence import cumulative_incidence, outcome_array
from riskstrat.numerics.intervals import PUBLISHED_LEVEL, wilson_interval
from riskstrat.publication import publish
from riskstrat.publication.composition import release_record
from riskstrat.publication.display import draw
from riskstrat.publication.incidence import incidence_tables
from riskstrat.records.incidence import Incidence, with_limits
from riskstrat.records.study import Study
from riskstrat.reports.context import report_context
from riskstrat.reports.incidence import incidence
from riskstrat.study import StudyData
from riskstrat.study.incidence import _curves, observed_incidence, times_of
from riskstrat.validation.grouping import group_labels, persons_behind

COUNTS = ("index_dates", "persons", "events", "event_persons")
PERSON_YEARS = {
    "age_band": pl.String, "year": pl.Int64, **dict.fromkeys(COUNTS, pl.Int64),
    **dict.fromkeys(("person_years", "rate", "lower", "upper"), pl.Float64),
    **{f"{name}_key": pl.UInt64 for name in COUNTS},
}  # fmt: skip
NOISE = CellNoise(b"the secret of these tests")
NOISY, EXACT = Disclosure(), Disclosure(rounding=1, protection="none")


@pytest.fixture(scope="module")
def data(municipality_steps: dict[str, object]) -> StudyData:
    return municipality_steps["data"]


@pytest.fixture(scope="module")
def found(data: StudyData) -> Incidence:
    return observed_incidence(data)


def invented(people: int, seed: int, *, risk: float = 0.2, rows: int = 1, leave: float = 0.1) -> Incidence:
    """Follow persons, each at so many index dates with the same fate, for two years."""
    rng = np.random.default_rng(seed)
    event = np.where(rng.random(people) < risk, 1, np.where(rng.random(people) < 0.05, 2, 0))
    gone = (event == 0) & (rng.random(people) < leave)
    days = np.where((event > 0) | gone, rng.integers(1, 731, people), 731).astype(float)
    y = outcome_array(np.repeat(event, rows), np.repeat(days, rows))
    person = pl.Series(np.repeat(np.arange(people), rows))
    curves = _curves(person, pl.Series(["all"] * len(y)), y, times_of(731))
    repeated = {1: float(rows), 2: float(rows)}
    nobody = pl.DataFrame(schema=PERSON_YEARS)
    return Incidence(
        curves=with_limits(curves, repeated), person_years=nobody, horizon_days=731, rows_per_person=repeated
    )


def shown(found: Incidence, rule: Disclosure = NOISY) -> pl.DataFrame:
    noise = NOISE if rule.table_width else None
    table = incidence_tables(found, noise)["cumulative_incidence"]
    return release(table, rule, noise).frame


def test_only_index_dates_that_are_counted_are_behind_the_curves(data: StudyData):
    day = pl.lit(date(2012, 1, 1)) + pl.duration(days=400 * pl.col("landmark"))
    people = data.training.cohort.people.with_columns(index_date=day)
    cohort = replace(data.training.cohort, people=people)
    close = replace(data, training=replace(data.training, cohort=cohort))
    assert 0 < cohort.is_counted.sum() < people.height
    row = observed_incidence(close).curves.filter(group="all", event=1).row(-1, named=True)
    y = cohort.followed_outcome[cohort.is_counted]
    expected = cumulative_incidence(y, [731]).filter(event=1)["estimate"][0]
    assert (row["index_dates"], row["days"]) == (len(y), 731)
    assert row["estimate"] == pytest.approx(expected)
    assert row["cases"] == (y["event"] == 1).sum()


def test_counts_and_keys_are_those_of_the_rows_of_each_cell(data: StudyData, found: Incidence):
    cohort = data.training.cohort
    people, y = cohort.people.filter(cohort.is_counted), cohort.followed_outcome[cohort.is_counted]
    labels = group_labels(people, "sex")
    for days in (91, 365, 731):
        for event in (1, 2):
            had = (y["event"] == event) & (y["duration_days"] <= days)
            behind = persons_behind(people, had, labels)
            followed = persons_behind(people, y["duration_days"] >= days, labels)
            cells = found.curves.filter(pl.col("group").str.starts_with("sex="), days=days, event=event).sort("group")
            for name, of in (("cases", "case"), ("case_persons", "case_person")):
                assert cells[name].to_list() == behind[name].to_list()
                assert cells[f"{name}_key"].to_list() == behind[f"{of}_key"].to_list()
            assert cells["at_risk"].to_list() == followed["cases"].to_list()
            assert cells["at_risk_persons"].to_list() == followed["case_persons"].to_list()
            assert cells["at_risk_key"].to_list() == followed["case_key"].to_list()
            assert cells["index_dates_key"].to_list() == behind["index_key"].to_list()
            assert cells["persons_key"].to_list() == behind["person_key"].to_list()


def test_curves_are_repeated_by_sex_age_and_the_conditions_subgroups(data: StudyData, found: Incidence):
    columns = {group.partition("=")[0] for group in found.curves["group"]}
    assert columns == {"all", "sex", "age_band", *(one.name for one in data.condition.subgroups)}


@pytest.mark.parametrize("horizon", [1, 2, 29, 30, 90, 365, 731, 913, 1826, 3653, 7305, 30_000])
def test_times_rise_to_the_horizon_and_are_at_most_twelve(horizon: int):
    times = times_of(horizon)
    assert times[-1] == horizon
    assert 1 <= len(times) <= 13
    assert (np.diff([0, *times]) > 0).all()


def test_person_years_are_all_that_was_followed(data: StudyData, found: Incidence):
    cohort = data.training.cohort
    y = cohort.followed_outcome[cohort.is_counted]
    assert found.person_years["person_years"].sum() == pytest.approx(y["duration_days"].sum() / 365.25)
    assert found.person_years["events"].sum() == (y["event"] == 1).sum()
    assert "70-79" in set(found.person_years["age_band"])


def test_where_the_outcome_must_be_measured_those_who_were_are_followed(data: StudyData):
    people = data.training.cohort.people
    some = people.with_columns(assessed=pl.int_range(pl.len()) % 3 > 0)
    measured = replace(data, training=replace(data.training, cohort=replace(data.training.cohort, people=some)))
    rows = some.filter(data.training.cohort.is_counted)["assessed"].sum()
    assert observed_incidence(measured).curves["index_dates"].max() == rows


def test_without_censoring_the_interval_is_wilsons_and_persons_are_counted_not_rows():
    once, often = (invented(400, 1, rows=rows, leave=0).curves.filter(event=1).row(-1, named=True) for rows in (1, 4))
    lower, upper = wilson_interval(once["estimate"], 400, PUBLISHED_LEVEL)
    assert (once["lower"], once["upper"]) == (pytest.approx(float(lower)), pytest.approx(float(upper)))
    assert often["index_dates"] == 1_600
    assert often["upper"] - often["lower"] == pytest.approx(once["upper"] - once["lower"])


def test_who_moves_away_widens_the_interval():
    stays, leaves = (invented(2_000, 3, leave=leave).curves.filter(event=1).row(-1, named=True) for leave in (0, 0.5))
    assert leaves["upper"] - leaves["lower"] > 1.2 * (stays["upper"] - stays["lower"])


def test_what_is_shown_rises_and_those_at_risk_fall():
    for seed in range(5):
        frame = shown(invented(300, seed, risk=0.08))
        for event in (1, 2):
            curve = frame.filter(event=event).sort("days")
            assert (curve["estimate"].drop_nulls().diff().drop_nulls() >= 0).all()
            at_risk = [curve["index_dates"][0], *curve["at_risk"].drop_nulls()]
            assert all(later <= earlier for earlier, later in pairwise(at_risk))


def test_a_group_of_fewer_than_200_persons_is_withheld_however_many_index_dates_it_has():
    few, enough = shown(invented(150, 1, rows=3)), shown(invented(260, 1))
    assert few["estimate"].null_count() == few.height
    assert enough.filter(event=1)["estimate"][-1] is not None
    assert shown(invented(150, 1), EXACT).filter(event=1)["estimate"][-1] is not None


def test_times_with_few_outcomes_are_withheld_and_exact_counts_by_option():
    found = invented(1_000, 2, risk=0.01)
    exact = shown(found, Disclosure(rounding=1, protection="suppression")).filter(event=1).sort("days")
    cases = found.curves.filter(event=1).sort("days")["cases"]
    assert [value is None for value in exact["estimate"]] == [0 < count < 5 for count in cases]


def test_the_share_is_that_of_protected_counts_and_not_of_the_exact_ones():
    found = invented(300, 4)
    last = found.curves.filter(event=1).row(-1, named=True)
    values = set()
    for number in range(20):
        noise = CellNoise(f"another secret, number {number}".encode())
        table = incidence_tables(found, noise)["cumulative_incidence"]
        values.add(table.frame.filter(event=1)["estimate"][-1])
    assert len(values) > 10
    assert max(abs(value - last["estimate"]) for value in values) <= 7 / (300 - 6)


@cache
def covered() -> float:
    inside = []
    for seed in range(150):
        found = invented(250, seed, leave=0.15)
        table = incidence_tables(found, CellNoise(f"the secret number {seed:03}".encode()))["cumulative_incidence"]
        row = table.frame.filter(event=1).row(3, named=True)
        inside.append(row["lower"] <= 0.2 * row["days"] / 731 <= row["upper"])
    return float(np.mean(inside))


def test_intervals_of_protected_counts_cover():
    # 90 % are claimed; 150 draws have a standard error of 2.4 %.
    assert covered() >= 0.85


def test_protected_rates_are_near_the_exact_ones_and_small_cells_are_withheld(found: Incidence):
    tables = {rule: incidence_tables(found, noise)["person_years"] for rule, noise in ((EXACT, None), (NOISY, NOISE))}
    exact, noisy = (release(table, rule, NOISE).frame for rule, table in tables.items())
    both = exact.join(noisy, on=["age_band", "year"], suffix="_noisy").drop_nulls()
    assert both.height
    assert ((both["person_years"] - both["person_years_noisy"]).abs() < 15).all()
    inside = []
    for number in range(10):
        noise = CellNoise(b"%020d" % number)
        told = release(incidence_tables(found, noise)["person_years"], NOISY, noise).frame
        beside = exact.join(told, on=["age_band", "year"], suffix="_noisy").drop_nulls()
        inside += ((beside["lower_noisy"] <= beside["rate"]) & (beside["rate"] <= beside["upper_noisy"])).to_list()
    assert np.mean(inside) > 0.9
    fewest = found.person_years.filter(pl.col("persons") < 190)
    hidden = noisy.join(fewest.select("age_band", "year"), on=["age_band", "year"])
    assert hidden["rate"].null_count() == hidden.height > 0


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("sv", "Av 100 personer hade {} fått utfallet efter 2 år"),
        ("en", "Of 100 people, {} had had the outcome after 2 years"),
    ],
)
def test_the_title_tells_the_released_share_at_the_end(found: Incidence, language: Language, title: str):
    figure = draw(found, language)
    row = figure_rows(found).filter(event=1).row(-1, named=True)
    told = "{:.0f} ({:.0f}–{:.0f})".format(*(100 * row[name] for name in ("estimate", "lower", "upper")))
    assert figure.title == title.format(told)
    assert figure.svg().startswith("<svg")


def figure_rows(found: Incidence) -> pl.DataFrame:
    return release_record(found)["cumulative_incidence"].frame.filter(group="all").sort("days")


def drawn_groups(
    estimates: dict[str, tuple[float, float, float] | None],
    days: tuple[int, ...] = (365, 731),
    *,
    withheld: tuple[str, int] | None = None,
) -> Released:
    rows = [
        {"group": group, "days": day, "event": 1, "index_dates": 400, "at_risk": 390 - day // 10}
        | dict(zip(("estimate", "lower", "upper"), ((group, day) != withheld and bounds) or (None,) * 3, strict=True))
        for group, bounds in estimates.items()
        for day in days
    ]
    frame = pl.DataFrame(rows).with_columns(pl.col("estimate", "lower", "upper").cast(pl.Float64))
    exact = incidence_tables(invented(300, 1), None)["cumulative_incidence"]
    keyless = replace(
        exact,
        frame=frame.with_columns(cases=40),
        keys={},
        persons={},
        fewest={},
        unshown=("cases",),
    )
    return release(keyless, EXACT)


def test_groups_are_told_apart_only_where_their_intervals_are():
    apart = drawn_groups({"a": (0.1, 0.08, 0.12), "b": (0.3, 0.27, 0.33)})
    title = incidence_curves(apart, "en", {"a": "few", "b": "many"}).title
    assert "highest among many, 30% (27–33), and lowest among few, 10.0% (8.0–12.0)" in title
    near = drawn_groups({"a": (0.1, 0.08, 0.12), "b": (0.11, 0.09, 0.13)})
    assert "cannot be said" in incidence_curves(near, "en", {"a": "few", "b": "many"}).title


def test_numbers_at_risk_are_drawn_without_a_search_of_the_whole_schema(monkeypatch: pytest.MonkeyPatch):
    released = drawn_groups({"a": (0.1, 0.08, 0.12), "b": (0.3, 0.27, 0.33)})
    monkeypatch.setattr("altair.utils.schemapi._FromDict", lambda _: pytest.fail("looked up"))
    assert incidence_curves(released, "en", {"a": "few", "b": "many"}).title


def test_withheld_groups_are_left_out_five_are_drawn_and_nothing_is_said_of_nothing():
    groups = dict.fromkeys("abcdefg", (0.1, 0.08, 0.12))
    figure = incidence_curves(drawn_groups({**groups, "a": None}), "sv", {name: f"grupp {name}" for name in groups})
    assert "Grupp a" not in figure.sentence
    assert "Grupp e" in figure.sentence
    assert "Grupp f" not in figure.sentence
    none = incidence_curves(drawn_groups({"all": None}), "sv")
    assert "för litet" in none.title
    assert none.svg()


def test_numbers_followed_stand_in_the_order_of_the_names_where_the_first_time_of_a_group_is_withheld():
    released = drawn_groups({"a": (0.1, 0.08, 0.12), "b": (0.3, 0.27, 0.33)}, withheld=("a", 365))
    drawn = incidence_curves(released, "en", {"a": "few", "b": "many"}).specification
    rows = {one["series"]: one["row"] for data in drawn["datasets"].values() for one in data if "row" in one}
    assert rows["few"] < rows["many"]
    assert drawn["layer"][1]["encoding"]["color"]["scale"]["domain"] == ["few", "many"]


@pytest.mark.parametrize(
    ("days", "told"), [((15, 30), "after 30 days"), ((91, 183), "after 6 months"), ((365, 1826), "after 5 years")]
)
def test_time_is_told_in_the_unit_of_the_horizon(days: tuple[int, ...], told: str):
    assert told in incidence_curves(drawn_groups({"all": (0.1, 0.08, 0.12)}, days), "en").title


def test_the_report_shows_them_where_there_are_any(municipality_study: Study, study: Study):
    for language, told in (
        ("sv", "Vad hände med dem som följdes?"),
        ("en", "What happened to those who were followed?"),
    ):
        blocks = list(incidence(report_context(publish(municipality_study), language)))
        assert blocks[0].text == told
        assert {block.key for block in blocks[1:]} == {"incidence", "incidence-groups", "rates"}
        assert len(blocks[2].charts) >= 2
        assert not list(incidence(report_context(publish(study), language)))
