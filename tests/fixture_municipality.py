"""A municipality of 3,000 inhabitants in 51 areas as open registers, and a real study of frailty in it."""

from __future__ import annotations

from datetime import date

import pytest

import riskstrat as rs
from riskstrat.declare import Candidate, Condition, Settings
from riskstrat.records.study import Study
from riskstrat.registers import Registers, open_registers
from riskstrat.study import compare, fit, prepare
from riskstrat.synthetic import write_municipality

AS_OF = date(2024, 1, 1)
QUICK = Settings(
    candidates=(Candidate("Logistic"),),
    folds=2,
    area_folds=2,
    bootstrap_draws=50,
    posterior_draws=500,
    sensitivities=True,
)


@pytest.fixture(scope="session")
def small_municipality(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    """Give the registers: about 360 outcomes of frailty among 2,000 index dates."""
    folder = tmp_path_factory.mktemp("municipality") / "registers"
    return open_registers(write_municipality(3_000, 1, folder, area_sd=0.3))


@pytest.fixture(scope="session")
def frailty() -> Condition:
    """Give the condition of the study."""
    return rs.conditions.load("frailty")


@pytest.fixture(scope="session")
def municipality_study(small_municipality: Registers, frailty: Condition) -> Study:
    """Run the whole study, with as few folds and draws as settings allow; it takes two seconds."""
    return rs.run(frailty, small_municipality, AS_OF, QUICK)


@pytest.fixture(scope="session")
def municipality_steps(
    small_municipality: Registers, frailty: Condition, municipality_study: Study
) -> dict[str, object]:
    """Give what the examples of the steps speak of, by name."""
    data = prepare(frailty, small_municipality, AS_OF, QUICK)
    comparison = compare(data)
    model = fit(data, comparison)
    return {
        "registers": small_municipality,
        "condition": frailty,
        "settings": QUICK,
        "data": data,
        "comparison": comparison,
        "model": model,
        "area_results": municipality_study.area_results,
        "study": municipality_study,
        "published": rs.publish(municipality_study),
        "area": municipality_study.partition.areas["unit"].min(),
    }
