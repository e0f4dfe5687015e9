"""Published rounding rules: midpoint-6 and that of ehrQL's measures."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from riskstrat.disclosure import PRESETS, Disclosure, Table, release


def shown(counts: list[int], rule: Disclosure) -> list[int | None]:
    frame = pl.DataFrame({"group": range(len(counts)), "people": counts})
    exact = replace(rule, protection="none")
    return release(Table(frame, dimensions="group", counts="people"), exact).frame["people"].to_list()


def test_midpoint6() -> None:
    assert shown([0, 1, 6, 7, 12, 13], PRESETS["midpoint6"]) == [0, 3, 3, 9, 9, 15]
    assert shown([6, 7, 12, 13, 18], Disclosure(min_count=5, rounding="midpoint6")) == [3, 9, 9, 15, 15]


def test_ehrql_seven_or_fewer_to_zero_then_to_the_nearest_five() -> None:
    assert shown([0, 1, 6, 7, 8, 12, 13], PRESETS["ehrql"]) == [0, 0, 0, 0, 10, 10, 15]


def test_base_five_rounds_to_the_nearest() -> None:
    assert shown([0, 5, 7, 8, 12, 13], Disclosure(min_count=5, rounding=5)) == [0, 5, 5, 10, 10, 15]


def test_ehrql_against_its_own_cases() -> None:
    """Counts of 6, 7 and 8 in the unit tests of ehrQL's measures become 0, 0 and 10."""
    assert shown([6, 7, 8], PRESETS["ehrql"]) == [0, 0, 10]
