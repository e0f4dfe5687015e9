"""Extracts as they are delivered: a folder of files, and the list of what is wrong with them.

In: clean registers. Out: files in many forms, `planted.json`, and the faulty rows in `truth/`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from riskstrat.registers import open_registers
from riskstrat.registers.workshop import workshop
from riskstrat.synthetic.extracts import faults_health_board, faults_local, faults_patient_register, faults_scb
from riskstrat.synthetic.extracts.clean import CARRIED_LOSSES, Tables, clean_tables
from riskstrat.synthetic.extracts.form import Form, write_form
from riskstrat.synthetic.extracts.layout import EXTRACTS, Extract
from riskstrat.synthetic.extracts.people import FIRST_TEST_PERSON, choose_people
from riskstrat.synthetic.extracts.planting import EVERYTHING, FAULT, Fault, plant
from riskstrat.synthetic.extracts.readme import README
from riskstrat.synthetic.writing import TRUTH

FAULTS: tuple[Fault, ...] = (
    *faults_scb.FAULTS,
    *faults_patient_register.FAULTS,
    *faults_health_board.FAULTS,
    *faults_local.FAULTS,
)
"""Every fault, in the order in which they are planted."""
PLANTED, PLANTED_ROWS = "planted.json", "planted_rows.ndjson"
ROW_SCHEMA = {"fault": pl.String, "file": pl.String, "row": pl.Int64, "person_id": pl.Int64}


def write_extracts(
    registers_folder: Path | str, out: Path | str, people: int = 2_500, seed: int = 0, *, faults: bool = True
) -> Path:
    """Write a part of clean registers as Swedish agencies would deliver them.

    Parameters
    ----------
    registers_folder
        Clean registers, such as ``data_samples/modellstad``.
    out
        Folder; replaced as a whole when everything is written, untouched if anything fails.
    people
        About how many people, in whole families; everybody if there are fewer.
    seed
        The same seed gives the same extracts.
    faults
        Plant the faults of real deliveries (`FAULTS`). Without them the files still differ in separators,
        encodings, decimals, spellings and kinds of file.

    Returns
    -------
    pathlib.Path
        The folder. Beside the files lies ``planted.json``, which says how often each fault was planted and what no
        delivery carries; ``truth/planted_rows.ndjson`` says in which rows.

    Raises
    ------
    ContractError
        If the registers cannot be opened.

    Examples
    --------
    >>> from riskstrat.synthetic import write_municipality
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     town = write_municipality(500, 1, Path(place) / "town")
    ...     raw = write_extracts(town, Path(place) / "raw", people=200)
    ...     sorted(path.name for path in raw.iterdir())[:3]
    ['BHV.csv', 'DORS.csv', 'LISA_2003.csv']
    """
    registers = open_registers(registers_folder)
    tables = clean_tables(registers, choose_people(registers, people, seed))
    target = Path(out)
    with workshop(target) as place:
        fresh = place / "new"
        (fresh / TRUTH).mkdir()
        rows = _deliver_all(fresh, tables, registers.manifest.data_end, seed, FAULTS if faults else ())
        rows.write_ndjson(fresh / TRUTH / PLANTED_ROWS)
        summary = {"registers": registers.manifest.name, "seed": seed, "people": tables["persons"].height}
        (fresh / "README.md").write_text(README.format(**summary), encoding="utf-8")
        text = json.dumps({**summary, **_planted(rows)}, ensure_ascii=False, indent=2)
        (fresh / PLANTED).write_text(text + "\n", encoding="utf-8")
    return target


def _deliver_all(folder: Path, tables: Tables, data_end: date, seed: int, faults: Sequence[Fault]) -> pl.DataFrame:
    """Write every extract; the example citizens and those who are left out as a whole carry no other fault."""
    spared = tables["persons"].filter(pl.col("person_id") > FIRST_TEST_PERSON)["person_id"].to_list()
    left_out = [fault.name for fault in faults if fault.loses == EVERYTHING]
    written = [pl.DataFrame(schema=ROW_SCHEMA)]
    for number, extract in enumerate(EXTRACTS):
        own = [fault for fault in faults if fault.file == extract.name]
        rows = plant(extract.rows(tables, data_end), own, np.random.default_rng([seed, number]), spared)
        faulty = pl.concat([pl.DataFrame(schema=ROW_SCHEMA), *_write_files(folder, extract, rows)])
        spared += faulty.filter(pl.col("fault").is_in(left_out))["person_id"].to_list()
        written.append(faulty)
    return pl.concat(written)


def _write_files(folder: Path, extract: Extract, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Write the file or files of an extract; an agency that has nothing sends none."""
    if not extract.by_year and rows.height:
        yield _write_file(folder / extract.name, extract.form_of(0), rows)
    if not extract.by_year:
        return
    for (year,), part in sorted(rows.partition_by("_year", as_dict=True).items()):
        yield _write_file(folder / f"{extract.name}_{year}", extract.form_of(int(year)), part)


def _write_file(path: Path, form: Form, rows: pl.DataFrame) -> pl.DataFrame:
    """Write a file and say which of its rows are faulty; the first row after the header is 1."""
    write_form(path.with_suffix(f".{form.kind}"), rows.select(pl.all().exclude("^_.*$")), form)
    numbered = rows.with_row_index("row", offset=1).filter(pl.col(FAULT).is_not_null())
    return numbered.select(
        fault=FAULT,
        file=pl.lit(f"{path.name}.{form.kind}"),
        row=pl.col("row").cast(pl.Int64),
        person_id="_person",
    )


def _planted(rows: pl.DataFrame) -> Mapping[str, object]:
    counts = rows.group_by("fault", "file").len().sort("file")
    faults = [_described(fault, counts.filter(fault=fault.name)) for fault in FAULTS]
    return {"lost_in_any_delivery": CARRIED_LOSSES, "faults": [each for each in faults if each["rows"]]}


def _described(fault: Fault, counts: pl.DataFrame) -> Mapping[str, object]:
    return {
        "name": fault.name,
        "what": fault.what,
        "fate": fault.fate,
        "changes_tables": list(fault.loses),
        "rows": int(counts["len"].sum()),
        "files": dict(counts.select("file", "len").iter_rows()),
    }
