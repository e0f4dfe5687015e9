"""The made-up geography: 51 areas, their outline, character and true effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from riskstrat.synthetic.parameters import (
    AREA_SD_RATE,
    AREAS,
    CARE_CENTRES,
    CONDITIONS,
    MUNICIPALITY_CODE,
    MUNICIPALITY_NAME,
)

Floats = NDArray[np.float64]
ROWS, COLUMNS = 8, 7
CUT_CORNERS = {(0, 0), (0, 6), (7, 0), (7, 6), (0, 1), (7, 5)}
WEST, SOUTH, WIDTH, HEIGHT = 17.30, 58.95, 0.09, 0.045
FIRST_WORDS = (
    "Blåklint", "Vitsippe", "Fjärils", "Humle", "Norrskens", "Regnbågs", "Daggdropps", "Snöstjärne", "Solstråle",
    "Månskens", "Kråkbärs", "Trollslände", "Fjällräve", "Ormbunks", "Tussilago", "Harsyre", "Lavskrike",
)  # fmt: skip
LAST_WORDS = ("gläntan", "slingan", "snåret")


class Feature(TypedDict):
    """One GeoJSON feature."""

    type: str
    properties: dict[str, str]
    geometry: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Geography:
    """The invented areas of the municipality."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    """`ids` and `names`: area codes and names, shape (51,)."""
    rings: tuple[tuple[tuple[float, float], ...], ...]
    """Closed clockwise outline of each area in degrees."""
    share: Floats
    """Share of the population, sums to 1."""
    deprivation: Floats
    """Standardised, positive = more deprived."""
    spread: Mapping[str, float]
    """True sd of the log effects by condition, as drawn or fixed."""
    effects: Mapping[str, Floats]
    """True log effects by condition, shape (51,) each, mean 0 over the population."""
    move_to: Floats
    """Cumulative probabilities of the new area by old area, shape (51, 51)."""
    centres: NDArray[np.int64]
    """First and second care centre of an area, shape (51, 2)."""


def make_geography(seed: np.random.SeedSequence, area_sd: float | None = None) -> Geography:
    """Draw the areas and their true effects; the outline itself is the same for every seed.

    Without `area_sd`, the spread of the log effects of every condition, one a condition is drawn from the penalised-
    complexity prior P(sd > 0.5) = 0.05 (Simpson 2017).
    """
    rng = np.random.default_rng(seed)
    rings = _rings()
    centroids = np.array([np.mean(ring[:-1], axis=0) for ring in rings]) / (WIDTH, HEIGHT)
    share = rng.gamma(18.0, size=AREAS)
    share = share / share.sum()
    distance = np.linalg.norm(centroids[:, None] - centroids[None], axis=-1)
    field = _fields(rng, distance)
    raw_deprivation = next(field)
    deprivation = (raw_deprivation - raw_deprivation.mean()) / raw_deprivation.std()
    shared = next(field)
    spread = {name: rng.exponential(1 / AREA_SD_RATE) if area_sd is None else area_sd for name in CONDITIONS}
    drawn = {name: sd * (np.sqrt(0.4) * shared + np.sqrt(0.6) * next(field)) for name, sd in spread.items()}
    effects = {name: effect - float(np.sum(effect * share)) for name, effect in drawn.items()}
    return Geography(
        ids=_ids(),
        names=tuple(first + last for last in LAST_WORDS for first in FIRST_WORDS),
        rings=rings,
        share=share,
        deprivation=deprivation,
        spread=spread,
        effects=effects,
        move_to=_move_to(distance, deprivation, share),
        centres=_centres(centroids),
    )


def effects_after_move(geography: Geography) -> dict[str, Floats]:
    """Log of the mean hazard ratio where a move leads, by condition and old area, shape (51,) each."""
    chances = np.diff(geography.move_to, prepend=0.0, axis=1)
    return {name: np.log(chances @ np.exp(effect)) for name, effect in geography.effects.items()}


def geojson(geography: Geography) -> dict[str, object]:
    """Outlines as a GeoJSON feature collection; rings run clockwise, as d3 and vega-lite draw them."""
    return {"type": "FeatureCollection", "features": [_feature(geography, i) for i in range(AREAS)]}


def _feature(geography: Geography, i: int) -> Feature:
    return {
        "type": "Feature",
        "properties": {"area_id": geography.ids[i], "name": geography.names[i], "municipality": MUNICIPALITY_NAME},
        "geometry": {"type": "Polygon", "coordinates": [[list(point) for point in geography.rings[i]]]},
    }


def _ids() -> tuple[str, ...]:
    """Like DeSO codes of an invented municipality: 6 A (sparse), 6 B (villages), 39 C (town)."""
    letters = {0: "A", 1: "A", 4: "A", 45: "A", 49: "A", 50: "A", 2: "B", 3: "B", 5: "B", 44: "B", 47: "B", 48: "B"}
    counts = {"A": 0, "B": 200, "C": 100}
    ids = []
    for cell in range(AREAS):
        letter = letters.get(cell, "C")
        counts[letter] += 1
        ids.append(f"{MUNICIPALITY_CODE}{letter}{counts[letter]:03d}0")
    return tuple(ids)


def _rings() -> tuple[tuple[tuple[float, float], ...], ...]:
    corners = _corners()
    cells = [(r, c) for r in range(ROWS) for c in range(COLUMNS) if (r, c) not in CUT_CORNERS]
    mainland = tuple(_ring(corners, r, c) for r, c in cells)
    island = ((17.99, 59.00), (17.98, 59.03), (18.02, 59.055), (18.06, 59.04), (18.055, 59.005), (17.99, 59.00))
    return (*mainland, island)


def _corners() -> Floats:
    """Grid corners shifted by a fixed pattern: tiles share their corners, the outline is irregular."""
    rng = np.random.default_rng(9981)
    r, c = np.meshgrid(np.arange(ROWS + 1), np.arange(COLUMNS + 1), indexing="ij")
    shift = rng.uniform(-0.28, 0.28, size=(ROWS + 1, COLUMNS + 1, 2))
    lon = WEST + WIDTH * (c + shift[..., 0])
    lat = SOUTH + HEIGHT * (r + shift[..., 1])
    return np.asarray(np.round(np.stack([lon, lat], axis=-1), 4), dtype=np.float64)


def _ring(corners: Floats, r: int, c: int) -> tuple[tuple[float, float], ...]:
    order = ((r, c), (r + 1, c), (r + 1, c + 1), (r, c + 1), (r, c))
    return tuple((float(corners[at][0]), float(corners[at][1])) for at in order)


def _fields(rng: np.random.Generator, distance: Floats) -> Iterator[Floats]:
    """Endless independent standard normal fields, 60 % of the variance spatial with a range of two tiles."""
    root = np.linalg.cholesky(np.exp(-distance / 2.0) + 1e-9 * np.eye(len(distance)))
    while True:
        spatial, own = rng.standard_normal((2, AREAS))
        yield np.sqrt(0.6) * (root @ spatial) + np.sqrt(0.4) * own


def _move_to(distance: Floats, deprivation: Floats, share: Floats) -> Floats:
    unlike = np.abs(deprivation[:, None] - deprivation[None])
    weight = share * np.exp(-1.7 * unlike - distance / 6.0)
    np.fill_diagonal(weight, 0.0)
    return np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)


def _centres(centroids: Floats) -> NDArray[np.int64]:
    sites = centroids[np.linspace(0, AREAS - 1, CARE_CENTRES).astype(int)]
    distance = np.linalg.norm(centroids[:, None] - sites[None], axis=-1)
    return np.argsort(distance, axis=1, kind="stable")[:, :2] + 1
