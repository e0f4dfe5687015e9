"""Identity numbers are found in whatever spelling; keys, dates and telephone numbers are not taken for them."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.errors import ContractError
from riskstrat.intake.identity import identity_columns, refuse_identities

SPELLINGS = {
    "twelve": lambda born, last: f"{born:%Y%m%d}{last}",
    "twelve with a sign": lambda born, last: f"{born:%Y%m%d}-{last}",
    "ten": lambda born, last: f"{born:%y%m%d}{last}",
    "ten with a sign": lambda born, last: f"{born:%y%m%d}-{last}",
    "a hundred years old": lambda born, last: f"{born:%y%m%d}+{last}",
    "a dash as word processors write it": lambda born, last: f"{born:%y%m%d}–{last}",
    "blanks around": lambda born, last: f"  {born:%Y%m%d}-{last} ",
    "blanks within": lambda born, last: f"{born:%Y%m%d} {last}",
    "blanks everywhere": lambda born, last: " ".join(f"{born:%Y%m%d}{last}"),
    "hard blanks": lambda born, last: f"{born:%Y%m%d}\u00a0-\u00a0{last}",
    "a hyphen that does not break": lambda born, last: f"{born:%y%m%d}\u2011{last}",
    "a long dash": lambda born, last: f"{born:%Y%m%d}\u2014{last}",
    "a full-width hyphen": lambda born, last: f"{born:%Y%m%d}\uff0d{last}",
    "a mark of no width in place of the sign": lambda born, last: f"{born:%Y%m%d}\u200b{last}",
    "marks of no width anywhere": lambda born, last: f"\ufeff{born:%Y}\u2060{born:%m%d}\u200d-\u00ad{last}\u200e",
    "a mark of no width within a text": lambda born, last: f"pnr {born:%y%m%d}\u200b-{last}, tel 070 123 45 67",
    "tags and fillers": lambda born, last: f"{born:%Y%m}\U000e0041{born:%d}\u115f-\u2800{last}",
    "a number turned text": lambda born, last: f"{born:%Y%m%d}{last}.0",
    "within a text": lambda born, last: f"pnr {born:%y%m%d}-{last}, tel 070 123 45 67",
}

births = st.dates(date(1890, 1, 1), date(2024, 12, 31))


def luhn(nine: str) -> int:
    """The check digit as one counts it by hand: every other digit twice, digits of the products summed."""
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(nine))
    return -total % 10


@st.composite
def people(draw: st.DrawFn, size: int) -> list[tuple[date, str]]:
    drawn = []
    for born in draw(st.lists(births, min_size=size, max_size=size, unique=True)):
        number = f"{draw(st.integers(0, 999)):03d}"
        drawn.append((born, number + str(luhn(f"{born:%y%m%d}{number}"))))
    return drawn


def spelled(drawn: list[tuple[date, str]], spelling: str) -> list[str]:
    return [SPELLINGS[spelling](born, last) for born, last in drawn]


def co_ordination(born: date, number: str) -> str:
    nine = f"{born:%y%m}{born.day + 60}{number}"
    return f"{born:%Y}"[:2] + nine + str(luhn(nine))


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_found_in_every_spelling(spelling: str, data: st.DataObject):
    values = spelled(data.draw(people(12)), spelling)
    assert identity_columns(pl.DataFrame({"a": [1] * 12, "b": values})) == ("b",)


@settings(deadline=None, max_examples=15)
@given(people(12))
def test_found_as_whole_numbers_and_as_floats_with_holes(drawn: list[tuple[date, str]]):
    twelve = [int(value) for value in spelled(drawn, "twelve")]
    ten = [int(value) for value in spelled(drawn, "ten") if value[:2] != "00"]
    frame = pl.DataFrame({"twelve": twelve, "holes": [float(value) for value in twelve[:6]] + [None] * 6})
    assert identity_columns(frame) == ("twelve", "holes")
    assert identity_columns(pl.DataFrame({"ten": ten})) == (("ten",) if ten else ())


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(births, st.integers(0, 999)), min_size=12, max_size=12, unique=True))
def test_co_ordination_numbers_are_found(drawn: list[tuple[date, int]]):
    values = [co_ordination(born, f"{number:03d}") for born, number in drawn]
    assert identity_columns(pl.DataFrame({"a": values}).lazy()) == ("a",)


@settings(deadline=None, max_examples=15)
@given(people(3))
def test_found_in_a_column_that_is_mostly_empty_or_of_other_keys(drawn: list[tuple[date, str]]):
    values = spelled(drawn, "ten with a sign")
    empty = pl.DataFrame({"a": [*values, *[None] * 500, *[""] * 500]})
    mixed = pl.DataFrame({"a": [*values, *[f"A{i}" for i in range(1_000)]]})
    assert identity_columns(empty) == identity_columns(mixed) == ("a",)


@settings(deadline=None, max_examples=15)
@given(people(20), st.integers(0, 9))
def test_most_right_is_enough(drawn: list[tuple[date, str]], wrong: int):
    values = spelled(drawn, "twelve")
    mistyped = [value[:-1] + str((int(value[-1]) + 1) % 10) for value in values[:wrong]]
    assert identity_columns(pl.DataFrame({"a": [*mistyped, *values[wrong:]]})) == ("a",)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_other_numbers_are_not_taken_for_them(seed: int):
    rng = np.random.default_rng(seed)
    days = pl.date_range(date(1900, 1, 1), date(2024, 12, 31), eager=True).sample(400, seed=seed % 2**31)
    minute = pl.Series(rng.integers(0, 1_440, 400))
    companies = rng.integers(2 * 10**7, 10**8, 400)
    clock = minute // 60 * 100 + minute % 60
    frame = pl.DataFrame(
        {
            "LopNr": rng.permutation(10**6)[:400] + 1,
            "LopNr_text": [str(i) for i in rng.integers(1, 10**7, 400)],
            "ten_digits": rng.integers(10**9, 10**10, 400),
            "ten_digits_text": [str(i) for i in rng.integers(10**9, 10**10, 400)],
            "twelve_digits": rng.integers(10**11, 10**12, 400),
            "INDATUM": days.dt.strftime("%Y%m%d"),
            "INDATUM_number": days.dt.strftime("%Y%m%d").cast(pl.Int64),
            "date": days.dt.strftime("%Y-%m-%d"),
            "point_in_time": days.dt.strftime("%Y%m%d") + clock.cast(pl.String).str.zfill(4),
            "mobile": [f"07{i:08d}" for i in rng.integers(0, 10**8, 400)],
            "landline": [f"08-{i:07d}" for i in rng.integers(0, 10**7, 400)],
            "company": [f"55{i // 10**6:02d}{i // 10**4 % 100:02d}-{i % 10**4:04d}" for i in companies],
            "diagnosis": ["I219", "J45-P"] * 200,
            "value": rng.normal(size=400),
        }
    )  # fmt: skip
    assert identity_columns(frame) == ()


@settings(deadline=None, max_examples=15)
@given(people(5))
def test_a_refusal_names_file_and_column_and_no_value(drawn: list[tuple[date, str]]):
    values = spelled(drawn, "ten with a sign")
    heading, *rest = values
    frame = pl.DataFrame({"KON": [1] * 4, "PersonNr": rest, heading: [2] * 4})
    with pytest.raises(ContractError) as rejected:
        refuse_identities(frame, f"PAR_{rest[0]}.csv")
    assert rejected.value.exit_code == 3
    assert [problem.column for problem in rejected.value.problems] == ["PersonNr", "column 3"]
    assert not any(value in str(rejected.value) for value in values)
