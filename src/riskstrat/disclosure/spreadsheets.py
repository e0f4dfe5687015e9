"""Tables as text that people open with spreadsheets: no cell is a formula, no mark hides what a text says.

In: a frame. Out: CSV.
"""

from __future__ import annotations

import polars as pl
import polars.selectors as cs

_UNSEEN = r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{2800}]"
"""The same as `errors.printable` leaves out."""
_FORMULA = r"^(\s*[=+\-@＝＋－＠].*)$"
_NUMBER = r"^[+\-]?\d[\d.,\s]*%?$"


def without_marks(text: pl.Expr) -> pl.Expr:
    r"""Leave control and direction marks out of texts; line ends and tabs become blanks.

    Examples
    --------
    >>> pl.select(without_marks(pl.lit("Centrum\u202e\tNorr"))).item()
    'Centrum Norr'
    """
    return text.str.replace_all(r"[\t\r\n]", " ").str.replace_all(_UNSEEN, "")


def to_csv(frame: pl.DataFrame, *, separator: str = ",", decimal_comma: bool = False, include_bom: bool = False) -> str:
    """Write a frame as CSV in which no cell or heading is read as a formula.

    Parameters
    ----------
    frame
        Of numbers, dates and texts. A text that begins like a formula, and is no number, gets an apostrophe before it.
    separator, decimal_comma, include_bom
        As in `polars.DataFrame.write_csv`.

    Returns
    -------
    str
        The text of the file.

    Examples
    --------
    >>> print(to_csv(pl.DataFrame({"name": ["=1+1", "-3", "Norr"], "change": [-1, 2, 3]})))
    name,change
    '=1+1,-1
    -3,2
    Norr,3
    <BLANKLINE>
    """
    columns = frame.columns
    headings = dict(zip(columns, pl.select(_safe(pl.Series(columns, dtype=pl.String))).to_series(), strict=True))
    cells = frame.with_columns(_safe(cs.string(include_categorical=True).cast(pl.String)))
    return cells.rename(headings).write_csv(separator=separator, decimal_comma=decimal_comma, include_bom=include_bom)


def _safe(text: pl.Expr | pl.Series) -> pl.Expr:
    shown = without_marks(text if isinstance(text, pl.Expr) else pl.lit(text))
    return pl.when(shown.str.contains(_NUMBER)).then(shown).otherwise(shown.str.replace(_FORMULA, "'$1"))
