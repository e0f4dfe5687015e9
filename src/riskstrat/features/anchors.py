"""Where windows lie for each answer of a shard; those that begin at an event ask for its date first.

In: windows, a shard's index slice, registers. Out: the bounds of each window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from riskstrat.declare.features import EventFeature
from riskstrat.features.plan import group_of
from riskstrat.features.questions import Look, TablePlan
from riskstrat.features.rows import INDEX, ROW, WINDOW, visible_rows
from riskstrat.features.windows import DAYS, EVENT_DATE, Bounds, Window
from riskstrat.registers import Registers


def bounds_of(windows: Iterable[Window], index: pl.DataFrame, registers: Registers) -> Mapping[Window, Bounds]:
    """Say where each window lies for each row of the index slice.

    Parameters
    ----------
    windows
        What is asked.
    index
        row (counting from 0), subject_id, index_date, birth_date, sorted by subject_id.
    registers
        Where the events are that windows begin at; each is looked for once.
    """
    asked = list(windows)
    events = dict.fromkeys(feature for window in asked for feature in window.dated_by)
    dated = {feature: index.with_columns(_first_date(feature, index, registers)) for feature in events}
    return {window: window.bounds(next((dated[f] for f in window.dated_by), index)) for window in asked}


def _first_date(feature: EventFeature, index: pl.DataFrame, registers: Registers) -> pl.Series:
    """Date the first visible row of each answer; null where there is none."""
    look = Look(Window.of(feature), spells=False, groups=(0,), questions=((feature,),))
    table = TablePlan(feature.register, groups=(group_of(feature, registers),), looks=(look,))
    rows = visible_rows(table, index, registers)
    first = rows.group_by(WINDOW, maintain_order=True).agg(pl.col(DAYS).first())
    found = index.select(ROW, INDEX).join(first, left_on=ROW, right_on=WINDOW, how="left", maintain_order="left")
    return found.select((pl.col(INDEX) - pl.duration(days=DAYS)).alias(EVENT_DATE)).to_series()
