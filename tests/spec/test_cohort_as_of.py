"""The as-of date may be as late as the end of the data plus the longest delay of the registers plus a year."""

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import riskstrat as rs
from riskstrat.cli import app
from riskstrat.declare import AreaFact, Condition, Count
from riskstrat.errors import DesignError, UsageError
from riskstrat.registers import Registers

SAMPLE = Path(__file__).parents[2] / "data_samples" / "modellstad"
CONDITION = replace(rs.conditions.load("childhood_obesity"), subgroups=(), sensitivities=())
DATA_END = date(2023, 12, 31)


@pytest.fixture(scope="module")
def registers() -> Registers:
    if not SAMPLE.is_dir():
        pytest.skip("data_samples/modellstad is not there")
    return rs.open_registers(SAMPLE)


def reading(*registers: str) -> Condition:
    """The condition with features of these registers only; its outcome is in child health, with a delay of 30 days."""
    counts = tuple(Count(register=name, codes="*", within="1y") for name in registers)
    return replace(CONDITION, features=counts)


@pytest.mark.parametrize(
    ("condition", "delay"),
    [
        (reading("child_health"), 30),
        (reading("births"), 180),
        (reading("diagnoses"), 180),  # of its slowest setting
        (reading("contacts", "circumstances"), 365),
        (replace(CONDITION, features=(AreaFact("care_need_index"),)), 365),
    ],
    ids=["of the outcome", "of a feature", "of a setting", "the longest", "of areas"],
)
def test_the_last_date_works_and_the_next_does_not(registers: Registers, condition: Condition, delay: int):
    last = DATA_END + timedelta(days=delay + 365)
    for ask in (rs.build_cohort, rs.target_population):
        with pytest.raises(UsageError, match=f"{last + timedelta(days=1)}.* to {last}"):
            ask(condition, registers, last + timedelta(days=1))
        with suppress(DesignError):  # children whose index lies in the year before are none, so late after the data
            ask(condition, registers, last)


def test_the_last_date_gives_a_population(registers: Registers):
    last = date(2024, 1, 1) + timedelta(days=364 + 365)
    assert rs.target_population(rs.conditions.load("frailty"), registers, last).people.height


def test_a_study_and_the_command_refuse_as_well(registers: Registers, tmp_path: Path):
    with pytest.raises(UsageError, match="2025-12-30"):
        rs.run(rs.conditions.load("frailty"), registers, date(2035, 1, 1))
    command = ["run", "frailty", "--registers", str(SAMPLE), "--as-of", "2035-01-01", "--out", str(tmp_path / "out")]
    found = CliRunner().invoke(app, command)
    assert isinstance(found.exception, UsageError)
    assert "2025-12-30" in str(found.exception)
    assert not list(tmp_path.iterdir())
