"""``riskstrat conditions`` and ``riskstrat describe``: what can be asked, and what it means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskstrat import conditions
from riskstrat.cli.options import LanguageOption

if TYPE_CHECKING:
    import polars as pl

    from riskstrat.declare import Condition


def list_conditions() -> None:
    """List the conditions that ship; those marked * are run when `run` names none."""
    for name in conditions.available():
        mark = "*" if name in conditions.STANDARD else " "
        typer.echo(f"{mark} {name:<20} {conditions.load(name).title.en}")


def describe(
    condition: Annotated[str, typer.Argument(help="Name of a condition, or the path of your own.")],
    *,
    language: LanguageOption = "en",
    registers: Annotated[
        Path | None, typer.Option(help="Also count the codes in these registers; small counts are withheld.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, which can be read back.")] = False,
) -> None:
    """Say what a condition asks: who, from when, for how long, from which registers and by which codes."""
    from riskstrat.declare.description import describe as described

    found = conditions.load(condition)
    if json:
        typer.echo(found.to_json())
        return
    counts = None if registers is None else _released_counts(found, registers)
    typer.echo(described(found, language, counts))


def _released_counts(condition: Condition, folder: Path) -> pl.DataFrame:
    from riskstrat.publication.findings import release_components
    from riskstrat.quality import count_declared_rows
    from riskstrat.registers import open_registers

    return release_components(count_declared_rows(condition, open_registers(folder)).filter("in_registers"))
