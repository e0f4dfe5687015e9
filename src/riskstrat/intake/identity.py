"""Swedish personal identity and co-ordination numbers, found before anything is read further."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import polars as pl

from riskstrat.disclosure.spreadsheets import without_marks
from riskstrat.errors import ContractError, Problem, UsageError, printable
from riskstrat.errors.arguments import checked
from riskstrat.intake.numbers import TEXT, as_text

CHANCE = 0.1
"""Share of dated numbers whose last digit is a right check digit although it was never meant as one."""
LEAST_SHARE = 2 * CHANCE

DASH = "[-+‐‑‒–—―−﹣－]"  # as typed, and as word processors write it
_NUMBER = rf"(?:^|[^0-9])((?:18|19|20)?[0-9]{{6}}{DASH}?[0-9]{{4}})(?:[^0-9]|$)"
_SPACED = rf"(?:^|[^0-9])((?:(?:18|19|20)\s?)?[0-9]{{6}}\s?{DASH}?\s?[0-9]{{4}})(?:[^0-9]|$)"
ZEROS_LOST = r"^\s*([0-9]{7}|1[0-2][0-9]{6}|[0-9]{9})(?:\.0+)?\s*$"  # eight digits would be a date, but for these
_READ_AT_MOST = 2_000
_SHORTEST, _TEN = 10**6, 10**10
_CENTURIES = (18, 20)


@checked
def identity_columns(frame: pl.DataFrame | pl.LazyFrame, reserve_numbers: Sequence[str] = ()) -> tuple[str, ...]:
    r"""Name the columns that hold Swedish personal identity numbers or co-ordination numbers.

    Read as one: ten or twelve digits, with or without a sign or blanks, alone or within a text; also seven to nine
    digits, which is what is left of a number that began with zeros. Right is one whose month, day (60-91 for
    co-ordination numbers, whose day 60 and month 00 stand for unknown) and check digit are possible. A column is named
    when the share of right ones among those *read as one* is more than chance can give: of numbers that begin with a
    date one in ten has a right last digit by chance (points in time written YYYYMMDDHHMM), of running numbers one in
    127. A fifth is therefore asked for, and among few different numbers three standard deviations above one in ten:
    0.1 + 0.9 / sqrt(n). Empty cells and other texts do not count, so a column that is mostly empty, or mixed with other
    keys, is found too.

    Parameters
    ----------
    frame
        Rows, or a sample of them; columns of other types than text and numbers are passed over. A column whose
        *heading* is such a number (a file without headings) is named whatever it holds.
    reserve_numbers
        Patterns of the reserve numbers that a region gives to people without a personal identity number: regular
        expressions of the whole number, in capitals without blanks and signs, such as ``99\d{10}`` or
        ``\d{8}TF\d{2}``. One value of such a shape is enough.

    Returns
    -------
    tuple of str
        In the order of the columns.

    Raises
    ------
    UsageError
        If a pattern is no regular expression.

    Notes
    -----
    Check digit: the Luhn sum of the ten last digits, as in SFS 1991:481 section 18 (Folkbokföringslag). One pass,
    which holds counts only. Not found: reserve numbers whose pattern is not declared; each region has its own.

    Examples
    --------
    >>> rows = pl.DataFrame({"LopNr": [811228987, 2, 3], "note": ["20121212-1212", None, "811228-9874"]})
    >>> identity_columns(rows)
    ('note',)
    >>> identity_columns(pl.DataFrame({"person": ["7", "19800229-TF12"]}), [r"\d{8}TF\d{2}"])
    ('person',)
    """
    lazy = frame.lazy()
    schema = lazy.collect_schema()
    numbers = {
        name: _number(name, dtype) for name, dtype in schema.items() if isinstance(dtype, TEXT) or dtype.is_numeric()
    }
    if not numbers:
        return ()
    reserve = {name: _is_reserve(as_text(pl.col(name), schema[name]), reserve_numbers) for name in numbers}
    read = lazy.select(
        pl.struct(numbers[name].alias("number"), reserve[name].alias("reserve")).alias(name) for name in numbers
    )
    counted = read.select(pl.struct(_counts(pl.col(name))).alias(name) for name in numbers).collect()
    return tuple(name for name in schema if _is_identity(name) or (name in numbers and _beyond(counted[name].item())))


def _is_reserve(text: pl.Expr, reserve_numbers: Sequence[str]) -> pl.Expr:
    return (
        without_signs(text).str.contains(reserve_pattern(reserve_numbers)) if reserve_numbers else pl.lit(value=False)
    )


def reserve_pattern(reserve_numbers: Sequence[str]) -> str:
    """Make one pattern of all; without any, one that no text has."""
    pattern = "|".join(f"(?:^(?:{each})$)" for each in reserve_numbers) or r"[^\s\S]"
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError:
        raise UsageError(
            Problem(
                "a pattern of reserve numbers that is no regular expression", r"one such as \d{8}TF\d{2}", "correct it"
            )
        ) from None
    return pattern


def without_signs(value: pl.Expr) -> pl.Expr:
    """Write a key in capitals, without blanks, signs and unseen marks."""
    return without_marks(value).str.to_uppercase().str.replace_all(rf"\s|{DASH}", "")


def refuse_identities(frame: pl.DataFrame | pl.LazyFrame, file: str, reserve_numbers: Sequence[str] = ()) -> None:
    """Stop if any column holds personal identity numbers.

    Parameters
    ----------
    frame
        The file's rows, or a sample of them.
    file
        What the file is called in the message.
    reserve_numbers
        As in `identity_columns`.

    Raises
    ------
    ContractError
        Naming every such column, and no value: a heading that is itself a number is named by its position.

    Examples
    --------
    >>> from riskstrat.errors import ContractError
    >>> refuse_identities(pl.DataFrame({"LopNr": [1, 2]}), "visits.csv")
    >>> try:
    ...     refuse_identities(pl.DataFrame({"LopNr": ["20121212-1212"]}), "visits.csv")
    ... except ContractError as error:
    ...     problem = error.problems[0]
    >>> problem.table, problem.column, problem.found
    ('visits.csv', 'LopNr', 'Swedish personal identity, co-ordination or reserve numbers')
    """
    names = frame.collect_schema().names()
    found = identity_columns(frame, reserve_numbers)
    ContractError.refuse(_problem(name, names.index(name) + 1, masked(file)) for name in found)


def masked(text: str) -> str:
    """Replace every personal identity number in a text by asterisks."""
    seen = printable(text)
    hidden = re.sub(_SPACED, _hidden, seen)
    return text if hidden == seen else hidden


def _hidden(match: re.Match[str]) -> str:
    return match[0].replace(match[1], "*" * 8) if _is_identity(match[1]) else match[0]


def _number(name: str, dtype: pl.DataType) -> pl.Expr:
    """Give what may be an identity number as an integer of at most twelve digits, null for all else."""
    value = pl.col(name)
    if isinstance(dtype, TEXT):
        return _digits(value.cast(pl.String).str.head(_READ_AT_MOST))
    whole = value.cast(pl.Int64, strict=False)
    return whole if dtype.is_integer() else pl.when(value == whole).then(whole)


def _digits(text: pl.Expr) -> pl.Expr:
    seen = without_marks(text)
    closed = seen.str.replace_all(r"\s", "")
    found = pl.coalesce(closed.str.extract(ZEROS_LOST), closed.str.extract(_NUMBER), seen.str.extract(_SPACED))
    return found.str.replace_all("[^0-9]", "").cast(pl.Int64, strict=False)


def _counts(read: pl.Expr) -> tuple[pl.Expr, ...]:
    number, reserve = (read.struct.field(name) for name in ("number", "reserve"))
    shaped = _shaped(number)
    return (
        reserve.any().alias("reserve"),
        shaped.sum().alias("shaped"),
        (shaped & _dated(number) & _checked(number)).sum().alias("right"),
        number.filter(shaped).approx_n_unique().alias("different"),
    )


def _shaped(number: pl.Expr) -> pl.Expr:
    of_ten = number.is_between(_SHORTEST, _TEN, closed="left")
    return of_ten | (number // _TEN).is_between(*_CENTURIES)


def _dated(number: pl.Expr) -> pl.Expr:
    month, day = number // 10**6 % 100, number // 10**4 % 100
    return (month.is_between(1, 12) & day.is_between(1, 31)) | (month.is_between(0, 12) & day.is_between(60, 91))


def _checked(number: pl.Expr) -> pl.Expr:
    digits = [number // 10**power % 10 for power in range(10)]
    doubled = [2 * digit - 9 * (digit > 4).cast(pl.Int64) for digit in digits[1::2]]
    return pl.sum_horizontal(*digits[::2], *doubled) % 10 == 0


def _beyond(counts: dict[str, int]) -> bool:
    if counts["reserve"] or not counts["right"]:
        return bool(counts["reserve"])
    least = max(LEAST_SHARE, CHANCE + 3 * math.sqrt(CHANCE * (1 - CHANCE) / counts["different"]))
    return counts["right"] >= least * counts["shaped"] * (1 - 1e-9)


def _is_identity(text: str) -> bool:
    if sum(letter.isdigit() for letter in text) < 7:  # no heading of a usual file gets further
        return False
    number = _digits(pl.lit(text))
    right = _shaped(number) & _dated(number) & _checked(number)
    return bool(pl.select(right.fill_null(value=False)).item())


def _problem(name: str, position: int, file: str) -> Problem:
    return Problem(
        "Swedish personal identity, co-ordination or reserve numbers",
        "pseudonymous running numbers",
        "pseudonymise the file first (riskstrat.intake.pseudonymise), or leave the column out of it",
        table=file,
        column=f"column {position}" if _is_identity(name) else name,
    )
