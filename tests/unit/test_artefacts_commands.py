"""``riskstrat score`` and ``monitor``: a saved model on the people of today."""

import json
import shutil
import stat
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from commands import riskstrat
from fixture_municipality import AS_OF
from riskstrat.artefacts.model_folder import MODEL
from riskstrat.errors import UsageError
from riskstrat.publication.scores import release_scores
from riskstrat.records.scores import Scores
from riskstrat.records.study import Study
from riskstrat.registers import Registers

DAY = AS_OF.isoformat()
REMEDIES = {0: "read it with the older riskstrat", 99: "install the newer riskstrat", None: "get it again"}
"""What is said of a model's folder of a format."""


@pytest.fixture(scope="module")
def saved(municipality_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rs.save_model(municipality_study.model, tmp_path_factory.mktemp("models") / "frailty")


@pytest.fixture(scope="module")
def scores(saved: Path, small_municipality: Registers) -> Scores:
    return rs.load_model(saved).score(small_municipality, AS_OF)


@pytest.fixture
def folder(small_municipality: Registers) -> Path:
    return small_municipality.folder  # type: ignore[attr-defined]


def test_groups_are_written_and_no_person(saved: Path, folder: Path, tmp_path: Path):
    out = tmp_path / "scores"
    done = riskstrat("score", saved, "--registers", folder, "--as-of", DAY, "--out", out, "--by", "sex")
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(out / "groups.parquet").columns == ["sex", "people", "expected_cases", "mean_risk"]
    assert sorted(path.name for path in out.iterdir()) == [".riskstrat.json", "groups.parquet", "inputs.parquet"]


def test_persons_are_written_where_a_file_for_them_is_named(saved: Path, folder: Path, tmp_path: Path, scores: Scores):
    private = tmp_path / "private"
    private.mkdir()
    arguments = ("score", saved, "--registers", folder, "--as-of", DAY, "--out", tmp_path / "scores", "--persons")
    assert riskstrat(*arguments, private / "risks.parquet").returncode == 0
    found = pl.read_parquet(private / "risks.parquet")
    assert found.columns == ["person_id", "index_date", "risk"]
    assert found["risk"].to_list() == scores.risk.tolist()
    assert stat.S_IMODE((private / "risks.parquet").stat().st_mode) == 0o600
    again = riskstrat(*arguments, private / "risks.parquet")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


@pytest.mark.parametrize("inside", ["scores", "model"])
def test_persons_never_lie_among_what_may_be_shown(saved: Path, folder: Path, tmp_path: Path, inside: str):
    out = tmp_path / "scores"
    place = {"scores": out, "model": saved}[inside] / "risks.parquet"
    done = riskstrat("score", saved, "--registers", folder, "--as-of", DAY, "--out", out, "--persons", place)
    assert (done.returncode, "a file of persons inside" in done.stderr) == (2, True)
    assert not place.exists()


def test_the_people_of_the_study_have_not_moved(saved: Path, folder: Path):
    assert riskstrat("monitor", saved, "--registers", folder, "--as-of", DAY).returncode == 0


def test_drift_is_told_by_feature(scores: Scores):
    """People who are all ten years older, told from what a model expects."""
    older = replace(scores, inputs=scores.inputs.with_columns(marked=pl.col("column") == "age_years"))
    inputs = release_scores(older, ["sex"])["inputs"].frame
    assert inputs.filter(pl.col("marked"))["column"].to_list() == ["age_years"]


def test_another_model_folder_is_exit_code_6(folder: Path, tmp_path: Path):
    done = riskstrat("monitor", tmp_path, "--registers", folder, "--as-of", DAY)
    assert (done.returncode, "model.json" in done.stderr) == (6, True)


@pytest.mark.parametrize(("command", "number"), [("score", 0), ("monitor", 99), ("transport", None)])
def test_a_model_of_another_format_is_exit_code_6_and_what_to_do(
    saved: Path, folder: Path, tmp_path: Path, command: str, number: int | None
):
    model, out = shutil.copytree(saved, tmp_path / "model"), tmp_path / "out"
    said = json.loads((model / MODEL).read_text(encoding="utf-8")) | {"format": number}
    (model / MODEL).write_text(json.dumps(said), encoding="utf-8")
    where = [] if command == "monitor" else ["--out", out]
    done = riskstrat(command, model, "--registers", folder, "--as-of", DAY, *where)
    assert (done.returncode, done.stdout) == (6, "")
    assert REMEDIES[number] in done.stderr
    assert "fit the model again" in done.stderr
    assert not out.exists()


def test_groups_are_protected_counts(scores: Scores):
    found = release_scores(scores, ["sex"])["groups"].frame
    exact = scores.target.people["sex"].value_counts().sort("sex")
    assert (found["people"] - exact["count"].cast(pl.Int64)).abs().max() <= 8
    assert found["expected_cases"].sum() == pytest.approx(scores.risk.sum(), rel=0.1)


def test_nobody_is_a_group(scores: Scores):
    with pytest.raises(UsageError, match="person_id"):
        release_scores(scores, ["person_id"])
