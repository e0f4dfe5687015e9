"""``riskstrat conditions`` and ``riskstrat describe``: what can be asked, and what it means.

In: the name of a condition. Out: sentences, or JSON.
"""

from __future__ import annotations

from typing import Annotated

import typer

from riskstrat import conditions


def list_conditions() -> None:
    """List the conditions that ship."""
    for name in conditions.available():
        typer.echo(f"{name:<20} {conditions.load(name).title.en}")


def describe(
    condition: Annotated[str, typer.Argument(help="Name of a condition, or the path of your own.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="As JSON, which can be read back.")] = False,
) -> None:
    """Say what a condition asks: who, from when, for how long, and from which registers."""
    from riskstrat.declare.description import describe as described

    found = conditions.load(condition)
    typer.echo(found.to_json() if json else described(found))
