"""Tables of how well predicted risks agree with what happened.

In: a `Validation`. Out: tables with the role of every column, not yet released.
"""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import DIGITS, Table
from riskstrat.records.validation import Validation

_ESTIMATES = ("estimate", "lower", "upper")


def validation_tables(checked: Validation) -> dict[str, Table]:
    """Give the tables ``metrics``, ``calibration``, ``curve`` and ``net_benefit`` of a validation."""
    return {
        "metrics": metrics(checked),
        "calibration": calibration(checked),
        "curve": Table(_rounded(checked.curve, "observed"), dimensions=("predicted",), public=("observed",)),
        "net_benefit": net_benefit(checked),
    }


def metrics(checked: Validation) -> Table:
    """Give every metric with its interval, overall and by group; ``n`` counts index dates."""
    return Table(
        _rounded(checked.table, *_ESTIMATES),
        dimensions=("metric", "group"),
        counts=("n",),
        derived=dict.fromkeys(_ESTIMATES, "n"),
        persons={"n": "persons"},
    )


def calibration(checked: Validation) -> Table:
    """Ten groups by risk; the persons with an outcome decide whether an observed share may be shown."""
    return Table(
        _rounded(checked.calibration, "mean_predicted", "observed", "lower", "upper"),
        dimensions=("risk_group",),
        denominators={"cases": "n"},
        unshown=("cases",),
        derived={"mean_predicted": "n", **dict.fromkeys(("observed", "lower", "upper"), ("n", "cases"))},
        persons={"n": "persons", "cases": "case_persons"},
    )


def net_benefit(checked: Validation) -> Table:
    """Shares of everybody who lie above a threshold; so many of all persons decide whether they may be shown."""
    shares = ("true_positive_share", "false_positive_share")
    persons = int(checked.table.filter(group="all")["persons"].max() or 0)  # type: ignore[arg-type]
    behind = {f"behind_{share}": (pl.col(share) * persons).round().cast(pl.Int64) for share in shares}
    return Table(
        _rounded(checked.net_benefit.with_columns(**behind), "net_benefit", *shares),
        dimensions=("threshold", "strategy"),
        unshown=tuple(behind),
        derived=dict.fromkeys(("net_benefit", *shares), tuple(behind)),
    )


def _rounded(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Keep three significant figures: with n, sixteen would tell the exact number of outcomes."""
    return frame.with_columns(pl.col(columns).round_sig_figs(DIGITS))
