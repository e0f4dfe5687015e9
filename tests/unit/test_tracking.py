"""What a run keeps: parameters, metrics and released tables; nothing about single persons."""

import json
from pathlib import Path

import pytest

import riskstrat as rs
from fixture_municipality import AS_OF
from riskstrat.publication import publish
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.reports import write_card
from riskstrat.tracking import store_uri, track
from riskstrat.tracking.runs import tracked_run

PERSONAL = ("person_id", "family_id", "mother_id", "father_id")


def test_parameters_say_what_was_asked_and_metrics_what_was_found(study: Study):
    found = tracked_run(study)
    assert found.parameters["condition"] == study.condition.name
    assert found.parameters["as_of"] == study.as_of.isoformat()
    assert "person.auc" in found.metrics


def test_no_person_is_in_the_files_but_the_model(study: Study):
    files = tracked_run(publish(study)).files
    assert files["tables/areas.csv"].startswith(b"area_id"), "tables are those that were released"
    for path, content in files.items():
        assert not any(word in content.decode() for word in PERSONAL), path


def test_metrics_are_those_of_released_tables_with_their_digits(study: Study):
    exact = study.checks["person"].estimate("brier")
    assert tracked_run(study).metrics["person.brier"] == float(f"{exact:.3g}") != exact


@pytest.mark.filterwarnings("ignore")
def test_a_run_lands_in_a_local_store(study: Study, tmp_path: Path):
    report = tmp_path / "report.html"
    report.write_text("<html></html>", encoding="utf-8")
    store = tmp_path / "runs.db"
    card = write_card(study, tmp_path / "frailty_card_en.md", language="en")
    run_id = track(study, files=[report, card], store=store)

    import mlflow

    client = mlflow.MlflowClient(store_uri(store))
    run = client.get_run(run_id)
    assert run.data.tags["digest"] == study.digest
    assert run.data.tags["data_fingerprint"] == study.source.fingerprint
    kept = Path(client.download_artifacts(run_id, "", str(tmp_path)))
    assert json.loads((kept / "condition.json").read_text(encoding="utf-8"))["name"] == study.condition.name
    assert (kept / "report" / "report.html").is_file()
    assert (kept / "report" / "frailty_card_en.md").read_bytes() == card.read_bytes()
    assert (tmp_path / "mlartifacts").is_dir()


@pytest.mark.filterwarnings("ignore")
def test_the_model_is_a_version_that_scores_registers(
    municipality_study: Study, small_municipality: Registers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = tmp_path / "runs.db"
    track(municipality_study, store=store)
    track(municipality_study, store=store, champion=True)

    import mlflow
    import pandas as pd

    monkeypatch.setenv("MLFLOW_TRACKING_URI", store_uri(store))
    client = mlflow.MlflowClient()
    assert len(client.search_model_versions("name = 'frailty'")) == 2
    assert client.get_model_version_by_alias("frailty", "champion").version == 2
    asked = pd.DataFrame({"registers": [str(small_municipality.folder)], "as_of": ["2024-01-01"]})
    found = mlflow.pyfunc.load_model("models:/frailty@champion").predict(asked)
    assert list(found.columns) == ["registers", "as_of", "area_id", "people", "expected_cases", "mean_risk"]
    assert set(found["area_id"]) == set(small_municipality_areas(small_municipality))
    children = client.search_runs(["1"], "tags.`mlflow.parentRunId` != ''")
    assert {run.info.run_name for run in children} == set(publish(municipality_study).frame("choice")["name"])
    assert all(set(run.data.metrics) <= {"brier", "prediction_accuracy"} for run in children)


def test_a_run_of_what_was_published_keeps_no_model(study: Study, tmp_path: Path):
    """Nobody gave it one."""
    track(publish(study), store=tmp_path / "runs.db")
    assert not list((tmp_path / "mlartifacts").rglob("estimator.skops"))


def small_municipality_areas(registers: Registers) -> list[str]:
    """Areas where somebody is eligible; all have fewer than 20 people, so that no number of them is shown."""
    target = rs.target_population(rs.conditions.load("frailty"), registers, AS_OF)
    return target.people["area_id"].unique().to_list()
