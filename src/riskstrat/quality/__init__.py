"""What looks wrong with registers, and what a condition finds in them.

In: open registers, and a condition if one is given. Out: findings by severity, and the rows, persons and index dates
behind everything that the condition names; exact, to be released before they are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from riskstrat.cohort import NobodyEligibleError, build_cohort
from riskstrat.cohort.look_back import explain_index_dates
from riskstrat.declare import Condition, LocalisedText
from riskstrat.errors.arguments import checked
from riskstrat.quality.declared_rows import count_by_component_and_year
from riskstrat.quality.persons import broken_by_area_facts, broken_by_persons, broken_by_residences, people_of
from riskstrat.quality.rows import BROKEN, ROWS_AT_A_TIME, tally
from riskstrat.quality.rules import NOBODY_ELIGIBLE, NOT_READ, RULES, Rule
from riskstrat.quality.years import broken_by_days, broken_by_years
from riskstrat.records.cohort import Cohort
from riskstrat.records.findings import SEVERITIES, DryRun, Findings, Severity
from riskstrat.registers import Registers
from riskstrat.registers.contract import is_event_table
from riskstrat.vocabulary import check_condition

__all__ = ["RULES", "SEVERITIES", "Findings", "Rule", "Severity", "check"]


@checked
def check(
    registers: Registers,
    condition: Condition | None = None,
    *,
    as_of: date | None = None,
    rows_at_a_time: int = ROWS_AT_A_TIME,
) -> Findings:
    """Look for everything that may be wrong with registers, and count what a condition finds in them.

    Checked are the contract's row rules, references between tables, what values, codes, ages and dates can be, years
    without rows, jumps and piles; see ``docs/quality.md``. With a condition it is a dry run too: it counts the rows and
    persons behind every register, code, setting and position that it names, and the persons and index dates.

    Parameters
    ----------
    registers
        As `open_registers` found them.
    condition
        What is asked of the registers.
    as_of
        The as-of date of the dry run, or its ISO text; the day after the last day of data if left out.
    rows_at_a_time
        About how many rows are held in memory.

    Returns
    -------
    Findings
        Exact counts. What may be shown of them is ``riskstrat.publication.findings.publish_findings(found)``.

    Raises
    ------
    UsageError
        If words of the condition name nothing in the registers (see `riskstrat.vocabulary.check_condition`).

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from riskstrat.registers import Manifest, TableManifest, open_registers, write_registers
    >>> persons = pl.DataFrame({"person_id": [1], "birth_date": [date(1950, 1, 1)], "sex": ["female"]})
    >>> residences = pl.DataFrame({"person_id": [1], "start_date": [date(1950, 1, 1)]})
    >>> entries = {"persons": TableManifest(), "residences": TableManifest()}
    >>> manifest = Manifest(name="tiny", data_end=date(2023, 12, 31), tables=entries)
    >>> with tempfile.TemporaryDirectory() as temporary:
    ...     folder = write_registers(Path(temporary) / "tiny", {"persons": persons, "residences": residences}, manifest)
    ...     found = check(open_registers(folder))
    >>> found.findings.select("severity", "rule").rows()
    [('note', 'residence without area')]
    """
    notes = () if condition is None else check_condition(condition, registers)
    people = people_of(registers)
    broken = list(_broken(registers, people, rows_at_a_time))
    dry_run = None
    if condition is not None:
        day = as_of or registers.manifest.day_after
        dry_run, nobody = _dry_run(condition, registers, day, rows_at_a_time, notes)
        broken.append(("persons", nobody))
    findings = pl.concat(_findings(table, found) for table, found in broken)
    return Findings(name=registers.manifest.name, tables=registers.tables, findings=findings, dry_run=dry_run)


def _dry_run(
    condition: Condition, registers: Registers, as_of: date, rows_at_a_time: int, notes: tuple[LocalisedText, ...]
) -> tuple[DryRun, pl.DataFrame]:
    """Count what a condition finds; that nobody is eligible is a finding, beside the counts that tell why."""
    components, years = count_by_component_and_year(condition, registers, rows_at_a_time=rows_at_a_time)
    nobody: list[tuple[str, str, int, int]] = []
    found: Cohort | NobodyEligibleError
    try:
        found = build_cohort(condition, registers, as_of, min_outcomes=0)
        notes = (*found.notes, *explain_index_dates(condition, registers, found))
    except NobodyEligibleError as refused:
        found, nobody = refused, [(NOBODY_ELIGIBLE, condition.name, 0, registers.births.height)]
    dry_run = DryRun(
        condition=condition.name,
        as_of=as_of,
        components=components,
        years=years,
        flow=found.flow,
        flow_keys=found.flow_keys,
        notes=notes,
    )
    return dry_run, pl.DataFrame(nobody, schema=BROKEN, orient="row")


def _findings(table: str, broken: pl.DataFrame) -> pl.DataFrame:
    """Put table, severity and sentence beside each broken rule."""
    rule = pl.col("rule")
    severity = rule.replace_strict({name: each.severity for name, each in RULES.items()}, return_dtype=pl.String)
    sentence = rule.replace_strict({name: each.sentence for name, each in RULES.items()}, return_dtype=pl.String)
    return broken.select(severity.alias("severity"), pl.lit(table).alias("table"), *BROKEN, sentence.alias("sentence"))


def _broken(registers: Registers, people: pl.DataFrame, rows_at_a_time: int) -> Iterator[tuple[str, pl.DataFrame]]:
    is_whole = pl.col("birth_date_precision").fill_null("day") == "day"
    births = people.filter(is_whole).group_by(date="birth_date").agg(rows=pl.len().cast(pl.Int64))
    for name in registers.not_read:
        yield name.partition(".")[0], pl.DataFrame([(NOT_READ, name, 0, 0)], schema=BROKEN, orient="row")
    yield "persons", broken_by_persons(registers)
    yield "persons", broken_by_days(births, None)
    yield "residences", broken_by_residences(registers)
    if registers.has("area_facts"):
        yield "area_facts", broken_by_area_facts(registers)
    for table in filter(is_event_table, registers.tables):
        counted = tally(registers, table, people, rows_at_a_time)
        yield table, counted.broken
        coverage = registers.manifest.covered(table)
        yield table, broken_by_years(counted.years, coverage)
        yield table, broken_by_days(counted.days, coverage[0])
