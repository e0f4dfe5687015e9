"""Features that need no look-back: those of the register of persons, and the latest known facts of the area.

In: a shard's index slice. Out: one number a row, NaN where nothing is known.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.declare.features import AreaFact, PersonFeature
from riskstrat.features.questions import AREA_FACTS
from riskstrat.features.rows import INDEX, ROW, SUBJECT
from riskstrat.registers import Registers

Numbers = npt.NDArray[np.float32]
PERSON_COLUMNS = ("birth_date", "sex", "birth_region", "death_date")


def with_persons(index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Put what the register of persons says of each subject beside its index dates; the order stays."""
    people = (index[SUBJECT][0], index[SUBJECT][-1])
    persons = registers.scan("persons", people=people).select("person_id", *PERSON_COLUMNS).sort("person_id").collect()
    return index.join(persons, left_on=SUBJECT, right_on="person_id", how="left", maintain_order="left")


def answer_person(feature: PersonFeature, index: pl.DataFrame) -> Numbers:
    """Answer one feature of persons for each row of the index slice, in its order."""
    return index.select(answer=feature.of_person().cast(pl.Float32))["answer"].to_numpy()


def answer_area(feature: AreaFact, index: pl.DataFrame, registers: Registers) -> Numbers:
    """Give the latest fact of each row's area, by date and value, that was known before its index.

    Registers without facts of areas have no answer.
    """
    if not registers.has(AREA_FACTS):
        return np.full(index.height, np.nan, dtype=np.float32)
    facts = (
        registers.scan(AREA_FACTS)
        .filter(pl.col("code") == feature.code, pl.col("value").is_not_null())
        .select("area_id", "date", "value", known=registers.known_on(AREA_FACTS))
        .collect()
    )
    asked = index.select("area_id", INDEX).unique()
    seen = asked.join(facts, on="area_id").filter(pl.col("known") < pl.col(INDEX), pl.col("date") < pl.col(INDEX))
    latest = seen.sort("date", "value").group_by("area_id", INDEX, maintain_order=True).agg(pl.col("value").last())
    answers = index.select(ROW, "area_id", INDEX).join(latest, on=["area_id", INDEX], how="left", maintain_order="left")
    return answers["value"].cast(pl.Float32).to_numpy()
