"""Whose registers are delivered: whole families, so that every link between mother and child stays.

In: opened registers. Out: person_id.
"""

from __future__ import annotations

import polars as pl

from riskstrat.registers import Registers

FIRST_TEST_PERSON = 9_000_000
PLANNED, UNPLANNED = "admission_planned", "admission_unplanned"


def choose_people(registers: Registers, people: int, seed: int) -> pl.Series:
    """Draw whole families until there are enough people; the personas always come along.

    Families in which two hospital stays touch are passed over: a delivery cannot tell them from one stay.

    Parameters
    ----------
    registers
        Where they live.
    people
        At least so many are drawn, or everybody if there are fewer.
    seed
        The same seed draws the same families.

    Returns
    -------
    polars.Series
        person_id, sorted.
    """
    families = registers.families.with_columns(touches=pl.col("person_id").is_in(_with_touching_stays(registers)))
    sizes = families.group_by("family_id").agg(size=pl.len(), touches=pl.col("touches").any()).sort("family_id")
    drawn = sizes.filter(~pl.col("touches")).sample(fraction=1.0, shuffle=True, seed=seed)
    enough = drawn.filter(pl.col("size").cum_sum() - pl.col("size") < people)["family_id"]
    is_drawn = pl.col("family_id").is_in(enough.implode())
    is_persona = (pl.col("person_id") > FIRST_TEST_PERSON) & ~pl.col("touches")
    return families.filter(is_drawn | is_persona)["person_id"].sort()


def _with_touching_stays(registers: Registers) -> list[int]:
    if not registers.has("contacts"):
        return []
    contacts = registers.scan("contacts").filter(pl.col("code").is_in((PLANNED, UNPLANNED)))
    stays = contacts.select("person_id", "date", "end_date", "code").unique().collect().sort("person_id", "date")
    previous_end = pl.col("end_date").fill_null(pl.col("date").max()).shift().over("person_id")
    touching = stays.filter(pl.col("date") <= previous_end)
    return touching["person_id"].unique().sort().to_list()
