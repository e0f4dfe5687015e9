"""Values of a file become rows of tables: the mapping's `rows`, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain, repeat

import polars as pl

from riskstrat.intake.numbers import plain, plain_word
from riskstrat.intake.raw_extracts.account import CODES, SERIES, YEARS, RowCounts, counts, typed
from riskstrat.intake.raw_extracts.cleaning import RECOGNISED, REPAIRS, VERSION, clean_code
from riskstrat.intake.raw_extracts.mapping import SNAPSHOT, CodeSystem, Column, Input, RegisterMapping, Rows, Version
from riskstrat.intake.raw_extracts.parsing import ORIGIN, precision_of, spelling_of
from riskstrat.records.intake_account import MADE, MERGED, REPAIRED
from riskstrat.registers.contract import END, is_event_table, types_of

PRECISION, END_PRECISION, WRITTEN = "date_precision", "__end_precision", "__written"
_PRECISIONS = {
    "date": PRECISION,
    "end_date": END_PRECISION,
    "birth_date": "birth_date_precision",
    "death_date": "death_date_precision",
}
_OTHER = "__other"
REPEATED = "repeats another column"
SHOWN_CODE = r"^([A-Z][A-Z0-9]{0,6}|\d{3}[A-Z]?)$"
"""A text that is told as a code; longer figures might be somebody's running number in the wrong column."""
NO_CODE = "(a text that is no code)"
_MOVES: Mapping[str, pl.DataType] = {
    "person_id": pl.Int64(), "date": pl.Date(), **dict.fromkeys(("kind", "area_id", "care_centre_id"), pl.String()),
}  # fmt: skip
"""Facts from which residences are put together."""

_BESIDE_PERSONS: Mapping[str, pl.DataType] = {"death_date_precision": pl.String(), "reused": pl.String()}
_BESIDE_EVENTS: Mapping[str, pl.DataType] = {PRECISION: pl.String(), END_PRECISION: pl.String()}


@dataclass(frozen=True, kw_only=True)
class Shaped:
    """Rows of one table."""

    table: str
    rows: pl.DataFrame
    account: RowCounts


def schema_within(table: str) -> dict[str, pl.DataType]:
    """Columns of a table's rows inside intake: those of the contract, or of the facts that it is put together from."""
    if table == "residences":
        return {**_MOVES, ORIGIN: pl.UInt64()}
    beside = {"persons": _BESIDE_PERSONS}.get(table, _BESIDE_EVENTS if is_event_table(table) else {})
    return {**types_of(table), **beside, ORIGIN: pl.UInt64()}


def shaped(register: RegisterMapping, dataset: str, declared: Input, values: pl.DataFrame) -> list[Shaped]:
    """Make the rows of every table from a batch of values."""
    found = [each for rows in declared.rows for each in _made(register, declared, rows, values)]
    return [Shaped(table=each.table, rows=each.rows, account=_with_years(each, dataset)) for each in found]


def _made(register: RegisterMapping, declared: Input, rows: Rows, values: pl.DataFrame) -> list[Shaped]:
    wanted = {name: [plain_word(text) for text in texts] for name, texts in rows.when.items()}
    chosen = values.filter(
        *(plain(pl.col(name).cast(pl.String).str.to_lowercase()).is_in(texts) for name, texts in wanted.items())
    )
    column = declared.columns.get(rows.take.get("code", ""))
    if column is None or column.kind != "code":
        made = _selected(declared, rows, chosen)
        if is_event_table(rows.table):
            made = made.drop_nulls(["code", "value"] if "value" in rows.take and "code" in rows.set else ["code"])
        return [Shaped(table=rows.table, rows=made, account=_ended(_breaks(rows, made), rows.table, made))]
    coded, account = _coded(declared, rows, chosen, column)
    return _by_version(rows.table, coded, register.tables[rows.table].versions, account)


def _by_version(table: str, coded: pl.DataFrame, versions: Mapping[Version, str], account: RowCounts) -> list[Shaped]:
    """Give each version of a classification its own table; the first carries the account."""
    routed = coded.with_columns(__table=pl.col(VERSION).replace_strict(versions, default=table))
    schema = list(schema_within(table))
    parts = {str(name): part.select(schema) for (name,), part in routed.partition_by("__table", as_dict=True).items()}
    split = (parts or {table: coded.select(schema)}).items()
    return [
        Shaped(table=name, rows=part, account=_ended(each, name, part))
        for (name, part), each in zip(split, chain([account], repeat(RowCounts())), strict=False)
    ]


def _selected(declared: Input, rows: Rows, chosen: pl.DataFrame) -> pl.DataFrame:
    found: dict[str, pl.Expr] = {
        **{column: pl.col(name) for column, name in rows.take.items()},
        **{column: pl.lit(text) for column, text in rows.set.items()},
        ORIGIN: pl.col(ORIGIN),
        **_precisions(declared, rows),
    }
    if rows.definition and (name := spelling_of(rows.take["value"])) in chosen.columns:
        found["setting"] = pl.col(name)
    schema = schema_within(rows.table)
    return chosen.select(
        found.get(name, pl.lit(None)).cast(dtype, strict=False).alias(name) for name, dtype in schema.items()
    )


def _precisions(declared: Input, rows: Rows) -> dict[str, pl.Expr]:
    """How exact each date is that is taken from a column of dates."""
    dates = {
        column: name
        for column, name in rows.take.items()
        if name in declared.columns and declared.columns[name].kind == "date"
    }
    return {_PRECISIONS[column]: pl.col(precision_of(name)) for column, name in dates.items() if column in _PRECISIONS}


def _coded(declared: Input, rows: Rows, chosen: pl.DataFrame, column: Column) -> tuple[pl.DataFrame, RowCounts]:
    """Make one row of each code, cleaned."""
    source, other = rows.take["code"], rows.unless_equal
    rest = rows.model_copy(update={"take": {name: taken for name, taken in rows.take.items() if name != "code"}})
    cells = {WRITTEN: chosen[source], **({} if other is None else {_OTHER: chosen[other]})}
    written = _selected(declared, rest, chosen).drop("code").with_columns(**cells)
    written = (written.explode(WRITTEN) if column.several else written).drop_nulls(WRITTEN)
    coded = _with_codes(written, WRITTEN, column.system or "icd").drop_nulls("code")
    repaired = counts((rows.table, source, rule, REPAIRED, int(coded[rule].sum())) for rule in REPAIRS)
    shown = pl.when(pl.col("code").str.contains(SHOWN_CODE)).then("code").otherwise(pl.lit(NO_CODE)).alias("code")
    unknown = (
        coded.filter(~pl.col(RECOGNISED))
        .group_by(shown)
        .agg(pl.lit(rows.table).alias("table"), rows=pl.len(), persons=pl.col("person_id").n_unique())
    )
    account = RowCounts(counts=repaired, codes=typed(unknown, CODES))
    return (coded, account) if other is None else _unrepeated(rows, coded, account)


def _with_codes(rows: pl.DataFrame, written: str, system: CodeSystem) -> pl.DataFrame:
    """Clean the different codes of each year once, and give every row its own."""
    year = pl.col("date").dt.year().alias("__year")
    dated = rows.with_columns(year)
    different = dated.select(written, "__year").drop_nulls(written).unique()
    clean = different.with_columns(**clean_code(system, pl.col(written), pl.col("__year")))
    return dated.join(clean, on=[written, "__year"], how="left", nulls_equal=True, maintain_order="left").drop("__year")


def _unrepeated(rows: Rows, coded: pl.DataFrame, account: RowCounts) -> tuple[pl.DataFrame, RowCounts]:
    other = _with_codes(coded.select(_OTHER, "date"), _OTHER, "icd")["code"]
    repeats = (coded["code"] == other).fill_null(value=False)
    repeated = int(repeats.sum())
    told = counts([(rows.table, rows.take["code"], REPEATED, MERGED, repeated), (rows.table, "", "", MADE, repeated)])
    return coded.filter(~repeats), replace(account, counts=pl.concat([account.counts, told]))


def _breaks(rows: Rows, made: pl.DataFrame) -> RowCounts:
    if not rows.definition:
        return RowCounts()
    found = made.group_by("code", definition="setting", year=pl.col("date").dt.year()).agg(rows=pl.len())
    return RowCounts(series=found.select(pl.lit(rows.table).alias("table"), *list(SERIES)[1:]).pipe(typed, SERIES))


def _ended(account: RowCounts, table: str, rows: pl.DataFrame) -> RowCounts:
    made = counts([(table, "", "", MADE, rows.height)])
    return replace(account, counts=pl.concat([account.counts, made]))


def _with_years(each: Shaped, dataset: str) -> RowCounts:
    if "date" not in each.rows.columns:
        return each.account
    day = pl.col("date")
    dated = each.rows.drop_nulls("date")
    dated = dated.filter(pl.col("kind") == SNAPSHOT) if "kind" in dated.columns else dated
    end = pl.col(END) if END in dated.columns else day
    seen = pl.max_horizontal(day, pl.when(end <= day.dt.month_end()).then(end))
    found = dated.group_by(year=day.dt.year(), month=day.dt.month()).agg(rows=pl.len(), last=seen.max())
    years = found.select(pl.lit(each.table).alias("table"), pl.lit(dataset).alias("dataset"), pl.all()).pipe(
        typed, YEARS
    )
    return replace(each.account, years=years)
