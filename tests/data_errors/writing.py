"""Extracts with planted data errors: the files, the list of what is wrong with them, and the faulty rows.

In: clean registers. Out: files in many forms, `planted.json`, and the faulty rows in `truth/`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from data_errors import health_board, local, patient_register, statistics_sweden
from data_errors.planting import EVERYTHING, FAULT, Fault, plant
from data_errors.readme import PLANTED_PAGE
from riskstrat.files import staged_folder
from riskstrat.registers import open_registers
from riskstrat.synthetic.extracts import LOSSES, choose_people, clean_tables
from riskstrat.synthetic.extracts.clean import Tables
from riskstrat.synthetic.extracts.writing import EXTRACTS, readme, write_files
from riskstrat.synthetic.personas import FIRST_TEST_ID

FAULTS: tuple[Fault, ...] = (
    *statistics_sweden.FAULTS,
    *patient_register.FAULTS,
    *health_board.FAULTS,
    *local.FAULTS,
)
"""Every fault, in the order in which they are planted."""
COMMAND = "data_errors"
TRUTH, PLANTED, PLANTED_ROWS = "truth", "planted.json", "planted_rows.ndjson"
ROW_SCHEMA = {"fault": pl.String, "file": pl.String, "row": pl.Int64, "person_id": pl.Int64}


def write_faulty_extracts(registers_folder: Path | str, out: Path | str, people: int = 2_500, seed: int = 0) -> Path:
    """Write extracts as `riskstrat.synthetic.extracts.write_extracts` does, with the faults of real deliveries.

    ``planted.json`` says how often each fault was planted and what no delivery carries; ``truth/planted_rows.ndjson``
    says in which rows.
    """
    registers = open_registers(registers_folder)
    tables = clean_tables(registers, choose_people(registers, people, seed))
    with staged_folder(out, command=COMMAND, sources=(registers_folder,)) as staging:
        (staging.result / TRUTH).mkdir()
        rows = _deliver(staging.result, tables, registers.manifest.data_end, seed)
        rows.write_ndjson(staging.result / TRUTH / PLANTED_ROWS)
        name, height = registers.manifest.name, tables["persons"].height
        page = readme(name, height, seed, writer="`python -m data_errors` in `tests/`") + PLANTED_PAGE
        (staging.result / "README.md").write_text(page, encoding="utf-8")
        summary = {"registers": name, "seed": seed, "people": height, **_planted(rows)}
        text = json.dumps(summary, ensure_ascii=False, indent=2)
        (staging.result / PLANTED).write_text(text + "\n", encoding="utf-8")
    return Path(out)


def _deliver(folder: Path, tables: Tables, data_end: date, seed: int) -> pl.DataFrame:
    """Write every extract; the personas and those who are left out as a whole carry no other fault."""
    spared = tables["persons"].filter(pl.col("person_id") >= FIRST_TEST_ID)["person_id"].to_list()
    left_out = [fault.name for fault in FAULTS if fault.loses == EVERYTHING]
    planted = [pl.DataFrame(schema=ROW_SCHEMA)]
    for number, extract in enumerate(EXTRACTS):
        own = [fault for fault in FAULTS if fault.file == extract.name]
        rows = plant(extract.rows(tables, data_end), own, np.random.default_rng([seed, number]), spared)
        files = write_files(folder, extract, rows)
        faulty = pl.concat([pl.DataFrame(schema=ROW_SCHEMA), *(_faulty_rows(file, part) for file, part in files)])
        spared += faulty.filter(pl.col("fault").is_in(left_out))["person_id"].to_list()
        planted.append(faulty)
    return pl.concat(planted)


def _faulty_rows(file: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Say which rows of a file are faulty; the first row after the header is 1."""
    numbered = rows.with_row_index("row", offset=1).filter(pl.col(FAULT).is_not_null())
    return numbered.select(fault=FAULT, file=pl.lit(file), row=pl.col("row").cast(pl.Int64), person_id="_person")


def _planted(rows: pl.DataFrame) -> Mapping[str, object]:
    return {"lost_in_any_delivery": LOSSES, "faults": list(_described(rows))}


def _described(rows: pl.DataFrame) -> Iterator[Mapping[str, object]]:
    counts = rows.group_by("fault", "file").len().sort("file")
    for fault in FAULTS:
        files = dict(counts.filter(fault=fault.name).select("file", "len").iter_rows())
        if files:
            yield {
                "name": fault.name,
                "what": fault.what,
                "fate": fault.fate,
                "changes_tables": list(fault.loses),
                "rows": sum(files.values()),
                "files": files,
            }
