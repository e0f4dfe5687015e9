"""Whatever clean registers hold: written as Swedish extracts and taken in again they are the same, faults or none."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clean_register_generators import AREAS, CleanRegisters, clean_registers
from data_errors import carried, write_faulty_extracts
from examples import examples
from register_comparison import DATA_END, assert_same_rows, people_who_lost, table_after_intake, without
from riskstrat.intake import extracts
from riskstrat.intake.raw_extracts.reporting import IntakeResult
from riskstrat.registers import open_registers
from riskstrat.synthetic.extracts import clean_tables, write_extracts
from small_registers import write_register_folder

ROUNDS = settings(max_examples=examples(2), deadline=None, suppress_health_check=list(HealthCheck))
Tables = dict[str, pl.DataFrame]


def round_trip(
    place: Path, clean: CleanRegisters, seed: int, *, faults: bool
) -> tuple[Tables, IntakeResult, pl.DataFrame]:
    """Write clean registers, deliver them, take them in: what they should be, what they are, what was planted."""
    areas = [{"area_id": area, "name": area, "municipality": "Modellstad"} for area in AREAS]
    write_register_folder(place / "clean", clean.persons, residences=clean.residences, areas=areas, **clean.events)
    registers = open_registers(place / "clean")
    write = write_faulty_extracts if faults else write_extracts
    raw = write(place / "clean", place / "raw", 1_000, seed)
    expected = carried(clean_tables(registers), DATA_END)
    listed = raw / "truth" / "planted_rows.ndjson"
    planted = (
        pl.read_ndjson(listed)
        if faults and listed.stat().st_size
        else pl.DataFrame(schema={"fault": pl.String, "person_id": pl.Int64})
    )
    return expected, extracts(raw, place / "registers", data_end=DATA_END, max_rejected_share=1), planted


@ROUNDS
@given(clean=clean_registers(), seed=st.integers(0, 1_000))
def test_clean_extracts_come_back_whole(clean: CleanRegisters, seed: int):
    with TemporaryDirectory() as place:
        expected, result, _ = round_trip(Path(place), clean, seed, faults=False)
        assert_every_line_accounted_for(result)
        for table, wanted in expected.items():
            assert_same_rows(table, table_after_intake(result, table, wanted), wanted)


@ROUNDS
@given(clean=clean_registers(), seed=st.integers(0, 1_000))
def test_faulty_extracts_come_back_but_for_what_is_lost(clean: CleanRegisters, seed: int):
    with TemporaryDirectory() as place:
        expected, result, planted = round_trip(Path(place), clean, seed, faults=True)
        assert_every_line_accounted_for(result)
        for table, wanted in expected.items():
            lost = people_who_lost(planted, table)
            assert_same_rows(table, without(table_after_intake(result, table, wanted), lost), without(wanted, lost))


def assert_every_line_accounted_for(result: IntakeResult) -> None:
    """Lines read of a file are kept or rejected; rows made for a table are kept, rejected or merged."""
    counts = result.account.counts
    for place in counts["dataset"].unique():
        ended = {
            outcome: result.account.rows_of(place, outcome)
            for outcome in ("read", "made", "kept", "rejected", "merged")
        }
        came_in = ended["made"] if "." not in place else ended["read"]
        if came_in:
            assert came_in == ended["kept"] + ended["rejected"] + ended["merged"], place
