"""``riskstrat run``: from registers to a report for each condition."""

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
    CandidatesOption,
    LanguagesOption,
    RegistersOption,
    SeedOption,
    day_of,
    languages,
)
from riskstrat.cli.progress import progress
from riskstrat.declare import Candidate, Language, Settings
from riskstrat.errors import Problem, UsageError
from riskstrat.files import guard_file, guard_shared_folder

if TYPE_CHECKING:
    from riskstrat.publication import Published
    from riskstrat.records.study import Study

DEFAULTS = Settings()
Reports = dict[Language, Path]


def run(
    condition: Annotated[
        list[str] | None,
        typer.Argument(
            help=f"Names of conditions, or paths of your own; {', '.join(conditions.STANDARD)} if left out."
        ),
    ] = None,
    *,
    registers: RegistersOption = "data_samples/modellstad",
    as_of: AsOfOption = None,
    out: Annotated[
        Path, typer.Option(help="Folder for reports and the MLflow store; other files in it are left alone.")
    ] = Path("out"),
    language: LanguagesOption = "both",
    budget: BudgetOption = DEFAULTS.budget_sek,
    candidates: CandidatesOption = None,
    seed: SeedOption = 0,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
) -> None:
    """Estimate risks, areas and priorities, and write a report for each condition."""
    wanted = [conditions.load(name) for name in condition or conditions.STANDARD]
    reports = {each.name: {one: out / f"{each.name}_{one}.html" for one in languages(language)} for each in wanted}
    _refuse_targets(out, registers, reports.values())
    settings = _settings(budget_sek=budget, seed=seed, candidates=_candidates(candidates))

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


def _refuse_targets(out: Path, registers: str, reports: Iterable[Reports]) -> None:
    """Refuse before anything is computed what could not be written at the end."""
    from riskstrat.reports import REPORT_MARK

    guard_shared_folder(out, sources=(registers,))
    for path in (path for each in reports for path in each.values()):
        guard_file(path, mark=REPORT_MARK)


def _candidates(labels: Sequence[str] | None) -> tuple[Candidate, ...]:
    """Read the estimators to choose among, and see that each can be built; those of the settings if none is given."""
    from riskstrat.estimators import build

    found = tuple(Candidate.parse(label) for label in labels or ())
    for each in found:
        build(each, horizon_days=1)
    return found or DEFAULTS.candidates


def _settings(**values: object) -> Settings:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Settings).validate_python(values)
    except ValidationError as invalid:
        raise UsageError.from_problems(
            Problem(
                found=f"{error['loc'][0]} = {error['input']}"
                if error["loc"]
                else "settings that contradict each other",
                expected=str(error["msg"]),
                remedy="give another value",
            )
            for error in invalid.errors()
        ) from invalid


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
