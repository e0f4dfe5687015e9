"""Compare the tables that a run on the sample released with those that were kept: schema, six digits of each number.

Compare the cards of the shipped models with those of the run as well, word by word.

`python tests/snapshots/released_tables.py out` after README's first command, as `.ci/run` does. `--write` keeps the
tables of `out` instead, and prints the line that CHANGELOG.md must then have: a test fails without it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import polars as pl

KEPT = Path(__file__).parent / "sample"
MODELS = Path(__file__).parents[2] / "models"
DIGITS = 6
Tables = Mapping[str, pl.DataFrame]


def run_tables(out: Path) -> dict[str, pl.DataFrame]:
    """Read the tables that the latest MLflow run of each condition kept, by condition and name."""
    runs = sorted((out / "mlartifacts").glob("*/artifacts/condition.json"), key=lambda path: path.stat().st_mtime)
    latest = {json.loads(path.read_text(encoding="utf-8"))["name"]: path.parent / "tables" for path in runs}
    return {
        f"{condition}/{path.stem}": to_six_digits(pl.read_csv(path, infer_schema_length=None))
        for condition, folder in sorted(latest.items())
        for path in sorted(folder.glob("*.csv"))
    }


def kept_tables(folder: Path = KEPT) -> dict[str, pl.DataFrame]:
    """Read the tables that were kept."""
    return {
        path.relative_to(folder).with_suffix("").as_posix(): pl.read_csv(path, infer_schema_length=None)
        for path in sorted(folder.rglob("*.csv"))
    }


def to_six_digits(table: pl.DataFrame) -> pl.DataFrame:
    """Round every number that is not an integer to six significant digits."""
    return table.with_columns(pl.col(pl.Float64).round_sig_figs(DIGITS))


def differences(found: Tables, kept: Tables) -> list[str]:
    """Return what is in one of two sets of tables only, or not the same in both."""
    lists = [f"{name}: not released any more" for name in kept if name not in found]
    lists += [f"{name}: not kept yet" for name in found if name not in kept]
    return lists + [text for name in found if name in kept for text in _differences_of(name, found[name], kept[name])]


def _differences_of(name: str, found: pl.DataFrame, kept: pl.DataFrame) -> list[str]:
    if found.schema != kept.schema:
        return [f"{name}: columns {dict(found.schema)} where {dict(kept.schema)} were kept"]
    if found.height != kept.height:
        return [f"{name}: {found.height} rows where {kept.height} were kept"]
    return [
        f"{name}: {unequal} of {found.height} values of {column} differ"
        for column in found.columns
        if (unequal := (found[column].ne_missing(kept[column])).sum())
    ]


def old_cards(out: Path, models: Path = MODELS) -> list[str]:
    """Return the shipped models whose card is not the one that the run wrote below its mark."""
    return [
        f"{card.parent.name}: the card of the shipped model is another; make the models again (models/README.md)"
        for card in sorted(models.glob("*/card.md"))
        if not (out / f"{card.parent.name}_card_en.md")
        .read_text(encoding="utf-8")
        .endswith(card.read_text(encoding="utf-8"))
    ]


def digest(folder: Path = KEPT) -> str:
    """Name what was kept: the first twelve digits of the SHA-256 of all files."""
    content = hashlib.sha256()
    for path in sorted(folder.rglob("*.csv")):
        content.update(path.relative_to(folder).as_posix().encode())
        content.update(path.read_bytes())
    return content.hexdigest()[:12]


def changelog_line(folder: Path = KEPT) -> str:
    """Return what CHANGELOG.md must say about the tables that were kept."""
    return f"released tables of the sample: {digest(folder)}"


def write(tables: Tables, folder: Path = KEPT) -> None:
    """Keep tables, and no others."""
    for path in folder.rglob("*.csv"):
        path.unlink()
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        table.write_csv(path)


def main(arguments: list[str]) -> int:
    """Compare or keep, and say so."""
    tables = run_tables(Path(arguments[0]))
    if "--write" in arguments:
        write(tables)
        print(f"{len(tables)} tables kept; CHANGELOG.md must say why, with: {changelog_line()}")
        return 0
    found = [*differences(tables, kept_tables()), *old_cards(Path(arguments[0]))]
    print("\n".join(found) or f"{len(tables)} released tables are those that were kept")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
