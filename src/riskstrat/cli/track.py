"""``riskstrat track``: what was published to MLflow, when the store is there again or for a saved study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskstrat.cli.options import StoreOption
from riskstrat.cli.terminal import answer
from riskstrat.errors import Problem, UsageError


def track(
    study: Annotated[Path | None, typer.Argument(help="The folder of a saved study (rs.save).")] = None,
    *,
    resume: Annotated[
        bool, typer.Option("--resume", help="Send what waits in --out since it could not be sent.")
    ] = False,
    out: Annotated[Path, typer.Option(help="The output folder of riskstrat run.")] = Path("out"),
    store: StoreOption = None,
    champion: Annotated[bool, typer.Option(help="Give the study's model MLflow's alias champion.")] = False,
) -> None:
    """Log a saved study to MLflow, or send what waits since its server was down."""
    if (study is None) != resume:
        found = "neither a study nor --resume" if study is None else "a study and --resume"
        raise UsageError(Problem(found, "one of both", "write riskstrat track FOLDER, or riskstrat track --resume"))
    from riskstrat import tracking
    from riskstrat.artefacts import open_study

    if study is not None:
        saved = open_study(study)
        tracking.keep(saved.published, out, model=saved.model, champion=champion)
    address = store or str(out / tracking.DEFAULT_STORE)
    runs = tracking.resume(out, store=address)
    said = [f"{run}: logged" for run in runs] or [f"nothing waits in {out / 'untracked'}"]
    answer({"runs": list(runs), "store": tracking.store_uri(address)}, said)
