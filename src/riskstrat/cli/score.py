"""``riskstrat score`` and ``riskstrat monitor``: a saved model on the people of today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import polars as pl
import typer

from riskstrat.cli.options import AsOfOption, RegistersOption
from riskstrat.cli.terminal import answer
from riskstrat.errors import DriftError, Problem, UsageError
from riskstrat.files import staged_folder, whole_file
from riskstrat.records.omission import Omission

if TYPE_CHECKING:
    from riskstrat.artefacts import StoredModel
    from riskstrat.disclosure import Released
    from riskstrat.records.scores import Scores
    from riskstrat.records.validation import Validation
    from riskstrat.registers import Registers

ModelArgument = Annotated[Path, typer.Argument(help="The folder of a saved model.")]
Sha256Option = Annotated[
    str | None, typer.Option(help="SHA-256 of the model's model.json, from a place that you trust.")
]


def score(
    model: ModelArgument,
    *,
    registers: RegistersOption = "data_samples/modellstad",
    as_of: AsOfOption = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the tables: new, empty, or an earlier result, which is replaced.")
    ] = Path("scores"),
    by: Annotated[
        list[str] | None, typer.Option(help="Column that makes the groups; give it again for several that cross.")
    ] = None,
    persons: Annotated[
        Path | None, typer.Option(help="Also write each person's risk to this new file, apart from everything else.")
    ] = None,
    sha256: Sha256Option = None,
) -> None:
    """Write what a saved model expects of today's people, by group; persons only where a file for them is named."""
    if persons is not None:
        _refuse_persons(persons, [out, model, Path(registers)])
    stored, source, day = _opened(model, registers, as_of, sha256)
    scores = stored.score(source, day)

    from riskstrat.publication.scores import release_scores

    released = release_scores(scores, by or ("area_id",))
    with staged_folder(out, command="score", sources=(registers, model)) as staging:
        for name, table in released.items():
            table.frame.write_parquet(staging.result / f"{name}.parquet")
    if persons is not None:
        with whole_file(persons) as file:
            scores.target.people.select("person_id", "index_date").with_columns(
                risk=pl.Series(scores.risk)
            ).write_parquet(file)
    moved = _moved(released["inputs"])
    data = _named(scores) | {"folder": out, "persons": persons, "moved": moved}
    answer(data, [f"{_title(scores)}: {out}", *(f"moved: {_sentence(row)}" for row in moved)])


def monitor(
    model: ModelArgument,
    *,
    registers: RegistersOption = "data_samples/modellstad",
    as_of: AsOfOption = None,
    sha256: Sha256Option = None,
) -> None:
    """Compare features and outcomes with what the model was fitted to and expects; exit code 8 if they have moved."""
    from riskstrat.publication.scores import release_scores

    stored, source, day = _opened(model, registers, as_of, sha256)
    scores, outcomes = stored.score(source, day), stored.outcomes(source, day)
    moved, ratio = _moved(release_scores(scores, ("sex",))["inputs"]), _ratio(outcomes, scores)
    said = f"outcomes not compared: {outcomes.reason.en}" if isinstance(outcomes, Omission) else _said(ratio)
    inputs = [_sentence(row) for row in moved] or ["no feature has moved"]
    answer(_named(scores) | {"moved": moved, "outcomes": ratio}, [_title(scores), *inputs, said], always=True)
    DriftError.refuse(
        Problem(found, expected, f"{remedy}; test the model (rs.study.transport) or fit it again")
        for found, expected, remedy in (
            *((_sentence(row), _EXPECTED, "look for what changed in the register") for row in moved),
            *([(said, f"a ratio that may be within {LEAST} to {MOST}", "ask what changed")] if _is_off(ratio) else ()),
        )
    )


_EXPECTED = "stability, difference and share outside below .25, and no feature that is new"
LEAST, MOST = 0.8, 1.25
"""Observed over expected outcomes within which no action follows; an interval wholly outside is drift."""


def _opened(
    folder: Path, registers: str, as_of: date | None, sha256: str | None
) -> tuple[StoredModel, Registers, date]:
    from riskstrat.artefacts import load_model
    from riskstrat.registers import open_registers

    model, source = load_model(folder, sha256=sha256), open_registers(registers)
    return model, source, as_of or source.manifest.day_after


def _title(scores: Scores) -> str:
    return f"{scores.target.condition}, {scores.target.as_of}, model {scores.model}"


def _named(scores: Scores) -> dict[str, object]:
    return {"condition": scores.target.condition, "as_of": scores.target.as_of, "model": scores.model}


def _moved(released: Released) -> list[dict[str, object]]:
    """Give each feature that moved, the most moved first; of 200 persons or more."""
    inputs = released.frame
    marked = inputs.filter(pl.col("marked").fill_null(value=False)) if "marked" in inputs.columns else inputs.clear()
    return marked.to_dicts()


def _sentence(row: Mapping[str, object]) -> str:
    """Say how far a feature has moved; what cannot be computed is left out."""
    told = (
        ("population stability", row["population_stability"]),
        ("standardised difference", row["standardised_difference"]),
        ("share outside", row["outside"]),
        ("missing before", row["missing_before"]),
        ("now", row["missing_now"]),
    )
    return f"{row['column']}: {', '.join(f'{name} {value}' for name, value in told if value is not None)}"


def _ratio(outcomes: Validation | Omission, scores: Scores) -> dict[str, Any] | None:
    """Give observed over expected outcomes with its interval; None where it cannot be told."""
    from riskstrat.publication.scores import release_outcomes

    if isinstance(outcomes, Omission):
        return None
    released = release_outcomes(outcomes, scores.target.disclosure).frame
    wanted = (pl.col("metric") == "observed_expected") & (pl.col("group") == "all") & pl.col("estimate").is_not_null()
    return next(released.filter(wanted).select("estimate", "lower", "upper").iter_rows(named=True), None)


def _is_off(ratio: Mapping[str, Any] | None) -> bool:
    return ratio is not None and (ratio["upper"] < LEAST or ratio["lower"] > MOST)


def _said(ratio: Mapping[str, object] | None) -> str:
    if ratio is None:
        return "outcomes not compared: too few persons"
    interval = f"{ratio['lower']} to {ratio['upper']}"
    return f"observed / expected outcomes in the last year that can be judged: {ratio['estimate']} ({interval})"


def _refuse_persons(path: Path, others: Sequence[Path]) -> None:
    """Refuse a file of persons that would lie among what may be shown, or replace anything."""
    place = path.resolve()
    inside = [other for other in others if other.resolve() in place.parents]
    UsageError.refuse(
        Problem(found, "a new file in a folder of its own", "give another path")
        for found, wrong in (
            (f"a file of persons inside '{inside[0].name if inside else ''}'", bool(inside)),
            (f"'{path.name}', which is there already", path.exists()),
            (f"no folder '{path.parent.name}'", not place.parent.is_dir()),
        )
        if wrong
    )
