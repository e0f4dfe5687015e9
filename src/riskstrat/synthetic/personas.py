"""The personas of the action plan, as test persons with fixed high numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, NamedTuple

import polars as pl

from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.shard import Shard

FIRST_TEST_ID: Final = 9_000_001
HOME_AREA = 20
CENTRE = "VC05"


class Event(NamedTuple):
    """A row of an event table."""

    table: str
    when: date
    code: str
    value: float | None = None
    end_date: date | None = None
    setting: str | None = None
    position: str | None = None


@dataclass(frozen=True, kw_only=True)
class Persona:
    """One test person: who, and events."""

    number: int
    name: str
    variant: str
    born: date
    sex: str
    mother: int | None = None
    father: int | None = None
    events: tuple[Event, ...] = ()


EVENT_COLUMNS: Final = {
    "diagnoses": ("end_date", "setting", "position", "known_on"),
    "prescriptions": ("value",),
    "births": ("value",),
    "child_health": ("value",),
    "measurements": ("value",),
    "circumstances": ("value",),
    "contacts": ("end_date",),
    "services": ("end_date",),
    "migrations": (),
}
_SCHEMA: Final = {
    "person_id": pl.Int64(), "date": pl.Date(), "code": pl.String(), "value": pl.Float32(), "end_date": pl.Date(),
    "setting": pl.String(), "position": pl.String(),
}  # fmt: skip
_RISKS: Final = {
    "person_id": pl.Int64(), "condition": pl.String(), "index_date": pl.Date(), "linear_predictor": pl.Float32(),
    "risk": pl.Float32(),
}  # fmt: skip


def personas() -> tuple[Persona, ...]:
    """All test people in the order of their numbers."""
    ragnar, fell, home = _ragnar(), date(2022, 4, 3), date(2022, 4, 6)
    wrist = (*_stay(fell, 3, "S525"), _diagnosis(fell, "W010", "inpatient", home, "external"))
    fallen = replace(ragnar, number=ragnar.number + 1, variant="with a recorded fall", events=(*ragnar.events, *wrist))
    return (ragnar, fallen, _hilda(), *_small_twins(), *_old_twins(), *_parents())


def test_people() -> pl.DataFrame:
    """person_id, name and variant of the test people."""
    people = [(persona.number, persona.name, persona.variant) for persona in personas() if persona.variant]
    return pl.DataFrame(people, schema=["person_id", "name", "variant"], orient="row")


def persona_shard(geography: Geography) -> Shard:
    """Test people as a shard like any other; no truth is known about them."""
    people = personas()
    area = geography.ids[HOME_AREA]
    events = {name: _table(people, name, columns) for name, columns in EVENT_COLUMNS.items()}
    return Shard(
        tables={"persons": _persons(people), "residences": _residences(people, area), **events},
        risks=pl.DataFrame(schema=_RISKS),
        care_need=pl.DataFrame(),
        people=len(people),
    )


def _persons(people: Sequence[Persona]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person_id": [persona.number for persona in people],
            "birth_date": [persona.born for persona in people],
            "sex": [persona.sex for persona in people],
            "death_date": None,
            "mother_id": [persona.mother for persona in people],
            "father_id": [persona.father for persona in people],
            "birth_region": "sweden",
        },
        schema_overrides={"death_date": pl.Date},
    )


def _residences(people: Sequence[Persona], area: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "person_id": [persona.number for persona in people],
            "start_date": [max(persona.born, date(1999, 1, 1)) for persona in people],
            "end_date": None,
            "area_id": area,
            "care_centre_id": CENTRE,
        },
        schema_overrides={"end_date": pl.Date},
    )


def _table(people: Sequence[Persona], name: str, columns: Sequence[str]) -> pl.DataFrame:
    rows = [(persona.number, *event[1:]) for persona in people for event in persona.events if event.table == name]
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(known_on=pl.lit(None, dtype=pl.Date))
    return table.select("person_id", "date", "code", *columns).sort("person_id", "date", "code")


def _yearly(born: date, values: dict[str, float]) -> Iterator[Event]:
    for year in range(max(2009, born.year + 16), 2024):
        for code, value in values.items():
            yield Event("circumstances", date(year, 12, 31), code, value)


def _diagnosis(
    when: date, code: str, setting: str = "primary", end: date | None = None, position: str = "main"
) -> Event:
    return Event("diagnoses", when, code, None, end, setting, position)


def _stay(when: date, days: int, code: str, *beside: str) -> Iterator[Event]:
    end = when + timedelta(days=days)
    yield Event("contacts", when, "admission_unplanned", end_date=end)
    yield _diagnosis(when, code, "inpatient", end)
    for other in beside:
        yield _diagnosis(when, other, "inpatient", end, "other")


def _ragnar() -> Persona:
    """83, widower, alone, heart failure, diabetes with insulin and a leg ulcer, three admissions in half a year."""
    born = date(1940, 3, 14)
    alone = {"disposable_income_sek": 176_000.0, "education_level": 2.0, "lives_alone": 1.0}
    drugs = [
        Event("prescriptions", date(2021, 1, 20) + timedelta(days=90 * step), code, 98.0)
        for step in range(12)
        for code in ("A10AE04", "C03CA01", "C09AA02")
    ]
    lasting = [
        _diagnosis(date(year, 5, 10) + timedelta(days=30 * place), code)
        for year in (2019, 2020, 2021, 2022, 2023)
        for place, code in enumerate(("I509", "E117", "L979"))
    ]
    stays = [
        *_stay(date(2023, 6, 20), 8, "I509", "E117"),
        *_stay(date(2023, 8, 14), 6, "L979", "E117", "I509"),
        *_stay(date(2023, 9, 25), 9, "I509", "E117"),
    ]
    care = [
        Event("services", date(2021, 11, 1), "home_care"),
        Event("services", date(2021, 11, 15), "safety_alarm"),
    ]
    events = (*_yearly(born, alone), *drugs, *_visits(date(2021, 2, 3), 60, 17), *lasting, *stays, *care)
    return Persona(
        number=FIRST_TEST_ID, name="Ragnar", variant="no recorded fall", born=born, sex="male", events=tuple(events)
    )


def _hilda() -> Persona:
    """10 years, autism and intellectual disability; no register holds her absence from school."""
    born = date(2013, 5, 22)
    events = [
        _diagnosis(date(2018, 9, 12), "F840", "specialist"),
        _diagnosis(date(2019, 3, 6), "F700", "specialist"),
        *(_diagnosis(date(year, 4, 20), "F840", "specialist") for year in (2020, 2021, 2022, 2023)),
    ]
    return Persona(
        number=FIRST_TEST_ID + 2, name="Hilda", variant="10 years", born=born, sex="female", events=tuple(events)
    )


def _visits(first: date, every_days: int, count: int) -> tuple[Event, ...]:
    return tuple(
        Event("contacts", first + timedelta(days=every_days * step), "primary_care_visit") for step in range(count)
    )


ORDINARY, TENFOLD = "ordinary contacts", "ten times the contacts"


def _small_twins() -> tuple[Persona, ...]:
    """Hilda's twin of 18 months in December 2023, without a risk factor; twice, with few and with many visits."""
    born = date(2022, 6, 10)
    birth = {
        "birth_weight_g": 3480.0, "gestation_days": 280.0, "parity": 2.0, "mother_bmi_kg_m2": 22.9,
        "mother_smoking": 0.0,
    }  # fmt: skip
    growth = ((183, 16.6, 66.0), (365, 16.3, 74.5), (490, 15.8, 80.0))
    events = [Event("births", born, code, value) for code, value in birth.items()]
    for days, bmi, height in growth:
        when = born + timedelta(days=days)
        weight = round(bmi * (height / 100) ** 2, 1)
        for code, value in (("bmi_kg_m2", bmi), ("height_cm", height), ("weight_kg", weight)):
            events.append(Event("child_health", when, code, value))
    twins = Persona(
        number=FIRST_TEST_ID + 3, name="Hilda's twin, 18 months", variant=ORDINARY, born=born, sex="female",
        mother=FIRST_TEST_ID + 10, father=FIRST_TEST_ID + 11, events=(*events, *_visits(date(2022, 8, 1), 120, 4)),
    )  # fmt: skip
    many = replace(
        twins, number=FIRST_TEST_ID + 4, variant=TENFOLD, events=(*events, *_visits(date(2022, 8, 1), 12, 40))
    )
    return twins, many


def _old_twins() -> tuple[Persona, ...]:
    """Hilda's twin of 75 years, healthy and living with her husband; twice, with few and with many visits."""
    born = date(1948, 5, 22)
    settled = {"disposable_income_sek": 268_000.0, "education_level": 4.0, "lives_alone": 0.0}
    events = tuple(_yearly(born, settled))
    few = Persona(
        number=FIRST_TEST_ID + 5, name="Hilda's twin, 75 years", variant=ORDINARY, born=born, sex="female",
        events=(*events, *_visits(date(2021, 1, 10), 180, 6)),
    )  # fmt: skip
    many = replace(
        few, number=FIRST_TEST_ID + 6, variant=TENFOLD, events=(*events, *_visits(date(2021, 1, 10), 18, 60))
    )
    return few, many


def _parents() -> tuple[Persona, ...]:
    """Parents of the small twins: higher education, ordinary income, a father of ordinary weight."""
    settled = {
        "disposable_income_sek": 305_000.0, "education_level": 6.0, "employed": 1.0, "lives_alone": 0.0,
        "single_parent": 0.0, "social_assistance": 0.0,
    }  # fmt: skip
    mother, father = date(1990, 2, 3), date(1988, 9, 9)
    weighed = Event("measurements", date(2022, 3, 2), "bmi_kg_m2", 23.4)
    hers, his = tuple(_yearly(mother, settled)), (*_yearly(father, settled), weighed)
    return (
        Persona(number=FIRST_TEST_ID + 10, name="", variant="", born=mother, sex="female", events=hers),
        Persona(number=FIRST_TEST_ID + 11, name="", variant="", born=father, sex="male", events=his),
    )
