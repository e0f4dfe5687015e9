"""Features of different families that go together."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from riskstrat.errors import UsageError
from riskstrat.explanation import correlated_families

N = 3_000
RNG = np.random.default_rng(0)
BASE = RNG.normal(size=N)
X = pl.DataFrame(
    {
        "income": BASE,
        "need": -np.exp(BASE + RNG.normal(0, 0.2, N)),
        "education": BASE + RNG.normal(0, 0.1, N),
        "age": RNG.normal(size=N),
        "bmi": np.where(RNG.random(N) < 0.5, np.nan, BASE + RNG.normal(0, 0.3, N)),
        "never": np.full(N, np.nan),
    }
)
FAMILIES = {
    "income": "living_conditions",
    "need": "area",
    "education": "living_conditions",
    "age": "age_sex",
    "bmi": "health_care",
    "never": "growth_family",
}


def test_pairs_of_different_families_are_found_by_their_ranks():
    found = correlated_families(X, FAMILIES)
    pairs = {(row["feature"], row["with_feature"]): row["rank_correlation"] for row in found.iter_rows(named=True)}
    assert pairs["income", "need"] == pytest.approx(spearmanr(X["income"], X["need"]).statistic, abs=1e-9)
    assert ("income", "education") not in pairs  # one family
    assert not any("age" in pair or "never" in pair for pair in pairs)
    strength = found["rank_correlation"].abs().to_list()
    assert strength == sorted(strength, reverse=True)


def test_rows_in_which_one_is_not_observed_do_not_count():
    found = correlated_families(X.select("income", "bmi"), {"income": "a", "bmi": "b"})["rank_correlation"].item()
    both = X.drop_nans("bmi")
    assert found == pytest.approx(spearmanr(both["income"], both["bmi"]).statistic, abs=0.01)


def test_a_constant_column_goes_with_nothing():
    assert correlated_families(X.select("income", one=pl.lit(1.0)), {"income": "a", "one": "b"}).is_empty()


def test_pairs_that_few_have_together_are_not_judged():
    few = X.select("income", need=pl.when(pl.int_range(pl.len()) < 19).then("income"))
    assert correlated_families(few, {"income": "a", "need": "b"}).is_empty()


def test_what_cannot_be_looked_at_is_refused_at_once():
    with pytest.raises(UsageError, match=r"no columns wealth(.|\n)*strong = 2"):
        correlated_families(X, {"wealth": "area"}, strong=2.0)
