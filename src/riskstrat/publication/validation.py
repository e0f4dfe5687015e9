"""Tables of how well predicted risks agree with what happened."""

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
    frame = checked.table.join(_persons(checked), on="group", how="left", maintain_order="left")
    return Table(
        _rounded(frame, *_ESTIMATES),
        dimensions=("metric", "group"),
        counts=("n",),
        derived=dict.fromkeys(_ESTIMATES, "n"),
        persons={"n": "persons"},
    )


def calibration(checked: Validation) -> Table:
    """Ten groups by risk; the outcomes behind an observed share decide whether it may be shown."""
    group = pl.format("risk_group={}", "risk_group").alias("group")
    frame = checked.calibration.with_columns(
        group, (pl.col("observed") * pl.col("n")).round().cast(pl.Int64).alias("cases")
    ).join(_persons(checked), on="group", how="left", maintain_order="left")
    return Table(
        _rounded(frame.drop("group"), "mean_predicted", "observed", "lower", "upper"),
        dimensions=("risk_group",),
        denominators={"cases": "n"},
        unshown=("cases",),
        derived={"mean_predicted": "n", **dict.fromkeys(("observed", "lower", "upper"), ("n", "cases"))},
        persons={"n": "persons"},
    )


def net_benefit(checked: Validation) -> Table:
    """Shares of everybody who lie above a threshold; so many of all persons decide whether they may be shown."""
    shares = ("true_positive_share", "false_positive_share")
    persons = int(_persons(checked).filter(group="all")["persons"].item())
    behind = {f"behind_{share}": (pl.col(share) * persons).round().cast(pl.Int64) for share in shares}
    return Table(
        _rounded(checked.net_benefit.with_columns(**behind), "net_benefit", *shares),
        dimensions=("threshold", "strategy"),
        unshown=tuple(behind),
        derived=dict.fromkeys(("net_benefit", *shares), tuple(behind)),
    )


def _persons(checked: Validation) -> pl.DataFrame:
    return checked.persons.select("group", "persons")


def _rounded(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Keep three significant figures: with n, sixteen would tell the exact number of outcomes."""
    return frame.with_columns(pl.col(columns).round_sig_figs(DIGITS))
