"""Files that are given beside registers: tables as CSV, and declarations of indicators.

In: paths. Out: frames and declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from riskstrat import conditions
from riskstrat.cli.terminal import note
from riskstrat.declare import Indicator, Level, LocalisedText, NetCostIndicator, RegisterIndicator
from riskstrat.errors import Problem, UsageError

if TYPE_CHECKING:
    import polars as pl

Read = TypeVar("Read")

_CODES = ("area_id", "municipality", "group")
"""Columns that are text whatever they look like: a code may begin with 0."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Given:
    """What is given beside registers; None, or no indicators, where it is not."""

    forecast: pl.DataFrame | None
    comparators: pl.DataFrame | None
    indicators: tuple[RegisterIndicator | NetCostIndicator, ...]
    levels: tuple[Level, ...] | None


def read_given(
    *, forecast: Path | None, comparators: Path | None, indicators: Sequence[str] | None, level: Sequence[str] | None
) -> Given:
    """Read all files that are given, and list what is wrong in any of them at once."""
    problems: list[Problem] = []

    def read(reader: Callable[..., Read], *of: object) -> Read | None:
        try:
            return None if of[0] is None else reader(*of)
        except UsageError as wrong:
            problems.extend(wrong.problems)
            return None

    declared = [each for one in indicators or () for each in read(conditions.load_indicators, one) or ()]
    given = Given(
        forecast=read(read_table, forecast, "--forecast"),
        comparators=read(read_table, comparators, "--comparators"),
        indicators=_followed(declared),
        levels=tuple(found for one in level if (found := read(_level, one))) if level else None,
    )
    UsageError.refuse(problems)
    return given


def read_table(path: Path, option: str) -> pl.DataFrame:
    """Read a CSV file with commas, or with semicolons and decimal commas as Swedish spreadsheets write it."""
    import polars as pl

    if not path.is_file():
        raise UsageError(Problem(f"no file {path}", "a CSV file", f"correct {option}"))
    try:
        text = _decoded(path.read_bytes())
        first_line = text.partition("\n")[0]
        swedish = ";" in first_line
        separator = ";" if swedish else ","
        named = [name.strip().strip('"') for name in first_line.split(separator)]
        return pl.read_csv(
            text.encode(),
            separator=separator,
            decimal_comma=swedish,
            infer_schema_length=None,
            schema_overrides={name: pl.String for name in _CODES if name in named},
        )
    except (pl.exceptions.PolarsError, UnicodeDecodeError):
        found, expected = f"{path}, which is no table", "a heading, and in each row as many values as it has"
        raise UsageError(Problem(found, expected, f"correct {option}")) from None


def _decoded(raw: bytes) -> str:
    """Read UTF-8, or what spreadsheets on Windows write."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252")


def _level(given: str) -> Level:
    name, _, file = given.partition("=")
    if not file:
        found, expected = f"--level {given}", "NAME=FILE, such as home_care=districts.csv"
        raise UsageError(Problem(found, expected, "give a CSV of area_id and group"))
    frame = read_table(Path(file), "--level")
    missing = [column for column in ("area_id", "group") if column not in frame.columns]
    if missing:
        found, expected = f"columns {', '.join(frame.columns)}", "area_id and group"
        raise UsageError(Problem(found, expected, "name them so", table=Path(file).name))
    title = LocalisedText(en=name.replace("_", " "), sv=name.replace("_", " "))
    rows = frame.select("area_id", "group").drop_nulls().iter_rows()
    return Level(name=name, title=title, areas=tuple(rows))


def _followed(found: Sequence[Indicator]) -> tuple[RegisterIndicator | NetCostIndicator, ...]:
    """Give those that are followed beside the study, for everybody; what needs a table of its own is told and left."""
    counted = tuple(each for each in found if isinstance(each, RegisterIndicator | NetCostIndicator))
    left = [each.name for each in found if each not in counted]
    if left:
        note(f"not followed, because they need a table or groups: {', '.join(left)} (riskstrat.indicators.follow)")
    return counted
