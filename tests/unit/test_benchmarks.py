"""Published scores beside the model: on the people who have one, only by order, or with the reason why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat import conditions
from riskstrat.codes import score2
from riskstrat.cohort import build_cohort
from riskstrat.declare import Condition, Latest
from riskstrat.disclosure import PRESETS, Disclosure, release
from riskstrat.errors import UsageError
from riskstrat.features import build_features
from riskstrat.publication.validation import validation_tables
from riskstrat.records.cohort import Cohort
from riskstrat.records.validation import Validation
from riskstrat.registers import Registers
from riskstrat.study.comparators import benchmark_scores
from riskstrat.validation import auc, outcome_array, validate

AS_OF = date(2024, 1, 1)
N = 1_000


def checked(*, known: float = 0.6, **how: object) -> tuple[Validation, np.ndarray, np.ndarray, np.ndarray]:
    """Validate right risks beside points that say less, known of some of the people."""
    random = np.random.default_rng(1)
    risk = random.uniform(0.02, 0.6, N)
    had = random.random(N) < risk
    points = np.where(random.random(N) < known, np.round(10 * risk + random.normal(0, 2, N)) * 1000, np.nan)
    people = pl.DataFrame(
        {
            "person_id": np.arange(N),
            "assessed": [True] * N,
            "sex": np.where(np.arange(N) % 2, "male", "female"),
            "few": np.where(np.arange(N) < 30, "few", "most"),
            "event": had.astype(np.int8),
            "duration_days": np.where(had, 100.0, 365.0),
        }
    )
    cohort = Cohort(condition="x", people=people, flow=pl.DataFrame(), as_of=AS_OF, horizon_days=365)
    return validate(risk, cohort, benchmarks={"points": points}, draws=200, **how), risk, points, had


def test_score_and_model_are_measured_on_the_people_who_have_the_score():
    found, risk, points, had = checked(baseline=np.full(N, 0.2))
    rows = np.isfinite(points)
    y = outcome_array(had[rows].astype(int), np.where(had[rows], 100.0, 365.0))
    told = {row["metric"]: row for row in found.benchmarks.iter_rows(named=True)}
    assert {row["group"] for row in told.values()} == {"benchmark=points"}
    assert {row["n"] for row in told.values()} == {int(rows.sum())}
    # Of points only the order counts: the AUC is that of their ranks, scaled into risks.
    ranks = points[rows].argsort().argsort() / N
    tied = (points[rows] - points[rows].min()) / np.ptp(points[rows])
    assert told["auc"]["estimate"] == pytest.approx(auc(y, tied, 365))
    assert told["auc"]["estimate"] != pytest.approx(auc(y, ranks, 365), abs=1e-9)
    assert told["model_auc"]["estimate"] == pytest.approx(auc(y, risk[rows], 365))
    assert told["baseline_auc"]["estimate"] == pytest.approx(0.5)
    gain = told["auc_gain"]
    assert gain["estimate"] == pytest.approx(told["model_auc"]["estimate"] - told["auc"]["estimate"])
    # Paired: the interval of the difference is narrower than that of independent estimates.
    widths = [told[name]["upper"] - told[name]["lower"] for name in ("auc", "model_auc")]
    assert 0 < gain["upper"] - gain["lower"] < np.hypot(*widths)


def test_scores_are_compared_in_each_subgroup_of_the_people_who_have_them():
    found, risk, points, had = checked(by=["sex", "few"])
    groups = [f"benchmark=points{of}" for of in ("", ";few=most", ";sex=female", ";sex=male")]
    assert sorted(set(found.benchmarks["group"])) == groups  # of 30 people too few had the outcome
    rows = np.isfinite(points) & (np.arange(N) % 2 == 0)
    y = outcome_array(had[rows].astype(int), np.where(had[rows], 100.0, 365.0))
    told = {row["metric"]: row for row in found.benchmarks.filter(group=groups[2]).iter_rows(named=True)}
    tied = (points[rows] - points[rows].min()) / np.ptp(points[rows])
    assert told["auc"]["estimate"] == pytest.approx(auc(y, tied, 365))
    assert told["model_auc"]["estimate"] == pytest.approx(auc(y, risk[rows], 365))
    assert told["auc"]["n"] == rows.sum()
    shown = release(validation_tables(found, None), PRESETS["none"], None)["benchmarks"].frame
    assert dict(shown.select("group", "people").iter_rows())[groups[2]] == rows.sum()


def test_where_everybody_has_the_score_the_model_is_that_of_the_group():
    age = np.linspace(0.1, 0.3, N)
    found, *_ = checked(known=1, by=["sex"], baseline=age)
    part, *_ = checked(known=0.99, by=["sex"], baseline=age)
    numbers = ["estimate", "lower", "upper"]
    for group in ("all", "sex=female", "sex=male"):
        beside = found.benchmarks.filter(group=f"benchmark=points;{group}".removesuffix(";all"))
        own = found.table.filter(group=group)
        assert beside["metric"].to_list() == part.benchmarks.filter(group=beside["group"][0])["metric"].to_list()
        for metric in ("auc", "concordance"):
            told = beside.filter(metric=f"model_{metric}").select(numbers)
            assert told.row(0) == pytest.approx(own.filter(metric=metric).select(numbers).row(0))
        gain = beside.filter(metric="model_auc")["estimate"] - beside.filter(metric="baseline_auc")["estimate"]
        assert gain[0] == pytest.approx(own.filter(metric="auc_gain")["estimate"][0])


def test_too_few_outcomes_among_those_with_a_score_are_not_measured():
    found, *_ = checked(known=0.01)
    assert found.benchmarks.is_empty()
    assert "benchmarks" not in validation_tables(found, None)


def test_scores_of_another_shape_or_infinite_are_refused():
    found, risk, *_ = checked()
    people = pl.DataFrame({"person_id": range(3), "assessed": True, "event": [0, 1, 0], "duration_days": [9.0] * 3})
    cohort = Cohort(condition="x", people=people, flow=pl.DataFrame(), as_of=AS_OF, horizon_days=5)
    with pytest.raises(UsageError) as raised:
        validate(risk[:3], cohort, benchmarks={"short": [1.0], "endless": [1.0, np.inf, 2.0]})
    assert all(name in str(raised.value) for name in ("short", "endless"))
    assert found.benchmarks.height


@pytest.mark.parametrize(("known", "is_shown"), [(0.15, False), (0.6, True)])
def test_scores_of_fewer_than_two_hundred_persons_are_withheld(known: float, *, is_shown: bool):
    found, *_ = checked(known=known)
    shown = release(validation_tables(found, None), Disclosure(protection="suppression"), None)["benchmarks"].frame
    assert shown.height == found.benchmarks.height > 0
    assert (shown["estimate"].count() > 0) == is_shown
    exact = release(validation_tables(found, None), PRESETS["none"], None)["benchmarks"].frame
    assert exact["people"].to_list() == found.benchmarks["n"].to_list()


@pytest.fixture(scope="module")
def early_cvd() -> Condition:
    return conditions.load("early_cvd")


def test_score2_is_that_of_the_code_and_null_where_an_input_is_not_known(early_cvd: Condition):
    (declared,) = early_cvd.benchmarks
    row = dict(zip(declared.columns, [55.0, 0.0, 1.0, 0.0, 130.0, 5.5, 1.4], strict=True))
    named = ("age_years", "smoker", "diabetes", "systolic_mmhg", "cholesterol_total_mmol_l", "cholesterol_hdl_mmol_l")
    values = (55.0, True, False, 130.0, 5.5, 1.4)
    expected = pl.select(
        score2(sex=pl.lit("female"), **{name: pl.lit(value) for name, value in zip(named, values, strict=True)})
    ).item()
    assert pl.DataFrame(row).select(declared.value()).item() == pytest.approx(expected)
    for column in declared.columns:
        X = pl.DataFrame({**row, column: None}, schema=dict.fromkeys(row, pl.Float64))
        assert X.select(declared.value()).item() is None


def test_scores_are_built_of_inputs_that_the_model_does_not_read(small_municipality: Registers, early_cvd: Condition):
    cohort = build_cohort(early_cvd, small_municipality, AS_OF, min_outcomes=0)
    X = build_features(early_cvd.features, cohort, small_municipality)
    absent = benchmark_scores(early_cvd, X, cohort, small_municipality)["score2"]
    assert np.isnan(absent).all()  # the registers of this municipality hold neither total nor HDL cholesterol
    (declared,) = early_cvd.benchmarks
    other = Latest(register="measurements", codes="cholesterol_non_hdl_mmol_l", within="5y")
    known = replace(early_cvd, benchmarks=(replace(declared, cholesterol_total=other, cholesterol_hdl=other),))
    scores = benchmark_scores(known, X, cohort, small_municipality)["score2"]
    assert len(scores) == cohort.people.height
    assert 0.1 < np.isfinite(scores).mean() < 1
    nowhere = replace(declared, cholesterol_hdl=Latest(register="laboratory", codes="hdl", within="5y"))
    assert np.isnan(
        benchmark_scores(replace(known, benchmarks=(nowhere,)), X, cohort, small_municipality)["score2"]
    ).all()


def test_inputs_of_a_score_are_checked_like_features(small_municipality: Registers, early_cvd: Condition):
    (declared,) = early_cvd.benchmarks
    wrong = replace(declared, smoking=Latest(register="measurements", codes="smokin", within="3y"))
    with pytest.raises(UsageError, match="did you mean 'smoking'"):
        build_cohort(replace(early_cvd, benchmarks=(wrong,)), small_municipality, AS_OF, min_outcomes=0)
