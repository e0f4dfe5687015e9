"""One text at a time: what a cell says in, its value and what was done to it out.

Each kind of column is one function from texts to a `Cleaned`: the values, where they were repaired, where set_to_null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from riskstrat.errors import Problem
from riskstrat.intake.numbers import as_whole, plain, plain_word, without_decimals
from riskstrat.intake.raw_extracts.mapping import CodeSystem, Column, Kind
from riskstrat.intake.raw_extracts.text import REPLACED
from riskstrat.registers.days import STILL, stands_for_unknown

MISSING = ("", "na", "n/a", "null", ".")
"""Texts that mean nothing in every column, in small letters."""

NOT_A_NUMBER, NOT_A_KEY, NOT_A_DATE = "not a number", "not a running number", "not a date"
SENTINEL = "a date that stands for unknown"
MONTH_KNOWN, YEAR_KNOWN = "incomplete date, day unknown", "incomplete date, month unknown"
IMPLAUSIBLE, UNRECOGNISED = "outside the plausible range", "value not recognised"
UNFIT = "bytes that do not fit the file's encoding"
ZERO_RESTORED, NO_AREA = "leading zero restored", "not an area code"
VERSION_STRIPPED = "version stripped from area code"
DAY, MONTH, YEAR = "day", "month", "year"

_DATE = r"^(\d{4})(?:-?(\d{2}))?(?:-?(\d{2}))?(?:[ T][\d:.]*)?(?:[.,]0+)?$"
_FIRST_YEAR, _LAST_YEAR, _NEVER = 1800, 2100, 9999
_DAYS = r"^(-?\d+)(?:[.,]\d+)?$"
_MOST_DAYS = 200_000
"""A day number above it, five centuries after any beginning, is a date without hyphens."""
_STAND_INS = {"first": (1, 1, 1), "middle": (7, 1, 15), "last": (12, 31, 31)}
"""Month and day that stand for an unknown month, and the day that stands for an unknown day."""
_AREA = r"^(\d{3,4}[ABC]\d{4})(?:_.*)?$"

DOTS, PRIMARY, MARKS = "dots or blanks stripped from code", "-P stripped from code", "dagger or star stripped from code"
WRITTEN_AS_NUMBER = "code written as a number"
VERSION, RECOGNISED = "__version", "__recognised"
REPAIRS = (MARKS, PRIMARY, DOTS, WRITTEN_AS_NUMBER)
ICD8, ICD9, ICD10 = "icd8", "icd9", "icd10"
FIRST_ICD9, FIRST_ICD10, LAST_ICD9 = 1987, 1997, 1997
"""Years: Sweden changed to ICD-9 in 1987 and to ICD-10 in 1997 (one region in 1998), so that 1997 has both."""

SHAPES: Mapping[str, str] = {
    ICD10: r"^[A-Z]\d{2}[0-9A-Z]{0,3}$",
    ICD9: r"^(\d{3}|[EV]\d{2,3})[0-9A-Z]{0,2}$",
    ICD8: r"^(\d{3}|[EV]\d{2,3})(,\d{1,2}|\d{0,2})$",
    "atc": r"^[A-Z](\d{2}([A-Z]([A-Z](\d{2})?)?)?)?$",
    "kva": r"^[A-Z]{2}[A-Z0-9]\d{2}$",
}
"""What codes look like. Swedish ICD-9 has letters in the fourth place; ICD-8 may keep its comma."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cleaned:
    """A column's values and their account."""

    value: pl.Series
    """The values, null where there is none."""
    repaired: Mapping[str, pl.Series] = field(default_factory=dict)
    set_to_null: Mapping[str, pl.Series] = field(default_factory=dict)
    """`repaired` and `set_to_null`: rule -> whether the value was changed by it, or lost by it."""
    beside: Mapping[str, pl.Series] = field(default_factory=dict)
    """Further columns: the precision of a date."""


def filled(column: Column, raw: pl.Expr) -> pl.Expr:
    """Give a cell without blanks around it, null where it says nothing."""
    text = raw.str.strip_chars()
    missing = [*MISSING, *map(plain_word, column.missing)]
    small = text.str.to_lowercase()
    numbers = any(each.isdigit() for each in missing)
    return pl.when(~(plain(small) if numbers else small).is_in(missing)).then(text)


def cleaned(column: Column, texts: pl.DataFrame) -> Cleaned:
    """Clean a column.

    `texts` are its cells, a column for each spelling found, the preferred first, as `filled` gives them. In each row
    the first that has a value counts.
    """
    return _KINDS[column.kind](column, texts)


def _key(_: Column, texts: pl.DataFrame) -> Cleaned:
    read = texts.select(text=pl.coalesce(pl.all())).with_columns(number=as_whole(pl.col("text"), pl.String()))
    read = read.with_columns(value=pl.when(pl.col("number") >= 0).then("number"))
    return Cleaned(value=read["value"], set_to_null={NOT_A_KEY: _lost(read)})


def _number(column: Column, texts: pl.DataFrame) -> Cleaned:
    plain = pl.col("meant").str.replace_all(r"[\s\u{a0}]", "").str.replace(",", ".", literal=True)
    number = plain.cast(pl.Float64, strict=False)
    read = _recoded(column, texts).with_columns(number=pl.when(number.is_finite()).then(number))
    valued = read.with_columns(value=pl.col("number") if column.scale == 1 else pl.col("number") * column.scale)
    set_to_null = {
        NOT_A_NUMBER: _flag(valued, pl.col("meant").is_not_null() & pl.col("value").is_null()),
        **_unknown(column, read),
    }
    if column.between is None:
        return Cleaned(value=valued["value"], set_to_null=set_to_null)
    within = pl.col("value").is_between(*column.between)
    set_to_null = {**set_to_null, IMPLAUSIBLE: _flag(valued, ~within)}
    return Cleaned(value=valued.select(pl.when(within).then("value")).to_series(), set_to_null=set_to_null)


def _text(column: Column, texts: pl.DataFrame) -> Cleaned:
    read = _recoded(column, texts)
    return _whole_cells(read["meant"], _unknown(column, read))


def _code(_: Column, texts: pl.DataFrame) -> Cleaned:
    """Codes are cleaned when they have become rows: see `clean_code`."""
    return _whole_cells(texts.select(pl.coalesce(pl.all())).to_series(), {})


def _whole_cells(value: pl.Series, set_to_null: Mapping[str, pl.Series]) -> Cleaned:
    """Give texts without those of which bytes were lost: what they said is not known."""
    broken = value.str.contains(REPLACED, literal=True).fill_null(value=False)
    whole = pl.select(pl.when(~broken).then(value)).to_series()
    return Cleaned(value=whole, set_to_null={**set_to_null, UNFIT: broken})


def _area(column: Column, texts: pl.DataFrame) -> Cleaned:
    code = pl.col("meant").str.to_uppercase().str.extract(_AREA, 1)
    read = _recoded(column, texts).with_columns(code=code).with_columns(short=pl.col("code").str.len_bytes() == 8)
    value = read.select(pl.when("short").then(pl.lit("0") + pl.col("code")).otherwise("code")).to_series()
    lost = _flag(read, pl.col("meant").is_not_null() & pl.col("code").is_null())
    longer = _flag(read, pl.col("meant").str.len_bytes() > pl.col("code").str.len_bytes())
    repaired = {ZERO_RESTORED: read["short"], VERSION_STRIPPED: longer}
    return Cleaned(value=value, repaired=repaired, set_to_null={NO_AREA: lost})


def _date(column: Column, texts: pl.DataFrame) -> Cleaned:
    read = [
        _days(text, column).select(pl.all().name.suffix(f" {number}"))
        for number, text in enumerate(texts.iter_columns())
    ]
    chosen = pl.concat([texts.select(text=pl.coalesce(pl.all())), *read], how="horizontal").select(
        "text",
        *(pl.coalesce(f"^{name} .*$").alias(name) for name in ("value", "precision")),
        *(pl.any_horizontal(f"^{name} .*$").alias(name) for name in ("sentinel", "still")),
    )
    middle = column.incomplete == "middle"
    precision = pl.col("precision")
    return Cleaned(
        value=chosen["value"],
        repaired={
            MONTH_KNOWN: _flag(chosen, (precision == MONTH) & middle),
            YEAR_KNOWN: _flag(chosen, (precision == YEAR) & middle),
        },
        set_to_null={SENTINEL: _lost(chosen) & chosen["sentinel"], NOT_A_DATE: _lost(chosen) & ~chosen["sentinel"]},
        beside={
            "precision": chosen["precision"] if middle else pl.repeat(None, texts.height, dtype=pl.String, eager=True),
            **({"still": chosen["still"]} if column.fallback else {}),
        },
    )


def is_day_number(text: pl.Expr) -> pl.Expr:
    """Whether a text of a column of dates is a number, but no year, month or day.

    SAS and Stata count days from 1960-01-01, Excel from 1899-12-30, SPSS seconds from 1582-10-14.
    """
    number = text.str.extract(_DAYS, 1)
    figures, year = number.str.len_bytes(), number.cast(pl.Int64, strict=False)
    dated = figures.is_in([6, 8]) | year.is_between(_FIRST_YEAR, _LAST_YEAR) | (year == _NEVER)
    return number.is_not_null() & (year != 0) & ~dated


def day_numbers(file: str, column: str) -> Problem:
    """Say that a column of dates holds day numbers."""
    return Problem(
        "numbers of days or seconds, as statistical packages count them",
        "dates",
        "have it delivered as dates, or say days_since in a mapping of your own (docs/intake.md)",
        table=file,
        column=column,
    )


def _counted_days(column: Column) -> pl.Expr:
    """Write day numbers as dates where the column says from when they count."""
    if column.days_since is None:
        return pl.col("text")
    days = pl.col("text").str.extract(_DAYS, 1).cast(pl.Int32, strict=False)
    day = pl.lit(column.days_since) + pl.duration(days=pl.when(days.abs() <= _MOST_DAYS).then(days))
    return pl.coalesce(day.dt.to_string("%Y-%m-%d"), "text")


def _days(text: pl.Series, column: Column) -> pl.DataFrame:
    """Read days from texts, step by step: parts, what is unknown, a possible day, what is known of it."""
    parts = text.alias("text").to_frame().select(_counted_days(column).str.extract_groups(_DATE).struct.unnest())
    numbers = parts.select(
        pl.nth(position).cast(pl.Int32, strict=False).alias(name)
        for position, name in enumerate(("year", "month", "day"))
    )
    far = (pl.col("year") > _LAST_YEAR) & (pl.col("year") != _NEVER) & pl.col("day").is_null()
    numbers = numbers.with_columns(pl.when(~far).then("year").alias("year"))  # a number, not a year
    unknown = numbers.with_columns(no_month=_unknown_part("month"), no_day=_unknown_part("day"))
    month, no_month_day, no_day = _STAND_INS[column.incomplete]
    whole = unknown.with_columns(
        pl.when("no_month").then(month).otherwise("month").alias("month"),
        pl.when("no_month").then(no_month_day).when("no_day").then(no_day).otherwise("day").alias("day"),
    )
    dated = whole.with_columns(first=_first_of_month()).with_columns(found=_day_in_month())
    still = ((pl.col("year") == _NEVER) | (pl.col("found") >= STILL)).fill_null(value=False)
    sentinel = still | stands_for_unknown(pl.col("found"))
    known = pl.when("no_month").then(pl.lit(YEAR)).when("no_day").then(pl.lit(MONTH)).otherwise(pl.lit(DAY))
    values = dated.select(still=still, sentinel=sentinel, value=pl.when(~sentinel).then("found"), known=known)
    return values.select("still", "sentinel", "value", precision=pl.when(pl.col("value").is_not_null()).then("known"))


def _unknown_part(name: str) -> pl.Expr:
    return pl.col(name).is_null() | pl.col(name).is_in([0, 99])


def _first_of_month() -> pl.Expr:
    month = pl.col("month").is_between(1, 12) & pl.col("day").is_between(1, 31)
    real = month & pl.col("year").is_between(_FIRST_YEAR, _NEVER)
    return pl.date(pl.when(real).then("year"), pl.when(real).then("month"), pl.lit(1))


def _day_in_month() -> pl.Expr:
    """Give the day, null where the calendar has none; a day that stands for an unknown one is in the month at least."""
    found = pl.col("first") + pl.duration(days=pl.col("day") - 1)
    capped = pl.when(pl.col("no_month") | pl.col("no_day")).then(
        pl.min_horizontal(found, pl.col("first").dt.month_end())
    )
    day = capped.otherwise(found)
    return pl.when(day.dt.month() == pl.col("month")).then(day)


def _flag(frame: pl.DataFrame, condition: pl.Expr) -> pl.Series:
    return frame.select(condition.fill_null(value=False)).to_series()


def _lost(frame: pl.DataFrame) -> pl.Series:
    return _flag(frame, pl.col("text").is_not_null() & pl.col("value").is_null())


def _recoded(column: Column, texts: pl.DataFrame) -> pl.DataFrame:
    """Give the text of each row and what it means."""
    read = texts.select(text=pl.coalesce(pl.all()))
    if column.recode:
        known = {plain_word(each): meaning for each, meaning in column.recode.items()}
        word = plain(pl.col("text").str.to_lowercase())
        read = read.with_columns(meant=word.replace_strict(known, default=None, return_dtype=pl.String))
    else:
        read = read.with_columns(meant=without_decimals(pl.col("text")))
    if column.empty is None:
        return read
    return read.with_columns(meant=pl.when(pl.col("text").is_null()).then(pl.lit(column.empty)).otherwise("meant"))


def _unknown(column: Column, read: pl.DataFrame) -> dict[str, pl.Series]:
    return (
        {UNRECOGNISED: _flag(read, pl.col("text").is_not_null() & pl.col("meant").is_null())} if column.recode else {}
    )


_KINDS: Mapping[Kind, Callable[[Column, pl.DataFrame], Cleaned]] = {
    "key": _key,
    "number": _number,
    "text": _text,
    "code": _code,
    "area": _area,
    "date": _date,
}


def clean_code(system: CodeSystem, text: pl.Expr, year: pl.Expr) -> dict[str, pl.Expr]:
    """Strip a code of everything that is not part of it; `year` tells the version of an ICD code.

    Gives the code, its version, whether it has the shape of one, and for each of `REPAIRS` whether it was made.

    Examples
    --------
    >>> written = pl.DataFrame({"code": ["I21.9", "J45-P", "410A", "g300+"], "year": 1997})
    >>> written.select(clean_code("icd", pl.col("code"), pl.col("year"))["code"]).to_series().to_list()
    ['I219', 'J45', '410A', 'G300']
    """
    capital = text.str.to_uppercase()
    unmarked = capital.str.replace_all(r"[+#*†‡§]", "")
    without_p = unmarked.str.replace(r"-P$", "")
    whole = _three_figures(without_p, year) if system == "icd" else without_p
    bare = whole.str.replace_all(r"[.\s\u{a0}]", "")
    version = _version(bare, year) if system == "icd" else pl.lit(system)
    return {
        "code": pl.when(bare != "").then(bare),
        VERSION: version,
        RECOGNISED: pl.any_horizontal((version == name) & bare.str.contains(shape) for name, shape in SHAPES.items()),
        MARKS: unmarked != capital,
        PRIMARY: without_p != unmarked,
        DOTS: bare != whole,
        WRITTEN_AS_NUMBER: whole != without_p,
    }


def _three_figures(code: pl.Expr, year: pl.Expr) -> pl.Expr:
    """Undo what columns of numbers do to codes of ICD-8 and 9: ``38.9`` is 038.9, ``1.0`` is 001, ``410.0`` is 410."""
    number = code.str.replace(r"^(\d{1,3})[.,]0$", "$1").str.replace(r"^([1-9])([.,]|$)", "00${1}${2}")
    number = number.str.replace(r"^(0[1-9]|[1-9]\d)([.,]|$)", "0${1}${2}")
    return pl.when(year <= LAST_ICD9).then(number).otherwise(code)


def _version(code: pl.Expr, year: pl.Expr) -> pl.Expr:
    both = (year >= FIRST_ICD10) & (year <= LAST_ICD9)
    return (
        pl.when(year < FIRST_ICD9)
        .then(pl.lit(ICD8))
        .when((year < FIRST_ICD10) | (both & ~code.str.contains(SHAPES[ICD10]) & code.str.contains(SHAPES[ICD9])))
        .then(pl.lit(ICD9))
        .otherwise(pl.lit(ICD10))
    )
