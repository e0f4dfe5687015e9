"""``riskstrat check``: what looks wrong with registers.

In: a register folder. Out: findings by severity on the terminal; the exit code says whether there are errors.
"""

from __future__ import annotations

from typing import Annotated

import typer

from riskstrat.errors import ContractError


def check(registers: Annotated[str, typer.Argument(help="The register folder, or the address of a database.")]) -> None:
    """Look for everything that may be wrong with registers; exit code 3 if something makes results wrong."""
    from riskstrat import quality
    from riskstrat.registers import open_registers

    found = quality.check(open_registers(registers))
    typer.echo(str(found))
    if found.has_errors:
        raise typer.Exit(ContractError.exit_code)
