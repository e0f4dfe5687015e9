"""``riskstrat transport``: a saved model on the people of another place, whose outcomes are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from riskstrat.cli.options import AsOfOption, RegistersOption
from riskstrat.cli.score import ModelArgument, Sha256Option
from riskstrat.cli.terminal import answer, progress
from riskstrat.errors import DriftError, Problem
from riskstrat.files import staged_folder

if TYPE_CHECKING:
    from riskstrat.artefacts import StoredModel
    from riskstrat.declare import Settings
    from riskstrat.disclosure import Released
    from riskstrat.records.model import FittedModel
    from riskstrat.records.transport import Transport
    from riskstrat.registers import Registers

_METRICS = ("auc", "auc_gain", "calibration_slope", "observed_expected")


def transport(
    model: ModelArgument,
    *,
    registers: RegistersOption,
    as_of: AsOfOption = None,
    out: Annotated[
        Path, typer.Option(help="Folder for the tables: new, empty, or an earlier result, which is replaced.")
    ] = Path("transport"),
    save: Annotated[Path | None, typer.Option(help="Folder to save the recalibrated model in.")] = None,
    sha256: Sha256Option = None,
) -> None:
    """Test a saved model in another place and recalibrate it; exit code 8 where it is to be fitted anew there."""
    from riskstrat.artefacts import load_model, save_model
    from riskstrat.publication.composition import release_record
    from riskstrat.registers import open_registers

    with progress("transport") as tell:
        moved = transported(load_model(model, sha256=sha256), open_registers(registers), as_of, None)
        tell("writing the tables", 0.95)
        released = release_record(moved)
        with staged_folder(out, command="transport", sources=(registers, model)) as staging:
            for name, table in released.items():
                table.frame.write_parquet(staging.result / f"{name}.parquet")
    there = moved.model.moved_to[-1]
    refit = moved.recommendation == "refit"
    saved = None if save is None or refit else save_model(cast("StoredModel", moved.model), save)
    named = {"condition": moved.model.condition.name, "registers": there.registers, "as_of": there.as_of, "folder": out}
    told = {"recommendation": moved.recommendation, "model": saved}
    metrics = {kind: released[f"metrics_{kind}"] for kind in ("as_it_is", "recalibrated")}
    lines = [
        f"{named['condition']}, {there.registers}, {there.as_of}: {out}",
        *(f"{kind}: {_written(table)}" for kind, table in metrics.items()),
        *(() if refit else (moved.sentence.en,)),
        *(() if saved is None else (f"recalibrated model: {saved}",)),
    ]
    answer(named | told | {kind: table.frame.to_dicts() for kind, table in metrics.items()}, lines, always=True)
    if refit:
        raise DriftError(
            Problem(
                moved.sentence.en,
                "a model that is better there than age and sex",
                f"riskstrat run {moved.model.condition.name} --registers {registers}",
            )
        )


def transported(model: FittedModel, registers: Registers, as_of: date | None, settings: Settings | None) -> Transport:
    """Test a model on registers, as of a day or at the latest the day after they end."""
    from riskstrat import study

    last = registers.manifest.day_after
    condition = replace(model.condition, programmes=())  # nothing is planned there
    return study.transport(model, study.prepare(condition, registers, min(as_of or last, last), settings))


def _written(metrics: Released) -> str:
    """Write some metrics of all with their intervals; those that are withheld are left out."""
    shown = {row["metric"]: row for row in metrics.frame.filter(group="all").iter_rows(named=True)}
    found = [(name, shown[name]) for name in _METRICS if name in shown and shown[name]["estimate"] is not None]
    return "; ".join(f"{name} {row['estimate']:g} ({row['lower']:g} to {row['upper']:g})" for name, row in found)
