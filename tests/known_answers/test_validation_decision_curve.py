"""Net benefit as printed by dcurves, for a binary and for a censored outcome."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from reference_files import REFERENCE
from riskstrat.validation import net_benefit, outcome_array

CURVES = REFERENCE / "decision_curve"


def check(found: pl.DataFrame, answer: pl.DataFrame) -> None:
    strategies = {"famhistory": "model", "all": "all", "none": "none"}
    for name, strategy in strategies.items():
        ours, theirs = found.filter(strategy=strategy), answer.filter(variable=name)
        np.testing.assert_allclose(ours["net_benefit"], theirs["net_benefit"].cast(float), atol=1e-10)
        np.testing.assert_allclose(ours["true_positive_share"], theirs["tp_rate"].cast(float), atol=1e-10)
        np.testing.assert_allclose(ours["false_positive_share"], theirs["fp_rate"].cast(float), atol=1e-10)


def test_censored_outcome() -> None:
    people = pl.read_csv(CURVES / "censored.csv")
    answer = pl.read_csv(CURVES / "censored_answer.csv", infer_schema_length=None, null_values="NA")
    y = outcome_array(people["cancer"].cast(int), people["ttcancer"])
    check(net_benefit(y, people["famhistory"].cast(float), thresholds(answer), 1.5), answer)


def test_binary_outcome() -> None:
    people = pl.read_csv(CURVES / "binary.csv")
    answer = pl.read_csv(CURVES / "binary_answer.csv", infer_schema_length=None, null_values="NA")
    y = outcome_array(people["cancer"], np.ones(people.height))
    found = net_benefit(y, people["famhistory"].cast(float), thresholds(answer), 1)
    check(found, answer)
    printed = json.loads((CURVES / "printed.json").read_text())["family_history_net_benefit"]
    for threshold, value in printed.items():
        row = found.filter(pl.col("strategy") == "model", (pl.col("threshold") - float(threshold)).abs() < 1e-9)
        assert row["net_benefit"][0] == pytest.approx(value, abs=5e-7)


def test_harm_and_interventions_avoided() -> None:
    """Dcurves takes harm from the model alone, and measures what is avoided by what acting on all would give."""
    people = pl.read_csv(CURVES / "binary.csv")
    y, risk = outcome_array(people["cancer"], np.ones(people.height)), people["famhistory"].cast(float)
    plain, costly = (net_benefit(y, risk, [0.05, 0.1], 1, harm=harm) for harm in (0.0, 0.01))
    lost = plain["net_benefit"] - costly["net_benefit"]
    assert lost.to_list() == pytest.approx([0.01, 0.01, 0, 0, 0, 0])
    printed = json.loads((CURVES / "printed.json").read_text())["family_history_net_benefit"]
    at_ten = plain.filter(strategy="model")["interventions_avoided"][1]
    # 105 of 750 have cancer: (net benefit - (0.14 - 0.86 / 9)) * 9.
    assert at_ten == pytest.approx((printed["0.10"] - (0.14 - 0.86 / 9)) * 9, abs=1e-5)
    assert plain.filter(strategy="none")["interventions_avoided"][1] == pytest.approx(1 - 0.14 / 0.1)


def test_another_prevalence_is_that_of_controls_drawn_again() -> None:
    """Controls taken four times over make the outcome rarer and leave both shares within cases and controls."""
    people = pl.read_csv(CURVES / "binary.csv")
    more = pl.concat([people, *[people.filter(cancer=0)] * 3])
    at = [0.02, 0.05, 0.1]
    expected = net_benefit(outcome_array(more["cancer"], np.ones(more.height)), more["famhistory"].cast(float), at, 1)
    y = outcome_array(people["cancer"], np.ones(people.height))
    found = net_benefit(y, people["famhistory"].cast(float), at, 1, prevalence=more["cancer"].mean())
    for column in ("net_benefit", "true_positive_share", "false_positive_share", "interventions_avoided"):
        np.testing.assert_allclose(found[column], expected[column], atol=1e-12)


def thresholds(answer: pl.DataFrame) -> np.ndarray:
    # dcurves moves a threshold of 0 up by the smallest number, so that risks of 0 are not acted on.
    return np.maximum(answer.filter(variable="all")["threshold"].to_numpy(), np.finfo(float).eps)
