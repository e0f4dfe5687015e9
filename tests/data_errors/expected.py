"""What of clean registers an extract can carry: the answer against which an intake is validated.

In: clean tables. Out: the tables as the best intake of their extracts gives them.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from riskstrat.synthetic.extracts.clean import CIRCUMSTANCES, SPELLS, Tables, long, months_of, residences_by_year, wide

MID_MONTH = 15


def carried(tables: Tables, data_end: date) -> dict[str, pl.DataFrame]:
    """Say what the best intake of the extracts gives: the clean tables with what is lost on the way.

    `riskstrat.synthetic.extracts.LOSSES` names the losses. Gains are visits in specialist care, and zeros: who is no
    single parent and who gets no social assistance is known of everybody whose family is known.

    Parameters
    ----------
    tables
        As `clean_tables` gives them.
    data_end
        The last day that can have been seen; a service given in its month is still going on.

    Returns
    -------
    dict
        A frame for each table; `residences` has the columns of `residences_by_year`.
    """
    return {
        **tables,
        "persons": _born_in_mid_month(tables["persons"], tables["births"]),
        "residences": residences_by_year(tables["residences"], data_end),
        "diagnoses": _without_repeated(tables["diagnoses"]),
        "contacts": _with_specialist_visits(tables["contacts"], tables["diagnoses"]),
        "services": _whole_months(tables["services"], data_end),
        **{name: _one_value_a_day(tables[name]) for name in ("births", "child_health", "measurements")},
        "circumstances": _with_zeros(tables["circumstances"]),
    }


def _born_in_mid_month(persons: pl.DataFrame, births: pl.DataFrame) -> pl.DataFrame:
    registered = pl.col("person_id").is_in(births["person_id"].unique().implode())
    mid_month = pl.col("birth_date").dt.replace(day=MID_MONTH)
    return persons.with_columns(birth_date=pl.when(registered).then("birth_date").otherwise(mid_month))


def _without_repeated(diagnoses: pl.DataFrame) -> pl.DataFrame:
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
