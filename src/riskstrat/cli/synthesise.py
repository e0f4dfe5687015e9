"""``riskstrat synthesise``: an invented municipality."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskstrat.cli.options import RegisterFolderOption, SeedOption
from riskstrat.cli.terminal import answer, progress


def synthesise(
    *,
    people: Annotated[int, typer.Option(min=1_000, help="Inhabitants at the end of 2023.")] = 100_000,
    seed: SeedOption = 0,
    out: RegisterFolderOption = Path("modellstad"),
    thin: Annotated[bool, typer.Option("--thin", help="Leave out what the shipped sample leaves out.")] = False,
    extracts: Annotated[
        Path | None, typer.Option(help="A folder for its people as clean raw extracts of Swedish agencies.")
    ] = None,
) -> None:
    """Make up a municipality with known truth, as a register folder and, if asked for, as raw extracts."""
    from riskstrat.files import guard_folder
    from riskstrat.synthetic import write_municipality
    from riskstrat.synthetic.extracts import COMMAND, write_extracts

    if extracts is not None:
        guard_folder(extracts, command=COMMAND, sources=(out,))
    with progress("synthesise") as report:
        report("making people and registers", 0.0)
        write_municipality(people=people, seed=seed, out=out, thin=thin)
        if extracts is not None:
            report("writing extracts", 0.8)
            write_extracts(out, extracts, people=people, seed=seed)
    said = f"{out}: an invented municipality of {people:,} inhabitants; its truth is in {out / 'truth'}"
    answer({"folder": out, "people": people, "seed": seed, "extracts": extracts}, [said])
