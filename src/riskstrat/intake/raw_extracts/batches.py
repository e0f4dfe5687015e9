"""The files of a delivery, read once and in order: texts in, rows of tables and what was counted out.

Lines that cannot be used are written to the rejected rows as they came; personal identity numbers stop everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskstrat.errors import ContractError, Problem
from riskstrat.intake.identity import refuse_identities
from riskstrat.intake.numbers import refuse_text_keys
from riskstrat.intake.raw_extracts.account import RowCounts, counts, total
from riskstrat.intake.raw_extracts.cleaning import are_day_numbers
from riskstrat.intake.raw_extracts.delivery import DeliveredFile
from riskstrat.intake.raw_extracts.parsing import ORIGIN, KeyMap, parse_batch, rejected_lines
from riskstrat.intake.raw_extracts.shaping import shaped
from riskstrat.intake.raw_extracts.storage import write_rejected
from riskstrat.intake.raw_extracts.text import UnreadableError, unreadable
from riskstrat.records.intake_account import KEPT, REJECTED

NO_ROWS = "no row of any table results from it"
VALUES_LOOKED_AT = 10_000
"""Different values of each column of each batch in which identity numbers are looked for."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a part of a file became: rows by table, and the account."""

    rows: Sequence[tuple[str, pl.DataFrame]]
    account: RowCounts


def batches(
    files: Sequence[DeliveredFile], keys: Mapping[str, KeyMap], scratch: Path, tell: Callable[[str, float], None]
) -> Iterator[Batch]:
    """Read all files in order; `tell` hears the file and the share of the bytes read before it."""
    reserve = [pattern for file in files for pattern in file.register.reserve_numbers]
    sizes = [file.sheet.path.stat().st_size for file in files]
    for number, file in enumerate(files):
        tell(f"reading {file.file}", sum(sizes[:number]) / max(sum(sizes), 1))
        try:
            for texts in file.sheet.frames():
                _refuse_columns(file, texts, reserve)
                yield _batch(file, number, texts, keys.get(file.register.name), scratch)
        except UnreadableError as broken:
            raise ContractError(unreadable(file.file, str(broken))) from broken


def _batch(file: DeliveredFile, number: int, texts: pl.DataFrame, keys: KeyMap | None, scratch: Path) -> Batch:
    batch = parse_batch(file, number, texts, keys)
    made = shaped(file.register, file.dataset, file.declared, batch.values)
    used = pl.concat([each.rows[ORIGIN] for each in made]).unique()
    idle = batch.values.filter(~pl.col(ORIGIN).is_in(used.implode()))[ORIGIN]
    nothing = rejected_lines(file, texts, (idle % 2**32).cast(pl.UInt32), NO_ROWS)
    write_rejected(scratch, file.dataset, pl.concat([batch.rejected, nothing]))
    moved = [(file.dataset, "", NO_ROWS, REJECTED, idle.len()), (file.dataset, "", "", KEPT, -idle.len())]
    account = total([batch.account, RowCounts(counts=counts(moved)), *(each.account for each in made)])
    return Batch(rows=[(each.table, each.rows) for each in made if each.rows.height], account=account)


def _refuse_columns(file: DeliveredFile, texts: pl.DataFrame, reserve_numbers: Sequence[str]) -> None:
    header = file.sheet.header
    names = [
        name if header.index(name) == position else f"{name} ({position + 1})" for position, name in enumerate(header)
    ]
    different = [
        texts.select(pl.nth(position).drop_nulls().unique().head(VALUES_LOOKED_AT).alias(name))
        for position, name in enumerate(names)
    ]
    looked_at = pl.concat(different, how="horizontal_extend")
    refuse_identities(looked_at, file.file, reserve_numbers)
    spelled = (file.columns[name] for name, column in file.declared.columns.items() if column.kind == "key")
    keys = sorted({position for each in spelled for position, _ in each})
    refuse_text_keys(looked_at, tuple(names[position] for position in keys), file.file)
    _refuse_day_numbers(file, looked_at)


def _refuse_day_numbers(file: DeliveredFile, looked_at: pl.DataFrame) -> None:
    dates = {
        looked_at.columns[position]: column
        for name, column in file.declared.columns.items()
        for position, _ in file.columns[name]
        if position >= 0
    }
    found = [name for name, column in dates.items() if are_day_numbers(column, looked_at[name])]
    if found:
        raise ContractError(
            *(
                Problem(
                    table=file.file,
                    column=name,
                    found="numbers of days or seconds, as statistical packages count them",
                    expected="dates",
                    remedy="have it delivered as dates, or say days_since in a mapping of your own (docs/intake.md)",
                )
                for name in found
            )
        )
