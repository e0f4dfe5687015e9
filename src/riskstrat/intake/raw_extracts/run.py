"""The one composition: raw folder in, register folder out, there whole or not at all.

read -> clean -> judge lines -> shape -> store; then by range of persons: people -> homes -> judge events -> write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from riskstrat.errors import Problem, UsageError
from riskstrat.extras import optional
from riskstrat.intake.raw_extracts.account import Account, total
from riskstrat.intake.raw_extracts.batches import Batch, batches
from riskstrat.intake.raw_extracts.coverage import Span, coverage_of, entries_of, last_day_of, rules_of
from riskstrat.intake.raw_extracts.delivery import Delivered, Delivery, delivery_of
from riskstrat.intake.raw_extracts.keys import key_maps
from riskstrat.intake.raw_extracts.mapping import RegisterMapping
from riskstrat.intake.raw_extracts.page import write_report
from riskstrat.intake.raw_extracts.parts import by_table, stored
from riskstrat.intake.raw_extracts.pieces import Workshop, join_refused
from riskstrat.intake.raw_extracts.reporting import Intake, report_of
from riskstrat.intake.raw_extracts.shipped import mappings
from riskstrat.intake.raw_extracts.tables import write_tables
from riskstrat.registers.manifest import FILE_NAME, Manifest, to_toml
from riskstrat.registers.opening import open_registers
from riskstrat.registers.workshop import workshop

Progress = Callable[[str, float], None]
_READING = 0.6


def extracts(
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
        accounts: list[Account] = []
        read = batches(delivery.files, keys, work, lambda what, share: tell(what, _READING * share))
        parts = by_table(stored(_noted(read, accounts), work / "parts"))
        months = total(accounts).years
        spans = coverage_of(months, delivery.files)
        last_day = data_end or last_day_of(months, delivery.files)
        place = Workshop(
            folder=work / "new",
            work=work,
            parts=parts,
            rules=rules_of(_registers(delivery)),
            last_day=last_day,
            files=[each.file for each in delivery.files],
        )
        accounts += write_tables(place, lambda what, share: tell(what, _READING + (1 - _READING) * share))
        manifest = _manifest(name or source.name, place, spans, delivery.files)
        account = total(accounts)
        join_refused(work, place.folder)
        report = report_of(account, delivery, manifest, place.folder)
        write_report(report, place.folder)
        open_registers(place.folder)  # what breaks the contract does not take the place of what is there
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


def _noted(read: Iterable[Batch], accounts: list[Account]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Pass on the rows of each batch, and note its account."""
    for batch in read:
        accounts.append(batch.account)
        yield from batch.rows


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
