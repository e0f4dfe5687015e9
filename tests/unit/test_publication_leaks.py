"""Whatever a study shows, writes, logs and tracks holds released numbers only, under the rule of the study."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import cache
from io import StringIO
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from published_numbers import cells, numbers, published_values, texts_of_file, texts_of_store, unpublished
from riskstrat.disclosure import CellNoise, Disclosure, Table, release
from riskstrat.publication import Published, display
from riskstrat.publication.composition import study_tables
from riskstrat.records.study import Study
from riskstrat.tracking import runs

RECORDS = ("cohort", "target", "performance", "areas", "plan")
RULES = (
    Disclosure(min_count=20),
    pytest.param(Disclosure(min_count=30), marks=pytest.mark.slow),
    pytest.param(Disclosure(min_count=25, rounding=10), marks=pytest.mark.slow),
)

pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass(frozen=True)
class Shown:
    """Everything that came of a study, as texts by where they stand."""

    published: Published
    folder: Path
    texts: dict[str, list[str]]


def under(study: Study, rule: Disclosure) -> Study:
    """Give the same study as if it had been run under another rule."""
    settings = replace(study.settings, min_count=rule.min_count, rounding=rule.rounding)
    results = study.area_results
    assert results is not None
    estimates = replace(results.estimates, disclosure=rule)
    checks = {name: replace(check, disclosure=rule) for name, check in study.evaluation.checks.items()}
    return replace(
        study,
        settings=settings,
        evaluation=replace(study.evaluation, checks=checks),
        area_results=replace(results, estimates=estimates, check=replace(results.check, disclosure=rule)),
        **{name: replace(getattr(study, name), disclosure=rule) for name in ("cohort", "target", "plan")},
    )


def tracked(study: Study | Published, folder: Path) -> list[str]:
    """Give all texts of the store; the model is a release of its own, see test_estimators_released."""
    rs.track(study, files=[folder / "sv.html"], store=folder / "runs.db")
    files = [path for path in (folder / "mlartifacts").rglob("*") if path.is_file() and path.parent.name != "model"]
    return [*texts_of_store(folder / "runs.db"), *(text for path in files for text in texts_of_file(path))]


def show(study: Study, folder: Path) -> Shown:
    """Report, export, track, display and print a study, and give all that came of it."""
    printed, logged = StringIO(), StringIO()
    listening = logging.StreamHandler(logged)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(listening)
    root.setLevel(logging.DEBUG)
    try:
        with redirect_stdout(printed), redirect_stderr(printed), pytest.MonkeyPatch.context() as patch:
            # Invented registers have a secret of their own; with real ones, displays of records have that of the study.
            patch.setattr("riskstrat.publication.noise.protection_secret", lambda: study.noise.secret)
            texts = everything_of(study, folder)
    finally:
        root.removeHandler(listening)
        root.setLevel(level)
    texts |= {"output": [printed.getvalue()], "logs": [logged.getvalue()]}
    return Shown(rs.publish(study), folder, texts)


def everything_of(study: Study, folder: Path) -> dict[str, list[str]]:
    reports = [rs.report(study, folder / f"{language}.html", language=language) for language in ("sv", "en")]
    exported = rs.export(study, folder / "tables")
    return {
        "report": [text for path in reports for text in texts_of_file(path)],
        "export": [text for path in exported.iterdir() for text in texts_of_file(path)],
        "mlflow": tracked(study, folder),
        "display": [display(study), *(display(getattr(study, name)) for name in RECORDS)],
        "text": [repr(study), *(repr(getattr(study, name)) for name in RECORDS)],
    }


@pytest.fixture(scope="session")
def shown_under(municipality_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Disclosure], Shown]:
    """Give all that comes of the study under a rule, made once for each rule."""
    return cache(lambda rule: show(under(municipality_study, rule), tmp_path_factory.mktemp("shown")))


@pytest.fixture
def shown(shown_under: Callable[[Disclosure], Shown]) -> Shown:
    return shown_under(Disclosure())


def allowed_in(shown: Shown) -> object:
    """Published numbers, and what the texts and axes of the report make of them."""
    frame = shown.published.frame("reasons")
    assert frame is not None
    sums = frame.group_by("group").agg(pl.col("estimate").sum())["estimate"].to_list()
    areas = shown.published.frame("areas")
    assert areas is not None
    ends = [0.97 * value for value in areas["relative_risk_lower"].drop_nulls()]
    ends += [1.03 * value for value in areas["relative_risk_upper"].drop_nulls()]
    return published_values(shown.published, *map(repr, (*sums, *ends)))


def test_no_number_appears_anywhere_that_was_not_published(shown: Shown):
    allowed = allowed_in(shown)
    found = {where: unpublished(texts, allowed) for where, texts in shown.texts.items()}
    assert {where: numbers for where, numbers in found.items() if numbers} == {}
    assert all(sum(1 for _ in numbers(shown.texts[where])) > 100 for where in ("report", "export", "mlflow", "display"))


def test_no_released_number_has_more_digits_than_its_kind(municipality_study: Study):
    """Three significant digits at most, in every table: sixteen gave exact denominators. What was declared stays."""
    declared = {("plan_assumptions", "value")}
    long = {
        (name, column, value)
        for name, released in rs.publish(municipality_study).tables.items()
        for column in released.frame.select(pl.selectors.float()).columns
        for value in released.frame[column].drop_nulls()
        if (name, column) not in declared and (value != float(f"{value:.3g}") or is_floating_point_noise(value))
    }
    assert long == set()


def is_floating_point_noise(value: float) -> bool:
    """Nothing that is counted, shared or estimated is so small, and nothing is minus 0."""
    return abs(value) < 1e-12 and (value != 0 or math.copysign(1, value) < 0)


@pytest.mark.parametrize("protection", ["noise", "none"])
def test_a_share_of_nothing_is_released_as_nothing(protection: str):
    found = pl.DataFrame({"group": ["a", "b", "c"], "share": [-2.2e-16, -0.0, 0.1 + 0.2]})
    table = Table(found, dimensions=("group",), public=("share",))
    shown = release(table, Disclosure(protection=protection), CellNoise(b"sixteen bytes or more")).frame["share"]
    assert not any(is_floating_point_noise(value) for value in shown)
    assert shown.to_list() == [0.0, 0.0, 0.3 if protection == "noise" else 0.1 + 0.2]


def test_metrics_at_full_precision_would_be_found(
    municipality_study: Study, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """What tracking did before: every estimate of a validation with all of its digits."""

    def raw(_published: Published) -> dict[str, float]:
        rows = municipality_study.performance.table.filter(group="all").iter_rows(named=True)
        return {f"person.{row['metric']}": row["estimate"] for row in rows}

    monkeypatch.setattr(runs, "_metrics", raw)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "sv.html").write_text("", encoding="utf-8")
    found = unpublished(tracked(municipality_study, tmp_path / "raw"), allowed_in(shown))
    assert len(found) >= 5


def test_numbers_of_all_digits_would_be_found(municipality_study: Study, shown: Shown):
    """Tables before they were released: any of their long numbers is found that the release shortened."""
    frame = study_tables(municipality_study)["areas"].frame
    assert len(unpublished([cells(frame.write_csv())], allowed_in(shown))) > frame.height


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_the_rule_of_the_study_holds_everywhere(
    municipality_study: Study, shown_under: Callable[[Disclosure], Shown], rule: Disclosure
):
    """Report, export, MLflow and notebook withhold the same counts, and nothing that follows from protected ones."""
    found = shown_under(rule)
    assert found.published.disclosure == rule
    exact = study_tables(municipality_study)["areas"].frame
    small = exact.filter(pl.col("cases").is_between(1, rule.min_count - 1))["area_id"].to_list()
    assert small
    assert all(f"Counts from 0 to {rule.min_count - 1} are withheld" in text for text in found.texts["display"])
    assert (
        json.loads((found.folder / "tables" / "tables.json").read_text())["rule"]["settings"]["min_count"]
        == rule.min_count
    )
    for path in [found.folder / "tables" / "areas.csv", *(found.folder / "mlartifacts").rglob("areas.csv")]:
        written = pl.read_csv(path)
        assert written.filter(pl.col("area_id").is_in(small))["cases"].null_count() == len(small)
        assert written["risk"].null_count() == 0
        assert all(count % rule.rounding == 0 for count in written["cases"].drop_nulls())
    html = display(under(municipality_study, rule).areas)
    rows = [row for row in re.findall("<tr>.*?</tr>", html, re.DOTALL) if any(area in row for area in small)]
    assert rows
    assert all(row.count(">–<") >= 1 for row in rows)


TRACKED = {"person", "area", "time", "without_care_use", "without_birth_region_and_deprivation"}


@pytest.mark.parametrize(("min_count", "checks"), [(5, TRACKED), (1_000, set())])
def test_metrics_that_the_rule_withholds_are_not_tracked(municipality_study: Study, min_count: int, checks: set[str]):
    found = runs.tracked_run(rs.publish(municipality_study, Disclosure(min_count=min_count)))
    assert {name.partition(".")[0] for name in found.metrics} == checks
