"""What a region and a municipality deliver: primary care, measured values, growth of children, services to the old."""

from __future__ import annotations

from datetime import date

import polars as pl

from riskstrat.synthetic.extracts.clean import Tables, months_of, wide
from riskstrat.synthetic.extracts.form import day_text, drawn, number_text

REGION_SERIES, REGION_STEP = 500_000, 7
SCHOOL_AGE_DAYS = 1_900
GROWTH = ("weight_kg", "height_cm", "bmi_kg_m2")
VISIT, OTHER_CONTACT = "Besök", "Telefon"
MEASURED: dict[str, str] = {
    "bmi_kg_m2": "BMI",
    "systolic_mmhg": "BT_SYST",
    "cholesterol_non_hdl_mmol_l": "NONHDL",
    "smoking": "ROKNING",
}
SPECIAL_HOUSING, HOME_CARE, ALARM = "special_housing", "home_care", "safety_alarm"


def region_key(tables: Tables, _: date) -> pl.DataFrame:
    """Give the key between the region's own running numbers and those of everybody else."""
    return tables["persons"].select(
        LopNr_Region=_region_number(), LopNr_SCB=pl.col("person_id").cast(pl.String), _person="person_id"
    )


def primary_care(tables: Tables, _: date) -> pl.DataFrame:
    """Give contacts in primary care with diagnosis and care centre; a diagnosis may come from a telephone call."""
    key = ["person_id", "date", "nth"]
    diagnoses = tables["diagnoses"].filter(setting="primary").sort("person_id", "date", "code")
    found = _nth_of_the_day(diagnoses).select(*key, "code")
    visits = tables["contacts"].filter(code="primary_care_visit")
    seen = _nth_of_the_day(visits).select(*key, kind=pl.lit(VISIT))
    rows = seen.join(found, on=key, how="full", coalesce=True).sort(key)
    return _with_care_centre(rows, tables).select(
        LopNr=_region_number(),
        BesDatum=day_text("date"),
        Kontakttyp=pl.col("kind").fill_null(OTHER_CONTACT),
        Vardcentral="care_centre_id",
        Diagnos1="code",
        Diagnos2=pl.lit(None, pl.String),
        _person="person_id",
        _year=pl.col("date").dt.year(),
    )


def measured_values(tables: Tables, _: date) -> pl.DataFrame:
    """Give what was measured in primary care, a row a person and day."""
    rows = wide(tables["measurements"], tuple(MEASURED))
    return rows.select(
        LopNr=_region_number(),
        Datum=day_text("date"),
        **{name: number_text(pl.col(code), 2) for code, name in MEASURED.items()},
        _person="person_id",
    )


def child_health(tables: Tables, _: date) -> pl.DataFrame:
    """Give the visits of children at the region's child health centres."""
    return (
        _growth(tables)
        .filter(pl.col("age_days") < SCHOOL_AGE_DAYS)
        .select(
            LopNr=pl.col("person_id").cast(pl.String),
            besoksdatum=day_text("date"),
            vikt=number_text(pl.col("weight_kg"), 2),
            langd=number_text(pl.col("height_cm"), 1),
            BMI=number_text(pl.col("bmi_kg_m2"), 2),
            _person="person_id",
        )
    )


def school_health(tables: Tables, _: date) -> pl.DataFrame:
    """Give the school nurses' checks, in the municipality's own numbers, which are those of everybody else."""
    return (
        _growth(tables)
        .filter(pl.col("age_days") >= SCHOOL_AGE_DAYS)
        .select(
            lopnr=pl.col("person_id").cast(pl.String),
            datum=pl.col("date").dt.strftime("%Y-%m-%d"),
            arskurs=pl.lit("0"),
            vikt=number_text(pl.col("weight_kg"), 2),
            langd=number_text(pl.col("height_cm"), 1),
            bmi=number_text(pl.col("bmi_kg_m2"), 2),
            _person="person_id",
        )
    )


def services(tables: Tables, data_end: date) -> pl.DataFrame:
    """Give the municipal services, a row a person and month."""
    months = months_of(tables["services"], data_end)
    given = {code: (pl.col("code") == code).any() for code in (HOME_CARE, ALARM, SPECIAL_HOUSING)}
    rows = months.group_by("person_id", "month").agg(**given).sort("person_id", "month")
    return rows.select(
        LopNr=pl.col("person_id").cast(pl.String),
        PERIOD=pl.col("month").dt.strftime("%Y%m"),
        BOFORM=pl.when(SPECIAL_HOUSING).then(pl.lit("2")).otherwise(pl.lit("1")),
        HTJ=pl.when(HOME_CARE).then(pl.lit("1")).otherwise(pl.lit("0")),
        HTJTIM=pl.when(HOME_CARE).then((4 + drawn("person_id", 60)).cast(pl.String)),
        TRYGG=pl.when(ALARM).then(pl.lit("1")).otherwise(pl.lit("0")),
        _person="person_id",
        _year=pl.col("month").dt.year(),
    )


def _region_number() -> pl.Expr:
    return (REGION_SERIES + REGION_STEP * pl.col("person_id")).cast(pl.String)


def _growth(tables: Tables) -> pl.DataFrame:
    born = tables["persons"].select("person_id", "birth_date")
    visits = wide(tables["child_health"], GROWTH).join(born, on="person_id")
    return visits.with_columns(age_days=(pl.col("date") - pl.col("birth_date")).dt.total_days()).sort(
        "person_id", "date"
    )


def _nth_of_the_day(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(nth=pl.int_range(pl.len()).over("person_id", "date"))


def _with_care_centre(rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """Add the care centre at which the person was listed on the day."""
    residences = tables["residences"].select("person_id", "care_centre_id", date="start_date").sort("date")
    listed = rows.sort("date").join_asof(residences, on="date", by="person_id", check_sortedness=False)
    return listed.sort("person_id", "date", "nth")
