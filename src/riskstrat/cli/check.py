"""``riskstrat check``: what looks wrong with registers, and what a condition finds in them."""

from __future__ import annotations

from typing import Annotated

import typer

from riskstrat.cli.options import AsOfOption, LanguageOption
from riskstrat.cli.terminal import answer
from riskstrat.errors import ContractError


def check(
    registers: Annotated[str, typer.Argument(help="The register folder, or the address of a database.")],
    *,
    condition: Annotated[
        str | None, typer.Option(help="Also count what this condition (a name, or the path of your own) finds in them.")
    ] = None,
    as_of: AsOfOption = None,
    language: LanguageOption = "en",
) -> None:
    """Look for everything that may be wrong with registers; exit code 3 if something makes results wrong."""
    from riskstrat import conditions, quality
    from riskstrat.publication.findings import publish_findings
    from riskstrat.registers import open_registers

    wanted = conditions.load(condition) if condition else None
    found = quality.check(open_registers(registers), wanted, as_of=as_of)
    published = publish_findings(found, language=language)
    answer(published.to_plain(), [str(published)], always=True)
    if found.has_errors:
        raise typer.Exit(ContractError.exit_code)
