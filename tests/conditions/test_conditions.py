"""The contract that every condition keeps; it runs on whatever is found in `riskstrat.conditions`."""

from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from riskstrat import conditions
from riskstrat.codes import codelist
from riskstrat.cohort import build_cohort
from riskstrat.declare import Condition, EventFeature, Every, Example, LocalisedText, OnDate
from riskstrat.declare.description import describe
from riskstrat.features import build_features
from riskstrat.registers import Manifest, Registers, TableManifest, open_registers, write_registers

EVENT_COLUMNS = {
    "person_id": pl.Int64,
    "date": pl.Date,
    "code": pl.String,
    "value": pl.Float64,
    "end_date": pl.Date,
    "known_on": pl.Date,
    "setting": pl.String,
    "position": pl.String,
}
AS_OF = date(2024, 1, 1)
DATA_END = date(2023, 12, 31)
CLASSIFIED = {"diagnoses": "icd10_se", "prescriptions": "atc"}
OTHERS = 40
"""Copies of a person with the outcome, so that the cohort has enough outcomes to be computed."""

SHIPPED = [conditions.load(name) for name in conditions.available()]
every_condition = pytest.mark.parametrize("condition", SHIPPED, ids=conditions.available())


def texts_of(declaration: object) -> list[LocalisedText]:
    if isinstance(declaration, LocalisedText):
        return [declaration]
    if isinstance(declaration, tuple):
        return [text for item in declaration for text in texts_of(item)]
    found = getattr(type(declaration), "__dataclass_fields__", {})
    return [text for name in found for text in texts_of(getattr(declaration, name))]


@every_condition
def test_it_is_named_as_its_file(condition: Condition):
    assert (Path(conditions.__file__).parent / f"{condition.name}.py").is_file()


@every_condition
def test_json_round_trips_and_the_digest_follows_the_content(condition: Condition):
    back = Condition.from_json(condition.to_json())
    assert back == condition
    assert back.digest == condition.digest
    assert replace(condition, horizon="90d").digest != condition.digest
    assert hash(back) == hash(condition)


@every_condition
def test_it_speaks_both_languages(condition: Condition):
    texts = texts_of(condition)
    assert texts
    assert all(text.en.strip() and text.sv.strip() for text in texts)
    assert all(feature.label for feature in condition.features)


@every_condition
def test_its_code_lists_can_be_read(condition: Condition):
    for feature in condition.features:
        if isinstance(feature, EventFeature) and feature.register in CLASSIFIED and feature.codes != "*":
            assert str(codelist(feature.codes))


@every_condition
def test_it_has_references_programmes_limits_and_examples(condition: Condition):
    assert condition.references
    assert condition.programmes
    assert condition.limits
    assert any(example.event == 1 for example in condition.examples)


@every_condition
def test_it_can_be_described_in_both_languages(condition: Condition):
    assert condition.title.en in describe(condition, "en")
    assert condition.title.sv in describe(condition, "sv")


@every_condition
def test_declarations_hold_data_only(condition: Condition):
    def plain(value: object) -> bool:
        if isinstance(value, tuple):
            return all(map(plain, value))
        if hasattr(value, "__dataclass_fields__"):
            return all(plain(getattr(value, field.name)) for field in fields(value))
        return value is None or isinstance(value, bool | int | float | str | date)

    assert plain(condition)


@pytest.mark.parametrize(
    ("name", "number"),
    [(name, number) for name in conditions.available() for number in range(len(conditions.load(name).examples))],
)
def test_examples_get_the_answer_expected_of_them(name: str, number: int, tmp_path: Path):
    condition = conditions.load(name)
    example = condition.examples[number]
    asked = at_index(condition, example)
    registers = registers_of(asked, [example, *with_outcome(condition, example)], tmp_path)
    cohort = build_cohort(asked, registers, AS_OF)
    person = (pl.col("person_id") == 0) & (pl.col("index_date") == example.index)

    found = cohort.people.filter(person)
    assert found.height == (0 if example.event is None else 1), example.description
    if example.event is None:
        return
    assert found["event"].item() == example.event, example.description
    if example.duration_days is not None:
        assert found["duration_days"].item() == example.duration_days
    X = build_features(asked.features, cohort, registers).filter(person)
    for column, value in example.features:
        assert X[column].item() == pytest.approx(value), f"{example.description}: {column}"


def at_index(condition: Condition, example: Example) -> Condition:
    """Landmarks move with the data; an example speaks of one of its own."""
    return replace(condition, index=OnDate(date=example.index)) if isinstance(condition.index, Every) else condition


def with_outcome(condition: Condition, example: Example) -> list[Example]:
    """Copies of a person with the outcome, moved to the index of this example."""
    one = next(each for each in condition.examples if each.event == 1)
    moved = example.index - one.index
    rows = tuple(
        replace(row, date=row.date + moved, end_date=row.end_date + moved if row.end_date else None) for row in one.rows
    )
    same_age = replace(one, born=one.born + moved if moved > timedelta(0) else one.born, rows=rows)
    return [same_age] * OTHERS


def registers_of(condition: Condition, examples: list[Example], folder: Path) -> Registers:
    people = list(enumerate(examples))
    tables = {"persons": persons_of(people), "residences": residences_of(people), **events_of(condition, people)}
    entries = {
        name: TableManifest(
            code_system=CLASSIFIED.get(name, "exact"), coverage_start=date(2005, 1, 1), delay_days=0, source="made up"
        )
        for name in tables
    }
    manifest = Manifest(name="examples", data_end=DATA_END, tables=entries)
    return open_registers(write_registers(folder / "registers", tables, manifest))


def persons_of(people: list[tuple[int, Example]]) -> pl.DataFrame:
    rows = [(number, each.born, each.sex, each.died) for number, each in people]
    schema = {"person_id": pl.Int64, "birth_date": pl.Date, "sex": pl.String, "death_date": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


def residences_of(people: list[tuple[int, Example]]) -> pl.DataFrame:
    rows = [(number, max(each.resident_from, each.born), each.died, "a") for number, each in people]
    schema = {"person_id": pl.Int64, "start_date": pl.Date, "end_date": pl.Date, "area_id": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def events_of(condition: Condition, people: list[tuple[int, Example]]) -> dict[str, pl.DataFrame]:
    read = {feature.register for feature in condition.features if isinstance(feature, EventFeature)}
    names = read | set(condition.outcome.registers)
    return {
        name: pl.DataFrame(
            [
                (number, row.date, row.code, row.value, row.end_date, row.known_on, row.setting, row.position)
                for number, example in people
                for row in example.rows
                if row.register == name
            ],
            schema=EVENT_COLUMNS,
            orient="row",
        )
        for name in names
    }


def test_a_fourth_condition_is_one_new_file(tmp_path: Path):
    path = tmp_path / "falls.py"
    path.write_text(
        "from dataclasses import replace\nfrom riskstrat import conditions\n"
        "CONDITION = replace(conditions.load('frailty'), name='falls')\n",
        encoding="utf-8",
    )
    assert conditions.load(path).name == "falls"
