"""Hypothesis strategies for small clean registers: whole lives in which every rule of the contract holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from hypothesis import strategies as st

DATA_END, FIRST_EVENT, FIRST_HOME = date(2023, 12, 31), date(2018, 1, 1), date(2017, 1, 1)
"""Few years, because each is a file of its own in a delivery."""
DAY = timedelta(days=1)
AREAS = ("9981A0010", "9981B2030", "9981C1300")
CODES = ("I219", "E119", "S7200", "J459", "F03", "I489B", "Z000")
REGIONS = ("sweden", "nordic", "europe", "asia", "africa", "south_america", "other")
ADMISSIONS = ("admission_planned", "admission_unplanned")
ATC = ("C10AA01", "A10BA02", "N02BE01")
DELAYS = {"diagnoses": 90, "circumstances": 365}
EVENT_TABLES = (
    "diagnoses", "prescriptions", "births", "child_health", "measurements", "circumstances", "contacts", "services",
    "migrations",
)  # fmt: skip
HEIGHTS_CM = ((0.5, 67), (1, 75), (2, 87), (3, 96), (4, 103), (5, 110), (6, 116))

Row = dict[str, object]


@dataclass(frozen=True)
class CleanRegisters:
    """Rows of a few clean registers, by table."""

    persons: tuple[Row, ...]
    residences: tuple[Row, ...]
    events: Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True)
class Life:
    """When somebody was born, when events can be seen, and the last day."""

    person: int
    born: date
    first: date
    last: date

    def days(self, draw: st.DrawFn, most: int) -> list[date]:
        """Days of this life on which something happened, in order."""
        span = (self.last - self.first).days
        if span < 1:
            return []
        offsets = draw(st.lists(st.integers(0, span), max_size=most, unique=True))
        return [self.first + offset * DAY for offset in sorted(offsets)]


@st.composite
def clean_registers(draw: st.DrawFn) -> CleanRegisters:
    """Draw registers of two to eight persons."""
    people = draw(st.lists(st.integers(1, 70_000), min_size=2, max_size=8, unique=True))
    persons = [_person(draw, person) for person in people]
    linked = [{**row, "mother_id": _mother(draw, row, persons)} for row in persons]
    lives = [_life(row) for row in linked]
    homes = [_homes(draw, life, row["death_date"]) for life, row in zip(lives, linked, strict=True)]
    events: dict[str, list[Row]] = {name: [] for name in EVENT_TABLES}
    for life, row, (_, moves) in zip(lives, linked, homes, strict=True):
        events["migrations"] += moves
        for table, happened in _events(draw, life, row):
            events[table].append(happened)
    return CleanRegisters(
        persons=tuple(linked),
        residences=tuple(spell for spells, _ in homes for spell in spells),
        events={name: tuple(rows) for name, rows in events.items()},
    )


def _person(draw: st.DrawFn, person: int) -> Row:
    born = draw(st.dates(date(1930, 1, 1), date(2023, 6, 1)))
    earliest_death = max(born, FIRST_HOME) + 400 * DAY
    dies = earliest_death < DATA_END and draw(st.booleans())
    return {
        "person_id": person,
        "birth_date": born,
        "sex": draw(st.sampled_from(("female", "male"))),
        "death_date": draw(st.dates(earliest_death, DATA_END)) if dies else None,
        "father_id": draw(st.none() | st.integers(500_000, 600_000)),
        "birth_region": draw(st.sampled_from(REGIONS)),
    }


def _mother(draw: st.DrawFn, child: Row, persons: Sequence[Row]) -> int | None:
    possible = [
        row["person_id"]
        for row in persons
        if row["sex"] == "female" and row["birth_date"].year + 15 < child["birth_date"].year  # type: ignore[attr-defined]
    ]
    return draw(st.none() | st.sampled_from(possible)) if possible else None  # type: ignore[return-value]


def _life(row: Row) -> Life:
    born, dead = row["birth_date"], row["death_date"]
    first = FIRST_EVENT if born < FIRST_EVENT - 31 * DAY else born + 31 * DAY  # type: ignore[operator]
    return Life(row["person_id"], born, first, dead or DATA_END)  # type: ignore[arg-type]


def _homes(draw: st.DrawFn, life: Life, dead: object) -> tuple[list[Row], list[Row]]:
    """Spells one after the other; before some of them a time abroad."""
    start = max(life.born, FIRST_HOME)
    span = (life.last - start).days
    cuts = draw(st.lists(st.integers(40, max(span - 40, 40)), max_size=3, unique=True)) if span > 400 else []
    starts = [start, *(start + cut * DAY for cut in sorted(cuts))]
    spells: list[Row] = []
    moves: list[Row] = []
    for place, (begin, following) in enumerate(zip(starts, [*starts[1:], None], strict=True)):
        end = following - DAY if following else dead
        if following and following > FIRST_EVENT + 30 * DAY and (following - begin).days > 30 and draw(st.booleans()):
            end = following - 20 * DAY
            moves += [_row(life, end, "emigration"), _row(life, following, "immigration")]
        area = AREAS[(place + life.person) % len(AREAS)]
        home = {"start_date": begin, "end_date": end, "area_id": area, "care_centre_id": f"VC{area[4]}"}
        spells.append({"person_id": life.person, **home})
    return spells, moves


def _events(draw: st.DrawFn, life: Life, person: Row) -> Iterator[tuple[str, Row]]:
    yield from _care(draw, life)
    yield from _stays(draw, life)
    yield from _living(draw, life)
    if life.born >= FIRST_EVENT:
        yield from _birth(draw, life)
        yield from _growth(draw, life)
    if person["death_date"] and life.last >= FIRST_EVENT:
        code = draw(st.sampled_from(CODES))
        yield "diagnoses", _row(life, life.last, code, setting="death", position="underlying")


def _care(draw: st.DrawFn, life: Life) -> Iterator[tuple[str, Row]]:
    for day in life.days(draw, 3):
        yield "diagnoses", _row(life, day, draw(st.sampled_from(CODES)), setting="specialist", position="main")
    for day in life.days(draw, 3):
        if draw(st.booleans()):
            yield "contacts", _row(life, day, "primary_care_visit")
        yield "diagnoses", _row(life, day, draw(st.sampled_from(CODES)), setting="primary", position="main")
    for day in life.days(draw, 4):
        doses = draw(st.integers(1, 400)) / 2
        yield "prescriptions", _row(life, day, draw(st.sampled_from(ATC)), value=doses)
    for day in life.days(draw, 2):
        yield "measurements", _row(life, day, "systolic_mmhg", value=float(draw(st.integers(90, 220))))
        yield "measurements", _row(life, day, "bmi_kg_m2", value=draw(st.integers(160, 450)) / 10)


def _stays(draw: st.DrawFn, life: Life) -> Iterator[tuple[str, Row]]:
    """Hospital stays of at most ten days, the next at least a month after."""
    previous = date.min
    for day in life.days(draw, 3):
        if (day - previous).days < 31:
            continue
        previous = day
        end = min(day + draw(st.integers(0, 10)) * DAY, life.last)
        yield "contacts", _row(life, day, draw(st.sampled_from(ADMISSIONS)), end_date=end)
        codes = draw(st.lists(st.sampled_from(CODES), max_size=3, unique=True))
        for position, code in zip(("main", "other", "other"), codes, strict=False):
            yield "diagnoses", _row(life, day, code, end_date=end, setting="inpatient", position=position)


def _living(draw: st.DrawFn, life: Life) -> Iterator[tuple[str, Row]]:
    for day in life.days(draw, 2):
        code = draw(st.sampled_from(("home_care", "safety_alarm", "special_housing")))
        yield "services", _row(life, day, code, end_date=draw(st.none() | st.dates(day, life.last)))
    years = sorted({day.year for day in life.days(draw, 3)})
    for year in years:
        day, alone = date(year, 12, 31), draw(st.booleans())
        yield "circumstances", _row(life, day, "disposable_income_sek", value=draw(st.integers(-50, 9_000)) * 100.0)
        yield "circumstances", _row(life, day, "education_level", value=float(draw(st.integers(1, 7))))
        yield "circumstances", _row(life, day, "lives_alone", value=float(alone))
        if not alone and draw(st.booleans()):
            yield "circumstances", _row(life, day, "single_parent", value=1.0)


def _birth(draw: st.DrawFn, life: Life) -> Iterator[tuple[str, Row]]:
    values = {
        "birth_weight_g": draw(st.integers(2_700, 4_400)),
        "gestation_days": draw(st.integers(270, 290)),
        "mother_bmi_kg_m2": draw(st.integers(180, 400)) / 10,
        "mother_smoking": draw(st.integers(0, 1)),
        "parity": draw(st.integers(1, 6)),
    }
    for code, value in values.items():
        yield "births", _row(life, life.born, code, value=float(value))


def _growth(draw: st.DrawFn, life: Life) -> Iterator[tuple[str, Row]]:
    """Visits at which a child is of ordinary height and weight."""
    for day in life.days(draw, 4):
        age = (day - life.born).days / 365.25
        if not 0.5 <= age <= 6:
            continue
        typical = float(np.interp(age, *zip(*HEIGHTS_CM, strict=True)))
        height = round(typical * draw(st.integers(97, 103)) / 100, 1)
        weight = round(draw(st.integers(150, 175)) / 10 * (height / 100) ** 2, 1)
        yield "child_health", _row(life, day, "height_cm", value=height)
        yield "child_health", _row(life, day, "weight_kg", value=weight)
        yield "child_health", _row(life, day, "bmi_kg_m2", value=round(weight / (height / 100) ** 2, 2))


def _row(life: Life, day: date, code: str, **more: object) -> Row:
    return {"person_id": life.person, "date": day, "code": code, **more}
