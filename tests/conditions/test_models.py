"""The fitted models that ship: as they were saved, of trusted types, with the risks that were recorded."""

from pathlib import Path

import pytest

import riskstrat as rs
from riskstrat.conditions import STANDARD
from riskstrat.errors import TrustError

MODELS = Path(__file__).parents[2] / "models"


def test_each_standard_condition_has_one():
    assert sorted(path.name for path in MODELS.iterdir() if path.is_dir()) == sorted(STANDARD)


@pytest.mark.parametrize("name", STANDARD)
def test_a_model_that_ships_is_read_and_gives_its_recorded_risks(name: str):
    """Reading compares files with their SHA-256, types with the list, and risks with those recorded."""
    model = rs.load_model(MODELS / name)
    assert model.condition.name == name
    assert set(model.families) >= {column for column in model.columns if column not in ("person_id", "index_date")}


@pytest.mark.parametrize("name", STANDARD)
def test_a_model_that_ships_is_of_the_condition_that_ships(name: str):
    declared = rs.conditions.load(name)
    assert rs.load_model(MODELS / name).condition.digest == declared.digest, "write models/ again (models/README.md)"


def test_a_model_that_ships_and_was_changed_is_refused(tmp_path: Path):
    for path in (MODELS / "frailty").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "estimator.skops").write_bytes(b"PK")
    with pytest.raises(TrustError, match=r"estimator\.skops"):
        rs.load_model(tmp_path)
