"""What was not observed, by the way that was declared: an indicator, imputation, or as the model does by itself."""

from __future__ import annotations

import pickle

import numpy as np
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from riskstrat.declare import Candidate
from riskstrat.errors import UsageError
from riskstrat.estimators import Boosting, DiscreteTime, Logistic, RiskEstimator, Split, Weighted, build, cross_fit
from riskstrat.explanation import explain
from riskstrat.incidence import OutcomeArray, outcome_array

HORIZON = 365.0
IMPUTED = [
    Candidate("Logistic", missing="imputed"),
    Candidate("Cox", missing="imputed"),
    Candidate("FineGray", missing="imputed"),
    Candidate("DiscreteTime", missing="imputed", periods=2),
    Candidate("Boosting", missing="imputed", max_iter=10, folds=0),
]


def people(n: int = 1_500, seed: int = 0) -> tuple[pl.DataFrame, OutcomeArray]:
    """Blood pressure goes with age and is missing more among the old; a skewed count; an unknown father."""
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 8, n)
    pressure = 130 + 1.2 * (age - 60) + rng.normal(0, 8, n)
    visits = rng.poisson(np.exp(0.05 * (age - 60)), n).astype(float)
    seen = rng.random(n) > 1 / (1 + np.exp(-0.15 * (age - 62)))
    father = rng.random(n) < 0.8
    X = pl.DataFrame(
        {
            "person_id": np.arange(n),
            "age_years": age,
            "pressure": np.where(seen, pressure, np.nan),
            "visits": np.where(rng.random(n) < 0.9, visits, np.nan),
            "father_bmi": np.where(father, rng.normal(27, 4, n), np.nan),
            "father_visits__observed_share": np.where(father, rng.uniform(0.5, 1, n), np.nan),
        }
    ).with_columns(pl.exclude("person_id").fill_nan(None).cast(pl.Float32))
    rate = np.exp(0.06 * (pressure - 130) - 1.2) / HORIZON
    days = [rng.exponential(1 / rate), rng.exponential(6 * HORIZON, n), rng.uniform(200, 900, n)]
    return X, outcome_array(np.array([1, 2, 0])[np.argmin(days, axis=0)], np.minimum.reduce(days))


def fitted(candidate: Candidate, X: object, y: OutcomeArray) -> RiskEstimator:
    return build(candidate, horizon_days=HORIZON, random_state=1).fit(X, y)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (Candidate("Logistic", missing="imputd"), "one of indicator, imputed; did you mean 'imputed'"),
        (Candidate("Cox", missing="native"), "one of indicator, imputed; choose one of them, or another kind"),
        (Candidate("Boosting", missing="indicator"), "one of native, imputed; choose one of them"),
        (Candidate("DiscreteTime", missing="native"), "one of indicator, imputed"),
        (Candidate("AgeSex", missing="imputed"), "AgeSex with the parameter missing"),
        (Candidate("Logistic", mising="imputed"), "did you mean missing?"),
    ],
)
def test_a_way_that_a_model_has_not_is_refused_when_it_is_declared(candidate: Candidate, expected: str):
    with pytest.raises(UsageError) as caught:
        build(candidate, horizon_days=HORIZON)
    assert expected in str(caught.value)


def test_a_way_that_a_model_has_not_is_refused_by_the_fit_too():
    X, y = people(200)
    with pytest.raises(UsageError, match="no way for Logistic to treat what is missing named 'zero'"):
        Logistic(horizon_days=HORIZON, missing="zero").fit(X, y)
    with pytest.raises(UsageError, match="one of native, imputed"):
        DiscreteTime(DecisionTreeClassifier(), horizon_days=HORIZON, missing="indicator").fit(X, y)


def test_each_model_says_how_it_treats_what_is_missing():
    ways = {name: build(Candidate(name), horizon_days=1).missing_way for name in ("Logistic", "Cox", "Boosting")}
    assert ways == {"Logistic": "indicator", "Cox": "indicator", "Boosting": "native"}
    assert fitted(IMPUTED[0], *people(300)).missing_way == "imputed"


@pytest.mark.parametrize("candidate", IMPUTED, ids=lambda candidate: candidate.estimator)
def test_imputed_values_are_explained_by_their_own_features_and_add_up(candidate: Candidate):
    X, y = people()
    model = fitted(candidate, X, y)
    why = explain(model, X, dict.fromkeys(X.columns, "any"))
    link = model.link.of_risk(model.predict_risk(X), edge=1e-12)
    np.testing.assert_allclose(why.baseline + why.values.sum(axis=1), link, rtol=1e-6, atol=1e-6)
    unseen = X["pressure"].is_null().to_numpy()
    at = model.features_.index("pressure")
    # Of the same median for everybody the contributions would be one number.
    assert why.values[unseen, at].std() > 0.1
    if candidate.estimator != "Boosting":
        assert not model.coefficients_["feature"].str.contains("not observed").any()


@pytest.mark.parametrize("candidate", IMPUTED[:4], ids=lambda candidate: candidate.estimator)
def test_fold_models_learn_nothing_from_test_rows_and_imputation_nothing_from_outcomes(candidate: Candidate):
    X, y = people(900)
    split = Split.from_folds(np.arange(900) % 3)
    rows = np.arange(900) % 3 == 0
    changed = X.with_columns(
        pl.when(pl.Series(rows)).then(pl.lit(None)).otherwise("visits").alias("visits"),
        pl.when(pl.Series(rows)).then(pl.col("pressure") * 2).otherwise("pressure").alias("pressure"),
    )
    other = y.copy()
    other["event"][rows] = 1
    estimator = build(candidate, horizon_days=HORIZON)
    one, two = (cross_fit(estimator, *given, split).models[0] for given in ((X, y), (changed, other)))
    np.testing.assert_array_equal(one.predict_risk(X), two.predict_risk(X))
    shuffled = y[np.random.default_rng(1).permutation(900)]
    values = X.select(one.features_).to_numpy()
    complete = [fitted(candidate, X, outcome).imputation_.complete(values) for outcome in (y, shuffled)]
    np.testing.assert_array_equal(*complete)
    assert not np.isnan(complete[0]).any()


def test_missing_at_random_biases_zeros_and_neither_imputation_nor_an_indicator():
    """Truth: log odds -1 + .08 (pressure - 130), nothing of age; pressure is missing more among the old."""
    rng = np.random.default_rng(5)
    n = 20_000
    age = rng.normal(60, 8, n)
    pressure = 130 + 1.2 * (age - 60) + rng.normal(0, 8, n)
    risk = 1 / (1 + np.exp(1 - 0.08 * (pressure - 130)))
    y = outcome_array((rng.random(n) < risk).astype(int), np.full(n, HORIZON))
    seen = rng.random(n) > 1 / (1 + np.exp(-0.25 * (age - 60)))
    X = pl.DataFrame({"age": age, "pressure": np.where(seen, pressure, np.nan)}).fill_nan(None)
    found = {
        "imputed": Logistic(horizon_days=HORIZON, missing="imputed").fit(X, y),
        "indicator": Logistic(horizon_days=HORIZON).fit(X, y),
        "zero": Logistic(horizon_days=HORIZON).fit(X.fill_null(0.0), y),
        "complete": Logistic(horizon_days=HORIZON).fit(X.filter(seen), y[seen]),
    }
    slope = {
        name: model.coefficients_.filter(feature="pressure")["coefficient"].item() for name, model in found.items()
    }
    of_age = {name: model.coefficients_.filter(feature="age")["coefficient"].item() for name, model in found.items()}
    assert slope["imputed"] == pytest.approx(0.08, abs=0.006)
    assert of_age["imputed"] == pytest.approx(0, abs=0.012)
    assert abs(slope["zero"] - 0.08) > 0.03
    assert abs(of_age["zero"]) > 0.03
    for name in ("imputed", "indicator"):
        assert found[name].predict_risk(X.filter(~seen)).mean() == pytest.approx(risk[~seen].mean(), abs=0.015)
    # Rows that are complete are no sample of all.
    assert abs(found["complete"].predict_risk(X.filter(seen)).mean() - risk.mean()) > 0.05


def test_columns_that_are_never_observed_or_tell_nothing_are_left_out():
    X, y = people(400)
    odd = X.with_columns(
        pl.lit(None, pl.Float32).alias("never"),
        pl.when(pl.col("person_id") % 2 == 0).then(1.0).alias("only_ones"),
    )
    model = fitted(IMPUTED[0], odd, y)
    assert model.dropped_ == ("never", "only_ones")
    np.testing.assert_array_equal(model.predict_risk(odd), fitted(IMPUTED[0], X, y).predict_risk(X))
    assert np.isfinite(model.predict_risk(odd.with_columns(pl.lit(None, pl.Float32).alias("age_years")))).all()


def test_what_is_filled_in_depends_on_the_row_alone():
    X, y = people(600)
    X = X.with_columns(
        pl.when(pl.col("person_id") == 7).then(pl.lit(None)).otherwise(pl.exclude("person_id")).name.keep()
    )
    model = fitted(IMPUTED[0], X, y)
    together = model.predict_risk(X)
    np.testing.assert_allclose(model.predict_risk(X[7:8]), together[7:8], rtol=1e-6)
    np.testing.assert_allclose(model.predict_risk(X[::-1])[::-1], together, rtol=1e-6)


def test_of_an_unknown_relative_nothing_was_observed_and_values_stay_within_those_seen():
    X, y = people()
    model = fitted(IMPUTED[0], X, y)
    unknown = X["father_bmi"].is_null()
    same = X.with_columns(pl.col("father_visits__observed_share").fill_null(0.0))
    np.testing.assert_array_equal(model.predict_risk(X), model.predict_risk(same))
    complete = pl.DataFrame(model.imputation_.complete(X.select(model.features_).to_numpy()), list(model.features_))
    for name in ("pressure", "visits", "father_bmi"):
        filled = complete[name].filter(X[name].is_null())
        assert X[name].min() - 1 <= filled.min()
        assert filled.max() <= X[name].max() + 1
        np.testing.assert_array_equal(complete[name].filter(X[name].is_not_null()), X[name].drop_nulls())
    assert (complete["father_visits__observed_share"].filter(unknown) == 0).all()


def test_frames_and_arrays_clones_and_copies_give_the_same():
    X, y = people(500)
    features = X.drop("person_id")
    model = fitted(IMPUTED[0], features, y)
    risk = model.predict_risk(features)
    pandas = features.to_pandas()
    np.testing.assert_array_equal(fitted(IMPUTED[0], pandas, y).predict_risk(pandas), risk)
    array = build(IMPUTED[0], horizon_days=HORIZON, random_state=1).set_params(age="x0").fit(features.to_numpy(), y)
    # An array has no names that say what was observed, so that its last column is a value like others.
    known = features.drop("father_visits__observed_share")
    again = clone(array).fit(known.to_numpy(), y)
    np.testing.assert_array_equal(
        again.predict_risk(known.to_numpy()), fitted(IMPUTED[0], known, y).predict_risk(known)
    )
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_risk(features), risk)  # noqa: S301
    np.testing.assert_array_equal(clone(model).fit(features, y).predict_risk(features), risk)


def test_values_that_have_not_settled_are_a_note_and_no_warning(monkeypatch: pytest.MonkeyPatch):
    X, y = people(400)
    assert fitted(IMPUTED[0], X, y).notes_ == ()
    monkeypatch.setattr("riskstrat.estimators.imputation.MOST_ROUNDS", 1)
    (note,) = fitted(IMPUTED[0], X, y).notes_
    assert "1 rounds, after which some still moved" in note.en
    assert "1 varv" in note.sv


def test_of_many_rows_those_that_are_learnt_from_are_drawn_by_the_seed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("riskstrat.estimators.imputation.MOST_ROWS", 200)
    X, y = people(800)
    risks = [
        Logistic(horizon_days=HORIZON, missing="imputed", random_state=seed).fit(X, y).predict_risk(X)
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(risks[0], risks[1])
    assert np.abs(risks[0] - risks[2]).max() > 0


def test_a_classifier_that_takes_no_gaps_sees_none():
    X, y = people(500)
    model = Weighted(LogisticRegression(max_iter=2_000), horizon_days=HORIZON, missing="imputed").fit(X, y)
    assert np.isfinite(model.predict_risk(X)).all()


def test_trees_may_be_given_imputed_values_too():
    X, y = people(800)
    native, imputed = (
        Boosting(horizon_days=HORIZON, max_iter=10, folds=0, missing=way).fit(X, y) for way in ("native", "imputed")
    )
    assert native.imputation_ is None
    assert np.abs(native.predict_risk(X) - imputed.predict_risk(X)).max() > 0
