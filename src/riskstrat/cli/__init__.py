"""The command ``riskstrat``: arguments in, reports out, with progress, a closing summary and honest exit codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

import riskstrat
from riskstrat.cli.boundary import boundary
from riskstrat.cli.check import check
from riskstrat.cli.codes import codes
from riskstrat.cli.conditions import describe, list_conditions
from riskstrat.cli.configuration import shared
from riskstrat.cli.examples import examples
from riskstrat.cli.intake import intake
from riskstrat.cli.notebooks import notebooks
from riskstrat.cli.pseudonymise import pseudonymise
from riskstrat.cli.run import run
from riskstrat.cli.score import monitor, score
from riskstrat.cli.standards import from_meds, from_omop
from riskstrat.cli.synthesise import synthesise
from riskstrat.cli.track import track
from riskstrat.cli.transport import transport

__all__ = ["app", "main"]

app = typer.Typer(
    name="riskstrat",
    help="Where does prevention do most good? From registers to priority areas.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(requested: bool) -> None:
    if requested:
        typer.echo(f"riskstrat {riskstrat.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_say_version, help="Print the version, and nothing else."),
    ] = False,
) -> None:
    """Take the options of no command."""


COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "track": track,
    "score": score,
    "monitor": monitor,
    "transport": transport,
    "conditions": list_conditions,
    "describe": describe,
    "check": check,
    "codes": codes,
    "intake": intake,
    "from-omop": from_omop,
    "from-meds": from_meds,
    "synthesise": synthesise,
    "notebooks": notebooks,
    "pseudonymise": pseudonymise,
}
for name, command in COMMANDS.items():
    sentence = (command.__doc__ or "").partition("\n\n")[0]
    app.command(name, short_help=sentence, epilog=examples(name))(shared(command))


def main() -> None:
    """Run the command and leave with the exit code of what happened."""
    with boundary():
        app()
