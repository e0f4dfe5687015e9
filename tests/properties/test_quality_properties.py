"""The quality check counts what is there: order changes nothing, planted faults are found to the last one."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.disclosure import Disclosure
from riskstrat.registers import open_registers
from small_registers import published_check, write_register_folder

OPEN = Disclosure(min_count=1, rounding=1, protection="none")
BORN, DIED, DAY = date(1950, 3, 1), date(2018, 6, 1), date(2015, 5, 5)
PEOPLE = [
    {"person_id": person, "birth_date": BORN, "sex": "male", "death_date": DIED if person % 2 else None}
    for person in range(1, 21)
]
FAULTS: dict[str, dict[str, object]] = {
    "person is not in persons": {"person_id": 99},
    "before birth": {"date": date(1949, 1, 1)},
    "no code": {"code": None},
    "after death": {"person_id": 1, "date": date(2019, 1, 1)},
    "before coverage": {"date": date(2001, 1, 1)},
    "a man with a code of women": {"code": "O809"},
    "unlike its classification": {"code": "unknown"},
}
faults = st.lists(st.sampled_from(sorted(FAULTS)), max_size=30)


def row(number: int, fault: str | None) -> dict[str, object]:
    """Give a row that differs from all others, and breaks the one rule."""
    sound = {"person_id": 2 * (number % 10) + 2, "date": DAY, "code": "I219", "value": float(number)}
    return {**sound, **({} if fault is None else FAULTS[fault])}


def found(rows: list[dict[str, object]], rows_at_a_time: int = 1_000_000) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as place:
        write_register_folder(Path(place) / "registers", PEOPLE, diagnoses=rows)
        quality = published_check(open_registers(Path(place) / "registers"), OPEN, rows_at_a_time=rows_at_a_time)
    return quality.table.filter(~pl.col("rule").str.contains("year"))


@settings(max_examples=25, deadline=None)
@given(planted=faults, sound=st.integers(0, 40))
def test_planted_faults_are_found_to_the_last_one(planted: list[str], sound: int):
    rows = [row(number, fault) for number, fault in enumerate([*planted, *[None] * sound])]
    counts = dict(found(rows).filter(pl.col("rule").is_in(list(FAULTS))).select("rule", "rows").rows())
    assert counts == {fault: planted.count(fault) for fault in set(planted)}


@settings(max_examples=15, deadline=None)
@given(planted=faults, copies=st.integers(0, 5), order=st.randoms(), rows_at_a_time=st.integers(1, 50))
def test_order_and_parts_change_nothing(planted: list[str], copies: int, order: Random, rows_at_a_time: int):
    rows = [row(number, fault) for number, fault in enumerate([*planted, None])] + [row(0, None)] * copies
    shuffled = rows.copy()
    order.shuffle(shuffled)
    assert found(shuffled, rows_at_a_time).equals(found(rows))


@settings(max_examples=10, deadline=None)
@given(copies=st.lists(st.integers(1, 4), min_size=1, max_size=8))
def test_copies_are_counted_beyond_the_first(copies: list[int]):
    rows = [
        {**row(number, None), "known_on": DAY + timedelta(days=copy)}
        for number, times in enumerate(copies)
        for copy in range(times)
    ]
    counts = found(rows).filter(rule="exact copy")["rows"].to_list()
    assert sum(counts) == sum(copies) - len(copies)
