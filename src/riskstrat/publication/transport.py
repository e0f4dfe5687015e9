"""Tables of a model in a new place: how its inputs have moved, and how well its risks agree, before and after."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import CellNoise, Figures, Table
from riskstrat.publication.validation import FEWEST_FOR_METRICS, validation_tables
from riskstrat.records.transport import Transport

_SHARES = ("missing_before", "missing_now", "outside", "standardised_difference", "population_stability")


def transport_tables(moved: Transport, noise: CellNoise | None) -> dict[str, Table]:
    """Give ``inputs``, ``tests`` and the tables of both validations (``metrics_as_it_is``, say)."""
    checks = {"as_it_is": moved.as_it_is, "recalibrated": moved.recalibrated}
    return {
        "inputs": inputs_table(moved.inputs, moved.as_it_is.persons.filter(group="all")["persons"].item()),
        "tests": Table(
            moved.tests,
            dimensions=("kind",),
            public=("statistic", "degrees_of_freedom", "p_value"),
            digits={"statistic": Figures(2), "p_value": Figures(1)},
        ),
        **{
            f"{kind}_{name}": table
            for name, check in checks.items()
            for kind, table in validation_tables(check, noise).items()
        },
    }


def inputs_table(inputs: pl.DataFrame, everybody: int) -> Table:
    """Give the drift of each feature to two figures; of 200 persons or more, as for metrics."""
    return Table(
        inputs.drop("rows").with_columns(everybody=pl.lit(everybody)),
        dimensions=("column",),
        unshown=("everybody",),
        derived=dict.fromkeys((*_SHARES, "marked"), ("everybody",)),
        fewest={"everybody": FEWEST_FOR_METRICS},
        digits=dict.fromkeys(_SHARES, Figures(2)),
    )
