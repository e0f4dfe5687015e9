"""Fitted models to a folder and back."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import riskstrat as rs
from fixture_municipality import AS_OF
from riskstrat.artefacts import trusted
from riskstrat.artefacts.model_folder import CARD, ESTIMATOR, MODEL, SUMMARY, write_model
from riskstrat.errors import ContractError, TrustError, UsageError
from riskstrat.estimators import Boosting, Cox, DiscreteTime, FineGray, Logistic
from riskstrat.records.study import Study
from riskstrat.registers import Registers

OTHER_FORMATS = [
    ({"format": 0}, "format 0, older than .* expected format 1; read it with the older riskstrat that wrote it"),
    ({"format": 2}, "format 2, newer than .* expected format 1; install the newer riskstrat that wrote it"),
    *(({"format": found}, "does not say its format; .* get it again from") for found in (True, 1.0, "1", None)),
    ({}, "does not say its format; .* get it again from where it was saved"),
]


@pytest.fixture(scope="module")
def saved(municipality_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rs.save_model(municipality_study, tmp_path_factory.mktemp("models") / "frailty")


@pytest.fixture
def copy(saved: Path, tmp_path: Path) -> Path:
    """A model folder that a test may change."""
    for path in saved.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def test_a_model_comes_back_as_it_was(municipality_study: Study, small_municipality: Registers, saved: Path):
    model = rs.load_model(saved)
    scores = model.score(small_municipality, AS_OF)
    X = rs.build_features(model.condition.features, scores.target, small_municipality)
    assert model.condition == municipality_study.model.condition
    np.testing.assert_allclose(scores.risk, municipality_study.model.predict_risk(X), rtol=1e-4)
    assert scores.target.people["person_id"].equals(municipality_study.target.people["person_id"])
    assert scores.inputs.height == len(model.columns) - 2


def test_columns_in_another_order_give_the_same_risks(small_municipality: Registers, saved: Path):
    model = rs.load_model(saved)
    X = rs.build_features(model.condition.features, model.score(small_municipality, AS_OF).target, small_municipality)
    assert np.array_equal(model.predict_risk(X.select(reversed(X.columns))), model.predict_risk(X))
    with pytest.raises(ContractError, match="other"):
        model.predict_risk(X.with_columns(other=1.0))


def test_a_saved_model_can_be_saved_again(saved: Path, tmp_path: Path):
    again = rs.save_model(rs.load_model(saved), tmp_path / "again")
    told, before = (json.loads((folder / MODEL).read_text()) for folder in (again, saved))
    assert {**told, "sha256": None} == {**before, "sha256": None}


def test_a_study_that_is_published_is_written_as_it_is_saved(municipality_study: Study, saved: Path, tmp_path: Path):
    written = write_model(municipality_study.model, rs.publish(municipality_study), tmp_path / "model")
    told, before = (json.loads((folder / MODEL).read_text()) for folder in (written, saved))
    assert {**told, "sha256": None} == {**before, "sha256": None}
    assert (written / CARD).read_bytes() == (saved / CARD).read_bytes()


def test_a_study_brings_its_card(saved: Path):
    assert "TRIPOD" in (saved / CARD).read_text(encoding="utf-8")


def test_names_of_model_and_data_confirm_no_guess(municipality_study: Study, saved: Path):
    told = (saved / MODEL).read_text()
    assert municipality_study.model.digest not in told
    assert municipality_study.source.fingerprint not in told


@pytest.mark.parametrize("name", [ESTIMATOR, SUMMARY, "condition.json"])
def test_a_changed_file_is_refused(copy: Path, name: str):
    (copy / name).write_bytes((copy / name).read_bytes() + b" ")
    with pytest.raises(TrustError, match=f"{name} that is not as it was saved"):
        rs.load_model(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 1, "sha256": 3}', b"\xff"])
def test_what_describes_no_model_is_refused(copy: Path, content: bytes):
    (copy / MODEL).write_bytes(content)
    with pytest.raises(TrustError, match=r"as it was saved|describe a model"):
        rs.load_model(copy)


def test_a_description_without_a_part_is_refused(copy: Path):
    said = json.loads((copy / MODEL).read_text())
    for part in sorted(set(said) - {"format", "sha256", "written_with"}):
        (copy / MODEL).write_text(json.dumps({name: value for name, value in said.items() if name != part}))
        with pytest.raises(TrustError):
            rs.load_model(copy)


def test_a_missing_file_is_refused(copy: Path):
    (copy / SUMMARY).unlink()
    with pytest.raises(TrustError, match=SUMMARY):
        rs.load_model(copy)


def test_a_model_with_another_name_than_expected_is_refused(saved: Path):
    assert rs.load_model(saved, sha256=trusted_name(saved)).kind == rs.load_model(saved).kind
    with pytest.raises(TrustError, match="SHA-256"):
        rs.load_model(saved, sha256="0" * 64)


@pytest.mark.parametrize(("found", "told"), OTHER_FORMATS)
def test_another_format_is_refused_and_says_what_to_do(copy: Path, found: dict[str, object], told: str):
    said = {name: value for name, value in json.loads((copy / MODEL).read_text()).items() if name != "format"}
    (copy / MODEL).write_text(json.dumps(said | found))
    with pytest.raises(TrustError, match=f"{told}.*or fit the model again"):
        rs.load_model(copy)


def test_other_risks_than_were_recorded_are_refused(copy: Path):
    told = json.loads((copy / MODEL).read_text())
    (copy / MODEL).write_text(json.dumps(told | {"risks": [risk * 1.001 for risk in told["risks"]]}))
    with pytest.raises(TrustError, match="scikit-learn"):
        rs.load_model(copy)


@pytest.mark.parametrize("content", [b"", b"\x80\x04.", b"PK\x03\x04"])
def test_what_is_no_stored_estimator_is_refused(content: bytes):
    with pytest.raises(TrustError, match="no stored estimator"):
        trusted.load(content)


@pytest.mark.parametrize("kind", ["os.system", "builtins.eval", "sklearn.pipeline.Pipeline", "functools.partial"])
def test_types_that_are_not_on_the_list_are_named_and_not_read(tmp_path: Path, kind: str):
    module, _, name = kind.rpartition(".")
    path = tmp_path / "estimator.skops"
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("schema.json", json.dumps({"content": [{"__class__": name, "__module__": module}]}))
    with pytest.raises(TrustError, match=f"not trusted: {kind}"):
        trusted.load(path.read_bytes())


@pytest.mark.parametrize("kind", [Logistic, Boosting, Cox, FineGray])
def test_a_model_that_imputes_is_not_saved_and_says_why(municipality_study: Study, tmp_path: Path, kind: type):
    imputing = replace(municipality_study.model, estimator=kind(horizon_days=731, missing="imputed"))
    with pytest.raises(UsageError, match=f"a fitted {kind.__name__} that imputes.*without imputation"):
        rs.save_model(imputing, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_kind_that_does_not_save_says_why(municipality_study: Study, tmp_path: Path):
    model = replace(municipality_study.model, estimator=DiscreteTime(horizon_days=365))
    with pytest.raises(UsageError, match=r"DiscreteTime.*Boosting, Cox, FineGray, Logistic"):
        rs.save_model(model, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def trusted_name(folder: Path) -> str:
    import hashlib

    return hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
