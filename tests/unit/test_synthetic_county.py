"""A county of nine municipalities is one set of registers, and one study."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from fixture_municipality import AS_OF, QUICK
from riskstrat import conditions
from riskstrat.records.study import Study
from riskstrat.registers import Registers, open_registers
from riskstrat.synthetic import write_county
from riskstrat.synthetic.county import FEWEST_IN_COUNTY, NAME, SHARES

pytestmark = pytest.mark.slow

BUDGET_SEK = 12_000_000.0
FLOORS = tuple((name, 0.02 * BUDGET_SEK) for name in SHARES)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Registers:
    return open_registers(write_county(45_000, 1, tmp_path_factory.mktemp("county") / "registers", area_sd=0.3))


def test_nobody_and_no_area_is_there_twice(county: Registers):
    assert county.manifest.name == NAME
    persons, areas = (county.sources[name].scan().collect() for name in ("persons", "areas"))
    assert persons["person_id"].is_unique().all()
    assert areas["area_id"].is_unique().all()
    assert areas["name"].is_unique().all()
    assert areas["municipality"].value_counts().sort("municipality").rows() == [(name, 51) for name in sorted(SHARES)]


def test_relatives_are_of_the_own_municipality(county: Registers):
    persons = county.sources["persons"].scan().collect()
    assert persons["mother_id"].drop_nulls().is_in(persons["person_id"].implode()).all()
    block = pl.col("person_id") // 10**9
    assert persons.filter(block != pl.col("mother_id") // 10**9).is_empty()


def test_the_registers_have_no_errors(county: Registers):
    assert not rs.check(county).has_errors


@pytest.fixture(scope="module")
def study(county: Registers) -> Study:
    return rs.run(conditions.load("frailty"), county, AS_OF, replace(QUICK, budget_sek=BUDGET_SEK, floors=FLOORS))


def test_it_is_one_study_with_a_floor_for_each_municipality(county: Registers, study: Study):
    plan = study.plan
    assert plan is not None
    where = county.sources["areas"].scan().collect().select("area_id", "municipality")
    units = study.partition.areas.join(where, on="area_id").group_by("unit").agg(pl.col("municipality").unique())
    assert units["municipality"].list.len().max() == 1, "no unit lies in two municipalities"
    chosen = plan.allocated.join(units.explode("municipality"), left_on="area_id", right_on="unit")
    spent = dict(chosen.group_by("municipality").agg(pl.col("cost_sek").sum()).iter_rows())
    assert all(spent.get(name, 0) >= floor * 0.999 for name, floor in FLOORS)


def test_its_report_tells_of_municipalities_of_care_centres_and_of_areas(study: Study, tmp_path: Path):
    published = rs.publish(study)
    areas, levels = published.frame("areas"), published.frame("levels")
    groups = dict(levels.group_by("level").agg("group").iter_rows())
    assert sorted(groups["municipality"]) == sorted(SHARES)
    assert len(groups["care_centre_id"]) > len(SHARES)
    html = rs.report(published, tmp_path / "county.html", language="en").read_text(encoding="utf-8")
    sheets = re.findall(r'<h3 id="title-sheet-(?:area|level)-\d+">([^:<]+): ([^<]+)</h3>', html)
    told = {kind: [name for of, name in sheets if of == kind] for kind, _ in sheets}
    assert sorted(told["Municipality"]) == sorted(SHARES)
    assert sorted(told["Care centre"]) == sorted(groups["care_centre_id"])
    assert len(told["Area"]) == areas.height > len(SHARES)
    # A sheet of an area sets it beside its municipality and the whole county.
    _, _, area = html.partition('id="sheet-area-1"')
    beside = re.search(r'<div class="strip" role="img" aria-label="([^"]*)"', area).group(1)
    assert "Municipality: " in beside
    assert NAME in beside


def test_too_few_people_are_refused():
    with pytest.raises(rs.errors.UsageError, match="nine municipalities"):
        write_county(FEWEST_IN_COUNTY - 1, 1, Path("county"))
