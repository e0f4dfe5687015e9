"""Maps of areas: which class, how high, how sure, and which areas a plan chooses.

In: released tables of areas and their GeoJSON. Out: altair charts; names are told when pointed at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.classes import CLASSES, WITHHELD, with_class
from riskstrat.figures.geometry import as_features, hatching, outlines
from riskstrat.figures.theme import ACCENT, CLASS_COLOURS, QUIET, SEQUENTIAL, WHITE, altair, configured
from riskstrat.figures.words import Words

if TYPE_CHECKING:
    import altair as alt

HEIGHT_PX = 430
CHOSEN = ("whole", "part", "none")
_CHOSEN_COLOURS = (ACCENT, "#8fb0cf", "#f4f4f4")


def map_classes(areas: Released, geometry: str, words: Words) -> alt.LayerChart:
    """Areas in three classes; those that are withheld are hatched."""
    frame = with_class(areas)
    names = [words(f"legend.{name}") for name in CLASSES]
    values = frame.with_columns(value=pl.col("class").replace_strict(list(CLASSES), names))
    withheld = _withheld(frame)
    shown = CLASSES if withheld else CLASSES[:-1]
    scale = altair().Scale(domain=names[: len(shown)], range=[CLASS_COLOURS[name] for name in shown])
    colour = altair().Color("properties.value:N", scale=scale)
    return _map(_properties(values, words), geometry, colour, withheld, words)


def map_level(areas: Released, geometry: str, words: Words) -> alt.LayerChart:
    """Risk in per cent, light to dark."""
    frame = with_class(areas).with_columns(value=100 * pl.col("risk"))
    return _map(_properties(frame, words), geometry, _sequential(words("axis.risk")), _withheld(frame), words)


def map_certainty(areas: Released, geometry: str, words: Words) -> alt.LayerChart:
    """Probability in per cent that an area's risk is above the municipality's, light to dark."""
    frame = with_class(areas).with_columns(value=100 * pl.col("probability_higher"))
    colour = _sequential(words("axis.certainty"), domain=(0, 100))
    return _map(_properties(frame, words), geometry, colour, _withheld(frame), words)


def map_chosen(areas: Released, selected: Released, geometry: str, words: Words) -> alt.LayerChart:
    """Areas that a plan chooses, whole or in part."""
    shares = selected.frame.select("area_id", "share")
    names = [words(f"chosen.{name}") for name in CHOSEN]
    # A share that is withheld is that of a chosen area.
    kind = pl.when(~pl.col("area_id").is_in(shares["area_id"].implode())).then(pl.lit(names[2]))
    value = kind.when(pl.col("share") < 1).then(pl.lit(names[1])).otherwise(pl.lit(names[0])).alias("value")
    frame = with_class(areas).join(shares, on="area_id", how="left", maintain_order="left")
    frame = frame.with_columns(value)
    colour = altair().Color("properties.value:N", scale=altair().Scale(domain=names, range=list(_CHOSEN_COLOURS)))
    return _map(_properties(frame, words), geometry, colour, [], words)


def _sequential(title: str, domain: tuple[float, float] | None = None) -> alt.Color:
    alt = altair()
    scale = alt.Scale(range=list(SEQUENTIAL)) if domain is None else alt.Scale(range=list(SEQUENTIAL), domain=domain)
    legend = alt.Legend(title=title, gradientLength=260, titleLimit=420)
    return alt.Color("properties.value:Q", scale=scale, legend=legend)


def _withheld(frame: pl.DataFrame) -> list[str]:
    return frame.filter(pl.col("class") == WITHHELD)["area_id"].to_list()


def _properties(frame: pl.DataFrame, words: Words) -> dict[str, dict[str, object]]:
    return {row["area_id"]: {"value": row["value"], **_told(row, words)} for row in frame.iter_rows(named=True)}


def _told(row: Mapping[str, object], words: Words) -> dict[str, object]:
    """Give what is told when an area is pointed at, already written."""
    told = {"name": row["name"], "class": words(f"class.{row['class']}")}
    if row["class"] == WITHHELD:
        return {**told, "risk": words("withheld")}
    return {**told, "risk": words.numbers.percent(*(row[f"risk{end}"] for end in ("", "_lower", "_upper")))}  # type: ignore[arg-type]


def _map(
    properties: dict[str, dict[str, object]], geometry: str, colour: alt.Color, withheld: list[str], words: Words
) -> alt.LayerChart:
    alt, shapes = altair(), outlines(geometry)
    titles = {"name": "tooltip.area", "class": "tooltip.class", "risk": "tooltip.risk"}
    told = [alt.Tooltip(f"properties.{name}:N", title=words(key)) for name, key in titles.items()]
    drawn = alt.Chart(alt.Data(values=as_features(shapes, properties)))
    filled = drawn.mark_geoshape(stroke=QUIET, strokeWidth=0.7).encode(color=colour, tooltip=told)
    white = {name: values for name, values in properties.items() if name in withheld}
    blank = alt.Chart(alt.Data(values=as_features(shapes, white))).mark_geoshape(
        fill=WHITE, stroke=QUIET, strokeWidth=0.7
    )
    lines = alt.Chart(alt.Data(values=hatching(shapes, withheld)))
    hatched = lines.mark_geoshape(filled=False, stroke="#8c8c8c", strokeWidth=1)
    layers = [filled, blank.encode(tooltip=told), hatched] if withheld else [filled]
    return configured(alt.layer(*layers).project(type="identity", reflectY=True), height=HEIGHT_PX)
