from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import UsageError
from riskstrat.incidence import counting_weights
from riskstrat.numerics.logistic import logistic_recalibration
from riskstrat.records.cohort import Cohort
from riskstrat.records.validation import METRIC_SCHEMA
from riskstrat.validation import auc, brier, censoring_weights, prediction_accuracy, resampling, validate
from riskstrat.validation.assessed import assessed_rows
from riskstrat.validation.calibration import SmoothCurve, distances, in_the_large
from riskstrat.validation.discrimination import concordance_pairs
from riskstrat.validation.grouping import group_labels, grouping
from riskstrat.validation.horizon_labels import HorizonLabels, label_outcomes
from riskstrat.validation.resampling import FamilyDraws, interval


def simulated(seed: int = 0, n: int = 1500) -> tuple[Cohort, np.ndarray]:
    random = np.random.default_rng(seed)
    logit = random.normal(-1.2, 1, n)
    risk = 1 / (1 + np.exp(-logit))
    event = np.where(random.random(n) < risk, 1, np.where(random.random(n) < 0.1, 2, 0))
    time = np.where(event == 0, 731, random.integers(1, 732, n))
    lost = random.integers(1, 4000, n)
    people = pl.DataFrame(
        {
            "person_id": np.arange(n),
            "family_id": np.arange(n) // 2,
            "sex": random.choice(["female", "male"], n),
            "age_years": random.integers(70, 99, n),
            "area_id": random.choice([*"abc", None], n),
            "landmark": random.integers(0, 2, n),
            "assessed": np.ones(n, dtype=bool),
            "event": np.where(lost < time, 0, event).astype(np.int8),
            "duration_days": np.minimum(time, lost).astype(float),
        }
    )
    return cohort_of(people), risk


def cohort_of(people: pl.DataFrame) -> Cohort:
    return Cohort(condition="test", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=731)


def slope(labels: HorizonLabels) -> float:
    return logistic_recalibration(labels.logit, labels.outcome, labels.weight).slope


def test_persons_behind_a_number_are_counted_once_and_index_dates_as_often_as_they_are() -> None:
    cohort, risk = simulated()
    twice = cohort_of(cohort.people.with_columns(person_id=pl.col("person_id") // 2))
    checked = validate(risk, twice, by=["sex", "area_id"], draws=2)
    shown = checked.persons.select("group", "index_dates", "persons")
    assert shown.schema == {"group": pl.String(), "index_dates": pl.Int64(), "persons": pl.Int64()}
    counts = {group: (dates, persons) for group, dates, persons in shown.iter_rows()}
    assert counts["all"] == (1500, 750)
    table = checked.table.filter(pl.col("metric") == "observed_expected")
    assert {group: counts[group][0] for group in table["group"]} == dict(table.select("group", "n").iter_rows())
    tenths = [counts[f"risk_group={number}"][0] for number in checked.calibration["risk_group"]]
    assert tenths == checked.calibration["n"].to_list()
    men = twice.people.filter(pl.col("sex") == "male")["person_id"]
    assert counts["sex=male"] == (len(men), men.n_unique())
    assert all(persons <= dates <= 2 * persons for dates, persons in counts.values())


def test_the_table_holds_what_the_single_functions_say() -> None:
    cohort, risk = simulated()
    checked = validate(risk, cohort, by=["sex"], draws=5)
    landmark, by_sex = cohort.people["landmark"], cohort.people.select("sex", "landmark")
    weights = {
        "all": censoring_weights(cohort.outcome, 731, landmark, truncate=1),
        "sex=female": counting_weights(cohort.outcome, 731, [landmark, cohort.people["sex"], by_sex]),
    }
    for group, weight in weights.items():
        rows = np.ones(len(risk), dtype=bool) if group == "all" else (cohort.people["sex"] == "female").to_numpy()
        y, own, mass = cohort.outcome[rows], risk[rows], weight[rows]
        known = label_outcomes(y, own, 731, mass)
        assert checked.estimate("auc", group) == pytest.approx(auc(y, own, 731, mass))
        assert checked.estimate("brier", group) == pytest.approx(brier(y, own, 731, mass))
        assert checked.estimate("ipa", group) == pytest.approx(prediction_accuracy(y, own, 731, mass))
        assert checked.estimate("calibration_slope", group) == pytest.approx(slope(known))
        assert checked.estimate("calibration_in_the_large", group) == pytest.approx(in_the_large(known))
        observed = np.average(known.outcome, weights=mass)
        assert checked.estimate("observed_expected", group) == pytest.approx(observed / own.mean())
    assert checked.table.schema == dict(METRIC_SCHEMA)
    assert checked.table.filter(group="sex=female")["n"].unique().to_list() == [
        (cohort.people["sex"] == "female").sum()
    ]


def test_a_draw_of_ratios_is_the_metric_of_the_rows_drawn() -> None:
    cohort, risk = simulated(1)
    data = assessed_rows(cohort, risk, None, None)
    draws = FamilyDraws.of(data.people, 1, seed=3)
    weight = counting_weights(data.outcome, 731, [data.people["landmark"], data.people.select("sex", "landmark")])
    drawn = np.repeat(np.arange(len(risk)), draws.counts[0].astype(int)[draws.block])
    for group in grouping(data, "sex", draws, {}).groups:
        rows = drawn[(cohort.people["sex"] == group.name.removeprefix("sex=")).to_numpy()[drawn]]
        y, own, mass = cohort.outcome[rows], risk[rows], weight[rows]
        exact = [brier(y, own, 731, mass), prediction_accuracy(y, own, 731, mass)]
        np.testing.assert_allclose([group.metrics[name][1][0] for name in ("brier", "ipa")], exact, rtol=1e-10)


def test_influences_give_the_standard_errors_of_full_refits() -> None:
    cohort, risk = simulated(1)
    data = assessed_rows(cohort, risk, None, None)
    draws = FamilyDraws.of(data.people, 150, seed=0)
    (everybody,) = grouping(data, "all", draws, {}).groups
    refitted: dict[str, list[float]] = {}
    for counts in draws.counts[:, draws.block]:
        drawn = np.repeat(np.arange(len(risk)), counts.astype(int))
        mass, own = data.labels.weight[drawn], data.labels.select(drawn)
        found = {
            "auc": auc(data.outcome[drawn], risk[drawn], 731, mass),
            "concordance": concordance_pairs(data.outcome[drawn], risk[drawn], 731, mass).share,
            "calibration_slope": slope(own),
            "calibration_in_the_large": in_the_large(own),
            "ici": distances(SmoothCurve.fit(own).observed(own.risk), own.risk, np.ones(len(drawn)))["ici"],
        }
        for name, value in found.items():
            refitted.setdefault(name, []).append(value)
    for name, values in refitted.items():
        limit = 0.2 if name == "ici" else 0.05
        assert np.std(everybody.metrics[name][1]) / np.std(values) == pytest.approx(1.0, abs=limit), name


def test_blocks_of_families_give_the_intervals_of_families(monkeypatch: pytest.MonkeyPatch) -> None:
    cohort, risk = simulated(2)
    each = validate(risk, cohort, draws=1000).table
    monkeypatch.setattr(resampling, "MOST_BLOCKS", 300)
    blocks = validate(risk, cohort, draws=1000).table
    np.testing.assert_allclose(blocks["estimate"], each["estimate"], rtol=1e-9)
    width = (blocks["upper"] - blocks["lower"]) / (each["upper"] - each["lower"])
    assert width.is_between(0.85, 1.15).all()


def test_draws_are_the_same_however_many_are_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    people = simulated(n=60)[0].people
    at_once = FamilyDraws.of(people, 7, seed=3)
    monkeypatch.setattr(resampling, "CACHED_CELLS", 1)
    one_by_one = FamilyDraws.of(people, 7, seed=3)
    assert (one_by_one.counts == at_once.counts).all()
    assert (at_once.counts.sum(axis=1) == 30).all()


def test_gains_are_paired_differences() -> None:
    cohort, risk = simulated(2)
    noisy = np.clip(risk + np.random.default_rng(0).normal(0, 0.2, len(risk)), 0.01, 0.99)
    checked, other = validate(risk, cohort, baseline=noisy, draws=50), validate(noisy, cohort, draws=50)
    for metric in ("auc", "ipa"):
        difference = checked.estimate(metric) - other.estimate(metric)
        assert checked.estimate(f"{metric}_gain") == pytest.approx(difference)
    gain = checked.table.filter(metric="auc_gain").row(0, named=True)
    both = [t.filter(metric="auc").row(0, named=True) for t in (checked.table, other.table)]
    unpaired = np.hypot(*[row["upper"] - row["lower"] for row in both])
    assert gain["upper"] - gain["lower"] < unpaired
    assert gain["lower"] > 0
    assert "auc_gain" not in other.table["metric"].to_list()


def test_drawing_families_widens_intervals_where_families_agree() -> None:
    cohort, risk = simulated(3, 800)
    twice = pl.concat([cohort.people, cohort.people.with_columns(person_id=pl.col("person_id") + 10_000)])
    alone = twice.with_columns(family_id=pl.col("person_id"))
    both = np.tile(risk, 2)
    widths = []
    for people in (twice, alone):
        row = validate(both, cohort_of(people), draws=200).table.filter(metric="auc").row(0, named=True)
        widths.append(row["upper"] - row["lower"])
    assert widths[0] > 1.2 * widths[1]


def test_few_outcomes_are_said_and_not_shown() -> None:
    cohort, risk = simulated(4)
    event = cohort.people["event"].to_numpy().copy()
    outcomes = np.flatnonzero(event == 1)
    area = np.full(len(risk), "many", dtype=object)
    area[outcomes[:7]], area[outcomes[7:10]] = "seven", "three"
    plain = np.flatnonzero((event == 0) & (cohort.people["duration_days"] == 731).to_numpy())
    area[plain[:100]], area[plain[100:200]] = "seven", "three"
    people = cohort.people.with_columns(area_id=pl.Series(area.tolist()))
    checked = validate(risk, cohort_of(people), by=["area_id"], draws=20)
    shown = checked.table.group_by("group").agg("metric").sort("group")
    assert shown["group"].to_list() == ["all", "area_id=many", "area_id=seven"]
    assert shown.filter(group="area_id=seven")["metric"].to_list() == [["observed_expected"]]
    assert checked.notes == (
        (
            "area_id: of 3 groups, 1 with fewer than 5 outcomes are left out and 1 with fewer than 10 have "
            "observed/expected only."
        ),
    )


def test_only_the_assessed_count_with_the_weights_given() -> None:
    random = np.random.default_rng(5)
    n = 4000
    x = random.integers(0, 2, n)
    risk = np.where(x == 1, 0.4, 0.1)
    measured_share = np.where(x == 1, 0.9, 0.3)
    assessed = random.random(n) < measured_share
    event = np.where(assessed, random.random(n) < risk, 0).astype(np.int8)
    people = pl.DataFrame(
        {"person_id": np.arange(n), "assessed": assessed, "event": event, "duration_days": np.full(n, 731.0)}
    )
    cohort = cohort_of(people)
    whole = validate(risk, cohort, sample_weight=np.where(assessed, 1 / measured_share, 0), draws=20)
    assert whole.table["n"][0] == assessed.sum()
    assert whole.calibration["n"].sum() == assessed.sum()
    level = whole.net_benefit.filter(strategy="all", threshold=0.0)["true_positive_share"][0]
    assert level == pytest.approx(risk.mean(), abs=0.03)
    only_measured = validate(risk, cohort, draws=20)
    assert only_measured.net_benefit.filter(strategy="all", threshold=0.0)["true_positive_share"][0] > level + 0.02
    assert any("No weights of assessment" in note for note in only_measured.notes)


def test_the_record_tells_a_missing_metric() -> None:
    cohort, risk = simulated(6)
    with pytest.raises(UsageError, match="no auc for sex=female"):
        validate(risk, cohort, draws=2).estimate("auc", "sex=female")


def test_labels_of_groups() -> None:
    people = pl.DataFrame({"age_years": [9, 10, 45], "area_id": ["a", None, "b"], "quintile": [1, 2, 3]})
    assert group_labels(people, "age_band").to_list() == ["age_band=0-9", "age_band=10-19", "age_band=40-49"]
    assert group_labels(people, "area_id").to_list() == ["area_id=a", "area_id=unknown", "area_id=b"]
    assert group_labels(people, "quintile").to_list() == ["quintile=1", "quintile=2", "quintile=3"]


def test_an_interval_is_z_standard_deviations_and_skips_undefined_draws() -> None:
    lower, upper = interval(np.array([1.0]), np.array([[0.0], [2.0], [np.nan], [4.0]]), 0.95)
    assert (upper - lower)[0] / 2 == pytest.approx(1.959963984540054 * 2.0)


def test_a_constant_risk_has_no_slope_and_the_table_says_null() -> None:
    cohort, risk = simulated(7)
    table = validate(np.full(len(risk), 0.2), cohort, draws=10).table
    assert table.filter(metric="calibration_slope")["estimate"].to_list() == [None]
    assert table.filter(metric="auc")["estimate"].to_list() == [0.5]


def test_a_group_that_many_leave_is_not_called_healthier() -> None:
    """Equal risks of 0.3; three in four leave one group, one in four the other, at any time before the horizon."""
    random, n = np.random.default_rng(5), 20_000
    area = np.where(np.arange(n) % 2 == 0, "many leave", "few leave")
    event = np.where(random.random(n) < 0.3, random.integers(1, 732, n), 10_000)
    leaves = random.random(n) < np.where(area == "many leave", 0.75, 0.25)
    end = np.where(leaves, random.integers(1, 731, n), 731)
    people = pl.DataFrame(
        {
            "person_id": np.arange(n),
            "family_id": np.arange(n),
            "area_id": area,
            "landmark": np.zeros(n, dtype=int),
            "assessed": np.ones(n, dtype=bool),
            "event": (event <= end).astype(np.int8),
            "duration_days": np.minimum(event, end).astype(float),
        }
    )
    checked = validate(np.full(n, 0.3), cohort_of(people), by=["area_id"], draws=2)
    for group in ("area_id=many leave", "area_id=few leave"):
        assert checked.estimate("observed_expected", group) == pytest.approx(1, abs=0.05)
