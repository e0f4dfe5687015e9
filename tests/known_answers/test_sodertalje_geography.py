"""Real areas: the 51 DeSO of Södertälje are one connected map, and the county's 1,287 too."""

import pytest

from reference_files import REFERENCE
from riskstrat.areas import area_lookup, neighbours, stable_areas
from riskstrat.registers import read_geography

FOLDER = REFERENCE / "geography"


@pytest.mark.parametrize(("file", "areas"), [("sodertalje_deso.geojson", 51), ("stockholm_county_deso.parquet", 1287)])
def test_the_map_is_one_connected_part_without_islands(file: str, areas: int):
    found = neighbours(read_geography(FOLDER / file))
    assert len(found.areas) == areas
    assert found.islands == ()
    assert len(found.parts) == 1


def test_the_same_outlines_in_two_files_have_the_same_neighbours():
    one, other = (read_geography(FOLDER / f"sodertalje_deso.{suffix}") for suffix in ("geojson", "parquet"))
    assert neighbours(one).pairs.tolist() == neighbours(other).pairs.tolist()


def test_a_version_looked_up_in_itself_is_stable_though_simplified_outlines_overlap():
    polygons = read_geography(FOLDER / "sodertalje_deso.geojson")
    stable = stable_areas(area_lookup(polygons, polygons)).filter(version="old")
    assert stable["area_id"].to_list() == stable["stable_id"].to_list()
