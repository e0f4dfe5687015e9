"""``riskstrat run``: from registers to a report for each condition.

In: conditions, a register folder, the day on which we stand. Out: reports, an MLflow store, a closing summary.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from riskstrat import conditions
from riskstrat.cli.progress import progress
from riskstrat.declare import Language, Settings
from riskstrat.errors import Problem, UsageError

if TYPE_CHECKING:
    from riskstrat.records.study import Study
    from riskstrat.registers import Registers

LANGUAGES: tuple[Language, ...] = ("sv", "en")


def run(
    condition: Annotated[
        list[str] | None, typer.Argument(help="Names of conditions or paths of your own; all that ship if left out.")
    ] = None,
    *,
    registers: Annotated[
        str,
        typer.Option(help="The register folder, or the address of a database (postgresql://, duckdb://, sqlite://)."),
    ] = "data_samples/modellstad",
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
        with progress(each.name) as report:
            found = study.run(each, source, day, settings, progress=report)
            summaries.append((found, _write(found, out, language, track=track, report=report)))
    _print_summary(summaries, out if track else None)


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
    from riskstrat import publication, reports

    languages: tuple[Language, ...] = LANGUAGES if language == "both" else (cast("Language", language),)
    published = publication.publish(found)
    report("writing the report", 0.95)
    name = found.condition.name
    paths = [reports.write_report(published, out / f"{name}_{each}.html", language=each) for each in languages]
    if track:
        from riskstrat import tracking

        report("logging to MLflow", 0.98)
        tracking.track(published, report=paths[0], store=out / tracking.DEFAULT_STORE)
    return paths


def _print_summary(summaries: list[tuple[Study, list[Path]]], store: Path | None) -> None:
    typer.echo()
    for study, paths in summaries:
        typer.echo(f"{study.condition.title.en} ({study.model.candidate.label}, study {study.digest})")
        for path in paths:
            typer.echo(f"  {path}")
    if store is not None:
        typer.echo(f"Runs: mlflow ui --backend-store-uri sqlite:///{store / 'mlflow.db'}")
