"""Groups wherever people live: drawn towards each other from their own outcomes, which are parts of those of areas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from area_cohorts import HORIZON, cohort_of, target_of
from fixture_municipality import AS_OF, QUICK
from riskstrat.areas import estimate_areas, inequality, recalibrate, smooth
from riskstrat.areas.pooled import pool_groups
from riskstrat.declare import Condition, LocalisedText, Settings, Subgroup
from riskstrat.disclosure import CellNoise
from riskstrat.errors import DesignError, UsageError
from riskstrat.figures import people_and_cases
from riskstrat.publication import Published, figures_of, publish
from riskstrat.publication.composition import study_tables
from riskstrat.publication.dividing import protected_groups
from riskstrat.records.areas import BETWEEN, AreaEstimates, unit_label
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.reports import page_of
from riskstrat.study import prepare

Made = tuple[AreaEstimates, pl.DataFrame, np.ndarray]


def town(seed: int = 1, ratios: dict[str, float] | None = None, n: int = 6000) -> tuple[Cohort, Target, np.ndarray]:
    """People in four areas with a trade that multiplies their risk of .15, and the trade of people now."""
    random, trades = np.random.default_rng(seed), ratios or {"baker": 1.0, "smith": 1.5, "tailor": 0.7}
    cohort, target = cohort_of(n, seed), target_of(n // 2, seed + 1)
    share = np.full(len(trades), 1 / len(trades))
    trade, now = (random.choice(list(trades), size, p=share) for size in (n, n // 2))
    event = random.random(n) < 0.15 * np.array([trades[one] for one in trade])
    people = cohort.people.with_columns(
        person_id=np.arange(n),
        trade=pl.Series(trade),
        event=pl.Series(event.astype(np.int8)),
        duration_days=pl.Series(np.where(event, 100.0, HORIZON)),
    )
    found = target.people.with_columns(person_id=np.arange(n // 2), trade=pl.Series(now))
    return replace(cohort, people=people), replace(target, people=found), np.full(n, 0.15)


def pooled(
    made: tuple[Cohort, Target, np.ndarray], noise: CellNoise | None = None, by: tuple[str, ...] = ("trade",)
) -> Made:
    cohort, target, risk = made
    recalibration = recalibrate(cohort, risk, by="area_id", noise=noise)
    then = recalibration.apply(risk, cohort.people["landmark"].to_numpy())
    now = recalibration.latest.apply(np.full(target.people.height, 0.15))
    areas = estimate_areas(cohort, then, target, now, recalibration=recalibration, noise=noise, draws=1000)
    return areas, *pool_groups(
        areas, cohort, then, target, now, by=by, recalibration=recalibration, noise=noise, seed=1
    )


@pytest.mark.parametrize("by", [("trade",), ("trade", "sex"), ("sex", "age_band")])
def test_outcomes_of_groups_are_parts_of_those_of_areas_and_cases_to_come_divide_the_total(by: tuple[str, ...]) -> None:
    for number in range(3):
        areas, table, cases = pooled(town(number), CellNoise(b"%020d" % number), by)
        assert table["cases"].sum() == areas.landmarks["cases"][0]
        np.testing.assert_allclose(cases.sum(axis=1), areas.cases_draws.sum(axis=1))


def test_a_ratio_of_its_own_is_that_of_the_gamma_model() -> None:
    cohort, target, risk = town(3, {"baker": 1.0, "smith": 1.6, "tailor": 0.6, "weaver": 1.0})
    _, table, cases = pooled((cohort, target, risk))
    people = cohort.people.filter(cohort.is_counted).with_columns(risk=0.15)
    counts = people.group_by("trade").agg(pl.col("event").cast(int).sum(), pl.col("risk").sum()).sort("trade")
    assert table["cases"].to_list() == counts["event"].to_list()
    ratio = smooth(counts["event"].to_numpy(), counts["risk"].to_numpy(), "gamma").estimate
    weighed = ratio * table["target_people"].to_numpy()
    share = (cases / cases.sum(axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(share, weighed / weighed.sum(), rtol=0.02)


def test_a_group_with_few_outcomes_is_drawn_towards_the_others() -> None:
    cohort, target, risk = town(5, {"baker": 1.0, "smith": 1.0})
    rare = pl.when(pl.int_range(pl.len()) % 60 == 0).then(pl.lit("weaver")).otherwise("trade").alias("trade")
    event = pl.when(rare == "weaver").then(1).otherwise("event").cast(pl.Int8).alias("event")
    cohort = replace(cohort, people=cohort.people.with_columns(rare, event))
    _, table, cases = pooled((cohort, replace(target, people=target.people.with_columns(rare)), risk))
    found = dict(zip(table["group"], cases.mean(axis=0) / table["target_people"], strict=True))
    assert found["baker"] < found["weaver"] < 1.0  # all of them had the outcome


def test_people_not_known_and_small_groups_are_one_more_and_a_single_group_is_none() -> None:
    cohort, target, risk = town(2)
    odd = pl.when(pl.int_range(pl.len()) < 12).then(pl.lit("king")).when(pl.int_range(pl.len()) < 60).then(None)
    gone = odd.otherwise("trade").alias("trade")
    made = (*(replace(one, people=one.people.with_columns(gone)) for one in (cohort, target)), risk)
    areas, table, cases = pooled(made, CellNoise(b"sixteen bytes or more"))
    assert table["group"].to_list() == ["baker", "other", "smith", "tailor"]
    assert table["cases"].sum() == areas.landmarks["cases"][0]
    assert table.filter(group="other")["target_people"].item() == pytest.approx(60, abs=6)
    np.testing.assert_allclose(cases.sum(axis=1), areas.cases_draws.sum(axis=1))
    alike = [replace(one, people=one.people.with_columns(trade=pl.lit("baker"))) for one in (cohort, target)]
    with pytest.raises(DesignError, match="fewer than two groups"):
        pooled((*alike, risk))


@pytest.mark.slow
def test_intervals_of_groups_hold_the_truth_from_protected_counts() -> None:
    """Six trades with ratios drawn anew: the share of those to come that a group has lies in its interval."""
    inside = []
    for seed in range(60):
        drawn = np.exp(np.random.default_rng(seed).normal(0, 0.25, 6))
        ratios = dict(zip("abcdef", drawn, strict=True))
        _, table, cases = pooled(town(seed, ratios), CellNoise(b"%020d" % seed))
        weight = np.array([ratios[group] for group in table["group"]]) * table["target_people"].to_numpy()
        lower, upper = np.quantile(cases / cases.sum(axis=1, keepdims=True), (0.05, 0.95), axis=0)
        inside.extend((lower <= weight / weight.sum()) & (weight / weight.sum() <= upper))
    assert 0.86 <= np.mean(inside) <= 0.95


@pytest.fixture(scope="module")
def published(municipality_study: Study) -> Published:
    return publish(municipality_study)


def test_every_study_sets_people_beside_cases(published: Published, municipality_study: Study) -> None:
    results = municipality_study.area_results
    found = {one.by: one for one in results.people}
    # The quintile of an area's need is told by areas (`inequality`).
    assert list(found) == [("sex", "age_band"), ("education",), ("income_quintile",), ("born_outside_europe",)]
    total = results.estimates.total
    for one in found.values():
        assert one.table["share_of_people"].sum() == pytest.approx(1)
        assert one.table["share_of_cases"].sum() == pytest.approx(1)
        assert one.table["expected_cases"].sum() == pytest.approx(total["expected_cases"].item(), rel=0.01)
        # The few of whom income is not known are not shown.
        assert 0 <= results.estimates.landmarks["cases"][0] - one.table["cases"].sum() <= 6
    assert [by for by, one in found.items() if one.inequality is not None] == [("education",), ("income_quintile",)]
    released = published.tables["people_groups"].frame
    assert (released.select("cases", "index_dates", "target_people").to_numpy() % 5 == 0).all()
    assert set(published.tables["people_inequality"].frame["by"]) == {"education", "income_quintile"}


def test_groups_of_one_column_are_those_of_the_validation_and_no_further_look(municipality_study: Study) -> None:
    check = municipality_study.checks["person"]
    outcomes = check.outcomes.together(municipality_study.noise)
    known = protected_groups(check.persons, municipality_study.noise, outcomes)
    for one in (one for one in municipality_study.area_results.people if len(one.by) == 1):
        cases = {f"{one.by[0]}={group}": count for group, count in one.table.select("group", "cases").rows()}
        assert cases == {name: known[name.replace("=other", "=unknown")].protected for name in cases}


def test_inequality_along_a_ranking_is_that_of_its_groups(municipality_study: Study) -> None:
    (one,) = (one for one in municipality_study.area_results.people if one.by == ("income_quintile",))
    table, ratio = one.table, one.inequality.filter(metric="ratio")["estimate"].item()
    known = inequality(
        table["risk"].to_numpy(), table["target_people"].to_numpy(), [1, 2, 3, 4, 5], higher_is_deprived=False
    )
    assert ratio == pytest.approx(known.filter(metric="ratio")["estimate"].item(), rel=0.02)
    assert ratio == pytest.approx(table["risk"][0] / table["risk"][-1], rel=0.06)


def test_the_report_says_the_prevention_paradox_in_words(published: Published) -> None:
    title = people_and_cases(published.tables["people_groups"], "en").title
    frame = published.tables["people_groups"].frame.filter(by="sex x age_band")
    more = frame.filter(pl.col("share_of_cases_lower") > pl.col("share_of_people"))
    people, cases = (round(100 * round(more[name].sum(), 2)) for name in ("share_of_people", "share_of_cases"))
    assert title.startswith(f"{people}% of the people are in groups")
    assert f": {cases}%. {100 - cases}% arise among the others" in title
    assert figures_of(published, "en")["people_and_cases"].title == title
    pages = {language: page_of(published, language) for language in ("sv", "en")}
    assert "Vilka grupper får flest" in pages["sv"]
    assert "Kvinnor, ålder 70–74" in pages["sv"]
    assert "Efter inkomstkvintil: risken i den lägsta femtedelen är" in pages["sv"]
    assert "arise among the others" in pages["en"]
    assert "By quintile of income: the risk in the lowest fifth is" in pages["en"]


def test_with_suppression_nothing_is_told_of_groups_of_people(municipality_study: Study) -> None:
    settings = replace(municipality_study.settings, protection="suppression")
    assert not {"people_groups", "people_inequality"} & set(
        study_tables(replace(municipality_study, settings=settings))
    )


def test_columns_that_nobody_has_are_refused_before_a_model_is_fitted(
    small_municipality: Registers, frailty: Condition
) -> None:
    settings = replace(QUICK, groups=(("sex", "care_centre_id"), ("incom_quintile",)))
    with pytest.raises(UsageError) as caught:
        prepare(frailty, small_municipality, AS_OF, settings)
    assert [problem.found for problem in caught.value.problems] == [
        "no column of people 'care_centre_id'",
        "no column of people 'incom_quintile'",
    ]
    assert "did you mean 'income_quintile'?" in str(caught.value)
    with pytest.raises(UsageError, match="names a column twice"):
        Settings(groups=(("sex", "sex"),))


def test_rankings_and_crosses_are_declared_and_read_again() -> None:
    label = LocalisedText(en="need", sv="behov")
    need = Subgroup(name="need", column="x", quantiles=5, label=label, deprived="highest")
    assert Subgroup.from_json(need.to_json()) == need
    with pytest.raises(UsageError, match="deprived"):
        Subgroup(name="need", column="x", quantiles=5, label=label, deprived="low")
    settings = Settings(groups=(("sex", "need"),))
    assert Settings.from_json(settings.to_json()) == settings
    assert settings.digest != Settings().digest


def test_no_two_crosses_have_one_label():
    values = ["a", "b", "a / b", "a/b", "a // b", "/", "/ b", "a /", " / "]
    crosses = pl.DataFrame({"one": values}).join(pl.DataFrame({"other": values}), how="cross")
    labels = crosses.select(unit_label(["one", "other"])).to_series()
    assert labels.n_unique() == crosses.height
    assert labels.str.split(BETWEEN).list.len().unique().to_list() == [2]
