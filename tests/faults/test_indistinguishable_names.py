"""Groups whose names nobody can tell apart are refused: a report would give one the numbers of another."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from riskstrat.declare import Level, LocalisedText
from riskstrat.errors import ContractError, UsageError
from riskstrat.files import RESULT_FILE
from riskstrat.registers import Registers, open_registers

TITLE = LocalisedText(en="district", sv="distrikt")
ALIKE = (
    "Norr\N{ZERO WIDTH SPACE}",
    "Nor\N{SOFT HYPHEN}r",
    "\N{RIGHT-TO-LEFT OVERRIDE}Norr",
    "Norr ",
    "Norr\n",
    "Norr\N{HANGUL FILLER}",
    "No\N{COMBINING GRAPHEME JOINER}rr",
    "Norr\N{VARIATION SELECTOR-16}",
)
NOTHING = (" ", "", "\N{ZERO WIDTH SPACE}", "\N{BRAILLE PATTERN BLANK}\N{HANGUL FILLER}")


@pytest.fixture
def folder(small_municipality: Registers, tmp_path: Path) -> Path:
    """Registers that a test may change."""
    folder = tmp_path / "registers"
    shutil.copytree(small_municipality.folder, folder)
    (folder / RESULT_FILE).unlink()
    return folder


def _named(folder: Path, table: str, column: str, names: tuple[str, ...]) -> None:
    """Give the first rows other names of groups, and all others one."""
    path = folder / f"{table}.parquet"
    rows = pl.read_parquet(path)
    rows.with_columns(pl.Series(column, [*names, *["Söder"] * (rows.height - len(names))])).write_parquet(path)


@pytest.mark.parametrize(
    ("table", "column"),
    [("residences", "care_centre_id"), ("areas", "municipality"), ("areas", "parent_id"), ("persons", "birth_region")],
)
def test_groups_of_registers_that_nobody_can_tell_apart_are_refused_and_counted(folder: Path, table: str, column: str):
    _named(folder, table, column, ("Norr", *ALIKE, *NOTHING))
    with pytest.raises(ContractError, match=rf"{table}\.{column}: 13 names that look like another, or like nothing"):
        open_registers(folder)


def test_areas_whose_codes_nobody_can_tell_apart_are_refused(folder: Path):
    path = folder / "areas.parquet"
    areas = pl.read_parquet(path)
    twin = areas.head(1).with_columns(area_id=pl.col("area_id") + "\N{ZERO WIDTH SPACE}")
    pl.concat([areas, twin]).write_parquet(path)
    with pytest.raises(ContractError, match=r"^areas\.area_id: 2 names that look like another"):
        open_registers(folder)


def test_an_accent_of_its_own_makes_no_other_name(folder: Path):
    _named(folder, "residences", "care_centre_id", ("Å", "A\N{COMBINING RING ABOVE}", "\N{ANGSTROM SIGN}"))
    with pytest.raises(ContractError, match=r"care_centre_id: 3 names that look like another"):
        open_registers(folder)


def test_names_that_differ_to_the_eye_are_not(folder: Path):
    _named(folder, "residences", "care_centre_id", ("Norr", "NORR", "norr", "Norr 1", "N orr", "two\nlines"))
    assert open_registers(folder).has("residences")


@pytest.mark.parametrize("name", [*ALIKE, *NOTHING])
def test_so_are_groups_of_a_level_that_is_declared(name: str):
    with pytest.raises(UsageError, match=r"that look like another, or like nothing: [12];"):
        Level(name="district", title=TITLE, areas=(("A", "Norr"), ("B", name), ("C", "Söder")))
