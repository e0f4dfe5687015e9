"""Extracts as they are delivered: a folder of files in many forms.

In: clean registers. Out: a folder of files and a page about them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from riskstrat.files import guard_folder, staged_folder
from riskstrat.registers import open_registers
from riskstrat.synthetic.extracts.clean import clean_tables
from riskstrat.synthetic.extracts.form import write_form
from riskstrat.synthetic.extracts.layout import EXTRACTS, Extract
from riskstrat.synthetic.extracts.people import choose_people
from riskstrat.synthetic.extracts.readme import readme

COMMAND = "synthesise --extracts"


def write_extracts(registers_folder: Path | str, out: Path | str, people: int = 2_500, seed: int = 0) -> Path:
    """Write a part of clean registers as Swedish agencies would deliver them.

    The files differ in separators, encodings, decimals, spellings and kinds, as those of the agencies do over the
    years; they hold no data errors.

    Parameters
    ----------
    registers_folder
        Clean registers, such as ``data_samples/modellstad``.
    out
        Folder; it is new, empty, or an earlier result of this function, which is replaced when everything is written.
    people
        About how many people, in whole families; everybody if there are fewer.
    seed
        The same seed gives the same extracts.

    Returns
    -------
    pathlib.Path
        The folder. ``README.md`` in it says which files are whose, and what no delivery carries.

    Raises
    ------
    ContractError
        If the registers cannot be opened.
    UsageError
        If `out` may not be replaced.

    Examples
    --------
    >>> from riskstrat.synthetic import write_municipality
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     registers = write_municipality(500, 1, Path(folder) / "registers")
    ...     raw = write_extracts(registers, Path(folder) / "raw", people=200)
    ...     sorted(path.name for path in raw.iterdir())[1:3]
    ['BHV.csv', 'DORS.csv']
    """
    sources = (registers_folder,)
    guard_folder(out, command=COMMAND, sources=sources)
    registers = open_registers(registers_folder)
    tables = clean_tables(registers, choose_people(registers, people, seed))
    with staged_folder(out, command=COMMAND, sources=sources) as staging:
        for extract in EXTRACTS:
            for _ in write_files(staging.result, extract, extract.rows(tables, registers.manifest.data_end)):
                pass
        page = readme(registers.manifest.name, tables["persons"].height, seed)
        (staging.result / "README.md").write_text(page, encoding="utf-8")
    return Path(out)


def write_files(folder: Path, extract: Extract, rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Write the file or files of an extract, and name each with its rows; an agency that has nothing sends none."""
    if not extract.by_year:
        parts = {extract.name: (extract.form_of(0), rows)} if rows.height else {}
    else:
        by_year = sorted(rows.partition_by("_year", as_dict=True).items())
        parts = {f"{extract.name}_{year}": (extract.form_of(int(year)), part) for (year,), part in by_year}
    for name, (form, part) in parts.items():
        file = f"{name}.{form.kind}"
        write_form(folder / file, part.select(pl.all().exclude("^_.*$")), form)
        yield file, part
