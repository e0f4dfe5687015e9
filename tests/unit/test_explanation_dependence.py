"""How contributions go with values: bins, what stands in them, and what is refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.disclosure import CellNoise, ProtectedRows
from riskstrat.errors import UsageError
from riskstrat.explanation import dependence
from riskstrat.explanation.dependence import main_features
from riskstrat.records.explanation import Explanation

N = 4_000


def explained(**columns: np.ndarray) -> tuple[Explanation, pl.DataFrame, pl.DataFrame]:
    """Contributions of .1 per unit (0 where not observed), features and outcomes of half of the people."""
    X = pl.DataFrame(columns).with_columns(pl.all().fill_nan(None))
    why = Explanation(
        values=0.1 * X.fill_null(0.0).to_numpy().astype(float),
        baseline=-1.0,
        features=tuple(columns),
        families=("health_care",) * len(columns),
        link="logit",
    )
    outcomes = X.with_columns(person_id=pl.int_range(pl.len()), had_outcome=pl.int_range(pl.len()) % 2 == 0)
    return why, X, outcomes


def test_the_curve_of_a_linear_contribution_is_its_line_from_the_mean():
    bmi = np.random.default_rng(0).normal(27, 5, N)
    found = dependence(*explained(bmi=bmi)[:2], "bmi", explained(bmi=bmi)[2])
    inner = found.filter(pl.col("lower_edge").is_not_null(), pl.col("upper_edge").is_not_null())
    middle = (inner["lower_edge"] + inner["upper_edge"]) / 2
    np.testing.assert_allclose(inner["mean_difference"], 0.1 * (middle - bmi.mean()), atol=0.06)
    np.testing.assert_allclose(found["ratio"], np.exp(found["mean_difference"]))
    assert found["people"].sum() == N
    assert found["lower_edge"][1:].to_list() == found["upper_edge"][:-1].to_list()
    assert found["lower_edge"].round_sig_figs(3).equals(found["lower_edge"])


def test_spread_is_what_other_features_do_to_the_contribution_at_one_value():
    age = np.repeat([50.0, 70.0], N // 2)
    why, X, outcomes = explained(age=age)
    why.values[:, 0] += np.tile([-0.5, 0.5], N // 2)
    found = dependence(why, X, "age", outcomes)
    assert found["spread"].to_list() == pytest.approx([0.5, 0.5])
    assert found["mean_difference"].to_list() == pytest.approx([-1.0, 1.0])


def test_classes_stand_alone_and_what_was_not_observed_is_the_last_bin():
    rng = np.random.default_rng(1)
    education = np.where(rng.random(N) < 0.2, np.nan, rng.integers(1, 4, N))
    found = dependence(*explained(education=education)[:2], "education", explained(education=education)[2])
    assert found["value"].to_list() == [1.0, 2.0, 3.0, None]
    assert found.select("lower_edge", "upper_edge").row(-1) == (None, None)
    assert found["people"].to_list() == [*(int((education == each).sum()) for each in (1, 2, 3)), found["people"][-1]]


@pytest.mark.parametrize("rare", [3.0, 0.0])
def test_a_small_bin_is_joined_with_its_neighbour(rare: float):
    visits = np.tile([1.0, 2.0], N // 2)
    visits[:19] = rare
    found = dependence(*explained(visits=visits)[:2], "visits", explained(visits=visits)[2])
    assert found["people"].min() >= 20
    assert found["people"].sum() == N
    assert rare not in found["value"].to_list()


def test_a_bin_in_which_everybody_had_the_outcome_is_joined_too():
    visits = np.tile([1.0, 2.0, 3.0, 4.0], N // 4)
    why, X, outcomes = explained(visits=visits)
    everybody_of_three = outcomes.with_columns(
        had_outcome=pl.col("had_outcome") & (pl.col("person_id") % 8 < 4) | (pl.col("visits") == 3)
    ).with_columns(had_outcome=pl.col("had_outcome") | ((pl.col("visits") == 2) & (pl.col("person_id") % 8 == 1)))
    found = dependence(why, X, "visits", everybody_of_three)
    assert found["value"].to_list() == [1.0, 2.0, None]
    assert found["people"].to_list() == [N // 4, N // 4, N // 2]
    assert found["other_persons"].min() >= 5


def test_few_without_a_value_are_left_out():
    bmi = np.random.default_rng(0).normal(27, 5, N)
    bmi[:19] = np.nan
    found = dependence(*explained(bmi=bmi)[:2], "bmi", explained(bmi=bmi)[2])
    assert found["people"].sum() == N - 19


def test_index_dates_of_a_person_count_once():
    sex = np.tile([0.0, 1.0], N // 2)
    why, X, outcomes = explained(sex=sex)
    twice = pl.concat([outcomes, outcomes.with_columns(pl.lit(value=False).alias("had_outcome"))])
    found = dependence(why, X, "sex", twice)
    assert found.select("people", "case_persons", "other_persons").rows() == [(N, N // 2, N)]  # one value has no case


def test_with_noise_no_mean_is_exact_and_none_moves_by_more_than_a_few_people_would():
    sex = np.tile([0.0, 1.0], N // 2)
    why, X, outcomes = explained(sex=sex)
    outcomes = outcomes.with_columns(had_outcome=pl.col("person_id") % 4 < 2)
    noise = ProtectedRows.of(outcomes, CellNoise(b"sixteen bytes or more"))
    exact, found = (dependence(why, X, "sex", outcomes, protected=rows) for rows in (None, noise))
    moved = (exact["mean_difference"] - found["mean_difference"]).abs()
    assert found["spread"].to_list() == [0.0, 0.0]  # a line adds the same at one value, with noise too
    assert 0 < moved.max() < 0.1 * 12 / (N // 2) + 0.1 * 6 / N


def test_main_features_are_those_that_vary_most_within_their_family():
    why = Explanation(
        values=np.random.default_rng(0).normal(size=(50, 4)) * [1.0, 3.0, 0.0, 0.5],
        baseline=0.0,
        features=("a", "b", "constant", "d"),
        families=("area", "area", "other", "age_sex"),
        link="logit",
    )
    assert main_features(why) == ("d", "b")


def test_an_unknown_feature_and_other_rows_are_refused():
    why, X, outcomes = explained(bmi=np.arange(100.0))
    with pytest.raises(UsageError, match="did you mean 'bmi'"):
        dependence(why, X, "bmii", outcomes)
    with pytest.raises(UsageError, match="contributions of 100 rows and features of 99"):
        dependence(why, X[1:], "bmi", outcomes)
