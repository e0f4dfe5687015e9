"""Extracts as they are delivered: a folder of files in many forms, and a page that says what no delivery carries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.files import guard_folder, staged_folder
from riskstrat.registers import open_registers
from riskstrat.synthetic.extracts import health_board, local, scb
from riskstrat.synthetic.extracts.clean import Tables, choose_people, clean_tables
from riskstrat.synthetic.extracts.form import Form, write_form


@dataclass(frozen=True, kw_only=True)
class Extract:
    """A series of files with the same content; `forms` has the first year of each form, one file has year 0."""

    name: str
    rows: Callable[[Tables, date], pl.DataFrame]
    forms: Mapping[int, Form]

    @property
    def by_year(self) -> bool:
        """Whether there is a file for each year."""
        return 0 not in self.forms

    def form_of(self, year: int) -> Form:
        """Give the form of a year's file."""
        return self.forms[max((first for first in self.forms if first <= year), default=min(self.forms))]


LATIN, BOM = "latin-1", "utf-8-sig"
PROJECT_KEY = {"LopNr": "P1105_LopNr_PersonNr"}
EXTRACTS: tuple[Extract, ...] = (
    Extract(name="RTB_demografi", rows=scb.population, forms={0: Form(encoding=LATIN)}),
    Extract(
        name="RTB_flergeneration",
        rows=scb.generations,
        forms={0: Form(kind="sav", numbers=("LopNr", "LopNrMor", "LopNrFar"))},
    ),
    Extract(
        name="RTB",
        rows=scb.residences,
        forms={
            1998: Form(kind="parquet", numbers=("LopNr",), names={"LopNr": "LOPNR"}),
            2013: Form(encoding=LATIN, names={"LopNr": "lopnr"}),
            2019: Form(encoding=BOM, separator="\t", names=PROJECT_KEY),
            2023: Form(encoding=BOM, separator="\t", names={**PROJECT_KEY, "DeSO": "DeSO_DeSO2025"}),
        },
    ),
    Extract(name="RTB_flyttningar", rows=scb.moves, forms={0: Form(kind="txt", separator="\t", encoding=LATIN)}),
    Extract(name="RTB_migrationer", rows=scb.migrations, forms={0: Form(encoding=BOM)}),
    Extract(
        name="LISA",
        rows=scb.lisa,
        forms={
            1990: Form(encoding=LATIN, names={"DispInk04": "DispInk", "SyssStat11": "SyssStat"}),
            2004: Form(encoding=LATIN, names={"SyssStat11": "SyssStatG"}),
            2011: Form(encoding=LATIN, names={"LopNr": "LOPNR", "Sun2000niva_old": "Sun2000niva_Old"}),
            2015: Form(encoding=BOM, separator="\t", names={**PROJECT_KEY, "Sun2000niva_old": "Sun2000Niva_Old"}),
            2019: Form(
                encoding=BOM,
                separator="\t",
                names={**PROJECT_KEY, "Sun2000niva_old": "Sun2020Niva_Old", "SyssStat11": "SyssStat19"},
            ),
        },
    ),
    Extract(
        name="PAR_SV",
        rows=health_board.stays,
        forms={1987: Form(encoding=LATIN, separator="\t"), 2016: Form(names={"LOPNR": "LopNr", "HDIA": "hdia"})},
    ),
    Extract(name="PAR_OV", rows=health_board.visits, forms={0: Form(kind="dta", numbers=("LOPNR", "AR"))}),
    Extract(
        name="LMED",
        rows=health_board.drugs,
        forms={
            2005: Form(kind="parquet", numbers=("LOPNR", "ANTAL", "forpddd"), dates=("EDATUM", "FDATUM")),
            2021: Form(separator="\t", decimal=",", names={"LOPNR": "lopnr", "ANTAL": "antal"}),
        },
    ),
    Extract(name="DORS", rows=health_board.deaths, forms={0: Form(encoding=BOM)}),
    Extract(
        name="MFR",
        rows=health_board.births,
        forms={0: Form(kind="sav", numbers=("lpnr_mor", "MLANGD", "MVIKT", "GRVBS", "GRDBS", "BVIKTBS"))},
    ),
    Extract(name="Nyckel_region", rows=local.region_key, forms={0: Form()}),
    Extract(
        name="Primarvard",
        rows=local.primary_care,
        forms={2009: Form(encoding=LATIN, separator="\t"), 2018: Form(names={"LopNr": "lopnr"})},
    ),
    Extract(name="Matvarden", rows=local.measured_values, forms={0: Form(decimal=",", encoding=BOM)}),
    Extract(name="BHV", rows=local.child_health, forms={0: Form(decimal=",", encoding=LATIN)}),
    Extract(name="Skolhalsa", rows=local.school_health, forms={0: Form(kind="txt", separator="\t")}),
    Extract(name="SoL", rows=local.services, forms={2009: Form(encoding=LATIN), 2017: Form(separator="\t")}),
)
"""Statistics Sweden, the National Board of Health and Welfare, the region, the municipality."""


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
