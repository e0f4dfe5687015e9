"""One text at a time: what a cell says in, its value and what was done to it out.

Each kind of column is one function from expressions to a `Cleaned`: the value, where it was mended, where emptied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from riskstrat.registers.contract import SENTINELS
from riskstrat.registers.intake.mapping import Column, Kind

MISSING = ("", "na", "n/a", "null", ".")
"""Texts that mean nothing in every column, in small letters."""

NOT_A_NUMBER, NOT_A_KEY, NOT_A_DATE = "not a number", "not a running number", "not a date"
SENTINEL = "a date that stands for unknown"
MONTH_KNOWN, YEAR_KNOWN = "incomplete date, day unknown", "incomplete date, month unknown"
IMPLAUSIBLE, UNRECOGNISED = "outside the plausible range", "value not recognised"
ZERO_RESTORED, NO_AREA = "leading zero restored", "not an area code"
DAY, MONTH, YEAR = "day", "month", "year"

_DATE = r"^(\d{4})(?:-?(\d{2}))?(?:-?(\d{2}))?(?:[ T][\d:.]*)?(?:\.0+)?$"
_FIRST_YEAR, _LAST_YEAR = 1850, 2200
_AREA = r"^(\d{3,4}[ABC]\d{4})(?:_.*)?$"


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """A column's value and its account.

    Attributes
    ----------
    value
        The value, null where there is none.
    mended, emptied
        Rule -> whether the value was changed by it, or lost by it.
    beside
        Further columns: the precision of a date.
    """

    value: pl.Expr
    mended: Mapping[str, pl.Expr] = field(default_factory=dict)
    emptied: Mapping[str, pl.Expr] = field(default_factory=dict)
    beside: Mapping[str, pl.Expr] = field(default_factory=dict)


def filled(column: Column, raw: pl.Expr) -> pl.Expr:
    """Give a cell without blanks around it, null where it says nothing."""
    text = raw.str.strip_chars()
    missing = [*MISSING, *(each.casefold() for each in column.missing)]
    return pl.when(~text.str.to_lowercase().is_in(missing)).then(text)


def cleaned(column: Column, texts: Sequence[pl.Expr]) -> Cleaned:
    """Clean a column.

    Parameters
    ----------
    column
        What it is.
    texts
        Its cells under each spelling found, the preferred first, as `filled` gives them; the first with a value counts.
    """
    return _KINDS[column.kind](column, texts)


def _key(_: Column, texts: Sequence[pl.Expr]) -> Cleaned:
    text = pl.coalesce(texts)
    value = text.str.extract(r"^\+?(\d{1,18})(?:\.0+)?$", 1).cast(pl.Int64, strict=False)
    return Cleaned(value=value, emptied={NOT_A_KEY: text.is_not_null() & value.is_null()})


def _number(column: Column, texts: Sequence[pl.Expr]) -> Cleaned:
    text = _recoded(column, pl.coalesce(texts))
    plain = text.str.replace_all(r"[\s\u{a0}]", "").str.replace(",", ".", literal=True)
    number = plain.cast(pl.Float64, strict=False)
    value = pl.when(number.is_finite()).then(number if column.scale == 1 else number * column.scale)
    emptied = {NOT_A_NUMBER: text.is_not_null() & value.is_null(), **_unrecognised(column, texts, text)}
    if column.between is None:
        return Cleaned(value=value, emptied=emptied)
    within = value.is_between(*column.between)
    return Cleaned(value=pl.when(within).then(value), emptied={**emptied, IMPLAUSIBLE: ~within})


def _text(column: Column, texts: Sequence[pl.Expr]) -> Cleaned:
    value = _recoded(column, pl.coalesce(texts))
    return Cleaned(value=value, emptied=_unrecognised(column, texts, value))


def _code(_: Column, texts: Sequence[pl.Expr]) -> Cleaned:
    """Codes are cleaned when they have become rows: see `codes.clean_codes`."""
    return Cleaned(value=pl.coalesce(texts))


def _area(column: Column, texts: Sequence[pl.Expr]) -> Cleaned:
    text = _recoded(column, pl.coalesce(texts)).str.to_uppercase()
    code = text.str.extract(_AREA, 1)
    short = code.str.len_bytes() == 8
    value = pl.when(short).then(pl.lit("0") + code).otherwise(code)
    return Cleaned(value=value, mended={ZERO_RESTORED: short}, emptied={NO_AREA: text.is_not_null() & code.is_null()})


def _date(column: Column, texts: Sequence[pl.Expr]) -> Cleaned:
    read = [_Day(text, column) for text in texts]
    text = pl.coalesce(texts)
    value = pl.coalesce(each.value for each in read)
    precision = pl.coalesce(each.precision for each in read)
    lost = text.is_not_null() & value.is_null()
    stands_for_unknown = pl.any_horizontal(each.sentinel for each in read)
    middle = pl.lit(column.incomplete == "middle")
    return Cleaned(
        value=value,
        mended={MONTH_KNOWN: middle & (precision == MONTH), YEAR_KNOWN: middle & (precision == YEAR)},
        emptied={SENTINEL: lost & stands_for_unknown, NOT_A_DATE: lost & ~stands_for_unknown},
        beside={"precision": precision if column.incomplete == "middle" else pl.lit(None, dtype=pl.String)},
    )


class _Day:
    """A day read from a text, with what is known of it."""

    def __init__(self, text: pl.Expr, column: Column) -> None:
        parts = text.str.extract_groups(_DATE)
        year, month, day = (_part(parts, place) for place in ("1", "2", "3"))
        no_month, no_day = _unknown(month), _unknown(day)
        stand_in = {"first": (1, 1, 1), "middle": (7, 1, 15), "last": (12, 31, 31)}[column.incomplete]
        in_month = pl.when(no_month).then(stand_in[0]).otherwise(month)
        in_day = pl.when(no_month).then(stand_in[1]).when(no_day).then(stand_in[2]).otherwise(day)
        date = _possible(year, in_month, in_day, cap=no_day | no_month)
        self.sentinel = ((year == 9999) | date.is_in(SENTINELS)).fill_null(value=False)
        self.value = pl.when(~self.sentinel).then(date)
        known = pl.when(no_month).then(pl.lit(YEAR)).when(no_day).then(pl.lit(MONTH)).otherwise(pl.lit(DAY))
        self.precision = pl.when(self.value.is_not_null()).then(known)


def _part(parts: pl.Expr, place: str) -> pl.Expr:
    return parts.struct.field(place).cast(pl.Int32, strict=False)


def _unknown(part: pl.Expr) -> pl.Expr:
    return part.is_null() | part.is_in([0, 99])


def _possible(year: pl.Expr, month: pl.Expr, day: pl.Expr, *, cap: pl.Expr) -> pl.Expr:
    """Put a day together, null where the calendar has none; where `cap` holds, the last of the month at most."""
    real = year.is_between(_FIRST_YEAR, _LAST_YEAR) & month.is_between(1, 12) & day.is_between(1, 31)
    first = pl.date(pl.when(real).then(year), pl.when(real).then(month), pl.lit(1))
    found = first + pl.duration(days=day - 1)
    capped = pl.when(cap).then(pl.min_horizontal(found, first.dt.month_end())).otherwise(found)
    return pl.when(capped.dt.month() == month).then(capped)


def _recoded(column: Column, text: pl.Expr) -> pl.Expr:
    if not column.recode and column.empty is None:
        return text
    known = {each.casefold(): meaning for each, meaning in column.recode.items()}
    other = pl.lit(column.otherwise, dtype=pl.String)
    meant = text.str.to_lowercase().replace_strict(known, default=other, return_dtype=pl.String) if known else text
    meant = pl.when(text.is_not_null()).then(meant)
    return (
        meant
        if column.empty is None
        else meant.fill_null(pl.lit(column.empty))
        if not known
        else (pl.when(text.is_null()).then(pl.lit(column.empty)).otherwise(meant))
    )


def _unrecognised(column: Column, texts: Sequence[pl.Expr], meant: pl.Expr) -> dict[str, pl.Expr]:
    return {UNRECOGNISED: pl.coalesce(texts).is_not_null() & meant.is_null()} if column.recode else {}


_KINDS: Mapping[Kind, Callable[[Column, Sequence[pl.Expr]], Cleaned]] = {
    "key": _key,
    "number": _number,
    "text": _text,
    "code": _code,
    "area": _area,
    "date": _date,
}
