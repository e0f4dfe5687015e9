"""Indicators: counted by the engine of cohorts, expected without action, kept and held against next year."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from riskstrat import indicators
from riskstrat.areas import rates
from riskstrat.conditions import load, proposed_indicators
from riskstrat.declare import (
    AtEvent,
    BeforeDeath,
    Declaration,
    FirstEvent,
    LocalisedText,
    NetCostIndicator,
    OnDate,
    Population,
    RegisterIndicator,
    SlopeIndicator,
    TableIndicator,
)
from riskstrat.disclosure import CellNoise
from riskstrat.errors import ContractError, UsageError
from riskstrat.indicators.expecting import predict
from riskstrat.priorities import prioritise
from riskstrat.publication.composition import release_record
from riskstrat.records.follow_up import FollowUp
from riskstrat.records.omission import Omission
from small_pilot import programme, units
from small_registers import BuildRegisters

TEXT = LocalisedText(en="Title", sv="Titel")
AS_OF = date(2023, 12, 31)
ADMISSION = FirstEvent(register="contacts", codes="admission_unplanned")
READMITTED = RegisterIndicator.of(load("readmission"), goal="seamless")
LAST_DAYS = RegisterIndicator(
    name="last", title=TEXT, goal="person_centred", index=BeforeDeath(days=30), horizon="30d", outcome=ADMISSION
)
INCIDENCE = RegisterIndicator(
    name="incidence", title=TEXT, goal="better_health", measure="rate", per=1_000.0,
    outcome=FirstEvent(register="diagnoses", codes="I63"),
)  # fmt: skip
REACH = TableIndicator(
    name="reach", title=TEXT, goal="equal_access", wanted="higher", measure="rate", per=1.0,
    count="participants", denominator="need",
)  # fmt: skip


def person(number: int, **changes: object) -> dict[str, object]:
    return {"person_id": number, "birth_date": date(1940, 1, 1), **changes}


def stay(number: int, start: date, days: int = 5, code: str = "admission_unplanned") -> dict[str, object]:
    return {"person_id": number, "date": start, "end_date": start + timedelta(days=days), "code": code}


def numbers(followed: FollowUp, *columns: str) -> list[tuple[object, ...]]:
    return followed.measured.select("year", *columns).rows()


def test_readmissions_are_counted_in_the_year_of_discharge_with_wilson_intervals(build_registers: BuildRegisters):
    found = indicators.follow(READMITTED, build_registers(
        [person(1), person(2, sex="male"), person(3, death_date=date(2020, 3, 1)), person(4)],
        contacts=[
            stay(1, date(2020, 5, 1)), stay(1, date(2020, 5, 20)),  # the first is followed by a readmission
            stay(2, date(2020, 5, 1)), stay(2, date(2020, 8, 1)),
            stay(3, date(2020, 2, 10)),  # died at home within 30 days: without a readmission
            stay(4, date(2021, 1, 1)),
        ],
    ), [2019, 2020, 2021], as_of=AS_OF)  # fmt: skip
    assert numbers(found, "count", "denominator")[1:] == [(2020, 1.0, 5.0), (2021, 0.0, 1.0)]
    row = found.measured.row(1, named=True)
    wilson = rates([1], [5], kind="proportion", per=100).row(0, named=True)
    for name in ("estimate", "lower", "upper"):
        assert row[name] == pytest.approx(wilson[name])
    nothing = found.measured.row(0, named=True)
    assert nothing["estimate"] is None
    assert nothing["missing"]
    assert nothing["missing_sv"]


def test_who_leaves_before_the_answer_is_in_no_proportion(build_registers: BuildRegisters):
    moved = {"person_id": 1, "start_date": date(1999, 1, 1), "end_date": date(2020, 5, 20), "area_id": "A"}
    stays = {"person_id": 2, "start_date": date(1999, 1, 1), "end_date": None, "area_id": "A"}
    registers = build_registers(
        [person(1), person(2)],
        residences=[moved, stays],
        contacts=[stay(1, date(2020, 5, 1)), stay(2, date(2020, 5, 1))],
    )
    assert numbers(indicators.follow(READMITTED, registers, [2020], as_of=AS_OF), "denominator") == [(2020, 1.0)]


def test_the_last_30_days_of_life_end_with_the_day_of_death(build_registers: BuildRegisters):
    died = date(2021, 6, 30)
    people = [person(number, death_date=died) for number in (1, 2, 3, 4)]
    days = {1: 0, 2: 29, 3: 30, 4: 31}
    registers = build_registers(
        [*people, person(5)], contacts=[stay(n, died - timedelta(days=d), 0) for n, d in days.items()]
    )
    found = indicators.follow(LAST_DAYS, registers, [2021], as_of=AS_OF)
    # 30 days before is the index itself; 31 lies before it.
    assert numbers(found, "count", "denominator", "estimate") == [(2021, 2.0, 4.0, 50.0)]


def test_incidence_is_over_person_years_from_new_year(build_registers: BuildRegisters):
    registers = build_registers(
        [person(1), person(2), person(3, death_date=date(2020, 7, 1))],
        diagnoses=[{"person_id": 1, "date": date(2020, 4, 1), "code": "I639"}],
    )
    found = indicators.follow(INCIDENCE, registers, [2020], as_of=AS_OF)
    days = (date(2020, 4, 1) - date(2020, 1, 1)).days + 365 + (date(2020, 7, 1) - date(2020, 1, 1)).days
    row = found.measured.row(0, named=True)
    assert row["denominator"] == pytest.approx(days / 365.25)
    exact = rates([1], [days / 365.25], per=1_000).row(0, named=True)
    assert (row["estimate"], row["upper"]) == (pytest.approx(exact["estimate"]), pytest.approx(exact["upper"]))


LACKING = {
    "a table that is not there": RegisterIndicator(
        name="plan", title=TEXT, goal="person_centred", outcome=FirstEvent(register="plans", codes="sip")
    ),
    "a code that is never recorded": RegisterIndicator(
        name="plan", title=TEXT, goal="person_centred",
        outcome=FirstEvent(register="contacts", codes="coordinated_plan"),
    ),
    "an event that never happened": RegisterIndicator(
        name="plan", title=TEXT, goal="person_centred", outcome=ADMISSION,
        index=AtEvent(register="contacts", codes="admission_planned"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("lacking", LACKING)
def test_what_registers_lack_is_a_sentence_and_never_zero(build_registers: BuildRegisters, lacking: str):
    registers = build_registers([person(1)], contacts=[stay(1, date(2020, 5, 1))])
    found = indicators.follow(LACKING[lacking], registers, [2020, 2021], as_of=AS_OF)
    assert numbers(found, "count", "estimate") == [(2020, None, None), (2021, None, None)]
    for said in ("missing", "missing_sv"):
        assert found.measured[said].str.len_chars().min() > 40
    assert found.expected["estimate"].to_list() == [None]


def test_before_a_code_was_recorded_there_is_no_zero(build_registers: BuildRegisters):
    rows = [
        {"person_id": 1, "date": date(2021, 4, 1), "code": "I639"},
        {"person_id": 2, "date": date(2020, 4, 1), "code": "J45"},
    ]
    registers = build_registers([person(1), person(2), person(3)], diagnoses=rows)
    found = indicators.follow(INCIDENCE, registers, [2020, 2021], as_of=AS_OF)
    assert numbers(found, "count") == [(2020, None), (2021, 1.0)]
    assert "No row that the outcome asks for was recorded of anybody in 2020" in found.measured["missing"][0]
    older = replace(INCIDENCE, population=Population(age_years=(90, 130)))
    born_early = build_registers([person(1), person(4, birth_date=date(1925, 1, 1))], diagnoses=rows[:1])
    # Somebody else's stroke shows that strokes are recorded: none among the oldest is a zero.
    assert numbers(indicators.follow(older, born_early, [2021], as_of=AS_OF), "count") == [(2021, 0.0)]


def test_a_year_that_was_not_followed_to_its_end_has_no_number(build_registers: BuildRegisters):
    registers = build_registers([person(1)], diagnoses=[{"person_id": 1, "date": date(2022, 4, 1), "code": "I639"}])
    found = indicators.follow(INCIDENCE, registers, [2022, 2023], as_of=date(2023, 6, 1))
    assert numbers(found, "count") == [(2022, 1.0), (2023, None)]
    assert "Too few of 2023" in found.measured["missing"][1]


def test_groups_cross_and_areas_keep_a_stable_code(build_registers: BuildRegisters):
    def home(number: int, area: str, start: date, end: date | None) -> dict[str, object]:
        return {"person_id": number, "start_date": start, "end_date": end, "area_id": area}

    registers = build_registers(
        [person(1), person(2, sex="male"), person(3)],
        residences=[
            home(1, "A", date(1999, 1, 1), date(2020, 12, 31)), home(1, "A1", date(2021, 1, 1), None),
            home(2, "A", date(1999, 1, 1), date(2020, 12, 31)), home(2, "A2", date(2021, 1, 1), None),
            home(3, "B", date(1999, 1, 1), None),
        ],
        contacts=[stay(n, date(year, 5, 1)) for n in (1, 2, 3) for year in (2020, 2021)],
    )  # fmt: skip
    lookup = pl.DataFrame({"old": ["A", "A", "B"], "new": ["A1", "A2", "B"]})
    found = indicators.follow(READMITTED, registers, [2020, 2021], as_of=AS_OF, by="area_id", lookup=lookup)
    assert found.measured.select("area_id", "year", "denominator").rows() == [
        ("A1+A2", 2020, 2.0), ("A1+A2", 2021, 2.0), ("B", 2020, 1.0), ("B", 2021, 1.0),
    ]  # fmt: skip
    crossed = indicators.follow(READMITTED, registers, [2021], as_of=AS_OF, by=["sex", "age_band"])
    assert crossed.measured.select("sex", "age_band", "denominator").rows() == [
        ("female", "80-84", 2.0), ("male", "80-84", 1.0),
    ]  # fmt: skip
    assert crossed.expected.select("sex", "age_band", "year").rows() == [
        ("female", "80-84", 2022), ("male", "80-84", 2022),
    ]  # fmt: skip


def test_standardised_numbers_compare_groups_of_unlike_ages(build_registers: BuildRegisters):
    def people(first: int, older: int, younger: int) -> list[dict[str, object]]:
        born = [date(1940, 1, 1)] * older + [date(1950, 1, 1)] * younger
        return [person(first + number, birth_date=day) for number, day in enumerate(born)]

    everybody = [*people(0, 40, 20), *people(100, 20, 40)]
    homes = [
        {"person_id": each["person_id"], "start_date": date(1999, 1, 1), "end_date": None,
         "area_id": "A" if each["person_id"] < 100 else "B"} for each in everybody
    ]  # fmt: skip
    # Half of the older and a quarter of the younger fall ill in either area, on the last day of the year.
    ill = [*range(20), *range(40, 45), *range(100, 110), *range(120, 130)]
    rows = [{"person_id": each, "date": date(2021, 12, 31), "code": "I639"} for each in ill]
    registers = build_registers(everybody, residences=homes, diagnoses=rows)
    share = replace(INCIDENCE, measure="proportion", per=100.0, horizon="364d")
    crude = indicators.follow(share, registers, [2021], as_of=AS_OF, by="area_id").measured
    found = indicators.follow(replace(share, standardised=True), registers, [2021], as_of=AS_OF, by="area_id")
    assert crude["estimate"].round(3).to_list() == [41.667, 33.333]
    assert found.measured["estimate"].to_list() == pytest.approx([37.5, 37.5])
    assert found.measured["count"].to_list() == [25.0, 20.0]
    assert found.expected["estimate"].round(0).to_list() == [38.0, 38.0]
    few = indicators.follow(replace(share, standardised=True), registers, [2020, 2021], as_of=AS_OF)
    assert few.measured["estimate"].to_list()[0] is None
    with pytest.raises(UsageError, match="standardised for sex and age"):
        indicators.follow(replace(share, standardised=True), registers, [2021], as_of=AS_OF, by="sex")
    noise = CellNoise(b"sixteen bytes or more")
    protected = indicators.follow(replace(share, standardised=True), registers, [2021], as_of=AS_OF, noise=noise)
    assert protected.measured["estimate"].to_list() == [None]
    assert "takes exact ones" in protected.measured["missing"].item()


def found_width(followed: FollowUp) -> float:
    return float(np.log(followed.expected["upper"] / followed.expected["lower"]).item())


def test_counts_are_protected_before_anything_follows_from_them(build_registers: BuildRegisters):
    people = [person(number) for number in range(1, 61)]
    contacts = [stay(n, date(2020, 5, 1)) for n in range(1, 61)] + [stay(n, date(2020, 5, 20)) for n in range(1, 21)]
    registers = build_registers(people, contacts=contacts)
    noise = CellNoise(b"sixteen bytes or more")
    exact, noisy = (indicators.follow(READMITTED, registers, [2020], as_of=AS_OF, noise=n) for n in (None, noise))
    assert (exact.protected, noisy.protected) == (False, True)
    row, true = noisy.measured.row(0, named=True), exact.measured.row(0, named=True)
    assert (row["count"], row["denominator"]) != (true["count"], true["denominator"])
    assert max(abs(row[name] - true[name]) for name in ("count", "denominator")) <= noise.width
    assert row["estimate"] == pytest.approx(100 * row["count"] / row["denominator"])
    wilson = rates([row["count"]], [row["denominator"]], kind="proportion", per=100).row(0, named=True)
    assert row["upper"] - row["lower"] > wilson["upper"] - wilson["lower"], "the interval holds the noise too"
    assert found_width(noisy) > found_width(exact)
    released = release_record(noisy)["measured"].frame
    assert released["estimate"].item() == pytest.approx(row["estimate"], abs=5)
    assert release_record(exact)["measured"].frame["count"].item() != 20.5


def reach(rows: Mapping[str, Sequence[float | None]], year: int = 2022) -> pl.DataFrame:
    return pl.DataFrame(rows, strict=False).with_columns(year=pl.lit(year))


def test_reach_per_need_by_quintile_comes_from_a_table():
    table = pl.concat([
        reach({"quintile": [1, 1, 5], "participants": [30.0, 30, 10], "need": [20.0, 10, 40]}),
        reach({"quintile": [1, 5], "participants": [40.0, None], "need": [20.0, 40]}, 2023),
    ])  # fmt: skip
    found = indicators.follow(REACH, table, [2022, 2023], as_of=AS_OF, by="quintile")
    assert found.measured.select("quintile", "year", "estimate").rows() == [
        ("1", 2022, 2.0), ("1", 2023, 2.0), ("5", 2022, 0.25),
    ]  # fmt: skip
    assert found.latest.select("quintile", "year").rows() == [("1", 2023), ("5", 2022)]


def test_the_slope_is_above_0_where_the_deprived_do_worse():
    table = reach({"area_id": list("ABCD"), "participants": [80.0, 60, 40, 20], "need": [100.0] * 4})
    deprivation = pl.DataFrame({"area_id": list("ABCD"), "care_need_index": [1.0, 2, 3, 4], "people": [500] * 4})
    unequal = SlopeIndicator(name="unequal", title=TEXT, goal="equal_access", of=REACH)
    found = indicators.follow(unequal, table, [2021, 2022], as_of=AS_OF, deprivation=deprivation)
    missing, slope = found.measured.rows(named=True)
    # The line through .8, .6, .4, .2 at mid-ranks .125 ... .875 falls by .8.
    assert slope["estimate"] == pytest.approx(0.8, abs=0.02)
    assert slope["lower"] > 0
    assert missing["missing"] == "The table has no row for the year."
    falling = replace(unequal, of=replace(REACH, wanted="lower"))
    other = indicators.follow(falling, table, [2022], as_of=AS_OF, deprivation=deprivation)
    assert other.measured["estimate"].item() == pytest.approx(-0.8, abs=0.02)
    alike = deprivation.with_columns(care_need_index=pl.lit(1.0))
    none = indicators.follow(unequal, table, [2022], as_of=AS_OF, deprivation=alike)
    assert "differ in deprivation" in none.measured["missing"].item()


NET = NetCostIndicator(name="net", title=TEXT, goal="cost_effective")


def test_net_cost_per_averted_case_is_the_plans():
    plan = prioritise(units(10), programme(), 2_000_000)
    row = indicators.follow(NET, plan, [2023], as_of=AS_OF).measured.row(0, named=True)
    saved = 9_000 / 1.03
    assert row["estimate"] == pytest.approx(plan.spent_sek / plan.averted.estimate - saved)
    assert row["lower"] < row["estimate"] < row["upper"]
    harmless = prioritise(units(10), programme(reduction=(0.0, 0.0, 0.0)), 2_000_000)
    assert "may avert no case" in indicators.follow(NET, harmless, [2023], as_of=AS_OF).measured["missing"].item()
    why = Omission(part="plan", reason=LocalisedText(en="No programme.", sv="Ingen insats."))
    assert indicators.follow(NET, why, [2023], as_of=AS_OF).measured["missing_sv"].item() == "Ingen insats."


def past(counts: Sequence[float], size: float = 1_000.0) -> pl.DataFrame:
    years = range(2024 - len(counts), 2024)
    return pl.DataFrame({"year": list(years), "count": counts, "denominator": [size] * len(counts)}, strict=False)


def test_a_level_goes_on_and_a_trend_goes_further():
    level = predict(past([400.0, 100, 100, 100]), [2024], "level").row(0, named=True)
    assert level["estimate"] == pytest.approx(100.5 / 1_000)
    sd = np.sqrt(1 / (3 * 100.5) + 1 / 100.5)
    assert level["upper"] == pytest.approx(0.1005 * np.exp(norm.ppf(0.975) * sd))
    counts = [200 * 0.9**year - 0.5 for year in range(6)]
    trend = predict(past(counts), [2024, 2026], "trend")
    assert trend["estimate"].to_list() == pytest.approx([0.2 * 0.9**6, 0.2 * 0.9**8])
    wider = (trend["upper"] / trend["lower"]).to_list()
    assert wider[0] < wider[1]


def test_a_trend_needs_four_years_and_a_proportion_stays_below_one():
    assert predict(past([10.0, 11, 12]), [2024], "trend")["estimate"].to_list() == [None]
    half, poisson = (predict(past([50.0] * 3, 100.0), [2024], "level", highest=most) for most in (1.0, np.inf))
    widths = [float(np.log(each["upper"] / each["lower"]).item()) for each in (half, poisson)]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(0.5), rel=0.01), "binomial, not Poisson"
    full = predict(past([99.0, 99, 99], 100.0), [2024], "level", highest=1.0)
    assert full["upper"].item() == 1.0


@pytest.mark.parametrize(("assumption", "spread"), [("level", 0.0), ("trend", 0.0), ("trend", 0.2)])
def test_what_comes_lies_in_the_prediction_interval(assumption: str, spread: float):
    rng, inside = np.random.default_rng(1), 0
    for _ in range(300):
        rate = 60 * np.exp(-0.05 * np.arange(9) * (assumption == "trend") + rng.normal(0, spread, 9))
        counts = rng.poisson(rate).astype(float)
        row = predict(past(counts[:8].tolist()), [2024], assumption).row(0, named=True)
        inside += row["lower"] <= counts[8] / 1_000 <= row["upper"]
    assert inside / 300 >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 300)


def test_next_year_is_held_against_what_was_expected(tmp_path: Path):
    table = pl.concat([reach({"participants": [400.0], "need": [1_000.0]}, year) for year in (2021, 2022, 2023)])
    before = indicators.follow(REACH, table, [2021, 2022, 2023], as_of=AS_OF)
    slope = SlopeIndicator(name="s", title=TEXT, goal="equal_access", of=REACH)
    path = indicators.save_follow_up([before], tmp_path / "followed.json")
    (back,) = indicators.read_follow_up(path)
    for name, value in vars(before).items():
        found = getattr(back, name)
        assert found.equals(value) if isinstance(value, pl.DataFrame) else found == value, name
    for count, said in ((600.0, "better"), (410.0, "as expected"), (200.0, "worse")):
        later = pl.concat([table, reach({"participants": [count], "need": [1_000.0]}, 2024)])
        now = indicators.follow(REACH, later, [2023, 2024], as_of="2024-12-31")
        compared = indicators.compare(back, now)
        assert compared.select("year", "outcome").rows() == [(2024, said)]
        assert compared["expected"].item() == pytest.approx(0.4, abs=0.001)
    with pytest.raises(UsageError, match="two indicators"):
        indicators.compare(back, replace(now, indicator=slope))
    path.write_text(json.dumps({"format": "riskstrat follow-up", "schema": 99}), encoding="utf-8")
    with pytest.raises(ContractError, match="schema 1"):
        indicators.read_follow_up(path)
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="did not write"):
        indicators.save_follow_up([before], tmp_path / "mine.txt")


def test_the_proposed_indicators_are_declarations_for_all_five_goals():
    proposed = proposed_indicators()
    assert {each.goal for each in proposed} == {
        "seamless", "person_centred", "better_health", "equal_access", "cost_effective",
    }  # fmt: skip
    assert len({each.name for each in proposed}) == len(proposed)
    for each in proposed:
        assert Declaration.from_json(each.to_json()) == each
    readmission = load("readmission")
    assert proposed[0].outcome == readmission.outcome
    assert proposed[0].index == readmission.index


def test_all_that_is_wrong_is_told_at_once(build_registers: BuildRegisters):
    registers = build_registers([person(1)], contacts=[stay(1, date(2020, 5, 1))])
    with pytest.raises(UsageError) as refused:
        indicators.follow(READMITTED, registers, [], as_of=AS_OF, by=["area", "sex"])
    assert "did you mean 'area_id'" in str(refused.value)
    assert "no year" in str(refused.value)
    with pytest.raises(UsageError, match=r"a DataFrame; expected registers"):
        indicators.follow(READMITTED, pl.DataFrame(), [2020], as_of=AS_OF)
    with pytest.raises(UsageError, match=r"no column 'participants'.*did you mean 'participant'"):
        indicators.follow(REACH, reach({"participant": [1.0], "need": [1.0]}), [2022], as_of=AS_OF)
    with pytest.raises(UsageError, match="counts of at least 0"):
        indicators.follow(REACH, reach({"participants": [-1.0], "need": [1.0]}), [2022], as_of=AS_OF)
    share = replace(REACH, measure="proportion")
    with pytest.raises(UsageError, match="above their denominator"):
        indicators.follow(share, reach({"participants": [3.0], "need": [1.0]}), [2022], as_of=AS_OF)
    slope = SlopeIndicator(name="s", title=TEXT, goal="equal_access", of=REACH)
    table = reach({"area_id": ["A"], "participants": [1.0], "need": [1.0]})
    with pytest.raises(UsageError, match=r"deprivation.area_id.*\n.*deprivation.people.*\n.*no index"):
        indicators.follow(slope, table, [2022], as_of=AS_OF)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"index": OnDate(date=date(2020, 1, 1))}, "dates of their own"),
        ({"population": Population(late_entry=True)}, "late_entry"),
        ({"goal": "cheap"}, "seamless"),
        ({"horizon": "soon"}, "not a duration"),
        ({"name": "Two words"}, "pattern"),
    ],
)
def test_indicators_that_cannot_be_meant_are_refused(changes: dict[str, object], said: str):
    with pytest.raises(UsageError, match=said):
        replace(INCIDENCE, **changes)
