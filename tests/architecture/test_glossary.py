"""The glossary holds every word with a special sense: kinds, records, public names and columns of released tables."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

import riskstrat
from snapshots.released_tables import kept_tables

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]
EXPLAINED = {name for row in ROWS for name in re.findall(r"`(\w+)`", row[-1])}
EXPLAINING = ("declare", "records", "disclosure", "publication", "recalibration")
PLAIN_COLUMNS = {
    "age_band",
    "age_years",
    "budget_sek",
    "code",
    "cost_sek",
    "count",
    "date",
    "kind",
    "label",
    "level",
    "mean",
    "n",
    "name",
    "note",
    "period",
    "price_year",
    "register",
    "rows",
    "rule",
    "sex",
    "share",
    "source",
    "standard_deviation",
    "table",
    "total",
    "unit",
    "value",
    "year",
    "years",
}
"""Columns that mean what they say."""


def classes_of(package: str) -> set[str]:
    """Public classes that are defined in a package, errors left out."""
    folder = Path(riskstrat.__file__).parent / package
    modules = [".".join(path.relative_to(folder.parent).with_suffix("").parts) for path in folder.rglob("*.py")]
    found = [importlib.import_module(f"riskstrat.{name.removesuffix('.__init__')}") for name in modules]
    return {
        name
        for module in found
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }


@pytest.mark.parametrize("package", EXPLAINING)
def test_every_kind_and_record_is_explained(package: str):
    assert classes_of(package) <= EXPLAINED


def test_every_public_name_is_explained():
    assert set(riskstrat.__all__) <= EXPLAINED


def test_every_column_of_a_released_table_is_explained_or_plain():
    columns = {
        column.removesuffix("_lower").removesuffix("_upper")
        for table in kept_tables().values()
        for column in table.columns
    }
    assert columns <= EXPLAINED | PLAIN_COLUMNS


def test_every_row_says_it_in_both_languages():
    wrong = [row for row in ROWS if len(row) != 4 or not all(row[:3])]
    assert not wrong
