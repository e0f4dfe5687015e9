"""Files that are given beside registers: tables as CSV, and declarations of indicators.

In: paths. Out: frames and declarations.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from riskstrat import conditions
from riskstrat.cli.terminal import note
from riskstrat.declare import Level, LocalisedText, NetCostIndicator, RegisterIndicator
from riskstrat.errors import Problem, UsageError

if TYPE_CHECKING:
    import polars as pl

_CODES = ("area_id", "municipality", "group")
"""Columns that are text whatever they look like: a code may begin with 0."""


def read_table(path: Path, option: str) -> pl.DataFrame:
    """Read a CSV file with commas, or with semicolons and decimal commas as Swedish spreadsheets write it."""
    import polars as pl

    if not path.is_file():
        raise UsageError(Problem(found=f"no file {path}", expected="a CSV file", remedy=f"correct {option}"))
    first_line = path.read_text(encoding="utf-8-sig").partition("\n")[0]
    swedish = ";" in first_line
    separator = ";" if swedish else ","
    named = [name.strip().strip('"') for name in first_line.split(separator)]
    return pl.read_csv(
        path,
        separator=separator,
        decimal_comma=swedish,
        infer_schema_length=None,
        schema_overrides={name: pl.String for name in _CODES if name in named},
    )


def read_levels(given: Sequence[str] | None) -> tuple[Level, ...] | None:
    """Read ``NAME=FILE`` for each level: a CSV of area_id and group; None, which is those of the registers, without."""
    return tuple(map(_level, given)) if given else None


def _level(given: str) -> Level:
    name, _, file = given.partition("=")
    if not file:
        found, expected = f"--level {given}", "NAME=FILE, such as home_care=districts.csv"
        raise UsageError(Problem(found=found, expected=expected, remedy="give a CSV of area_id and group"))
    frame = read_table(Path(file), "--level")
    missing = [column for column in ("area_id", "group") if column not in frame.columns]
    if missing:
        found, expected = f"columns {', '.join(frame.columns)}", "area_id and group"
        raise UsageError(Problem(found=found, expected=expected, remedy="name them so", table=Path(file).name))
    title = LocalisedText(en=name.replace("_", " "), sv=name.replace("_", " "))
    rows = frame.select("area_id", "group").drop_nulls().iter_rows()
    return Level(name=name, title=title, areas=tuple(rows))


def read_indicators(given: Sequence[str] | None) -> tuple[RegisterIndicator | NetCostIndicator, ...]:
    """Load the indicators of each file, or those that are ``proposed``; what needs a table of its own is told and left.

    The others are followed beside the study, for everybody.
    """
    found = [each for one in given or () for each in conditions.load_indicators(one)]
    counted = tuple(each for each in found if isinstance(each, RegisterIndicator | NetCostIndicator))
    left = [each.name for each in found if each not in counted]
    if left:
        note(f"not followed, because they need a table or groups: {', '.join(left)} (riskstrat.indicators.follow)")
    return counted
