"""``riskstrat run``: from registers to a report and a reporting card for each condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskstrat import conditions
from riskstrat.cli.options import (
    AllowNewOption,
    AsOfOption,
    BudgetOption,
    CandidatesOption,
    ComparatorsOption,
    LanguagesOption,
    MaxShareOption,
    MinCountOption,
    MinExpectedOption,
    MinPeopleOption,
    NoiseOption,
    ProtectionOption,
    RegistersOption,
    SeedOption,
    day_of,
    languages,
)
from riskstrat.cli.progress import progress
from riskstrat.declare import Candidate, Language, Settings
from riskstrat.errors import Problem, TrackingError, UsageError
from riskstrat.files import guard_file, guard_shared_folder

if TYPE_CHECKING:
    import polars as pl

    from riskstrat.disclosure import CellNoise, Disclosure
    from riskstrat.publication import Published
    from riskstrat.publication.release_record import ReleaseRecord
    from riskstrat.records.model import RiskModel
    from riskstrat.records.study import Study

DEFAULTS = Settings()
Documents = dict[Language, tuple[Path, Path]]
"""Report and reporting card by language."""


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
        Path, typer.Option(help="Folder for reports, cards and the MLflow store; other files in it are left alone.")
    ] = Path("out"),
    language: LanguagesOption = "both",
    budget: BudgetOption = DEFAULTS.budget_sek,
    candidates: CandidatesOption = None,
    seed: SeedOption = 0,
    protection: ProtectionOption = DEFAULTS.protection,
    noise: NoiseOption = DEFAULTS.noise,
    min_count: MinCountOption = DEFAULTS.min_count,
    min_people: MinPeopleOption = DEFAULTS.min_people,
    min_expected: MinExpectedOption = DEFAULTS.min_expected,
    max_share: MaxShareOption = DEFAULTS.max_share,
    allow_new: AllowNewOption = None,
    models: Annotated[Path | None, typer.Option(help="Folder to save the fitted models in, one folder each.")] = None,
    comparators: ComparatorsOption = None,
    sender: Annotated[str | None, typer.Option(help="Who publishes the reports, as they say it.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to ask about the reports.")] = None,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
    champion: Annotated[bool, typer.Option(help="Give the logged models MLflow's alias champion.")] = False,
) -> None:
    """Estimate risks, areas and priorities, and write a report and a reporting card for each condition."""
    wanted = [conditions.load(name) for name in condition or conditions.STANDARD]
    settings = Settings(
        budget_sek=budget,
        seed=seed,
        candidates=_candidates(candidates),
        protection=protection,
        noise=noise,
        min_count=min_count,
        min_people=min_people,
        min_expected=min_expected,
        max_share=max_share,
    )
    mark = settings.disclosure.mark
    documents: dict[str, Documents] = {
        each.name: {
            one: (out / f"{mark}{each.name}_{one}.html", out / f"{mark}{each.name}_card_{one}.md")
            for one in languages(language)
        }
        for each in wanted
    }
    _refuse_targets(out, registers, documents.values())
    signed = {"sender": sender, "contact": contact}
    others = None if comparators is None else _read_comparators(comparators, [each.name for each in wanted])

    from riskstrat.registers import open_registers

    source = open_registers(registers)
    if source.not_read:
        typer.echo(f"not read: {', '.join(source.not_read)} (docs/registers.md)", err=True)
    day = day_of(as_of) or source.manifest.data_end + timedelta(days=1)

    from riskstrat import artefacts, study
    from riskstrat.publication.release_record import ReleaseRecord

    own = study.cell_noise(source, settings.disclosure)
    releases = {each.name: ReleaseRecord.read(out / f"{each.name}_release.json") for each in wanted}
    for release in releases.values():
        _check_edition(release, settings.disclosure, own, day=day, data=source.fingerprint, allowed=allow_new or ())

    found: list[Published] = []
    untracked: list[Problem] = []
    for each in wanted:
        with progress(each.name) as tell:
            units = None if "partition" in (allow_new or ()) else releases[each.name].partition
            done = study.run(each, source, day, settings, noise=own, partition=units, progress=tell)
            beside = None if others is None else others[each.name]
            published = _write(done, releases[each.name], documents[each.name], tell, beside, signed=signed)
            found.append(published)
            if models is not None:
                artefacts.save_model(done, models / each.name)
            if track:
                tell("logging to MLflow", 0.98)
                untracked += _track(published, done.model, documents[each.name], out, champion=champion)
    _print_summary(found, documents, out if track and not untracked else None)
    if untracked:
        raise TrackingError(*dict.fromkeys(untracked))


def _refuse_targets(out: Path, registers: str, documents: Iterable[Documents]) -> None:
    """Refuse before anything is computed what could not be written at the end."""
    from riskstrat.reports import REPORT_MARK, guard_card

    guard_shared_folder(out, sources=(registers,))
    for report, card in (pair for each in documents for pair in each.values()):
        guard_file(report, mark=REPORT_MARK)
        guard_card(card)


def _check_edition(
    release: ReleaseRecord, rule: Disclosure, noise: CellNoise | None, *, day: date, data: str, allowed: Sequence[str]
) -> None:
    """Refuse an edition that tells too much beside earlier ones, and say what one tells that is let through."""
    from riskstrat.publication.published import secret_name
    from riskstrat.publication.release_record import share_guessed

    secret, named = secret_name(noise), "" if noise is None else noise.digest(data)
    release.refuse_changes(rule, secret, allowed=allowed, as_of=day, source=named)
    close = release.close_to(day, named, secret)
    if close and noise is not None:
        guessed = share_guessed(noise.width, len(close) + 1)
        typer.echo(
            f"edition {len(close) + 1} of {close[0].condition} within a year: the best guess of a count is right in "
            f"{guessed:.0%} of areas, more often for somebody who knows all the others (docs/privacy.md)",
            err=True,
        )


def _candidates(labels: Sequence[str] | None) -> tuple[Candidate, ...]:
    """Read the estimators to choose among, and see that each can be built; those of the settings if none is given."""
    from riskstrat.estimators import build

    found = tuple(Candidate.parse(label) for label in labels or ())
    for each in found:
        build(each, horizon_days=1)
    return found or DEFAULTS.candidates


def _read_comparators(path: Path, names: Sequence[str]) -> dict[str, pl.DataFrame | None]:
    """Read figures of others for each condition; those about the outcome of one are not shown with another."""
    import polars as pl

    from riskstrat.publication.comparators import comparators_table

    if not path.is_file():
        raise UsageError(Problem(found=f"no file {path}", expected="a CSV file", remedy="correct --comparators"))
    first_line = path.read_text(encoding="utf-8-sig").partition("\n")[0]
    swedish = ";" in first_line
    given = pl.read_csv(path, separator=";" if swedish else ",", decimal_comma=swedish, infer_schema_length=None)
    comparators_table(given, "")
    about = pl.col("indicator")
    shown = {name: given.filter((about == name) | ~about.is_in(names)) for name in names}
    return {name: frame if frame.height else None for name, frame in shown.items()}


def _write(
    study: Study,
    release: ReleaseRecord,
    documents: Documents,
    tell: Callable[[str, float], None],
    comparators: pl.DataFrame | None,
    *,
    signed: Mapping[str, str | None],
) -> Published:
    """Publish a study, record that, and write its reports and cards; only what was published leaves."""
    from riskstrat.publication import publish
    from riskstrat.reports import write_card, write_report

    published = publish(study, comparators=comparators)
    release.add(published)
    tell("writing the report", 0.95)
    for language, (report, card) in documents.items():
        write_report(published, report, language=language, **signed)
        write_card(published, card, language=language)
    return published


def _track(
    published: Published, model: RiskModel | None, documents: Documents, out: Path, *, champion: bool
) -> Sequence[Problem]:
    """Log what was published to MLflow; what stands against it is told when all reports are written."""
    from riskstrat import tracking

    try:
        files, store = [path for pair in documents.values() for path in pair], out / tracking.DEFAULT_STORE
        tracking.track(published, files=files, model=model, champion=champion, store=store)
    except TrackingError as error:
        return error.problems
    return ()


def _print_summary(found: Sequence[Published], documents: dict[str, Documents], store: Path | None) -> None:
    typer.echo()
    for each in found:
        typer.echo(f"{each.condition.title.en} ({each.chosen}, study {each.digest})")
        for pair in documents[each.condition.name].values():
            typer.echo(f"  {pair[0]} (card: {pair[1].name})")
    if store is not None:
        typer.echo(f"Runs: mlflow ui --backend-store-uri sqlite:///{store / 'mlflow.db'}")
