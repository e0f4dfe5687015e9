"""The files of a delivery, read once and in order: texts in, rows of tables and what was counted out.

Lines that cannot be used are set down as they came; personal identity numbers stop everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskstrat.errors import ContractError
from riskstrat.intake.identity import refuse_identities
from riskstrat.intake.raw_extracts.account import KEPT, REFUSED, Account, counts, total
from riskstrat.intake.raw_extracts.delivery import Delivered
from riskstrat.intake.raw_extracts.parsing import ORIGIN, KeyMap, set_aside, taken
from riskstrat.intake.raw_extracts.pieces import set_down
from riskstrat.intake.raw_extracts.shaping import shaped
from riskstrat.intake.raw_extracts.text import UnreadableError, unreadable

EMPTY_HANDED = "nothing to take from it"
VALUES_LOOKED_AT = 10_000
"""Different values of each column of each batch in which identity numbers are looked for."""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a part of a file became: rows by table, and the account."""

    rows: Sequence[tuple[str, pl.DataFrame]]
    account: Account


def batches(
    files: Sequence[Delivered], keys: Mapping[str, KeyMap], work: Path, tell: Callable[[str, float], None]
) -> Iterator[Batch]:
    """Read all files.

    Parameters
    ----------
    files
        The files, in the order in which they are read.
    keys
        Key files by register.
    work
        Where refused lines are set down.
    tell
        Called with the file and the share of the bytes read before it.

    Raises
    ------
    ContractError
        If a file breaks off, or holds personal identity numbers.
    """
    sizes = [file.sheet.path.stat().st_size for file in files]
    for number, file in enumerate(files):
        tell(f"reading {file.file}", sum(sizes[:number]) / max(sum(sizes), 1))
        try:
            for texts in file.sheet.frames():
                _refuse_identities(file, texts)
                yield _batch(file, number, texts, keys.get(file.register.name), work)
        except UnreadableError as broken:
            raise ContractError(unreadable(file.file, str(broken))) from broken


def _batch(file: Delivered, number: int, texts: pl.DataFrame, keys: KeyMap | None, work: Path) -> Batch:
    batch = taken(file, number, texts, keys)
    made = shaped(file.register, file.place, file.declared, batch.values)
    used = pl.concat([each.rows[ORIGIN] for each in made]).unique()
    idle = batch.values.filter(~pl.col(ORIGIN).is_in(used.implode()))[ORIGIN]
    nothing = set_aside(file, texts, (idle % 2**32).cast(pl.UInt32), EMPTY_HANDED)
    set_down(work, file.place, pl.concat([batch.refused, nothing]))
    moved = [(file.place, "", EMPTY_HANDED, REFUSED, idle.len()), (file.place, "", "", KEPT, -idle.len())]
    account = total([batch.account, Account(counts=counts(moved)), *(each.account for each in made)])
    return Batch(rows=[(each.table, each.rows) for each in made if each.rows.height], account=account)


def _refuse_identities(file: Delivered, texts: pl.DataFrame) -> None:
    header = file.sheet.header
    names = [name if header.index(name) == place else f"{name} ({place + 1})" for place, name in enumerate(header)]
    different = [
        texts.select(pl.nth(place).drop_nulls().unique().head(VALUES_LOOKED_AT).alias(name))
        for place, name in enumerate(names)
    ]
    refuse_identities(pl.concat(different, how="horizontal_extend"), file.file)
