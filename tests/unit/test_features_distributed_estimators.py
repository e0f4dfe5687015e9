"""Estimators take features in parts, on disk or lazily, as they take a frame: the same model to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import ContractError
from riskstrat.estimators import Boosting, Logistic, RiskEstimator, Split, cross_fit
from riskstrat.incidence import OutcomeArray, outcome_array

N = 400
Read = Callable[[pl.DataFrame], object]


@dataclass(frozen=True)
class Parts:
    """Features in parts, in whatever order, as a dataset of features on disk."""

    whole: pl.DataFrame

    @property
    def rows(self) -> int:
        return self.whole.height

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.whole.columns[2:])

    def parts(self) -> Iterator[pl.DataFrame]:
        numbered = self.whole.with_row_index("row_number")
        yield from (numbered[start : start + 70] for start in range(0, self.rows, 70))


def shuffled(X: pl.DataFrame) -> Parts:
    """Parts whose rows are in another order than those of the whole."""

    class Shuffled(Parts):
        def parts(self) -> Iterator[pl.DataFrame]:
            mixed = self.whole.with_row_index("row_number").sample(fraction=1.0, shuffle=True, seed=1)
            yield from (mixed[:30], mixed[30:])

    return Shuffled(X)


WAYS = pytest.mark.parametrize("read", [Parts, shuffled, pl.DataFrame.lazy], ids=["parts", "shuffled", "lazy"])


@pytest.fixture(scope="module")
def X() -> pl.DataFrame:  # noqa: N802
    """Two features that matter, one with nulls, and one that never varies."""
    rng = np.random.default_rng(0)
    age, missing = rng.normal(60, 10, N), rng.random(N) < 0.1
    return pl.DataFrame(
        {
            "person_id": np.arange(N),
            "index_date": [date(2020, 1, 1)] * N,
            "age_years": age,
            "visits": np.where(missing, np.nan, rng.poisson(2, N)),
            "constant": np.ones(N),
        }
    ).with_columns(pl.col("age_years", "visits", "constant").cast(pl.Float32).fill_nan(None))


@pytest.fixture(scope="module")
def y(X: pl.DataFrame) -> OutcomeArray:
    """A tenth of the events come before 70, the rest after."""
    event = np.random.default_rng(1).random(N) < np.where(X["age_years"].to_numpy() > 65, 0.5, 0.1)
    return outcome_array(event.astype(int), np.where(event, 100.0, 365.0))


@WAYS
@pytest.mark.parametrize("kind", [Logistic, Boosting])
def test_a_model_is_the_same_however_its_features_are_read(
    X: pl.DataFrame, y: OutcomeArray, kind: type[RiskEstimator], read: Read
):
    expected = kind(horizon_days=365).fit(X, y)
    model = kind(horizon_days=365).fit(read(X), y)
    assert model.dropped_ == ("constant",)
    np.testing.assert_array_equal(model.predict_risk(read(X)), expected.predict_risk(X))
    np.testing.assert_array_equal(model.contributions(read(X))[0], expected.contributions(X)[0])


@WAYS
def test_people_of_a_fold_are_found_in_the_parts(X: pl.DataFrame, y: OutcomeArray, read: Read):
    split = Split.from_folds(np.arange(N) % 3)
    model = Logistic(horizon_days=365)
    found, expected = cross_fit(model, read(X), y, split), cross_fit(model, X, y, split)
    np.testing.assert_array_equal(found.risk, expected.risk)


@WAYS
def test_mistakes_in_parts_are_told_as_those_of_a_frame(X: pl.DataFrame, y: OutcomeArray, read: Read):
    words = X.with_columns(age_years=pl.lit("old"))
    with pytest.raises(ContractError, match="age_years: String"):
        Logistic(horizon_days=365).fit(read(words), y)
    model = Logistic(horizon_days=365).fit(X, y)
    with pytest.raises(ContractError, match="missing columns: visits"):
        model.predict_risk(read(X.drop("visits")))
