"""The files of a delivery, read once and in order: texts in, rows of tables and what was counted out.

Lines that cannot be used are written to the rejected rows as they came; personal identity numbers stop everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskstrat.errors import ContractError
from riskstrat.intake.identity import refuse_identities
from riskstrat.intake.numbers import is_text_key, text_keys
from riskstrat.intake.raw_extracts.account import RowCounts, counts, total
from riskstrat.intake.raw_extracts.cleaning import day_numbers, filled, is_day_number
from riskstrat.intake.raw_extracts.delivery import DeliveredFile
from riskstrat.intake.raw_extracts.mapping import Column
from riskstrat.intake.raw_extracts.parsing import ORIGIN, KeyMap, parse_batch, rejected_lines
from riskstrat.intake.raw_extracts.shaping import shaped
from riskstrat.intake.raw_extracts.storage import write_rejected
from riskstrat.intake.raw_extracts.text import UnreadableError, unreadable
from riskstrat.records.intake_account import KEPT, REJECTED

NO_ROWS = "no row of any table results from it"
_DOUBTS = {"key": (is_text_key, text_keys), "date": (is_day_number, day_numbers)}
_DOUBTFUL = {"column": pl.String, "kind": pl.String, "odd": pl.Int64, "values": pl.Int64}
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
        doubtful: list[pl.DataFrame] = []
        try:
            for texts in file.sheet.frames():
                looked_at = _different(file, texts)
                refuse_identities(looked_at, file.file, reserve)
                doubtful.append(_doubtful(file, looked_at))
                yield _batch(file, number, texts, keys.get(file.register.name), scratch)
        except UnreadableError as broken:
            raise ContractError(unreadable(file.file, str(broken))) from broken
        _refuse_doubtful(file.file, doubtful)


def _batch(file: DeliveredFile, number: int, texts: pl.DataFrame, keys: KeyMap | None, scratch: Path) -> Batch:
    batch = parse_batch(file, number, texts, keys)
    made = shaped(file.register, file.dataset, file.declared, batch.rows)
    used = pl.concat([each.rows[ORIGIN] for each in made]).unique()
    idle = batch.rows.filter(~pl.col(ORIGIN).is_in(used.implode()))[ORIGIN]
    nothing = rejected_lines(file, texts, (idle % 2**32).cast(pl.UInt32), NO_ROWS)
    write_rejected(scratch, file.dataset, pl.concat([batch.rejected, nothing]))
    moved = [(file.dataset, "", NO_ROWS, REJECTED, idle.len()), (file.dataset, "", "", KEPT, -idle.len())]
    account = total([batch.account, RowCounts(counts=counts(moved)), *(each.account for each in made)])
    return Batch(rows=[(each.table, each.rows) for each in made if each.rows.height], account=account)


def _different(file: DeliveredFile, texts: pl.DataFrame) -> pl.DataFrame:
    """Give the first different values of each column."""
    header = file.sheet.header
    names = [
        name if header.index(name) == position else f"{name} ({position + 1})" for position, name in enumerate(header)
    ]
    different = [
        texts.select(pl.nth(position).drop_nulls().unique().head(VALUES_LOOKED_AT).alias(name))
        for position, name in enumerate(names)
    ]
    return pl.concat(different, how="horizontal_extend")


def _doubtful(file: DeliveredFile, looked_at: pl.DataFrame) -> pl.DataFrame:
    """Count, of each column of keys or dates, the values that are texts or day numbers, and all."""
    found = [
        (looked_at.columns[position], column.kind, *_counted(column, looked_at.to_series(position)))
        for name, column in file.declared.columns.items()
        if column.kind in _DOUBTS and column.days_since is None
        for position, _ in file.columns[name]
        if position >= 0
    ]
    return pl.DataFrame(found, schema=_DOUBTFUL, orient="row")


def _counted(column: Column, texts: pl.Series) -> tuple[int, int]:
    values = texts.alias("text").to_frame().select(filled(column, pl.col("text"))).drop_nulls()
    return int(values.select(_DOUBTS[column.kind][0](pl.col("text")).sum()).item()), values.height


def _refuse_doubtful(file: str, found: Sequence[pl.DataFrame]) -> None:
    """Stop where most values of a column are such, and of keys more than one, which might be a slip of the pen."""
    summed = pl.concat([pl.DataFrame(schema=_DOUBTFUL), *found]).group_by("column", "kind").agg(pl.sum("odd", "values"))
    most = summed.filter((pl.col("odd") > pl.col("values") / 2) & ((pl.col("odd") > 1) | (pl.col("kind") == "date")))
    if most.height:
        raise ContractError(
            *(_DOUBTS[kind][1](file, column) for column, kind in most["column", "kind"].sort("column").iter_rows())
        )
