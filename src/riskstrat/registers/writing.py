"""Writing a register folder so that it is there whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from riskstrat.errors import UsageError, unknown
from riskstrat.errors.arguments import checked
from riskstrat.files import file_name_problems, staged_folder
from riskstrat.registers.frames import Frame, as_polars
from riskstrat.registers.manifest import FILE_NAME, Manifest, to_toml

ROWS_PER_GROUP, SPELLS_PER_GROUP = 500_000, 50_000
"""Rows of a row group of events, and of persons or areas: a range of people is read without most of the others."""

_ORDER = ("person_id", "start_date", "area_id", "date", "code", "value")


@checked
def write_registers(
    folder: str | Path, tables: Mapping[str, Frame], manifest: Manifest, files: Mapping[str, str] | None = None
) -> Path:
    """Write tables and manifest into a temporary folder beside `folder`, then rename it.

    Parameters
    ----------
    folder
        Where the registers shall be; an earlier result of this function is replaced; if anything fails it stays.
    tables
        Frames of polars or pandas by table name, in any row order.
    manifest
        Its entries name the files; it is written as it is, right or wrong (`open_registers` validates it).
    files
        Other texts to put beside them by file name, such as ``geometry.geojson``.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    UsageError
        If a table has no entry in the manifest or is no frame, or the folder may not be replaced, see
        `riskstrat.files.guard_folder`.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> from riskstrat.registers.manifest import TableManifest
    >>> manifest = Manifest(name="empty", data_end=date(2023, 12, 31), tables={"persons": TableManifest()})
    >>> with TemporaryDirectory() as temporary:
    ...     folder = write_registers(Path(temporary) / "empty", {"persons": pl.DataFrame({"person_id": [1]})}, manifest)
    ...     sorted(path.name for path in folder.iterdir())
    ['.riskstrat.json', 'persons.parquet', 'registers.toml']
    """
    target = Path(folder)
    strangers = (
        unknown("table of the manifest", name, manifest.tables) for name in tables if name not in manifest.tables
    )
    beside = dict.fromkeys([*map(manifest.file_of, manifest.tables), *(files or {})])
    UsageError.refuse([*strangers, *file_name_problems(beside)])
    frames = {name: as_polars(frame, name) for name, frame in tables.items()}
    with staged_folder(target, command="write_registers") as staging:
        write_tables(staging.result, frames, manifest, files)
    return target


def write_tables(
    folder: Path, tables: Mapping[str, pl.DataFrame], manifest: Manifest, files: Mapping[str, str] | None = None
) -> None:
    """Write tables and manifest into an empty folder, which a caller has staged; parameters as in `write_registers`."""
    for table, frame in tables.items():
        keys = [name for name in _ORDER if name in frame.columns]
        rows = ROWS_PER_GROUP if "code" in frame.columns else SPELLS_PER_GROUP
        path = folder / manifest.file_of(table)
        frame.sort(keys).write_parquet(path, compression="zstd", statistics=True, row_group_size=rows)
    for name, text in {**(files or {}), FILE_NAME: to_toml(manifest) + "\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
