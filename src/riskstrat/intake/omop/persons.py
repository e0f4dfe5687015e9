"""Persons, deaths, observation periods and locations of the CDM as persons, residences and areas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from riskstrat.errors import ContractError, Problem
from riskstrat.intake.conversion import read_now
from riskstrat.intake.omop.declarations import DEATH, EVENT_TABLES, LOCATION, PERIOD, PERSON, SEX_OF
from riskstrat.intake.omop.reading import Tables, column
from riskstrat.intake.validation import (
    RULE,
    TOO_LATE,
    UNKNOWN_DAY,
    accepted_rows,
    accounted,
    entries,
    first_rule,
    only_first,
    rejected_rows,
    validate_deaths,
    with_source,
)
from riskstrat.registers.checks import NO_PERSON
from riskstrat.registers.days import ended, stands_for_unknown

_NUMBER, _DAY, _WORD = pl.Int64(), pl.Date(), pl.String()


@dataclass(frozen=True, kw_only=True, eq=False)
class ConvertedPersons:
    """Who there is, where and when they were observed."""

    tables: dict[str, pl.DataFrame]
    """persons, residences and, where locations are known, areas."""
    first_day: date
    last_day: date
    """`first_day` and `last_day`: the first day on which anybody was observed, and the last that can have been seen."""
    rejected: dict[str, pl.DataFrame]
    """Rows that were rejected, by table of the CDM."""
    account: pl.DataFrame
    """Columns as in `CONVERSION_COUNTS`."""


def convert_persons(tables: Tables, last_day: date | None, area_column: str) -> ConvertedPersons:
    """Read persons, deaths, observation periods and locations; a `ContractError` if nobody was ever observed."""
    _require(tables)
    periods = read_now(_periods(tables[PERIOD]), PERIOD)
    observed = periods.filter(pl.col("start_date").is_not_null() & ~stands_for_unknown(pl.col("start_date")))
    end = last_day or _last_day_seen(observed, tables)
    first = observed["start_date"].min()
    if end is None or not isinstance(first, date):
        raise ContractError(
            Problem("no period with a start and an end", "at least one", "look at the export", table=PERIOD)
        )
    validated = only_first(read_now(_persons(tables[PERSON], end), PERSON), "another row of the same person")
    persons = accepted_rows(validated)
    deaths = validate_deaths(read_now(_deaths(tables), DEATH), persons, end)
    persons = _born_by_death(persons, accepted_rows(deaths))
    known = periods.join(persons.select("person_id", known=True), on="person_id", how="left", maintain_order="left")
    spells = known.with_columns(first_rule(_period_rules(end))).drop("known")
    accepted = accepted_rows(spells)
    merged = _merged(accepted)
    observation = entries(PERIOD, spells.height, merged.height, spells[RULE], merged=accepted.height - merged.height)
    return ConvertedPersons(
        tables=_finished(_placed(persons, tables, area_column), accepted_rows(deaths), merged, tables, area_column),
        first_day=first,
        last_day=end,
        rejected={
            dataset: rejected_rows(rows) for dataset, rows in ((PERSON, validated), (DEATH, deaths), (PERIOD, spells))
        },
        account=pl.concat([accounted(PERSON, validated), accounted(DEATH, deaths), observation]),
    )


def _require(tables: Tables) -> None:
    needs = {PERSON: ("person_id", "gender_concept_id", "year_of_birth"), PERIOD: ("person_id",)}
    absent = [
        Problem("no such table", "the table", "add it to the export", table=table)
        for table in needs
        if table not in tables
    ]
    lacking = [
        Problem(f"no column {name}", "the CDM's column", "add it", table=table)
        for table, names in needs.items()
        for name in (names if table in tables else ())
        if name not in tables[table].collect_schema()
    ]
    ContractError.refuse([*absent, *lacking])


def _persons(rows: pl.LazyFrame, last_day: date) -> pl.LazyFrame:
    schema = rows.collect_schema()
    year, month, day = (column(schema, (f"{part}_of_birth",), _NUMBER) for part in ("year", "month", "day"))
    moment = column(schema, ("birth_datetime",), _DAY)
    stated = pl.when(month.is_null() & (moment.dt.ordinal_day() > 1)).then(moment)  # 1 January stands for a year
    exact = pl.coalesce(_date(year, month, day), stated)
    columns = {
        "person_id": column(schema, ("person_id",), _NUMBER),
        "birth_date": pl.coalesce(exact, _date(year, month, pl.lit(15)), _date(year, pl.lit(7), pl.lit(1))),
        "birth_date_precision": pl.when(exact.is_not_null())
        .then(pl.lit("day"))
        .otherwise(pl.when(month.is_between(1, 12)).then(pl.lit("month")).otherwise(pl.lit("year"))),
        "sex": column(schema, ("gender_concept_id",), _NUMBER).replace_strict(SEX_OF, default=None, return_dtype=_WORD),
        "location_id": column(schema, ("location_id",), _NUMBER),
        "care_centre_id": column(schema, ("care_site_id",), _WORD),
    }
    rules = {
        "no person": pl.col("person_id").is_null(),
        "sex is neither female (8532) nor male (8507)": pl.col("sex").is_null(),
        "no year of birth": pl.col("birth_date").is_null(),
        UNKNOWN_DAY: stands_for_unknown(pl.col("birth_date")),
        "born after the last day of data": pl.col("birth_date") > last_day,
    }
    return with_source(rows, columns).with_columns(first_rule(rules))


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """Make a date; null where a part is missing or there is no such day."""
    return pl.concat_str(
        year.cast(pl.String).str.zfill(4),
        month.cast(pl.String).str.zfill(2),
        day.cast(pl.String).str.zfill(2),
        separator="-",
    ).str.to_date("%Y-%m-%d", strict=False)


def _deaths(tables: Tables) -> pl.LazyFrame:
    rows = tables.get(DEATH, pl.LazyFrame(schema={"person_id": _NUMBER, "death_date": _DAY}))
    schema = rows.collect_schema()
    columns = {
        "person_id": column(schema, ("person_id",), _NUMBER),
        "date": column(schema, ("death_date", "death_datetime"), _DAY),
    }
    return with_source(rows, columns)


def _periods(rows: pl.LazyFrame) -> pl.LazyFrame:
    schema = rows.collect_schema()
    end = column(schema, (f"{PERIOD}_end_date", f"{PERIOD}_end_datetime"), _DAY)
    columns = {
        "person_id": column(schema, ("person_id",), _NUMBER),
        "start_date": column(schema, (f"{PERIOD}_start_date", f"{PERIOD}_start_datetime"), _DAY),
        "end_date": ended(end),
    }
    return with_source(rows, columns)


def _period_rules(last_day: date) -> dict[str, pl.Expr]:
    start = pl.col("start_date")
    return {
        "no person": pl.col("person_id").is_null(),
        "no date": start.is_null(),
        UNKNOWN_DAY: stands_for_unknown(start) | stands_for_unknown(pl.col("end_date")),
        "ends before it starts": (pl.col("end_date") < start).fill_null(value=False),
        TOO_LATE: start > last_day,
        NO_PERSON: pl.col("known").is_null(),
    }


def _last_day_seen(observed: pl.DataFrame, tables: Tables) -> date | None:
    """Find the latest end of a period; where some are still open, of these and of all dates of events."""
    days = [observed["end_date"]]
    if observed["end_date"].null_count():
        for each in (each for each in EVENT_TABLES if each.name in tables):
            day = column(tables[each.name].collect_schema(), each.date, _DAY)
            days.append(
                read_now(tables[each.name].select(day.filter(~stands_for_unknown(day)).max()), each.name).to_series()
            )
    latest = pl.concat([each.alias("day") for each in days]).max()
    return latest if isinstance(latest, date) else None


def _born_by_death(persons: pl.DataFrame, deaths: pl.DataFrame) -> pl.DataFrame:
    """Move a birth of which no day is known before a death in the same month or year."""
    died = persons.join(deaths.select("person_id", __died="date"), on="person_id", how="left", maintain_order="left")
    return died.with_columns(pl.min_horizontal("birth_date", "__died").alias("birth_date")).drop("__died")


def _merged(spells: pl.DataFrame) -> pl.DataFrame:
    """Make periods of a person that share a day one."""
    end = pl.col("end_date").fill_null(date.max)
    ordered = spells.sort("person_id", "start_date").with_columns(end)
    before = pl.col("end_date").cum_max().shift().over("person_id")
    apart = (pl.col("start_date") > before).fill_null(value=True).cum_sum().alias("spell")
    joined = ordered.with_columns(apart).group_by("person_id", "spell", maintain_order=True)
    both = joined.agg(pl.col("start_date").min(), pl.col("end_date").max()).drop("spell")
    return both.with_columns(pl.when(pl.col("end_date") < date.max).then("end_date").alias("end_date"))


def _placed(persons: pl.DataFrame, tables: Tables, area_column: str) -> pl.DataFrame:
    """Add the area that a person's location names; the CDM knows the present one only."""
    if LOCATION not in tables:
        return persons.with_columns(area_id=pl.lit(None, dtype=_WORD))
    schema = tables[LOCATION].collect_schema()
    areas = tables[LOCATION].select(
        location_id=column(schema, ("location_id",), _NUMBER), area_id=column(schema, (area_column,), _WORD)
    )
    once = read_now(areas.unique("location_id", keep="first", maintain_order=True), LOCATION)
    return persons.join(once, on="location_id", how="left", maintain_order="left")


def _finished(
    placed: pl.DataFrame, deaths: pl.DataFrame, spells: pl.DataFrame, tables: Tables, area_column: str
) -> dict[str, pl.DataFrame]:
    persons = placed.join(
        deaths.select("person_id", death_date="date"), on="person_id", how="left", maintain_order="left"
    )
    where = placed.select("person_id", "area_id", "care_centre_id")
    found = {
        "persons": persons.select("person_id", "birth_date", "birth_date_precision", "sex", "death_date"),
        "residences": spells.join(where, on="person_id", how="left", maintain_order="left"),
    }
    lived_in = placed["area_id"].drop_nulls().unique().sort()
    if lived_in.is_empty():
        return found
    locations = tables[LOCATION]
    schema = locations.collect_schema()
    named = locations.select(
        area_id=column(schema, (area_column,), _WORD), municipality=column(schema, ("city",), _WORD)
    )
    first = read_now(named.drop_nulls("area_id").group_by("area_id").agg(pl.col("municipality").min()), LOCATION)
    areas = lived_in.to_frame("area_id").join(first, on="area_id", how="left", maintain_order="left")
    return {**found, "areas": areas.select("area_id", pl.col("area_id").alias("name"), "municipality")}
