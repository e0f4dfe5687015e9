"""Hypothesis strategies for random registers and features, for properties that hold whatever they contain."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl
from hypothesis import strategies as st

from reference_implementation import FACTS_DELAY_DAYS, Scenario, Table
from riskstrat.declare import (
    BetweenAges,
    Count,
    DaysSince,
    DistinctCodes,
    Duration,
    Earliest,
    EventFeature,
    Ever,
    GrowthZ,
    Latest,
    Maximum,
    Mean,
    Minimum,
    Score,
    Since,
    SinceFirst,
    Slope,
    Total,
)
from riskstrat.declare.windows import Lookback
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from small_registers import BuildRegisters, Rows

START, END = date(2017, 1, 1), date(2019, 12, 31)
PEOPLE = 6
CODES = {"diagnoses": ("F001", "F009", "W19", "I219"), "measurements": ("bmi_kg_m2", "bmi_z", "pulse")}
ASKED = {"diagnoses": ("F00", "F00, W19", "I21", "*"), "measurements": ("bmi_kg_m2", "bmi_kg_m2, pulse", "*")}
KINDS = (
    Count, Ever, DistinctCodes, DaysSince, Duration, Latest, Earliest, Mean, Minimum, Maximum, Total, Slope, Score,
    GrowthZ,
)  # fmt: skip
MANIFEST = {
    "diagnoses": ((date(2017, 6, 1), date(2019, 10, 1)), {"inpatient": 60, "primary": 10}, True),
    "measurements": ((date(2018, 2, 1), date(2019, 12, 31)), 5, False),
}
RELATIVES = (None, None, None, "mother", "father", "sibling", "all_siblings")

LENGTHS = ("1d", "40d", "1y", "2y", "ever")
ANCHORED = (
    BetweenAges(0, 1),
    BetweenAges(1.5, 3),
    BetweenAges(67, 69),
    Since(date(2018, 3, 1)),
    Since(date(2019, 6, 30)),
    SinceFirst(register="diagnoses", codes="W19"),
    SinceFirst(register="diagnoses", codes="F00", settings=("inpatient",), positions=("main", "other")),
    SinceFirst(register="measurements", codes="pulse"),
)
WINDOWS = LENGTHS + ANCHORED

days = st.integers(0, (END - START).days).map(lambda number: START + timedelta(days=number))
lengths = st.none() | st.integers(0, 200)
values = st.sampled_from((None, 0.1, 0.2, 0.7, -3.3, 15.5, 17.0)) | st.floats(-1e3, 1e3, allow_nan=False)


@st.composite
def events(
    draw: st.DrawFn, register: str, people: st.SearchStrategy[int], dates: st.SearchStrategy[date] = days
) -> dict[str, object]:
    day = draw(dates)
    length = draw(lengths)
    return {
        "person_id": draw(people),
        "date": day,
        "code": draw(st.sampled_from(CODES[register])),
        "value": draw(values),
        "end_date": None if length is None else day + timedelta(days=length),
        "known_on": draw(st.none() | st.integers(0, 300).map(lambda number: day + timedelta(days=number))),
        "setting": draw(st.sampled_from((None, "inpatient", "primary"))),
        "position": draw(st.sampled_from((None, "main", "other"))),
    }


BOUNDS = ({}, {}, {}, {"at_least": 0.2}, {"at_most": 15.5}, {"equal_to": 0.1}, {"at_least": -3.3, "at_most": 0.7})
OWN = {
    Score: {"register": "diagnoses", "score": "hfrs"},
    GrowthZ: {"register": "measurements", "codes": "bmi_kg_m2", "reference": "who"},
}
_rows_asked = st.sampled_from([{"register": name, "codes": codes} for name, asked in ASKED.items() for codes in asked])


@st.composite
def features(
    draw: st.DrawFn, windows: tuple[Lookback, ...] = WINDOWS, relatives: tuple[str | None, ...] = RELATIVES
) -> EventFeature:
    kind = draw(st.sampled_from(KINDS))
    own = OWN[kind] if kind in OWN else draw(_rows_asked)
    return kind(
        within=draw(st.sampled_from(windows)),
        gap=draw(st.sampled_from(("0d", "0d", "30d"))),
        settings=draw(st.sampled_from(((), (), ("inpatient",), ("inpatient", "primary")))),
        positions=draw(st.sampled_from(((), (), ("main",), ("main", "other")))),
        relative=draw(st.sampled_from(relatives)),
        **draw(st.sampled_from(BOUNDS)),
        **own,
    )


@st.composite
def scenarios(draw: st.DrawFn, windows: tuple[Lookback, ...] = WINDOWS) -> Scenario:
    persons = [draw(_persons(number)) for number in range(1, PEOPLE + 1)]
    residences = [spell for person in persons for spell in draw(_homes(person["person_id"], person["birth_date"]))]
    tables = {name: Table(draw(_rows(name)), *MANIFEST[name]) for name in MANIFEST}
    dates = draw(st.lists(st.tuples(st.integers(1, PEOPLE), days), min_size=1, max_size=10))
    asked = draw(st.lists(features(windows), min_size=1, max_size=8, unique_by=lambda feature: feature.column))
    return Scenario(persons, residences, tables, tuple(dates), tuple(asked))


@st.composite
def _persons(draw: st.DrawFn, number: int) -> dict[str, object]:
    earlier = (None, *range(1, number))
    return {
        "person_id": number,
        "birth_date": draw(st.sampled_from((date(1950, 1, 1), date(2016, 2, 29), date(2018, 3, 1)))),
        "death_date": draw(st.sampled_from((None, None, date(2019, 1, 5)))),
        "mother_id": draw(st.sampled_from(earlier[:3])),
        "father_id": draw(st.sampled_from(earlier)),
        "sex": draw(st.sampled_from(("female", "male"))),
        "birth_region": draw(st.sampled_from((None, "sweden", "asia"))),
    }


@st.composite
def facts(draw: st.DrawFn) -> dict[str, object]:
    day = draw(days)
    return {
        "area_id": draw(st.sampled_from(("A", "B"))),
        "date": day,
        "code": draw(st.sampled_from(("income", "care_need_index"))),
        "value": draw(values),
        "known_on": draw(st.none() | st.integers(0, 300).map(lambda number: day + timedelta(days=number))),
    }


@st.composite
def _rows(draw: st.DrawFn, register: str) -> Rows:
    rows = draw(st.lists(events(register, st.integers(1, PEOPLE)), max_size=25))
    return rows + [{**row, "known_on": None} for row in rows[: draw(st.integers(0, 4))]]


@st.composite
def _homes(draw: st.DrawFn, person: int, born: date) -> Rows:
    from_birth = draw(st.sampled_from(((), (max(born, START),))))
    moves = sorted({*from_birth, *(day for day in draw(st.sets(days, max_size=4)) if day >= born)})
    ends = [*(day - timedelta(days=1) for day in moves[1:]), None]
    homes = [
        {"person_id": person, "start_date": start, "end_date": end, "area_id": "A"}
        for start, end in zip(moves, ends, strict=False)
    ]
    return [home for home in homes if draw(st.integers(0, 3))]


def opened(build_registers: BuildRegisters, scenario: Scenario, **given: object) -> Registers:
    """Write the scenario as a register folder and open it."""
    rows = {name: table.rows for name, table in scenario.tables.items()}
    manifest = {name: _entry(table) for name, table in scenario.tables.items()}
    if scenario.facts:
        rows["area_facts"] = scenario.facts
        manifest["area_facts"] = {"coverage_start": START, "delay_days": FACTS_DELAY_DAYS}
    return build_registers(scenario.persons, residences=scenario.residences, manifest=manifest, **rows, **given)


def _entry(table: Table) -> Mapping[str, object]:
    first, last = table.coverage
    return {"coverage_start": first, "coverage_end": last, "delay_days": table.delay_days}


def cohort_of(scenario: Scenario) -> Target:
    """Everybody whose index dates are asked for."""
    rows = [{"person_id": person, "index_date": index, "area_id": "A"} for person, index in scenario.index_dates]
    schema = {"person_id": pl.Int64, "index_date": pl.Date, "area_id": pl.String}
    return Target(condition="made_up", people=pl.DataFrame(rows, schema=schema), flow=pl.DataFrame(), as_of=END)


def engine(
    build_registers: BuildRegisters, scenario: Scenario, shard_people: int = 50_000, **given: object
) -> pl.DataFrame:
    """What the engine answers."""
    return build_features(
        scenario.features, cohort_of(scenario), opened(build_registers, scenario, **given), shard_people=shard_people
    )
