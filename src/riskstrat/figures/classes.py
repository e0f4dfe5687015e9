"""The three classes of areas, and the fourth of those that are withheld."""

from __future__ import annotations

from collections import Counter

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.messages import MessageCatalogue

HIGHER, UNCERTAIN, LOWER, WITHHELD = CLASSES = ("clearly_higher", "uncertain", "clearly_lower", "withheld")
NUMBER = "number"
"""Areas are numbered by their names, so that they are found on a map: in the order of a key, never of a league."""


def with_class(areas: Released) -> pl.DataFrame:
    """Sort and number areas by name; give each its ``class`` and a ``name`` (its code, or what groups it, without one).

    Parameters
    ----------
    areas
        The released table ``areas`` of a study, or that of `AreaEstimates.tables`.

    Returns
    -------
    polars.DataFrame
        The table with ``number`` from 1, and ``class`` as one of `CLASSES`, ``withheld`` where the table has none.

    Examples
    --------
    >>> with_class(published.tables["areas"])["number"].to_list()[:3]
    [1, 2, 3]
    """
    frame = areas.frame
    if "area_id" not in frame.columns:
        labels = [pl.col(name).cast(pl.String) for name in areas.dimensions]
        frame = frame.with_columns(pl.concat_str(labels, separator=" / ").alias("area_id"))
    if "name" not in frame.columns:
        frame = frame.with_columns(name=pl.lit(None, pl.String))
    named = frame.with_columns(pl.coalesce("name", "area_id").alias("name"))
    kind = pl.col("class").str.replace_all(" ", "_").fill_null(WITHHELD)
    return named.with_columns(kind.alias("class")).sort("name", "area_id").with_row_index(NUMBER, offset=1)


def names_of(areas: pl.DataFrame, kind: str) -> list[str]:
    """Names of the areas of a class, in alphabetical order.

    Examples
    --------
    >>> areas = pl.DataFrame({"name": ["Norr", "Öster"], "class": ["uncertain", "clearly_higher"]})
    >>> names_of(areas, "clearly_higher")
    ['Öster']
    """
    return areas.filter(pl.col("class") == kind)["name"].to_list()


def members(areas: pl.DataFrame, messages: MessageCatalogue) -> dict[str, str]:
    """Names of the areas of each class, joined as in a sentence; "no area" where a class has none."""
    return {kind: messages.listed(names_of(areas, kind)) or messages("areas.zero") for kind in CLASSES}


def counted(areas: pl.DataFrame, messages: MessageCatalogue) -> str:
    """State how many areas each class has; only the highest is mentioned where it has none.

    Parameters
    ----------
    areas
        What `with_class` gave.
    messages
        Texts of the language.

    Returns
    -------
    str
        A sentence without its capital and its full stop.

    Examples
    --------
    >>> from riskstrat.figures.messages import load_messages
    >>> areas = pl.DataFrame({"class": ["uncertain", "clearly_higher"], "name": ["Norr", "Öster"]})
    >>> counted(areas, load_messages("en"))
    'clearly higher risk in one area and uncertain in one'
    """
    counts = Counter(areas["class"])
    told = [kind for kind in (HIGHER, LOWER, UNCERTAIN, WITHHELD) if counts[kind] or kind == HIGHER]
    return messages.listed([messages.count(f"counted.{kind}", counts[kind]) for kind in told])
