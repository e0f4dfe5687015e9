"""Whole numbers as they are written: ``7``, ``07``, ``7.0`` and ``7,0`` are one, ``7.5`` and ``1e5`` are none."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

from riskstrat.errors import ContractError, Problem
from riskstrat.registers.contract import KEY_REMEDY
from riskstrat.registers.source import EXACT_BELOW, HIGHEST

_WHOLE = r"^\+?(-?)0*(\d+)(?:[.,]0+)?$"
_DECIMALS = r"^(\d+)[.,]0+$"
TEXT = (pl.String, pl.Categorical, pl.Enum)


def plain(text: pl.Expr) -> pl.Expr:
    """Write a whole number without plus sign, leading zeros and decimals; other texts stay as they are."""
    return text.str.replace(_WHOLE, "${1}${2}")


def plain_word(text: str) -> str:
    """Do the same with one word of a declaration, in small letters."""
    return re.sub(_WHOLE, r"\1\2", unicodedata.normalize("NFC", text).casefold())


def without_decimals(text: pl.Expr, least_digits: int = 1) -> pl.Expr:
    """Write a code that came as a number, ``44054006.0``, without them; its leading zeros mean something and stay."""
    return text.str.replace(_DECIMALS.replace("+", f"{{{least_digits},}}", 1), "$1")


def as_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Write a value as agencies do: 1.0 of a statistical program is 1, but a float too large to be exact is no key."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return value.dt.convert_time_zone("UTC").dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    text = value.cast(pl.String, strict=False)
    if not (dtype.is_float() or dtype.is_decimal()):
        return text
    whole = value.cast(pl.Int64, strict=False)
    large = whole.is_not_null() & (value == whole)
    return (
        pl.when(large & _exact(whole, dtype)).then(whole.cast(pl.String)).when(large).then(text + "e0").otherwise(text)
    )


def as_whole(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Read Int64; null for fractions, exponents, and floats too large to tell two numbers apart."""
    if dtype.is_integer():
        return value.cast(pl.Int64, strict=False)
    if dtype.is_numeric():
        whole = value.cast(pl.Int64, strict=False)
        return pl.when((value == whole) & _exact(whole, dtype)).then(whole)
    digits = value.cast(pl.String, strict=False).str.strip_chars()
    return pl.when(digits.str.contains(_WHOLE)).then(plain(digits)).cast(pl.Int64, strict=False)


def refuse_text_keys(rows: pl.LazyFrame | pl.DataFrame, columns: tuple[str, ...], file: str) -> None:
    """Stop where most keys of a column are texts, such as UUIDs, and say how they become running numbers."""
    schema = rows.lazy().collect_schema()
    texts = [name for name in columns if isinstance(schema.get(name), TEXT)]
    keys = {name: pl.col(name).cast(pl.String).drop_nulls().unique() for name in texts}
    counted = (
        pl.struct(is_text_key(key).sum().alias("odd"), key.len().alias("of")).alias(name) for name, key in keys.items()
    )
    counts = rows.lazy().select(counted).collect().row(0, named=True) if texts else {}
    found = [name for name, count in counts.items() if count["odd"] > max(1, count["of"] / 2)]
    ContractError.refuse(text_keys(file, name) for name in found)


def is_text_key(key: pl.Expr) -> pl.Expr:
    """Whether a key has letters and is no number, such as a UUID."""
    return key.str.contains(r"\p{Alphabetic}") & key.str.strip_chars().cast(pl.Float64, strict=False).is_null()


def text_keys(table: str, column: str) -> Problem:
    """Say that keys are texts, and which command makes running numbers of them."""
    return Problem(
        "keys that are texts, such as UUIDs",
        "running numbers",
        KEY_REMEDY.format(column=column),
        table=table,
        column=column,
    )


def _exact(whole: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    return whole.abs() < EXACT_BELOW.get(dtype, HIGHEST)
