"""What if some people left without saying so: follow-up ends at the last trace of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from riskstrat.cohort.followup import CENSORED
from riskstrat.declare.durations import duration_days
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.records.cohort import Cohort
from riskstrat.registers import Registers
from riskstrat.registers.contract import is_event_table

_OF_EVERYBODY = ("circumstances", "migrations")
"""Tables that hold rows of whoever is registered: no trace that somebody is here."""
_SEEN = {"person_id": pl.Int64, "date": pl.Date}


@checked
def assume_departures(
    cohort: Cohort,
    registers: Registers,
    *,
    silent: str = "2y",
    share: float = 1.0,
    tables: Sequence[str] | None = None,
    seed: int = 0,
) -> Cohort:
    """Assume that a share of those without any contact for so long have left without registering it.

    People who move abroad and do not say so stay in the registers, never have the outcome, and make the areas that they
    left look healthy. Areas are estimated again from the cohort that is returned, and compared.

    Parameters
    ----------
    cohort
        What `build_cohort` returned.
    registers
        Where contacts are read.
    silent
        How long before the end of follow-up the last contact lies, such as ``"2y"``.
    share
        Of the persons who were silent so long, how many have left, 0 to 1; chosen by chance.
    tables
        Event tables whose rows are contacts; by default all but circumstances and migrations.
    seed
        Of the choice.

    Returns
    -------
    Cohort
        The same rows; those who have left are followed to the day of their last contact, at least one day.

    Raises
    ------
    UsageError
        If there is no such table, or `share` is no share.

    Examples
    --------
    >>> from datetime import date
    >>> import riskstrat as rs
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> cohort = rs.build_cohort(rs.conditions.load("childhood_obesity"), registers, date(2024, 1, 1))
    >>> assumed = assume_departures(cohort, registers, silent="1y", share=0.5)
    >>> bool((assumed.people["duration_days"] <= cohort.people["duration_days"]).all())
    True
    """
    if not 0 <= share <= 1:
        raise UsageError(Problem(f"a share of {share}", "0 to 1", "0.5 is a half"))
    contact = _last_contact(cohort, registers, tables)
    long_silent = pl.col("duration_days") - contact >= duration_days(silent)
    persons = cohort.people["person_id"].unique().sort()
    leavers = persons.filter(pl.Series(np.random.default_rng(seed).random(len(persons)) < share))
    left = (
        long_silent & (pl.col("event") == CENSORED) & pl.col("assessed") & pl.col("person_id").is_in(leavers.implode())
    )
    days = pl.when(left).then(contact.clip(1.0)).otherwise("duration_days")
    return replace(cohort, people=cohort.people.with_columns(duration_days=days))


def _last_contact(cohort: Cohort, registers: Registers, tables: Sequence[str] | None) -> pl.Series:
    """Days from the index to the last row of each person within follow-up, (n,); 0 where there is none."""
    if tables is None:
        tables = [name for name in registers.tables if is_event_table(name) and name not in _OF_EVERYBODY]
    registers.require(*tables)
    rows = [registers.scan(name).select("person_id", "date") for name in tables]
    seen = pl.concat(rows).unique().sort("date").collect() if rows else pl.DataFrame(schema=_SEEN)
    followed = cohort.people.with_row_index("row").select(
        "row", "person_id", "index_date", end=pl.col("index_date") + pl.duration(days="duration_days")
    )
    found = followed.sort("end").join_asof(
        seen.with_columns(contact="date"), left_on="end", right_on="date", by="person_id", check_sortedness=False
    )
    days = (pl.col("contact") - pl.col("index_date")).dt.total_days().cast(pl.Float64)
    return found.sort("row").select(days.fill_null(0.0).clip(0.0))["contact"]
