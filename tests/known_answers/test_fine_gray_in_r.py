"""Fine-Gray models against R 4.2: survival 3.5 (finegray, coxph with a cluster) and cmprsk 2.2 (crr)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from reference_files import BESIDE, needs_beside
from riskstrat.estimators import FineGray
from riskstrat.incidence import outcome_array

ROW = np.arange(120)
X = pl.DataFrame({"x": ROW * 29 % 31 / 10, "z": ROW % 2})
EVENT = (ROW * 7 + ROW // 5) % 3
DAY = ROW * 47 % 120 + 1.0
ENTRY = np.where(ROW % 4 == 3, np.minimum(DAY - 1, 10 + ROW * 13 % 17), 0)
WEEK = np.ceil(DAY / 6)
"""The same, with ties."""

CASES: dict[str, tuple[np.ndarray, dict[str, np.ndarray], list[float], list[float]]] = {
    "as it is": (DAY, {}, [0.0115429227543, -0.00946888837481], [0.1602897990427, 0.28029387643672]),
    # crr(cengroup=) gives the same coefficients as finegray(~ strata(z)) here.
    "censoring by strata": (
        DAY,
        {"strata": ROW % 2},
        [0.0121975241619, -0.0211741263861],
        [0.1603570757939, 0.2801782298864],
    ),
    "late entry": (DAY, {"entry": ENTRY}, [0.0182879376127, 0.0881041119955], [0.1609400790240, 0.2865287228819]),
    "ties": (WEEK, {}, [0.0118344395269, 0.00759352387128], [0.1621204347605, 0.28282593162521]),
    "ties and late entry": (
        WEEK,
        {"entry": np.minimum(ENTRY // 6, WEEK - 1)},
        [0.0170508806216, 0.0833748880406],
        [0.1625632255492, 0.2876314935193],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_coefficients_and_robust_errors_equal_coxph_of_finegray(case: str):
    days, given, coefficients, errors = CASES[case]
    found = FineGray(horizon_days=days.max() - 3).fit(X, outcome_array(EVENT, days), **given).coefficients_
    np.testing.assert_allclose(found["coefficient"], coefficients, atol=1e-7)
    np.testing.assert_allclose(found["standard_error"], errors, atol=1e-7)


@needs_beside("reference/survival", "LGPL")
@needs_beside("realdata/nafld", "LGPL")
def test_nafld_equals_the_reference():
    reference = json.loads((BESIDE / "reference/survival/r_survival_reference.json").read_text())
    expected: dict[str, Any] = reference["nafld"]["cvd_finegray"]
    people = pl.read_parquet(BESIDE / "realdata/nafld/nafld_cvd_derived.parquet")
    y = outcome_array(people["ev"].replace_strict({"censor": 0, "cvd": 1, "death": 2}), people["t"])
    found = FineGray(horizon_days=3652.5).fit(people.select(*expected["coef"]), y).coefficients_
    assert found["feature"].to_list() == list(expected["coef"])
    np.testing.assert_allclose(found["coefficient"], list(expected["coef"].values()), atol=1e-6)
    np.testing.assert_allclose(found["standard_error"], list(expected["se_cluster_robust"].values()), atol=1e-6)
