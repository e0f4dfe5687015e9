"""A design in words: what a reader is told of every kind, in both languages, with codes spelled out and counted."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from typer.testing import CliRunner

from riskstrat.cli import app
from riskstrat.conditions import available, load
from riskstrat.declare import (
    AnchoredWindow,
    AnyOf,
    AtAge,
    AtBirth,
    AtEvent,
    BeforeDeath,
    BetweenAges,
    Condition,
    DeathFrom,
    Duration,
    Ever,
    Every,
    Excluding,
    FirstEvent,
    Including,
    IndexKind,
    Language,
    LocalisedText,
    MeasuredAbove,
    NthEvent,
    OnDate,
    OutcomeKind,
    Population,
    ScoreReaches,
    Since,
    SinceFirst,
)
from riskstrat.declare.description import describe
from riskstrat.declare.event_queries import EventQuery, event_queries, named_codes, spell_out_codes
from riskstrat.quality.declared_rows import count_by_component_and_year
from small_registers import BuildRegisters, MadeUp

STROKE = FirstEvent(register="diagnoses", codes="I63", settings=("inpatient",), positions=("main",))
INDEXES = [
    (OnDate(date=date(2020, 1, 1)), "2020-01-01 for everybody", "2020-01-01 för alla"),
    (Every(years=2), "landmarks 2 years apart", "fasta datum med 2 år emellan"),
    (AtAge(months=18), "becomes 18 months old", "blir 18 månader"),
    (AtAge(months=1), "becomes 1 month old", "blir 1 månad gammal"),
    (BeforeDeath(days=30), "30 days before death", "30 dagar före döden"),
    (BeforeDeath(days=1), "1 day before death", "1 dag före döden"),
    (AtBirth(), "the day of birth", "födelsedagen"),
    (AtEvent(register="diagnoses", codes="E11"), "first event of `E11` in", "första händelse med `E11` i"),
    (
        AtEvent(register="diagnoses", codes="E11", which="every", day="end", washout="1y"),
        "the last day of every event of `E11` in diagnoses after 1 year without one",
        "sista dagen av varje händelse med `E11` i diagnoses efter 1 år utan någon",
    ),
]
OUTCOMES = [
    (STROKE, "first row of `I63` in diagnoses (inpatient, main)", "nobody is left out"),
    (
        FirstEvent(register="diagnoses", codes="I63", washout="1y"),
        "`I63` in diagnoses",
        "had it in the 365 days before",
    ),
    (FirstEvent(register="diagnoses", codes="I63", washout="ever"), "`I63` in diagnoses", "ever had it before"),
    (NthEvent(register="contacts", codes="admission_unplanned", n=3, span="90d"), "spell number 3", "within 90 days"),
    (DeathFrom(codes="I20-I25"), "death from `I20-I25` in diagnoses (death, underlying)", "nobody is left out"),
    (ScoreReaches(register="diagnoses", level=5, washout="2y"), "hfrs of `*` in diagnoses over 2 years", "above 5"),
    (
        MeasuredAbove(
            register="child_health",
            codes="bmi_kg_m2",
            reference="iotf",
            level="obesity",
            age_years=(3.5, 5.5),
            nearest_years=4,
        ),
        "nearest 4 years of age, from 3.5 to before 5.5, at or above iotf: obesity",
        "not measured is not assessed",
    ),
]


@pytest.mark.parametrize(("index", "english", "swedish"), INDEXES)
def test_every_kind_of_index_is_told(made_up: MadeUp, index: IndexKind, english: str, swedish: str):
    condition = made_up(index=index)
    assert english in describe(condition, "en")
    assert swedish in describe(condition, "sv")


WINDOWS = [
    (BetweenAges(from_years=2, to_years=4), "at ages 2–4", "vid 2–4 års ålder"),
    (Since(date=date(2015, 1, 1)), "since 2015-01-01", "sedan 2015-01-01"),
    (SinceFirst(register="diagnoses", codes="E10-E14"), "since the first E10-E14", "sedan första E10-E14"),
]


@pytest.mark.parametrize(("window", "english", "swedish"), WINDOWS)
def test_a_window_that_begins_elsewhere_is_told_in_words(
    made_up: MadeUp, window: AnchoredWindow, english: str, swedish: str
):
    condition = dataclasses.replace(made_up(), features=(Ever(register="diagnoses", codes="I10", within=window),))
    assert f"within {english}" in describe(condition, "en")
    assert f"within {swedish}" in describe(condition, "sv")


@pytest.mark.parametrize(("outcome", "what", "who"), OUTCOMES)
def test_every_kind_of_outcome_is_told_with_who_is_left_out(made_up: MadeUp, outcome: OutcomeKind, what: str, who: str):
    told = describe(made_up(outcome=outcome))
    line = next(line for line in told.splitlines() if what in line)
    assert who in line
    assert "competes" in told


def test_the_population_and_who_is_excluded_are_told(made_up: MadeUp):
    housing = Duration(register="services", codes="special_housing", within="1d")
    service = Duration(register="services", codes="home_care", within="1y")
    population = Population(
        age_years=(70, 90),
        resident_days=365,
        sex="female",
        late_entry=True,
        including=(Including(having=service, reason=LocalisedText(en="without home care", sv="utan hemtjänst")),),
        excluding=(Excluding(having=housing, reason=LocalisedText(en="in special housing", sv="i särskilt boende")),),
    )
    told = describe(made_up(population=population))
    wanted = ("aged 70 to 90", "women only", "365 days before", "enters late", "in special housing: Duration(")
    assert [words for words in wanted if words not in told] == []
    required, left_out = told.split("## Required")[1].split("## Left out")
    assert "- Duration(register services; codes home_care" in required
    assert "without home care" not in required
    assert "- without home care\n- in special housing" in left_out


def test_a_kind_without_a_description_shows_its_declaration(made_up: MadeUp):
    class Plain(FirstEvent):
        event_description = None

    told = describe(made_up(outcome=Plain(register="diagnoses", codes="I63")))
    assert "Plain(register diagnoses; codes I63)" in told


def test_all_rows_that_are_asked_for_are_listed_once(made_up: MadeUp):
    condition = made_up(
        index=AtEvent(register="diagnoses", codes="E11"), outcome=AnyOf(STROKE, STROKE, DeathFrom(codes="I63"))
    )
    assert event_queries(condition) == (
        EventQuery("diagnoses", "E11"),
        EventQuery("diagnoses", "I63", ("inpatient",), ("main",)),
        EventQuery("diagnoses", "I63", ("death",), ("underlying",)),
    )


@pytest.mark.parametrize("language", ["en", "sv"])
@pytest.mark.parametrize("name", available())
def test_shipped_conditions_spell_out_every_code(name: str, language: Language):
    condition = load(name)
    told = describe(condition, language)
    assert [asked for asked in event_queries(condition) if f"| `{asked.codes}` |" not in told] == []
    assert "Every(" not in told
    assert "FirstEvent(" not in told


def diagnosed(person: int, code: str, **fields: object) -> dict[str, object]:
    return {"person_id": person, "date": date(2015, 1, 1), "code": code, "setting": "inpatient", **fields}


def test_codes_are_counted_in_registers(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(
        persons=[{"person_id": person, "birth_date": date(1950, 1, 1)} for person in range(3)],
        diagnoses=[
            diagnosed(0, "I630", position="main"),
            diagnosed(0, "I639", position="main"),
            diagnosed(1, "I639", position="main"),
            diagnosed(1, "I639", position="other"),
            diagnosed(2, "I639", position="main", setting="primary"),
        ],
    )
    counts = count_by_component_and_year(
        made_up(outcome=AnyOf(STROKE, FirstEvent(register="contacts", codes="x"))), registers
    )[0]
    assert counts.filter(part="outcome").rows() == [
        ("outcome", "", "diagnoses", "I63", "inpatient", "main", True, 2, 3, 2),
        ("outcome", "", "contacts", "x", "", "", False, 0, 0, 0),
    ]


def test_no_rows_are_asked_of_registers_that_are_not_there(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(persons=[{"person_id": 1, "birth_date": date(1950, 1, 1)}])
    counts = count_by_component_and_year(made_up(), registers)[0].filter("in_registers")
    assert counts.is_empty()


def test_the_command_writes_json_that_comes_back():
    said = CliRunner().invoke(app, ["describe", "frailty", "--json"])
    assert Condition.from_json(said.output) == load("frailty")


def test_a_code_with_commas_in_quotes_is_one_code_and_no_list():
    ward = '"ward 5, stroke, north"'
    assert [found.codes for found in named_codes(FirstEvent(register="lab", codes=f"{ward}, x"))] == [ward, "x"]
    assert spell_out_codes(f"{ward}, x", "en") == f"{ward}, x"
