"""The one composition: raw folder in, register folder out, there whole or not at all.

read -> clean -> judge lines -> shape -> store; then by range of persons: people -> homes -> judge events -> write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.errors import ContractError, Problem, UsageError
from riskstrat.extras import optional
from riskstrat.registers.identity import refuse_identities
from riskstrat.registers.intake.account import KEPT, REFUSED, Account, counts, total
from riskstrat.registers.intake.covering import Span, coverage_of, entries_of, last_day_of, rules_of
from riskstrat.registers.intake.delivery import Delivered, Delivery, delivery_of
from riskstrat.registers.intake.keys import key_maps
from riskstrat.registers.intake.mapping import RegisterMapping
from riskstrat.registers.intake.page import write_report
from riskstrat.registers.intake.parts import by_table, stored
from riskstrat.registers.intake.reporting import Intake, report_of
from riskstrat.registers.intake.shaping import shaped
from riskstrat.registers.intake.shipped import mappings
from riskstrat.registers.intake.tables import REFUSED_FOLDER, Workshop, write_tables
from riskstrat.registers.intake.taking import ORIGIN, KeyMap, set_aside, taken
from riskstrat.registers.intake.text import LINE, UnreadableError, unreadable
from riskstrat.registers.intake.workshop import workshop
from riskstrat.registers.manifest import FILE_NAME, Manifest, to_toml
from riskstrat.registers.opening import open_registers

Progress = Callable[[str, float], None]
EMPTY_HANDED = "nothing to take from it"
_READING = 0.6
_VALUES_LOOKED_AT = 10_000
"""Different values of each column of each batch in which identity numbers are looked for."""


def intake(
    raw: str | Path,
    out: str | Path,
    *,
    mapping: Iterable[str | Path] = (),
    name: str | None = None,
    data_end: date | None = None,
    progress: Progress | None = None,
) -> Intake:
    """Turn a folder of raw extracts into a register folder.

    Parameters
    ----------
    raw
        The folder of extracts, with any folders inside.
    out
        The register folder to write; what is there is replaced when the new one is whole.
    mapping
        TOML files of your own; they come before those that ship (see ``docs/intake.md``).
    name
        What the registers are called; the name of the raw folder if left out.
    data_end
        The last day that can have been seen; by default the last day that any table covers.
    progress
        Called with what is being done and how far, 0 to 1.

    Returns
    -------
    Intake
        The opened registers, the account of every row, and where the report is.

    Raises
    ------
    UsageError
        If a mapping contradicts itself, or `out` is a folder that an intake may not replace.
    ContractError
        If a file is not known or cannot be read, a column is missing, a column holds personal identity numbers, or what
        came out breaks the contract. Nothing is written then.
    """
    tell = progress or _silent
    source, target = Path(raw), Path(out)
    _refuse_place(source, target)
    optional("jinja2")  # the report comes last; its package is asked for first
    delivery = delivery_of(source, mappings(Path(each) for each in mapping))
    keys = key_maps(delivery.keys)
    with workshop(target) as work:
        reading = _Reading(delivery=delivery, keys=keys, work=work, tell=tell)
        parts = by_table(stored(reading.rows(), work / "parts"))
        read = total(reading.accounts)
        spans = coverage_of(read.years, delivery.files)
        last_day = data_end or last_day_of(read.years, delivery.files)
        place = Workshop(
            folder=work / "new",
            work=work,
            parts=parts,
            rules=rules_of(_registers(delivery)),
            last_day=last_day,
            files=[each.file for each in delivery.files],
        )
        made = list(write_tables(place, lambda table: tell(f"writing {table}", _READING)))
        manifest = _manifest(name or source.name, place, spans, delivery.files)
        account = total([read, *made])
        _write_refused(work)
        fresh = work / "new"
        report = report_of(account, delivery, manifest, fresh, fresh / REFUSED_FOLDER)
        write_report(report, fresh)
        open_registers(fresh)  # what breaks the contract does not take the place of what is there
    tell("done", 1.0)
    return Intake(registers=open_registers(target), account=account, report=report, folder=target)


def _refuse_place(raw: Path, out: Path) -> None:
    """Refuse to write over what was delivered, or over a folder that holds no registers."""
    source, target = raw.resolve(), out.resolve()
    if source == target or source in target.parents or target in source.parents:
        found = "an output folder that is, holds or lies in the raw folder"
        raise UsageError(Problem(found=found, expected="a folder apart from it", remedy="give another folder"))
    if target.exists() and not (target / FILE_NAME).is_file() and (not target.is_dir() or any(target.iterdir())):
        found = f"an output folder that holds something else than registers ({out.name})"
        raise UsageError(
            Problem(found=found, expected="a new folder or an earlier intake", remedy="give another folder")
        )


def _silent(_: str, __: float) -> None:
    pass


@dataclass(kw_only=True)
class _Reading:
    """Reads the files once, in order, and keeps the account."""

    delivery: Delivery
    keys: dict[str, KeyMap]
    work: Path
    tell: Progress
    accounts: list[Account] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[str, pl.DataFrame]]:
        """Yield table and rows of every batch of every file.

        Raises
        ------
        ContractError
            If a file breaks off, or holds personal identity numbers.
        """
        size = sum(each.sheet.path.stat().st_size for each in self.delivery.files) or 1
        done = 0
        for number, file in enumerate(self.delivery.files):
            self.tell(f"reading {file.file}", _READING * done / size)
            yield from self._rows_of(file, number)
            self.accounts = [total(self.accounts)]
            done += file.sheet.path.stat().st_size

    def _rows_of(self, file: Delivered, number: int) -> Iterator[tuple[str, pl.DataFrame]]:
        try:
            for texts in file.sheet.frames():
                _refuse_identities(file, texts)
                yield from self._batch(file, number, texts)
        except UnreadableError as broken:
            raise ContractError(unreadable(file.file, str(broken))) from broken

    def _batch(self, file: Delivered, number: int, texts: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
        batch = taken(file, number, texts, self.keys.get(file.register.name))
        rows = shaped(file.register, file.place, file.declared, batch.values)
        used = pl.concat([each.rows[ORIGIN] for each in rows]).unique()
        idle = batch.values.filter(~pl.col(ORIGIN).is_in(used.implode()))[ORIGIN]
        nothing = set_aside(file, texts, (idle % 2**32).cast(pl.UInt32), EMPTY_HANDED)
        self._keep_refused(file, number, pl.concat([batch.refused, nothing]), int(texts[LINE][0]))
        moved = [(file.place, "", EMPTY_HANDED, REFUSED, idle.len()), (file.place, "", "", KEPT, -idle.len())]
        self.accounts += [batch.account, Account(counts=counts(moved)), *(each.account for each in rows)]
        yield from ((each.table, each.rows) for each in rows if each.rows.height)

    def _keep_refused(self, file: Delivered, number: int, refused: pl.DataFrame, first: int) -> None:
        if refused.height:
            folder = self.work / REFUSED_FOLDER / file.place
            folder.mkdir(parents=True, exist_ok=True)
            refused.write_parquet(folder / f"{number:06d}_{first:012d}.parquet")


def _refuse_identities(file: Delivered, texts: pl.DataFrame) -> None:
    header = [
        name if file.sheet.header.index(name) == place else f"{name} ({place + 1})"
        for place, name in enumerate(file.sheet.header)
    ]
    different = [
        texts.select(pl.nth(place).drop_nulls().unique().head(_VALUES_LOOKED_AT).alias(name))
        for place, name in enumerate(header)
    ]
    refuse_identities(pl.concat(different, how="horizontal_extend"), file.file)


def _registers(delivery: Delivery) -> list[RegisterMapping]:
    return list({each.register.name: each.register for each in delivery.files}.values())


def _manifest(name: str, place: Workshop, spans: Mapping[str, Span], files: Sequence[Delivered]) -> Manifest:
    """Write `registers.toml` for the tables that are there."""
    tables = [path.stem for path in sorted(place.folder.glob("*.parquet"))]
    entries = entries_of(tables, spans, place.rules, _sources(files))
    manifest = Manifest(name=name, data_end=place.last_day, tables=entries)
    (place.folder / FILE_NAME).write_text(to_toml(manifest) + "\n", encoding="utf-8")
    return manifest


def _sources(files: Sequence[Delivered]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for each in files:
        for table in (*each.declared.tables, *each.register.tables):
            found.setdefault(table, []).append(each.register.source)
    return {table: "; ".join(dict.fromkeys(sources)) for table, sources in found.items()}


def _write_refused(work: Path) -> None:
    """Join the refused rows of each place into one file."""
    folder = work / REFUSED_FOLDER
    if not folder.is_dir():
        return
    target = work / "new" / REFUSED_FOLDER
    target.mkdir()
    for place in sorted(folder.iterdir()):
        pieces = [pl.scan_parquet(path, glob=False) for path in sorted(place.iterdir())]
        pl.concat(pieces, how="diagonal_relaxed").sink_parquet(target / f"{place.name}.parquet", compression="zstd")
