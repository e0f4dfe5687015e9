"""Whose rows are read: those of the persons themselves, their parents or siblings; and back to one row a person.

In: persons with index dates, the register of persons. Out: subjects with the row number in the cohort, and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from riskstrat.declare.features import RelativeFeature, Subject
from riskstrat.features.plan import SubjectPlan
from riskstrat.features.shard import ROW_NUMBER
from riskstrat.features.visible_rows import INDEX, SUBJECT
from riskstrat.registers import Registers


def with_subjects(subject: Subject | None, people: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Add the person_id of the subject of each index date, sorted by it.

    Rows without a known relative are left out; a person with several siblings has several rows.
    """
    if subject is None:
        subjects = people.rename({"person_id": SUBJECT})
    elif subject == "sibling":
        subjects = _with_siblings(people, registers)
    else:
        parent = registers.scan("persons").select("person_id", pl.col(f"{subject}_id").alias(SUBJECT)).drop_nulls()
        subjects = people.lazy().join(parent, on="person_id").drop("person_id").collect()
    return subjects.sort(SUBJECT, ROW_NUMBER)


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


def related_columns(people: pl.DataFrame, plan: SubjectPlan, parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Give the columns of relatives in the order of the persons; null where no relative is known."""
    empty = pl.DataFrame(schema={ROW_NUMBER: people.schema[ROW_NUMBER], **dict.fromkeys(plan.columns, pl.Float32)})
    known = pl.concat([empty, *parts])
    if plan.relative == "sibling":
        known = known.group_by(ROW_NUMBER).agg(_combine_siblings(plan))
    return people.select(ROW_NUMBER).join(known, on=ROW_NUMBER, how="left", maintain_order="left").drop(ROW_NUMBER)


def _combine_siblings(plan: SubjectPlan) -> Iterator[pl.Expr]:
    """Combine the values of siblings as each feature says; what was observed by the mean, summed in order of size."""
    for feature in plan.features:
        if isinstance(feature, RelativeFeature):
            yield feature.combine_siblings(pl.col(feature.column)).cast(pl.Float32)
    for table in plan.tables:
        for column in plan.observed_columns(table):
            yield pl.col(column).cast(pl.Float64).sort().mean().cast(pl.Float32)
