"""What values and codes a person can have: the codes of a table in, their ranges, other units and sexes out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Any

import polars as pl

from riskstrat.codes.expression import parse
from riskstrat.codes.growth import contradicts, plausible_bmi

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
