"""``riskstrat score`` and ``riskstrat monitor``: a saved model on the people of today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import polars as pl
import typer

from riskstrat.cli.options import AsOfOption, RegistersOption, day_of
from riskstrat.errors import DriftError, Problem, UsageError
from riskstrat.files import staged_folder, whole_file

if TYPE_CHECKING:
    from riskstrat.records.scores import Scores

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
    scores = _scores(model, registers, as_of, sha256)

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
    typer.echo(f"{_title(scores)}: {out}")
    for line in _drifted(scores):
        typer.echo(f"moved: {line}")


def monitor(
    model: ModelArgument,
    *,
    registers: RegistersOption = "data_samples/modellstad",
    as_of: AsOfOption = None,
    sha256: Sha256Option = None,
) -> None:
    """Compare the features of today's people with those of the model's study; exit code 8 if one has moved."""
    scores = _scores(model, registers, as_of, sha256)
    typer.echo(_title(scores))
    moved = _drifted(scores)
    if not moved:
        typer.echo("no feature has moved")
        return
    raise DriftError(
        *(
            Problem(
                found=line,
                expected="population stability and standardised difference below .25",
                remedy="look for what changed in the register; test the model (rs.study.transport) or fit it again",
            )
            for line in moved
        )
    )


def _scores(folder: Path, registers: str, as_of: datetime | None, sha256: str | None) -> Scores:
    from riskstrat.artefacts import load_model
    from riskstrat.registers import open_registers

    model, source = load_model(folder, sha256=sha256), open_registers(registers)
    day = day_of(as_of) or source.manifest.data_end + timedelta(days=1)
    return model.score(source, day)


def _title(scores: Scores) -> str:
    return f"{scores.target.condition}, {scores.target.as_of}, model {scores.model}"


def _drifted(scores: Scores) -> list[str]:
    """Say of each feature that moved how far, the most moved first; of 200 persons or more."""
    from riskstrat.publication.scores import release_scores

    inputs = release_scores(scores, ("sex",))["inputs"].frame
    marked = inputs.filter(pl.col("marked").fill_null(value=False)) if "marked" in inputs.columns else inputs.clear()
    return [
        f"{row['column']}: population stability {row['population_stability']}, "
        f"standardised difference {row['standardised_difference']}"
        for row in marked.iter_rows(named=True)
    ]


def _refuse_persons(path: Path, others: Sequence[Path]) -> None:
    """Refuse a file of persons that would lie among what may be shown, or replace anything."""
    place = path.resolve()
    inside = [other for other in others if other.resolve() in place.parents]
    UsageError.refuse(
        Problem(found=found, expected="a new file in a folder of its own", remedy="give another path")
        for found, wrong in (
            (f"a file of persons inside '{inside[0].name if inside else ''}'", bool(inside)),
            (f"'{path.name}', which is there already", path.exists()),
            (f"no folder '{path.parent.name}'", not place.parent.is_dir()),
        )
        if wrong
    )
