"""``riskstrat synthesise``: an invented municipality.

In: its size and a seed. Out: a register folder, with the truth in a folder that no reader of registers opens; if asked
for, its people as raw extracts too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskstrat.cli.progress import progress


def synthesise(
    *,
    people: Annotated[int, typer.Option(min=1_000, help="Inhabitants at the end.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed; the same gives the same municipality.")] = 0,
    out: Annotated[Path, typer.Option(help="The folder to write; what is there is replaced.")] = Path("modellstad"),
    thin: Annotated[bool, typer.Option("--thin", help="Leave out what the shipped sample does without.")] = False,
    extracts: Annotated[
        Path | None, typer.Option(help="A folder for its people as raw extracts of Swedish agencies, with faults.")
    ] = None,
) -> None:
    """Make up a municipality, with the truth about it in a folder that no reader of registers opens."""
    from riskstrat.synthetic import write_municipality
    from riskstrat.synthetic.extracts import write_extracts

    with progress("synthesise") as report:
        report("making people and registers", 0.0)
        write_municipality(people=people, seed=seed, out=out, thin=thin)
        if extracts is not None:
            report("writing extracts", 0.8)
            write_extracts(out, extracts, people=people, seed=seed)
    typer.echo(f"{out}: an invented municipality of {people:,} inhabitants; its truth is in {out / 'truth'}")
