"""A made-up county: nine municipalities side by side, of unlike size, as one set of registers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl

from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.registers.writing import write_registers
from riskstrat.synthetic.geography import COLUMNS, HEIGHT, ROWS, WIDTH, Feature
from riskstrat.synthetic.municipality import FEWEST_PEOPLE, Municipality, municipality
from riskstrat.synthetic.parameters import MUNICIPALITY_CODE
from riskstrat.synthetic.writing import manifest

SHARES: Final[Mapping[str, float]] = {
    "Storstad": 0.30,
    "Modellstad": 0.20,
    "Hamnby": 0.12,
    "Bruksås": 0.10,
    "Kyrkvik": 0.08,
    "Slättö": 0.07,
    "Skogsmark": 0.05,
    "Fjärdbo": 0.04,
    "Lillholm": 0.04,
}
"""Municipalities of the county and their shares of its people: two towns, and places where numbers are small."""
NAME: Final = "Modellän"
FEWEST_IN_COUNTY: Final = round(FEWEST_PEOPLE / min(SHARES.values()))
_PERSONS = ("person_id", "mother_id", "father_id")
_ROOM = 10**9
"""Ids of a municipality's people lie in a block of their own."""


@checked
def write_county(people: int, seed: int, out: Path | str, *, area_sd: float | None = None) -> Path:
    """Write nine municipalities of unlike size as one register folder, with 459 areas.

    Parameters
    ----------
    people
        Residents of the county wanted at the end of 2023, at least 12,500.
    seed
        The same seed gives the same county.
    area_sd
        As in `municipality`.
    out
        Folder; it is new, empty, or an earlier result, which is replaced.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    UsageError
        If there are too few people for nine municipalities, or `out` may not be replaced.

    Examples
    --------
    >>> write_county(1_000, 1, "county")
    Traceback (most recent call last):
    ...
    riskstrat.errors.UsageError: a county of 1,000 people; expected at least 12500, ...
    """
    if people < FEWEST_IN_COUNTY:
        expected = f"at least {FEWEST_IN_COUNTY}, for nine municipalities"
        raise UsageError(Problem(f"a county of {number_of(people, 'person', 'people')}", expected, "ask for more"))
    made = [
        _placed(municipality(round(people * share), seed + number, area_sd=area_sd), name, number)
        for number, (name, share) in enumerate(SHARES.items())
    ]
    tables = {name: pl.concat([tables[name] for tables, _ in made]) for name in made[0][0]}
    features = [feature for _, features in made for feature in features]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    return write_registers(out, tables, manifest().model_copy(update={"name": NAME}), {"geometry.geojson": text})


def _placed(made: Municipality, name: str, number: int) -> tuple[dict[str, pl.DataFrame], list[Feature]]:
    """Give a municipality people, areas and a place of its own."""
    code = str(int(MUNICIPALITY_CODE) + number)
    own = {
        **{column: pl.col(column) + number * _ROOM for column in _PERSONS},
        "area_id": pl.lit(code) + pl.col("area_id").str.slice(len(MUNICIPALITY_CODE)),
        "care_centre_id": pl.lit(code) + pl.col("care_centre_id"),
        "name": pl.col("name") + f", {name}",
        "municipality": pl.lit(name),
    }
    return (
        {
            table: frame.with_columns(**{column: own[column] for column in own if column in frame.columns})
            for table, frame in made.tables.items()
        },
        [_shifted(feature, code, name, number) for feature in made.geometry["features"]],  # type: ignore[attr-defined]
    )


def _shifted(feature: Feature, code: str, name: str, number: int) -> Feature:
    """Put the outline of an area where its municipality lies: three beside three."""
    row, column = divmod(number, 3)
    east, north = column * WIDTH * (COLUMNS + 2), row * HEIGHT * (ROWS + 2)
    rings: Any = feature["geometry"]["coordinates"]
    properties = {
        "area_id": code + feature["properties"]["area_id"][len(MUNICIPALITY_CODE) :],
        "name": f"{feature['properties']['name']}, {name}",
        "municipality": name,
    }
    moved = [[[round(x + east, 4), round(y + north, 4)] for x, y in ring] for ring in rings]
    return Feature(type="Feature", properties=properties, geometry={"type": "Polygon", "coordinates": moved})
