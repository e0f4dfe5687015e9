"""Pilots that cannot be meant: one sentence says all that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from riskstrat import pilots
from riskstrat.declare import PilotRule
from riskstrat.errors import ContractError, DesignError, TrustError, UsageError
from riskstrat.priorities import prioritise
from small_pilot import PROCESS, counts, pilot, programme, units


def test_where_the_outcome_takes_years_a_process_outcome_is_needed() -> None:
    with pytest.raises(UsageError, match=r"1278 days after units begin, and no process outcome.*process=Process"):
        pilot(delay="913d")
    for changes in ({"period": "2y"}, {"kind": "phased", "period": "180d", "delay": "300d"}):
        with pytest.raises(UsageError, match="no process outcome"):
            pilot(**changes)
    with pytest.raises(UsageError, match="process outcome that answers after 2y"):
        pilot(delay="913d", process=replace(PROCESS, answers_after="2y"))


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        pilot(cases_within="5 years", delay="soon", kind="phased", steps=99, simulations=3)
    assert len(refused.value.problems) == 4
    with pytest.raises(UsageError, match=r"pairs, phased"):
        pilot(kind="pair")


def test_too_few_units_are_refused() -> None:
    with pytest.raises(DesignError, match=r"5 units; expected at least 6 \(three pairs\)"):
        pilot(5)
    without = units(8)
    without.cases_draws[:, :3] = 0
    with pytest.raises(DesignError, match="5 units"):
        pilots.design(without, programme(), start=date(2025, 1, 1), cases_within="1y")


def test_units_of_another_plan_are_refused() -> None:
    plan = prioritise(units(30), programme(), 10_000_000)
    with pytest.raises(UsageError, match="units of the plan without a posterior"):
        pilots.design(units(10), plan, start=date(2025, 1, 1), cases_within="1y")


def test_counts_that_are_not_the_designs_are_refused_all_at_once() -> None:
    drawn = pilot(12)
    right = counts(drawn)
    with pytest.raises(UsageError, match="did you mean 'count'"):
        pilots.evaluate(drawn, right.rename({"count": "counts"}))
    wrong = pl.concat([right.head(3), right.head(1), right.tail(1).with_columns(unit=pl.lit("U99"))])
    with pytest.raises(UsageError) as refused:
        pilots.evaluate(drawn, wrong.with_columns(pl.col("count") - 1_000))
    told = str(refused.value)
    for part in ("negative", "not counted: 9", "other units or periods: 1", "given twice: 2"):
        assert part in told
    with pytest.raises(UsageError, match="whole counts"):
        pilots.evaluate(drawn, right.with_columns(pl.col("count").cast(pl.Float64) + 0.5))
    with pytest.raises(UsageError, match="expected counts above 0"):
        pilots.evaluate(drawn, right.with_columns(expected=pl.lit(0.0)))
    with pytest.raises(UsageError, match=r"no outcome 'case'.*did you mean 'cases'"):
        pilots.evaluate(drawn, right, "case")
    phased = pilot(12, kind="phased")
    with pytest.raises(UsageError, match="no column 'period'"):
        pilots.evaluate(phased, counts(phased).drop("period"))


def test_a_process_outcome_updates_no_effect_and_a_contradiction_is_told() -> None:
    drawn = pilot(24, process=PROCESS)
    visits = drawn.units.select("unit", count=(pl.col("people") * 0.2).cast(pl.Int64))
    with pytest.raises(UsageError, match="evaluation of a process outcome"):
        pilots.updated_programme(pilots.evaluate(drawn, visits, PROCESS.name))
    harmful = pilots.evaluate(drawn, counts(drawn, 2.0, spread=0.02))
    with pytest.raises(DesignError, match="outside what was assumed"):
        pilots.updated_programme(harmful)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "cases"}, "not called cases"),
        ({"share_with": (0.4, 0.3, 0.25)}, "in this order"),
        ({"share_with": (0.1, 0.3, 0.4)}, "one side"),
        ({"share_without": 20}, "less than 1"),
        ({"answers_after": "half a year"}, "not a duration"),
    ],
)
def test_process_outcomes_that_cannot_be_meant_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        replace(PROCESS, **changes)
    with pytest.raises(UsageError, match="worthwhile"):
        PilotRule(worthwhile=10)


def test_a_design_comes_back_whole_and_changed_ones_are_refused(tmp_path: Path) -> None:
    for drawn in (pilot(13), pilot(8, kind="phased", process=PROCESS), pilot(12, cases_within="20y")):
        path = pilots.save_design(drawn, tmp_path / "pilot.json")
        back = pilots.read_design(path)
        for name, value in vars(drawn).items():
            found = getattr(back, name)
            assert found.equals(value) if isinstance(value, pl.DataFrame) else found == value, name
        counted = counts(drawn, 0.7)
        assert pilots.evaluate(back, counted).p_value == pilots.evaluate(drawn, counted).p_value
    saved = json.loads(path.read_text(encoding="utf-8"))
    for row in saved["design"]["units"]:
        row["first_period"] = 1 - row["first_period"]
    path.write_text(json.dumps(saved), encoding="utf-8")
    with pytest.raises(TrustError, match="changed after it was written"):
        pilots.read_design(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ContractError, match="no JSON"):
        pilots.read_design(path)
    for schema in (99, True, 1.0, "1", None):
        path.write_text(json.dumps({**saved, "schema": schema}), encoding="utf-8")
        with pytest.raises(ContractError, match="schema 1"):
            pilots.read_design(path)


def test_nothing_else_is_overwritten(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="did not write"):
        pilots.save_design(pilot(6), other)
    assert other.read_text(encoding="utf-8") == "mine"
