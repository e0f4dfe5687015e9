"""What a run keeps: parameters, metrics and released tables; nothing about single persons."""

import json
from pathlib import Path

import pytest

from riskstrat.disclosure import Disclosure
from riskstrat.publication import publish
from riskstrat.records.study import Study
from riskstrat.reports import write_card
from riskstrat.tracking import Artefact, Metric, Parameter, items, store_uri, track

PERSONAL = ("person_id", "family_id", "mother_id", "father_id")


def test_items_say_what_was_asked_and_what_was_found(study: Study):
    found = list(items(publish(study)))
    names = {item.name: item.value for item in found if isinstance(item, Parameter)}
    assert names["condition"] == study.condition.name
    assert names["as_of"] == study.as_of.isoformat()
    assert any(isinstance(item, Metric) and item.name == "person.auc" for item in found)


def test_no_person_is_among_them(study: Study):
    artefacts = [item for item in items(publish(study)) if isinstance(item, Artefact)]
    assert artefacts
    for item in artefacts:
        assert not any(word in item.content.decode() for word in PERSONAL), item.path


def test_tables_are_those_that_were_released(study: Study):
    areas = next(
        item for item in items(publish(study)) if isinstance(item, Artefact) and item.path == "tables/areas.csv"
    )
    assert areas.content.decode().startswith("area_id")


def test_metrics_are_those_of_released_tables_with_their_digits(study: Study):
    found = {item.name: item.value for item in items(publish(study)) if isinstance(item, Metric)}
    exact = study.checks["person"].estimate("brier")
    assert found["person.brier"] == float(f"{exact:.3g}") != exact


def test_what_the_rule_withholds_is_no_metric(study: Study):
    found = list(items(publish(study, Disclosure(min_count=1_000_000))))
    assert not [item for item in found if isinstance(item, Metric)]


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
