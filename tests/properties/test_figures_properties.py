"""What holds for every number, every area and every text."""

import re

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.figures import Numbers
from riskstrat.figures.numbers import decimals_carried
from riskstrat.figures.tables import table_html
from riskstrat.reports.page import unbroken

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)
WIDTHS = st.floats(1e-6, 1e6)


def read(written: str) -> float:
    return float(written.replace("\N{NO-BREAK SPACE}", "").replace(",", ".").replace("\N{MINUS SIGN}", "-"))


@given(NUMBERS, st.integers(-3, 4))
def test_a_written_number_reads_back_as_the_rounded_one(value: float, decimals: int):
    written = Numbers("sv").number(value, decimals)
    assert read(written) == round(value, decimals) + 0.0
    assert not re.search(r"[ \-.]", written)
    assert written != "\N{MINUS SIGN}0"


@given(NUMBERS, WIDTHS, st.floats(0, 1))
def test_an_interval_spans_at_least_six_steps_of_its_last_digit(lower: float, width: float, share: float):
    upper = lower + width
    step = 10.0 ** -decimals_carried(lower + share * width, lower, upper)
    assert upper - lower >= 6 * step * (1 - 1e-9) or upper == lower
    assert upper - lower < 60 * step * (1 + 1e-9)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_becomes_markup_in_a_table(text: str):
    html = table_html(pl.DataFrame({"a": [text]}), "t")
    assert not re.search(r"<(?!/?(table|thead|tbody|tr|th|td)\b)", html)


@given(st.text(max_size=40))
def test_joining_intervals_changes_nothing_that_is_seen(text: str):
    assert unbroken(text).replace("\N{WORD JOINER}", "") == text.replace("\N{WORD JOINER}", "")
