"""The rows of one event table against the people they are about, the table's coverage and what can be.

In: opened registers and the name of a table. Out: how many rows break each rule, and how many each year and day has.
A table is read once, some people at a time, so that memory does not follow its length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from riskstrat.codes.systems import is_code
from riskstrat.quality.values import broken_values, codes_of_one_sex, piled
from riskstrat.registers.checks import BEFORE_BIRTH, NO_PERSON
from riskstrat.registers.contract import PERSON, columns_of, first_broken
from riskstrat.registers.opened import Registers
from riskstrat.registers.source import PersonRange, Source, equal_ranges

ROWS_AT_A_TIME = 1_000_000
BROKEN = {"rule": pl.String, "about": pl.String, "rows": pl.Int64, "of": pl.Int64}
"""How often a rule is broken: about what (a code, a year, a day; empty if none of them), rows, of how many."""


@dataclass(frozen=True, eq=False)
class Tally:
    """What was counted in one table."""

    broken: pl.DataFrame
    """How often each rule is broken, columns as in `BROKEN`."""
    years: pl.DataFrame
    """kind (a code, or a setting where codes are of a classification), year, rows."""
    days: pl.DataFrame
    """date, rows."""


def tally(registers: Registers, table: str, people: pl.DataFrame, rows_at_a_time: int = ROWS_AT_A_TIME) -> Tally:
    """Count, about `rows_at_a_time` at once, what is wrong with the rows of an event table; `people` as `people_of`."""
    rows, of_nobody = _size(registers.sources[table])
    ranges = person_ranges(registers, table, rows_at_a_time)
    parts = [_count(_rows_of(registers.sources[table], people, some), registers, table) for some in ranges]
    together = Tally(
        pl.concat(part.broken for part in parts).group_by("rule", "about").agg(pl.col("rows", "of").sum()),
        pl.concat(part.years for part in parts).group_by("kind", "year").agg(pl.col("rows").sum()),
        pl.concat(part.days for part in parts).group_by("date").agg(pl.col("rows").sum()),
    )
    nobody = pl.DataFrame([("no person", "", of_nobody, rows)], schema=BROKEN, orient="row")
    of_all_rows = pl.when(pl.col("about") == "").then(rows).otherwise("of").alias("of")
    broken = pl.concat([nobody, together.broken.with_columns(of_all_rows)]).filter(pl.col("rows") > 0)
    return replace(together, broken=piled(broken, registers.codes(table)))


def person_ranges(registers: Registers, table: str, rows_at_a_time: int) -> list[PersonRange]:
    """Cut the persons into ranges of about as many rows of a table, all numbers included."""
    rows, _ = _size(registers.sources[table])
    ids = registers.births[PERSON]
    return equal_ranges(ids, max(1, min(-(-rows // rows_at_a_time), ids.len())))


def rejections(registers: Registers, table: str) -> dict[str, pl.Expr]:
    """Say when a row is left out everywhere; it counts under the first rule that it breaks only."""
    return {
        **registers.sources[table].broken,
        NO_PERSON: pl.col("birth_date").is_null(),
        BEFORE_BIRTH: pl.col("date") < pl.col("birth_date"),
    }


def suspicions(registers: Registers, table: str) -> dict[str, pl.Expr]:
    """Say when a row that is kept breaks a rule: over its own columns and those of the person."""
    entry, written = registers.manifest.tables[table], registers.codes(table)
    first, last = registers.manifest.covered(table)
    diagnoses = written if entry.code_system.startswith("icd10") else ()
    day, code, sex = pl.col("date"), pl.col("code"), pl.col("sex")
    return {
        "after death": day > pl.col("death_date"),
        "after the last residence": day > pl.col("last_day"),
        "before coverage": day < first,
        "after coverage": day > last,
        "a man with a code of women": (sex == "male") & code.is_in(codes_of_one_sex("female", diagnoses)),
        "a woman with a code of men": (sex == "female") & code.is_in(codes_of_one_sex("male", diagnoses)),
        "unlike its classification": code.is_in([each for each in written if not is_code(each, entry.code_system)]),
        "exact copy": ~pl.struct(
            [column.name for column in columns_of(table) if column.name != "known_on"]
        ).is_first_distinct(),
        "overlaps the spell before": _overlaps() & pl.lit(value=not registers.prefix_matching(table)),
    }


def _overlaps() -> pl.Expr:
    """Compare each spell with the one before it; rows come in the order of person, code and date.

    Only of exact codes: in a classification a code is often recorded several times during one stay.
    """
    same = (pl.col(PERSON) == pl.col(PERSON).shift()) & (pl.col("code") == pl.col("code").shift())
    return same & (pl.col("date") < pl.col("end_date").shift())


def _size(source: Source) -> tuple[int, int]:
    """Count the rows, and those of nobody."""
    counts = source.scan().select(pl.len(), pl.col(PERSON).null_count().alias("of nobody")).collect()
    return counts.row(0)


def _rows_of(source: Source, people: pl.DataFrame, some: PersonRange) -> pl.DataFrame:
    """Read the rows of a range of persons, beside what is known of them, in the order of person, code and date."""
    known = people.lazy().filter(pl.col(PERSON).is_between(*some))
    return source.scan(some).join(known, on=PERSON, how="left").collect().sort(PERSON, "code", "date", "end_date")


def _count(rows: pl.DataFrame, registers: Registers, table: str) -> Tally:
    validated = rows.with_columns(rule=first_broken(rejections(registers, table)))
    kept = validated.filter(pl.col("rule").is_null())
    kind = pl.col("setting" if registers.prefix_matching(table) else "code").fill_null("")
    count = pl.len().cast(pl.Int64).alias("rows")
    return Tally(
        pl.concat(
            [
                _rejected(validated),
                _suspected(kept, suspicions(registers, table)),
                *broken_values(kept, registers.codes(table)),
            ]
        ),
        kept.group_by(kind.alias("kind"), year=pl.col("date").dt.year()).agg(count),
        kept.group_by("date").agg(count),
    )


def _rejected(validated: pl.DataFrame) -> pl.DataFrame:
    counts = validated.drop_nulls("rule").group_by("rule").agg(rows=pl.len().cast(pl.Int64))
    return counts.select("rule", pl.lit("").alias("about"), "rows", pl.lit(validated.height).cast(pl.Int64).alias("of"))


def _suspected(kept: pl.DataFrame, rules: Mapping[str, pl.Expr]) -> pl.DataFrame:
    counts = kept.select(broken.sum().cast(pl.Int64).alias(rule) for rule, broken in rules.items())
    found = [(rule, "", count, kept.height) for rule, count in counts.row(0, named=True).items()]
    return pl.DataFrame(found, schema=BROKEN, orient="row")
