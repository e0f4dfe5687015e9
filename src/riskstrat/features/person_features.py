"""Features without a look-back: those of the register of persons, and the latest known facts of areas.

In: a shard's index slice. Out: one value a row, NaN where nothing is known.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare.features import AreaFact, PersonFeature
from riskstrat.features.plan import AREA_FACTS
from riskstrat.features.visible_rows import INDEX, ROW, SUBJECT
from riskstrat.registers import Registers

PERSON_COLUMNS = ("birth_date", "sex", "birth_region", "death_date")


def with_persons(index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Join what the register of persons holds of each subject to its index dates; the order stays."""
    subjects = (index[SUBJECT][0], index[SUBJECT][-1])
    persons = registers.scan("persons", people=subjects).select("person_id", *PERSON_COLUMNS)
    sorted_persons = persons.sort("person_id").collect()
    return index.join(sorted_persons, left_on=SUBJECT, right_on="person_id", how="left", maintain_order="left")


def person_values(feature: PersonFeature, index: pl.DataFrame) -> NDArray[np.float32]:
    """Compute one feature of persons for each row of the index slice, (rows,)."""
    return index.select(value=feature.person_value().cast(pl.Float32))["value"].to_numpy()


def area_fact_values(feature: AreaFact, index: pl.DataFrame, registers: Registers) -> NDArray[np.float32]:
    """Look up the latest fact of each row's area, by date and value, that was known before its index date, (rows,).

    NaN throughout where the registers have no facts of areas.
    """
    if not registers.has(AREA_FACTS):
        return np.full(index.height, np.nan, dtype=np.float32)
    facts = (
        registers.scan(AREA_FACTS)
        .filter(pl.col("code") == feature.code, pl.col("value").is_not_null())
        .select("area_id", "date", "value", known=registers.known_on(AREA_FACTS))
        .collect()
    )
    keys = ["area_id", INDEX]
    visible = index.select(keys).unique().join(facts, on="area_id")
    visible = visible.filter(pl.col("known") < pl.col(INDEX), pl.col("date") < pl.col(INDEX))
    latest = visible.sort("date", "value").group_by(keys, maintain_order=True).agg(pl.col("value").last())
    values = index.select(ROW, *keys).join(latest, on=keys, how="left", maintain_order="left")
    return values["value"].cast(pl.Float32).to_numpy()
