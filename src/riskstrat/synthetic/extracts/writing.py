"""Extracts as they are delivered: a folder of files in many forms, and a page that says what no delivery carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from riskstrat.files import guard_folder, staged_folder
from riskstrat.registers import open_registers
from riskstrat.synthetic.extracts.clean import choose_people, clean_tables
from riskstrat.synthetic.extracts.form import write_form
from riskstrat.synthetic.extracts.layout import EXTRACTS, Extract

LOSSES: Mapping[str, str] = {
    "persons": "The day of birth is delivered only for those in the birth register; others are born in mid-month.",
    "residences": "Who left for elsewhere in Sweden left on an unknown day; a stay within one year is not seen.",
    "diagnoses": "The day on which a late row became known, and stays that had not ended, are not delivered.",
    "births": "The mother's body mass index is that of whole centimetres and kilograms.",
    "services": "Municipal services are known by the month.",
    "circumstances": "Social assistance is an amount of the family, repeated on each of its members.",
}
"""What is lost in any delivery, however clean."""
_PAGE = """\
# Extracts as agencies deliver them

**Invented.** {people:,} of the made-up people of {registers}, in whole families and with the personas, as
Swedish agencies would deliver them. Nobody in it exists. {writer} made it from those clean
registers with seed {seed}; the same call gives the same rows.

- `RTB*` and `LISA_*`, Statistics Sweden: population, parents (SPSS), residence on 31 December, moves, migrations, and
  the circumstances of each year. Separators, encodings, the spelling of names and definitions change over the years.
- `PAR_SV_*`, `PAR_OV`, `LMED_*`, `DORS` and `MFR`, the National Board of Health and Welfare: hospital stays, visits
  (Stata), drugs (Parquet, later text), causes of death, births (SPSS).
- `Primarvard_*`, `Matvarden`, `BHV`, the region: primary care in running numbers of its own with the key file
  `Nyckel_region`, measured values with decimal commas, child health.
- `Skolhalsa` and `SoL_*`, the municipality: school health, services by the month.

Lost in any delivery, however clean:

{losses}
"""


def readme(registers: str, people: int, seed: int, *, writer: str = "`riskstrat synthesise --extracts`") -> str:
    """Write the page; `writer` is what made the extracts."""
    losses = "\n".join(f"- {table}: {text}" for table, text in LOSSES.items())
    return _PAGE.format(registers=registers, people=people, seed=seed, writer=writer, losses=losses)


COMMAND = "synthesise --extracts"


def write_extracts(registers_folder: Path | str, out: Path | str, people: int = 2_500, seed: int = 0) -> Path:
    """Write a part of clean registers as Swedish agencies would deliver them.

    The files differ in separators, encodings, decimals, spellings and kinds, as those of the agencies do over the
    years; they hold no data errors. `people` is about how many, in whole families; the same seed gives the same
    extracts. An earlier result in `out` is replaced when everything is written.

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
