"""What the quality check finds: a tiny register with one thing wrong -> the rule, what it is about and how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from riskstrat.disclosure import Disclosure
from riskstrat.quality import RULES
from riskstrat.quality.rules import NOBODY_ELIGIBLE, NOT_READ
from small_registers import BuildRegisters, published_check

OPEN = Disclosure(min_count=1, rounding=1, protection="none")
BORN, DIED, DAY = date(1940, 5, 3), date(2015, 3, 4), date(2012, 3, 5)
PEOPLE = [
    {"person_id": 1, "birth_date": BORN, "sex": "female"},
    {"person_id": 2, "birth_date": BORN, "sex": "male", "death_date": DIED},
]
Given = Mapping[str, object]


def event(person: int | None = 1, day: date | None = DAY, code: str | None = "I219", **more: object) -> Given:
    return {"person_id": person, "date": day, "code": code, **more}


def value(code: str, number: float, day: int = 0) -> Given:
    return event(1, DAY + timedelta(days=day), code, value=number)


def home(person: int, start: date, end: date | None = None, area: str | None = "A") -> Given:
    return {"person_id": person, "start_date": start, "end_date": end, "area_id": area}


def child(**fields: object) -> list[Given]:
    return [*PEOPLE, {"person_id": 3, "birth_date": date(1970, 1, 2), "sex": "female", **fields}]


def daily(first: date, days: int, rows: int = 1, code: str = "visit") -> list[Given]:
    return [event(1, first + timedelta(days=day), code, value=float(row)) for day in range(days) for row in range(rows)]


def yearly(rows_by_year: Mapping[int, int], code: str = "visit") -> list[Given]:
    return [
        event(1, date(year, 1, 2) + timedelta(days=day * 9 % 360), code, value=float(day))
        for year, rows in rows_by_year.items()
        for day in range(rows)
    ]


EVERY_YEAR = dict.fromkeys(range(2009, 2024), 40)
MORE_FROM_2015 = {**EVERY_YEAR, **dict.fromkeys(range(2015, 2024), 100)}
FEWER_FROM_2016 = {year: 200 if year < 2016 else 80 for year in EVERY_YEAR}
HOMES = [home(1, BORN), home(2, BORN, DIED)]
FACT = {"area_id": "A", "date": DAY, "code": "care_need_index", "value": 1.0}
AREAS = [{"area_id": "A", "name": "Ekbacken"}]
COVERED = {"coverage_start": date(2010, 1, 1), "coverage_end": date(2020, 12, 31)}

Case = tuple[Given, str, str, str, int]
CASES: dict[str, Case] = {
    "nobody": ({"diagnoses": [event(None)]}, "diagnoses", "no person", "", 1),
    "no date": ({"diagnoses": [event(day=None)]}, "diagnoses", "no date", "", 1),
    "no code": ({"diagnoses": [event(code=None)]}, "diagnoses", "no code", "", 1),
    "sentinel": ({"diagnoses": [event(day=date(1900, 1, 1))]}, "diagnoses", "date stands for unknown", "", 1),
    "backwards": ({"contacts": [event(end_date=DAY - timedelta(days=1))]}, "contacts", "ends before it starts", "", 1),
    "future": ({"diagnoses": [event(day=date(2024, 1, 1))]}, "diagnoses", "after the last day of data", "", 1),
    "stranger": ({"diagnoses": [event(7), event(-7), event()]}, "diagnoses", "person is not in persons", "", 2),
    "unborn": ({"diagnoses": [event(day=date(1940, 5, 2))]}, "diagnoses", "before birth", "", 1),
    "after death": (
        {"diagnoses": [event(2, DIED), event(2, DIED + timedelta(days=1))]}, "diagnoses", "after death", "", 1
    ),
    "moved away": (
        {"residences": [home(1, BORN, DAY), home(2, BORN, DIED)], "diagnoses": [event(), event(day=date(2013, 1, 1))]},
        "diagnoses", "after the last residence", "", 1,
    ),
    "pregnant man": ({"diagnoses": [event(2, DAY, "O800")]}, "diagnoses", "a man with a code of women", "", 1),
    "woman's prostate": ({"diagnoses": [event(1, DAY, "C61.9")]}, "diagnoses", "a woman with a code of men", "", 1),
    "too early": ({"diagnoses": [event(day=date(2008, 12, 31))]}, "diagnoses", "before coverage", "", 1),
    "too late": (
        {"contacts": [event(day=date(2021, 1, 1))], "manifest": {"contacts": COVERED}},
        "contacts", "after coverage", "", 1,
    ),
    "twice": (
        {"diagnoses": [event(), event(known_on=DAY), event(), event(position="main")]},
        "diagnoses", "exact copy", "", 2,
    ),
    "two stays at once": (
        {"contacts": [event(code="stay", end_date=date(2012, 3, 9)), event(1, date(2012, 3, 8), "stay")]},
        "contacts", "overlaps the spell before", "", 1,
    ),
    "not a code": ({"diagnoses": [event(code="stroke"), event(code="i21.9-P")]},
                   "diagnoses", "unlike its classification", "", 1),
    "impossible": (
        {"measurements": [value("mother_bmi_kg_m2", 7.9), value("mother_bmi_kg_m2", 90.0, 1)]},
        "measurements", "value out of range", "mother_bmi_kg_m2", 1,
    ),
    "of nobody that old": (
        {"measurements": [value("bmi_kg_m2", 80.5), value("bmi_kg_m2", 79.5, 1)]},
        "measurements", "body mass index for age", "bmi_kg_m2", 1,
    ),
    "not of its weight and height": (
        {"measurements": [
            value("weight_kg", 70.0), value("height_cm", 175.0),
            value("weight_kg", 70.0, 1), value("height_cm", 175.0, 1),
            value("bmi_kg_m2", 25.0), value("bmi_kg_m2", 23.0, 1), value("bmi_kg_m2", 30.0, 2),
        ]},
        "measurements", "body mass index of weight and height", "bmi_kg_m2", 1,
    ),
    "metres": (
        {"measurements": [value("height_cm", 1.75), value("height_cm", 175.0, 1)]},
        "measurements", "value in another unit", "height_cm as m", 1,
    ),
    "hundreds": (
        {"circumstances": [value("disposable_income_sek", 2500.0 + day, day) for day in range(5)]},
        "circumstances", "value in another unit", "disposable_income_sek as hundreds of SEK", 5,
    ),
    "nowhere": (
        {"areas": AREAS, "area_facts": [FACT, {**FACT, "area_id": "B"}]}, "area_facts", "area is not in areas", "", 1
    ),
    "hole in 2011": ({"contacts": yearly({**EVERY_YEAR, 2011: 0})}, "contacts", "year without rows", "2011", 0),
    "late beginning": (
        {"contacts": yearly(dict.fromkeys(range(2010, 2024), 40))}, "contacts", "year without rows", "2009", 0
    ),
    "a long hole": (
        {"contacts": yearly({**EVERY_YEAR, 2012: 0, 2013: 0, 2014: 0})},
        "contacts", "year without rows", "2012-2014", 0,
    ),
    "hole of a code": (
        {"contacts": [*yearly(EVERY_YEAR), *yearly({**EVERY_YEAR, 2011: 0}, "stay")]},
        "contacts", "year without rows of a kind", "stay in 2011", 0,
    ),
    "jump": ({"contacts": yearly(MORE_FROM_2015)}, "contacts", "jump between years", "2015", 100),
    "fall": ({"contacts": yearly(FEWER_FROM_2016)},
             "contacts", "jump between years", "2016", 80),
    "jump of a code": (
        {"contacts": [*yearly(dict.fromkeys(range(2009, 2024), 300)), *yearly(MORE_FROM_2015, "stay")]},
        "contacts", "jump between years of a kind", "stay in 2015", 100,
    ),
    "first of January": (
        {"contacts": [*daily(date(2012, 1, 1), 366, 3), *daily(date(2012, 1, 1), 1, 50)[3:]]},
        "contacts", "dates pile on a day", "1 January", 50,
    ),
    "the 15th": (
        {"contacts": [*daily(date(2012, 1, 1), 366, 3),
                      *(row for month in range(1, 13) for row in daily(date(2012, month, 15), 1, 14)[3:])]},
        "contacts", "dates pile on a day", "day 15 of the month", 168,
    ),
    "not yet born": (
        {"persons": [*PEOPLE, {"person_id": 3, "birth_date": date(2024, 1, 1)}]},
        "persons", "born after the last day of data", "", 1,
    ),
    "own mother": ({"persons": child(mother_id=3)}, "persons", "own parent", "", 1),
    "young mother": (
        {"persons": [*child(), {"person_id": 4, "birth_date": date(1981, 1, 1), "mother_id": 3}]},
        "persons", "mother too young", "", 1,
    ),
    "father of his elder": (
        {"persons": [*child(), {"person_id": 4, "birth_date": date(1939, 1, 1), "father_id": 2}]},
        "persons", "father too young", "", 1,
    ),
    "old mother": (
        {"persons": [*PEOPLE, {"person_id": 3, "birth_date": date(2001, 1, 1), "mother_id": 1}]},
        "persons", "mother too old", "", 1,
    ),
    "a man as mother": ({"persons": child(mother_id=2)}, "persons", "mother of the other sex", "", 1),
    "a woman as father": ({"persons": child(father_id=1)}, "persons", "father of the other sex", "", 1),
    "very old": (
        {"persons": [*PEOPLE, {"person_id": 3, "birth_date": date(1913, 12, 1)}]}, "persons", "older than 110", "", 1
    ),
    "unknown mother": ({"persons": child(mother_id=77)}, "persons", "mother is not in persons", "", 1),
    "unknown father": ({"persons": child(father_id=77)}, "persons", "father is not in persons", "", 1),
    "homeless": ({"residences": [home(1, BORN)]}, "persons", "nowhere resident", "", 1),
    "home before birth": (
        {"residences": [home(1, date(1930, 1, 1)), HOMES[1]]}, "residences", "residence before birth", "", 1
    ),
    "home after death": ({"residences": [HOMES[0], home(2, BORN)]}, "residences", "residence after death", "", 1),
    "home nowhere": (
        {"residences": [home(1, BORN, area=None), HOMES[1]]}, "residences", "residence without area", "", 1
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_wrong_is_found(build_registers: BuildRegisters, case: Case):
    given, table, rule, about, rows = case
    said = dict(given)
    manifest = {"area_facts": {"coverage_start": date(2009, 1, 1), "delay_days": 0}, **said.pop("manifest", {})}
    known = {name: entry for name, entry in manifest.items() if name in given}
    found = published_check(build_registers(said.pop("persons", PEOPLE), manifest=known, **said), OPEN).table
    broken = found.filter(table=table, rule=rule)
    assert broken.select("about", "rows").rows() == [(about, rows)]
    assert broken["severity"].item() == RULES[rule].severity
    assert rows <= broken["of"].item() or "jump" in rule


@pytest.mark.parametrize(("precision", "piles"), [("day", ["1 July"]), (None, ["1 July"]), ("month", []), ("year", [])])
def test_days_of_birth_that_are_said_to_be_unknown_do_not_pile(
    build_registers: BuildRegisters, precision: str | None, piles: list[str]
):
    born = {"birth_date": date(1940, 7, 1), "birth_date_precision": precision}
    found = published_check(build_registers([{"person_id": person, **born} for person in range(1, 1201)]), OPEN).table
    assert found.filter(table="persons", rule="dates pile on a day")["about"].to_list() == piles


def test_every_rule_has_a_case():
    assert {rule for _, _, rule, _, _ in CASES.values()} == set(RULES) - {NOBODY_ELIGIBLE, NOT_READ}  # rows of no table


def test_nothing_is_wrong_with_sound_registers(build_registers: BuildRegisters):
    stays = [event(1, DAY, "stay", end_date=date(2012, 3, 9)), event(1, date(2012, 3, 9), "stay")]
    children = [{"person_id": 3, "birth_date": date(1970, 1, 2), "mother_id": 1, "father_id": 2}]
    found = published_check(build_registers(
        [*PEOPLE, *children],
        residences=[*HOMES, home(3, date(1970, 1, 2))],
        diagnoses=[event(), event(2, DIED, "C619", setting="death", position="underlying"), event(1, DAY, "O80")],
        contacts=[*yearly(EVERY_YEAR), *stays],
        circumstances=[event(1, date(year, 12, 31), "employed", value=1.0) for year in range(2009, 2024)],
        measurements=[value("height_cm", 175.0), value("systolic_mmhg", 120.0), value("steps", -5.0)],
    ), OPEN)  # fmt: skip
    assert found.table.is_empty(), found
    assert not found.count("error")
    assert "0 errors, 0 warnings, 0 notes" in str(found)


@pytest.mark.parametrize("rows_at_a_time", [1, 2, 7, 1000])
def test_how_many_rows_are_held_changes_nothing(build_registers: BuildRegisters, rows_at_a_time: int):
    rows = [
        event(person, DAY + timedelta(days=day), code)
        for person in (-1, 1, 2, 9, None)
        for day in (0, 0, 1)
        for code in ("O800", "I219")
    ]
    stays = [event(person, DAY, "stay", end_date=DAY + timedelta(days=9)) for person in (1, 2)]
    registers = build_registers(
        PEOPLE, diagnoses=rows, contacts=[*stays, event(1, DAY + timedelta(days=3), "stay")], sort=False
    )
    assert published_check(registers, OPEN, rows_at_a_time=rows_at_a_time).table.equals(
        published_check(registers, OPEN).table
    )
