"""The command ``riskstrat``: arguments in, reports out, with progress, a closing summary and honest exit codes.

In: what is typed. Out: files where they were asked for, sentences on the terminal, an exit code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from riskstrat import conditions
from riskstrat.declare import Language, Settings
from riskstrat.errors import Problem, RiskstratError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from riskstrat.records.study import Study
    from riskstrat.registers import Registers

FAILED = 1
THREADS = {"OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
"""Matrices here are small: where cores are shared, threads that wait for each other cost six times the work itself."""

LANGUAGES: tuple[Language, ...] = ("sv", "en")

app = typer.Typer(
    name="riskstrat",
    help="Where does prevention do most good? From registers to priority areas.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

RegistersFolder = Annotated[Path, typer.Option(help="The register folder.")]


@app.command()
def run(
    condition: Annotated[
        list[str] | None, typer.Argument(help="Names of conditions or paths of your own; all that ship if left out.")
    ] = None,
    *,
    registers: RegistersFolder = Path("data_samples/modellstad"),
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which we stand; default: after the data.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Where reports and the MLflow store are written.")] = Path("out"),
    language: Annotated[Literal["sv", "en", "both"], typer.Option(help="Language of the reports.")] = "both",
    budget: Annotated[float, typer.Option(help="What the plan may cost, SEK.")] = Settings().budget_sek,
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 0,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
) -> None:
    """Estimate risks, areas and priorities, and write a report for each condition."""
    wanted = [conditions.load(name) for name in condition or conditions.available()]
    settings = _settings(budget, seed)

    from riskstrat.registers import open_registers

    source = open_registers(registers)
    day = as_of.date() if as_of else _day_after(source)

    from riskstrat import study

    summaries = []
    for each in wanted:
        with _progress(each.name) as report:
            found = study.run(each, source, day, settings, progress=report)
            summaries.append((found, _write(found, out, language, track=track, report=report)))
    _print_summary(summaries, out if track else None)


@app.command("conditions")
def list_conditions() -> None:
    """List the conditions that ship."""
    for name in conditions.available():
        typer.echo(f"{name:<20} {conditions.load(name).title.en}")


@app.command()
def describe(
    condition: Annotated[str, typer.Argument(help="Name of a condition, or the path of your own.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="As JSON, which can be read back.")] = False,
) -> None:
    """Say what a condition asks: who, from when, for how long, and from which registers."""
    from riskstrat.declare.description import describe as described

    found = conditions.load(condition)
    typer.echo(found.to_json() if json else described(found))


@app.command()
def synthesise(
    *,
    people: Annotated[int, typer.Option(min=1_000, help="Inhabitants at the end.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Seed; the same gives the same municipality.")] = 0,
    out: Annotated[Path, typer.Option(help="The folder to write; what is there is replaced.")] = Path("modellstad"),
    thin: Annotated[bool, typer.Option("--thin", help="Leave out what the shipped sample does without.")] = False,
) -> None:
    """Make up a municipality, with the truth about it in a folder that no reader of registers opens."""
    from riskstrat.synthetic import write_municipality

    with _progress("synthesise") as report:
        report("making people and registers", 0.0)
        write_municipality(people=people, seed=seed, out=out, thin=thin)
    typer.echo(f"{out}: an invented municipality of {people:,} inhabitants; its truth is in {out / 'truth'}")


def main() -> None:
    """Run the command and leave with the exit code of what happened."""
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except RiskstratError as error:
        _leave(str(error), error.exit_code)
    except OSError as error:
        _leave(f"{error.strerror or error}: {error.filename or 'no file named'}", FAILED)


def _leave(message: str, exit_code: int) -> None:
    typer.echo(f"riskstrat: {message}", err=True)
    sys.exit(exit_code)


def _settings(budget: float, seed: int) -> Settings:
    from pydantic import ValidationError

    try:
        return Settings(budget_sek=budget, seed=seed)
    except ValidationError as invalid:
        problems = [
            Problem(
                found=f"{error['loc'][0]} = {error['input']}", expected=str(error["msg"]), remedy="give another value"
            )
            for error in invalid.errors()
        ]
        raise UsageError.from_problems(problems) from invalid


def _day_after(registers: Registers) -> date:
    return date.fromordinal(registers.manifest.data_end.toordinal() + 1)


def _write(found: Study, out: Path, language: str, *, track: bool, report: Callable[[str, float], None]) -> list[Path]:
    from riskstrat import reports

    languages: tuple[Language, ...] = LANGUAGES if language == "both" else (cast("Language", language),)
    report("writing the report", 0.95)
    name = found.condition.name
    paths = [reports.write_report(found, out / f"{name}_{each}.html", language=each) for each in languages]
    if track:
        from riskstrat import tracking

        report("logging to MLflow", 0.98)
        tracking.track(found, report=paths[0], store=out / tracking.DEFAULT_STORE)
    return paths


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str, float], None]]:
    """Show one line a condition: what is being done, how far, for how long."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn(f"{title:<20}"),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=_console()) as bar:
        task = bar.add_task("reading", total=1.0)
        yield lambda stage, share: bar.update(task, description=stage, completed=share)
        bar.update(task, description="done", completed=1.0)


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _print_summary(summaries: list[tuple[Study, list[Path]]], store: Path | None) -> None:
    typer.echo()
    for study, paths in summaries:
        typer.echo(f"{study.condition.title.en} ({study.choice.chosen}, study {study.digest})")
        for path in paths:
            typer.echo(f"  {path}")
    if store is not None:
        typer.echo(f"Runs: mlflow ui --backend-store-uri sqlite:///{store / 'mlflow.db'}")


if __name__ == "__main__":
    main()
