"""The guide to conditions: its examples run, and it speaks of every kind that there is."""

from __future__ import annotations

import doctest
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

import riskstrat as rs
from fixture_municipality import AS_OF, QUICK
from riskstrat import declare
from riskstrat.registers import Registers

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/conditions.md").read_text(encoding="utf-8")
KINDS = (declare.IndexKind, declare.OutcomeKind)


def test_its_examples_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    code = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL))
    example = doctest.DocTestParser().get_doctest(code, {}, "docs/conditions.md", "docs/conditions.md", 0)
    assert len(example.examples) > 15
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL, verbose=False)
    assert runner.run(example, out=told.append).failed == 0, "".join(told)


def test_every_kind_of_index_and_outcome_is_in_it():
    for name in declare.__all__:
        kind = getattr(declare, name)
        concrete = isinstance(kind, type) and issubclass(kind, KINDS) and not kind.__abstractmethods__
        assert not concrete or f"`{name}" in GUIDE, name


def test_every_field_of_a_population_and_an_event_index_is_in_it():
    names = {field.name for kind in (declare.Population, declare.Including, declare.AtEvent) for field in fields(kind)}
    assert {name for name in names if name not in GUIDE} <= {"sex", "settings", "positions"}


def test_the_readme_links_it():
    assert "docs/conditions.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_worked_example_keeps_the_contract_and_gives_a_whole_study(small_municipality: Registers):
    copd = rs.conditions.load(ROOT / "docs/examples/copd_smokers.py")
    assert declare.Condition.from_json(copd.to_json()) == copd
    likelier = declare.FirstEvent(register="contacts", codes="admission_unplanned")
    study = rs.run(replace(copd, outcome=likelier), small_municipality, AS_OF, QUICK)
    assert study.plan is not None
    assert "not recorded as a smoker" in study.flow["reason"].to_list()


@pytest.mark.slow
@pytest.mark.parametrize(
    "condition", [ROOT / "docs/examples/copd_smokers.py", "readmission"], ids=["copd", "readmission"]
)
def test_they_run_on_the_whole_sample(condition: Path | str):
    study = rs.run(rs.conditions.load(condition), rs.open_registers(ROOT / "data_samples/modellstad"), AS_OF, QUICK)
    assert study.plan is not None
    assert study.partition.areas.height > 40
