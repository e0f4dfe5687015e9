"""Candidates are declared: frozen, comparable, to JSON and back; each names a class and parameters that exist."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskstrat import conditions
from riskstrat.declare import Candidate, Settings
from riskstrat.errors import UsageError
from riskstrat.estimators import Boosting, Logistic, RiskEstimator, build
from riskstrat.incidence import outcome_array

NAMES = st.sampled_from(["a", "folds", "max_leaf_nodes", "C"])
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.floats(-1e9, 1e9), st.sampled_from(["", "ö'\"", "a=1, b"])
)
OWN_FILE = """
from dataclasses import replace

from sklearn.linear_model import LogisticRegression

from riskstrat.conditions.frailty import CONDITION
from riskstrat.estimators import Weighted

CONDITION = replace(CONDITION, name="own")


class {name}(Weighted):
    def __init__(self, *, horizon_days, C=1.0):
        super().__init__(LogisticRegression(C=C), horizon_days=horizon_days)
        self.C = C
"""


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_a_candidate_comes_back_from_json_and_from_its_label(parameters: dict[str, bool | int | float | str | None]):
    candidate = Candidate("Boosting", **parameters)
    for again in (Candidate.from_json(candidate.to_json()), Candidate.parse(candidate.label)):
        assert again == candidate
        assert hash(again) == hash(candidate)
        assert again.digest == candidate.digest


def test_whole_numbers_are_equal_however_they_are_written():
    assert Candidate("Boosting", l2_regularization=10.0).digest == Candidate("Boosting", l2_regularization=10).digest


def test_true_is_not_one():
    assert Candidate("Boosting", folds=True) != Candidate("Boosting", folds=1)


@pytest.mark.parametrize(
    "text", ["", "Boosting(", "Boosting(4)", "a.b", "Boosting(folds=len)", "Boosting(**{'a': 1})", "Boosting(a=1, a=2)"]
)
def test_text_that_is_no_label_is_refused(text: str):
    with pytest.raises(UsageError, match="the candidate"):
        Candidate.parse(text)


def test_all_that_cannot_be_declared_is_listed():
    with pytest.raises(UsageError) as caught:
        Candidate("no name", weights=[1, 2], rate=float("nan"))
    assert "2 problems" not in str(caught.value)
    for part in ("weights", "rate", "without the name of a class"):
        assert part in str(caught.value)


def test_settings_know_their_candidates_by_parameters():
    plain = Settings(candidates=(Candidate("Boosting"),))
    deep = Settings(candidates=(Candidate("Boosting", max_leaf_nodes=8),))
    both = Settings(candidates=(Candidate("Boosting"), Candidate("Boosting", max_leaf_nodes=8)))
    assert len({Settings().digest, plain.digest, deep.digest, both.digest}) == 4
    assert Settings.from_json(both.to_json()) == both
    assert len({candidate.label for candidate in both.candidates}) == 2


@pytest.mark.parametrize("candidates", [(), ("Boosting", "Boosting"), (Candidate("Boosting"), Candidate("Boosting"))])
def test_settings_need_different_candidates(candidates: tuple[object, ...]):
    with pytest.raises(UsageError, match="candidates"):
        Settings(candidates=candidates)


def test_settings_take_labels():
    declared = (Candidate("Logistic"), Candidate("Boosting", max_leaf_nodes=4))
    assert Settings(candidates=("Logistic", "Boosting(max_leaf_nodes=4)")) == Settings(candidates=declared)


def test_build_gives_the_horizon_the_parameters_and_the_random_state():
    made = build(Candidate("Boosting", max_leaf_nodes=8), horizon_days=731, random_state=5)
    assert made.get_params() == Boosting(horizon_days=731, max_leaf_nodes=8, random_state=5).get_params()
    assert build(Candidate("Logistic"), horizon_days=731).get_params() == Logistic(horizon_days=731).get_params()


def test_an_unknown_estimator_is_told_with_those_that_there_are():
    with pytest.raises(UsageError, match=r"'Forest'.*AgeSex.*Boosting.*Logistic"):
        build(Candidate("Forest"), horizon_days=365)


def test_all_wrong_parameters_are_told_with_those_that_there_are():
    with pytest.raises(UsageError) as caught:
        build(Candidate("Boosting", depth=3, seed=1, horizon_days=9), horizon_days=365)
    for part in ("parameter depth", "parameter seed", "parameter horizon_days", "learning_rate, max_iter"):
        assert part in str(caught.value)


def test_a_parameter_without_default_must_be_given():
    with pytest.raises(UsageError, match="Weighted without the parameter classifier"):
        build(Candidate("Weighted"), horizon_days=365)


def test_an_intermediate_class_is_no_kind():
    assert not {"StatusEstimator", "LinearRisk", "RiskEstimator"} & set(RiskEstimator.kinds)


def test_a_class_in_the_conditions_own_file_is_a_candidate_and_the_file_loads_twice(tmp_path: Path):
    own = tmp_path / "own_condition.py"
    own.write_text(OWN_FILE.format(name="OwnClassifier"), encoding="utf-8")
    assert conditions.load(own) == conditions.load(own)
    X = pl.DataFrame({"visits": np.arange(100) % 4})
    y = outcome_array(np.arange(100) % 4 > 1, np.full(100, 365.0))
    model = build(Candidate("OwnClassifier", C=0.5), horizon_days=365).fit(X, y)
    assert model.classifier_.C == 0.5
    assert model.predict_risk(X)[3] > 0.7


def test_one_name_is_one_class(tmp_path: Path):
    own = tmp_path / "shadowing.py"
    own.write_text(OWN_FILE.format(name="Boosting"), encoding="utf-8")
    with pytest.raises(UsageError, match=r"estimators named Boosting in riskstrat.estimators.boosting and in"):
        conditions.load(own)
    assert RiskEstimator.kinds["Boosting"] is Boosting
