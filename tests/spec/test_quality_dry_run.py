"""The dry run: registers and a condition in; the rows, persons and index dates behind everything that it names out."""

import re
from dataclasses import replace
from datetime import date
from html import escape
from string import Formatter

import polars as pl
import pytest
from typer.testing import CliRunner

from riskstrat.cli import app
from riskstrat.declare import Age, AtEvent, Count, Ever, Every, Excluding, FirstEvent, LocalisedText, Population
from riskstrat.disclosure import Disclosure
from riskstrat.figures import load_messages
from riskstrat.publication import display
from riskstrat.publication.findings import publish_findings
from riskstrat.quality import RULES, check
from riskstrat.quality.declared_rows import count_by_component_and_year
from riskstrat.records.findings import Findings
from small_registers import BuildRegisters, MadeUp

PERSONS = [{"person_id": person, "birth_date": date(1950, 1, 1)} for person in range(1, 13)]
STROKE = FirstEvent(register="diagnoses", codes="I63", settings=("inpatient",), positions=("main",))
DIABETES = Excluding(having=Ever(register="diagnoses", codes="E11"), reason=LocalisedText(en="diabetes", sv="diabetes"))
VISITS = Count(register="contacts", codes="visit", within="2y")
EXACT = Disclosure(rounding=1, protection="none")
AS_OF = date(2023, 1, 1)


def diagnosed(person: int, code: str, setting: str = "inpatient", position: str = "main") -> dict[str, object]:
    return {
        "person_id": person, "date": date(2015, 1, 1), "code": code, "setting": setting, "position": position,
    }  # fmt: skip


DIAGNOSES = [
    *(diagnosed(person, "I630") for person in range(1, 7)),
    diagnosed(1, "I639"),
    diagnosed(1, "I639", position="other"),
    diagnosed(2, "I639", setting="primary"),
    *(diagnosed(person, "E119") for person in (11, 12)),
]


def rows_and_persons(components: pl.DataFrame, part: str) -> list[tuple[object, ...]]:
    return (
        components.filter(part=part).select("component", "codes", "in_registers", "different", "rows", "persons").rows()
    )


def test_components_are_counted_by_codes_settings_and_positions(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES)
    condition = replace(made_up(outcome=STROKE, population=Population(excluding=(DIABETES,))), features=(Age(), VISITS))
    components = count_by_component_and_year(condition, registers)[0]
    assert rows_and_persons(components, "outcome") == [("", "I63", True, 2, 7, 6)]
    assert rows_and_persons(components, "population") == [("", "E11", True, 1, 2, 2)]
    assert rows_and_persons(components, "features") == [(VISITS.column, "visit", False, 0, 0, 0)]


@pytest.mark.parametrize("rows_at_a_time", [1, 2, 5, 1000])
def test_how_many_rows_are_held_changes_nothing(build_registers: BuildRegisters, made_up: MadeUp, rows_at_a_time: int):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES)
    condition = made_up(outcome=STROKE, population=Population(excluding=(DIABETES,)))
    whole = count_by_component_and_year(condition, registers)[0]
    assert count_by_component_and_year(condition, registers, rows_at_a_time=rows_at_a_time)[0].equals(whole)


def test_persons_and_index_dates_are_those_of_the_cohort(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES)
    found = check(registers, made_up(population=Population(excluding=(DIABETES,))), as_of=AS_OF)
    assert found.dry_run is not None
    assert found.dry_run.as_of == AS_OF
    included = found.dry_run.flow.filter(part="included")
    assert included.select("people", "rows").row(0) == (10, 10)
    left_out = found.dry_run.flow.filter(part="left_out", reason="diabetes")
    assert left_out.select("people", "rows").row(0) == (2, 2)


def test_without_a_condition_nothing_is_run(build_registers: BuildRegisters):
    found = check(build_registers(PERSONS))
    assert found.dry_run is None
    assert publish_findings(found).components is None


def test_nobody_eligible_is_an_error_beside_the_counts(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES)
    found = check(registers, made_up(index=AtEvent(register="diagnoses", codes="Z99"), outcome=STROKE), as_of=AS_OF)
    assert found.has_errors
    assert found.findings.filter(severity="error")["rule"].to_list() == ["nobody is eligible"]
    assert found.dry_run is not None
    assert rows_and_persons(found.dry_run.components, "index") == [("", "Z99", True, 0, 0, 0)]
    assert "nobody is eligible for made_up" in str(publish_findings(found))


def test_nobody_eligible_is_told_beside_who_was_left_out_and_why(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES)
    found = check(registers, made_up(outcome=STROKE, population=Population(age_years=(120, 125))), as_of=AS_OF)
    assert found.dry_run is not None
    flow = found.dry_run.flow
    assert flow.row(0, named=True)["people"] == len(PERSONS)
    assert dict(flow.filter(part="left_out").select("reason", "people").rows())["younger than 120 years"] == len(
        PERSONS
    )
    assert "included" not in flow["part"]
    assert found.dry_run.flow_keys.height == flow.height
    text = str(publish_findings(found))
    assert "younger than 120 years" in text
    assert "outcome     `I63` in diagnoses (inpatient, main)" in text


def test_small_counts_are_withheld_in_text_and_tables(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES)
    found = check(registers, made_up(outcome=STROKE, population=Population(excluding=(DIABETES,))), as_of=AS_OF)
    published = publish_findings(found, EXACT)
    assert published.components is not None
    excluded = published.components.filter(part="population")
    assert excluded.select("different", "rows", "persons").row(0) == (None, None, None)
    outcome = published.components.filter(part="outcome")
    assert outcome.select("rows", "persons").row(0) == (7, 6)
    told = str(published)
    assert "`I63` in diagnoses (inpatient, main): 7 rows of 6 persons" in told
    assert "`E11` in diagnoses: few rows of few persons" in told


def test_the_record_shows_no_count(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES)
    told = repr(check(registers, made_up(outcome=STROKE), as_of=AS_OF))
    assert "shape" not in told
    assert len(told) < 2_000


def test_a_notebook_shows_what_was_found_in_words(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES)
    found = check(registers, made_up(outcome=STROKE), as_of=AS_OF)
    html = display(found)
    assert "What made_up finds" in html
    assert html == f"<pre>{escape(str(publish_findings(found)))}</pre>"


def test_registers_that_several_features_read_are_told_of_once(build_registers: BuildRegisters, made_up: MadeUp):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES, contacts=[])
    features = (
        Age(),
        VISITS,
        *(Ever(register="diagnoses", codes=codes, within="1y") for codes in ("E11", "I10", "J44")),
    )
    found = check(registers, replace(made_up(outcome=STROKE), features=features), as_of=AS_OF)
    assert found.dry_run is not None
    assert len(set(found.dry_run.notes)) == len(found.dry_run.notes)
    assert len([note for note in found.dry_run.notes if "covered for" in note.en]) == 1


@pytest.mark.parametrize(
    ("rows", "told"),
    [(1, "1 error, 0 warnings, 0 notes in 1 table"), (2, "2 errors, 0 warnings, 0 notes in 1 table")],
)
def test_one_is_not_told_in_the_plural(rows: int, told: str):
    columns = {"severity": "error", "table": "persons", "rule": "own parent", "rows": 7, "of": 9, "sentence": "{rows}"}
    frame = pl.DataFrame([{**columns, "about": str(n)} for n in range(rows)])
    found = Findings(name="town", tables=("persons",), findings=frame)
    assert str(publish_findings(found)).startswith(f"town: {told}\n")
    assert repr(found) == f"Findings(town: {told})"


def test_every_sentence_of_a_check_has_a_swedish_one_with_the_same_values():
    swedish = load_messages("sv", "riskstrat.publication").texts
    fields = {
        name: sorted({field for _, field, _, _ in Formatter().parse(rule.sentence) if field})
        for name, rule in RULES.items()
    }
    assert {
        name: sorted({field for _, field, _, _ in Formatter().parse(swedish[f"check_rule.{name}"]) if field})
        for name in RULES
    } == fields


def test_the_command_speaks_swedish(build_registers: BuildRegisters):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES, prescriptions=[], measurements=[])
    asked = ["check", str(registers.folder), "--condition", "early_cvd", "--language", "sv"]
    said = CliRunner().invoke(app, asked).output
    assert "Vad early_cvd finner" in said
    assert "rader för" in said
    assert "Antal från 0 till 4 visas inte" in " ".join(said.split())
    assert not re.search(r"\b(rows|persons of|warnings?|notes?)\b", said)


def test_the_command_counts_what_a_condition_finds(build_registers: BuildRegisters):
    registers = build_registers(PERSONS, diagnoses=DIAGNOSES, prescriptions=[], measurements=[])
    said = CliRunner().invoke(app, ["check", str(registers.folder), "--condition", "early_cvd"])
    assert "What early_cvd finds" in said.output
    assert "rows of" in said.output


def test_rows_and_persons_are_counted_by_year(build_registers: BuildRegisters, made_up: MadeUp):
    later = [{**row, "date": date(2018, 7, 1)} for row in DIAGNOSES[:5]]
    again = [{**diagnosed(1, "I633"), "date": date(2018, 12, 31)}]
    registers = build_registers(PERSONS, diagnoses=[*DIAGNOSES, *later, *again])
    condition = made_up(outcome=STROKE, population=Population(excluding=(DIABETES,)))
    for rows_at_a_time in (2, 1000):
        found = check(registers, condition, as_of=AS_OF, rows_at_a_time=rows_at_a_time).dry_run
        assert found is not None
        counted = found.years.filter(part="outcome").select("year", "rows", "persons").rows()
        assert counted == [(2015, 7, 6), (2018, 6, 5)]
        assert found.components.filter(part="outcome").select("rows", "persons").row(0) == (13, 6)
    published = publish_findings(check(registers, condition, as_of=AS_OF), EXACT)
    assert "rows by year: 2015: 7, 2018: 6" in str(published)
    assert published.years is not None
    assert published.years.filter(part="population").select("rows", "persons").rows() == [(None, None)]


def test_the_first_and_the_last_index_date_are_told_with_what_made_them(
    build_registers: BuildRegisters, made_up: MadeUp
):
    manifest = {"diagnoses": {"delay_days": 30}, "persons": {"delay_days": 60}}
    registers = build_registers(PERSONS, manifest=manifest, diagnoses=DIAGNOSES, contacts=[])
    index, outcome = Every(years=2), replace(STROKE, washout="ever")
    condition = replace(made_up(index=index, outcome=outcome), features=(Age(), VISITS))
    found = check(registers, condition, as_of=AS_OF)
    assert found.dry_run is not None
    told = [note.en for note in found.dry_run.notes]
    assert told[0].startswith("no row of the registers is about 1 of 2 features")
    assert told[1:] == [
        'washout: "ever" in diagnoses is the 1.8 to 11.8 years covered before the index dates',
        (
            "last index date 2020-10-31: outcomes are known and covered to 2022-11-01 (persons), "
            "and are followed for 731 days"
        ),
        (
            "first index date 2010-10-29: outcomes are covered from 2009-01-01; "
            "the flow says what else left out earlier ones"
        ),
        "diagnoses, contacts: covered for 1.8 years before the first index date, 11.8 before the last",
    ]
    assert all(note in " ".join(str(publish_findings(found)).split()) for note in told)
