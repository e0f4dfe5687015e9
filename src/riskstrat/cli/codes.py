"""``riskstrat codes``: which code lists and scores there are, and what is in them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from riskstrat.cli.options import LanguageOption
from riskstrat.cli.terminal import answer
from riskstrat.declare import Language
from riskstrat.errors import Problem, UsageError, number_of

if TYPE_CHECKING:
    import polars as pl

    from riskstrat.codes import CodeList, Score

WIDTH = 100
NAME = 32
"""Columns of the page and of its first column."""

_HEADINGS = {"list": "Lists of {}", "score": "Scores of {}", "item": "Items of scores of {}"}


def codes(
    name: Annotated[str | None, typer.Argument(help="A list or a score to show; all are listed if left out.")] = None,
    *,
    search: Annotated[str | None, typer.Option(help="Part of a name or title, or a code.")] = None,
    language: LanguageOption = "en",
) -> None:
    """List code lists and scores, show one of them, or search for a word or a code."""
    found = _found(name, search)
    lines = _shown(name) if name is not None else _listed(found, search, language)
    answer(found.to_dicts(), lines, always=True)


def _found(name: str | None, text: str | None) -> pl.DataFrame:
    """Find the entries of one list or score, or of a search; items only where they are asked for."""
    import polars as pl

    from riskstrat.codes import search

    if name is not None:
        return search().filter((pl.col("name") == name) | pl.col("name").str.starts_with(f"{name}."))
    return search().remove(kind="item") if text is None else search(text)


def _listed(found: pl.DataFrame, text: str | None, language: Language) -> Iterator[str]:
    if found.is_empty():
        yield f"nothing is about '{text}'"
    for (kind, system), entries in found.group_by("kind", "code_system", maintain_order=True):
        yield from (f"{_HEADINGS[str(kind)].format(system)} ({entries.height})", "-" * WIDTH)
        for entry in entries.iter_rows(named=True):
            yield from _row(entry["name"], f"{entry[f'title_{language}']}: {entry['codes']}{_mark(entry['status'])}")
        yield ""
    yield "riskstrat codes NAME shows one."
    yield _checked()
    yield "Computed from measurements, not from codes: growth_z, score2, care_need_index (docs/codes.md)."


def _checked() -> str:
    from riskstrat.codes import codelists

    statuses = [found.status for found in codelists()]
    checked = statuses.count("verified")
    return f"{checked} of {number_of(len(statuses), 'list')} were checked against a publication; (m) marks the others."


def _shown(name: str) -> Iterator[str]:
    from riskstrat.codes import codelists, score, scores

    lists = {found.name: found for found in codelists()}
    if name not in {*lists, *scores()}:
        remedy = f"look for it: riskstrat codes --search {name}"
        raise UsageError(Problem(f"the name '{name}'", "a code list or a score", remedy))
    return _list(lists[name]) if name in lists else _score(score(name))


def _list(found: CodeList) -> Iterator[str]:
    yield from (found.name, found.title_en, found.title_sv, "")
    yield from _row("classification", found.code_system)
    yield from _row("codes", str(found.codes))
    yield from _row("source", f"{found.source}{_mark(found.status)}")


def _score(found: Score) -> Iterator[str]:
    yield from (found.name, found.title_en, found.title_sv, "")
    yield from textwrap.wrap(f"Source: {found.source}{_mark(found.status)}", WIDTH)
    yield f"{number_of(len(found.items), 'item')}, each counted once; {found.code_system}, by prefix"
    yield "-" * WIDTH
    for item in found.items:
        yield from _row(f"{item.name:<18}{item.points:>8g}", f"{item.title_en}: {item.codes}")
        for system, expression in item.earlier.items():
            yield from _row("", f"{system}: {expression}")
        if item.replaced_by:
            yield from _row("", f"not counted beside {item.replaced_by}")
        if item.present_with:
            yield from _row("", f"also where there are {' and '.join(item.present_with)}")


def _row(first: str, text: str) -> list[str]:
    indent = " " * NAME
    return textwrap.wrap(text, WIDTH, initial_indent=f"{first:<{NAME - 1}} ", subsequent_indent=indent)


def _mark(status: str) -> str:
    return "" if status == "verified" else " (m)"
