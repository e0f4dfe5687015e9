"""What must hold of features whatever the registers hold: the answers of a slow loop, and what changes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from multiprocessing import get_context
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from riskstrat.codes import score_points
from riskstrat.declare import Age, Count, DaysSince, Duration, EventFeature, Ever, Latest, Mean, Score, duration_days
from riskstrat.features import build_features, feature_parts
from riskstrat.features.engine import work_of
from riskstrat.features.shard import answer
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from town import Rows, Town

START, END = date(2017, 1, 1), date(2019, 12, 31)
COVERED = (date(2017, 6, 1), date(2019, 10, 1))
DELAYS = {"inpatient": 60, "primary": 10}
PEOPLE = 6
CODES = ("F001", "F009", "W19", "I219")
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

days = st.integers(0, (END - START).days).map(lambda number: START + timedelta(days=number))
lengths = st.none() | st.integers(0, 200)


@dataclass(frozen=True)
class World:
    """Everything that the loop and the engine are both told."""

    persons: Rows
    residences: Rows
    rows: Rows
    index_dates: tuple[tuple[int, date], ...]
    features: tuple[EventFeature, ...] = field(default=())


@st.composite
def event(draw: st.DrawFn, people: st.SearchStrategy[int], dates: st.SearchStrategy[date] = days) -> dict[str, object]:
    day = draw(dates)
    length = draw(lengths)
    return {
        "person_id": draw(people),
        "date": day,
        "code": draw(st.sampled_from(CODES)),
        "value": draw(st.sampled_from((None, 0.1, 0.2, 0.7, -3.3))),
        "end_date": None if length is None else day + timedelta(days=length),
        "known_on": draw(st.none() | st.integers(0, 300).map(lambda number: day + timedelta(days=number))),
        "setting": draw(st.sampled_from((None, "inpatient", "primary"))),
    }


@st.composite
def features(draw: st.DrawFn) -> EventFeature:
    kind = draw(st.sampled_from((Count, Ever, DaysSince, Latest, Mean, Duration, Score)))
    own = (
        {"score": "hfrs", "codes": "*"}
        if kind is Score
        else {"codes": draw(st.sampled_from(("F00", "F00, W19", "I21", "*")))}
    )
    return kind(
        register="diagnoses",
        within=draw(st.sampled_from(("1d", "40d", "1y", "ever"))),
        gap=draw(st.sampled_from(("0d", "0d", "30d"))),
        settings=draw(st.sampled_from(((), ("inpatient",), ("inpatient", "primary")))),
        relative=draw(st.sampled_from((None, None, "mother"))),
        **own,
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    persons = [
        {
            "person_id": number,
            "birth_date": draw(st.sampled_from((date(1950, 1, 1), date(2018, 3, 1)))),
            "death_date": draw(st.sampled_from((None, None, date(2019, 1, 5)))),
            "mother_id": draw(st.sampled_from((None, *range(1, number)))) if number > 1 else None,
        }
        for number in range(1, PEOPLE + 1)
    ]
    residences = [spell for person in persons for spell in draw(spells(person["person_id"], person["birth_date"]))]
    rows = draw(st.lists(event(st.integers(1, PEOPLE)), max_size=40))
    copies = [{**row, "known_on": None} for row in rows[: draw(st.integers(0, 4))]]
    dates = draw(st.lists(st.tuples(st.integers(1, PEOPLE), days), min_size=1, max_size=10))
    asked = draw(st.lists(features(), min_size=1, max_size=8, unique_by=lambda feature: feature.column))
    return World(persons, residences, rows + copies, tuple(dates), tuple(asked))


@st.composite
def spells(draw: st.DrawFn, person: int, born: date) -> Rows:
    moves = sorted(draw(st.sets(days, max_size=4)))
    moves = [day for day in moves if day >= born]
    ends = [day - timedelta(days=1) for day in moves[1:]] + [None]
    homes = [
        {"person_id": person, "start_date": start, "end_date": end, "area_id": "A"}
        for start, end in zip(moves, ends, strict=False)
    ]
    return [home for home in homes if draw(st.integers(0, 3))]


def opened(town: Town, world: World, **given: object) -> Registers:
    entry = {"coverage_start": COVERED[0], "coverage_end": COVERED[1], "delay_days": DELAYS}
    return town(
        world.persons, residences=world.residences, diagnoses=world.rows, manifest={"diagnoses": entry}, **given
    )


def cohort_of(world: World) -> Target:
    rows = [{"person_id": person, "index_date": index, "area_id": "A"} for person, index in world.index_dates]
    schema = {"person_id": pl.Int64, "index_date": pl.Date, "area_id": pl.String}
    return Target(condition="made_up", people=pl.DataFrame(rows, schema=schema), flow=pl.DataFrame(), as_of=END)


def engine(town: Town, world: World, shard_people: int = 50_000, **given: object) -> pl.DataFrame:
    return build_features(world.features, cohort_of(world), opened(town, world, **given), shard_people=shard_people)


# The slow, obvious way: one feature of one person at one index date, day by day.


def by_hand(world: World, feature: EventFeature, person: int, index: date) -> float | None:
    persons = {row["person_id"]: row for row in world.persons}
    subject = persons.get(person if feature.relative is None else persons[person]["mother_id"])
    if subject is None:
        return None
    window = window_of(feature, index)
    if not any(observed(world, subject, day) for day in window):
        return None
    return answer_of(feature, list(visible(world, feature, subject, index)), window, index)


def window_of(feature: EventFeature, index: date) -> list[date]:
    gap = 0 if feature.gap == "0d" else duration_days(feature.gap)
    within = 1500 if feature.within == "ever" else duration_days(feature.within)
    return [index - timedelta(days=gap + number) for number in range(1, within + 1)]


def observed(world: World, subject: dict[str, object], day: date) -> bool:
    lived_here = any(
        home["start_date"] <= day <= (home["end_date"] or date.max)
        for home in world.residences
        if home["person_id"] == subject["person_id"]
    )
    return lived_here and COVERED[0] <= day <= COVERED[1] and day <= (subject["death_date"] or date.max)


def visible(
    world: World, feature: EventFeature, subject: dict[str, object], index: date
) -> Iterator[tuple[date, str, float | None, date | None]]:
    """Rows that may be seen, each once: date, code, value, end (None where it is not seen yet)."""
    prefixes = tuple(code.strip() for code in feature.codes.replace("*", "").split(","))
    kept = set()
    for row in world.rows:
        delay = timedelta(days=DELAYS.get(row["setting"], max(DELAYS.values())))
        recorded = row["end_date"] or row["date"] if row["setting"] == "inpatient" else row["date"]
        if (
            row["person_id"] == subject["person_id"]
            and subject["birth_date"] <= row["date"] < index
            and (row["known_on"] or recorded + delay) < index
            and row["code"].startswith(prefixes)
            and (not feature.settings or row["setting"] in feature.settings)
        ):
            end = row["end_date"] if row["end_date"] and row["end_date"] < index else None
            kept.add((row["date"], row["code"], row["value"], end, row["setting"]))
    yield from sorted(
        (row[:4] for row in kept), key=lambda row: (row[0], row[1], -math.inf if row[2] is None else row[2])
    )


def answer_of(feature: EventFeature, rows: list, window: list[date], index: date) -> float | None:
    inside = [row for row in rows if row[0] in window]
    values = [value for _, _, value, _ in inside if value is not None]
    if isinstance(feature, Count | Ever):
        return min(len(inside), 1) if isinstance(feature, Ever) else len(inside)
    if isinstance(feature, DaysSince):
        return (index - inside[-1][0]).days if inside else None
    if isinstance(feature, Latest):
        return values[-1] if values else None
    if isinstance(feature, Mean):
        return sum(values) / len(values) if values else None
    if isinstance(feature, Score):
        points = score_points(feature.score)
        return sum(p for codes, p in points if codes.matching([code for _, code, _, _ in inside], prefix=True))
    last = index - timedelta(days=1)
    return sum(any(start <= day <= (end or last) for start, _, _, end in rows) for day in window)


@SLOW
@given(world=worlds())
def test_the_engine_answers_what_a_slow_loop_answers(town: Town, world: World):
    X = engine(town, world)
    for feature in world.features:
        expected = [by_hand(world, feature, person, index) for person, index in world.index_dates]
        assert X[feature.column].to_list() == [None if x is None else pytest.approx(x, abs=1e-6) for x in expected]


@SLOW
@given(world=worlds(), shard_people=st.integers(1, 7))
def test_shards_of_any_size_give_the_same_frame_bit_for_bit(town: Town, world: World, shard_people: int):
    assert_frame_equal(engine(town, world, shard_people), engine(town, world), check_exact=True)


@SLOW
@given(world=worlds(), random=st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(town: Town, world: World, random: Random):
    rows, homes, persons = list(world.rows), list(world.residences), list(world.persons)
    for shuffled in (rows, homes, persons):
        random.shuffle(shuffled)
    mixed = replace(world, rows=rows, residences=homes, persons=persons)
    assert_frame_equal(engine(town, mixed, sort=False), engine(town, world), check_exact=True)


@SLOW
@given(world=worlds(), data=st.data())
def test_what_happens_or_becomes_known_from_the_index_on_changes_nothing(town: Town, world: World, data: st.DataObject):
    index = max(index for _, index in world.index_dates)
    world = replace(world, index_dates=tuple((person, index) for person, _ in world.index_dates))
    anybody, later = st.integers(1, PEOPLE), st.integers(0, 200).map(lambda number: index + timedelta(days=number))
    dated = data.draw(st.lists(event(anybody, later.filter(lambda day: day <= END)), max_size=10))
    known = [{**row, "known_on": data.draw(later)} for row in data.draw(st.lists(event(anybody), max_size=10))]
    prolonged = [_seen_to_end_later(row, index, data.draw(later)) for row in world.rows]
    assert_frame_equal(
        engine(town, replace(world, rows=prolonged + dated + known)), engine(town, world), check_exact=True
    )


def _seen_to_end_later(row: dict[str, object], index: date, end: date) -> dict[str, object]:
    """Move an end that lies on or after the index; where the end says when the row was known, it stays."""
    unseen = row["end_date"] is not None and row["end_date"] >= index
    return {**row, "end_date": end} if unseen and (row["known_on"] or row["setting"] != "inpatient") else row


@SLOW
@given(world=worlds(), data=st.data())
def test_unrelated_people_change_nothing(town: Town, world: World, data: st.DataObject):
    strangers = [{"person_id": number, "birth_date": date(1960, 1, 1)} for number in (-1, 8, 100)]
    rows = data.draw(st.lists(event(st.sampled_from((-1, 8, 100))), min_size=1, max_size=20))
    homes = [{"person_id": 8, "start_date": START, "area_id": "A"}]
    larger = replace(
        world,
        persons=[*strangers, *world.persons],
        rows=[*rows, *world.rows],
        residences=[*homes, *world.residences],
    )
    assert_frame_equal(engine(town, larger), engine(town, world), check_exact=True)


@SLOW
@given(world=worlds(), shard_people=st.integers(1, 4))
def test_the_parts_together_are_the_whole(town: Town, world: World, shard_people: int):
    registers = opened(town, world)
    parts = list(feature_parts(world.features, cohort_of(world), registers, shard_people=shard_people))
    whole = build_features(world.features, cohort_of(world), registers)
    assert_frame_equal(pl.concat(parts).sort("place").drop("place"), whole, check_exact=True)


@SLOW
@given(world=worlds())
def test_nothing_is_ever_nan_and_shares_are_shares(town: Town, world: World):
    X = engine(town, world)
    assert not any(X.select(pl.selectors.float().is_nan().any()).row(0))
    shares = X.select(pl.selectors.ends_with("observed_share"))
    assert shares.select((pl.all().is_between(0, 1)).all()).row(0) == (True,) * shares.width


def test_a_shard_answers_the_same_in_another_process(town: Town):
    rows = [
        {"person_id": n, "date": START + timedelta(days=90 * n), "code": "F001", "value": 0.1 * n} for n in (1, 2, 3)
    ]
    persons = [{"person_id": n, "birth_date": date(1950, 1, 1), "mother_id": None} for n in (1, 2, 3)]
    homes = [{"person_id": n, "start_date": START, "area_id": "A"} for n in (1, 2, 3)]
    asked = (Age(), Latest(register="diagnoses", codes="F00"), Score(register="diagnoses", score="hfrs"))
    world = World(persons, homes, rows, tuple((n, END) for n in (3, 1, 2)), asked)
    (shard,) = work_of(asked, cohort_of(world), opened(town, world), shard_people=10).own
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        elsewhere = pool.submit(answer, shard).result()
    assert_frame_equal(elsewhere, answer(shard), check_exact=True)
    assert elsewhere[asked[1].column].to_list() == [pytest.approx(0.1 * n) for n in (1, 2, 3)]
