"""``riskstrat from-omop`` and ``riskstrat from-meds``: data in a common model to a register folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from riskstrat.cli.options import (
    MAX_REJECTED_SHARE,
    DataEndOption,
    MaxRejectedOption,
    RegisterFolderOption,
    ReserveNumberOption,
    TimeZoneOption,
)
from riskstrat.cli.terminal import answer, progress
from riskstrat.registers.days import STOCKHOLM

if TYPE_CHECKING:
    from riskstrat.intake.conversion import ConversionResult

Delay = Annotated[int, typer.Option(min=0, help="Days from an event until its row is known.")]


def from_omop(
    source: Annotated[str, typer.Argument(help="A folder of OMOP tables, or the address of a database.")],
    *,
    out: RegisterFolderOption,
    data_end: DataEndOption = None,
    delay_days: Delay = 0,
    code_system: Annotated[
        list[str] | None, typer.Option(help="TABLE=SYSTEM, such as diagnoses=icd10; others match exactly.")
    ] = None,
    prefer: Annotated[Literal["source", "concept"], typer.Option(help="Which code comes first.")] = "source",
    area_column: Annotated[str, typer.Option(help="Column of location that names the area.")] = "county",
    time_zone: TimeZoneOption = STOCKHOLM,
    max_rejected_share: MaxRejectedOption = MAX_REJECTED_SHARE,
    reserve_number: ReserveNumberOption = None,
) -> None:
    """Turn data in the OMOP Common Data Model into a register folder."""
    from riskstrat.intake import from_omop as convert

    with progress("from-omop"):
        converted = convert(
            source,
            out,
            data_end=data_end,
            delay_days=delay_days,
            code_systems=_pairs(code_system),
            prefer=prefer,
            area_column=area_column,
            time_zone=time_zone,
            max_rejected_share=max_rejected_share,
            reserve_numbers=reserve_number or (),
        )
    _print_summary(converted)


def from_meds(
    source: Annotated[Path, typer.Argument(help="The dataset's folder, which holds data and metadata.")],
    *,
    out: RegisterFolderOption,
    data_end: DataEndOption = None,
    delay_days: Delay = 0,
    table: Annotated[list[str] | None, typer.Option(help="VOCABULARY=TABLE, such as ICD10CM=diagnoses.")] = None,
    follow_up: Annotated[
        Literal["events", "data_end"], typer.Option(help="Whether people are observed to their last row or to the end.")
    ] = "events",
    time_zone: TimeZoneOption = STOCKHOLM,
    max_rejected_share: MaxRejectedOption = MAX_REJECTED_SHARE,
    reserve_number: ReserveNumberOption = None,
) -> None:
    """Turn a MEDS dataset into a register folder."""
    from riskstrat.intake import from_meds as convert

    with progress("from-meds"):
        converted = convert(
            source,
            out,
            data_end=data_end,
            delay_days=delay_days,
            tables=_pairs(table),
            follow_up=follow_up,
            time_zone=time_zone,
            max_rejected_share=max_rejected_share,
            reserve_numbers=reserve_number or (),
        )
    _print_summary(converted)


def _pairs(given: list[str] | None) -> dict[str, str]:
    wrong = [each for each in given or () if "=" not in each]
    if wrong:
        raise typer.BadParameter(f"{', '.join(wrong)}: write NAME=VALUE")
    return {name: value for name, _, value in (each.partition("=") for each in given or ())}


def _print_summary(converted: ConversionResult) -> None:
    from riskstrat.publication.intake_account import release_conversion, summary_lines

    released, ignored = release_conversion(converted.account), converted.account.ignored
    lines = [*summary_lines(released), *([f"not read: {', '.join(ignored)}"] if ignored else ())]
    said = f"{converted.folder}: registers; rejected rows are in {converted.folder / 'rejected'}"
    data = {"folder": converted.folder, "ignored": list(ignored), "counts": released.frame.to_dicts()}
    answer(data, (*lines, said))
