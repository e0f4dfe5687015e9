"""Area results from protected counts: what noise changes, what it leaves alone, and what may be shown of it."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.areas import estimate_areas, estimate_groups, estimate_strata, recalibrate
from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import UsageError
from riskstrat.explanation import ExplainedRisk
from riskstrat.explanation.fold_models import decompose_areas
from riskstrat.explanation.groups import SUMS
from riskstrat.publication.composition import release_record
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.explanation import Explanation

NOISE = CellNoise(b"a secret of the tests")
COUNTS = ("index_dates", "persons", "cases", "case_persons", "target_people")


def world(n: int = 2000, seed: int = 1) -> tuple[Cohort, np.ndarray, Target, np.ndarray]:
    random, now = np.random.default_rng(seed), n // 2
    people = pl.DataFrame(
        {
            "person_id": np.arange(n + now),
            "area_id": random.choice(["a", "b", "c", "d"], n + now, p=[0.4, 0.3, 0.2, 0.1]),
            "sex": random.choice(["female", "male"], n + now),
            "age_years": random.integers(70, 95, n + now).astype(np.int32),
        }
    )
    outcomes = {
        "event": (random.random(n) < np.where(people["area_id"][:n] == "a", 0.2, 0.1)).astype(np.int8),
        "duration_days": np.full(n, 730.0),
        "assessed": np.full(n, fill_value=True),
        "landmark": random.integers(0, 2, n).astype(np.int32),
    }
    shared = {"condition": "made up", "flow": pl.DataFrame(), "as_of": date(2024, 1, 1)}
    then = people[:n].with_columns(**{name: pl.Series(values) for name, values in outcomes.items()})
    risk = random.uniform(0.05, 0.25, n + now)
    return Cohort(people=then, horizon_days=730, **shared), risk[:n], Target(people=people[n:], **shared), risk[n:]


def estimated(made: tuple[Cohort, np.ndarray, Target, np.ndarray], noise: CellNoise | None = NOISE) -> AreaEstimates:
    return estimate_areas(*made, noise=noise, draws=200)


def test_every_count_carries_noise_of_at_most_its_width():
    exact, protected = estimated(world(), None), estimated(world())
    gaps = np.concatenate([(protected.table[name] - exact.table[name]).to_numpy() for name in COUNTS])
    assert np.abs(gaps).max() <= NOISE.width
    assert len(np.unique(gaps)) >= 3
    assert protected.protected
    assert not exact.protected
    np.testing.assert_allclose(protected.draws.risk.mean(axis=0), exact.draws.risk.mean(axis=0), rtol=0.2)


def test_noise_of_no_width_is_none():
    exact, none = estimated(world(), None), estimated(world(), CellNoise(b"a secret of the tests", width=0))
    np.testing.assert_array_equal(exact.draws.risk, none.draws.risk)
    assert exact.table.equals(none.table)
    assert not none.protected


def test_the_order_of_rows_changes_nothing():
    cohort, risk, target, target_risk = world()
    order = np.random.default_rng(3).permutation(len(risk))
    shuffled = replace(cohort, people=cohort.people[order])
    first, second = (
        estimated((cohort, risk, target, target_risk)),
        estimated((shuffled, risk[order], target, target_risk)),
    )
    assert first.table.select("area_id", *COUNTS).equals(second.table.select("area_id", *COUNTS))
    np.testing.assert_allclose(first.table["expected"], second.table["expected"], rtol=1e-9)


def test_one_person_more_changes_the_counts_of_the_own_area_only():
    made = world()
    target = made[2].people
    area = target["area_id"][0]
    fewer = (made[0], made[1], replace(made[2], people=target[1:]), made[3][1:])
    here, there = estimated(made).table, estimated(fewer).table
    same = (here["target_people"] == there["target_people"]).to_numpy() | (here["area_id"] == area).to_numpy()
    assert same.all()
    assert here.select(COUNTS[:4]).equals(there.select(COUNTS[:4]))


def test_periods_meet_protected_outcomes():
    cohort, risk, *_ = world()
    exact, protected = (recalibrate(cohort, risk, noise=noise) for noise in (None, NOISE))
    gap = (protected.account["weighted_cases"] - exact.account["weighted_cases"]).to_numpy()
    assert np.abs(gap).max() <= NOISE.width
    moved = protected.apply(risk, cohort.people["landmark"].to_numpy()).sum()
    assert moved == pytest.approx(protected.account["weighted_cases"].sum(), rel=1e-6)
    assert (gap != 0).any()


def test_strata_and_groups_need_the_noise_of_their_areas():
    cohort, risk, target, target_risk = world()
    recalibration = recalibrate(cohort, risk, noise=NOISE)
    now = recalibration.latest.apply(target_risk)
    then = recalibration.apply(risk, cohort.people["landmark"].to_numpy())
    areas = estimate_areas(cohort, then, target, now, recalibration=recalibration, noise=NOISE, draws=50)
    strata = estimate_strata(areas, target, now, by=("area_id", "sex"), min_people=20, noise=NOISE)
    groups = estimate_groups(areas, target, now, by="sex", noise=NOISE)
    exact = target.people.group_by("area_id", "sex").len().sort("area_id", "sex")["len"]
    assert strata.protected
    assert groups.protected
    assert 0 < np.abs((strata.units["people"] - exact).to_numpy()).max() <= NOISE.width
    np.testing.assert_allclose(strata.cases_draws.sum(axis=1), areas.cases_draws.sum(axis=1), rtol=0.1)
    for estimate in (estimate_strata, estimate_groups):
        with pytest.raises(UsageError, match="give the noise"):
            estimate(areas, target, now, by=("area_id", "sex"))


def test_reasons_add_up_to_the_protected_difference():
    cohort, risk, target, target_risk = world()
    areas = estimated((cohort, risk, target, target_risk))
    recalibrated = recalibrate(cohort, risk, noise=NOISE).latest.apply(target_risk)
    parts = np.random.default_rng(2).normal(0, 0.02, (len(target_risk), 2))
    parts[:, 1] = recalibrated - 0.1 - parts[:, 0]
    why = ExplainedRisk(
        risk=recalibrated, baseline_risk=np.full(len(parts), 0.1), contributions=parts, families=("age_sex", "area")
    )
    found = decompose_areas(areas, target.people["area_id"], why, ProtectedRows.of(target.people, NOISE))
    people = areas.table["target_people"].to_numpy()
    difference = areas.draws.risk.mean(axis=0) - areas.cases_draws.sum(axis=1).mean() / people.sum()
    found, sums = found.filter(~pl.col("part").is_in(SUMS)), found.filter(part="total")
    np.testing.assert_allclose(sums["estimate"], difference)
    np.testing.assert_allclose(
        found.group_by("group", maintain_order=True).agg(pl.col("estimate").sum())["estimate"], difference
    )
    exact = decompose_areas(areas, target.people["area_id"], why).filter(~pl.col("part").is_in(SUMS))
    assert np.abs(found["estimate"].to_numpy() - exact["estimate"].to_numpy()).max() > 1e-6


def test_the_mean_of_a_feature_does_not_tell_how_many_have_it():
    people = pl.DataFrame({"person_id": np.arange(400), "area_id": np.repeat(["a", "b"], 200)})
    has = np.arange(400) % 10 < 4
    why = Explanation(values=has[:, None] * 1.0, baseline=0.0, features=("x",), families=("f",), link="logit")
    exact = why.by_group(people["area_id"])["mean_difference"].to_numpy()
    told = [
        why.by_group(people["area_id"], ProtectedRows.of(people, CellNoise(b"%020d" % one)))["mean_difference"][0]
        for one in range(60)
    ]
    off = (np.array(told) - exact[0]) * 200
    assert len(np.unique(off.round())) >= 5
    assert abs(off.mean()) < 1


def test_smoothed_values_of_small_areas_are_shown_and_their_counts_are_not():
    cohort, risk, target, target_risk = world(400)
    area = pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("small")).otherwise("area_id").alias("area_id")
    few = replace(
        cohort, people=cohort.people.with_columns(area, event=pl.col("event") * (pl.int_range(pl.len()) % 10 > 0))
    )
    made = (few, risk, replace(target, people=target.people.with_columns(area)), target_risk)
    shown = release_record(estimated(made))["areas"].frame.filter(area_id="small")
    assert shown["cases"].item() is None
    assert shown["relative_risk"].item() is not None
    assert shown["class"].item() is not None


def in_groups(made: tuple[Cohort, np.ndarray, Target, np.ndarray], then: pl.Expr, now: pl.Expr) -> AreaEstimates:
    """Estimate with other groups in the past and of today, by number of the row."""
    cohort, risk, target, target_risk = made
    cohort = replace(cohort, people=cohort.people.with_columns(area_id=then))
    return estimated((cohort, risk, replace(target, people=target.people.with_columns(area_id=now)), target_risk))


ROW = pl.int_range(pl.len())


def test_a_group_in_which_nobody_was_followed_looks_like_one_with_few():
    """Otherwise E = 0 would say that nobody of the group was there, whatever noise there is elsewhere."""
    shown = []
    for few in range(4):
        then = pl.when(few > ROW).then(pl.lit("few")).otherwise(pl.lit("many"))
        table = in_groups(world(), then, pl.when(ROW < 40).then(pl.lit("few")).otherwise(pl.lit("many"))).table
        shown.append(table.filter(area_id="few").row(0, named=True))
    rows = ProtectedRows.of(pl.DataFrame({"person_id": np.arange(3)}), NOISE)
    nobody = rows.count(np.array([0, 1, 2]) + 400, 403)[:400]
    assert 0 < (nobody > 0).mean() < 0.6
    assert nobody.max() <= NOISE.width
    for one in shown:
        assert one["cases"] <= 3 + NOISE.width
        assert one["expected"] <= (3 + NOISE.width) * 0.5
        assert one["unexplained_upper"] - one["unexplained_lower"] > 0


@pytest.mark.parametrize(("people", "is_described"), [(1, False), (7, False), (20, True)])
def test_groups_that_must_be_too_small_are_left_out_and_those_that_may_be_large_enough_are_not(
    people: int, *, is_described: bool
):
    group = pl.when(people > ROW).then(pl.lit("few")).otherwise(pl.lit("many"))
    areas = in_groups(world(), group, group)
    assert ("few" in areas.table["area_id"]) == is_described
    assert areas.left_out["groups"].to_list() == [0, int(not is_described)]


def test_a_group_of_the_whole_municipality_that_is_too_small_is_left_out():
    cohort, risk, target, target_risk = world()
    now = recalibrate(cohort, risk, noise=NOISE).latest.apply(target_risk)
    target = replace(
        target, people=target.people.with_columns(sex=pl.when(ROW < 3).then(pl.lit("x")).otherwise(pl.lit("y")))
    )
    areas = estimated((cohort, risk, target, target_risk))
    groups = estimate_groups(areas, target, now, by="sex", noise=NOISE)
    assert groups.units["unit"].to_list() == ["y"]
    assert groups.left_out["units"].sum() == 1
    assert groups.cases_draws.shape[1] == 1


def test_results_by_two_geographies_are_refused_where_counts_are_protected():
    cohort, risk, target, target_risk = world()
    centre = (ROW % 2).cast(pl.String).alias("care_centre_id")
    cohort, target = (replace(each, people=each.people.with_columns(centre)) for each in (cohort, target))
    now = recalibrate(cohort, risk, noise=NOISE).latest.apply(target_risk)
    areas, exact = estimated((cohort, risk, target, target_risk)), estimated((cohort, risk, target, target_risk), None)
    both = ("area_id", "care_centre_id")
    with pytest.raises(UsageError, match=r"area_id and care_centre_id, which overlap.*areas.intersections"):
        estimate_areas(cohort, risk, target, target_risk, by=both, noise=NOISE)
    with pytest.raises(UsageError, match="which overlap"):
        estimate_strata(areas, target, now, by=both, noise=NOISE)
    with pytest.raises(UsageError, match="which overlap"):
        estimate_groups(areas, target, now, by="care_centre_id", noise=NOISE)
    assert estimate_areas(cohort, risk, target, target_risk, by="care_centre_id", noise=NOISE).table.height == 2
    level = recalibrate(cohort, risk).latest.apply(target_risk)
    assert estimate_groups(exact, target, level, by="care_centre_id").units.height == 2


@pytest.mark.slow
def test_intervals_hold_the_truth_with_noise():
    random = np.random.default_rng(1)
    for cases, low in ((5, 0.84), (12, 0.84), (50, 0.84)):
        held = []
        for seed in range(25):
            theta = np.exp(0.25 * random.standard_normal(51))
            expected = np.full(51, float(cases))
            held.append(_covered(random, theta, expected, seed))
        assert low - 0.02 <= np.mean(held) <= 0.95, cases


def _covered(random: np.random.Generator, theta: np.ndarray, expected: np.ndarray, seed: int) -> float:
    from riskstrat.areas import CountNoise, smooth

    noise = CountNoise(probability=NOISE.probability, rows=np.full(51, 10_000.0))
    seen = noise.protect(random.poisson(theta * expected), random.integers(-2, 3, 51))
    draws = smooth(seen, expected, noise=noise, seed=seed).draws(1000)
    lower, upper = np.quantile(draws, (0.05, 0.95), axis=0)
    return float(np.mean((lower <= theta) & (theta <= upper)))
