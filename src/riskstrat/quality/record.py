"""What a quality check found, released: counts with the small ones withheld in, a table and readable text out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from riskstrat.disclosure import Disclosure, Table, release
from riskstrat.quality.rules import RULES, SEVERITIES, Severity

UNROUNDED = Disclosure(rounding=1)
"""Counts as they are, the small ones withheld: rounded counts would hide whether everything is accounted for."""

_WIDTH = 100
_HEADINGS = {"error": "Errors", "warning": "Warnings", "note": "Notes"}
_ORDER = pl.Enum(SEVERITIES)


@dataclass(frozen=True, eq=False)
class Quality:
    """What a check of registers found.

    Attributes
    ----------
    name
        Of the registers.
    tables
        Names of the tables that were looked at.
    table
        severity, table, rule, about, rows, of, share, sentence: one row a finding, gravest first. Counts that the
        disclosure rule protects are null, and so is the share.
    rule
        The disclosure rule in words.
    """

    name: str
    tables: tuple[str, ...]
    table: pl.DataFrame = field(repr=False)
    rule: str

    def count(self, severity: Severity) -> int:
        """Say how many findings are of this severity."""
        return self.table.filter(severity=severity).height

    @property
    def has_errors(self) -> bool:
        """Whether anything found makes results wrong."""
        return self.count("error") > 0

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        found = ", ".join(f"{self.count(severity)} {_HEADINGS[severity].lower()}" for severity in SEVERITIES)
        yield f"{self.name}: {found} in {len(self.tables)} tables"
        for severity in SEVERITIES:
            findings = self.table.filter(severity=severity)
            if findings.height:
                yield from ("", _HEADINGS[severity])
                for finding in findings.iter_rows(named=True):
                    yield from _told(finding["table"], finding["sentence"])
        yield ""
        yield from textwrap.wrap(self.rule, _WIDTH)


def quality_of(name: str, tables: tuple[str, ...], broken: pl.DataFrame, disclosure: Disclosure) -> Quality:
    """Release what was counted and put it into sentences.

    Parameters
    ----------
    name, tables
        Of the registers.
    broken
        table, rule, about, rows, of.
    disclosure
        Which counts are withheld.
    """
    whole = broken.with_columns(share=pl.when(pl.col("of") > 0).then(pl.col("rows") / pl.col("of")))
    released = release(
        Table(
            whole.select("table", "rule", "about", "rows", "of", "share"),
            dimensions=("table", "rule", "about"),
            counts=("rows", "of"),
            derived={"share": ("rows", "of")},
        ),
        disclosure,
    )
    told = released.frame.with_columns(
        severity=pl.col("rule").replace_strict(
            {rule: said.severity for rule, said in RULES.items()}, return_dtype=_ORDER
        )
    )
    sentences = pl.Series(
        "sentence", [_sentence(row, disclosure) for row in told.iter_rows(named=True)], dtype=pl.String
    )
    columns = ("severity", "table", "rule", "about", "rows", "of", "share", "sentence")
    shown = told.with_columns(sentences).sort("severity", "table", "rule", "about")
    return Quality(name, tables, shown.select(columns).cast({"severity": pl.String}), released.rule["en"])


def _sentence(finding: dict[str, object], disclosure: Disclosure) -> str:
    few = f"fewer than {disclosure.min_count}"
    rows, of, share = finding["rows"], finding["of"], finding["share"]
    return RULES[str(finding["rule"])].sentence.format(
        rows=few if rows is None else f"{rows:,}",
        of=few if of is None else f"{of:,}",
        share="a share not shown" if share is None else _percent(float(str(share))),
        about=finding["about"],
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 else "less than 0.1 %"


def _told(table: str, sentence: str) -> list[str]:
    return textwrap.wrap(sentence, _WIDTH, initial_indent=f"  {table:<16}", subsequent_indent=" " * 18)
