"""CSV that spreadsheets open: nothing in it is a formula, and numbers stay numbers."""

import csv
import io
import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.disclosure import to_csv
from riskstrat.disclosure.spreadsheets import without_marks
from riskstrat.errors import printable

FORMULAS = ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "\t=1", " =1", "＝1", "\u202e=1", "=", "-", "\r\n=1", "+46 8 abc"]
NUMBERS = ["-3", "+4", "-3,5", "-0.5 %", "-1 234"]


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe_as_cell_and_as_heading(text: str):
    heading, cell = cells(to_csv(pl.DataFrame({text: [text]})))
    assert heading[0].startswith("'")
    assert cell[0].startswith("'")


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_written_as_text_stays(text: str):
    assert cells(to_csv(pl.DataFrame({"change": [text]})))[1] == [text]


def test_categories_are_texts_too_and_numbers_are_not_touched():
    frame = pl.DataFrame({"a": ["=1", None], "b": [-1.5, None]}, schema_overrides={"a": pl.Categorical})
    assert to_csv(frame) == "a,b\n'=1,-1.5\n,\n"
    assert to_csv(frame, separator=";", decimal_comma=True).splitlines()[1] == "'=1;-1,5"


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=12))
def test_no_text_is_read_as_a_formula_or_hides_anything(text: str):
    written = cells(to_csv(pl.DataFrame({"name": [text, "x"]})))[1]
    cell = written[0] if written else ""
    assert cell == printable(cell)
    assert cell.lstrip()[:1] not in set("=@＝＠")


def test_messages_and_tables_leave_out_the_same_marks():
    assigned = [mark for mark in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(mark) not in {"Cn", "Cs"}]
    left = pl.DataFrame({"mark": assigned}).select(without_marks(pl.col("mark"))).to_series()
    assert [hex(ord(mark)) for mark, seen in zip(assigned, left, strict=True) if printable(mark) != seen] == []
    hidden = "\N{HANGUL FILLER}\N{COMBINING GRAPHEME JOINER}\N{VARIATION SELECTOR-16}\N{TAG LATIN SMALL LETTER A}"
    assert printable(f"Nor{hidden}r\N{BRAILLE PATTERN BLANK}") == "Norr"
