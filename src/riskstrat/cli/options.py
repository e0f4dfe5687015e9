"""Options that several commands share, declared once."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from riskstrat.declare import Language

LANGUAGES: tuple[Language, ...] = ("sv", "en")
MAX_REJECTED_SHARE = 0.5
"""That of `riskstrat.intake`, which takes a second to load; a test compares them."""


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no day written YYYY-MM-DD, such as 2024-01-31") from None


day_option = partial(typer.Option, parser=_day, metavar="YYYY-MM-DD")
"""An option that is a day."""

RegistersOption = Annotated[
    str, typer.Option(help="The register folder, or the address of a database (postgresql://, duckdb://, sqlite://).")
]
RegisterFolderOption = Annotated[
    Path, typer.Option(help="The register folder to write: new, empty, or an earlier result, which is replaced.")
]
LanguageOption = Annotated[Language, typer.Option(help="Language of the sentences.")]
LanguagesOption = Annotated[Literal["sv", "en", "both"], typer.Option(help="Language of the reports.")]
BudgetOption = Annotated[float, typer.Option(help="What the plan may cost, in SEK.")]
SeedOption = Annotated[int, typer.Option(help="Seed of all random draws; the same seed gives the same result.")]
CandidatesOption = Annotated[
    list[str] | None,
    typer.Option(
        help="An estimator to choose among, Logistic or 'Boosting(max_leaf_nodes=4)'; give it again for several."
    ),
]
ProtectionOption = Annotated[
    Literal["noise", "suppression", "none"],
    typer.Option(
        help="How counts are protected: noise, exact counts with more of them withheld, or nothing (working material)."
    ),
]
SmoothingOption = Annotated[
    Literal["gamma", "bym2"],
    typer.Option(
        help="What ratios of areas are drawn towards: the municipality's, or with bym2, which needs outlines of the "
        "areas, also their neighbours'."
    ),
]
GroupsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN,...",
        help="Columns whose crosses people are also told by, wherever they live: sex,age_band (the default); of sex, "
        "age_band, birth_region and the condition's subgroups; give it again for several.",
    ),
]
MinCountOption = Annotated[int, typer.Option(help="The smallest count of persons that is shown.")]
NoiseOption = Annotated[int, typer.Option(help="The largest noise of a count, with --protection noise or suppression.")]
MinPeopleOption = Annotated[int, typer.Option(help="The fewest people of a group that is described.")]
MinExpectedOption = Annotated[
    float, typer.Option(help="The fewest outcomes expected of an area that is described on its own.")
]
MaxShareOption = Annotated[
    float, typer.Option(help="The largest share of a group that may be in one sensitive category.")
]
AllowNewOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="rule|secret|partition|edition",
        help="What may differ from the last edition in --out, although both together tell more than either; edition: "
        "a second one within a year, of other data or another day.",
    ),
]
ComparatorsOption = Annotated[
    Path | None,
    typer.Option(
        help="CSV of others' published figures, shown beside: who, indicator, year, value, source (lower, upper, unit)."
    ),
]
ForecastOption = Annotated[
    Path | None,
    typer.Option(
        help="CSV of a population forecast, to look ahead: area_id or municipality, sex, age_years, year, people."
    ),
]
IndicatorsOption = Annotated[
    list[str] | None,
    typer.Option(help="Indicators to follow: a Python file that assigns INDICATORS, or 'proposed'; may be repeated."),
]
LevelOption = Annotated[
    list[str] | None,
    typer.Option(help="Larger groups to tell of, NAME=FILE: a CSV of area_id and group; default: what registers tell."),
]
StoreOption = Annotated[
    str | None,
    typer.Option(help="MLflow's store: a SQLite file or the address of a server; default: mlflow.db in --out."),
]
AsOfOption = Annotated[
    date | None,
    day_option(help="As-of date: only what was known before it is used; default: the day after the data."),
]
DataEndOption = Annotated[
    date | None,
    day_option(help="Last day on which an event can have been seen; default: the last day in the data."),
]
MaxRejectedOption = Annotated[
    float,
    typer.Option(
        min=0, max=1, help="Largest share of a table's rows that may be rejected; above it nothing is written."
    ),
]
TimeZoneOption = Annotated[str, typer.Option(help="Time zone in which a time that has a zone becomes a day.")]
ReserveNumberOption = Annotated[
    list[str] | None,
    typer.Option(help=r"Pattern of a region's reserve numbers, such as '\d{8}TF\d{2}'; give it again for several."),
]


def languages(chosen: Literal["sv", "en", "both"]) -> tuple[Language, ...]:
    """List the languages that an option stands for."""
    return LANGUAGES if chosen == "both" else (chosen,)
