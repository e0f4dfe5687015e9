"""``riskstrat intake``: raw extracts to a register folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riskstrat.cli.options import (
    MAX_REJECTED_SHARE,
    DataEndOption,
    LanguageOption,
    MaxRejectedOption,
    RegisterFolderOption,
)
from riskstrat.cli.terminal import answer, progress


def intake(
    raw: Annotated[Path, typer.Argument(help="The folder of extracts, as it was delivered.")],
    *,
    out: RegisterFolderOption,
    mapping: Annotated[
        list[Path] | None, typer.Option(help="A mapping of your own (TOML); give it again for several.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the registers are called; default: the folder's name.")] = None,
    data_end: DataEndOption = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="A file to leave alone, such as 'notes*.csv'; give it again for several.")
    ] = None,
    max_rejected_share: MaxRejectedOption = MAX_REJECTED_SHARE,
    language: LanguageOption = "en",
) -> None:
    """Turn a folder of raw extracts into a register folder, and say what was done to every row."""
    from riskstrat.intake import extracts
    from riskstrat.publication.intake_account import intake_lines, release_intake

    with progress("intake") as report:
        done = extracts(
            raw,
            out,
            mapping=mapping or (),
            name=name,
            data_end=data_end,
            ignore=ignore or (),
            max_rejected_share=max_rejected_share,
            language=language,
            progress=report,
        )
    released = release_intake(done.account)
    counts = {name: released[name].frame.to_dicts() for name in ("inputs", "made")}
    answer({"folder": done.folder, **counts}, intake_lines(released, done.folder, language))
