"""What of clean registers an extract can carry: the answer against which an intake is judged.

In: opened registers and people. Out: their tables, in full detail or as the best intake of their extracts gives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from riskstrat.registers import Registers
from riskstrat.synthetic.extracts.people import PLANNED, UNPLANNED

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
MID_MONTH = 15
HIGHEST_CHILD_BMI, LARGEST_BMI_GAP = 45.0, 0.5
CARRIED_LOSSES: Mapping[str, str] = {
    "persons": "The day of birth is delivered only for those in the birth register; others are born in mid-month.",
    "residences": "Who left for elsewhere in Sweden left on an unknown day; a stay within one year is not seen.",
    "diagnoses": "The day on which a late row became known, and stays that had not ended, are not delivered.",
    "births": "The mother's body mass index is that of whole centimetres and kilograms.",
    "services": "Municipal services are known by the month.",
    "circumstances": "Social assistance is an amount of the family, repeated on each of its members.",
}
"""What is lost in any delivery, however clean."""
_DTYPES: Mapping[str, pl.DataType] = {
    "person_id": pl.Int64(),
    "birth_date": pl.Date(),
    "sex": pl.String(),
    "death_date": pl.Date(),
    "mother_id": pl.Int64(),
    "father_id": pl.Int64(),
    "birth_region": pl.String(),
    "start_date": pl.Date(),
    "end_date": pl.Date(),
    "area_id": pl.String(),
    "care_centre_id": pl.String(),
    "date": pl.Date(),
    "code": pl.String(),
    "value": pl.Float64(),
    "setting": pl.String(),
    "position": pl.String(),
}


def clean_tables(registers: Registers, people: pl.Series | None = None) -> dict[str, pl.DataFrame]:
    """Read the tables of these people without what is itself a fault, in full detail.

    Rows that differ in nothing but the day on which they became known are one row, stays that had not ended are left
    out (the patient register has one row a discharge), and so is growth that cannot be true: an intake shall find the
    planted faults, not those of the sample.

    Parameters
    ----------
    registers
        Clean registers.
    people
        Their person_id; everybody if None.

    Returns
    -------
    dict
        A frame for each of `COLUMNS`, empty where the registers have no such table.
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


def carried(tables: Tables, data_end: date) -> dict[str, pl.DataFrame]:
    """Say what the best intake of the extracts gives: the clean tables with what is lost on the way.

    `CARRIED_LOSSES` names the losses. Gains are visits in specialist care, and zeros: who is no single parent and who
    gets no social assistance is known of everybody whose family is known.

    Parameters
    ----------
    tables
        As `clean_tables` gives them.
    data_end
        The last day that can have been seen; a service given in its month is still going on.

    Returns
    -------
    dict
        A frame for each table; `residences` has the columns of `homes_by_year`.
    """
    return {
        **tables,
        "persons": _born_in_mid_month(tables["persons"], tables["births"]),
        "residences": homes_by_year(tables["residences"], data_end),
        "diagnoses": _told_once(tables["diagnoses"]),
        "contacts": _with_specialist_visits(tables["contacts"], tables["diagnoses"]),
        "services": _whole_months(tables["services"], data_end),
        **{name: _one_value_a_day(tables[name]) for name in ("births", "child_health", "measurements")},
        "circumstances": _with_zeros(tables["circumstances"]),
    }


def homes_by_year(residences: pl.DataFrame, data_end: date) -> pl.DataFrame:
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
        return pl.DataFrame(schema={name: _DTYPES[name] for name in names})
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


def _born_in_mid_month(persons: pl.DataFrame, births: pl.DataFrame) -> pl.DataFrame:
    registered = pl.col("person_id").is_in(births["person_id"].unique().implode())
    mid_month = pl.col("birth_date").dt.replace(day=MID_MONTH)
    return persons.with_columns(birth_date=pl.when(registered).then("birth_date").otherwise(mid_month))


def _told_once(diagnoses: pl.DataFrame) -> pl.DataFrame:
    """Leave out the other diagnoses of a stay that are its main diagnosis again."""
    stay = ["person_id", "date", "end_date", "code", "setting"]
    main = diagnoses.filter(position="main").select(stay).unique()
    others = diagnoses.filter(position="other").join(main, on=stay, how="anti", nulls_equal=True)
    return pl.concat([diagnoses.filter(pl.col("position") != "other"), others]).sort(diagnoses.columns)


def _with_specialist_visits(contacts: pl.DataFrame, diagnoses: pl.DataFrame) -> pl.DataFrame:
    visits = diagnoses.filter(setting="specialist").select("person_id", "date").unique()
    seen = visits.with_columns(code=pl.lit("specialist_visit"), end_date=pl.lit(None, pl.Date))
    return pl.concat([contacts, seen.select(SPELLS)]).sort(SPELLS)


def _one_value_a_day(values: pl.DataFrame) -> pl.DataFrame:
    codes = values["code"].unique().sort().to_list()
    return long(wide(values, codes), codes)


def _whole_months(services: pl.DataFrame, data_end: date) -> pl.DataFrame:
    """Join the months without a gap to spells; one that reaches the last month has no end."""
    months = months_of(services, data_end).sort("person_id", "code", "month")
    new = pl.col("month") != pl.col("month").shift().dt.offset_by("1mo")
    spell = new.fill_null(value=True).cum_sum().over("person_id", "code")
    spells = months.with_columns(spell=spell).group_by("person_id", "code", "spell")
    end = pl.col("month").max().dt.month_end()
    joined = spells.agg(date=pl.col("month").min(), end_date=pl.when(end < data_end).then(end))
    return joined.select(SPELLS).sort(SPELLS)


def _with_zeros(circumstances: pl.DataFrame) -> pl.DataFrame:
    years = wide(circumstances, CIRCUMSTANCES)
    family_known = pl.col("lives_alone").is_not_null() | pl.col("single_parent").is_not_null()
    known = years.with_columns(
        lives_alone=pl.when(family_known).then(pl.col("lives_alone").fill_null(0.0)),
        single_parent=pl.when(family_known).then(pl.col("single_parent").fill_null(0.0)),
        social_assistance=pl.col("social_assistance").fill_null(0.0),
    )
    return long(known, CIRCUMSTANCES)
