"""Quality reports protect people, say what is withheld, and end the command with honest exit codes."""

import re
from datetime import date

import polars as pl
import pytest
from typer.testing import CliRunner

from riskstrat.cli import app
from riskstrat.disclosure import Disclosure
from riskstrat.errors import ContractError
from riskstrat.quality import RULES, SEVERITIES
from riskstrat.registers import Registers, open_registers
from small_registers import BuildRegisters, published_check

BORN, DAY = date(1940, 5, 3), date(2012, 3, 5)
PEOPLE = [{"person_id": person, "birth_date": BORN, "sex": "female"} for person in range(1, 21)]


def diagnoses(wrong: int, day: date) -> list[dict[str, object]]:
    return [{"person_id": person, "date": day if person <= wrong else DAY, "code": "I219"} for person in range(1, 21)]


def run(registers: Registers) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", str(registers.folder)])
    return result.exit_code, result.stdout


def test_small_counts_are_withheld_and_larger_ones_shown(build_registers: BuildRegisters):
    rule = Disclosure(rounding=1, protection="none")
    few = published_check(build_registers(PEOPLE, diagnoses=diagnoses(4, date(1930, 1, 1))), rule)
    assert few.table.select("rows", "share").rows() == [(None, None)]
    assert "fewer than 5 rows (a share not shown) are dated before" in few.table["sentence"].item()
    several = published_check(build_registers(PEOPLE, diagnoses=diagnoses(5, date(1930, 1, 1))), rule)
    assert several.table.select("rows", "of", "share").rows() == [(5, 20, 0.25)]
    assert "5 rows (25.0 %)" in several.table["sentence"].item()


def test_the_rule_of_disclosure_can_be_chosen_and_is_said(build_registers: BuildRegisters):
    registers = build_registers(PEOPLE, diagnoses=diagnoses(8, date(1930, 1, 1)))
    strict = published_check(registers, Disclosure(min_count=10, rounding=1, protection="none"))
    assert strict.table["rows"].to_list() == [None]
    assert "fewer than 10" in strict.table["sentence"].item()
    assert "1 to 9" in strict.rule
    assert "1 to 9" in str(strict)


def test_no_person_or_date_is_told(build_registers: BuildRegisters):
    told = str(published_check(build_registers(PEOPLE, diagnoses=diagnoses(7, date(1931, 7, 23)))))
    assert "1931" not in told
    assert "1940" not in told


def test_errors_end_the_command_with_3_and_warnings_with_0(build_registers: BuildRegisters):
    code, told = run(build_registers(PEOPLE, diagnoses=diagnoses(7, date(1931, 7, 23))))
    assert code == 3
    assert "Errors" in told
    code, told = run(build_registers(PEOPLE, diagnoses=diagnoses(7, date(2008, 7, 23))))
    assert code == 0
    assert "Warnings" in told
    (rows,) = re.findall(r"(\d+) rows \([\d.]+ %\) are dated before the coverage begins", told)
    assert abs(int(rows) - 7) <= Disclosure().noise


def test_a_folder_that_breaks_the_contract_is_refused_with_all_that_is_wrong(build_registers: BuildRegisters):
    registers = build_registers(PEOPLE)
    (registers.folder / "residences.parquet").unlink()
    result = CliRunner().invoke(app, ["check", str(registers.folder)])
    assert isinstance(result.exception, ContractError)
    assert result.exception.exit_code == 3


def test_the_text_fits_the_page(build_registers: BuildRegisters):
    told = str(published_check(build_registers(PEOPLE, diagnoses=diagnoses(7, date(1931, 7, 23)))))
    assert max(map(len, told.splitlines())) <= 100


@pytest.mark.parametrize("rule", RULES)
def test_every_sentence_can_be_filled_in(rule: str):
    said = RULES[rule]
    assert said.severity in SEVERITIES
    assert "{" not in said.sentence.format(rows="5", of="20", share="25.0 %", about="2011")


def test_empty_tables_are_sound(build_registers: BuildRegisters):
    assert published_check(build_registers(PEOPLE, diagnoses=[], contacts=[])).table.is_empty()


def test_the_table_keeps_its_schema_when_nothing_is_found(build_registers: BuildRegisters):
    nothing, something = (
        published_check(build_registers(PEOPLE)).table,
        published_check(build_registers(PEOPLE, diagnoses=diagnoses(7, date(1931, 7, 23)))),
    )
    assert nothing.schema == something.table.schema
    assert nothing.schema["rows"] == pl.Int64


def test_a_register_without_delays_by_setting_or_optional_columns_is_checked(build_registers: BuildRegisters):
    registers = build_registers(PEOPLE, diagnoses=diagnoses(0, DAY)[:10])
    path = registers.folder / "diagnoses.parquet"
    pl.read_parquet(path, columns=["person_id", "date", "code"]).write_parquet(path)
    assert published_check(open_registers(registers.folder)).table.is_empty()
