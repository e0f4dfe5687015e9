"""Reference implementation of features: loops over days and rows, written from the rules of time alone.

In: everything that registers hold, as rows. Out: the answer to one feature of one person at one index date.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import polars as pl

from riskstrat.codes import growth_z, score
from riskstrat.declare import (
    Age,
    AreaFact,
    BetweenAges,
    BirthRegion,
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
    PersonFeature,
    Score,
    Sex,
    Since,
    SinceFirst,
    Slope,
    Total,
)
from riskstrat.declare.durations import duration_days
from small_registers import Rows

Person = Mapping[str, object]
FACTS_DELAY_DAYS = 365
LONG_AGO = 1500
"""Days before an index after which these registers hold nothing."""


@dataclass(frozen=True)
class Table:
    """An event table: its rows and what its manifest says."""

    rows: Rows
    coverage: tuple[date, date]
    delay_days: int | Mapping[str, int]
    prefix: bool = True


@dataclass(frozen=True)
class Scenario:
    """Everything that the loops and the engine are both told."""

    persons: Rows
    residences: Rows
    tables: Mapping[str, Table]
    index_dates: tuple[tuple[int, date], ...]
    features: tuple[EventFeature, ...] = field(default=())
    facts: Rows = ()

    def person(self, number: int | None) -> Person | None:
        return next((row for row in self.persons if row["person_id"] == number), None)


@dataclass(frozen=True)
class VisibleRow:
    """A row as an index date sees it: the end is None where it has not been seen."""

    date: date
    code: str
    value: float | None
    end: date | None
    setting: str | None
    position: str | None

    @property
    def order(self) -> tuple[date, str, float]:
        return self.date, self.code, -math.inf if self.value is None else self.value


def answer(scenario: Scenario, feature: EventFeature, person: int, index: date) -> float | None:
    """One feature of one person at one index date; of several siblings the answer that speaks for them."""
    answers = [_of_subject(scenario, feature, subject, index) for subject in subjects(scenario, feature, person, index)]
    return reduced(feature, answers)


def reduced(feature: EventFeature | PersonFeature, answers: list[float | None]) -> float | None:
    """One answer of those of all subjects: the one that says most for any sibling, least for all."""
    known = [number for number in answers if number is not None]
    if not known:
        return None
    highest = (feature.relative == "all_siblings") == isinstance(feature, DaysSince)
    return max(known) if highest else min(known)


def share(scenario: Scenario, feature: EventFeature, person: int, index: date) -> float | None:
    """Share of the window's days since birth that are covered and lived here; of "ever" the years of such days."""
    found = [_share_of(scenario, feature, subject, index) for subject in subjects(scenario, feature, person, index)]
    return sum(found) / len(found) if found else None


def person_answer(scenario: Scenario, feature: PersonFeature, person: int, index: date) -> float | None:
    """One feature of the register of persons."""
    return reduced(
        feature, [OF_PERSONS[type(feature)](feature, one, index) for one in subjects(scenario, feature, person, index)]
    )


OF_PERSONS: dict[type[PersonFeature], Callable[[PersonFeature, Person, date], float | None]] = {
    Age: lambda _, person, index: (index - person["birth_date"]).days / 365.25,
    Sex: lambda _, person, __: float(person["sex"] == "male"),
    BirthRegion: lambda feature, person, _: person["birth_region"] and float(person["birth_region"] in feature.regions),
}


def area_answer(scenario: Scenario, feature: AreaFact, area: str, index: date) -> float | None:
    """The latest fact of the area that was known, of one date the highest."""
    known = [
        (row["date"], row["value"])
        for row in scenario.facts
        if row["area_id"] == area and row["code"] == feature.code and row["value"] is not None
        if row["date"] < index and (row["known_on"] or row["date"] + timedelta(days=FACTS_DELAY_DAYS)) < index
    ]
    return max(known)[1] if known else None


def subjects(scenario: Scenario, feature: EventFeature | PersonFeature, person: int, index: date) -> list[Person]:
    """Whose rows are read."""
    own = scenario.person(person)
    if feature.relative in ("mother", "father"):
        relative = scenario.person(own[f"{feature.relative}_id"])
        return [] if relative is None else [relative]
    if feature.relative is None:
        return [own]
    return [
        other
        for other in scenario.persons
        if other["mother_id"] is not None
        and other["mother_id"] == own["mother_id"]
        and other["person_id"] != person
        and other["birth_date"] < index
    ]


def window_of(scenario: Scenario, feature: EventFeature, subject: Person, index: date) -> list[date]:
    """The days of the window, the last one first."""
    gap = 0 if feature.gap == "0d" else duration_days(feature.gap)
    past = [index - timedelta(days=gap + number) for number in range(1, LONG_AGO + 1)]
    within = feature.within
    if isinstance(within, BetweenAges):
        first, after = (birthday(subject["birth_date"], age) for age in (within.from_years, within.to_years))
        return [day for day in past if first <= day < after]
    if isinstance(within, Since):
        return [day for day in past if day >= within.date]
    if isinstance(within, SinceFirst):
        events = visible(scenario, within, subject, index)
        return [day for day in past if events and day >= events[0].date]
    return past if within == "ever" else past[: duration_days(within)]


def birthday(born: date, years: float) -> date:
    """The day on which an age is reached; a day that the month does not have is the first of the next."""
    months = born.year * 12 + born.month - 1 + round(years * 12)
    year, month = months // 12, months % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=born.day - 1), following)


def is_observed(scenario: Scenario, register: str, subject: Person, day: date) -> bool:
    """Whether the register covers the day and the subject is alive and lives here."""
    first, last = scenario.tables[register].coverage
    lived_here = any(
        home["start_date"] <= day <= (home["end_date"] or date.max)
        for home in scenario.residences
        if home["person_id"] == subject["person_id"]
    )
    return lived_here and first <= day <= last and day <= (subject["death_date"] or date.max)


def is_known(table: Table, row: Mapping[str, object], index: date) -> bool:
    """Whether a row was known before the index."""
    if row["known_on"] is not None:
        return row["known_on"] < index
    delays = table.delay_days
    delay = delays if isinstance(delays, int) else delays.get(row["setting"], max(delays.values()))
    recorded = (row["end_date"] or row["date"]) if row["setting"] == "inpatient" else row["date"]
    return recorded + timedelta(days=delay) < index


def is_selected(table: Table, feature: EventFeature | SinceFirst, row: Mapping[str, object]) -> bool:
    """Whether a row has a code, a setting, a position and a value that the feature asks for."""
    asked = [part.strip() for part in feature.codes.split(",")]
    as_code = any(
        part == "*" or (row["code"].startswith(part) if table.prefix else row["code"] == part) for part in asked
    )
    as_setting = not feature.settings or row["setting"] in feature.settings
    as_position = not feature.positions or row["position"] in feature.positions
    return as_code and as_setting and as_position and has_value(feature, row["value"])


def has_value(feature: EventFeature | SinceFirst, value: float | None) -> bool:
    """Whether a value is within the bounds, if any."""
    lowest, highest = (
        getattr(feature, name) if feature.equal_to is None else feature.equal_to for name in ("at_least", "at_most")
    )
    if lowest is None and highest is None:
        return True
    return value is not None and (lowest is None or value >= lowest) and (highest is None or value <= highest)


def visible(scenario: Scenario, feature: EventFeature | SinceFirst, subject: Person, index: date) -> list[VisibleRow]:
    """Rows that may be seen, each once, in the order of date, code and value; also those outside the window."""
    table = scenario.tables[feature.register]
    seen = {
        _seen(row, index)
        for row in table.rows
        if row["person_id"] == subject["person_id"]
        and subject["birth_date"] <= row["date"] < index
        and is_selected(table, feature, row)
        and is_known(table, row, index)
    }
    return sorted(seen, key=lambda row: row.order)


def _seen(row: Mapping[str, object], index: date) -> VisibleRow:
    end = row["end_date"] if row["end_date"] is not None and row["end_date"] < index else None
    return VisibleRow(row["date"], row["code"], row["value"], end, row["setting"], row["position"])


def _of_subject(scenario: Scenario, feature: EventFeature, subject: Person, index: date) -> float | None:
    window = window_of(scenario, feature, subject, index)
    if not any(is_observed(scenario, feature.register, subject, day) for day in window):
        return None
    rows = visible(scenario, feature, subject, index)
    if isinstance(feature, Duration):
        return days_covered(rows, window, index)
    return answer_from_rows(feature, [row for row in rows if row.date in window], index, subject)


def _share_of(scenario: Scenario, feature: EventFeature, subject: Person, index: date) -> float:
    window = window_of(scenario, feature, subject, index)
    days = [day for day in window if day >= subject["birth_date"]]
    seen = [day for day in window if is_observed(scenario, feature.register, subject, day)]
    return len(seen) / (365.25 if feature.within == "ever" else max(len(days), 1))


def days_covered(rows: list[VisibleRow], window: list[date], index: date) -> int:
    """Days of the window on which any spell lasts; one whose end is not seen lasts to the day before the index."""
    last = index - timedelta(days=1)
    return sum(any(row.date <= day <= (row.end or last) for row in rows) for day in window)


def answer_from_rows(feature: EventFeature, rows: list[VisibleRow], index: date, subject: Person) -> float | None:
    """Answer from the rows of the window, in the order of date, code and value."""
    if isinstance(feature, GrowthZ):
        return _growth(feature, rows, subject)
    if isinstance(feature, Score):
        codes = [row.code for row in rows]
        return sum(item.points for item in score(feature.score).items if item.codes.matching(codes, prefix=True))
    if type(feature) in OF_ROWS:
        return OF_ROWS[type(feature)](rows, index)
    if not rows:
        return 0 if isinstance(feature, Total) else None
    with_value = [(row.date, row.value) for row in rows if row.value is not None]
    return OF_VALUES[type(feature)](with_value) if with_value else None


OF_ROWS: dict[type[EventFeature], Callable[[list[VisibleRow], date], float | None]] = {
    Count: lambda rows, _: len(rows),
    Ever: lambda rows, _: min(len(rows), 1),
    DistinctCodes: lambda rows, _: len({row.code for row in rows}),
    DaysSince: lambda rows, index: (index - rows[-1].date).days if rows else None,
}


def _growth(feature: GrowthZ, rows: list[VisibleRow], subject: Person) -> float | None:
    """The last plausible score by the sex and the age on the day of measurement."""
    plausible = None
    for row in rows:
        age, sex = (row.date - subject["birth_date"]).days, pl.lit(subject["sex"])
        value = pl.lit(row.value, dtype=pl.Float64)
        z = pl.select(growth_z(feature.reference, sex=sex, age_days=pl.lit(age), value=value)).item()
        plausible = z if z is not None and abs(z) <= 5 else plausible
    return plausible


def _slope(points: list[tuple[date, float]]) -> float | None:
    years = [(day - points[0][0]).days / 365.25 for day, _ in points]
    values = [value for _, value in points]
    if len(set(years)) < 2:
        return None
    mean_year, mean_value = sum(years) / len(years), sum(values) / len(values)
    together = sum((t - mean_year) * (v - mean_value) for t, v in zip(years, values, strict=True))
    return together / sum((t - mean_year) ** 2 for t in years)


OF_VALUES: dict[type[EventFeature], Callable[[list[tuple[date, float]]], float | None]] = {
    Latest: lambda points: points[-1][1],
    Earliest: lambda points: points[0][1],
    Mean: lambda points: sum(value for _, value in points) / len(points),
    Minimum: lambda points: min(value for _, value in points),
    Maximum: lambda points: max(value for _, value in points),
    Total: lambda points: sum(value for _, value in points),
    Slope: _slope,
}


def each_answer(scenario: Scenario, feature: EventFeature) -> Iterator[float | None]:
    """The column of a feature, in the order of the index dates."""
    return (answer(scenario, feature, person, index) for person, index in scenario.index_dates)
