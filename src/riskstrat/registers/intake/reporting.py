"""What intake did, as a record and as a report: released counts only, in HTML and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from riskstrat.registers.intake.account import Account
from riskstrat.registers.opened import Registers


@dataclass(frozen=True, kw_only=True, eq=False)
class Intake:
    """What intake made."""

    registers: Registers
    account: Account
    folder: Path


def write_report(account: Account, folder: Path) -> None:
    """Write it."""
    account.counts.write_json(folder / "intake.json")
    _ = pl
