"""One look for every chart: white, one accent, a sequential scale that survives colour blindness and grey printing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import count
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

import polars as pl

from riskstrat.extras import optional
from riskstrat.figures.numbers import SPACE, Language

if TYPE_CHECKING:
    import altair as alt

INK, QUIET, RULE, ACCENT, WHITE = "#1a1a1a", "#595959", "#d9d9d9", "#1f4e79", "#ffffff"
HATCHED = "url(#hatched)"
_TILES = (
    ("hatched", '<path d="M-1 1l2-2M0 6l6-6M5 7l2-2" stroke="#8c8c8c"/>'),
    ("rising", '<path d="M-1 1l2-2M0 6l6-6M5 7l2-2" stroke="#1f4e79" stroke-width="2.5"/>'),
    ("upright", '<path d="M1.5 0v6M4.5 0v6" stroke="#8c5a2b" stroke-width="1.6"/>'),
    ("dotted", '<circle cx="3" cy="3" r="1" fill="#595959"/>'),
)
PATTERNS = "<defs>{}</defs>".format(
    "".join(
        f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<rect width="6" height="6" fill="#fff"/>{tile}</pattern>'
        for name, tile in _TILES
    )
)
"""Fills that differ without colour, ``url(#hatched)`` and so on: once in each picture, or once in a page."""

CLASS_COLOURS = MappingProxyType(
    {"clearly_higher": "#1f4e79", "uncertain": "#a9c1d9", "clearly_lower": "#eef3f8", "withheld": HATCHED}
)
"""From dark to light, so that the classes differ in grey too; withheld areas are hatched on white."""

SEQUENTIAL = ("#f2f6fa", "#c6d7e8", "#8fb0cf", "#5483b0", "#1f4e79")
PART_COLOURS = MappingProxyType(
    {
        "age_sex": "#d0d0d0",
        "living_conditions": "#1f4e79",
        "area": "url(#rising)",
        "health_care": "#e0a15a",
        "growth_family": "url(#upright)",
        "unexplained": "url(#dotted)",
    }
)
TEXT_PX = 16
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
"""Fonts of one width, which vl-convert brings too: a label measured in one stays within a picture drawn in another."""

FORMATS: Mapping[Language, Mapping[str, object]] = MappingProxyType(
    {
        "sv": {"decimal": ",", "thousands": SPACE, "grouping": [3], "currency": ["", f"{SPACE}kr"], "minus": "−"},
        "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["SEK ", ""], "minus": "−"},
    }
)

_TEXT = {"labelFontSize": TEXT_PX, "titleFontSize": TEXT_PX, "labelColor": INK, "titleColor": QUIET}
_AXIS = {"gridColor": "#ececec", "domainColor": RULE, "tickColor": RULE, "labelLimit": 0, "labelSeparation": 8}
_LEGEND = {"orient": "top", "title": None, "symbolType": "square", "symbolStrokeColor": QUIET, "labelLimit": 400}
_THEME: Mapping[str, object] = MappingProxyType(
    {
        "font": FONT,
        "background": WHITE,
        "lineBreak": "\n",
        "view": {"stroke": None},
        "mark": {"aria": False},
        "axis": {**_TEXT, "titleFontWeight": "normal", **_AXIS},
        "axisDiscrete": {"labelLimit": 220},  # of names alone: a limit takes a measurement of every label
        "legend": {**_TEXT, "titleFontWeight": "normal", **_LEGEND, "rowPadding": 6, "columns": 1},
        "header": _TEXT,
    }
)
"""What vega-lite calls the configuration of a chart."""

_WITHIN = {"top_level": False}
"""How Altair writes a chart that is part of another."""

WRAPPED = "replace(datum.label, regexp('(.{16,}?) ', 'g'), '$1\\n')"
"""Label of an axis, broken at the first space after 16 characters, so that long ones leave room on a narrow screen."""


def altair() -> ModuleType:
    """Load altair, or say which extra brings it."""
    return optional("altair")


def unchecked_parts() -> AbstractContextManager[None]:
    """Let Altair not check each part of a chart on its own while a report is written: tests do so for every figure."""
    unchecked: AbstractContextManager[None] = altair().utils.schemapi.debug_mode(False)
    return unchecked


def spec(layers: Sequence[alt.Chart], *, height: int) -> dict[str, object]:
    """Give charts that lie over each other as vega-lite with their data, the theme and a height in pixels.

    The picture is as wide as what holds it. Layers of the same frame share its rows. Altair's own layers would copy
    every part of every chart three times; its check of the schema is left to tests.
    """
    data = {id(layer.data): layer.data for layer in layers}
    names = dict(zip(data, map("data-{}".format, count()), strict=False))
    parts = [
        layer.properties(data=altair().NamedData(names[id(layer.data)])).to_dict(validate=False, context=_WITHIN)
        for layer in layers
    ]
    return {
        "$schema": altair().SCHEMA_URL,
        "datasets": {names[key]: _rows(each) for key, each in data.items()},
        **(parts[0] if len(parts) == 1 else {"layer": parts}),
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": dict(_THEME),
    }


def _rows(data: pl.DataFrame | alt.InlineData) -> Sequence[object]:
    """Give rows as JSON has them: days as texts, and no number that is none."""
    rows: Sequence[object] = json.loads(data.write_json()) if isinstance(data, pl.DataFrame) else data.values
    return rows
