"""What extracts are written of: the tables of some whole families, without what is itself a data error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from riskstrat.registers import Registers
from riskstrat.synthetic.personas import FIRST_TEST_ID

PLANNED, UNPLANNED = "admission_planned", "admission_unplanned"


def choose_people(registers: Registers, people: int, seed: int) -> pl.Series:
    """Draw whole families until there are enough people; the personas always come along.

    Families in which two hospital stays touch are passed over: a delivery cannot tell them from one stay.
    """
    families = registers.families.with_columns(touches=pl.col("person_id").is_in(_with_touching_stays(registers)))
    sizes = families.group_by("family_id").agg(size=pl.len(), touches=pl.col("touches").any()).sort("family_id")
    drawn = sizes.filter(~pl.col("touches")).sample(fraction=1.0, shuffle=True, seed=seed)
    enough = drawn.filter(pl.col("size").cum_sum() - pl.col("size") < people)["family_id"]
    is_drawn = pl.col("family_id").is_in(enough.implode())
    is_persona = (pl.col("person_id") >= FIRST_TEST_ID) & ~pl.col("touches")
    return families.filter(is_drawn | is_persona)["person_id"].sort()


def _with_touching_stays(registers: Registers) -> list[int]:
    if not registers.has("contacts"):
        return []
    contacts = registers.scan("contacts").filter(pl.col("code").is_in((PLANNED, UNPLANNED)))
    stays = contacts.select("person_id", "date", "end_date", "code").unique().collect().sort("person_id", "date")
    previous_end = pl.col("end_date").fill_null(pl.col("date").max()).shift().over("person_id")
    touching = stays.filter(pl.col("date") <= previous_end)
    return touching["person_id"].unique().sort().to_list()


Tables = Mapping[str, pl.DataFrame]
VALUED = ("person_id", "date", "code", "value")
SPELLS = ("person_id", "date", "code", "end_date")
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "persons": ("person_id", "birth_date", "sex", "death_date", "mother_id", "father_id", "birth_region"),
    "residences": ("person_id", "start_date", "end_date", "area_id", "care_centre_id"),
    "diagnoses": ("person_id", "date", "code", "end_date", "setting", "position"),
    "prescriptions": VALUED,
    "births": VALUED,
    "child_health": VALUED,
    "measurements": VALUED,
    "circumstances": VALUED,
    "contacts": SPELLS,
    "services": SPELLS,
    "migrations": ("person_id", "date", "code"),
}
CIRCUMSTANCES = (
    "disposable_income_sek", "education_level", "employed", "lives_alone", "single_parent", "social_assistance",
)  # fmt: skip
HIGHEST_CHILD_BMI, LARGEST_BMI_GAP = 45.0, 0.5
_NOT_TEXT: Mapping[str, pl.DataType] = {
    **dict.fromkeys(("person_id", "mother_id", "father_id"), pl.Int64()),
    **dict.fromkeys(("birth_date", "death_date", "start_date", "end_date", "date"), pl.Date()),
    "value": pl.Float64(),
}


def clean_tables(registers: Registers, people: pl.Series | None = None) -> dict[str, pl.DataFrame]:
    """Read the tables of these people (everybody if None) without what is itself a data error, in full detail.

    Rows that differ in nothing but the day on which they became known are one row, stays that had not ended are left
    out (the patient register has one row a discharge), and so is growth that cannot be true. Gives a frame for each of
    `COLUMNS`, empty where the registers have no such table.
    """
    tables = {name: _read(registers, name, people) for name in COLUMNS}
    in_hospital = pl.col("setting") == "inpatient"
    admissions = pl.col("code").is_in((PLANNED, UNPLANNED))
    return {
        **tables,
        "diagnoses": tables["diagnoses"].filter(~in_hospital | pl.col("end_date").is_not_null()),
        "contacts": tables["contacts"].filter(~admissions | pl.col("end_date").is_not_null()),
        "child_health": _plausible_growth(tables["child_health"]),
    }


def residences_by_year(residences: pl.DataFrame, data_end: date) -> pl.DataFrame:
    """Say where everybody lived on each 31 December up to `data_end`: person_id, date, area_id, care_centre_id."""
    first = pl.col("start_date").dt.year()
    last = pl.col("end_date").fill_null(data_end).dt.offset_by("1d").dt.year()
    years = residences.filter(last > first).with_columns(year=pl.int_ranges(first, last)).explode("year")
    day = pl.date("year", 12, 31).alias("date")
    return years.select("person_id", day, "area_id", "care_centre_id").sort("person_id", "date")


def months_of(services: pl.DataFrame, data_end: date) -> pl.DataFrame:
    """Say in which months each service was given: person_id, month (its first day), code."""
    first = pl.col("date").dt.month_start()
    last = pl.col("end_date").fill_null(data_end).dt.month_start()
    months = services.with_columns(month=pl.date_ranges(first, last, "1mo")).explode("month")
    return months.select("person_id", "month", "code").unique().sort("person_id", "month", "code")


def wide(events: pl.DataFrame, codes: Sequence[str]) -> pl.DataFrame:
    """Make one row a person and day with a column for each of these codes, null where there was none."""
    values = [pl.col("value").filter(pl.col("code") == code).first().alias(code) for code in codes]
    wanted = events.filter(pl.col("code").is_in(codes))
    return wanted.group_by("person_id", "date").agg(values).sort("person_id", "date")


def long(rows: pl.DataFrame, codes: Sequence[str]) -> pl.DataFrame:
    """Undo `wide`: one row for each value that is there."""
    values = rows.unpivot(codes, index=["person_id", "date"], variable_name="code", value_name="value")
    typed = values.with_columns(pl.col("code").cast(pl.String), pl.col("value").cast(pl.Float64))
    return typed.drop_nulls("value").sort("person_id", "date", "code").select(VALUED)


def _read(registers: Registers, table: str, people: pl.Series | None) -> pl.DataFrame:
    names = COLUMNS[table]
    if not registers.has(table):
        return pl.DataFrame(schema={name: _NOT_TEXT.get(name, pl.String()) for name in names})
    rows = registers.scan(table).select(names)
    if people is not None:
        rows = rows.join(people.to_frame("person_id").lazy(), on="person_id", how="semi")
    return rows.unique().collect().sort(names)


def _plausible_growth(child_health: pl.DataFrame) -> pl.DataFrame:
    """Leave out visits at which weight, height and body mass index contradict each other or cannot be true."""
    visits = wide(child_health, ("weight_kg", "height_cm", "bmi_kg_m2"))
    computed = pl.col("weight_kg") / (pl.col("height_cm") / 100) ** 2
    contradiction = ((computed - pl.col("bmi_kg_m2")).abs() > LARGEST_BMI_GAP).fill_null(value=False)
    impossible = (pl.col("bmi_kg_m2") > HIGHEST_CHILD_BMI).fill_null(value=False)
    wrong = visits.filter(contradiction | impossible)
    return child_health.join(wrong, on=["person_id", "date"], how="anti").sort(VALUED)
