from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import ContractError, DesignError, UsageError
from riskstrat.records.cohort import Cohort
from riskstrat.validation import (
    area_folds,
    auc,
    calibration,
    concordance,
    net_benefit,
    outcome_array,
    person_folds,
    validate,
)

Y = outcome_array([1, 0, 2, 1], [5, 10, 4, 3])


def cohort(outcomes: int = 10, n: int = 40) -> Cohort:
    people = pl.DataFrame(
        {
            "person_id": range(n),
            "assessed": [True] * n,
            "event": [1] * outcomes + [0] * (n - outcomes),
            "duration_days": [100.0] * n,
        }
    )
    return Cohort(condition="test", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=100)


@pytest.mark.parametrize("measure", [auc, calibration])
def test_unusable_risks_and_weights_are_told_together(measure: object) -> None:
    with pytest.raises(ContractError) as caught:
        measure(Y, [0.1, np.nan, 2.0, 0.3], 10, weights=[1.0, -1.0])  # type: ignore[operator]
    assert [problem.found for problem in caught.value.problems] == [
        "2 values of risk missing or outside 0 to 1",
        "weights of shape (2,)",
    ]


def test_only_one_kind_of_outcome_cannot_be_ranked() -> None:
    with pytest.raises(DesignError, match="alike in outcome"):
        auc(outcome_array([0, 0], [10, 10]), [0.1, 0.2], 10)
    with pytest.raises(DesignError, match="no two rows to compare"):
        concordance(outcome_array([0, 0], [10, 10]), [0.1, 0.2], 10)


def test_concordance_refuses_unknown_methods_and_infinite_scores() -> None:
    with pytest.raises(UsageError, match="no method 'somers'; expected one of uno, harrell"):
        concordance(Y, [0.1, 0.1, 0.2, 0.3], 10, "somers")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="4 numbers, one a row"):
        concordance(Y, [0.1, np.inf, 0.2, 0.3], 10)


def test_index_dates_whose_horizon_is_not_covered_are_not_validated() -> None:
    whole = cohort()
    partly = replace(whole, people=whole.people.with_columns(horizon_covered=pl.col("person_id") < 38))
    with pytest.raises(UsageError, match="index dates whose horizon is not covered"):
        validate(np.full(40, 0.3), partly)
    assert validate(np.linspace(0.6, 0.1, 38), partly.covered, draws=2).table["n"].max() == 38


@pytest.mark.parametrize("thresholds", [[], [1.0], [-0.1], [np.nan]])
def test_thresholds_must_be_risks(thresholds: list[float]) -> None:
    with pytest.raises(UsageError, match="thresholds that are not risks"):
        net_benefit(Y, [0.1, 0.2, 0.3, 0.4], thresholds, 10)


def test_harm_and_prevalence_that_cannot_be_are_told_together() -> None:
    with pytest.raises(UsageError) as caught:
        net_benefit(Y, [0.1, 0.2, 0.3, 0.4], [0.1], 10, harm=-1.0, prevalence=1.0)
    assert [problem.found for problem in caught.value.problems] == ["a harm of -1.0", "a prevalence of 1.0"]


def test_validate_lists_everything_wrong_with_the_options() -> None:
    with pytest.raises(UsageError) as caught:
        validate(np.full(40, 0.3), cohort(), by=["sex", "age_band"], draws=1, level=90)
    assert len(caught.value.problems) == 4
    assert "people.sex: no such column" in str(caught.value)


def test_validate_lists_everything_wrong_with_the_arrays() -> None:
    with pytest.raises(UsageError) as caught:
        validate(np.full(39, 0.3), cohort(), baseline=np.full(40, 1.3), sample_weight=np.full(40, np.nan))
    assert len(caught.value.problems) == 3


def test_a_weight_for_an_unknown_status_is_refused() -> None:
    lost = cohort().people.with_columns(duration_days=pl.when(pl.col("person_id") == 39).then(50.0).otherwise(100.0))
    people = Cohort(condition="test", people=lost, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=100)
    with pytest.raises(UsageError, match="1 to 4 assessed rows with a weight, lost before the horizon"):
        validate(np.full(40, 0.3), people, sample_weight=np.ones(40))


@pytest.mark.parametrize("outcomes", [0, 4, 5, 9, 31, 36, 40])
def test_too_few_outcomes_or_too_few_without(outcomes: int) -> None:
    with pytest.raises(DesignError, match="fewer than 10 assessed rows"):
        validate(np.full(40, 0.3), cohort(outcomes))


def test_nobody_assessed() -> None:
    nobody = cohort().people.with_columns(assessed=pl.lit(value=False))
    empty = Cohort(condition="test", people=nobody, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=100)
    with pytest.raises(DesignError, match="fewer than 10 assessed rows"):
        validate(np.full(40, 0.3), empty)


def test_folds_that_cannot_be_made() -> None:
    people = pl.DataFrame({"person_id": [1, 2, 3], "area_id": ["a", "a", "b"], "family_id": [1, 1, 1]})
    with pytest.raises(UsageError, match="1 fold"):
        person_folds(people, k=1)
    with pytest.raises(DesignError, match="1 family for 2 folds"):
        person_folds(people, k=2)
    with pytest.raises(DesignError, match="2 areas for 3 folds"):
        area_folds(people, k=3)
    with pytest.raises(DesignError, match="no training rows"):
        area_folds(people, k=2)
