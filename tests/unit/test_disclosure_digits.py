"""Digits by type: steps that intervals carry, classes without an end, payers that add up."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.disclosure import (
    CASES,
    MONEY,
    PRESETS,
    PROBABILITY,
    SHARE,
    ByInterval,
    Disclosure,
    Figures,
    Step,
    Table,
    release,
)
from riskstrat.disclosure.digits import in_digits

ROUNDED = Disclosure(protection="suppression")
MANY = 10_000


def shown(values: dict[str, list[object]], **digits: object) -> dict[str, list[object]]:
    frame = pl.DataFrame({"row": range(len(next(iter(values.values())))), **values, "people": MANY})
    derived = dict.fromkeys(values, "people")
    table = Table(frame, dimensions="row", unshown=("people",), derived=derived, digits=digits)
    return release(table, ROUNDED).frame.drop("row").to_dict(as_series=False)


@pytest.mark.parametrize(
    ("estimate", "lower", "upper", "expected"),
    [
        (0.12345, 0.0871, 0.1623, (0.12, 0.08, 0.16)),
        (1.07, 0.9, 1.24, (1.1, 0.9, 1.2)),
        (1.0666, 1.0601, 1.0701, (1.066, 1.06, 1.07)),
        (464_123.0, 277_321.0, 998_543.0, (400_000.0, 200_000.0, 1_000_000.0)),
        (-0.0001, -0.05, 0.05, (0.0, -0.04, 0.04)),
    ],
)
def test_estimate_and_limits_share_a_step_that_the_interval_carries(
    estimate: float, lower: float, upper: float, expected: tuple[float, float, float]
):
    found = shown({"risk": [estimate], "lower": [lower], "upper": [upper]}, risk=ByInterval("lower", "upper"))
    assert (found["risk"][0], found["lower"][0], found["upper"][0]) == expected


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_the_step_is_1_2_or_5_and_no_finer_than_a_fifth_of_the_interval(middle: float, width: float):
    frame = pl.DataFrame({"x": [middle], "lower": [middle - width / 2], "upper": [middle + width / 2]})
    table = Table(
        frame.with_columns(row=pl.lit(1)),
        dimensions="row",
        public=("x", "lower", "upper"),
        digits={"x": ByInterval("lower", "upper")},
    )
    row = release(table, ROUNDED).frame.row(0, named=True)
    fifth = (frame["upper"] - frame["lower"]).item() / 5
    steps = [times * 10.0 ** math.floor(math.log10(fifth)) for times in (1, 2, 5, 10)]
    step = next(each for each in steps if each >= fifth * (1 - 1e-12))
    for name in ("x", "lower", "upper"):
        assert abs(row[name] - frame[name].item()) <= step / 2 * (1 + 1e-6) + 1e-6 * abs(middle)
        assert row[name] == pytest.approx(round(row[name] / step) * step, rel=1e-9, abs=1e-9)


def test_a_number_whose_interval_has_no_width_has_two_figures():
    found = shown({"x": [0.12345], "lower": [0.12345], "upper": [0.12345]}, x=ByInterval("lower", "upper"))
    assert found["x"] == [0.12]


def test_probabilities_near_the_ends_are_one_class():
    assert shown({"p": [0.0, 0.003, 0.049, 0.512, 0.951, 0.999, 1.0]}, p=PROBABILITY)["p"] == [
        0.05,
        0.05,
        0.05,
        0.5,
        0.95,
        0.95,
        0.95,
    ]


def test_cases_are_whole_shares_are_per_cent_and_metrics_have_two_figures():
    found = shown(
        {"cases": [12.51], "share": [0.12345], "brier": [0.081234]}, cases=CASES, share=SHARE, brier=Figures(2)
    )
    assert found == {"cases": [13.0], "share": [0.12], "brier": [0.081]}


def test_payers_add_up():
    payer = ["region", "municipality", "state", "all"]
    frame = pl.DataFrame({"payer": payer, "sek": [140_000.0, 140_000.0, 140_000.0, 420_000.0], "people": MANY})
    digits = {"sek": Step(MONEY.size, total=("payer", "all"))}
    table = Table(frame, dimensions="payer", unshown=("people",), derived={"sek": "people"}, digits=digits)
    sek = release(table, ROUNDED).frame["sek"].to_list()
    assert sek == [200_000.0, 100_000.0, 100_000.0, 400_000.0]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-3e6, 3e6), min_size=1, max_size=6))
def test_parts_add_up_to_their_rounded_total_and_move_by_less_than_a_step(parts: list[float]):
    payer = [*(f"P{number}" for number in range(len(parts))), "all"]
    frame = pl.DataFrame({"payer": payer, "sek": [*parts, sum(parts)]})
    table = Table(frame, dimensions="payer", public=("sek",), digits={"sek": Step(1e5, total=("payer", "all"))})
    sek = release(table, ROUNDED).frame["sek"].to_list()
    assert sum(sek[:-1]) == pytest.approx(sek[-1])
    assert all(abs(after - before) <= 1e5 + 1e-3 for before, after in zip(parts, sek, strict=False))


def test_work_inside_keeps_its_digits():
    frame = pl.DataFrame({"metric": ["auc"], "estimate": [0.7123456789]})
    table = Table(frame, dimensions="metric", public=("estimate",), digits={"estimate": Figures(2)})
    assert release(table, PRESETS["none"]).frame["estimate"].to_list() == [0.7123456789]


def test_parts_add_up_within_each_group_whatever_the_order_of_rows():
    rows = [("b", "x", 0.4), ("a", "all", 0.8), ("a", "x", 0.4), ("b", "all", 1.4), ("a", "y", 0.4), ("b", "y", 1.0)]
    frame = pl.DataFrame(rows, schema=["budget", "payer", "sek"], orient="row")
    shown = frame.with_columns(in_digits(frame, {"sek": Step(1.0, total=("payer", "all"), within="budget")}))
    assert shown.select("budget", "payer").equals(frame.select("budget", "payer"))
    for budget, total in (("a", 1.0), ("b", 1.0)):
        here = shown.filter(budget=budget)
        assert here.filter(payer="all")["sek"].item() == here.filter(pl.col("payer") != "all")["sek"].sum() == total
