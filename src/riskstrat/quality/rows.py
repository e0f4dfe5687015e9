"""The rows of one event table against the people they are about, the table's coverage and what can be.

In: opened registers and the name of a table. Out: how many rows break each rule, and how many each year and day has.
A table is read once, some people at a time, so that memory does not follow its length.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import polars as pl

from riskstrat.codes.expression import parse
from riskstrat.codes.growth import contradicts, plausible_bmi
from riskstrat.codes.systems import is_code
from riskstrat.registers.checks import rejections
from riskstrat.registers.contract import PERSON, first_broken, types_of
from riskstrat.registers.opened import Registers
from riskstrat.registers.source import PersonRange, Source, equal_ranges

OUT_OF_RANGE, ANOTHER_UNIT = "value out of range", "value in another unit"
IMPLAUSIBLE_BMI, CONTRADICTED_BMI = "body mass index for age", "body mass index of weight and height"
BMI, WEIGHT, HEIGHT = "bmi_kg_m2", "weight_kg", "height_cm"
_PILED = 0.01
_RANGES = {"code": pl.String, "low": pl.Float64, "high": pl.Float64}
_UNITS = {
    **dict.fromkeys(("code", "about"), pl.String),
    **dict.fromkeys(("factor", "piled", "usual_low", "usual_high"), pl.Float64),
}


def codes_of_one_sex(sex: str, codes: Sequence[str]) -> list[str]:
    """Pick the ICD-10 codes that only people of this sex can have.

    Examples
    --------
    >>> codes_of_one_sex("male", ["C619", "O800", "I109"])
    ['C619']
    """
    return parse(_declared()["sexes"][sex]).matching(codes, prefix=True)


def broken_values(rows: pl.DataFrame, codes: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Count the values of each code that nobody can have, and those that look like another unit.

    `codes` are the distinct codes of the table. Yields rule, about (the code, and the unit), rows, of (the code's
    values).
    """
    values, value = rows.select("code", "value").drop_nulls(), pl.col("value")
    outside = ~value.is_between("low", "high")
    of_code = values.join(ranges(codes), on="code").group_by(about=pl.col("code"))
    yield _counted(OUT_OF_RANGE, of_code, outside)
    converted = (value * pl.col("factor")).is_between("usual_low", "usual_high")
    of_unit = values.join(units(codes), on="code").group_by("about")
    yield _counted(ANOTHER_UNIT, of_unit, converted & ~value.is_between("usual_low", "usual_high"))
    yield from _broken_bmi(rows, codes)


def _broken_bmi(rows: pl.DataFrame, codes: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Count body mass indices that nobody of that age has, and those that are not of the weight and height beside."""
    found = rows.filter(pl.col("code") == BMI).drop_nulls("value").with_columns(about=pl.col("code"))
    if BMI not in codes or found.is_empty():
        return
    age = (pl.col("date") - pl.col("birth_date")).dt.total_days()
    possible = plausible_bmi(pl.col("value"), sex=pl.col("sex"), age_days=age)
    yield _counted(IMPLAUSIBLE_BMI, found.with_columns(possible=possible).group_by("about"), ~pl.col("possible"))
    beside = found.select("about", "person_id", "date", "value")
    for code in (WEIGHT, HEIGHT):
        one = rows.filter(pl.col("code") == code).group_by("person_id", "date").agg(pl.col("value").first().alias(code))
        beside = beside.join(one, on=["person_id", "date"], how="left")
    other = contradicts(pl.col("value"), pl.col(WEIGHT), pl.col(HEIGHT))
    yield _counted(CONTRADICTED_BMI, beside.group_by("about"), other)


def piled(broken: pl.DataFrame, codes: Sequence[str]) -> pl.DataFrame:
    """Keep values that look like another unit only where they are a larger share than chance would bring."""
    least = broken.join(units(codes).select("about", "piled"), on="about", how="left")["piled"].fill_null(0.0)
    return broken.filter((broken["rule"] != ANOTHER_UNIT) | (broken["rows"] >= least * broken["of"]))


def ranges(codes: Sequence[str]) -> pl.DataFrame:
    """Give code, low and high of the codes whose values are declared."""
    found = [(code, *map(float, said["range"])) for code, said in _said(codes)]
    return pl.DataFrame(found, schema=_RANGES, orient="row")


def units(codes: Sequence[str]) -> pl.DataFrame:
    """Give a row for each other unit that values of a code are found in: by how much to multiply, and what is usual."""
    found = [
        (code, f"{code} as {unit}", float(factor), said.get("piled", _PILED), *said.get("usual", said["range"]))
        for code, said in _said(codes)
        for unit, factor in said.get("others", {}).items()
    ]
    return pl.DataFrame(found, schema=_UNITS, orient="row", strict=False)


def _counted(rule: str, grouped: pl.dataframe.group_by.GroupBy, broken: pl.Expr) -> pl.DataFrame:
    counts = grouped.agg(rows=broken.sum().cast(pl.Int64), of=pl.len().cast(pl.Int64))
    return counts.select(pl.lit(rule).alias("rule"), "about", "rows", "of")


def _said(codes: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Say what is declared of each code, by the longest end that fits."""
    values = _declared()["values"]
    for code in codes:
        ends = [end for end in values if code.endswith(end)]
        if ends:
            yield code, values[max(ends, key=len)]


@cache
def _declared() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("plausible.toml").read_text(encoding="utf-8"))


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


def tally(registers: Registers, table: str, people: pl.DataFrame, rows_at_a_time: int) -> Tally:
    """Count, about `rows_at_a_time` at once, what is wrong with the rows of an event table; `people` as `people_of`."""
    counts = registers.sources[table].scan().select(pl.len(), of_nobody=pl.col(PERSON).null_count()).collect()
    rows, of_nobody = counts.row(0)
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
    return equal_ranges(registers.births[PERSON], registers.size(table), rows_at_a_time)


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
        "exact copy": ~pl.struct(name for name in types_of(table) if name != "known_on").is_first_distinct(),
        "overlaps the spell before": _overlaps() & pl.lit(value=not registers.prefix_matching(table)),
    }


def _overlaps() -> pl.Expr:
    """Compare each spell with the one before it; rows come in the order of person, code and date.

    Only of exact codes: in a classification a code is often recorded several times during one stay.
    """
    same = (pl.col(PERSON) == pl.col(PERSON).shift()) & (pl.col("code") == pl.col("code").shift())
    return same & (pl.col("date") < pl.col("end_date").shift())


def _rows_of(source: Source, people: pl.DataFrame, some: PersonRange) -> pl.DataFrame:
    """Read the rows of a range of persons, beside what is known of them, in the order of person, code and date."""
    known = people.lazy().filter(pl.col(PERSON).is_between(*some))
    return source.scan(some).join(known, on=PERSON, how="left").collect().sort(PERSON, "code", "date", "end_date")


def _count(rows: pl.DataFrame, registers: Registers, table: str) -> Tally:
    validated = rows.with_columns(rule=first_broken(rejections(registers.sources[table])))
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
