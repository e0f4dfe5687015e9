"""``riskstrat run``: from registers to a report and a reporting card for each condition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    ForecastOption,
    IndicatorsOption,
    LanguagesOption,
    LevelOption,
    MaxShareOption,
    MinCountOption,
    MinExpectedOption,
    MinPeopleOption,
    NoiseOption,
    ProtectionOption,
    RegistersOption,
    SeedOption,
    SmoothingOption,
    StoreOption,
    day_of,
    languages,
)
from riskstrat.cli.tables import read_indicators, read_levels, read_table
from riskstrat.cli.terminal import answer, note, progress
from riskstrat.cli.transport import transported
from riskstrat.declare import Candidate, Language, Settings
from riskstrat.errors import DesignError, TrackingError
from riskstrat.files import guard_file, guard_shared_folder

if TYPE_CHECKING:
    import polars as pl

    from riskstrat.disclosure import CellNoise, Disclosure
    from riskstrat.publication import Published
    from riskstrat.publication.release_record import ReleaseRecord
    from riskstrat.records.model import FittedModel
    from riskstrat.records.transport import Transport
    from riskstrat.registers import Registers

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
    smoothing: SmoothingOption = DEFAULTS.smoothing,
    protection: ProtectionOption = DEFAULTS.protection,
    noise: NoiseOption = DEFAULTS.noise,
    min_count: MinCountOption = DEFAULTS.min_count,
    min_people: MinPeopleOption = DEFAULTS.min_people,
    min_expected: MinExpectedOption = DEFAULTS.min_expected,
    max_share: MaxShareOption = DEFAULTS.max_share,
    allow_new: AllowNewOption = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler whose workers compute features and folds, tcp://10.0.0.1:8786.")
    ] = None,
    models: Annotated[Path | None, typer.Option(help="Folder to save the fitted models in, one folder each.")] = None,
    comparators: ComparatorsOption = None,
    forecast: ForecastOption = None,
    indicators: IndicatorsOption = None,
    level: LevelOption = None,
    sender: Annotated[str | None, typer.Option(help="Who publishes the reports, as they say it.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to ask about the reports.")] = None,
    sensitivities: Annotated[
        bool, typer.Option(help="Also estimate areas without contact counts, and without birth region and deprivation.")
    ] = DEFAULTS.sensitivities,
    elsewhere: Annotated[
        list[str] | None,
        typer.Option(help="Registers of another place to test the models in; give it again for several."),
    ] = None,
    track: Annotated[bool, typer.Option(help="Log the run to MLflow.")] = True,
    store: StoreOption = None,
    champion: Annotated[bool, typer.Option(help="Give the logged models MLflow's alias champion.")] = False,
) -> None:
    """Estimate risks, areas and priorities, and write a report and a reporting card for each condition."""
    wanted = [conditions.load(name) for name in condition or conditions.STANDARD]
    settings = Settings(
        budget_sek=budget,
        seed=seed,
        candidates=_candidates(candidates),
        smoothing=smoothing,
        protection=protection,
        noise=noise,
        min_count=min_count,
        min_people=min_people,
        min_expected=min_expected,
        max_share=max_share,
        sensitivities=sensitivities,
        indicators=read_indicators(indicators),
        levels=read_levels(level),
    )
    mark = settings.disclosure.mark
    documents: dict[str, Documents] = {
        each.name: {
            one: (out / f"{mark}{each.name}_{one}.html", out / f"{mark}{each.name}_card_{one}.md")
            for one in languages(language)
        }
        for each in wanted
    }
    together = {one: out / f"{mark}across_{one}.html" for one in languages(language)} if len(wanted) > 1 else {}
    _refuse_targets(out, registers, documents.values(), together.values())
    others = None if comparators is None else _read_comparators(comparators, [each.name for each in wanted])
    population = None if forecast is None else read_table(forecast, "--forecast")

    from riskstrat.registers import open_registers

    source, *places = map(open_registers, (registers, *(elsewhere or ())))
    if source.not_read:
        note(f"not read: {', '.join(source.not_read)} (docs/registers.md)")
    day = day_of(as_of) or source.manifest.data_end + timedelta(days=1)

    from riskstrat import artefacts, study
    from riskstrat.publication import publish
    from riskstrat.publication.release_record import ReleaseRecord

    own = study.cell_noise(source, settings.disclosure)
    releases = {each.name: ReleaseRecord.read(out / f"{each.name}_release.json") for each in wanted}
    for release in releases.values():
        _check_edition(release, settings.disclosure, own, day=day, data=source.fingerprint, allowed=allow_new or ())

    found: list[Published] = []
    for each in wanted:
        with progress(each.name) as tell:
            units = None if "partition" in (allow_new or ()) else releases[each.name].partition
            done = study.run(
                each,
                source,
                day,
                settings,
                partition=units,
                noise=own,
                forecast=population,
                scheduler=scheduler,
                progress=tell,
            )
            tell("testing the model elsewhere" if places else "publishing", 0.94)
            moved = [*_elsewhere(done.model, places, day, settings)]
            tell("writing the report", 0.95)
            published = publish(done, comparators=None if others is None else others[each.name], elsewhere=moved)
            _write(published, releases[each.name], documents[each.name], sender, contact)
            found.append(published)
            if models is not None:
                artefacts.save_model(done, models / each.name)
            if track:
                from riskstrat import tracking

                files = [path for pair in documents[each.name].values() for path in pair]
                tracking.keep(published, out, files=files, model=done.model, champion=champion)
    beside = _write_across(found, together, sender, contact)
    tracked = _track(out, store) if track else None
    _print_summary(found, documents, beside, tracked)


def _refuse_targets(out: Path, registers: str, documents: Iterable[Documents], together: Iterable[Path]) -> None:
    """Refuse before anything is computed what could not be written at the end."""
    from riskstrat.reports import REPORT_MARK, guard_card

    guard_shared_folder(out, sources=(registers,))
    for report, card in (pair for each in documents for pair in each.values()):
        guard_file(report, mark=REPORT_MARK)
        guard_card(card)
    for path in together:
        guard_file(path, mark=REPORT_MARK)


def _write_across(
    found: Sequence[Published], documents: Mapping[Language, Path], sender: str | None, contact: str | None
) -> list[Path]:
    """Write the report across conditions of those that have areas; told where fewer than two have."""
    from riskstrat.reports import write_report

    placed = [each for each in found if "areas" in each.tables]
    if documents and len(placed) < 2:
        note("no report across conditions: fewer than two have areas")
        return []
    return [
        write_report(placed, path, language=language, sender=sender, contact=contact)
        for language, path in documents.items()
    ]


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
            f"{guessed:.0%} of areas; whoever knows all others may learn a single person's outcome (docs/privacy.md)",
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

    given = read_table(path, "--comparators")
    comparators_table(given, "")
    about = pl.col("indicator")
    shown = {name: given.filter((about == name) | ~about.is_in(names)) for name in names}
    return {name: frame if frame.height else None for name, frame in shown.items()}


def _elsewhere(
    model: FittedModel, registers: Sequence[Registers], day: date, settings: Settings
) -> Iterator[Transport]:
    """Test a model in other places; one that cannot test it is named, and does not end the run."""
    for each in registers:
        try:
            yield transported(model, each, day, settings)
        except DesignError as untested:
            note(f"not tested in {each.manifest.name}: {untested}")


def _write(
    published: Published, release: ReleaseRecord, documents: Documents, sender: str | None, contact: str | None
) -> None:
    """Record what was published, and write its reports and cards."""
    from riskstrat.reports import write_card, write_report

    release.add(published)
    for language, (report, card) in documents.items():
        write_report(published, report, language=language, sender=sender, contact=contact)
        write_card(published, card, language=language)


def _track(out: Path, store: str | None) -> str | None:
    """Send the runs that wait in the output folder; where they cannot be sent they stay, with a warning."""
    from riskstrat import tracking

    address = store or str(out / tracking.DEFAULT_STORE)
    with progress("MLflow") as tell:
        tell("logging", 0.0)
        try:
            tracking.resume(out, store=address)
        except TrackingError as error:
            problem = error
        else:
            return tracking.store_uri(address)
    typer.echo(
        f"warning: {problem}\nWhat was not logged waits in {out / 'untracked'}; send it later: "
        f"riskstrat track --resume --out {out}{f' --store {store}' if store else ''}",
        err=True,
    )
    return None


def _print_summary(
    found: Sequence[Published], documents: Mapping[str, Documents], across: Sequence[Path], store: str | None
) -> None:
    data, lines = [], [""]
    for each in found:
        pairs = documents[each.condition.name]
        lines += [f"{each.condition.title.en} ({each.chosen}, study {each.digest})"]
        lines += [f"  {report} (card: {card.name})" for report, card in pairs.values()]
        written = {language: {"report": str(report), "card": str(card)} for language, (report, card) in pairs.items()}
        named = {"condition": each.condition.name, "estimator": each.chosen, "study": each.digest}
        data.append({**named, "files": written})
    lines += [f"Across conditions: {path}" for path in across]
    if store is not None:
        lines += [f"Runs: mlflow ui --backend-store-uri {store}"]
    answer({"studies": data, "across": [str(path) for path in across], "store": store}, lines)
