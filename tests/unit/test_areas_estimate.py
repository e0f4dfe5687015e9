"""From a cohort and a target population to risks per group, worked by hand where a hand can do it."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from area_cohorts import AS_OF, FLOW, HORIZON, cohort_of, some_risk, target_of
from riskstrat.areas import estimate_areas, estimate_strata, recalibrate, smooth
from riskstrat.areas.observed_expected import observed_expected
from riskstrat.areas.smoothing import POSTERIORS, PosteriorMethod
from riskstrat.errors import UsageError
from riskstrat.publication.composition import release_record
from riskstrat.recalibration.in_the_large import ENOUGH_OUTCOMES
from riskstrat.records.areas import QUANTITIES
from riskstrat.records.cohort import Cohort


def test_observed_and_expected_agree_in_every_landmark_with_enough_outcomes():
    cohort = cohort_of(lost=0.2)
    landmark = cohort.people["landmark"].to_numpy()
    recalibration = recalibrate(cohort, some_risk(6000))
    counts = observed_expected(cohort, recalibration.apply(some_risk(6000), landmark), recalibration)
    account = recalibration.account
    assert account["first_landmark"].to_list() == account["last_landmark"].to_list() == [0, 1]
    for one in (0, 1):
        assert counts.risk[landmark == one].sum() == pytest.approx(counts.weighted_outcome[landmark == one].sum())


def test_a_second_recalibration_changes_nothing():
    cohort = cohort_of(lost=0.1)
    landmark = cohort.people["landmark"].to_numpy()
    once = recalibrate(cohort, some_risk(6000)).apply(some_risk(6000), landmark)
    twice = recalibrate(cohort, once)
    np.testing.assert_allclose(twice.account["shift"], 0, atol=1e-10)
    np.testing.assert_allclose(twice.apply(once, landmark), once, atol=1e-12)


def test_landmarks_with_few_outcomes_share_a_shift():
    cohort = cohort_of(n=2000, landmarks=6)
    table = recalibrate(cohort, some_risk(2000)).account
    assert table.height < 6
    assert table["last_landmark"][-1] == 5
    assert table["first_landmark"][0] == 0
    assert (table["weighted_cases"] >= ENOUGH_OUTCOMES).all()
    assert table["index_dates"].sum() == 2000


def test_people_who_were_not_assessed_count_neither_as_observed_nor_as_expected():
    cohort = cohort_of(assessed=0.6)
    risk = some_risk(6000)
    areas = estimate_areas(cohort, risk, target_of(), some_risk(3000))
    known = cohort.people.filter("assessed")
    by_hand = known.group_by("area_id").agg(pl.col("event").cast(pl.Int64).sum()).sort("area_id")["event"].to_list()
    assert areas.table["weighted_cases"].to_list() == by_hand
    assert areas.table["cases"].to_list() == by_hand
    assert areas.table["expected"].sum() == pytest.approx(sum(by_hand))


@pytest.mark.parametrize("lost", [0.0, 0.6])
def test_divisor_is_the_variance_of_the_weighted_count_over_its_mean(lost: float):
    """Risks of 0.2-0.4: below 1 when all are followed, because an outcome happens once; above when many are lost."""
    totals, divisors = [], []
    for seed in range(500):
        random = np.random.default_rng(seed)
        risk = np.repeat([0.2, 0.4], 100)
        time = np.where(random.random(200) < risk, random.uniform(1, HORIZON, 200), np.inf)
        end = np.where(random.random(200) < lost, random.uniform(1, HORIZON, 200), HORIZON)
        people = pl.DataFrame(
            {"event": (time <= end).astype(np.int8), "duration_days": np.minimum(time, end), "assessed": [True] * 200}
        ).with_columns(landmark=pl.lit(0, dtype=pl.Int32))
        cohort = Cohort(condition="made up", flow=FLOW, as_of=AS_OF, people=people, horizon_days=HORIZON)
        recalibration = recalibrate(cohort, risk)
        totals.append(recalibration.account["weighted_cases"].item())
        divisors.append(recalibration.divisor)
    assert np.mean(totals) == pytest.approx(60, rel=0.02)
    assert np.var(totals) / np.mean(totals) == pytest.approx(np.mean(divisors), rel=0.1)
    assert (np.mean(divisors) < 0.75) == (lost == 0)


def test_risk_is_theta_times_mean_predicted_risk_times_level():
    target, target_risk = target_of(), some_risk(3000)
    areas = estimate_areas(cohort_of(), some_risk(6000), target, target_risk, draws=50)
    now = recalibrate(cohort_of(), some_risk(6000)).latest.apply(target_risk)
    mean = [now[(target.people["area_id"] == area).to_numpy()].mean() for area in "abcd"]
    np.testing.assert_allclose(areas.draws.risk, areas.level[:, None] * areas.draws.unexplained * mean)


def test_level_varies_as_the_latest_landmark_beyond_all_landmarks():
    areas = estimate_areas(cohort_of(), some_risk(6000), target_of(), some_risk(3000), draws=20_000)
    outcomes = (areas.calibration["weighted_cases"] / areas.divisor).to_list()
    assert areas.level.mean() == pytest.approx(1, abs=0.002)
    assert areas.level.var() == pytest.approx(1 / outcomes[1] - 1 / sum(outcomes), rel=0.05)
    assert abs(np.corrcoef(areas.level, areas.draws.unexplained[:, 0])[0, 1]) < 0.03


def test_with_one_landmark_the_level_is_known_as_well_as_theta_is():
    areas = estimate_areas(cohort_of(landmarks=1), some_risk(6000), target_of(), some_risk(3000), draws=50)
    assert (areas.level == 1).all()


def test_relative_risk_of_one_draw_by_hand():
    target, target_risk = target_of(400), some_risk(400)
    areas = estimate_areas(cohort_of(), some_risk(6000), target, target_risk, draws=3)
    now = recalibrate(cohort_of(), some_risk(6000)).latest.apply(target_risk)
    theta = dict(zip(areas.groups["area_id"], areas.draws.unexplained[1], strict=True))
    people = target.people.with_columns(
        pl.Series("risk", now) * pl.col("area_id").replace_strict(theta),
        band=pl.when(pl.col("age_years") >= 90).then(90).otherwise(pl.col("age_years") // 5 * 5),
    ).with_columns(standard=pl.col("risk").mean().over("sex", "band"))
    by_hand = people.group_by("area_id").agg(pl.col("risk").sum() / pl.col("standard").sum()).sort("area_id")["risk"]
    np.testing.assert_allclose(areas.draws.relative_risk[1], by_hand)


def test_an_area_that_is_old_but_no_different_has_relative_risk_one():
    cohort = cohort_of()
    cohort = Cohort(
        condition="made up", flow=FLOW, as_of=AS_OF, horizon_days=HORIZON,
        people=cohort.people.with_columns(event=(pl.int_range(pl.len()).over("area_id") % 10 == 0).cast(pl.Int8)),
    )  # fmt: skip
    old = pl.when(area_id="a").then(90).otherwise(72).cast(pl.Int32)
    target = target_of(age_years=old)
    risk = np.where(target.people["age_years"] == 90, 0.4, 0.1)
    areas = estimate_areas(cohort, np.full(6000, 0.1), target, risk).table
    assert areas["risk"][0] > 3 * areas["risk"][1]
    np.testing.assert_allclose(areas["relative_risk"], 1, atol=0.15)
    assert set(areas["class"]) == {"uncertain"}


def test_the_high_area_is_found_and_every_number_comes_from_the_draws():
    areas = estimate_areas(cohort_of(), np.full(6000, 0.14), target_of(), np.full(3000, 0.14))
    assert areas.table["class"][0] == "clearly higher"
    assert "clearly lower" in areas.table["class"].to_list()
    for quantity in QUANTITIES:
        np.testing.assert_allclose(areas.table[quantity], areas.draws[quantity].mean(axis=0))
        np.testing.assert_allclose(areas.table[f"{quantity}_upper"], np.quantile(areas.draws[quantity], 0.95, axis=0))
    assert areas.exceedance(1.2)["probability"].to_list() == (areas.draws.relative_risk > 1.2).mean(axis=0).tolist()
    assert areas.ranks(top=1)["probability"].sum() == pytest.approx(1)
    assert areas.ranks(top=1)["probability"][0] > 0.99
    total = areas.total.row(0, named=True)
    assert total["expected_cases"] == pytest.approx((areas.table["risk"] * areas.table["target_people"]).sum())
    assert total["count_lower"] < total["lower"] < total["expected_cases"] < total["upper"] < total["count_upper"]


def test_drift_is_told_beside_the_spread_and_leaves_with_the_cases_behind_it():
    areas = estimate_areas(cohort_of(), some_risk(6000), target_of(), some_risk(3000))
    assert areas.drift is not None
    row = areas.drift.row(0, named=True)
    assert row["early_cases"] + row["late_cases"] == areas.table["cases"].sum()
    assert row["spread"] == pytest.approx(np.median(np.log(areas.draws.unexplained).std(axis=1)))
    assert row["drift_lower"] < row["drift"] < row["drift_upper"]
    assert row["drift"] < row["spread"]
    assert release_record(areas)["drift"].frame["drift"].item() == pytest.approx(row["drift"], abs=0.03)
    once = estimate_areas(cohort_of(landmarks=1), some_risk(6000), target_of(), some_risk(3000))
    assert once.drift is None
    assert "drift" not in release_record(once)


def test_people_without_a_group_are_left_out_and_counted():
    missing = pl.when(pl.int_range(pl.len()) < 7).then(None).otherwise(pl.col("area_id")).alias("area_id")
    cohort, target = cohort_of(), target_of(area_id=missing)
    areas = estimate_areas(cohort, some_risk(6000), target, some_risk(3000))
    assert areas.left_out.filter(reason="no group").select("index_dates", "target_people").row(0) == (0, 7)
    assert areas.table["target_people"].sum() == 2993


def test_a_new_area_gets_the_spread_of_the_others_and_an_empty_one_is_left_out():
    new = pl.when(area_id="d").then(pl.lit("new")).otherwise(pl.col("area_id")).alias("area_id")
    areas = estimate_areas(cohort_of(), some_risk(6000), target_of(area_id=new), some_risk(3000))
    table = areas.table.rows_by_key("area_id", named=True, unique=True)
    assert list(table) == ["a", "b", "c", "new"]
    assert table["new"]["expected"] == 0
    width = {key: row["unexplained_upper"] - row["unexplained_lower"] for key, row in table.items()}
    assert width["new"] > 2 * width["a"]
    assert areas.left_out.filter(reason="group without target people")["groups"].item() == 1


def test_several_columns_are_crossed():
    areas = estimate_areas(cohort_of(), some_risk(6000), target_of(), some_risk(3000), by=("area_id", "sex"))
    assert areas.table.height == 8
    assert areas.groups.columns == ["area_id", "sex"]
    assert areas.units().units["unit"][0] == "a / female"


def test_the_seed_decides_the_draws():
    arguments = cohort_of(), some_risk(6000), target_of(), some_risk(3000)
    same, again = (estimate_areas(*arguments, seed=4, draws=20) for _ in range(2))
    other = estimate_areas(*arguments, seed=5, draws=20)
    np.testing.assert_array_equal(same.draws.risk, again.draws.risk)
    assert (same.draws.risk != other.draws.risk).any()


def test_strata_add_up_to_their_areas_and_keep_their_draws():
    target, cohort = target_of(), cohort_of()
    recalibration = recalibrate(cohort, some_risk(6000))
    risk = recalibration.latest.apply(some_risk(3000))
    areas = estimate_areas(cohort, some_risk(6000), target, some_risk(3000), draws=40)
    strata = estimate_strata(areas, target, risk)
    assert strata.units["people"].min() >= 50
    assert strata.units["people"].sum() + strata.left_out["people"].sum() == 3000
    assert strata.left_out["people"].sum() == 0
    for number, area in enumerate("abcd"):
        inside = (strata.units["area_id"] == area).to_numpy()
        np.testing.assert_allclose(strata.cases_draws[:, inside].sum(axis=1), areas.cases_draws[:, number])


def test_strata_show_what_was_counted_in_their_whole_area():
    target = target_of()
    risk = recalibrate(cohort_of(), some_risk(6000)).latest.apply(some_risk(3000))
    areas = estimate_areas(cohort_of(), some_risk(6000), target, some_risk(3000), draws=5)
    strata = estimate_strata(areas, target, risk, by=("area_id", "sex")).units
    counted = areas.table.select("area_id", observed_cases="cases", observed_index_dates="index_dates")
    assert strata.select(counted.columns).unique().sort("area_id").equals(counted)


def test_strata_refuse_risks_other_than_those_of_the_areas():
    target = target_of()
    areas = estimate_areas(cohort_of(), some_risk(6000), target, some_risk(3000), draws=5)
    with pytest.raises(UsageError, match="do not sum to those of the groups"):
        estimate_strata(areas, target, some_risk(3000))


def test_risks_recalibrated_before_give_the_same_estimates():
    cohort, target = cohort_of(lost=0.1), target_of()
    recalibration = recalibrate(cohort, some_risk(6000))
    risk = recalibration.apply(some_risk(6000), cohort.people["landmark"].to_numpy())
    now = recalibration.latest.apply(some_risk(3000))
    before = estimate_areas(cohort, risk, target, now, recalibration=recalibration, draws=20)
    within = estimate_areas(cohort, some_risk(6000), target, some_risk(3000), draws=20)
    np.testing.assert_array_equal(before.draws.risk, within.draws.risk)
    assert before.table.equals(within.table)
    assert before.calibration.equals(within.calibration)
    with pytest.raises(UsageError, match="risks that went through the recalibration"):
        estimate_areas(cohort, some_risk(6000), target, now, recalibration=recalibration)


class Certain:
    """A posterior that is sure of the raw ratio, and of 1 where nothing was expected."""

    def __init__(self, observed: np.ndarray, expected: np.ndarray) -> None:
        self.mean = np.divide(observed, expected, out=np.ones_like(expected), where=expected > 0)

    def draw(self, draws: int, seed: int) -> np.ndarray:
        return np.random.default_rng(seed).normal(self.mean, 0.0, (draws, len(self.mean)))

    def exceedance(self, threshold: float) -> np.ndarray:
        return (self.mean > threshold).astype(float)

    def left_out(self, highest: np.ndarray, further: int) -> np.ndarray:
        return np.full((further + 1, len(highest)), 0.5)


def test_a_posterior_of_another_class_passes_through(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(
        POSTERIORS, "certain", PosteriorMethod(fit=lambda observed, expected, *_: Certain(observed, expected))
    )
    new = pl.when(area_id="d").then(pl.lit("new")).otherwise(pl.col("area_id")).alias("area_id")
    areas = estimate_areas(
        cohort_of(), some_risk(6000), target_of(area_id=new), some_risk(3000), smoothing="certain", draws=4
    )
    assert areas.smoothing == "certain"
    raw = (areas.table["weighted_cases"] / areas.table["expected"]).to_list()[:3]
    np.testing.assert_allclose(areas.draws.unexplained, np.tile([*raw, 1.0], (4, 1)))
    smoothed = smooth([8.0, 12.0], [10.0, 10.0], "certain")
    assert smoothed.estimate.tolist() == [0.8, 1.2]
    assert smoothed.draws(3).shape == (3, 2)
    assert smoothed.exceedance(1.0).tolist() == [0, 1]


def test_only_a_method_whose_intervals_hold_carries_areas():
    with pytest.raises(UsageError, match="no smoothing method 'gamma_plugin'"):
        estimate_areas(cohort_of(), some_risk(6000), target_of(), some_risk(3000), smoothing="gamma_plugin")


def test_small_strata_are_joined_within_their_area_or_left_out():
    target = target_of(600)
    risk = recalibrate(cohort_of(), some_risk(6000)).latest.apply(some_risk(600))
    areas = estimate_areas(cohort_of(), some_risk(6000), target, some_risk(600), draws=5)
    strata = estimate_strata(areas, target, risk, by=("area_id", "age_years"), min_people=80)
    assert set(strata.units["age_years"]) == {"other"}
    left = strata.left_out.filter(pl.col("units") > 0)
    assert left["people"].item() == 600 - strata.units["people"].sum()


def test_whole_areas_as_units():
    areas = estimate_areas(cohort_of(), some_risk(6000), target_of(), some_risk(3000), draws=10)
    units = areas.units()
    assert units.units.columns == [
        "unit",
        "area_id",
        "people",
        "observed_cases",
        "observed_index_dates",
        "observed_case_persons",
    ]
    assert units.units["observed_cases"].to_list() == areas.table["cases"].to_list()
    np.testing.assert_allclose(units.cases_draws, areas.draws.risk * units.units["people"].to_numpy())


def test_draws_of_a_risk_stay_within_zero_and_one_in_a_small_town_of_high_risk():
    cohort, target = cohort_of(80, landmarks=1), target_of(80)
    high = np.where(target.people["area_id"] == "d", 0.9, 0.5)
    areas = estimate_areas(cohort, np.full(80, 0.12), target, high)
    mean = areas.table.select("area_id", "target_people")
    risk, theta = areas.draws.risk, areas.draws.unexplained
    assert risk.max() == 1
    assert risk.min() >= 0
    assert (areas.cases_draws <= mean["target_people"].to_numpy() * (1 + 1e-12)).all()
    assert areas.table["risk_upper"].max() <= 1
    assert areas.total["count_upper"].item() <= 80
    # The same draws of theta that were possible are as they were, so that risk = level x theta x mean risk still.
    assert np.isfinite(theta).all()
    strata = estimate_strata(areas, target, high_recalibrated(cohort, high), by=("area_id", "sex"), min_people=1)
    assert (strata.cases_draws <= strata.units["people"].to_numpy()).all()


def high_recalibrated(cohort: Cohort, risk: np.ndarray) -> np.ndarray:
    return recalibrate(cohort, np.full(cohort.people.height, 0.12)).latest.apply(risk)


def test_those_not_measured_may_change_a_class_which_is_then_uncertain():
    cohort = cohort_of(assessed=0.9)
    # In c and d hardly anybody was measured; a has twice the risk of the others, and most there were.
    hidden = pl.col("area_id").is_in(["c", "d"]) & (pl.int_range(pl.len()) % 10 < 8)
    people = cohort.people.with_columns(
        assessed=pl.col("assessed") & ~hidden, event=pl.when(hidden).then(0).otherwise("event").cast(pl.Int8)
    )
    areas = estimate_areas(
        replace(cohort, people=people), np.full(6000, 0.12), target_of(), np.full(3000, 0.12), draws=500
    )
    unmeasured = areas.unmeasured
    assert unmeasured is not None
    share = people.group_by("area_id").agg(pl.col("assessed").mean()).sort("area_id")["assessed"]
    assert unmeasured["measured_share"].to_list() == pytest.approx(share.to_list())
    np.testing.assert_allclose(unmeasured["risk_same_odds"], areas.table["risk"])
    risk = areas.draws.risk
    for name, odds in (("half", 0.5), ("double", 2.0)):
        other = odds * risk / (1 - risk) / (1 + odds * risk / (1 - risk))
        by_hand = (share.to_numpy() * risk + (1 - share.to_numpy()) * other).mean(axis=0)
        np.testing.assert_allclose(unmeasured[f"risk_{name}_odds"], by_hand)
    classes = unmeasured.select("class_half_odds", "class_same_odds", "class_double_odds").rows()
    expected = [one[0] if len(set(one)) == 1 else "uncertain" for one in classes]
    assert areas.table["class"].to_list() == expected
    assert len(set(classes[3])) > 1
    assert expected[0] == "clearly higher"
    released = release_record(areas)["unmeasured"].frame
    assert "measured" not in released.columns
    assert released["measured_share"].to_list() == pytest.approx(share.round(2).to_list())
    assert released["class_double_odds"].to_list() == unmeasured["class_double_odds"].to_list()


def test_where_everybody_is_measured_nothing_is_tried():
    areas = estimate_areas(cohort_of(), np.full(6000, 0.12), target_of(), np.full(3000, 0.12), draws=100)
    assert areas.unmeasured is None
