"""Errors of real registers, few and inside the contract: duplicates, late rows, implausible growth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

DUPLICATED: Final[Mapping[str, float]] = {"diagnoses": 0.002, "prescriptions": 0.001, "contacts": 0.001}
LATE: Final[Mapping[str, float]] = {"diagnoses": 0.004}
LATE_DAYS = (200, 500)
IMPLAUSIBLE_GROWTH = 0.0015


def add_data_errors(name: str, table: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Add the errors that a table's register has; other tables come back as they are."""
    if name in LATE:
        table = _late(table, LATE[name], rng)
    if name in DUPLICATED:
        table = _duplicated(table, DUPLICATED[name], rng)
    if name == "child_health":
        table = _implausible(table, rng)
    return table


def _late(table: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    """Rows that reach the register long after their delay carry the day on which they became known."""
    late = pl.Series(rng.random(table.height) < share)
    wait = pl.Series(rng.integers(*LATE_DAYS, size=table.height)).cast(pl.Int32)
    seen = pl.coalesce("end_date", "date") if "end_date" in table.columns else pl.col("date")
    return table.with_columns(known_on=pl.when(late).then((seen.cast(pl.Int32) + wait).cast(pl.Date)))


def _duplicated(table: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    again = table.filter(pl.Series(rng.random(table.height) < share))
    return pl.concat([table, again]).sort("person_id", "date", "code", maintain_order=True)


def _implausible(table: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Weights and heights typed into each other's field or with a slipped digit; the body mass index follows rarely."""
    wrong = pl.Series(rng.random(table.height) < IMPLAUSIBLE_GROWTH) & (pl.col("code") != "bmi_kg_m2")
    slipped = pl.Series(rng.random(table.height) < IMPLAUSIBLE_GROWTH / 10) & (pl.col("code") == "bmi_kg_m2")
    value = pl.when(wrong | slipped).then(pl.col("value") * 10).otherwise(pl.col("value"))
    return table.with_columns(value=value.cast(pl.Float32))
