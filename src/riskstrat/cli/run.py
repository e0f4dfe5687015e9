"""``riskstrat run``: from registers to a report and a reporting card for each condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskstrat import conditions
from riskstrat.cli.memory import give_back_memory
from riskstrat.cli.options import (
    AllowNewOption,
    AsOfOption,
    BudgetOption,
    CandidatesOption,
    ComparatorsOption,
    ForecastOption,
    GroupsOption,
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
    languages,
)
from riskstrat.cli.tables import read_given
from riskstrat.cli.terminal import answer, note, progress
from riskstrat.cli.transport import transported
from riskstrat.declare import Candidate, Condition, Language, Settings
from riskstrat.errors import DesignError, TrackingError, UsageError
from riskstrat.files import guard_file, guard_shared_folder

if TYPE_CHECKING:
    import polars as pl

    from riskstrat.disclosure import CellNoise
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
    groups: GroupsOption = None,
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
    given = read_given(forecast=forecast, comparators=comparators, indicators=indicators, level=level)
    asked = _Run(
        conditions=[conditions.load(name) for name in condition or conditions.STANDARD],
        settings=Settings(
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
            indicators=given.indicators,
            levels=given.levels,
            groups=_groups(groups),
        ),
        registers=(registers, *(elsewhere or ())),
        as_of=as_of,
        out=out,
        languages=languages(language),
        sender=sender,
        contact=contact,
        allowed=allow_new or (),
        forecast=given.forecast,
        comparators=given.comparators,
        scheduler=scheduler,
        models=models,
        champion=champion,
        track=track,
    )
    asked.refuse()
    found = [asked.publish(each) for each in _one_at_a_time(asked.conditions)]
    across = asked.write_across(found)
    _print_summary(found, asked.documents, across, _track(out, store) if track else None)


def _one_at_a_time(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """Give back the memory of a condition's people before the next begins."""
    for condition in conditions:
        yield condition
        give_back_memory()


@dataclass(frozen=True, kw_only=True)
class _Run:
    """What was asked for; registers and earlier editions are read when they are first looked at."""

    conditions: Sequence[Condition]
    settings: Settings
    registers: Sequence[str]
    as_of: date | None
    out: Path
    languages: Sequence[Language]
    sender: str | None
    contact: str | None
    allowed: Sequence[str]
    forecast: pl.DataFrame | None
    comparators: pl.DataFrame | None
    scheduler: str | None
    models: Path | None
    champion: bool
    track: bool

    @cached_property
    def documents(self) -> dict[str, Documents]:
        """Where reports and cards go, by condition."""
        named = {each.name: f"{self.settings.disclosure.mark}{each.name}" for each in self.conditions}
        return {
            name: {one: (self.out / f"{file}_{one}.html", self.out / f"{file}_card_{one}.md") for one in self.languages}
            for name, file in named.items()
        }

    @cached_property
    def together(self) -> dict[Language, Path]:
        """Where reports across conditions go; nowhere with a single one."""
        mark, several = self.settings.disclosure.mark, self.languages if len(self.conditions) > 1 else ()
        return {one: self.out / f"{mark}across_{one}.html" for one in several}

    @cached_property
    def opened(self) -> list[Registers]:
        """The registers, and those of other places."""
        from riskstrat.registers import open_registers

        return [*map(open_registers, self.registers)]

    @property
    def day(self) -> date:
        """The as-of date."""
        return self.as_of or self.opened[0].manifest.day_after

    @cached_property
    def noise(self) -> CellNoise | None:
        """Noise of the registers' own secret."""
        from riskstrat import study

        return study.cell_noise(self.opened[0], self.settings.disclosure)

    @cached_property
    def releases(self) -> dict[str, ReleaseRecord]:
        """What was published before in the output folder, by condition."""
        from riskstrat.publication.release_record import ReleaseRecord

        return {each.name: ReleaseRecord.read(self.out / f"{each.name}_release.json") for each in self.conditions}

    def refuse(self) -> None:
        """Refuse before anything is computed what could not be shown or written at the end."""
        from riskstrat.publication.comparators import comparators_table
        from riskstrat.reports import REPORT_MARK, guard_card

        UsageError.refuse(
            replace(problem, table=each.name, column="groups")
            for each in self.conditions
            for problem in self.settings.unknown_groups(each.subgroups)
        )
        guard_shared_folder(self.out, sources=self.registers[:1])
        for report, card in (pair for each in self.documents.values() for pair in each.values()):
            guard_file(report, mark=REPORT_MARK)
            guard_card(card)
        for path in self.together.values():
            guard_file(path, mark=REPORT_MARK)
        if self.comparators is not None:
            comparators_table(self.comparators, "")
        if not_read := self.opened[0].not_read:
            note(f"not read: {', '.join(not_read)} (docs/registers.md)")
        for release in self.releases.values():
            self._check_edition(release)

    def _check_edition(self, release: ReleaseRecord) -> None:
        """Refuse an edition that tells too much beside earlier ones, and say what one tells that is let through."""
        from riskstrat.publication.published import secret_name
        from riskstrat.publication.release_record import share_guessed

        noise, secret = self.noise, secret_name(self.noise)
        named = "" if noise is None else noise.digest(self.opened[0].fingerprint)
        release.refuse_changes(self.settings.disclosure, secret, allowed=self.allowed, as_of=self.day, source=named)
        close = release.close_to(self.day, named, secret)
        if close and noise is not None:
            guessed = share_guessed(noise.width, len(close) + 1)
            typer.echo(
                f"edition {len(close) + 1} of {close[0].condition} within a year: the best guess of a count is right "
                f"in {guessed:.0%} of areas; whoever knows all others may learn a single person's outcome "
                "(docs/privacy.md)",
                err=True,
            )

    def publish(self, condition: Condition) -> Published:
        """Run one condition, and write its report, card and model."""
        from riskstrat import indicators, study, tracking
        from riskstrat.artefacts.model_folder import write_model
        from riskstrat.publication import publish
        from riskstrat.reports import write_card, write_report

        release, documents = self.releases[condition.name], self.documents[condition.name]
        followed = self.out / f"{condition.name}_follow_up.json"
        earlier = indicators.read_follow_up(followed) if followed.exists() else ()
        with progress(condition.name) as tell:
            done = study.run(
                condition,
                self.opened[0],
                self.day,
                self.settings,
                partition=None if "partition" in self.allowed else release.partition,
                noise=self.noise,
                forecast=self.forecast,
                earlier=earlier,
                scheduler=self.scheduler,
                progress=tell,
            )
            names = [each.name for each in self.conditions]
            others = None if self.comparators is None else figures_beside(self.comparators, condition.name, names)
            tell("testing the model elsewhere" if self.opened[1:] else "publishing", 0.94)
            moved = [*self._elsewhere(done.model)]
            tell("writing the report", 0.95)
            published = publish(done, comparators=others, elsewhere=moved)
            release.add(published)
            if kept := indicators.expectations(done.follow_up, earlier):
                indicators.save_follow_up(kept, followed)
            for language, (report, card) in documents.items():
                write_report(published, report, language=language, sender=self.sender, contact=self.contact)
                write_card(published, card, language=language)
            if self.models is not None:
                write_model(done.model, published, self.models / condition.name)
            if self.track:
                files = [path for pair in documents.values() for path in pair]
                tracking.keep(published, self.out, files=files, model=done.model, champion=self.champion)
        return published

    def _elsewhere(self, model: FittedModel) -> Iterator[Transport]:
        """Test a model in other places; one that cannot test it is named, and does not end the run."""
        for each in self.opened[1:]:
            try:
                yield transported(model, each, self.day, self.settings)
            except DesignError as untested:
                note(f"not tested in {each.manifest.name}: {untested}")

    def write_across(self, found: Sequence[Published]) -> list[Path]:
        """Write the report across conditions of those that have areas; told where fewer than two have."""
        from riskstrat.reports import write_report

        placed = [each for each in found if "areas" in each.tables]
        if self.together and len(placed) < 2:
            note("no report across conditions: fewer than two have areas")
            return []
        return [
            write_report(placed, path, language=language, sender=self.sender, contact=self.contact)
            for language, path in self.together.items()
        ]


def figures_beside(comparators: pl.DataFrame, condition: str, names: Sequence[str]) -> pl.DataFrame | None:
    """Give figures of others to show with a condition: none about the outcome of another; None where none is left."""
    others = [name for name in names if name != condition]
    shown = comparators.remove(comparators["indicator"].is_in(others))
    return shown if shown.height else None


def _candidates(labels: Sequence[str] | None) -> tuple[Candidate, ...]:
    """Read the estimators to choose among, and see that each can be built; those of the settings if none is given."""
    from riskstrat.estimators import build

    found = tuple(Candidate.parse(label) for label in labels or ())
    for each in found:
        build(each, horizon_days=1)
    return found or DEFAULTS.candidates


def _groups(crosses: Sequence[str] | None) -> tuple[tuple[str, ...], ...]:
    """Read the crosses of columns; those of the settings if none is given."""
    found = (tuple(column.strip() for column in each.split(",")) for each in crosses or ())
    return tuple(found) or DEFAULTS.groups


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
