"""However a number, a code or a letter is written, it means the same, or it is refused."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.intake.numbers import as_text, as_whole, plain, plain_word, without_decimals
from riskstrat.intake.raw_extracts.cleaning import cleaned, filled, is_day_number
from riskstrat.intake.raw_extracts.mapping import Column
from riskstrat.intake.raw_extracts.shipped import mappings
from riskstrat.intake.raw_extracts.text import REPLACED, dialect_of, text_frames
from riskstrat.registers.days import STILL, ended, stands_for_unknown

VOCABULARIES = {
    f"{each.name}.{name}": column
    for each in mappings()
    for one in each.inputs.values()
    for name, column in one.columns.items()
    if column.recode
}
WHOLE = st.integers(0, 2**63 - 1)


@st.composite
def written(draw: st.DrawFn, number: int) -> str:
    sign, zeros = draw(st.sampled_from(["", "+"])), "0" * draw(st.integers(0, 3))
    decimals = draw(st.sampled_from(["", ".0", ",0", ".00", ",000"]))
    return f"{sign}{zeros}{number}{decimals}"


def read(column: Column, *texts: str | None) -> pl.DataFrame:
    """The values of a column, and whether each was refused."""
    cells = pl.DataFrame({"a": pl.Series(texts, dtype=pl.String)}).select(filled(column, pl.col("a")))
    found = cleaned(column, cells)
    refused = pl.DataFrame(
        [pl.Series("none", [False] * len(texts)), *(found.set_to_null[n].alias(n) for n in found.set_to_null)]
    )
    return pl.DataFrame(
        [found.value.alias("value"), refused.select(pl.any_horizontal(pl.all())).to_series().alias("lost")]
    )


@pytest.mark.parametrize("name", VOCABULARIES)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_every_vocabulary_reads_every_spelling_and_refuses_the_rest(name: str, data: st.DataObject):
    column = VOCABULARIES[name]
    numbers = [word for word in column.recode if word.isdigit()]
    if numbers:
        word = data.draw(st.sampled_from(numbers))
        values = read(column, word, data.draw(written(int(word))))["value"]
        assert values[0] == values[1] is not None
    known = {plain_word(word) for word in (*column.recode, *column.missing)} | {"", "na", "n/a", "null", "."}
    other = data.draw(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=4))
    if plain_word(other) not in known and other.lower() == plain_word(other):
        assert read(column, other).rows() == [(None, True)]


@settings(deadline=None, max_examples=50)
@given(st.data(), WHOLE)
def test_keys_are_exact_in_every_spelling(data: st.DataObject, number: int):
    text = data.draw(written(number))
    key = Column(names=("a",), kind="key", status="memory")
    assert read(key, text).rows() == [(number, False)]
    assert pl.select(as_whole(pl.lit(text), pl.String())).item() == number
    assert pl.select(plain(pl.lit(text))).item() == str(number) == plain_word(text)


@settings(deadline=None, max_examples=50)
@given(st.floats(0, 1e20), st.sampled_from([pl.Float32(), pl.Float64()]))
def test_a_float_is_a_key_only_where_no_other_number_is_the_same_float(number: float, dtype: pl.DataType):
    frame = pl.DataFrame({"a": pl.Series([number], dtype=dtype)})
    found = frame.select(as_whole(pl.col("a"), dtype)).item()
    exact = frame["a"].item()
    key = Column(names=("a",), kind="key", status="memory")
    assert read(key, frame.select(as_text(pl.col("a"), dtype)).item())["value"].item() == found
    if found is None:
        assert exact != int(exact) or exact >= (2**24 if dtype == pl.Float32 else 2**53)
    else:
        assert found == exact
        assert pl.Series([found + 1], dtype=dtype).item() != exact


@settings(deadline=None, max_examples=50)
@given(st.text("0123456789.,e+-x", min_size=1, max_size=8))
def test_what_is_no_whole_number_is_no_key_and_stays_the_text_that_it_is(text: str):
    whole = pl.select(as_whole(pl.lit(text), pl.String())).item()
    kept = pl.select(without_decimals(pl.lit(text))).item()
    assert (whole is None) == (not plain_word(text).removeprefix("-").isdigit())
    assert kept == text or (text.startswith(kept) and set(text[len(kept) :]) <= set(".,0") and kept.isdigit())


DATES = Column(names=("a",), kind="date", status="memory")
DAYS = st.dates(date(1910, 1, 1), date(2030, 12, 31))
FORMS = ["{:%Y%m%d}", "{:%Y-%m-%d}", "{:%Y%m%d}.0", "{:%Y%m%d},0", "{:%Y-%m-%d} 00:00:00"]


@settings(deadline=None, max_examples=50)
@given(DAYS, st.sampled_from(FORMS))
def test_a_day_is_the_same_in_every_form(day: date, form: str):
    assert read(DATES, form.format(day)).rows() == [(day, False)]


@settings(deadline=None, max_examples=50)
@given(st.dates(STILL, date.max), st.sampled_from(FORMS))
def test_a_day_that_never_comes_is_never_a_day(day: date, form: str):
    frame = pl.DataFrame({"a": [day]})
    assert frame.select(stands_for_unknown(pl.col("a"))).item()
    assert frame.select(ended(pl.col("a"))).item() is None
    assert read(DATES, form.format(day)).rows() == [(None, True)]


@settings(deadline=None, max_examples=50)
@given(st.lists(DAYS, min_size=5, max_size=30, unique=True), st.sampled_from([date(1960, 1, 1), date(1899, 12, 30)]))
def test_day_numbers_are_told_from_dates_and_read_where_they_are_declared(days: list[date], epoch: date):
    numbers = [str((day - epoch).days) for day in days]
    recent = [(day - epoch).days for day in days if (day - epoch).days > 2_100]
    texts = pl.DataFrame({"a": [str(number) for number in recent]}, schema={"a": pl.String})
    assert texts.select(is_day_number(pl.col("a"))).to_series().all()
    for form in ("%Y%m%d", "%Y-%m-%d", "%Y%m", "%Y"):
        told = pl.DataFrame({"a": [f"{day:{form}}" for day in days]}).select(is_day_number(pl.col("a")))
        assert not told.to_series().any()
    declared = DATES.model_copy(update={"days_since": epoch})
    assert read(declared, *numbers)["value"].to_list() == [epoch + timedelta(days=int(n)) for n in numbers]


SWEDISH = st.text("abcdefåäöÅÄÖ", min_size=2, max_size=6).map(lambda word: f"r{word}r")


@settings(deadline=None, max_examples=30)
@given(
    st.lists(SWEDISH, min_size=3, max_size=20),
    st.sampled_from(["utf-8", "cp1252", "cp850", "mac_roman", "utf-16"]),
    st.sampled_from(["NFC", "NFD"]),
)
def test_swedish_text_is_read_as_it_was_meant(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], encoding: str, form: str
):
    form = form if encoding.startswith("utf") else "NFC"
    path: Path = tmp_path_factory.getbasetemp() / "text.csv"
    path.write_bytes(
        unicodedata.normalize(form, "Kön;längd\n" + "".join(f"{word};1\n" for word in words)).encode(encoding)
    )
    dialect = dialect_of(path, lambda name: name in {"Kön", "längd"})
    assert dialect.header == ("Kön", "längd")
    found = pl.concat(text_frames(path, dialect))["column_0"]
    assert found.str.normalize("NFC").to_list() == words


@settings(deadline=None, max_examples=30)
@given(st.lists(SWEDISH, min_size=4, max_size=12), st.data(), st.sampled_from([0x80, 0xE5, 0xFF, 0xC3]))
def test_one_bad_byte_costs_one_cell(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], data: st.DataObject, byte: int
):
    at = data.draw(st.integers(0, len(words) - 1))
    cells = [word.encode() for word in words]
    cells[at] = cells[at][:1] + bytes([byte]) + cells[at][-1:]
    path: Path = tmp_path_factory.getbasetemp() / "bad.csv"
    path.write_bytes("Kön;längd\nräka;1\nål;1\n".encode() + b"".join(cell + b";1\n" for cell in cells))
    found = pl.concat(text_frames(path, dialect_of(path, lambda name: name == "Kön")))
    broken = found["column_0"].str.contains(REPLACED, literal=True).to_list()[2:]
    assert broken == [n == at for n in range(len(words))]
    assert found["column_1"].to_list() == ["1"] * found.height
