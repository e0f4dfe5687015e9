"""Studies to a folder and back."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

import riskstrat as rs
from riskstrat.artefacts.study_folder import CONTENTS
from riskstrat.errors import TrustError, UsageError
from riskstrat.publication.published import TOKEN, Facts
from riskstrat.publication.storing import published_files, read_published
from riskstrat.records.study import Study


@pytest.fixture(scope="module")
def saved(municipality_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rs.save(municipality_study, tmp_path_factory.mktemp("studies") / "frailty-2024")


def test_the_report_of_a_saved_study_is_that_of_the_study(municipality_study: Study, saved: Path, tmp_path: Path):
    pages = [
        rs.report(published, tmp_path / name, language="sv").read_text(encoding="utf-8")
        for name, published in (("a.html", rs.publish(municipality_study)), ("b.html", rs.open_study(saved).published))
    ]
    assert pages[0] == pages[1]


def test_every_fact_comes_back(municipality_study: Study):
    published = rs.publish(municipality_study)
    unusual = replace(published, missing="imputed", of_time=True, scenarios=(published.scenario,), token=TOKEN)
    again = read_published(published_files(unusual))
    told = [field.name for field in fields(Facts) if field.name != "partition"]
    assert {name: getattr(again, name) for name in told} == {name: getattr(unusual, name) for name in told}


def test_its_model_is_there(municipality_study: Study, saved: Path):
    model = rs.open_study(saved).model
    assert model is not None
    assert model.digest == rs.publish(municipality_study).model_digest


def test_nobody_is_in_it(saved: Path):
    """No column holds numbers of persons or index dates."""
    published = rs.open_study(saved).published
    assert not any("person_id" in table.frame.columns for table in published.tables.values())
    assert not list(saved.rglob("*.csv"))
    assert "person_id" not in "".join(path.name for path in saved.rglob("*"))


@pytest.mark.parametrize("change", ["damage", "loss"])
def test_what_is_not_as_it_was_saved_is_refused(municipality_study: Study, tmp_path: Path, change: str):
    folder = rs.save(municipality_study, tmp_path / "study")
    table = next((folder / "tables").iterdir())
    table.write_bytes(table.read_bytes()[:-1]) if change == "damage" else table.unlink()
    with pytest.raises(TrustError, match=f"{table.name} that is not as it was saved"):
        rs.open_study(folder)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{}", b'{"format": 2, "sha256": 3}'])
def test_contents_that_are_none_are_refused(tmp_path: Path, content: bytes):
    (tmp_path / CONTENTS).write_bytes(content)
    with pytest.raises(TrustError):
        rs.open_study(tmp_path)


@pytest.mark.parametrize(
    ("found", "told"),
    [('"format": 9, ', "format 9, newer than"), ('"format": 1, ', "format 1, older than"), ("", "does not say its")],
)
def test_another_format_is_refused_and_says_what_to_do(tmp_path: Path, found: str, told: str):
    (tmp_path / CONTENTS).write_text(f'{{{found}"sha256": {{}}}}')
    with pytest.raises(TrustError, match=f"{told}.*or run and save the study again"):
        rs.open_study(tmp_path)


def test_nothing_but_an_earlier_study_is_replaced(municipality_study: Study, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(UsageError, match=r"mine\.txt"):
        rs.save(municipality_study, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "kept"
