"""Which version of ICD a Swedish diagnosis was coded in: dates or codes in, code systems out.

Sweden coded in ICD-7 to 1968, ICD-8 to 1986, ICD-9 to 1997 and ICD-10 from 1997; in 1997 some regions still used ICD-9.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import polars as pl

FIRST_YEARS = (1969, 1987, 1997, 1998)
"""The years in which another set of versions began."""

SYSTEMS_BY_ERA: tuple[tuple[str, ...], ...] = (
    ("icd7_se",),
    ("icd8_se",),
    ("icd9_se",),
    ("icd9_se", "icd10_se"),
    ("icd10_se",),
)
"""The versions in use before the first of these years, from it, and so on."""

UNDATED = -1
_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "icd8_se": re.compile(r"\d{3}\d*"),
        "icd9_se": re.compile(r"(\d{3}|[EV]\d\d)([A-Z].*)?"),
        "icd10_se": re.compile(r"[A-Z]\d.*"),
    }
)
"""How codes look without dots and commas; a bare three-digit code may be of ICD-8 or of ICD-9."""


def era(date: pl.Expr) -> pl.Expr:
    """Give the era of a date, as its index in `SYSTEMS_BY_ERA`; `UNDATED` where there is no date.

    Examples
    --------
    >>> from datetime import date
    >>> days = pl.DataFrame({"date": [date(1986, 12, 31), date(1997, 1, 1), None]})
    >>> days.select(era(pl.col("date"))).to_series().to_list()
    [1, 3, -1]
    """
    begun = pl.sum_horizontal((date.dt.year() >= year).cast(pl.Int8) for year in FIRST_YEARS)
    return pl.when(date.is_not_null()).then(begun).otherwise(UNDATED).cast(pl.Int8)


def codes_by_system(codes: Iterable[str], era_number: int = UNDATED) -> dict[str, tuple[str, ...]]:
    """Sort codes, in the form in which they are compared (`bare`), by the versions of ICD that they may belong to.

    Codes of an era are all read in the versions of that time. Undated codes go by their look, and never as ICD-7, whose
    codes look like those of ICD-8.

    Examples
    --------
    >>> codes_by_system(["I219", "410A", "41090"])
    {'icd8_se': ('41090',), 'icd9_se': ('410A',), 'icd10_se': ('I219',)}
    >>> codes_by_system(["4201"], era_number=0)
    {'icd7_se': ('4201',)}
    """
    found = tuple(codes)
    if era_number != UNDATED:
        return dict.fromkeys(SYSTEMS_BY_ERA[era_number], found)
    return {system: tuple(code for code in found if shape.fullmatch(code)) for system, shape in _SHAPES.items()}
