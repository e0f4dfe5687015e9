"""What is seen by others: rejected rows are private, names hold no hidden marks, messages no counts of few persons."""

from datetime import date
from pathlib import Path

import pytest

from riskstrat.errors import ContractError, few
from riskstrat.registers import open_registers
from riskstrat.registers.manifest import parse_manifest
from riskstrat.study.source import source_of
from small_extracts import run_intake
from small_registers import BuildRegisters, write_register_folder

PEOPLE = [{"person_id": number, "birth_date": date(1950, 1, 1)} for number in range(1, 8)]
MARKED = "Al\u202eby\x1b[31m\u200b"


def test_rejected_rows_are_readable_by_their_owner_alone(tmp_path: Path):
    unreadable = "LopNr;ATC;EDATUM;antal\n1;C10AA01;2011-02-03;1\n2;N06AB04;2012-13-40;2\n"
    done = run_intake(tmp_path, {"LMED_2010_2013.csv": unreadable})
    kept = done.folder / "rejected"
    assert list(kept.iterdir())
    assert kept.stat().st_mode & 0o777 == 0o700


def test_control_and_direction_marks_leave_names_of_registers_and_areas(build_registers: BuildRegisters):
    assert parse_manifest(f"name = 'x{MARKED[2]}y'\ndata_end = 2023-12-31\n[tables]")[0].name == "xy"
    areas = [{"area_id": "A", "name": MARKED, "municipality": "Modellstad"}]
    names = source_of(build_registers(PEOPLE, areas=areas)).area_names
    assert names is not None
    assert names["name"].to_list() == ["Alby[31m"]


@pytest.mark.parametrize(("wrong", "said"), [(1, "1 to 4 "), (4, "1 to 4 "), (5, "5 "), (7, "7 ")])
def test_messages_do_not_count_few_persons(wrong: int, said: str, tmp_path: Path):
    early = [{**person, "death_date": date(1940, 1, 1)} for person in PEOPLE[:wrong]]
    write_register_folder(tmp_path / "registers", [*early, *PEOPLE[wrong:]])
    with pytest.raises(ContractError) as refused:
        open_registers(tmp_path / "registers")
    assert f"{said}people die before they are born" in str(refused.value)
    assert few(wrong) == said.strip()
