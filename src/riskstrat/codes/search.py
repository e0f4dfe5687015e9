"""Search for code lists, scores and their items: a word or a code in, a frame of what matches out."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from riskstrat.codes.expression import CodeExpression, bare
from riskstrat.codes.lists import CodeList, codelists
from riskstrat.codes.scores import Score, ScoreItem, score, scores
from riskstrat.errors import number_of
from riskstrat.errors.arguments import checked

Entry = dict[str, str | float | None]
_COLUMNS = ("kind", "name", "code_system", "title_en", "title_sv", "codes", "points", "status")
_LOOKS_LIKE_A_CODE = re.compile(r"[A-Za-z]{1,3}\d[\dA-Za-z.,]*|\d{3}[\dA-Za-z.,]*")


@checked
def search(text: str = "") -> pl.DataFrame:
    """Find code lists, scores and their items by name, title or code.

    Parameters
    ----------
    text
        Part of a name or a title in English or Swedish, capitals or not; or a code, which finds what it belongs to and
        what lies below it. Empty finds everything.

    Returns
    -------
    polars.DataFrame
        kind (``list``, ``score``, ``item``), name, code_system, title_en, title_sv, codes, points, status, in the
        order of kind, classification and name.

    Examples
    --------
    >>> search("statin").select("kind", "name", "codes").rows()
    [('list', 'statins', 'C10AA')]
    >>> search("F00.1").filter(kind="item")["name"].to_list()
    ['charlson.dementia', 'charlson_2011.dementia', 'charlson_se.dementia', 'hfrs.F00']
    """
    found = [entry for entry, codes in _catalogue() if _matches(entry, codes, text.strip())]
    return pl.DataFrame(found, schema={**dict.fromkeys(_COLUMNS, pl.String), "points": pl.Float64})


@cache
def _catalogue() -> tuple[tuple[Entry, tuple[CodeExpression, ...]], ...]:
    """Give everything that can be found, each with the expressions in which a code finds it."""
    published = [score(name) for name in scores()]
    lists = [(_entry("list", each, str(each.codes)), (each.codes,)) for each in codelists()]
    whole = [(_entry("score", each, number_of(len(each.items), "item")), ()) for each in published]
    items = [(_item(each, item), (item.codes, *item.earlier.values())) for each in published for item in each.items]
    return (*lists, *whole, *items)


def _entry(kind: str, of: CodeList | Score, codes: str) -> Entry:
    said: Entry = {name: getattr(of, name) for name in ("name", "code_system", "title_en", "title_sv", "status")}
    return {**said, "kind": kind, "codes": codes, "points": None}


def _item(of: Score, item: ScoreItem) -> Entry:
    """Describe an item by the score's name and its own; items have no Swedish title."""
    own: Entry = {"name": f"{of.name}.{item.name}", "title_en": item.title_en, "title_sv": None, "points": item.points}
    return {**_entry("item", of, str(item.codes)), **own}


def _matches(entry: Entry, codes: tuple[CodeExpression, ...], text: str) -> bool:
    name = str(entry["name"])
    searched = f"{name} {name.replace('_', ' ')} {entry['title_en']} {entry['title_sv'] or ''}".casefold()
    return text.casefold() in searched or any(_overlaps(expression, text) for expression in codes)


def _overlaps(expression: CodeExpression, text: str) -> bool:
    """Whether a code belongs to an expression, or some of the expression's codes lie below it."""
    if not _LOOKS_LIKE_A_CODE.fullmatch(text):
        return False
    below = any(bare(end).startswith(bare(text)) for span in expression.included for end in (span.low, span.high))
    return below or bool(expression.matching([text], prefix=True))
