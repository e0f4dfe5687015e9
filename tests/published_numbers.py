"""Numbers found in what a study shows and writes, and those among them that were not published.

In: texts of any kind (CSV, JSON, HTML, logs, a store). Out: numbers as they are written, as decimals.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from riskstrat.publication import Published

NUMBER = re.compile(r"(?<![\w.,#-])-?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?(?![\w])")
THOUSANDS = re.compile("(?<=\\d)[\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}](?=\\d{3})")
DOWNLOAD = re.compile(r"data:text/csv;(?:charset=utf-8;)?base64,([A-Za-z0-9+/=]+)")
MANY_DIGITS = 5
"""Significant digits from which on a number is not there by chance."""

FACTORS = (1.0, 100.0, 1e-6, 1e-3)
"""Charts and texts show shares as percentages, kronor as millions or thousands."""


DRAWING = frozenset({"coordinates", "config", "width", "height", "strokeDash", "labelLimit", "$schema", "range"})
"""Keys of a chart's specification whose values say how it looks."""


class Readable(HTMLParser):
    """What stands on a page: texts, alternative texts, embedded charts and files; neither programs nor drawings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._closed: list[str] = []
        self._kind = ""
        self.feed(html)
        self.texts += [cells(base64.b64decode(found).decode("utf-8-sig")) for found in DOWNLOAD.findall(html)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self._kind = tag if tag in {"script", "style"} else ""
        if tag == "script" and named.get("type") == "application/json":
            self._kind = "json"
        self.texts += [value for name, value in attrs if value and name in {"alt", "title", "aria-label", "content"}]

    def handle_endtag(self, _tag: str) -> None:
        self._kind = ""

    def handle_data(self, data: str) -> None:
        if self._kind == "json":
            self.texts += leaves(json.loads(data))
        elif not self._kind:
            self.texts.append(data)


def leaves(found: object) -> Iterator[str]:
    """Give every value of a JSON document as text, without the outlines of areas, sizes in pixels and the like."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            if key not in DRAWING:
                yield from leaves(value)
    elif isinstance(found, list):
        yield from chain.from_iterable(map(leaves, found))
    elif not isinstance(found, bool) and found is not None:
        yield str(found)


def texts_of_file(path: Path) -> list[str]:
    """Give what stands in a file."""
    if path.suffix == ".html":
        return Readable(path.read_text(encoding="utf-8")).texts
    text = path.read_text(encoding="utf-8")
    return list(leaves(json.loads(text))) if path.suffix == ".json" else [cells(text)]


def cells(csv: str) -> str:
    """Part the cells of a CSV file by line ends; where semicolons part them, commas are decimal commas."""
    return csv.replace(";", "\n") if ";" in csv.partition("\n")[0] else csv.replace(",", "\n")


def texts_of_store(path: Path) -> list[str]:
    """Give every value of an SQLite store but points in time, which are thirteen digits long."""
    texts: list[str] = []
    with sqlite3.connect(path) as store:
        tables = [name for (name,) in store.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            rows = store.execute(f'select * from "{table}"')  # noqa: S608
            kept = [at for at, column in enumerate(rows.description) if not re.search("time|step", column[0])]
            texts += [repr(row[at]) if isinstance(row[at], float) else str(row[at]) for row in rows for at in kept]
    return texts


def numbers(texts: Iterable[str]) -> Iterator[str]:
    """Give every number in texts as it is written, with a decimal point."""
    for text in texts:
        for found in NUMBER.findall(THOUSANDS.sub("", text)):
            yield found.replace(",", ".")


def significant(number: str) -> int:
    """Count significant digits: ``0.0120`` has three, ``1200`` two."""
    mantissa = re.split("[eE]", number)[0].lstrip("-").replace(".", "").lstrip("0")
    return len(mantissa if "." in number else mantissa.rstrip("0"))


def published_values(published: Published, *others: str) -> np.ndarray:
    """Every number that was published, sorted: in released tables, what charts make of them, and declared facts."""
    facts = [published.condition.to_json(), f"{published.budget_sek}", str(published.disclosure), *others]
    values = [abs(float(number)) for number in numbers(facts)]
    for table in published.tables.values():
        columns = table.frame.select(pl.selectors.numeric()).cast(pl.Float64)
        values += [abs(value) for column in columns for value in column.drop_nulls().to_list()]
    made = [value * factor for value in values for factor in FACTORS]
    return np.unique([value for value in made if np.isfinite(value)])


def unpublished(texts: Iterable[str], allowed: np.ndarray) -> list[str]:
    """Give numbers of five and more digits that are not published ones, with as many digits or fewer."""
    long = sorted({number for number in numbers(texts) if significant(number) >= MANY_DIGITS})
    return [number for number in long if not _is_published(number, allowed)]


def _is_published(number: str, allowed: np.ndarray) -> bool:
    value = abs(float(number))
    at = int(np.searchsorted(allowed, value))
    nearest = allowed[np.clip([at - 1, at], 0, len(allowed) - 1)]
    half_a_unit = 0.5 * 10.0 ** (np.floor(np.log10(value)) + 1 - significant(number)) if value else 0.0
    return bool((np.abs(nearest - value) <= max(half_a_unit * 1.001, 1e-9 * value)).any())
