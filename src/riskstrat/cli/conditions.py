"""``riskstrat conditions`` and ``riskstrat describe``: what can be asked, and what it means."""

from __future__ import annotations

from typing import Annotated

import typer

from riskstrat import conditions
from riskstrat.cli.options import LanguageOption


def list_conditions() -> None:
    """List the conditions that ship; those marked * are run when `run` names none."""
    for name in conditions.available():
        mark = "*" if name in conditions.STANDARD else " "
        typer.echo(f"{mark} {name:<20} {conditions.load(name).title.en}")


def describe(
    condition: Annotated[str, typer.Argument(help="Name of a condition, or the path of your own.")],
    *,
    language: LanguageOption = "en",
    json: Annotated[bool, typer.Option("--json", help="As JSON, which can be read back.")] = False,
) -> None:
    """Say what a condition asks: who, from when, for how long, from which registers and by which codes."""
    from riskstrat.declare.description import describe as described

    found = conditions.load(condition)
    if json:
        typer.echo(found.to_json())
        return
    typer.echo(described(found, language))
