"""Outlines in every file that planners have, and the versions of their codes."""

import json
from pathlib import Path

import polars as pl
import pytest
import shapely
from pyogrio.raw import write

from riskstrat.errors import ContractError
from riskstrat.registers import read_geography
from riskstrat.registers.geography import version_of, without_version

CODES = ["9981A0010", "9981C1010_DeSO2025"]
SQUARES = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]


def written(file: Path, codes: list[str], **attributes: list[object]) -> Path:
    columns = {"DeSO": codes, **attributes}
    layer = {"crs": "EPSG:3006", "geometry_type": "Polygon"}
    write(file, shapely.to_wkb(SQUARES[: len(codes)]), list(map(as_array, columns.values())), list(columns), **layer)
    return file


def as_array(values: list[object]):
    return pl.Series(values).to_numpy()


def parquet(file: Path) -> Path:
    geo = {"primary_column": "shape", "columns": {"shape": {"encoding": "WKB"}}, "version": "1.1.0"}
    table = pl.DataFrame({"desokod": CODES, "shape": shapely.to_wkb(SQUARES).tolist()}).to_arrow()
    import pyarrow.parquet

    pyarrow.parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), file)
    return file


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet"])
def test_every_kind_of_file_gives_the_same_areas(tmp_path: Path, suffix: str):
    file = tmp_path / f"areas.{suffix}"
    found = read_geography(parquet(file) if suffix == "parquet" else written(file, CODES))
    said = [feature["properties"] for feature in found["features"]]
    assert [one["area_id"] for one in said] == ["9981A0010", "9981C1010"]
    assert [one["version"] for one in said] == [None, "DeSO2025"]
    shapes = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in found["features"]]
    if suffix != "geojson":  # GeoJSON is in degrees by its standard, so that metres were converted on the way
        assert all(one.equals(other) for one, other in zip(shapes, SQUARES, strict=True))


def test_the_suffix_is_the_version_and_other_underscores_are_not():
    codes = pl.DataFrame({"code": ["0181C1010_DeSO2025", "0181R001_RegSO2025", "0181C1010", "my_area_2025", None]})
    read = codes.select(code=without_version(pl.col("code")), version=version_of(pl.col("code")))
    assert read.rows() == [
        ("0181C1010", "DeSO2025"),
        ("0181R001", "RegSO2025"),
        ("0181C1010", None),
        ("my_area_2025", None),
        (None, None),
    ]


def test_two_versions_in_one_file_are_refused_with_a_count(tmp_path: Path):
    with pytest.raises(ContractError, match="1 outline whose code another one has too"):
        read_geography(written(tmp_path / "a.gpkg", ["9981A0010", "9981A0010_DeSO2025"]))


def test_a_file_without_codes_says_what_it_has(tmp_path: Path):
    file = tmp_path / "a.gpkg"
    write(file, shapely.to_wkb(SQUARES), [as_array([1, 2])], ["other"], geometry_type="Polygon", crs="EPSG:3006")
    with pytest.raises(ContractError, match="no attribute with the codes of areas, only other"):
        read_geography(file)
    assert read_geography(file, key="Other")["features"][1]["properties"]["area_id"] == "2"


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet", "shp"])
def test_what_is_no_file_of_outlines_is_one_clear_error(tmp_path: Path, suffix: str):
    file = tmp_path / f"cut.{suffix}"
    file.write_bytes(b'{"type": "FeatureCollection", "features": [')
    with pytest.raises(ContractError, match=f"cut.{suffix}"):
        read_geography(file)
