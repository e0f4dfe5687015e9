"""Where windows lie for each row of a shard's index slice; windows that begin at an event need its date first.

In: windows, a shard's index slice, registers. Out: the bounds of each window.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from riskstrat.declare.features import EventFeature
from riskstrat.features.plan import TablePlan, WindowAggregation
from riskstrat.features.planning import code_group
from riskstrat.features.visible_rows import INDEX, ROW, WINDOW, visible_rows
from riskstrat.features.windows import DAYS, EVENT_DATE, Bounds, Window
from riskstrat.registers import Registers


def window_bounds(windows: Iterable[Window], index: pl.DataFrame, registers: Registers) -> Mapping[Window, Bounds]:
    """Compute where each window lies for each row of the index slice, in days before the index date.

    `index` has row (from 0), subject_id, index_date and birth_date, sorted by subject_id; each event that windows begin
    at is looked up once.
    """
    distinct = list(windows)
    events = dict.fromkeys(feature for window in distinct for feature in window.dated_by)
    dated = {feature: index.with_columns(_first_date(feature, index, registers)) for feature in events}
    return {window: window.bounds(next((dated[f] for f in window.dated_by), index)) for window in distinct}


def _first_date(feature: EventFeature, index: pl.DataFrame, registers: Registers) -> pl.Series:
    """Find the date of the first visible row for each row of the index slice; null where there is none."""
    first_day = WindowAggregation(Window.of(feature), spells=False, groups=(0,), aggregations=((feature,),))
    table = TablePlan(feature.register, (code_group(feature, registers),), (first_day,))
    rows = visible_rows(table, index, registers)
    first = rows.group_by(WINDOW, maintain_order=True).agg(pl.col(DAYS).first())
    found = index.select(ROW, INDEX).join(first, left_on=ROW, right_on=WINDOW, how="left", maintain_order="left")
    return found.select((pl.col(INDEX) - pl.duration(days=DAYS)).alias(EVENT_DATE)).to_series()
