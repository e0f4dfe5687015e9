"""Metrics that are published: of two hundred persons or more, from counts with noise, on fixed grids, in few digits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.disclosure import CellNoise, Disclosure, Released, release, within
from riskstrat.disclosure.cell_keys import person_keys
from riskstrat.publication.validation import metrics, protected, validation_tables
from riskstrat.records.cohort import Cohort
from riskstrat.records.validation import Validation
from riskstrat.validation import validate

NOISE = CellNoise(b"the secret of these tests")
EXACT = Disclosure(min_count=1, rounding=1, protection="none")
NOISY = Disclosure(min_count=1, rounding=1)


def checked(
    people: int, *, first: int = 0, changed: int | None = None, thresholds: list[float] | None = None
) -> Validation:
    """Validate risks from 2 to 60 % that are right, of people of whom one may have had another outcome."""
    rng = np.random.default_rng(1)
    risk = rng.uniform(0.02, 0.6, people)
    event = (rng.uniform(size=people) < risk).astype(np.int8)
    if changed is not None:
        event[changed] = 1 - event[changed]
    frame = pl.DataFrame(
        {
            "person_id": np.arange(people) + first,
            "family_id": np.arange(people) + first,
            "sex": np.where(np.arange(people) % 4 == 0, "male", "female"),
            "assessed": [True] * people,
            "event": event,
            "duration_days": np.where(event == 1, 100.0, 365.0),
            "landmark": [0] * people,
        }
    )
    cohort = Cohort(condition="x", people=frame, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365)
    return validate(risk, cohort, by=["sex"], draws=20, thresholds=thresholds)


def shown(found: Validation, rule: Disclosure = NOISY) -> dict[str, Released]:
    noise = NOISE if rule.table_width else None
    return release(validation_tables(found, noise), rule, noise)


def noise_of(persons: np.ndarray) -> int:
    return int(NOISE.of(person_keys(persons).sum(keepdims=True))[0])


def protected_cases(found: Validation, groups: pl.Series) -> pl.Series:
    """Outcomes of groups with the noise that divides that of all."""
    counts = dict(protected(found, NOISE).persons.select("group", "protected_cases").iter_rows())
    return pl.Series([counts[group] for group in groups])


def test_groups_of_fewer_than_two_hundred_persons_have_no_metrics():
    metrics = shown(checked(700), Disclosure())["metrics"].frame
    few = metrics.filter(group="sex=male").select("estimate", "lower", "upper", "n")
    assert few.null_count().row(0) == (few.height,) * 4
    assert metrics.filter(group="sex=female")["estimate"].null_count() == 0


@pytest.mark.parametrize(("people", "is_shown"), [(190, False), (210, True)])
def test_nothing_is_measured_on_fewer_than_two_hundred_persons(people: int, *, is_shown: bool):
    tables = shown(checked(people))
    for name, column in (("metrics", "estimate"), ("calibration", "mean_predicted"), ("net_benefit", "net_benefit")):
        assert (tables[name].frame[column].null_count() < tables[name].frame.height) == is_shown


def test_two_hundred_rows_of_few_persons_are_not_enough():
    found = checked(400)
    few = replace(
        found,
        persons=found.persons.with_columns(
            persons=pl.min_horizontal("index_dates", pl.lit(90)), case_persons=pl.min_horizontal("cases", pl.lit(30))
        ),
    )
    assert shown(few)["metrics"].frame["estimate"].is_null().all()


def test_observed_over_expected_has_the_noise_of_the_observed_outcomes():
    found = checked(2_000)
    cases = found.persons.filter(group="all").row(0, named=True)
    table = validation_tables(found, NOISE)["metrics"].frame.filter(metric="observed_expected", group="all")
    noise = int(NOISE.of(within(*(np.array([cases[key]], dtype=np.uint64) for key in ("case_key", "index_key"))))[0])
    exact = found.estimate("observed_expected")
    assert table["estimate"].item() == pytest.approx(exact * (cases["cases"] + noise) / cases["cases"])


def test_calibration_is_of_outcomes_and_index_dates_with_noise():
    found = checked(2_000)
    table = validation_tables(found, NOISE)["calibration"].frame
    behind = found.persons.filter(pl.col("group").str.starts_with("risk_group")).sort(
        pl.col("group").str.extract(r"(\d+)").cast(pl.Int64)
    )
    cases = protected_cases(found, behind["group"])
    everybody = found.persons.filter(group="all")["group"]
    assert cases.sum() == protected_cases(found, everybody).item()
    n = behind["index_dates"] + pl.Series(NOISE.of(behind["index_key"].to_numpy()))
    assert table["observed"].to_list() == pytest.approx((cases / n).to_list())
    assert (table["observed"] != found.calibration["observed"]).any()
    assert (table["lower"] < table["observed"]).all()
    assert (table["upper"] > table["observed"]).all()


def test_the_gap_of_observed_over_expected_is_that_of_what_is_shown():
    found = checked(4_000)
    tables = validation_tables(found, NOISE)
    ratio = dict(tables["metrics"].frame.filter(metric="observed_expected").select("group", "estimate").iter_rows())
    row = tables["gaps"].frame.filter(metric="observed_expected").row(0, named=True)
    assert row["estimate"] == pytest.approx(ratio[row["group"]] - ratio[row["reference"]])
    exact = found.gaps.filter(metric="observed_expected").row(0, named=True)
    others = [validation_tables(found, CellNoise(b"%020d" % number))["gaps"].frame for number in range(5)]
    told = {frame.filter(metric="observed_expected").row(0, named=True)["estimate"] for frame in others}
    assert len(told) > 3
    assert row["upper"] - row["lower"] == pytest.approx(exact["upper"] - exact["lower"])


def test_whoever_comes_gives_all_groups_fresh_noise_and_not_the_own_alone():
    """Of two editions one person apart, groups whose noise stays would tell that the person is in the others."""
    before, after = (checked(people).persons.filter(pl.col("group").str.contains("^sex|^all")) for people in (800, 801))
    assert before["group"].to_list() == after["group"].to_list() == ["all", "sex=female", "sex=male"]
    for name in ("index_key", "person_key"):
        assert (before[name] != after[name]).all()
    assert (before["index_dates"] == after["index_dates"]).sum() == 1


def test_shares_reached_are_of_counts_with_noise():
    found = checked(4_000)
    table = validation_tables(found, NOISE)["capacity"].frame.filter(capacity=0.1, group="all")
    reached, everybody = (found.persons.filter(group=name).row(0, named=True) for name in ("capacity=0.1;all", "all"))

    cases, all_cases = protected_cases(found, pl.Series([reached["group"], everybody["group"]])).to_list()
    n = reached["index_dates"] + int(NOISE.of(np.array([reached["index_key"]], dtype=np.uint64))[0])
    shown = dict(table.select("metric", "estimate").iter_rows())
    assert shown["sensitivity"] == pytest.approx(cases / all_cases)
    assert shown["ppv"] == pytest.approx(cases / n)
    assert table["n"].to_list() == [reached["index_dates"]] * 4


def test_of_fewer_than_two_hundred_reached_persons_nothing_is_shown():
    frame = shown(checked(1_500), Disclosure())["capacity"].frame
    few = frame.filter(capacity=0.1)
    assert few.height
    assert few["estimate"].null_count() == few.height
    assert frame.filter(capacity=0.2, group="all")["estimate"].null_count() == 0


def test_differences_between_thresholds_do_not_give_counts():
    """What was shown before, times everybody, is a whole number at each threshold; its difference was a count."""
    found = checked(2_000, thresholds=[0.1, 0.105, 0.11])
    exact = found.net_benefit.filter(strategy="model")["true_positive_share"] * 2_000
    assert (exact - exact.round()).abs().max() < 1e-6
    noisy = validation_tables(found, NOISE)["net_benefit"].frame.filter(strategy="model")
    behind = found.persons.filter(pl.col("group").str.starts_with("threshold"))
    true = protected_cases(found, behind["group"])
    assert noisy["true_positives"].to_list() == true.to_list()
    assert (true.diff().drop_nulls() <= 0).all()
    above = behind["index_dates"] + pl.Series(NOISE.of(behind["index_key"].to_numpy()))
    assert noisy["false_positives"].to_list() == (above - true).to_list()


def test_no_more_than_eight_thresholds_are_shown():
    found = checked(2_000, thresholds=[step / 100 for step in range(50)])
    assert found.net_benefit["threshold"].n_unique() == 50
    assert shown(found)["net_benefit"].frame["threshold"].n_unique() == 8
    assert checked(2_000).net_benefit["threshold"].n_unique() == 8


def test_the_smooth_curve_stays_inside():
    assert set(shown(checked(300))) == {"metrics", "gaps", "capacity", "calibration", "net_benefit"}


def test_one_outcome_more_or_less_leaves_the_digits_of_metrics_alone_or_moves_them_by_steps_that_tell_nothing():
    """An intruder who knows all outcomes but one and refits: both guesses give the same AUC and Brier score mostly."""

    def estimates(found: Validation) -> np.ndarray:
        frame = shown(found)["metrics"].frame.filter(pl.col("metric").is_in(["auc", "brier"]), group="all")
        return frame["estimate"].to_numpy()

    exact = estimates(checked(400))
    same = [estimates(checked(400, changed=person)) == exact for person in range(0, 400, 40)]
    assert np.mean(same) > 0.5


def test_every_metric_has_noise_of_about_what_one_outcome_is_to_it():
    """AUC and Brier score are no counts, but with all else known their digits would decide one person."""
    found = checked(700)
    exact = found.table.filter(group="all")
    moved = []
    for number in range(120):
        noise = CellNoise(b"%020d" % number)
        table = metrics(protected(found, noise), noise).frame.filter(group="all")
        assert table["metric"].to_list() == exact["metric"].to_list()
        moved.append((table["estimate"] - exact["estimate"]).to_numpy())
    one = ((exact["upper"] - exact["lower"]) / 3.29).to_numpy() / np.sqrt(found.persons["cases"][0])
    ratio = np.std(moved, axis=0) / one
    # These two also follow the outcomes of their group, whose noise is that of the units.
    follows = exact["metric"].is_in(["brier", "calibration_in_the_large"]).to_numpy()
    assert ((ratio > 0.9) & (ratio < np.where(follows, 3, 2.4))).all(), ratio
    assert (np.abs(np.mean(moved, axis=0)) < 3 * 1.5 * one / 40**0.5).all()


def test_the_mean_risk_of_a_tenth_has_the_noise_of_one_person():
    found = checked(700)
    told = validation_tables(found, NOISE)["calibration"].frame["mean_predicted"]
    off = ((told / found.calibration["mean_predicted"] - 1) * found.calibration["n"]).to_numpy()
    assert (off != 0).all()
    assert np.abs(off).max() <= NOISE.width + 0.5


def test_metrics_have_few_digits():
    frame = shown(checked(2_000), Disclosure())["metrics"].frame
    digits = [
        len(f"{value:.12g}".replace("0.", "", 1).strip("-0").replace(".", ""))
        for value in frame["estimate"].drop_nulls()
    ]
    assert max(digits) <= 3


def test_work_inside_has_all_digits_of_what_was_counted():
    found = checked(2_000)
    frame = shown(found, EXACT)["metrics"].frame
    assert frame["estimate"].to_list() == found.table["estimate"].to_list()


def test_acting_on_nobody_has_a_net_benefit_of_nothing_and_is_shown():
    found = shown(checked(2_000), Disclosure())["net_benefit"].frame.filter(strategy="none")
    assert found.height > 1
    assert found["net_benefit"].to_list() == [0.0] * found.height
