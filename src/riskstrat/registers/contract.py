"""The data contract: the columns, types, words and row rules of every table of a register folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import polars as pl

from riskstrat.registers.days import stands_for_unknown

POSITIONS = ("main", "other", "external", "underlying")
BIRTH_REGIONS = ("sweden", "nordic", "europe", "asia", "africa", "south_america", "other")
AREA_FACTS = ("care_need_index",)

_GROWTH = ("bmi_kg_m2", "weight_kg", "height_cm")
CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "births": (
            "birth_weight_g", "birth_length_cm", "gestation_days", "mother_bmi_kg_m2", "mother_smoking", "parity",
        ),
        "child_health": _GROWTH,
        "school_health": _GROWTH,
        "measurements": (
            *_GROWTH, "waist_cm", "smoking", "systolic_mmhg", "diastolic_mmhg", "cholesterol_total_mmol_l",
            "cholesterol_ldl_mmol_l", "cholesterol_hdl_mmol_l", "cholesterol_non_hdl_mmol_l", "triglycerides_mmol_l",
            "hba1c_mmol_mol", "glucose_mmol_l", "creatinine_umol_l", "egfr_ml_min",
        ),
        "circumstances": (
            "disposable_income_sek", "disposable_income_per_unit_sek", "education_level", "employed", "lives_alone",
            "single_parent", "social_assistance", "unemployment_days", "sickness_days",
        ),
        "contacts": ("admission_unplanned", "admission_planned", "primary_care_visit", "specialist_visit"),
        "services": ("home_care", "special_housing", "safety_alarm"),
        "migrations": ("immigration", "emigration"),
    }
)  # fmt: skip
"""Codes of the tables that are not of a classification, by table."""


PERSON, DATE, END = "person_id", "date", "end_date"
ENDS = (END, "death_date")
"""Columns in which a day from `days.STILL` on means that there was no end yet."""
KEY_REMEDY = "give running numbers first: riskstrat pseudonymise DELIVERY OUT KEY_FILE --column '{column}'"
"""What to do about keys that are texts, such as UUIDs."""
REQUIRED_TABLES = ("persons", "residences")
GEOMETRY = "geometry"
"""The entry of the areas' outlines, which are no table."""
KNOWN_ENTRIES = ("persons", "residences", "areas", "area_facts", GEOMETRY)
"""What the contract knows by name; every other table holds events."""

SETTINGS = ("inpatient", "specialist", "primary", "death")
"""The settings of diagnoses that the contract names; a table may have others of its own."""

BESIDE = frozenset({"date_precision"})
"""Columns that intake writes beside those of the contract, for whoever reads the files."""


def is_event_table(table: str) -> bool:
    """Whether a table holds events of persons."""
    return table not in KNOWN_ENTRIES


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of the contract: its name, its type, and whether a table must have it."""

    name: str
    dtype: pl.DataType
    required: bool


def columns_of(table: str) -> tuple[Column, ...]:
    """Return the columns of a table in the order of the contract.

    Examples
    --------
    >>> [column.name for column in columns_of("area_facts")]
    ['area_id', 'date', 'code', 'value', 'known_on']
    """
    from riskstrat.registers.schemas import schema_of  # dataframely is heavy, and readers of rows need no schema

    return tuple(
        Column(name=name, dtype=column.dtype, required=not (column.metadata or {}).get("optional", False))
        for name, column in schema_of(table).columns().items()
    )


def types_of(table: str) -> dict[str, pl.DataType]:
    """Return the type of each column of a table, in the order of the contract."""
    return {column.name: column.dtype for column in columns_of(table)}


def row_rules(last_day: date) -> Mapping[str, pl.Expr]:
    """Say what makes a single event row unusable, each rule true where it is broken.

    A row counts under the first rule that it breaks; `last_day` is the last day that can have been seen.
    """
    return {
        "no person": pl.col(PERSON).is_null(),
        "no date": pl.col(DATE).is_null(),
        "no code": pl.col("code").is_null(),
        "date stands for unknown": stands_for_unknown(pl.col(DATE)) | stands_for_unknown(pl.col(END)),
        "ends before it starts": (pl.col(END) < pl.col(DATE)).fill_null(value=False),
        "after the last day of data": pl.col(DATE) > last_day,
    }


def first_broken(rules: Mapping[str, pl.Expr]) -> pl.Expr:
    """Name the first rule that a row breaks, null where it breaks none."""
    return pl.coalesce(pl.when(broken).then(pl.lit(name)) for name, broken in rules.items())


def earliest_birth(birth: pl.Expr, precision: pl.Expr) -> pl.Expr:
    """Give the first day on which somebody can have been born of whom only the month or year of birth is known.

    Examples
    --------
    >>> born = pl.DataFrame({"birth_date": [date(1950, 7, 1)] * 2, "birth_date_precision": ["year", "day"]})
    >>> born.select(earliest_birth(pl.col("birth_date"), pl.col("birth_date_precision"))).to_series().to_list()
    [datetime.date(1950, 1, 1), datetime.date(1950, 7, 1)]
    """
    year = pl.when(precision == "year").then(birth.dt.truncate("1y"))
    return year.when(precision == "month").then(birth.dt.month_start()).otherwise(birth)


WORDING: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "primary_key": ("{rows} rows share their identifier with another row", "one row each", "keep one"),
        "known_sex": ("{rows} rows with an unknown sex", "female or male", "recode them, or leave these people out"),
        "death_after_birth": ("{rows} people die before they are born", "death on or after birth", "correct the dates"),
        "real_dates": (
            "{rows} rows with a date that stands for unknown (1800-01-01, 1900-01-01, a birth in 2099 or later)",
            "a real date, or null for death_date",
            "write null where nobody died, and leave out people without a birth date",
        ),
        "end_after_start": ("{rows} spells end before they start", "end_date on or after start_date", "correct them"),
        "no_overlap": (
            "{rows} spells start before the person's previous one has ended (both days included)",
            "one area of residence a day",
            "end the earlier spell the day before",
        ),
        "nullability": ("{rows} rows without a value", "a value in every row", "fill it in, or leave the rows out"),
    }
)
"""Rule -> found, expected, remedy."""
