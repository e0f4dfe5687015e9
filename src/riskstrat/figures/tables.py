"""Tables of already written cells in the page's own theme.

In: a frame of texts. Out: HTML by great-tables, without styles of its own; cells are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from riskstrat.extras import optional

_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_TABLE = re.compile(r"<table.*</table>", re.DOTALL)


def table_html(frame: pl.DataFrame, key: str, numeric: Sequence[str] = ()) -> str:
    """Write a frame of texts as an HTML table.

    Parameters
    ----------
    frame
        One text a cell, null where there is none; the names of its columns are the headings.
    key
        Names the table on its page: ids of headings begin with it.
    numeric
        Columns that are aligned to the right.

    Examples
    --------
    >>> html = table_html(pl.DataFrame({"area": ["<b>"], "people": ["1 200"]}), "areas", ["people"])
    >>> "&lt;b&gt;" in html, "gt_right" in html, "<style>" in html
    (True, True, False)
    """
    tables = optional("great_tables")
    made = tables.GT(frame, id=key).cols_align("left").sub_missing(missing_text="–")
    if numeric:
        made = made.cols_align("right", columns=list(numeric))
    found = _TABLE.search(_STYLE.sub("", made.as_raw_html()))
    return found.group(0) if found else ""
