from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import RiskstratError, UsageError
from riskstrat.explanation import explain, reasons
from riskstrat.explanation.groups import sum_problems
from riskstrat.explanation.risk_scale import on_risk_scale
from riskstrat.numerics.links import LOGIT
from riskstrat.recalibration import InTheLarge, RecalibratedLink
from riskstrat.records.explanation import Explanation

X = pl.DataFrame({"age": [1.0, 2.0, 3.0]})
VALUES = np.array([[1.0], [2.0], [3.0]])


class Model:
    """A model whose explainer may lie."""

    features_, link = ("age",), LOGIT

    def __init__(self, values: np.ndarray, off: float = 0.0) -> None:
        self.values, self.off = values, off

    def contributions(self, X: pl.DataFrame) -> tuple[np.ndarray, float]:
        return self.values[: X.height], -2.0

    def predict_risk(self, X: pl.DataFrame) -> np.ndarray:
        return 1 / (1 + np.exp(-(X["age"].to_numpy() - 2.0 + self.off)))


def test_contributions_that_do_not_add_up_are_refused_with_how_far_off() -> None:
    with pytest.raises(RiskstratError, match=r"in 3 of 3 rows, by up to .*within 1e-06") as caught:
        explain(Model(VALUES, off=0.01), X)
    assert "0.01" in str(caught.value)


def test_one_wrong_row_is_enough() -> None:
    wrong = VALUES + np.array([[0.0], [0.0], [5.0]])
    with pytest.raises(RiskstratError, match="in 1 of 3 rows"):
        explain(Model(wrong), X)


def test_contributions_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(RiskstratError, match="in 1 of 3 rows"):
        explain(Model(np.array([[1.0], [np.nan], [3.0]])), X)


def test_rounding_is_accepted() -> None:
    assert explain(Model(VALUES.astype(np.float32) * (1 + 1e-8)), X).values.dtype == np.float64


@pytest.mark.parametrize("values", [np.ones((2, 1)), np.ones((3, 2)), np.ones(3)])
def test_contributions_of_another_shape_are_refused(values: np.ndarray) -> None:
    with pytest.raises(UsageError, match="contributions of shape"):
        explain(Model(values), X)


def test_labels_of_other_rows_are_refused() -> None:
    why = Explanation(values=VALUES, baseline=0.0, features=("age",), families=("age_sex",), link="logit")
    with pytest.raises(UsageError, match="labels of 2 rows"):
        why.by_group(["a", "b"])


@pytest.mark.parametrize("rows", [3, [], [0, 7], [True, False]])
def test_reasons_of_nobody(rows: object) -> None:
    why = Explanation(values=VALUES, baseline=0.0, features=("age",), families=("age_sex",), link="logit")
    with pytest.raises(UsageError, match="no such rows"):
        reasons(why, np.array(rows) if rows == [True, False] else rows)  # type: ignore[arg-type]


def test_a_recalibrated_risk_needs_a_recalibrated_baseline() -> None:
    values, shifted = np.array([[0.5]]), 1 / (1 + np.exp(2.0 - 0.5 - 0.3))
    with pytest.raises(UsageError, match="the link that includes the recalibration"):
        on_risk_scale(values, -2.0, np.array([shifted]), LOGIT)
    level = InTheLarge(shift=0.3, standard_error=0.1)
    recalibrated = RecalibratedLink(link=LOGIT, recalibration=level)
    assert on_risk_scale(values, -2.0, np.array([shifted]), recalibrated).shape == (1, 1)
    assert on_risk_scale(values, -1.7, np.array([shifted]), LOGIT).shape == (1, 1)
    with pytest.raises(UsageError, match="rows"):
        on_risk_scale(values, -2.0, np.array([0.1, 0.2]), LOGIT)


def test_contributions_that_do_not_add_up_to_risks_are_told():
    found = sum_problems(np.array([0.1, 0.2]), np.full(2, 0.1), np.zeros((2, 1)))
    assert [problem.found for problem in found] == ["contributions that miss the risks by up to 0.1"]
    assert sum_problems(np.array([0.1, 0.2]), np.full(2, 0.1), np.array([[0.0], [0.1]])) == []
