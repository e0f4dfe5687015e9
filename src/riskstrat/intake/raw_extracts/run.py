"""The one composition: raw folder in, register folder out, there whole or not at all.

read -> parse lines -> shape rows -> store; then by range of persons: persons -> residences -> validate events -> write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from riskstrat.errors.arguments import checked
from riskstrat.extras import optional
from riskstrat.files import guard_folder, restored, staged_folder
from riskstrat.intake.losses import MAX_REJECTED_SHARE, refuse_losses
from riskstrat.intake.raw_extracts.account import RowCounts, total
from riskstrat.intake.raw_extracts.batches import Batch, batches
from riskstrat.intake.raw_extracts.coverage import Span, coverage_of, entries_of, last_day_of, rules_of
from riskstrat.intake.raw_extracts.delivery import DeliveredFile, delivery_of
from riskstrat.intake.raw_extracts.parsing import key_maps
from riskstrat.intake.raw_extracts.reporting import IntakeResult, intake_account
from riskstrat.intake.raw_extracts.shipped import mappings
from riskstrat.intake.raw_extracts.storage import IntakeContext, join_rejected, stored
from riskstrat.intake.raw_extracts.tables import PERSONS, write_tables
from riskstrat.publication.intake_account import write_intake_account
from riskstrat.registers.manifest import FILE_NAME, Manifest, to_toml
from riskstrat.registers.opening import open_registers

Progress = Callable[[str, float], None]
COMMAND = "intake"
_READING = 0.6


@checked
def extracts(
    raw: str | Path,
    out: str | Path,
    *,
    mapping: Iterable[str | Path] = (),
    name: str | None = None,
    data_end: date | None = None,
    ignore: Iterable[str] = (),
    max_rejected_share: float = MAX_REJECTED_SHARE,
    language: Literal["sv", "en"] = "en",
    progress: Progress | None = None,
) -> IntakeResult:
    r"""Turn a folder of raw extracts into a register folder.

    Parameters
    ----------
    raw
        The folder of extracts, with any folders inside.
    out
        The register folder to write; an earlier result of `extracts` is replaced when the new one is whole.
    mapping
        TOML files of your own; they come before those that ship (see ``docs/intake.md``).
    name
        What the registers are called; the name of the raw folder if left out.
    data_end
        The last day that can have been seen; by default the last day that was seen in any table.
    ignore
        Files of `raw` that are left alone: names or paths in it, with ``*`` for any characters.
    max_rejected_share
        The largest share of the rows of a file or table that may be rejected. Above it, where every row of one is
        rejected (unless it is 1), and where no person is left, nothing is written.
    language
        Of the page that accounts for the rows, ``intake.html``: ``"sv"`` or ``"en"``.
    progress
        Called with what is being done and how far, 0 to 1.

    Returns
    -------
    IntakeResult
        The opened registers, and the account of every row.

    Raises
    ------
    UsageError
        If a mapping contradicts itself, or `out` may not be replaced (see `riskstrat.files.staged_folder`).
    ContractError
        If a file is not known or cannot be read, a mapping of your own or a name in `ignore` fits no file, a column is
        missing, a column holds personal identity numbers, too many rows are rejected, or what came out breaks the
        contract. Nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as temporary:
    ...     raw = Path(temporary) / "raw"
    ...     raw.mkdir()
    ...     _ = (raw / "RTB_demografi.csv").write_text("LopNr;fodelseman;Kon\n1;195003;1\n")
    ...     _ = (raw / "RTB_2011.csv").write_text("LopNr;DeSO\n1;0181C1010\n")
    ...     result = extracts(raw, Path(temporary) / "registers")
    >>> result.account.rows_of("persons", "kept")
    1
    """
    tell = progress or (lambda _what, _share: None)
    source, target = restored(raw), Path(out)
    own_mappings = [Path(each) for each in mapping]
    sources = (source, *own_mappings)
    guard_folder(target, command=COMMAND, sources=sources)
    optional("jinja2")  # the account is written last; its package is asked for first
    known = mappings(own_mappings)
    shipped = mappings() if own_mappings else known
    own = [each.name for each in known if each not in shipped]  # those that do not ship, or not so
    delivery = delivery_of(source, known, own=own, ignore=tuple(ignore))
    keys = key_maps(delivery.keys)
    with staged_folder(target, command=COMMAND, sources=sources) as staging:
        counted: list[RowCounts] = []
        read = batches(delivery.files, keys, staging.scratch, lambda what, share: tell(what, _READING * share))
        parts = stored(_noted(read, counted), staging.scratch / "parts")
        months = total(counted).years
        spans = coverage_of(months, delivery.files)
        context = IntakeContext(
            folder=staging.result,
            scratch=staging.scratch,
            parts=parts,
            rules=rules_of(list({each.register.name: each.register for each in delivery.files}.values())),
            last_day=data_end or last_day_of(months, delivery.files),
            files=[each.file for each in delivery.files],
        )
        counted += write_tables(context, lambda what, share: tell(what, _READING + (1 - _READING) * share))
        manifest = _manifest(name or source.name, context, spans, delivery.files)
        join_rejected(staging.scratch, context.folder)
        people = pl.scan_parquet(context.folder / f"{PERSONS}.parquet").select(pl.len()).collect().item()
        refuse_losses(total(counted).counts, people, max_rejected_share)
        account = intake_account(total(counted), delivery, manifest, context.folder)
        write_intake_account(account, context.folder, language)
        open_registers(context.folder)  # a folder that breaks the contract replaces nothing
    tell("done", 1.0)
    return IntakeResult(registers=open_registers(target), account=account, folder=target)


def _noted(read: Iterable[Batch], counted: list[RowCounts]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Pass on the rows of each batch, and note its account."""
    for batch in read:
        counted.append(batch.account)
        yield from batch.rows


def _manifest(name: str, context: IntakeContext, spans: Mapping[str, Span], files: Sequence[DeliveredFile]) -> Manifest:
    """Write `registers.toml` for the tables that are there."""
    tables = [path.stem for path in sorted(context.folder.glob("*.parquet"))]
    entries = entries_of(tables, spans, context.rules, _sources(files))
    manifest = Manifest(name=name, data_end=context.last_day, tables=entries)
    (context.folder / FILE_NAME).write_text(to_toml(manifest) + "\n", encoding="utf-8")
    return manifest


def _sources(files: Sequence[DeliveredFile]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for each in files:
        for table in (*each.declared.tables, *each.register.tables):
            found.setdefault(table, []).append(each.register.source)
    return {table: "; ".join(dict.fromkeys(sources)) for table, sources in found.items()}
