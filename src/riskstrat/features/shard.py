"""One shard of persons: a pure function of its index slice, the registers and the plan.

In: some persons with their index dates. Out: one frame, a row for each index date, a Float32 column for each feature.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare.features import AreaFact
from riskstrat.features.observed import MEASURES, ObservedTime, observed_time
from riskstrat.features.plan import AREA_FACTS, SubjectPlan, TablePlan, WindowAggregation
from riskstrat.features.visible_rows import INDEX, ROW, SUBJECT, WINDOW, visible_rows, window_bounds
from riskstrat.features.windows import DAYS, END_DAYS, Bounds
from riskstrat.registers import Registers

Columns = dict[str, pl.Series]
ROW_NUMBER = "row_number"
"""Column of the row of ``cohort.people``."""
SEX, AGE_DAYS = "sex", "age_days"
_PERSON_COLUMNS = ("birth_date", "sex", "birth_region", "death_date")
_LARGEST_THRESHOLD_BYTES = 2**25 - 2**16
"""Just below the most to which glibc lets its thresholds grow (M_MMAP_THRESHOLD, mallopt(3))."""


@dataclass(frozen=True, eq=False)
class Shard:
    """Some subjects and what is computed of them; sendable to another process.

    `index`, the index slice, has row_number (in ``cohort.people``), subject_id, index_date, area_id, sorted by
    subject_id.
    """

    index: pl.DataFrame
    plan: SubjectPlan
    registers: Registers


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of X: a shard of the persons themselves, and what was computed of their relatives in the same order."""

    shard: Shard
    related: pl.DataFrame
    columns: tuple[str, ...]


def compute_part(part: Part) -> pl.DataFrame:
    """Compute row_number, person_id, index_date and X of a shard, the columns of relatives beside those of persons."""
    keys = part.shard.index.select(ROW_NUMBER, pl.col(SUBJECT).alias("person_id"), INDEX)
    columns = {column.name: column for column in (*compute_shard(part.shard), *part.related)}
    return pl.DataFrame([*keys, *(columns[name] for name in part.columns)])


def compute_shard(shard: Shard) -> pl.DataFrame:
    """Compute row_number and every column of the plan, Float32, null where not observed or not known."""
    _keep_pages()
    plan, registers = shard.plan, shard.registers
    index = with_persons(shard.index.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64)), registers)
    of_persons = {
        feature.column: index.select(value=feature.person_value().cast(pl.Float32))["value"].to_numpy()
        for feature in plan.person_features
    }
    columns = _named(of_persons)
    columns |= _named({feature.column: _area_fact_values(feature, index, registers) for feature in plan.area_facts})
    if plan.tables:
        observed = observed_time(index, registers)
        for table in plan.tables:
            columns |= _compute_table(table, index, registers, observed, plan.observed_columns(table))
    return pl.DataFrame([index[ROW_NUMBER], *(columns[name] for name in plan.columns)])


def with_persons(index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Join what the register of persons holds of each subject to its index dates; the order stays."""
    subjects = (index[SUBJECT][0], index[SUBJECT][-1])
    persons = registers.scan("persons", people=subjects).select("person_id", *_PERSON_COLUMNS)
    sorted_persons = persons.sort("person_id").collect()
    return index.join(sorted_persons, left_on=SUBJECT, right_on="person_id", how="left", maintain_order="left")


def _area_fact_values(feature: AreaFact, index: pl.DataFrame, registers: Registers) -> NDArray[np.float32]:
    """Look up the latest fact of each row's area, by date and value, that was known before its index date, (rows,).

    NaN throughout where the registers have no facts of areas.
    """
    if not registers.has(AREA_FACTS):
        return np.full(index.height, np.nan, dtype=np.float32)
    facts = (
        registers.scan(AREA_FACTS)
        .filter(pl.col("code") == feature.code, pl.col("value").is_not_null())
        .select("area_id", "date", "value", known=registers.known_on(AREA_FACTS))
        .collect()
    )
    keys = ["area_id", INDEX]
    visible = index.select(keys).unique().join(facts, on="area_id")
    visible = visible.filter(pl.col("known") < pl.col(INDEX), pl.col("date") < pl.col(INDEX))
    latest = visible.sort("date", "value").group_by(keys, maintain_order=True).agg(pl.col("value").last())
    values = index.select(ROW, *keys).join(latest, on=keys, how="left", maintain_order="left")
    return values["value"].cast(pl.Float32).to_numpy()


def _keep_pages() -> None:
    """Free one array of the largest size that glibc adapts to: from then on it keeps up to 64 MB of what is freed.

    Every step of a shard fills fresh arrays. Pages given back to the kernel in between cost a tenth of the time; the
    array itself is never touched, so it takes no memory.
    """
    np.empty(_LARGEST_THRESHOLD_BYTES, dtype=np.uint8)


def _named(values: Mapping[str, NDArray[np.floating]]) -> Columns:
    """Make columns of arrays, null for NaN; the memory of the arrays can be given back at once."""
    return {name: pl.Series(name, each, dtype=pl.Float32, nan_to_null=True) for name, each in values.items()}


def _compute_table(
    table: TablePlan, index: pl.DataFrame, registers: Registers, observed: ObservedTime, reported: Mapping[str, str]
) -> Columns:
    coverage = registers.manifest.covered(table.register)
    bounds = window_bounds(table.windows, index, registers)
    unobserved = {window: observed.days(bounds[window], coverage) == 0 for window in table.windows}
    rows = visible_rows(table, index, registers)
    columns: Columns = {}
    for each in table.window_aggregations:
        in_window = _rows_in_window(each, bounds[each.window], rows, index, table)
        columns |= _scattered(each, _aggregated(each, in_window), index.height, table, unobserved[each.window])
    for column, measure in reported.items():
        values = MEASURES[measure](observed, bounds[table.observed[measure]], coverage)
        columns |= _named({column: values.astype(np.float32)})
    return columns


def _rows_in_window(
    aggregation: WindowAggregation, bounds: Bounds, rows: pl.DataFrame, index: pl.DataFrame, table: TablePlan
) -> pl.DataFrame:
    row = pl.col(WINDOW) // table.stride
    in_window = bounds.begun(row) & bounds.reached(row, END_DAYS if aggregation.spells else DAYS)
    group = pl.col(WINDOW) & (table.stride - 1)
    wanted = [] if len(aggregation.groups) == len(table.groups) else [group.is_in(aggregation.groups)]
    cut = bounds.spell_bounds(row) if aggregation.spells else ()
    return _with_subjects(aggregation, rows.filter(in_window, *wanted).with_columns(*cut), index, table)


def _with_subjects(
    aggregation: WindowAggregation, rows: pl.DataFrame, index: pl.DataFrame, table: TablePlan
) -> pl.DataFrame:
    """Add the subject's sex, and age in days on the date of the row, where an aggregation uses them."""
    if not aggregation.columns_used & {SEX, AGE_DAYS}:
        return rows
    subject = index.select(pl.col(SEX, INDEX, "birth_date").gather(rows[WINDOW] // table.stride))
    age = (subject[INDEX] - subject["birth_date"]).dt.total_days() - rows[DAYS]
    return rows.with_columns(subject[SEX], age.alias(AGE_DAYS))


def _aggregated(aggregation: WindowAggregation, rows: pl.DataFrame) -> pl.DataFrame:
    """Compute all aggregations of each window that holds a row, in one group-by; rows come sorted by window."""
    named = {f"aggregate_{n}": features[0] for n, features in enumerate(aggregation.aggregations)}
    aggregates = [feature.aggregate(pl.col(name)).alias(name) for name, feature in named.items()]
    used = {name for aggregate in aggregates for name in aggregate.meta.root_names()}
    values = [feature.row_value().alias(name) for name, feature in named.items() if name in used]
    return rows.with_columns(pl.col(WINDOW).set_sorted(), *values).group_by(WINDOW).agg(aggregates)


def _scattered(
    aggregation: WindowAggregation,
    aggregated: pl.DataFrame,
    height: int,
    table: TablePlan,
    unobserved: NDArray[np.bool_],
) -> Columns:
    """Scatter each aggregate into a matrix of group x row, whose rows become the columns of X."""
    window = aggregated[WINDOW].to_numpy()
    row, group = window // table.stride, window & (table.stride - 1)
    matrix_row = np.zeros(len(table.groups), dtype=np.intp)
    matrix_row[list(aggregation.groups)] = np.arange(len(aggregation.groups))
    cell = matrix_row[group] * height + row
    columns: Columns = {}
    for aggregate, features in zip(aggregated.drop(WINDOW), aggregation.aggregations, strict=True):
        empty = np.nan if features[0].empty is None else features[0].empty
        matrix = np.full((len(aggregation.groups), height), empty, dtype=np.float32)
        matrix.reshape(-1)[cell] = aggregate.cast(pl.Float32).to_numpy()
        matrix[:, np.flatnonzero(unobserved)] = np.nan
        columns |= _named({feature.column: values for feature, values in zip(features, matrix, strict=True)})
    return columns
