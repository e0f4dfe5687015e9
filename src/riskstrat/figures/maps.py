"""Maps of areas: which class, how high, how sure, and which areas a plan chooses."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.figures.classes import CLASSES, HIGHER, LOWER, NUMBER, WITHHELD, counted, members, names_of, with_class
from riskstrat.figures.figure import Figure, drawn
from riskstrat.figures.geometry import Feature, Ring, as_features, label_points, outlines
from riskstrat.figures.messages import MessageCatalogue, Texts, load_messages
from riskstrat.figures.theme import ACCENT, CLASS_COLOURS, HATCHED, INK, QUIET, SEQUENTIAL, WHITE, altair

if TYPE_CHECKING:
    import altair as alt

HEIGHT_PX = 430
CHOSEN_COLOURS = MappingProxyType({"whole": ACCENT, "part": "#8fb0cf", "none": "#f4f4f4"})
_NUMBER_PX = 14


def map_classes(areas: Released, geometry: str, language: Texts = "sv") -> Figure:
    """Areas in three classes; those that are withheld are hatched.

    Parameters
    ----------
    areas
        The released areas.
    geometry
        Their outlines as GeoJSON.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        Its title counts the areas of each class, its alternative text names them.

    Examples
    --------
    >>> map_classes(published.tables["areas"], published.source.geometry, "en").sentence.partition(".")[0]
    'Map in three classes'
    """
    frame, messages = with_class(areas), load_messages(language)
    names = [messages(f"legend.{name}") for name in CLASSES]
    values = frame.with_columns(value=pl.col("class").replace_strict(list(CLASSES), names))
    withheld = names_of(frame, WITHHELD)
    shown = CLASSES if withheld else CLASSES[:-1]
    scale = altair().Scale(domain=names[: len(shown)], range=[CLASS_COLOURS[name] for name in shown])
    colour = altair().Color("properties.value:N", scale=scale)
    sentence = messages("map.classes", **members(frame, messages))
    layers = _map(values, geometry, colour, messages)
    return drawn(layers, messages, counted(frame, messages), sentence, height=HEIGHT_PX)


def map_level(areas: Released, geometry: str, language: Texts = "sv") -> Figure:
    """Risk in per cent, light to dark.

    Parameters
    ----------
    areas
        The released areas.
    geometry
        Their outlines as GeoJSON.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        Its title and its alternative text tell the lowest and the highest risk.

    Examples
    --------
    >>> map_level(published.tables["areas"], published.source.geometry, "en").sentence.partition(".")[0]
    'Map of the risk'
    """
    frame, messages = with_class(areas), load_messages(language)
    values = frame.with_columns(value=100 * pl.col("risk"))
    layers = _map(values, geometry, _sequential(messages("axis.risk")), messages, hatch=True)
    ends = frame.drop_nulls("risk").sort("risk")[[0, -1]].rows(named=True) if frame["risk"].count() else []
    if not ends:
        return drawn(layers, messages, messages("map.level_withheld"), messages("map.level_withheld"), height=HEIGHT_PX)
    lowest, highest = ends
    percent = messages.numbers.percent
    apart = highest["risk_lower"] > lowest["risk_upper"]
    risks = {"lowest": percent(lowest["risk"]), "highest": percent(highest["risk"])}
    title = messages("map.level_title", **risks) if apart else messages("map.level_unclear")
    sentence = messages("map.level", lowest=_named_risk(lowest, messages), highest=_named_risk(highest, messages))
    return drawn(layers, messages, title, sentence, height=HEIGHT_PX)


def map_certainty(areas: Released, geometry: str, language: Texts = "sv") -> Figure:
    """Probability in per cent that an area's risk is above the municipality's, light to dark.

    Parameters
    ----------
    areas
        The released areas.
    geometry
        Their outlines as GeoJSON.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        Its title says in how many areas it is clear whether the risk is higher or lower.

    Examples
    --------
    >>> map_certainty(published.tables["areas"], published.source.geometry, "en").sentence.partition(" it is")[0]
    'Map of how sure'
    """
    frame, messages = with_class(areas), load_messages(language)
    colour = _sequential(messages("axis.certainty"), domain=(0, 100))
    values = frame.with_columns(value=100 * pl.col("probability_higher"))
    layers = _map(values, geometry, colour, messages, hatch=True)
    clear = len(names_of(frame, HIGHER)) + len(names_of(frame, LOWER))
    title = messages.count("map.certainty_title", clear, all=frame.height)
    return drawn(layers, messages, title, messages("map.certainty", **members(frame, messages)), height=HEIGHT_PX)


def map_chosen(areas: Released, selected: Released, geometry: str, language: Texts = "sv") -> Figure:
    """Areas that a plan chooses, whole or in part.

    Parameters
    ----------
    areas
        The released areas.
    selected
        area_id and share of each area that the plan chooses.
    geometry
        Outlines of the areas as GeoJSON.
    language
        ``"sv"`` or ``"en"``, or texts of a language.

    Returns
    -------
    Figure
        Its title counts the chosen areas, its alternative text names them.

    Examples
    --------
    >>> areas, chosen = (published.tables[name] for name in ("areas", "plan_selected"))
    >>> map_chosen(areas, chosen, published.source.geometry, "en").title[:9]
    'The money'
    """
    messages, shares = load_messages(language), selected.frame.select("area_id", "share")
    names = [messages(f"chosen.{name}") for name in CHOSEN_COLOURS]
    chosen = pl.col("area_id").is_in(shares["area_id"].implode())
    # A share that is withheld is that of a chosen area.
    kind = pl.when(~chosen).then(pl.lit(names[2]))
    value = kind.when(pl.col("share") < 1).then(pl.lit(names[1])).otherwise(pl.lit(names[0])).alias("value")
    frame = with_class(areas).join(shares, on="area_id", how="left", maintain_order="left").with_columns(value)
    colour = altair().Color("properties.value:N", scale=altair().Scale(domain=names, range=[*CHOSEN_COLOURS.values()]))
    layers = _map(frame, geometry, colour, messages)
    title = messages("map.chosen_title", areas=messages.count("areas", shares.height))
    listed = messages.listed(frame.filter(chosen)["name"].to_list()) or messages("areas.zero")
    return drawn(layers, messages, title, messages("map.chosen", areas=listed), height=HEIGHT_PX)


def _sequential(title: str, domain: tuple[float, float] | None = None) -> alt.Color:
    alt = altair()
    scale = alt.Scale(range=list(SEQUENTIAL)) if domain is None else alt.Scale(range=list(SEQUENTIAL), domain=domain)
    legend = alt.Legend(title=title, gradientLength=260, titleLimit=420)
    return alt.Color("properties.value:Q", scale=scale, legend=legend)


def _risk(row: Mapping[str, object], messages: MessageCatalogue) -> str:
    return messages.numbers.percent(*(row[f"risk{end}"] for end in ("", "_lower", "_upper")))  # type: ignore[arg-type]


def _named_risk(row: Mapping[str, object], messages: MessageCatalogue) -> str:
    return messages("map.named", name=row["name"], risk=_risk(row, messages))


def _map(
    frame: pl.DataFrame, geometry: str, colour: alt.Color, messages: MessageCatalogue, *, hatch: bool = False
) -> list[alt.Chart]:
    """Fill each area by its ``value``; those that are withheld are hatched, with a legend, where that is asked for."""
    alt, shapes = altair(), outlines(geometry)
    told = descriptions(frame, messages)
    properties = {
        name: {"value": value, "told": told[name]} for name, value in frame.select("area_id", "value").iter_rows()
    }
    withheld = set(frame.filter(pl.col("class") == WITHHELD)["area_id"]) if hatch else set()
    filled = {name: values for name, values in properties.items() if name not in withheld}
    layers = [_shapes(as_features(shapes, filled)).encode(color=colour)]
    if withheld:
        label = messages(f"legend.{WITHHELD}")
        hatched = {name: {"value": label, "told": properties[name]["told"]} for name in properties if name in withheld}
        scale = alt.Scale(domain=[label], range=[HATCHED])
        fill = alt.Fill("properties.value:N", scale=scale, legend=alt.Legend(orient="bottom"))
        layers.append(_shapes(as_features(shapes, hatched)).encode(fill=fill))
    return [layer.project(type="identity", reflectY=True) for layer in (*layers, *_numbers(frame, shapes))]


def _numbers(frame: pl.DataFrame, shapes: Mapping[str, list[Ring]]) -> list[alt.Chart]:
    """Write the number of each area that has room for it, in ink with a white edge, so that it is read on any fill."""
    alt, places = altair(), label_points(shapes)
    at = [(*places[name], str(n)) for name, n in frame.select("area_id", NUMBER).iter_rows() if name in places]
    base = alt.Chart(pl.DataFrame(at, schema=["x", "y", "n"], orient="row")).encode(
        longitude=alt.Longitude("x:Q"), latitude=alt.Latitude("y:Q"), text=alt.Text("n:N")
    )
    edge = base.mark_text(fontSize=_NUMBER_PX, stroke=WHITE, strokeWidth=3, strokeJoin="round", color=WHITE)
    return [edge, base.mark_text(fontSize=_NUMBER_PX, color=INK)]


def _shapes(features: list[Feature]) -> alt.Chart:
    """Outlines that are told one by one when the pointer is over them."""
    alt = altair()
    outlined = alt.Chart(alt.InlineData(values=features)).mark_geoshape(stroke=QUIET, strokeWidth=0.7, aria=True)
    return outlined.encode(description=alt.Description("properties.told:N"))


def descriptions(areas: pl.DataFrame, messages: MessageCatalogue) -> dict[str, str]:
    """Give what is told of each area when the pointer is over it: number, name, class and risk.

    Examples
    --------
    >>> areas = pl.DataFrame({"number": [1], "area_id": ["9981"], "name": ["Norr"], "class": ["withheld"]})
    >>> descriptions(areas, load_messages("en"))
    {'9981': '1 Norr: too few to show'}
    """
    return {row["area_id"]: _description(row, messages) for row in areas.iter_rows(named=True)}


def _description(row: Mapping[str, object], messages: MessageCatalogue) -> str:
    kind = messages(f"class.{row['class']}")
    told = kind if row["class"] == WITHHELD else f"{kind}, {_risk(row, messages)}"
    return messages("map.named", name=f"{row[NUMBER]} {row['name']}", risk=told)
