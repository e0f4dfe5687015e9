"""Published scores as features: which diagnoses a person has -> how many points."""

from datetime import date

import polars as pl
import pytest

from riskstrat.codes import ScoreName
from riskstrat.declare.features import Score
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from small_registers import BuildRegisters

INDEX = date(2019, 6, 1)
CASES: dict[str, tuple[ScoreName, list[str], float]] = {
    "each condition once": ("charlson_se", ["I219", "I21.4", "I500"], 2),
    "severe liver disease instead of mild": ("charlson_se", ["K703", "I850"], 3),
    "ascites beside liver disease makes it severe": ("charlson_se", ["K703", "R18"], 3),
    "ascites alone is nothing": ("charlson_se", ["R18"], 0),
    "complications instead of diabetes without": ("charlson_se", ["E119", "E112", "E119"], 2),
    "metastases instead of the tumour": ("charlson_se", ["C509", "C787"], 6),
    "chronic lung diseases of two kinds": ("charlson_se", ["J449", "J459"], 2),
    "by Quan they are one": ("charlson", ["J449", "J459"], 1),
    "ascites is nothing to Quan": ("charlson", ["K703", "R18"], 1),
    "ICD-9 told by its look": ("charlson_se", ["410A", "250D"], 3),
    "weights of 2011": ("charlson_2011", ["I219", "I500"], 2),
    "points may be negative": ("elixhauser", ["E669"], -4),
    "uncomplicated and complicated hypertension are one": ("elixhauser_swiss", ["I109", "I119"], -3),
    "frailty": ("hfrs", ["F00", "W19"], 10.3),
    "nothing recorded": ("charlson_se", [], 0),
}


@pytest.mark.parametrize(("name", "codes", "points"), CASES.values(), ids=CASES.keys())
def test_points_of_recorded_diagnoses(
    build_registers: BuildRegisters, name: ScoreName, codes: list[str], points: float
):
    rows = [{"person_id": 1, "date": date(2018, 1, 1 + day), "code": code} for day, code in enumerate(codes)]
    someone_else = [{"person_id": 2, "date": date(2018, 1, 1), "code": code} for code in ("R18", "I850", "C787")]
    registers = build_registers(
        [{"person_id": person, "birth_date": date(1940, 1, 1)} for person in (1, 2)], diagnoses=rows + someone_else
    )
    X = build_features([Score(register="diagnoses", score=name)], _everybody(registers), registers)
    assert X.row(0, named=True)[f"{name}_diagnoses_ever"] == pytest.approx(points)


def _everybody(registers: Registers) -> Target:
    people = registers.scan("persons").select("person_id").collect().sort("person_id")
    people = people.with_columns(index_date=pl.lit(INDEX), area_id=pl.lit(None, dtype=pl.String))
    return Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=INDEX)
