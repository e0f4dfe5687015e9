"""Tables of already written cells as HTML by great-tables in the page's own theme; cells are escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.errors import number_of
from riskstrat.extras import optional

_DIGITS = 3
_ROWS = 20
_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_OPENING = re.compile(r"<table[^>]*>")
_CELL = re.compile(r"(<t[dh][^>]*>)([^<]*)(</t[dh]>)")
_TABLE = re.compile(r"<table.*</table>", re.DOTALL)


def table_html(
    frame: pl.DataFrame,
    key: str,
    numeric: Sequence[str] = (),
    caption: str | None = None,
    links: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Write a frame of texts as an HTML table; the first column heads its rows."""
    tables, first = optional("great_tables"), frame.columns[0]
    made = tables.GT(frame.fill_null("–"), id=key, rowname_col=first).tab_stubhead(first).cols_align("left")
    if numeric:
        made = made.cols_align("right", columns=list(numeric))
    found = _TABLE.search(_STYLE.sub("", made.as_raw_html()))
    if found is None:
        return ""
    told = "" if caption is None else f"<caption>{escape(caption)}</caption>"
    whole = _OPENING.sub(lambda opening: opening.group(0) + told, found.group(0), count=1)
    to = {escape(text): href for text, href in links.items()}
    return _CELL.sub(
        lambda cell: f'{cell[1]}<a href="{to[cell[2]]}">{cell[2]}</a>{cell[3]}' if cell[2] in to else cell[0], whole
    )


def released_html(tables: Mapping[str, Released]) -> str:
    """Show the first rows of released tables, and below them the rules that were applied, each once; for notebooks.

    Examples
    --------
    >>> from riskstrat.disclosure import Disclosure, Table, release
    >>> frame = pl.DataFrame({"area": ["A", "B"], "cases": [12, 3]})
    >>> exact = Table(frame, dimensions=("area",), counts=("cases",))
    >>> html = released_html({"Cases": release(exact, Disclosure(protection="none"))})
    >>> "Cases" in html, ">10<" in html, ">3<" in html
    (True, True, False)
    """
    rules = dict.fromkeys(escape(table.rule["en"]) for table in tables.values())
    parts = (_first_rows(title, table.frame) for title, table in tables.items())
    return "".join([*parts, *(f"<p>{rule}</p>" for rule in rules)])


def _first_rows(title: str, frame: pl.DataFrame) -> str:
    """Write a heading, the first rows without what is the same in Swedish, and how many more there are."""
    heading = f"<h4>{escape(title)}</h4>" if title else ""
    more = f"<p>… and {number_of(frame.height - _ROWS, 'more row')}, in its frame.</p>" if frame.height > _ROWS else ""
    numeric = [name for name, dtype in frame.schema.items() if dtype.is_numeric()]
    english = frame.head(_ROWS).select(name for name in frame.columns if not name.endswith("_sv"))
    written = english.with_columns(pl.col(pl.Float64).round_sig_figs(_DIGITS)).cast(pl.String)
    return f"{heading}{table_html(written, 'released', numeric)}{more}"
