"""Readmission on the sample against a count by hand: plain loops over the sample's files, written from the question.

Which discharges of people aged 65 and over were followed, within 30 days, by an unplanned admission? Of every fourth
person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from riskstrat.records.cohort import Cohort

SAMPLE = Path(__file__).parents[2] / "data_samples" / "modellstad"
AS_OF = date(2024, 1, 1)
LAST_DAY = date(2023, 12, 1)  # what was known on 1 January 2024, with a delay of 30 days
FIRST_DAY = date(2009, 1, 1)
FOURTH = pl.col("person_id") % 4 == 0
Discharge = tuple[int, date, bool]


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return rs.build_cohort(rs.conditions.load("readmission"), rs.open_registers(SAMPLE), AS_OF)


def rows(table: str, *columns: str) -> list[tuple[object, ...]]:
    return pl.read_parquet(SAMPLE / f"{table}.parquet").select(columns).filter(FOURTH).sort(columns).rows()


def lives_here(homes: list[tuple[object, ...]], day: date) -> bool:
    """On the day before, and not leaving on the day itself or before."""
    return any(
        start <= day - timedelta(days=1)
        and (end is None or end > day or any(s == end + timedelta(days=1) for _, s, _ in homes))
        for _, start, end in homes
        if end is None or end >= day - timedelta(days=1)
    )


def discharges() -> Iterator[Discharge]:
    """Person, day of discharge, and whether an unplanned admission began in the 30 days after it."""
    persons = {person: (born, died) for person, born, died in rows("persons", "person_id", "birth_date", "death_date")}
    homes = {
        key: list(found)
        for key, found in groupby(rows("residences", "person_id", "start_date", "end_date"), itemgetter(0))
    }
    admissions = [row for row in rows("contacts", "person_id", "date", "end_date", "code") if "admission" in row[3]]
    for person, stays in groupby(admissions, itemgetter(0)):
        born, died = persons[person]
        for day, readmitted in by_hand([stay for stay in stays if stay[1] + timedelta(days=30) < AS_OF]):
            birthday_passed = (day.month, day.day) >= (born.month, born.day)
            old = day.year - born.year - (not birthday_passed) >= 65
            followed = FIRST_DAY <= day <= LAST_DAY - timedelta(days=30)
            if old and followed and (died is None or died > day) and lives_here(homes[person], day):
                yield person, day, readmitted


def by_hand(stays: list[tuple[object, ...]]) -> Iterator[tuple[date, bool]]:
    """Each day on which somebody goes home: on the day of a transfer, or within another stay, nobody does."""
    for _, start, end, _ in stays:
        if end is None or any(begins <= end < (ends or date.max) for _, begins, ends, _ in stays):
            continue
        if any(begins == end and begins != start for _, begins, _, _ in stays):
            continue
        after = (
            code == "admission_unplanned" and end < begins <= end + timedelta(days=30) for _, begins, _, code in stays
        )
        yield end, any(after)


def test_discharges_and_readmissions_are_those_counted_by_hand(cohort: Cohort):
    expected = {(person, day): readmitted for person, day, readmitted in discharges()}
    found = cohort.covered.people.filter(FOURTH).select("person_id", "index_date", pl.col("event") == 1)
    assert {(person, day): event for person, day, event in found.rows()} == expected
    assert len(expected) > 18_000
    assert 0.045 < sum(expected.values()) / len(expected) < 0.055


def test_every_discharge_is_a_row_and_persons_are_fewer(cohort: Cohort):
    assert cohort.people.select("person_id", "index_date").is_unique().all()
    included = cohort.flow.filter(part="included").select("people", "rows").row(0)
    assert included == (cohort.people["person_id"].n_unique(), cohort.people.height)
    assert included[0] < included[1] / 3
