"""A frame of texts becomes a frame of values, row by row: unusable rows are rejected, repairs are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import polars as pl

from riskstrat.codes.growth import bmi_of
from riskstrat.errors import ContractError
from riskstrat.intake.identity import refuse_identities
from riskstrat.intake.numbers import refuse_text_keys
from riskstrat.intake.raw_extracts.account import RowCounts, ValidationResult, by_rule, counts
from riskstrat.intake.raw_extracts.cleaning import UNFIT, Cleaned, cleaned, filled
from riskstrat.intake.raw_extracts.delivery import DeliveredFile, Keys
from riskstrat.intake.raw_extracts.mapping import Column, Formula, Input
from riskstrat.intake.raw_extracts.text import FAULT, LINE, REPLACED, UnreadableError, unreadable
from riskstrat.records.intake_account import KEPT, READ, REJECTED, REPAIRED, SET_TO_NULL
from riskstrat.registers.days import local_text

ORIGIN, RULE = "__origin", "__rule"
FALLBACK, NO_KEY = "value of a fallback column", "not in the key file"
_MARK = "!"
_PLAIN_DAY, _LENGTHS = len("YYYY-MM-DD"), pl.all().str.len_bytes().max().fill_null(0)
"""What is longer may be a time with an offset."""
_FILE = 1 << 32
KeyMap = pl.DataFrame
"""Columns own and common, one row an own number."""
_NUMBER = Column(names=("key",), kind="key", status="verified")


def parse_batch(delivered: DeliveredFile, number: int, texts: pl.DataFrame, keys: KeyMap | None) -> ValidationResult:
    """Parse and validate a batch of texts; `number`, the file's, makes each row's origin unique.

    Rows that can be used are values, the others as they came.
    """
    declared, letters = delivered.declared, _composed(texts)
    parts = {name: _cleaned(delivered, name, column, letters) for name, column in declared.columns.items()}
    origin = pl.col(LINE).cast(pl.UInt64) + number * _FILE
    marked = texts.select(origin.alias(ORIGIN), FAULT)
    values = marked.hstack([column for name, found in parts.items() for column in _columns(name, found)])
    values = _fallen_back(values, declared).with_columns(
        FORMULAS[each.formula](*(pl.col(part) for part in each.of)).alias(name)
        for name, each in declared.derived.items()
    )
    values = values if keys is None else _translated(values, declared, keys)
    needed = [name for name, column in declared.columns.items() if column.required]
    broken = [pl.when(pl.col(name).is_null()).then(pl.lit(f"no usable {name}")) for name in needed]
    validated = values.with_columns(pl.coalesce(FAULT, *broken).alias(RULE))
    whole = validated.filter(pl.col(RULE).is_null())
    return ValidationResult(
        rows=whole.drop(RULE, FAULT, *(name for name in whole.columns if name.startswith(_MARK))),
        rejected=_as_they_came(delivered, texts, validated[RULE]),
        account=_account(delivered, validated, texts),
    )


def rejected_lines(delivered: DeliveredFile, texts: pl.DataFrame, lines: pl.Series, rule: str) -> pl.DataFrame:
    """Give lines as they came, rejected by a rule."""
    rules = texts.select(pl.when(pl.col(LINE).is_in(lines.implode())).then(pl.lit(rule)))
    return _as_they_came(delivered, texts, rules.to_series())


def precision_of(name: str) -> str:
    """Column that holds how exact a date is."""
    return f"{name}__precision"


def spelling_of(name: str) -> str:
    """Column that holds the spelling under which a value was found."""
    return f"{name}__spelling"


def _composed(texts: pl.DataFrame) -> pl.DataFrame:
    """Write each letter as one character; only columns beyond ASCII are gone through."""
    cells = pl.col(pl.String)
    beyond = texts.select((cells.str.len_bytes() != cells.str.len_chars()).any()).row(0, named=True)
    return texts.with_columns(pl.col([name for name, found in beyond.items() if found]).str.normalize("NFC"))


def _cleaned(delivered: DeliveredFile, name: str, column: Column, texts: pl.DataFrame) -> Cleaned:
    found = delivered.columns[name]
    expressions = {
        f"{position} {spelling}": filled(
            column, pl.lit(str(delivered.year)) if position < 0 else pl.col(f"column_{position}")
        )
        for position, spelling in found
    } or {"nowhere": pl.lit(None, dtype=pl.String)}
    cells = texts.with_columns(**expressions).select(list(expressions))
    if column.kind == "date" and any(longest > _PLAIN_DAY for longest in cells.select(_LENGTHS).row(0)):
        cells = cells.select(local_text(pl.all(), delivered.register.time_zone))
    if column.several:
        broken = {name: pl.col(name).str.contains(REPLACED, literal=True) for name in cells.columns}
        whole = cells.select(pl.when(~lost).then(pl.col(name)).alias(name) for name, lost in broken.items())
        flag = cells.select(pl.any_horizontal(broken.values()).fill_null(value=False)).to_series()
        return Cleaned(value=_lists(column, whole), set_to_null={UNFIT: flag})
    value = cleaned(column, cells)
    if len(column.names) == 1 or not found:
        return value
    spellings = [pl.when(pl.nth(n).is_not_null()).then(pl.lit(spelling)) for n, (_, spelling) in enumerate(found)]
    return replace(value, beside={**value.beside, "spelling": cells.select(pl.coalesce(spellings)).to_series()})


def _lists(column: Column, cells: pl.DataFrame) -> pl.Series:
    """All filled cells of a row."""
    if column.split:
        words = [pl.col(name).str.extract_all(r"\S+").fill_null([]) for name in cells.columns]
        return cells.select(pl.concat_list(words)).to_series()
    return cells.select(pl.concat_list(pl.all()).list.drop_nulls()).to_series()


def _columns(name: str, found: Cleaned) -> Iterator[pl.Series]:
    yield found.value.alias(name)
    yield from (column.alias(f"{name}__{beside}") for beside, column in found.beside.items())
    for outcome, rules in ((REPAIRED, found.repaired), (SET_TO_NULL, found.set_to_null)):
        yield from (flag.alias(_flag(outcome, name, rule)) for rule, flag in rules.items())


def _flag(outcome: str, column: str, rule: str) -> str:
    return f"{_MARK}{outcome}{_MARK}{column}{_MARK}{rule}"


def _fallen_back(values: pl.DataFrame, declared: Input) -> pl.DataFrame:
    pairs = {name: column.fallback for name, column in declared.columns.items() if column.fallback}
    still = {name: pl.col(f"{name}__still") for name in pairs if declared.columns[name].kind == "date"}
    taken = {
        name: pl.col(name).is_null() & pl.col(other).is_not_null() & ~still.get(name, pl.lit(value=False))
        for name, other in pairs.items()
    }
    return values.with_columns(
        *(pl.when(taken[name]).then(other).otherwise(name).alias(name) for name, other in pairs.items()),
        *(taken[name].alias(_flag(REPAIRED, name, FALLBACK)) for name in pairs),
    )


FORMULAS: Mapping[Formula, Callable[..., pl.Expr]] = {
    "product": lambda first, second: first * second,
    "bmi_kg_m2": bmi_of,
    "weeks_and_days": lambda weeks, days: weeks * 7 + days.fill_null(0),
    "positive": lambda number: (number > 0).cast(pl.Float64),
}


def _translated(values: pl.DataFrame, declared: Input, keys: KeyMap) -> pl.DataFrame:
    """Carry every key over to the common running numbers."""
    for name in (name for name, column in declared.columns.items() if column.kind == "key"):
        joined = values.join(keys.rename({"own": name}), on=name, how="left", maintain_order="left")
        lost = joined[name].is_not_null() & joined["common"].is_null()
        values = joined.with_columns(lost.alias(_flag(SET_TO_NULL, name, NO_KEY)), pl.col("common").alias(name)).drop(
            "common"
        )
    return values


def _as_they_came(delivered: DeliveredFile, texts: pl.DataFrame, rules: pl.Series) -> pl.DataFrame:
    names = {f"column_{position}": name for position, name in enumerate(_unique(delivered.sheet.header))}
    told = texts.select(
        pl.lit(delivered.file).alias("__file"),
        pl.col(LINE),
        rules.alias(RULE),
        *(pl.col(n).alias(m) for n, m in names.items()),
    )
    return told.filter(pl.col(RULE).is_not_null())


def _unique(header: tuple[str, ...]) -> list[str]:
    return [
        name if header.index(name) == position and not name.startswith("__") else f"{name}_{position}"
        for position, name in enumerate(header)
    ]


def _account(delivered: DeliveredFile, validated: pl.DataFrame, texts: pl.DataFrame) -> RowCounts:
    dataset = delivered.dataset
    flags = [name for name in validated.columns if name.startswith(_MARK)]
    readable = validated.filter(pl.col(FAULT).is_null())
    sums = readable.select(pl.col(flags).sum()).row(0) if flags else ()
    told = [(*name.split(_MARK)[1:], rows) for name, rows in zip(flags, sums, strict=True)]
    rejected = by_rule(dataset, REJECTED, validated[RULE])
    cells = pl.exclude(LINE, FAULT).str.contains(REPLACED, literal=True)
    ends = [
        (dataset, "", UNFIT, SET_TO_NULL, int(texts.select(pl.any_horizontal(cells)).to_series().sum())),
        (dataset, "", "", READ, validated.height),
        (dataset, "", "", KEPT, validated.height - int(rejected["rows"].sum())),
    ]
    values = counts((dataset, column, rule, outcome, rows) for outcome, column, rule, rows in told)
    return RowCounts(counts=pl.concat([counts(ends), rejected, values]), cells=_cells(delivered, readable))


def _cells(delivered: DeliveredFile, readable: pl.DataFrame) -> pl.DataFrame:
    """Count empty cells by column and by the year of the file or of the row's first date."""
    dates = [name for name, column in delivered.declared.columns.items() if column.kind == "date"]
    year = pl.lit(delivered.year) if delivered.year or not dates else pl.col(dates[0]).dt.year()
    names = list(delivered.declared.columns)
    several = [name for name in names if delivered.declared.columns[name].several]
    empty = [
        ((pl.col(name).list.len().fill_null(0) == 0) if name in several else pl.col(name).is_null()).sum().alias(name)
        for name in names
    ]
    by_year = readable.group_by(year.cast(pl.Int32).alias("__year")).agg(pl.len().alias("__rows"), *empty)
    long = by_year.unpivot(on=names, index=["__year", "__rows"], variable_name="column", value_name="missing")
    return long.select(
        pl.lit(delivered.dataset).alias("dataset"),
        "column",
        pl.col("__year").alias("year"),
        pl.col("__rows").cast(pl.Int64).alias("rows"),
        pl.col("missing").cast(pl.Int64),
    )


def key_maps(files: Iterable[Keys]) -> dict[str, KeyMap]:
    """Read the key files of every register; rows whose number stands for two persons are rejected."""
    found: dict[str, list[pl.DataFrame]] = {}
    for file in files:
        found.setdefault(file.register, []).append(_pairs(file))
    return {register: pl.concat(pairs).unique().filter(pl.len().over("own") == 1) for register, pairs in found.items()}


def _pairs(file: Keys) -> pl.DataFrame:
    try:
        return pl.concat(
            [_read(file, texts) for texts in file.sheet.frames()]
            or [pl.DataFrame(schema={"own": pl.Int64, "common": pl.Int64})]
        )
    except UnreadableError as broken:
        raise ContractError(unreadable(file.file, str(broken))) from broken


def _read(file: Keys, texts: pl.DataFrame) -> pl.DataFrame:
    named = texts.select(pl.nth(position).alias(f"column {position + 1}") for position in range(len(file.sheet.header)))
    refuse_identities(named, file.file)
    refuse_text_keys(named, (f"column {file.own + 1}", f"column {file.common + 1}"), file.file)
    positions = {"own": file.own, "common": file.common}
    cells = {side: texts.select(filled(_NUMBER, pl.col(f"column_{position}"))) for side, position in positions.items()}
    return pl.DataFrame([cleaned(_NUMBER, each).value.alias(side) for side, each in cells.items()]).drop_nulls()
