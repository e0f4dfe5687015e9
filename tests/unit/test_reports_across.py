"""A report across conditions: where several are high, what is shared, one budget that nobody adds up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from riskstrat.errors import UsageError
from riskstrat.publication import Published, publish
from riskstrat.records.partition import Partition
from riskstrat.records.study import Study
from riskstrat.reports.across import Across, divide_by_weight
from riskstrat.reports.context import HIGHER, report_context
from riskstrat.reports.page import page_across


@pytest.fixture(scope="module")
def one(municipality_study: Study) -> Published:
    return publish(municipality_study)


@pytest.fixture(scope="module")
def several(one: Published, municipality_study: Study) -> list[Published]:
    """The same study twice, as if of another condition."""
    other = replace(
        municipality_study,
        condition=replace(rs.conditions.load("early_cvd"), programmes=municipality_study.condition.programmes),
    )
    return [one, publish(other)]


def test_places_are_the_finer_units_with_the_class_of_each_condition(several: list[Published]) -> None:
    first = several[0].partition
    assert first is not None
    merged = first.areas["unit"].unique().sort().to_list()[:2]
    name = first.areas.filter(pl.col("unit") == merged[0])["name"][0]
    coarse = first.areas.with_columns(
        pl.when(pl.col("unit").is_in(merged)).then(pl.lit(first.areas["area_id"][0])).otherwise("unit").alias("unit"),
        name=pl.when(pl.col("unit").is_in(merged)).then(pl.lit("both")).otherwise("name"),
    )
    other = _with_partition(several[1], Partition.from_table(coarse))
    across = Across(contexts=tuple(report_context(each, "sv") for each in (several[0], other)), weights=None)
    assert across.areas.height == first.areas["unit"].n_unique()
    assert name in across.areas["name"].to_list()
    assert "both" not in across.areas["name"].to_list()


def _with_partition(published: Published, partition: Partition) -> Published:
    from riskstrat.publication.published import TOKEN

    kept = {name: getattr(published, name) for name in published.__dataclass_fields__ if name != "token"}
    return Published(**{**kept, "partition": partition}, token=TOKEN)


def test_what_is_high_for_both_is_named_with_what_is_shared(several: list[Published]) -> None:
    areas = several[0].frame("areas")
    assert areas is not None
    high = areas.filter(pl.col("class") == HIGHER.replace("_", " "))["name"].to_list()
    html = page_across(several, "sv")
    assert high, "the fixture has an area that is clearly higher"
    assert f"I {len(high)} av {areas.height} områden är risken tydligt högre för minst två av tillstånden" in html
    assert all(name in html for name in high)


def test_averted_cases_stand_side_by_side_and_weights_are_a_judgement(several: list[Published]) -> None:
    html = page_across(several, "sv")
    assert html.count("Allt till") == 2
    assert "Efter de angivna vikterna" not in html
    weighted = page_across(several, "sv", {"frailty": 1, "early_cvd": 3})
    assert "Efter de angivna vikterna" in weighted
    assert "De är en värdering och inte ett resultat." in weighted


def test_money_goes_where_the_weighted_gain_is_greatest() -> None:
    assert divide_by_weight([lambda sek: [sek], lambda sek: [2 * sek]], [1, 1], 10) == [0, 1]
    assert divide_by_weight([lambda sek: [sek], lambda sek: [2 * sek]], [3, 1], 10) == [1, 0]


def test_what_cannot_be_brought_together_is_listed_at_once(
    one: Published, several: list[Published], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="at least two"):
        rs.report([one], tmp_path / "report.html")
    with pytest.raises(UsageError, match="come twice: frailty"):
        page_across([one, one])
    with pytest.raises(UsageError, match="weights of frailty"):
        page_across(several, weights={"frailty": 1})
    with pytest.raises(UsageError, match="numbers above 0"):
        page_across(several, weights={"frailty": 1, "early_cvd": -1})
    with pytest.raises(UsageError, match="weights for a single study"):
        rs.report(one, tmp_path / "report.html", weights={"frailty": 1})
    written = rs.report(several, tmp_path / "across.html", language="en")
    assert "Several conditions together in" in written.read_text()
