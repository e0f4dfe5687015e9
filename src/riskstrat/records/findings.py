"""What a check of registers found: exact counts, which `riskstrat.publication` releases before they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.disclosure import Disclosure
from riskstrat.errors import number_of

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the gravest: results would be wrong; they may be; worth knowing."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DryRun:
    """What the declaration of a condition finds in registers.

    Attributes
    ----------
    components
        part (``population``, ``index``, ``outcome``, ``features`` ...), component (column of a feature), register,
        codes (with the values asked for), settings and positions (joined by commas), in_registers, different (codes),
        rows, persons: one row for each component and each kind of rows that it asks for, whenever they were recorded
        and whoever they are about.
    years
        The columns that name them, year, rows, persons: the same by the year in which rows are dated.
    flow
        The flow of the cohort: step, part, reason, reason_sv, persons (``people``) and index dates (``rows``); empty
        where nobody is eligible.
    flow_keys
        Keys of these cells, in the same rows.
    notes
        What a reader should know: features that no row is about, how far back "ever" reaches, the first and the last
        index date and why they are, and how much is covered before them.
    """

    condition: str
    as_of: date
    components: pl.DataFrame = field(repr=False)
    years: pl.DataFrame = field(repr=False)
    flow: pl.DataFrame = field(repr=False)
    flow_keys: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    notes: tuple[LocalisedText, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Findings:
    """What a check of registers found.

    Attributes
    ----------
    name
        Of the registers.
    tables
        Names of the tables that were checked.
    findings
        severity, table, rule, about (a code, year or day), rows, of, sentence (with the fields ``{rows}``, ``{of}``,
        ``{share}`` and ``{about}``): one row a finding, exact.
    dry_run
        What a condition finds; None where none was given.
    disclosure
        The rule under which all of it is shown: small counts withheld, the others as they are.
    """

    name: str
    tables: tuple[str, ...]
    findings: pl.DataFrame = field(repr=False)
    dry_run: DryRun | None = None
    # Rounding would hide whether all is accounted for.
    disclosure: Disclosure = field(default_factory=lambda: Disclosure(rounding=1))

    def __repr__(self) -> str:
        found = ", ".join(number_of(self.count(severity), severity) for severity in SEVERITIES)
        return f"Findings({self.name}: {found} in {number_of(len(self.tables), 'table')})"

    def count(self, severity: Severity) -> int:
        """Count the findings of a severity."""
        return self.findings.filter(severity=severity).height

    @property
    def has_errors(self) -> bool:
        """Whether anything found makes results wrong."""
        return self.count("error") > 0
