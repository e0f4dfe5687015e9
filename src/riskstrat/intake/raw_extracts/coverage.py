"""From when to when each table is complete, seen from its rows; and the manifest's entries that say so."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

import polars as pl

from riskstrat.intake.raw_extracts.delivery import DeliveredFile
from riskstrat.intake.raw_extracts.mapping import Input, RegisterMapping, TableRules
from riskstrat.registers.contract import is_event_table
from riskstrat.registers.manifest import EXACT, TableManifest

Span = tuple[date, date]
_LEAST_SHARE = 0.05
"""A year, or the first or last month of a year, with fewer rows than this share of the usual one is not covered."""
LONGEST_HOLE = 2
"""Years in a row without rows, above which what lies before is not covered."""
_DENSE = 20
"""From this many rows in the usual month on, an empty month at an end is believed."""


def rules_of(registers: Iterable[RegisterMapping]) -> dict[str, TableRules]:
    """Join what several mappings say of one table: delays by setting, units, checks."""
    joined: dict[str, TableRules] = {}
    for register in registers:
        for table, rules in register.tables.items():
            joined[table] = _joined(joined[table], rules) if table in joined else rules
    return joined


def coverage_of(months: pl.DataFrame, files: Sequence[DeliveredFile]) -> dict[str, Span]:
    """Say from when to when each event table is complete: what all that fills it cover together."""
    spans: dict[str, list[Span]] = {}
    for table, span, _ in _spans(months, files):
        spans.setdefault(table, []).append(span)
    return {table: _common(each) for table, each in sorted(spans.items())}


def last_day_of(months: pl.DataFrame, files: Sequence[DeliveredFile]) -> date:
    """Say which is the last day that was seen in any file, within what it covers."""
    return max((seen for *_, seen in _spans(months, files)), default=date.max)


def _spans(months: pl.DataFrame, files: Sequence[DeliveredFile]) -> Iterator[tuple[str, Span, date]]:
    declared = {each.dataset: each.declared for each in files}
    for (table, dataset), rows in months.group_by("table", "dataset"):
        span = _span(rows, declared[str(dataset)])
        if span is not None:
            seen = rows.filter(pl.col("last") <= span[1])["last"].max()
            yield str(table), span, seen if isinstance(seen, date) else span[1]


def entries_of(
    tables: Iterable[str], spans: Mapping[str, Span], rules: Mapping[str, TableRules], sources: Mapping[str, str]
) -> dict[str, TableManifest]:
    """Give the manifest's entry of each table that was made."""
    return {
        table: _entry(table, spans.get(table), rules.get(table, TableRules()), sources.get(table, ""))
        for table in tables
    }


def _entry(table: str, span: Span | None, rules: TableRules, source: str) -> TableManifest:
    start, end = span or (None, None)
    event = is_event_table(table) or table == "area_facts"
    return TableManifest(
        file=f"{table}.parquet",
        code_system=rules.code_system,
        coverage_start=start,
        coverage_end=end if event else None,
        delay_days=rules.delay_days,
        units=rules.units,
        source=source,
    )


def _joined(one: TableRules, other: TableRules) -> TableRules:
    return TableRules(
        code_system=other.code_system if one.code_system == EXACT else one.code_system,
        delay_days=_delays(one.delay_days, other.delay_days),
        units={**one.units, **other.units},
        versions={**one.versions, **other.versions},
        checks=tuple(dict.fromkeys((*one.checks, *other.checks))),
        merge=one.merge or other.merge,
    )


def _delays(*both: int | Mapping[str, int]) -> int | dict[str, int]:
    """Give the longer delay of each setting, so that no row is known before either mapping says that it is."""
    longest = max((each for each in both if isinstance(each, int)), default=0)
    by_setting = [each for each in both if not isinstance(each, int)]
    settings = dict.fromkeys(setting for each in by_setting for setting in each)
    return {each: max(longest, *(delays.get(each, 0) for delays in by_setting)) for each in settings} or longest


def _span(months: pl.DataFrame, declared: Input) -> Span | None:
    run = _main_run(months.group_by("year").agg(pl.col("rows").sum()).sort("year"))
    if not run:
        return None
    start = date(run[0], next(iter(_filled(months, run[0])), 1), 1)
    last = ([12, *_filled(months, run[-1])])[-1]
    end = date(run[-1], last, monthrange(run[-1], last)[1])
    within = max(start, declared.coverage_start or start), min(end, declared.coverage_end or end)
    return within if within[0] <= within[1] else (start, end)


def _main_run(years: pl.DataFrame) -> list[int]:
    """Give the run of years with most rows: a few years missing within it are a hole, more are an end."""
    usual = years.filter(pl.col("rows") >= _LEAST_SHARE * pl.col("rows").median())
    runs = usual.with_columns(run=(pl.col("year").diff() > LONGEST_HOLE + 1).fill_null(value=False).cum_sum())
    sizes = runs.group_by("run").agg("year", pl.col("rows").sum()).sort("rows", "run")
    return [] if sizes.is_empty() else sorted(sizes["year"][-1])


def _filled(months: pl.DataFrame, year: int) -> list[int]:
    """Months of a year with rows, if there are rows enough to tell and they come all year round."""
    usual = months["rows"].median()
    if not isinstance(usual, float) or usual < _DENSE or months["month"].n_unique() < 12:
        return []
    rows = months.filter((pl.col("year") == year) & (pl.col("rows") >= _LEAST_SHARE * usual))
    return sorted(rows["month"].to_list())


def _common(spans: Sequence[Span]) -> Span:
    """Give what all spans cover; where they have no day in common, all that any covers."""
    start, end = max(span[0] for span in spans), min(span[1] for span in spans)
    return (start, end) if start <= end else (min(span[0] for span in spans), max(span[1] for span in spans))
