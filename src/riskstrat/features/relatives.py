"""Whose rows answer: the people themselves, their parents or siblings; and one answer a person of what they answer.

In: people with index dates, the register of persons. Out: subjects beside places in the cohort, and the way back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from riskstrat.declare.features import RelativeFeature, Subject
from riskstrat.features.questions import SubjectPlan
from riskstrat.features.rows import INDEX, SUBJECT
from riskstrat.features.shard import PLACE
from riskstrat.registers import Registers


def with_subjects(subject: Subject | None, people: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Put the person_id of whoever answers beside each index date, sorted by it.

    Rows without a known relative are left out; a person with several siblings has several rows.
    """
    if subject is None:
        beside = people.rename({"person_id": SUBJECT})
    elif subject == "sibling":
        beside = _with_siblings(people, registers)
    else:
        parent = registers.scan("persons").select("person_id", pl.col(f"{subject}_id").alias(SUBJECT)).drop_nulls()
        beside = people.lazy().join(parent, on="person_id").drop("person_id").collect()
    return beside.sort(SUBJECT, PLACE)


def _with_siblings(people: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Siblings share a mother and were born before the index."""
    known = registers.scan("persons").select("person_id", "mother_id", "birth_date").drop_nulls("mother_id")
    others = known.select("mother_id", "birth_date", pl.col("person_id").alias(SUBJECT))
    return (
        people.lazy()
        .join(known.select("person_id", "mother_id"), on="person_id")
        .join(others, on="mother_id")
        .filter(pl.col(SUBJECT) != pl.col("person_id"), pl.col("birth_date") < pl.col(INDEX))
        .drop("person_id", "mother_id", "birth_date")
        .collect()
    )


def beside_people(people: pl.DataFrame, plan: SubjectPlan, answers: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Put what relatives answer beside everybody, in the order of the people; null where no relative is known."""
    empty = pl.DataFrame(schema={PLACE: people.schema[PLACE], **dict.fromkeys(plan.columns, pl.Float32)})
    known = pl.concat([empty, *answers])
    if plan.relative == "sibling":
        known = known.group_by(PLACE).agg(_of_siblings(plan))
    return people.select(PLACE).join(known, on=PLACE, how="left", maintain_order="left").drop(PLACE)


def _of_siblings(plan: SubjectPlan) -> Iterator[pl.Expr]:
    """Make one answer of several: as each feature says; of observed shares the mean, added up in order of size."""
    for feature in plan.features:
        if isinstance(feature, RelativeFeature):
            yield feature.of_siblings(pl.col(feature.column)).cast(pl.Float32)
    for table in plan.tables:
        share = pl.col(plan.share_column(table))
        yield share.cast(pl.Float64).sort().mean().cast(pl.Float32)
