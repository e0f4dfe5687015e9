"""Search for code lists, scores and their items: a word or a code in, a frame of what matches out."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Literal

import polars as pl

from riskstrat.codes.expression import CodeExpression, bare
from riskstrat.codes.lists import CodeList, codelists
from riskstrat.codes.scores import Score, ScoreItem, score, scores
from riskstrat.errors import number_of
from riskstrat.errors.arguments import checked

Kind = Literal["list", "score", "item"]
_LOOKS_LIKE_A_CODE = re.compile(r"[A-Za-z]{1,3}\d[\dA-Za-z.,]*|\d{3}[\dA-Za-z.,]*")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A search result: a list, a score, or an item of a score, whose name begins with the score's.

    `codes` is written out; for a score it says how many items there are. Items have no Swedish title.
    """

    kind: Kind
    name: str
    code_system: str
    title_en: str
    title_sv: str | None
    codes: str
    points: float | None
    status: str


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
    found = [asdict(entry) for entry, codes in _catalogue() if _matches(entry, codes, text.strip())]
    return pl.DataFrame(found, schema={**dict.fromkeys(Entry.__annotations__, pl.String), "points": pl.Float64})


@cache
def _catalogue() -> tuple[tuple[Entry, tuple[CodeExpression, ...]], ...]:
    """Give everything that can be found, each with the expressions in which a code finds it."""
    published = [score(name) for name in scores()]
    lists = [(_entry("list", each, str(each.codes)), (each.codes,)) for each in codelists()]
    whole = [(_entry("score", each, number_of(len(each.items), "item")), ()) for each in published]
    items = [(_item(each, item), (item.codes, *item.earlier.values())) for each in published for item in each.items]
    return (*lists, *whole, *items)


def _entry(kind: Kind, of: CodeList | Score, codes: str) -> Entry:
    return Entry(
        kind=kind,
        name=of.name,
        code_system=of.code_system,
        title_en=of.title_en,
        title_sv=of.title_sv,
        codes=codes,
        points=None,
        status=of.status,
    )


def _item(of: Score, item: ScoreItem) -> Entry:
    name = f"{of.name}.{item.name}"
    whole = _entry("item", of, str(item.codes))
    return replace(whole, name=name, title_en=item.title_en, title_sv=None, points=item.points)


def _matches(entry: Entry, codes: tuple[CodeExpression, ...], text: str) -> bool:
    searched = f"{entry.name} {entry.name.replace('_', ' ')} {entry.title_en} {entry.title_sv or ''}".casefold()
    return text.casefold() in searched or any(_overlaps(expression, text) for expression in codes)


def _overlaps(expression: CodeExpression, text: str) -> bool:
    """Whether a code belongs to an expression, or some of the expression's codes lie below it."""
    if not _LOOKS_LIKE_A_CODE.fullmatch(text):
        return False
    below = any(bare(end).startswith(bare(text)) for span in expression.included for end in (span.low, span.high))
    return below or bool(expression.matching([text], prefix=True))
