"""What counts as an identity number, on numbers of people who do not exist."""

import polars as pl
import pytest

from riskstrat.intake.identity import identity_columns, masked, refuse_identities


@pytest.mark.parametrize("value", ["20121212-1212", "121212+1212", "201212121212", "1212121212", "701063-2391"])
def test_one_person_is_enough(value: str):
    assert identity_columns(pl.DataFrame({"a": [value]})) == ("a",)


@pytest.mark.parametrize(
    "value",
    [
        "121212-1213",  # wrong check digit
        "121312-1211",  # month 13, right check digit
        "121232-1218",  # day 32, right check digit
        "121292-1215",  # day 92, right check digit
        "221212121212",  # a century that no number has
        "5121212-1212",  # eleven digits
        "201212121212345",  # a longer number
        "SE1212121212A1212121212121212",
        "",
    ],
)
def test_not_one(value: str):
    frame = pl.DataFrame({"a": [value] * 3 + ["x"]})
    expected = ("a",) if value.startswith("SE") else ()
    assert identity_columns(frame) == expected


def test_empty_frames_and_other_types_hold_none():
    assert identity_columns(pl.DataFrame({"a": pl.Series([], dtype=pl.String), "b": [True][:0]})) == ()
    assert identity_columns(pl.DataFrame({"a": [None], "b": [[1]], "c": [b"1212121212"]})) == ()
    refuse_identities(pl.DataFrame({"a": [1]}), "a.csv")


def test_masked_leaves_other_numbers_alone():
    assert masked("a 121212-1212 b 121212-1213 20121212") == "a ******** b 121212-1213 20121212"


@pytest.mark.parametrize("mark", ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u200b-", "\u2011", "\u2014", "\x00"])
def test_marks_that_nobody_sees_hide_no_number(mark: str):
    assert masked(f"a 121212{mark}1212.csv") == "a ********.csv"
    assert masked(f"no{mark}number 2012") == f"no{mark}number 2012"


def test_marks_within_a_number_hide_none_either():
    assert masked("a 20\u200b1212\u206012-1212") == "a ********"
