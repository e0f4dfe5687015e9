"""Groups larger than areas have the areas' own draws, overlap with areas in enough people, and are released."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from area_cohorts import cohort_of, some_risk, target_of
from fixture_municipality import AS_OF, QUICK
from riskstrat.areas import estimate_areas, recalibrate
from riskstrat.areas.levels import spread_over, sum_areas
from riskstrat.declare import Condition, Level, LocalisedText
from riskstrat.declare.levels import REGISTER_LEVELS
from riskstrat.disclosure import CellNoise
from riskstrat.errors import DesignError, UsageError
from riskstrat.explanation.fold_models import ExplainedRisk
from riskstrat.explanation.groups import SUMS
from riskstrat.publication import Published, publish
from riskstrat.publication.storing import published_files, read_published
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import Target
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.reports import page_of
from riskstrat.study import StudyData, prepare
from riskstrat.study.levels import _group_of_units, _problems, estimate_levels

NOISE = CellNoise(b"sixteen bytes or more")
TITLE = LocalisedText(en="district", sv="distrikt")


def made(noise: CellNoise | None = None) -> tuple[AreaEstimates, Target, np.ndarray]:
    cohort, target = cohort_of(), target_of()
    centre = np.random.default_rng(9).choice(["x", "y", "z"], 3000, p=[0.6, 0.37, 0.03])
    target = replace(target, people=target.people.with_columns(person_id=np.arange(3000), care_centre_id=centre))
    recalibration = recalibrate(cohort, some_risk(6000), noise=noise)
    risk = recalibration.apply(some_risk(6000), cohort.people["landmark"].to_numpy())
    now = recalibration.latest.apply(some_risk(3000, 4))
    return estimate_areas(cohort, risk, target, now, recalibration=recalibration, noise=noise, draws=200), target, now


def test_whole_areas_add_up_in_every_draw() -> None:
    areas, _, _ = made(NOISE)
    found = sum_areas(areas, pl.Series(["north", "south", "north", "south"]))
    people = areas.table["target_people"].to_numpy()
    assert found.groups.to_list() == ["north", "south"]
    assert found.people.tolist() == [people[0] + people[2], people[1] + people[3]]
    np.testing.assert_allclose(found.draws.risk[:, 0] * found.people[0], areas.cases_draws[:, [0, 2]].sum(axis=1))
    assert found.counted is not None
    assert found.counted["cases"].sum() == areas.table["cases"].sum()
    # The standard is that of the areas: a group of one area is that area.
    alone = sum_areas(areas, pl.Series(["a", "rest", "rest", "rest"]))
    np.testing.assert_allclose(alone.draws.relative_risk[:, 0], areas.draws.relative_risk[:, 0])


def test_groups_of_people_some_of_whom_are_not_measured_have_no_class() -> None:
    found = sum_areas(made(NOISE)[0], pl.Series(["north", "south", "north", "south"]))
    assert found.table(has_classes=False)["class"].to_list() == [None, None]
    assert None not in found.table(has_classes=True)["class"].to_list()


def test_people_of_care_centres_add_up_to_the_areas() -> None:
    areas, target, now = made()
    found, label = spread_over(areas, target, now, "care_centre_id", noise=None)
    assert label.to_list() == target.people["care_centre_id"].to_list()
    np.testing.assert_allclose((found.draws.risk * found.people).sum(axis=1), areas.cases_draws.sum(axis=1))
    assert found.members.sum() == 3000


def test_what_an_area_and_a_care_centre_share_is_many_people() -> None:
    areas, target, now = made(NOISE)
    found, label = spread_over(areas, target, now, "care_centre_id", noise=NOISE)
    shared = target.people.with_columns(label.alias("counted_in")).group_by("area_id", "counted_in").len()
    assert shared["len"].min() >= 20
    # Where z has fewer people in an area, they are counted with another centre of the area.
    before = target.people.group_by("area_id", "care_centre_id").len().filter(pl.col("len") < 20)
    moved = target.people.filter(pl.col("care_centre_id") != label)
    assert before.height > 0
    assert set(moved["area_id"]) == set(before["area_id"])
    assert found.members[found.members > 0].min() >= 20 - NOISE.width


def test_a_unit_is_counted_where_most_of_its_residents_live(small_municipality: Registers, frailty: Condition) -> None:
    data = prepare(frailty, small_municipality, AS_OF, QUICK)
    unit, _, areas = data.partition.merged.row(0)
    residents = dict(data.areas.select("area_id", "residents").iter_rows())
    smallest = min(areas, key=lambda area: residents[area])
    groups = tuple((area, "one" if area == smallest else "other") for area in data.areas["area_id"])
    found = _group_of_units(data, Level(name="home_care", title=TITLE, areas=groups))
    assert found is not None
    assert found.filter(unit=unit)["group"].to_list() == ["other"]
    gone = Level(name="home_care", title=TITLE, areas=(*groups[2:], ("Q", "one")))
    assert [problem.found for problem in _problems(data, gone)] == [
        f"areas without a group: {groups[0][0]}, {groups[1][0]}",
        "unknown areas: Q",
    ]
    (unknown,) = _problems(data, Level(name="care_centre", title=TITLE))
    assert "care_centre_id" in unknown.expected


def test_an_area_is_in_one_group() -> None:
    with pytest.raises(UsageError, match="twice in level home_care: a"):
        Level(name="home_care", title=TITLE, areas=(("a", "one"), ("a", "two"), ("b", "two")))
    with pytest.raises(UsageError, match="single group"):
        Level(name="home_care", title=TITLE, areas=(("a", "one"), ("b", "one")))


@pytest.fixture(scope="module")
def published(municipality_study: Study) -> Published:
    return publish(municipality_study)


def test_levels_and_profiles_are_published(published: Published, municipality_study: Study) -> None:
    levels, reasons, members = (published.frame(name) for name in ("levels", "level_reasons", "level_members"))
    assert levels is not None
    assert reasons is not None
    assert members is not None
    assert set(levels["level"]) == {"care_centre_id"}
    assert "cases" not in levels.columns  # no second count of outcomes
    sums = reasons.filter(~pl.col("part").is_in(SUMS)).group_by("group").agg(pl.sum("estimate"))
    total = dict(reasons.filter(part="total").select("group", "estimate").iter_rows())
    assert all(value == pytest.approx(total[group], abs=2e-3) for group, value in sums.iter_rows())
    profile = published.frame("profile")
    assert profile is not None
    assert set(profile["level"]) == {"area_id", "care_centre_id"}
    shares = profile.filter("is_share")["mean"].drop_nulls()
    assert set(shares) <= {round(tens * 10**power, 9) for power in (-4, -3, -2, -1) for tens in range(11)}
    again = read_published(published_files(published))
    assert again.levels == published.levels == tuple(one.level for one in municipality_study.area_results.levels)


def test_with_suppression_no_sums_of_areas_are_told(municipality_study: Study) -> None:
    settings = replace(municipality_study.settings, protection="suppression")
    found = publish(replace(municipality_study, settings=settings), rs.Disclosure(protection="none"))
    assert not {"levels", "profile"} & set(found.tables)


def test_a_level_that_registers_tell_and_that_is_too_small_is_an_omission(
    municipality_steps: dict[str, object], municipality_study: Study
) -> None:
    data, results = municipality_steps["data"], municipality_study.area_results
    assert isinstance(data, StudyData)
    assert results is not None
    people = data.target.target.people
    few = pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("small")).otherwise(pl.lit("all others"))
    target = replace(data.target.target, people=people.with_columns(care_centre_id=few))
    data = replace(data, target=replace(data.target, target=target))
    risk = results.target_risk
    why = ExplainedRisk(risk=risk, baseline_risk=risk, contributions=np.zeros((len(risk), 1)), families=("all",))
    found = estimate_levels(data, results.estimates, why, [])
    assert found.levels == ()
    (omitted,) = found.omissions
    assert omitted.part == "level_care_centre_id"
    untold = replace(results, untold=found.omissions).omissions
    published = publish(replace(municipality_study, omissions=untold))
    assert "level_care_centre_id" in published.tables["omissions"].frame["part"].to_list()
    assert "färre än två grupper har tillräckligt många personer" in page_of(published, "sv")
    asked = replace(data, settings=replace(data.settings, levels=(REGISTER_LEVELS[-1],)))
    with pytest.raises(DesignError, match="fewer than two groups"):
        estimate_levels(asked, results.estimates, why, [])
