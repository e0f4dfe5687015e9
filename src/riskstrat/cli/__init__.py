"""The command ``riskstrat``: arguments in, reports out, with progress, a closing summary and honest exit codes."""

from __future__ import annotations

import os

import typer

from riskstrat.cli.boundary import boundary
from riskstrat.cli.check import check
from riskstrat.cli.codes import codes
from riskstrat.cli.conditions import describe, list_conditions
from riskstrat.cli.intake import intake
from riskstrat.cli.notebooks import notebooks
from riskstrat.cli.pseudonymise import pseudonymise
from riskstrat.cli.run import run
from riskstrat.cli.score import monitor, score
from riskstrat.cli.standards import from_meds, from_omop
from riskstrat.cli.synthesise import synthesise
from riskstrat.cli.transport import transport

__all__ = ["app", "main"]

THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
"""Matrices here are small: where cores are shared, threads that wait for each other cost six times the work itself."""

app = typer.Typer(
    name="riskstrat",
    help="Where does prevention do most good? From registers to priority areas.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run)
app.command("score")(score)
app.command("monitor")(monitor)
app.command("transport")(transport)
app.command("conditions")(list_conditions)
app.command("describe")(describe)
app.command("check")(check)
app.command("codes")(codes)
app.command("intake")(intake)
app.command("from-omop")(from_omop)
app.command("from-meds")(from_meds)
app.command("synthesise")(synthesise)
app.command("notebooks")(notebooks)
app.command("pseudonymise")(pseudonymise)


def main() -> None:
    """Run the command and leave with the exit code of what happened."""
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    with boundary():
        app()
