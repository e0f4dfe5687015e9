"""``riskstrat pseudonymise``: personal identity numbers become running numbers before anything else is done."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from riskstrat.cli.options import ReserveNumberOption, day_option
from riskstrat.cli.terminal import answer, progress


def pseudonymise(
    source: Annotated[Path, typer.Argument(help="The file or folder that arrived.")],
    out: Annotated[Path, typer.Argument(help="The folder to write; an earlier result is replaced.")],
    key_file: Annotated[Path, typer.Argument(help="Where running numbers are kept, apart from source and out.")],
    *,
    column: Annotated[
        list[str] | None, typer.Option(help="A column, or OLD=NEW to rename it; all with identity numbers if left out.")
    ] = None,
    as_of: Annotated[
        date | None, day_option(help="Day on which ten-digit numbers were written; default: today.")
    ] = None,
    secret_file: Annotated[
        Path | None, typer.Option(help="File with the secret; otherwise RISKSTRAT_PSEUDONYM_SECRET is read.")
    ] = None,
    reserve_number: ReserveNumberOption = None,
) -> None:
    """Replace personal identity numbers by running numbers, the same person's everywhere the same."""
    from riskstrat.intake import pseudonymise as replaced
    from riskstrat.publication.intake_account import release_pseudonymised, shown_count

    columns = {old: new or old for old, _, new in (each.partition("=") for each in column)} if column else None
    day = as_of or datetime.now(UTC).date()
    with progress("pseudonymise") as report:
        report("looking for identity numbers and replacing them", 0.0)
        done = replaced(
            source, out, key_file, columns, as_of=day, secret_file=secret_file, reserve_numbers=reserve_number or ()
        )
    files = [f"  {file}: {', '.join(changed) or 'no identity numbers'}" for file, changed in done.columns.items()]
    counts = release_pseudonymised(done).frame.row(0, named=True)
    rows, left_out, people, new, unusual = (
        shown_count(counts[name]) for name in ("rows", "left_out", "people", "new_people", "unusual")
    )
    said = (
        f"{out}: {rows} rows of {people} people, {new} of them new in {key_file}; "
        f"{left_out} rows that cannot be read left out, {unusual} keys not written like identity numbers"
    )
    answer({"folder": out, "columns": {**done.columns}, **counts}, (*files, said))
