"""Tables of a model in a new place: how its inputs have moved, and how well its risks agree, before and after."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from riskstrat.disclosure import CellNoise, Figures, Table
from riskstrat.errors import Problem, UsageError
from riskstrat.publication.validation import FEWEST_FOR_METRICS, tables_of_checks
from riskstrat.records.model import Provenance
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
        **tables_of_checks(checks, noise),
    }


def elsewhere_tables(
    found: Sequence[Transport], origin: Provenance, names: Collection[str], noise: CellNoise | None
) -> dict[str, Table]:
    """Give what a study's model is worth in other places: ``elsewhere``, and of each place the tables of its transport.

    ``elsewhere`` has number, location, as_of and recommendation; tables of the first place end in ``_elsewhere_1``. The
    recommendation follows from protected outcomes (`riskstrat.study.transport`).
    """
    UsageError.refuse(
        Problem(
            f"a transport of another model, of {where.registers} as of {where.as_of}",
            f"of this study's model, of {origin.registers} as of {origin.as_of}",
            "transport(study.model, data of the other place)",
        )
        for where in (moved.model.provenance for moved in found)
        if (where.as_of, where.registers) != (origin.as_of, origin.registers) or where.fingerprint not in names
    )
    if not found:
        return {}
    moved_to = [moved.model.moved_to[-1] for moved in found]
    index = pl.DataFrame(
        {
            "number": range(1, len(found) + 1),
            "location": [location.registers for location in moved_to],
            "as_of": [location.as_of for location in moved_to],
            "recommendation": [moved.recommendation for moved in found],
        }
    )
    return {
        "elsewhere": Table(index, dimensions=("number",), public=("location", "as_of", "recommendation")),
        **{
            f"{name}_elsewhere_{number}": table
            for number, moved in enumerate(found, 1)
            for name, table in transport_tables(moved, noise).items()
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
