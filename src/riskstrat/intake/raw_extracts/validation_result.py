"""What a judge says of rows: those that stay, those that are refused, and the account of both."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from riskstrat.intake.raw_extracts.account import Account


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Rows kept, rows refused with their rule, and what was counted."""

    rows: pl.DataFrame
    refused: pl.DataFrame
    accounts: tuple[Account, ...]

    def then(self, later: Verdict) -> Verdict:
        """Add the verdict of a later judge on the rows kept so far."""
        refused = pl.concat([self.refused, later.refused], how="diagonal_relaxed")
        return Verdict(rows=later.rows, refused=refused, accounts=(*self.accounts, *later.accounts))
