"""Models of time in a study: what they learn from that direct models must leave out, and never from those tested."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from fixture_municipality import AS_OF, QUICK
from riskstrat.declare import AtEvent, Candidate, Condition
from riskstrat.errors import ContractError
from riskstrat.estimators import Cox, FitRows, FollowedRows, Logistic, RiskEstimator, Split, choose, cross_fit
from riskstrat.estimators.released import released
from riskstrat.explanation import explain
from riskstrat.incidence import outcome_array
from riskstrat.numerics.links import CLOGLOG
from riskstrat.records.area_results import AreaResults
from riskstrat.registers import Registers
from riskstrat.study import StudyData, compare, estimate_area_results, fit, prepare, run
from riskstrat.study.models import followed_rows

N, LATER = 400, 300
RNG = np.random.default_rng(0)
SPLIT = Split.from_folds(np.arange(N) % 2)
FAMILY = np.arange(N)


def rows(n: int, seed: int, *, stop: float) -> tuple[pl.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    outcome = np.ceil(rng.exponential(600 * np.exp(-x)))
    duration = np.minimum(outcome, stop)
    return pl.DataFrame({"x": x}), outcome_array(duration == outcome, duration)


X, Y = rows(N, 0, stop=365.0)
X_LATER, Y_LATER = rows(LATER, 1, stop=100.0)


def followed(groups: np.ndarray, train: tuple[np.ndarray, ...]) -> FollowedRows:
    weight = np.ones(LATER)
    return FollowedRows(
        rows=FitRows(X=X_LATER, outcome=Y_LATER, sample_weight=weight, strata=weight, groups=groups), train=train
    )


OTHERS = followed(N + np.arange(LATER), (np.arange(100), np.arange(LATER)))


def risk(estimator: RiskEstimator, others: FollowedRows | None) -> np.ndarray:
    return cross_fit(estimator, X, Y, SPLIT, strata=np.zeros(N), groups=FAMILY, followed=others).risk


def test_models_of_time_learn_from_the_rows_of_their_fold_and_direct_models_from_none():
    np.testing.assert_array_equal(risk(Logistic(horizon_days=365), OTHERS), risk(Logistic(horizon_days=365), None))
    found = risk(Cox(horizon_days=365), OTHERS)
    train, test = SPLIT.train[0], SPLIT.test[0]
    expected = Cox(horizon_days=365).fit(
        pl.concat([X[train], X_LATER[:100]]),
        np.concatenate([Y[train], Y_LATER[:100]]),
        strata=np.r_[np.zeros(len(train)), np.ones(100)],
    )
    np.testing.assert_allclose(found[test], expected.predict_risk(X[test]), rtol=1e-12)
    assert (found != risk(Cox(horizon_days=365), None)).any()


def test_a_tested_family_among_the_rows_for_models_of_time_is_refused():
    one_is_tested = followed(np.r_[0, N + 1 + np.arange(LATER - 1)], OTHERS.train)
    with pytest.raises(ContractError, match="1 group in both the test rows of a fold and its rows"):
        risk(Cox(horizon_days=365), one_is_tested)


@pytest.mark.parametrize("known", [{"groups": FAMILY}, {"strata": np.zeros(N)}])
def test_rows_for_models_of_time_need_groups_and_strata_of_the_others(known: dict[str, np.ndarray]):
    with pytest.raises(ContractError, match="without groups or strata"):
        cross_fit(Cox(horizon_days=365), X, Y, SPLIT, followed=OTHERS, **known)


def test_candidates_are_compared_on_common_test_rows():
    candidates = {"cox": Cox(horizon_days=365), "logistic": Logistic(horizon_days=365)}
    choice = choose(candidates, X, Y, SPLIT, strata=np.zeros(N), groups=FAMILY, followed=OTHERS)
    assert all(np.isfinite(each).all() and len(each) == N for each in choice.risks.values())


DIAGNOSES = AtEvent(register="diagnoses", codes="I00-I99", which="every")


@pytest.fixture(scope="module")
def data(small_municipality: Registers, frailty: Condition) -> StudyData:
    """People followed from each diagnosis of their circulation, many of them not for two years yet."""
    settings = replace(QUICK, candidates=(Candidate("Cox", penalty=1.0),))
    return prepare(replace(frailty, index=DIAGNOSES), small_municipality, AS_OF, settings)


def test_index_dates_whose_horizon_is_not_covered_are_prepared_for_models_of_time(data: StudyData):
    later = data.training.followed
    assert later is not None
    assert later.X.select("person_id").equals(later.cohort.people.select("person_id"))
    assert later.cohort.people.height + data.training.cohort.people.height == data.cohort.people.height
    assert not later.cohort.people["horizon_covered"].any()


@pytest.mark.parametrize("kind", ["person", "area"])
def test_no_fold_learns_from_families_or_areas_that_it_tests(data: StudyData, kind: str):
    split = data.splits[kind]
    found, people, tested = (
        followed_rows(data, split),
        data.training.followed.cohort.people,
        data.training.cohort.people,
    )
    assert sum(map(len, found.train)) > 0
    for train, test in zip(found.train, split.test, strict=True):
        assert not set(people["family_id"][train]) & set(tested["family_id"][test])
        if kind == "area":
            assert not set(people["area_id"][train].drop_nulls()) & set(tested["area_id"][test].drop_nulls())


def test_models_that_are_tested_on_later_years_do_not_see_them(data: StudyData):
    assert followed_rows(data, data.splits["time"]) is None


def test_without_a_model_of_time_nothing_more_is_prepared(small_municipality: Registers, frailty: Condition):
    direct = prepare(replace(frailty, index=DIAGNOSES), small_municipality, AS_OF, QUICK)
    assert direct.training.followed is None


@pytest.mark.slow
def test_a_cox_pair_carries_a_study_to_its_areas(data: StudyData):
    comparison = compare(data)
    assert set(comparison.risks) == {"Cox(penalty=1)", "AgeSex"}
    model = fit(data, replace(comparison, chosen=Candidate("Cox", penalty=1.0)))
    why = explain(model.estimator, data.target.X, data.families)
    assert why.link == CLOGLOG.name
    results = estimate_area_results(data, model)
    assert isinstance(results, AreaResults)
    assert results.estimates.table.height == data.training.cohort.people["area_id"].n_unique()


@pytest.fixture(scope="module")
def late(small_municipality: Registers, frailty: Condition) -> StudyData:
    """The same study with people who moved in after their index dates."""
    settings = replace(QUICK, candidates=(Candidate("Cox", penalty=1.0),), protection="none")
    population = replace(frailty.population, late_entry=True)
    return prepare(replace(frailty, population=population), small_municipality, AS_OF, settings)


def test_who_entered_late_is_learnt_from_by_models_of_time_alone_and_counted(late: StudyData):
    others = late.training.followed.cohort
    entered = others.people.filter(pl.col("entry_days") > 0, "horizon_covered")
    assert entered.height > 0
    assert not late.training.cohort.entry_days.any()
    assert late.training.cohort.people.equals(late.cohort.direct.people)
    flow = late.cohort.flow.filter(part="not_covered")
    assert flow.filter(pl.col("reason").str.contains("after the index"))["rows"].to_list() == [entered.height]
    included = late.cohort.flow.filter(part="included")["rows"].item()
    assert included == late.cohort.flow.filter(part="covered")["rows"].item() + flow["rows"].sum()


def test_models_of_time_count_who_entered_late_from_the_entry_on(late: StudyData):
    comparison = compare(late)
    model = fit(late, replace(comparison, chosen=Candidate("Cox", penalty=1.0)))
    both = (late.training, late.training.followed)
    X = pl.concat([each.X for each in both])
    y = np.concatenate([each.cohort.followed_outcome for each in both])
    entry = np.concatenate([each.cohort.entry_days for each in both])
    strata, family = (np.concatenate([getattr(each, name) for each in both]) for name in ("landmark", "family_id"))
    rows = FitRows(X=X, outcome=y, sample_weight=np.ones(len(y)), strata=strata, groups=family, entry=entry)
    cox, people = Cox(horizon_days=731, penalty=1.0), late.target.X
    expected = released(rows.fitted(cox), rows).predict_risk(people)
    np.testing.assert_allclose(model.estimator.predict_risk(people), expected)
    as_if_there = replace(rows, entry=None)
    assert not np.allclose(released(as_if_there.fitted(cox), as_if_there).predict_risk(people), expected, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "candidates", [(Candidate("Cox", penalty=1.0),), (Candidate("Logistic"), Candidate("Cox", penalty=1.0))]
)
def test_a_study_with_late_entry_runs_from_registers_to_a_plan(
    candidates: tuple[Candidate, ...], late: StudyData, small_municipality: Registers
):
    settings = replace(QUICK, candidates=candidates, protection="none")
    study = run(late.condition, small_municipality, AS_OF, settings)
    assert study.evaluation.checks["person"].table.height
    assert study.plan is not None or study.omissions
