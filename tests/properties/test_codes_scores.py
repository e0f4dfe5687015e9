"""The Hospital Frailty Risk Score agrees with counting by hand, whatever the order and the repetitions."""

from random import Random

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.codes import hfrs, score

POINTS = {item.name: item.points for item in score("hfrs").items}
codes = st.one_of(
    st.builds("{}{}".format, st.sampled_from(sorted(POINTS)), st.sampled_from(["", "0", "19", "9X"])),
    st.sampled_from(["I10", "I109", "Z00", "F02", "W20", "A"]),
)
diagnoses = st.lists(st.tuples(st.integers(1, 6), codes), max_size=60)


def by_hand(rows: list[tuple[int, str]]) -> dict[int, float]:
    found: dict[int, set[str]] = {person: set() for person, _ in rows}
    for person, code in rows:
        found[person] |= {code[:3]} & POINTS.keys()
    return {person: sum(POINTS[category] for category in categories) for person, categories in found.items()}


def frame(rows: list[tuple[int, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"person_id": pl.Int64, "code": pl.String}, orient="row")


@settings(deadline=None)
@given(rows=diagnoses)
def test_hfrs_agrees_with_counting_by_hand(rows: list[tuple[int, str]]):
    assert dict(hfrs(frame(rows)).iter_rows()) == pytest.approx(by_hand(rows))


@settings(deadline=None)
@given(rows=diagnoses, order=st.randoms())
def test_order_and_repetition_change_nothing(rows: list[tuple[int, str]], order: Random):
    shuffled = rows * 2
    order.shuffle(shuffled)
    assert hfrs(frame(shuffled)).equals(hfrs(frame(rows)))


@settings(deadline=None)
@given(rows=diagnoses, more=diagnoses)
def test_no_diagnosis_takes_points_of_frailty_away(rows: list[tuple[int, str]], more: list[tuple[int, str]]):
    before, after = dict(hfrs(frame(rows)).iter_rows()), dict(hfrs(frame(rows + more)).iter_rows())
    assert all(after[person] >= points for person, points in before.items())
