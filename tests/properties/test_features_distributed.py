"""However features are divided and whoever answers them, they are the same to the last bit."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from riskstrat.declare import Age, Count, DaysSince, Duration, EventFeature, Feature, Latest, Mean, Score, Slope
from riskstrat.features import FeatureTable, build_features, feature_parts, write_features
from riskstrat.features.dataset import MANIFEST
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from small_registers import BuildRegisters

FIRST, INDEX = date(2015, 1, 1), date(2020, 1, 1)
PEOPLE = 60
FEATURES: tuple[Feature, ...] = (
    Age(),
    Age(relative="sibling"),
    Count(register="diagnoses", codes="F", within=("1y", "5y")),
    Mean(register="diagnoses", codes="*"),
    Slope(register="diagnoses", codes="*"),
    Duration(register="diagnoses", codes="I21", within="5y"),
    Latest(register="diagnoses", codes="F", relative="mother"),
    DaysSince(register="diagnoses", codes="*", relative="all_siblings"),
    Score(register="diagnoses", score="hfrs"),
)


@pytest.fixture(scope="module")
def registers(build_registers: BuildRegisters) -> Registers:
    """Sixty people, most with a mother among the others, and twenty rows each."""
    random = Random(1)  # noqa: S311
    persons = [
        {"person_id": n, "birth_date": date(1900 + n, 1, 1), "mother_id": n // 4 or None} for n in range(1, PEOPLE + 1)
    ]
    rows = [
        {
            "person_id": random.randint(1, PEOPLE),
            "date": (start := FIRST + timedelta(days=random.randint(0, 2000))),
            "end_date": start + timedelta(days=random.randint(0, 90)),
            "code": random.choice(("F001", "F03", "I219", "W19")),
            "value": random.choice((None, random.gauss(0, 1))),
        }
        for _ in range(20 * PEOPLE)
    ]
    return build_registers(persons, diagnoses=rows)


@pytest.fixture(scope="module")
def cohort() -> Target:
    """Two index dates for everybody, in no order."""
    people = [
        {"person_id": n, "index_date": INDEX - timedelta(days=365 * back), "area_id": "A"}
        for n in range(1, PEOPLE + 1)
        for back in (0, 1)
    ]
    Random(2).shuffle(people)  # noqa: S311
    return Target(condition="made_up", people=pl.DataFrame(people), flow=pl.DataFrame(), as_of=INDEX)


@pytest.fixture(scope="module")
def expected(registers: Registers, cohort: Target) -> pl.DataFrame:
    """What one process answers in one shard."""
    return build_features(FEATURES, cohort, registers)


def in_order_of(cohort: Target) -> Target:
    return Target(
        condition="made_up", people=cohort.people.sort("person_id", "index_date"), flow=pl.DataFrame(), as_of=INDEX
    )


@pytest.mark.parametrize("shard_people", [1, 7, 1000])
def test_a_dataset_is_the_frame(
    tmp_path: Path, registers: Registers, cohort: Target, expected: pl.DataFrame, shard_people: int
):
    table = write_features(FEATURES, cohort, registers, tmp_path, shard_people=shard_people)
    assert_frame_equal(table.scan().collect(), expected, check_exact=True)
    parts = pl.concat(table.parts()).sort("row_number").drop("row_number")
    assert_frame_equal(parts, expected, check_exact=True)
    assert (table.rows, list(table.columns)) == (expected.height, expected.columns[2:])
    assert FeatureTable.at(table.folder) == table


def test_a_dataset_of_people_in_order_is_read_without_sorting(tmp_path: Path, registers: Registers, cohort: Target):
    ordered = in_order_of(cohort)
    table = write_features(FEATURES, ordered, registers, tmp_path, shard_people=7)
    assert table.in_order
    assert "SORT" not in table.scan().explain()
    assert_frame_equal(table.scan().collect(), build_features(FEATURES, ordered, registers), check_exact=True)


def test_a_dataset_of_nobody_has_no_rows(tmp_path: Path, registers: Registers, cohort: Target, expected: pl.DataFrame):
    nobody = Target(condition="made_up", people=cohort.people.clear(), flow=pl.DataFrame(), as_of=INDEX)
    table = write_features(FEATURES, nobody, registers, tmp_path)
    assert table.rows == 0
    assert_frame_equal(table.scan().collect(), expected.clear())


def test_worker_processes_answer_the_same(tmp_path: Path, registers: Registers, cohort: Target, expected: pl.DataFrame):
    told: list[tuple[int, int]] = []
    X = build_features(
        FEATURES, cohort, registers, shard_people=25, workers=2, progress=lambda *counts: told.append(counts)
    )
    assert_frame_equal(X, expected, check_exact=True)
    assert [done for done, _ in told] == list(range(1, told[0][1] + 1))
    alone = write_features(FEATURES, cohort, registers, tmp_path / "alone", shard_people=25)
    together = write_features(FEATURES, cohort, registers, tmp_path / "together", shard_people=25, workers=2)
    assert bytes_of(together.folder) == bytes_of(alone.folder)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_cluster_answers_the_same(tmp_path: Path, registers: Registers, cohort: Target, expected: pl.DataFrame):
    distributed = pytest.importorskip("distributed")
    alone = write_features(FEATURES, cohort, registers, tmp_path / "alone", shard_people=25)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(tmp_path)
    ) as cluster:
        address = cluster.scheduler_address
        assert address.startswith("tcp://")
        X = build_features(FEATURES, cohort, registers, shard_people=25, scheduler=address)
        parts = list(feature_parts(FEATURES, cohort, registers, shard_people=25, scheduler=address))
        there = write_features(FEATURES, cohort, registers, tmp_path / "there", shard_people=25, scheduler=address)
    assert_frame_equal(X, expected, check_exact=True)
    assert_frame_equal(pl.concat(parts).sort("row_number").drop("row_number"), expected, check_exact=True)
    assert bytes_of(there.folder) == bytes_of(alone.folder)


def test_finished_parts_are_kept(tmp_path: Path, registers: Registers, cohort: Target):
    table = write_features(FEATURES, cohort, registers, tmp_path, shard_people=7)
    before = bytes_of(table.folder)
    (table.folder / MANIFEST).unlink()
    lost, kept = table.paths[2], table.paths[3]
    lost.unlink()
    kept.write_bytes(b"not looked at again")
    write_features(FEATURES, cohort, registers, tmp_path, shard_people=7)
    after = bytes_of(table.folder)
    assert after.pop(kept.name) == b"not looked at again"
    assert after == {name: content for name, content in before.items() if name != kept.name}


def test_what_relatives_answered_is_kept_until_the_end(
    tmp_path: Path, registers: Registers, cohort: Target, monkeypatch: pytest.MonkeyPatch
):
    alone = write_features(FEATURES, cohort, registers, tmp_path / "alone", shard_people=25)
    place = tmp_path / "killed"
    with monkeypatch.context() as patched:
        patched.setattr("riskstrat.features.dataset.compute_part", out_of_memory)
        with pytest.raises(MemoryError):
            write_features(FEATURES, cohort, registers, place, shard_people=25)
    (folder,) = place.iterdir()
    assert {path.name.split("-")[1] for path in folder.iterdir()} == {"mother", "sibling"}
    table = write_features(FEATURES, cohort, registers, place, shard_people=25)
    assert bytes_of(table.folder) == bytes_of(alone.folder)


def out_of_memory(_: object) -> pl.DataFrame:
    raise MemoryError


class Twice(Count):
    """A kind whose meaning changes between two runs."""

    times = 2

    def aggregate(self, values: pl.Expr) -> pl.Expr:  # noqa: ARG002
        return pl.len() * self.times


def test_parts_of_anything_else_are_never_taken(
    tmp_path: Path,
    build_registers: BuildRegisters,
    registers: Registers,
    cohort: Target,
    monkeypatch: pytest.MonkeyPatch,
):
    def folder(features: tuple[Feature, ...], people: Target = cohort, among: Registers = registers) -> str:
        return write_features(features, people, among, tmp_path).folder.name

    asked: EventFeature = Twice(register="diagnoses", codes="F")
    earlier = Target(condition="made_up", people=cohort.people.head(50), flow=pl.DataFrame(), as_of=INDEX)
    other = build_registers(
        [{"person_id": n, "birth_date": date(1950, 1, 1)} for n in range(1, PEOPLE + 1)], diagnoses=[]
    )
    names = [folder((asked,)), folder((asked, Age())), folder((asked,), earlier), folder((asked,), among=other)]
    monkeypatch.setattr(Twice, "times", 3)
    assert len({*names, folder((asked,))}) == 5
    monkeypatch.setattr(Twice, "times", 2)
    assert folder((asked,)) == names[0]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
