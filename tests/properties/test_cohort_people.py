"""Families and unbroken residence beside loops over people and days."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from riskstrat.cohort.eligibility import NO_END, with_residence
from riskstrat.registers.opened import family_ids

DAY = timedelta(days=1)
START = date(2020, 1, 1)
PEOPLE = 8
Spell = tuple[date, date | None]


@st.composite
def mothers(draw: st.DrawFn) -> pl.DataFrame:
    """Draw persons whose mothers may be unknown, strangers, too young, or in a circle."""
    born = st.integers(1950, 1953).map(lambda year: date(year, 1, 1))
    mother = st.none() | st.integers(1, PEOPLE + 2)
    rows = [{"person_id": n, "birth_date": draw(born), "mother_id": draw(mother)} for n in range(1, PEOPLE + 1)]
    return pl.DataFrame(rows, schema={"person_id": pl.Int64, "birth_date": pl.Date, "mother_id": pl.Int64})


def topmost(person: int, persons: dict[int, dict[str, object]]) -> int:
    mother = persons[person]["mother_id"]
    if mother is None:
        return person
    if mother not in persons:
        return mother
    older = persons[mother]["birth_date"] < persons[person]["birth_date"]
    return topmost(mother, persons) if older else person


@given(mothers(), st.sets(st.integers(1, PEOPLE)))
def test_families_are_those_of_the_topmost_mother(persons: pl.DataFrame, people: set[int]):
    asked = pl.Series("person_id", sorted(people), dtype=pl.Int64)
    by_id = {row["person_id"]: row for row in persons.to_dicts()}
    assert family_ids(asked, persons).to_list() == [topmost(person, by_id) for person in asked]


@st.composite
def lives(draw: st.DrawFn) -> list[Spell]:
    """Draw the spells of a person: with gaps or without, the last perhaps without an end."""
    spells: list[Spell] = []
    start = START
    for _ in range(draw(st.integers(0, 4))):
        start += draw(st.integers(0, 2)) * DAY
        end = start + draw(st.integers(0, 3)) * DAY
        spells.append((start, end))
        start = end + DAY
    return [*spells[:-1], (spells[-1][0], None)] if spells and draw(st.booleans()) else spells


def by_days(spells: list[Spell], on: date) -> tuple[int, date, date] | None:
    """Walk from day to day as long as somebody lives here."""
    holding = [n for n, (start, end) in enumerate(spells) if start <= on <= (end or NO_END)]
    if not holding:
        return None
    first, last = (spells[holding[0]][n] for n in (0, 1))
    before, after = spells[: holding[0]][::-1], spells[holding[0] + 1 :]
    for start, end in before:
        if end == first - DAY:
            first = start
        else:
            break
    for start, end in after:
        if last is not None and start == last + DAY:
            last = end
        else:
            break
    return holding[0], first, last or NO_END


@given(st.lists(lives(), max_size=4), st.lists(st.tuples(st.integers(0, 5), st.integers(-2, 20)), max_size=9))
def test_residence_is_what_a_walk_over_the_days_finds(homes: list[list[Spell]], asked: list[tuple[int, int]]):
    rows = [(person, *spell) for person, spells in enumerate(homes) for spell in spells]
    schema = {"person_id": pl.Int64, "start_date": pl.Date, "end_date": pl.Date}
    spells = pl.DataFrame(rows, schema=schema, orient="row")
    on = [(person, START + days * DAY) for person, days in sorted(asked)]
    people = pl.DataFrame(on, schema={"person_id": pl.Int64, "resident_on": pl.Date}, orient="row")
    found = with_residence(people, spells).select("spell", "resident_since", "resident_until").rows()
    before = [sum(len(earlier) for earlier in homes[:person]) for person in range(6)]
    for (person, day), answer in zip(on, found, strict=True):
        expected = by_days(homes[person], day) if person < len(homes) else None
        assert answer == ((before[person] + expected[0], *expected[1:]) if expected else (None, None, None))
