"""``riskstrat run``: from registers to a report for each condition.

In: conditions, a register folder and the as-of date. Out: reports, an MLflow store and a closing summary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskstrat import conditions
from riskstrat.cli.options import (
    AsOfOption,
    BudgetOption,
    LanguagesOption,
    RegistersOption,
    SeedOption,
    day_of,
    languages,
)
from riskstrat.cli.progress import progress
from riskstrat.declare import Condition, Language, Settings
from riskstrat.errors import Problem, UsageError
from riskstrat.files import guard_file, guard_shared_folder

if TYPE_CHECKING:
    from riskstrat.publication import Published
    from riskstrat.records.study import Study

DEFAULT_BUDGET_SEK = Settings().budget_sek
Reports = dict[Language, Path]


def run(
    condition: Annotated[
        list[str] | None, typer.Argument(help="Names of conditions, or paths of your own; all that ship if left out.")
    ] = None,
    *,
    registers: RegistersOption = "data_samples/modellstad",
    as_of: AsOfOption = None,
    out: Annotated[
        Path, typer.Option(help="Folder for reports and the MLflow store; other files in it are left alone.")
    ] = Path("out"),
    language: LanguagesOption = "both",
    budget: BudgetOption = DEFAULT_BUDGET_SEK,
    seed: SeedOption = 0,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
) -> None:
    """Estimate risks, areas and priorities, and write a report for each condition."""
    wanted = [conditions.load(name) for name in condition or conditions.available()]
    reports = {each.name: _reports(each, out, languages(language)) for each in wanted}
    _refuse_targets(out, registers, reports.values())
    settings = _settings(budget, seed)

    from riskstrat.registers import open_registers

    source = open_registers(registers)
    day = day_of(as_of) or source.manifest.data_end + timedelta(days=1)

    from riskstrat import study

    found = []
    for each in wanted:
        with progress(each.name) as tell:
            result = study.run(each, source, day, settings, progress=tell)
            found.append(_write(result, reports[each.name], out if track else None, tell))
    _print_summary(found, reports, out if track else None)


def _reports(condition: Condition, out: Path, wanted: Sequence[Language]) -> Reports:
    return {language: out / f"{condition.name}_{language}.html" for language in wanted}


def _refuse_targets(out: Path, registers: str, reports: Iterable[Reports]) -> None:
    """Refuse before anything is computed what could not be written at the end."""
    from riskstrat.reports import REPORT_MARK

    guard_shared_folder(out, sources=(registers,))
    for path in (path for each in reports for path in each.values()):
        guard_file(path, mark=REPORT_MARK)


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


def _write(study: Study, reports: Reports, store: Path | None, tell: Callable[[str, float], None]) -> Published:
    """Publish a study, write its reports and log it; only what was published leaves."""
    from riskstrat.publication import publish
    from riskstrat.reports import write_report

    published = publish(study)
    tell("writing the report", 0.95)
    paths = [write_report(published, path, language=language) for language, path in reports.items()]
    if store is not None:
        from riskstrat import tracking

        tell("logging to MLflow", 0.98)
        tracking.track(published, report=paths[0], store=store / tracking.DEFAULT_STORE)
    return published


def _print_summary(found: Sequence[Published], reports: dict[str, Reports], store: Path | None) -> None:
    typer.echo()
    for each in found:
        typer.echo(f"{each.condition.title.en} ({each.chosen}, study {each.digest})")
        for path in reports[each.condition.name].values():
            typer.echo(f"  {path}")
    if store is not None:
        typer.echo(f"Runs: mlflow ui --backend-store-uri sqlite:///{store / 'mlflow.db'}")
