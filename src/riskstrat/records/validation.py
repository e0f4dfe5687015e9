"""How well predicted risks agree with what happened.

In: what `riskstrat.validation` measured. Out: a frozen record of frames; risks are shares in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Table, release
from riskstrat.errors import Problem, UsageError
from riskstrat.figures import Language, calibration, load_words, released_html

if TYPE_CHECKING:
    import altair as alt

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Validation:
    """Discrimination, calibration and usefulness of a set of predicted risks.

    Attributes
    ----------
    table
        Frame of metric, group, estimate, lower, upper, n. ``group`` is ``"all"`` or ``"sex=female"``; ``n`` is the
        number of rows of the cohort whose outcome could be assessed.
    calibration
        One row for each tenth of the predicted risk: risk_group, n, mean_predicted, observed, lower, upper.
    curve
        Smooth observed risk (``observed``) at a grid of predicted risks (``predicted``).
    net_benefit
        Frame of threshold, strategy (``model``, ``all``, ``none``), net_benefit, true_positive_share,
        false_positive_share.
    level
        Coverage that the intervals claim.
    draws
        Number of bootstrap draws behind the intervals.
    notes
        Sentences on what was left out and why.

    Examples
    --------
    >>> row = {"metric": ["auc"], "group": ["all"], "estimate": [0.8], "lower": [0.7], "upper": [0.9], "n": [100]}
    >>> empty = pl.DataFrame()
    >>> checked = Validation(table=pl.DataFrame(row), calibration=empty, curve=empty, net_benefit=empty)
    >>> checked.estimate("auc")
    0.8
    """

    table: pl.DataFrame
    calibration: pl.DataFrame
    curve: pl.DataFrame
    net_benefit: pl.DataFrame
    level: float = 0.90
    draws: int = 200
    notes: tuple[str, ...] = ()

    def estimate(self, metric: str, group: str = "all") -> float:
        """Return one estimate out of ``table``.

        Raises
        ------
        UsageError
            If the table has no such metric for this group.
        """
        found = self.table.filter(pl.col("metric") == metric, pl.col("group") == group)["estimate"]
        if found.is_empty():
            raise UsageError(
                Problem(
                    found=f"no {metric} for {group}",
                    expected="a metric and a group of the table",
                    remedy="look at .table for the names, and at .notes for what was left out",
                )
            )
        return float(found[0])

    def tables(self) -> dict[str, Table]:
        """Return what may be asked to leave: ``metrics``, ``calibration``, ``curve`` and ``net_benefit``."""
        estimates = ("estimate", "lower", "upper")
        return {
            "metrics": Table(
                self.table, dimensions=("metric", "group"), counts=("n",), derived=dict.fromkeys(estimates, "n")
            ),
            "calibration": self._calibration(),
            "curve": Table(self.curve, dimensions=("predicted",), public=("observed",)),
            "net_benefit": self._net_benefit(),
        }

    def _net_benefit(self) -> Table:
        """Shares of everybody who lie above a threshold; the people behind them decide whether they may be shown."""
        shares = ("true_positive_share", "false_positive_share")
        n = int(self.table.filter(group="all")["n"].max() or 0)  # type: ignore[arg-type]
        behind = {f"behind_{share}": (pl.col(share) * n).round().cast(pl.Int64) for share in shares}
        return Table(
            self.net_benefit.with_columns(**behind),
            dimensions=("threshold", "strategy"),
            unshown=tuple(behind),
            derived=dict.fromkeys(("net_benefit", *shares), tuple(behind)),
        )

    def _calibration(self) -> Table:
        """Ten groups by risk; the cases behind an observed share decide whether it may be shown."""
        cases = (pl.col("observed") * pl.col("n")).round().cast(pl.Int64).alias("cases")
        return Table(
            self.calibration.with_columns(cases),
            dimensions=("risk_group",),
            denominators={"cases": "n"},
            unshown=("cases",),
            derived={"mean_predicted": "n", **dict.fromkeys(("observed", "lower", "upper"), ("n", "cases"))},
        )

    def plot(self, language: Language = "sv") -> alt.LayerChart:
        """Observed against predicted risk, released first."""
        return calibration(release(self._calibration()), load_words(language))

    def _repr_html_(self) -> str:
        return released_html("Validation", release(self.tables()["metrics"]))
