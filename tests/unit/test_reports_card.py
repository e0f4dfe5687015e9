"""The reporting card has every item of TRIPOD+AI and RECORD, tells what was released, and invents nothing."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import replace
from types import MappingProxyType

import polars as pl
import pytest

import riskstrat as rs
from riskstrat.declare import Settings
from riskstrat.disclosure.release import restored
from riskstrat.figures import Language, load_messages
from riskstrat.publication import Published
from riskstrat.records.study import Study
from riskstrat.reports.checklist.items import ITEMS

LANGUAGES: tuple[Language, ...] = ("sv", "en")
EVERY = tuple(item for items in ITEMS.values() for item in items)
COUNTING = ("10", "20a", "21", "23a", "23b", "24")
BY_HAND = ("2", "3a", "3c", "17", "18a", "18b", "18c", "18d", "18e", "19", "20c", "25")


def bodies(text: str) -> dict[str, str]:
    """The text under each item's heading."""
    parts = re.split(r"^###? ", text, flags=re.MULTILINE)[1:]
    found = {part.split(". ", 1)[0].replace("RECORD ", "record_"): part.partition("\n")[2].strip() for part in parts}
    return {item: body for item, body in found.items() if item in EVERY}


@pytest.fixture(scope="module")
def published(study: Study) -> Published:
    return rs.publish(study)


def _with(published: Published, **facts: object) -> Published:
    changed = copy(published)
    for name, value in facts.items():
        object.__setattr__(changed, name, value)
    return changed


def with_nothing_shown(published: Published) -> Published:
    """As if every count, number and yes or no about persons were withheld."""
    tables = dict(published.tables)
    for name in set(tables) - {"partition", "coverage", "choice", "splits"}:
        table, frame = tables[name], tables[name].frame
        blank = frame.with_columns(pl.lit(None, dtype).alias(column) for column, dtype in numbers(frame))
        tables[name] = restored(blank, table.suppressed, table.disclosure, table.roles)
    found = copy(published)
    object.__setattr__(found, "tables", MappingProxyType(tables))
    return found


def numbers(frame: pl.DataFrame) -> list[tuple[str, pl.DataType]]:
    labels = ("step", "threshold", "risk_group", "stratum", "landmarks")
    return [
        (name, dtype)
        for name, dtype in frame.schema.items()
        if (dtype.is_numeric() or dtype == pl.Boolean) and name not in labels
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_item_is_there_in_order_and_says_something(published: Published, language: Language):
    found = bodies(rs.card(published, language))
    assert tuple(found) == EVERY
    assert all(found.values())


def test_the_items_are_those_of_both_standards():
    assert {int(re.match(r"\d+", item).group()) for item in ITEMS["tripod"]} == set(range(1, 28))
    assert (len(ITEMS["tripod"]), len(ITEMS["record"])) == (52, 13)


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_belong_to_items(language: Language):
    texts = load_messages(language, "riskstrat.reports.checklist").texts
    named = {key.partition(".")[2] for key in texts if key.startswith("name.")}
    used = {key.partition(".")[2] for key in texts if key.startswith(("told.", "write."))}
    assert named == set(EVERY)
    assert used <= set(EVERY)


def test_what_only_a_person_knows_is_marked_and_not_invented(published: Published):
    found = bodies(rs.card(published, "en"))
    for item in BY_HAND:
        assert re.fullmatch(r"\*To be written: [^*]+\*", found[item]), item


def test_counts_are_the_released_ones(published: Published, study: Study):
    found = bodies(rs.card(published, "en"))
    people = pl.concat([published.frame(name)["people"] for name in ("flow", "target_flow")]).drop_nulls()
    assert all(f"{value:,}" in found["20a"] for value in people)
    told = {int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d{3}", found["20a"] + found["10"])}
    shown = {
        value
        for name in ("flow", "target_flow", "total")
        for series in published.frame(name).select(pl.selectors.integer())
        for value in series
    }
    assert told <= shown
    assert "too few to show" in found["20a"]
    assert study.cohort.flow["people"].min() not in told


def test_performance_is_told_with_intervals_for_each_check_and_group(published: Published):
    found = bodies(rs.card(published, "en"))
    row = published.frame("metrics_person").filter(metric="auc", group="all").row(0, named=True)
    assert f"{row['estimate']:.3f} ({row['lower']:.3f}–{row['upper']:.3f})" in found["23a"]
    assert "Calibration slope" in found["23a"]
    assert "| Women |" in found["23b"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_everything_is_withheld_no_number_is_told(published: Published, language: Language):
    found = bodies(rs.card(with_nothing_shown(published), language))
    withheld = load_messages(language)("withheld")
    for item in COUNTING:
        cells = re.sub(r"IPA|\(E[59]0\)|90[^|]*percentil\w*|^\| 0[.,]\d+", "", found[item], flags=re.MULTILINE)
        assert not re.search(r"\d", cells), item
        assert withheld in found[item], item


def test_codes_and_predictors_are_the_declared_ones(published: Published):
    found = bodies(rs.card(published, "en"))
    assert "S720-S722" in found["record_7.1"]
    assert found["9b"].count("\n- ") + 1 >= len(published.condition.features)
    assert "in special housing at the index" in found["6b"]
    assert "731" in found["8a"]
    for limit in published.condition.limits:
        assert limit.en in found["26"]


def test_the_recalibration_of_the_settings_is_told(study: Study):
    changed = replace(study, settings=Settings(posterior_draws=500, recalibration="isotonic"))
    assert "isotonic curve" in bodies(rs.card(changed, "en"))["12f"]


def test_the_way_of_the_chosen_model_with_gaps_and_with_follow_up_is_told(published: Published):
    told = {
        (way, of_time): bodies(rs.card(_with(published, missing=way, of_time=of_time), "en"))["11"]
        for way in ("native", "indicator", "imputed")
        for of_time in (False, True)
    }
    assert len(set(told.values())) == 6
    assert "without their outcomes" in told["imputed", True]
    assert "censoring weights" in told["indicator", False]
    assert "censoring weights" not in told["indicator", True]


def test_index_dates_without_a_value_are_told_by_outcome(published: Published):
    found = bodies(rs.card(published, "en"))["11"]
    (row,) = [line for line in found.splitlines() if line.startswith("| ") and "%" in line]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    shares = published.frame("missingness").filter(feature=published.condition.features[-1].column)
    of = dict(shares.select("group", "share").iter_rows())
    assert cells[1:4] == [f"{100 * of[group]:.0f}%" for group in ("all", "outcome=yes", "outcome=no")]
    assert of["outcome=no"] - of["outcome=yes"] > 0.6


def test_a_study_without_areas_or_with_few_cases_has_a_card(placeless_study: Study, scarce_study: Study):
    for study in (placeless_study, scarce_study):
        assert tuple(bodies(rs.card(study))) == EVERY


def test_working_material_is_marked(study: Study):
    text = rs.card(rs.publish(study, rs.Disclosure(protection="none")), "en")
    assert "nothing is protected" in text[:400]


def test_a_name_cannot_become_markup(study: Study):
    named = replace(study, source=replace(study.source, name="<script>alert(1)</script>"))
    assert not re.search(r"(?<!\\)<script", rs.card(named, "en"))
