"""What is told of groups other than areas: larger ones, each team's people, and people wherever they live."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from riskstrat.declare.levels import Level


@dataclass(frozen=True, kw_only=True, eq=False)
class LevelEstimates:
    """Risk of the groups of a level, from the same draws as areas.

    Attributes
    ----------
    level
        What the groups are.
    table
        One row a group: ``group``, ``areas`` (how many it has people in), ``target_people``, ``expected_cases`` of
        them with ``_lower`` and ``_upper``, ``risk``, ``relative_risk`` (each with its interval) and ``class``, null
        where the outcome must be measured; where the level is made of whole areas also ``cases`` and ``index_dates``
        that were counted, persons behind them, and ``expected``.
    members
        Frame of group, area_id, people: which areas, or parts of areas, a group has its people in.
    reasons
        Frame of group, part, estimate, lower, upper as for areas.
    """

    level: Level
    table: pl.DataFrame = field(repr=False)
    members: pl.DataFrame = field(repr=False)
    reasons: pl.DataFrame = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class PeopleGroups:
    """Risk of the groups of a cross of columns, each with a ratio of its own that is drawn towards the others'.

    Attributes
    ----------
    by
        The columns that are crossed.
    table
        One row a group: ``group`` (labels, or ``other``: those not known, and groups that are too small), ``cases`` and
        ``index_dates`` that were counted, ``target_people``, ``share_of_people``, and with intervals ``risk``,
        ``expected_cases`` and ``share_of_cases``, which add up to those of the areas.
    inequality
        Frame of metric, estimate, lower, upper (`riskstrat.areas.inequality`) where groups are ranked; else None.
    """

    by: tuple[str, ...]
    table: pl.DataFrame = field(repr=False)
    inequality: pl.DataFrame | None = field(default=None, repr=False)
