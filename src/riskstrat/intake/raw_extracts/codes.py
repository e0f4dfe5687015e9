"""Codes as they are written in deliveries in, codes of the contract out: bare, in capitals, of a version told by date.

Shapes only are known here: a code that has the shape of none of its system's codes is kept and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from riskstrat.intake.raw_extracts.mapping import CodeSystem

DOTS, PRIMARY, MARKS = "dots or blanks stripped from code", "-P stripped from code", "dagger or star stripped from code"
MENDINGS = (MARKS, PRIMARY, DOTS)
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


@dataclass(frozen=True, kw_only=True)
class CleanCode:
    """A code, what was stripped from it, its version where there are several, and whether it has a known shape."""

    value: pl.Expr
    mended: Mapping[str, pl.Expr]
    version: pl.Expr
    recognised: pl.Expr


def clean_code(system: CodeSystem, text: pl.Expr, year: pl.Expr) -> CleanCode:
    """Strip a code of everything that is not part of it.

    Parameters
    ----------
    system
        The system of the column.
    text
        Codes as written; not null.
    year
        Year of each row, which tells the version of an ICD code.

    Examples
    --------
    >>> written = pl.DataFrame({"code": ["I21.9", "J45-P", "410A", "g300+"], "year": 1997})
    >>> written.select(clean_code("icd", pl.col("code"), pl.col("year")).value).to_series().to_list()
    ['I219', 'J45', '410A', 'G300']
    """
    capital = text.str.to_uppercase()
    unmarked = capital.str.replace_all(r"[+#*†‡§]", "")
    without_p = unmarked.str.replace(r"-P$", "")
    bare = without_p.str.replace_all(r"[.\s\u{a0}]", "")
    version = _version(bare, year) if system == "icd" else pl.lit(system)
    return CleanCode(
        value=pl.when(bare != "").then(bare),
        mended={MARKS: unmarked != capital, PRIMARY: without_p != unmarked, DOTS: bare != without_p},
        version=version,
        recognised=_of_shape(bare, version),
    )


def _version(code: pl.Expr, year: pl.Expr) -> pl.Expr:
    both = (year >= FIRST_ICD10) & (year <= LAST_ICD9)
    return (
        pl.when(year < FIRST_ICD9)
        .then(pl.lit(ICD8))
        .when((year < FIRST_ICD10) | (both & ~code.str.contains(SHAPES[ICD10]) & code.str.contains(SHAPES[ICD9])))
        .then(pl.lit(ICD9))
        .otherwise(pl.lit(ICD10))
    )


def _of_shape(code: pl.Expr, version: pl.Expr) -> pl.Expr:
    fits = [(version == name) & code.str.contains(shape) for name, shape in SHAPES.items()]
    return pl.any_horizontal(fits)
