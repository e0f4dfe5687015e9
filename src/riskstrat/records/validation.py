"""How well predicted risks agree with what happened; risks are shares in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from riskstrat.disclosure import Disclosure, UnitCounts
from riskstrat.errors import Problem, UsageError
from riskstrat.numerics.intervals import LEVEL

METRIC_SCHEMA = MappingProxyType(
    {
        "metric": pl.String(),
        "group": pl.String(),
        "estimate": pl.Float64(),
        "lower": pl.Float64(),
        "upper": pl.Float64(),
        "n": pl.Int64(),
    }
)

CAPACITY_SCHEMA = MappingProxyType({"capacity": pl.Float64(), **METRIC_SCHEMA})
GAP_SCHEMA = MappingProxyType(
    {
        "capacity": pl.Float64(),
        "metric": pl.String(),
        "group": pl.String(),
        "reference": pl.String(),
        "estimate": pl.Float64(),
        "lower": pl.Float64(),
        "upper": pl.Float64(),
    }
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Validation:
    """Discrimination, calibration and usefulness of a set of predicted risks.

    Attributes
    ----------
    table
        Frame of metric, group, estimate, lower, upper, n. ``group`` is ``"all"`` or ``"sex=female"``; ``n`` is the
        number of rows of the cohort whose outcome could be assessed.
    benchmarks
        The same frame of published scores, among the rows that have one: ``group`` is ``"benchmark=hfrs"`` or
        ``"benchmark=hfrs;sex=female"``, ``auc`` and
        ``concordance`` are the score's, ``model_auc``, ``baseline_auc`` and ``model_concordance`` of the same rows, and
        ``auc_gain`` and ``concordance_gain`` the model's minus the score's. Empty where outcomes are too few.
    capacity
        Frame of capacity, metric, group, estimate, lower, upper, n: what becomes of a group when help is offered to
        this share of all people, those at highest risk first. ``reached`` (share of the group), ``sensitivity`` (share
        of its outcomes that are among its reached), ``ppv`` (observed risk of its reached), ``share_of_cases`` (share
        of everybody's outcomes that are among its reached: they add up over groups).
    gaps
        Frame of capacity (null where there is none), metric, group, reference, estimate, lower, upper: the metric of a
        group minus that of the ``reference`` of its column, by the same draws. Distances of the curve (``ici``,
        ``e50``, ``e90``) are not compared: they grow as a group gets smaller.
    calibration, curve
        One row for each tenth of the predicted risk: risk_group, n, mean_predicted, observed, lower, upper; and smooth
        observed risk (``observed``) at a grid of predicted risks (``predicted``), of everybody and by ``group``.
    net_benefit
        Frame of threshold, strategy (``model``, ``all``, ``none``), net_benefit, true_positive_share,
        false_positive_share.
    level, draws
        Coverage that the intervals claim, and the number of bootstrap draws behind them.
    persons
        Frame of group, index_dates, persons, cases, case_persons and the keys of these cells (index_key, person_key,
        case_key, case_person_key): behind each group of ``table``, each ``risk_group=1`` to ``risk_group=10`` of
        ``calibration``, at or above each threshold of ``net_benefit`` (``threshold=1`` is the lowest) and reached at
        each capacity (``capacity=0.1;sex=female``), and with a score of ``benchmarks``. Persons count once.
    outcomes
        Outcomes of the units of a study, which those of the validation are part of; None of a validation alone.
    notes
        Sentences on what was left out and why.
    """

    table: pl.DataFrame = field(repr=False)
    calibration: pl.DataFrame = field(repr=False)
    curve: pl.DataFrame = field(repr=False)
    net_benefit: pl.DataFrame = field(repr=False)
    benchmarks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(METRIC_SCHEMA)), repr=False)
    capacity: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(CAPACITY_SCHEMA)), repr=False)
    gaps: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(GAP_SCHEMA)), repr=False)
    level: float = LEVEL
    draws: int = 200
    persons: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    outcomes: UnitCounts | None = field(default=None, repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)
    disclosure: Disclosure = field(default_factory=Disclosure)

    def estimate(self, metric: str, group: str = "all") -> float:
        """Return one estimate out of ``table``."""
        found = self.table.filter(pl.col("metric") == metric, pl.col("group") == group)["estimate"]
        if found.is_empty():
            raise UsageError(
                Problem(
                    f"no {metric} for {group}",
                    "a metric and a group of the table",
                    "look at .table for the names, and at .notes for what was left out",
                )
            )
        return float(found[0])
