"""Outlines of areas (GeoJSON, GeoPackage or GeoParquet) become GeoJSON with the contract's names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType

import polars as pl

from riskstrat.errors import ContractError, Problem, number_of
from riskstrat.errors.arguments import checked
from riskstrat.extras import optional

AREA_KEYS = (
    "area_id",
    "deso",
    "desokod",
    "deso_kod",
    "desokod_2018",
    "regso",
    "regsokod",
    "regso_kod",
    "kommunkod",
    "municipality",
)
NAME_KEYS = ("name", "namn", "desonamn", "regsonamn", "kommunnamn")
VERSION_KEYS = ("version", "objektversion")
VERSION_SUFFIX = r"_((?:DeSO|RegSO)\d{4})$"
"""How Statistics Sweden marks codes of a later version: ``0181C1010_DeSO2025``."""
_problem = partial(Problem, table="geometry")


@checked
def read_geography(path: str | Path, *, key: str | None = None) -> dict[str, object]:
    """Read outlines of areas.

    Parameters
    ----------
    path
        A file of GeoJSON (``.geojson``, ``.json``), GeoPackage (``.gpkg``) or GeoParquet (``.parquet``).
    key
        The attribute that holds the area's code; found by its usual names where it is left out.

    Returns
    -------
    dict
        A GeoJSON FeatureCollection. Each feature's properties are area_id without the version's suffix, name (the code
        where there is none) and version (such as ``DeSO2025``, or null). Coordinates stay in the file's system, which
        must be degrees or metres.

    Raises
    ------
    ContractError
        If the file cannot be read, is of another kind, or has no attribute with codes, or codes are missing or come
        twice; all of it at once.
    MissingExtraError
        If the extra ``spatial`` is not installed.

    Examples
    --------
    >>> import tempfile
    >>> ring = [[[17.6, 59.1], [17.7, 59.1], [17.7, 59.2], [17.6, 59.1]]]
    >>> shape = {"type": "Polygon", "coordinates": ring}
    >>> feature = {"type": "Feature", "properties": {"DeSO": "9981C1010_DeSO2025"}, "geometry": shape}
    >>> with tempfile.TemporaryDirectory() as temporary:
    ...     file = Path(temporary) / "deso.geojson"
    ...     _ = file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    ...     read_geography(file)["features"][0]["properties"]
    {'area_id': '9981C1010', 'name': '9981C1010', 'version': 'DeSO2025'}
    """
    file = Path(path)
    shapes, attributes = _features(file)
    column = _key(file, attributes, key)
    area = without_version(pl.col(column))
    _refuse_codes(attributes.select(area).to_series())
    properties = attributes.select(
        area_id=area,
        name=pl.coalesce(_text(_named(attributes, NAME_KEYS)), area),
        version=pl.coalesce(version_of(pl.col(column)), _text(_named(attributes, VERSION_KEYS))),
    )
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": said, "geometry": json.loads(shape)}
            for said, shape in zip(properties.to_dicts(), shapes, strict=True)
        ],
    }


def without_version(codes: pl.Expr) -> pl.Expr:
    """Take the version's suffix off codes of areas."""
    return codes.cast(pl.String).str.strip_chars().str.replace(VERSION_SUFFIX, "")


def version_of(codes: pl.Expr) -> pl.Expr:
    """Read the version from the suffix of codes of areas; null where there is none."""
    return codes.cast(pl.String).str.strip_chars().str.extract(VERSION_SUFFIX)


def _features(file: Path) -> tuple[list[str], pl.DataFrame]:
    """Read shapes, as text in GeoJSON, and their attributes."""
    if file.suffix.lower() not in READERS:
        raise ContractError(
            _problem(
                f"{file.name} is not a file of outlines", f"one of {', '.join(READERS)}", "export it as one of them"
            )
        )
    shapely = optional("shapely")
    of_libraries = (optional("pyogrio.errors").DataSourceError, optional("shapely.errors").ShapelyError)
    try:
        wkb, attributes = READERS[file.suffix.lower()](file)
        shapes = shapely.to_geojson(shapely.force_2d(shapely.from_wkb(wkb))).tolist()
    except (*of_libraries, OSError, ValueError, KeyError, pl.exceptions.PolarsError):
        raise ContractError(
            _problem(f"{file.name} cannot be read", "a whole file of outlines", "write it again")
        ) from None
    return shapes, attributes


def _by_ogr(file: Path) -> tuple[Iterable[bytes], pl.DataFrame]:
    said, _, shapes, columns = optional("pyogrio.raw").read(file)
    return shapes, pl.DataFrame(dict(zip(said["fields"], columns, strict=True)), strict=False)


def _by_parquet(file: Path) -> tuple[Iterable[bytes], pl.DataFrame]:
    table = optional("pyarrow.parquet").read_table(file)
    geography = json.loads((table.schema.metadata or {})[b"geo"])
    shapes = table.column(geography["primary_column"]).to_pylist()
    return shapes, pl.DataFrame(table.drop([geography["primary_column"]]))


READERS: Mapping[str, Callable[[Path], tuple[Iterable[bytes], pl.DataFrame]]] = MappingProxyType(
    {".geojson": _by_ogr, ".json": _by_ogr, ".gpkg": _by_ogr, ".parquet": _by_parquet}
)
"""Ending of a file -> how it is read: shapes as well-known binary, and their attributes."""


def _named(attributes: pl.DataFrame, names: tuple[str, ...]) -> str | None:
    """Find a column by one of its usual names, in any capitals."""
    there = {column.lower(): column for column in attributes.columns}
    return next((there[name] for name in names if name in there), None)


def _text(column: str | None) -> pl.Expr:
    return pl.lit(None, dtype=pl.String) if column is None else pl.col(column).cast(pl.String)


def _key(file: Path, attributes: pl.DataFrame, key: str | None) -> str:
    column = _named(attributes, AREA_KEYS if key is None else (key.lower(),))
    if column is None:
        wanted, there = key or "with the codes of areas", ", ".join(attributes.columns)
        found = f"{file.name} has no attribute {wanted}, only {there}"
        raise ContractError(_problem(found, f"one of {', '.join(AREA_KEYS)}", "name the attribute with key"))
    return column


def _refuse_codes(codes: pl.Series) -> None:
    known = codes.drop_nulls()
    complaints = (
        (codes.null_count(), "without a code"),
        (known.len() - known.n_unique(), "whose code another one has too"),
    )
    ContractError.refuse(
        _problem(
            f"{number_of(count, 'outline')} {what}",
            "one outline an area",
            "correct the file, or give one version of the areas",
        )
        for count, what in complaints
        if count
    )
