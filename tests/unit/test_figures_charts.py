"""Charts say what their released tables say, carry their own data and become PNG."""

import polars as pl
import pytest

from riskstrat.disclosure import Disclosure, Table, release
from riskstrat.figures import (
    Language,
    area_intervals,
    comparisons,
    funnel,
    map_classes,
    plan_curve,
    reasons_bars,
    trend_panels,
    waterfall,
    with_class,
)
from riskstrat.figures.tables import table_html
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study


@pytest.fixture(scope="module")
def released(study: Study) -> Published:
    return publish(study)


@pytest.fixture(scope="module")
def scarce(scarce_study: Study) -> Published:
    return publish(scarce_study)


EXACT = Disclosure(rounding=1, protection="none")
"""Thresholds without noise."""


def values_of(drawn: dict, layer: int = 0) -> list[dict]:
    """Rows behind a layer; layers of one frame share it."""
    return drawn["datasets"][(drawn["layer"][layer].get("data") or drawn["data"])["name"]]


def small_areas() -> Table:
    frame = pl.DataFrame(
        {
            "area_id": ["1", "2", "3"],
            "name": ["Öster", "Älvstaden", "Norr"],
            "cases": [40, 3, 40],
            "people": [200, 200, 200],
            "relative_risk": [1.5, 1.1, 0.6],
            "relative_risk_lower": [1.2, 0.8, 0.4],
            "relative_risk_upper": [1.9, 1.6, 0.9],
            "class": ["clearly higher", "uncertain", "clearly lower"],
        }
    )
    derived = [name for name in frame.columns if name.startswith("relative")] + ["class"]
    return Table(
        frame,
        dimensions=("area_id", "name"),
        denominators={"cases": "people"},
        counts=("cases",),
        derived=dict.fromkeys(derived, ("cases", "people")),
    )


def test_a_withheld_area_has_no_class_but_that():
    frame = with_class(release(small_areas(), EXACT))
    assert dict(frame.select("name", "class").iter_rows()) == {
        "Norr": "clearly_lower",
        "Älvstaden": "withheld",
        "Öster": "clearly_higher",
    }


def test_intervals_leave_withheld_areas_out_and_never_sort_by_risk():
    drawn = area_intervals(release(small_areas(), EXACT)).specification
    names = [row["label"] for row in values_of(drawn, 1)]
    assert names == ["Öster", "Norr"]


def test_the_axis_of_one_class_is_that_of_all():
    areas = release(small_areas(), EXACT)
    domains = [
        area_intervals(areas, of_class=kind).specification["layer"][1]["encoding"]["x"]["scale"]["domain"]
        for kind in ("clearly_higher", "clearly_lower")
    ]
    assert domains[0] == domains[1]


def test_a_map_hatches_what_is_withheld_and_tells_no_number_of_it(scarce: Published):
    figure = map_classes(scarce.tables["areas"], str(scarce.source.geometry))
    areas = values_of(figure.specification)
    withheld = [area["properties"]["told"] for area in areas if "streckat" in area["properties"]["value"]]
    assert len(areas) == 51
    assert withheld
    assert all(told.endswith(": för få för att visas") for told in withheld)
    assert figure.svg().count('fill="url(#hatched)"') == len(withheld) + 1  # and the legend


def test_every_area_of_a_rich_map_has_its_risk_in_words(released: Published):
    drawn = map_classes(released.tables["areas"], str(released.source.geometry)).specification
    told = [feature["properties"]["told"] for feature in values_of(drawn)]
    assert all("%" in text and "–" in text for text in told)
    assert len(told) == len(set(told)) == 51
    assert [text.partition(" ")[0] for text in told] == [str(n) for n in range(1, 52)]
    assert [row["n"] for row in values_of(drawn, 2)] == [str(n) for n in range(1, 52)]


def test_the_parts_of_a_bar_add_up_to_its_dot(released: Published):
    areas = with_class(released.tables["areas"])
    high = areas.filter(pl.col("class") == "clearly_higher")["area_id"].to_list()
    drawn = reasons_bars(released.tables["reasons"], released.tables["areas"], high).specification
    parts, dots = values_of(drawn), values_of(drawn, 2)
    for dot in dots:
        found = sum(row["points"] for row in parts if row["name"] == dot["name"])
        assert found == pytest.approx(dot["points"])
    assert len(dots) == len(high)


def test_the_plan_stands_first_among_its_comparators(released: Published):
    drawn = comparisons(released.tables["plan_comparisons"]).specification
    assert values_of(drawn)[0]["label"] == "den här planen"


@pytest.mark.parametrize("language", ["sv", "en"])
def test_png_for_notebooks(released: Published, language: Language):
    drawn = plan_curve(released.tables["plan_curve"], 2_000_000, language)
    assert drawn.png(width_px=200).startswith(b"\x89PNG")


def test_cells_of_a_table_are_escaped_and_missing_ones_are_a_dash():
    html = table_html(pl.DataFrame({"a": ["<script>", None]}, schema={"a": pl.String}), "t")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "–" in html


def test_the_steps_of_a_waterfall_lead_to_the_whole(released: Published):
    area = released.tables["areas"].frame["area_id"][0]
    steps = values_of(waterfall(released.tables["reasons"], released.tables["areas"], area).specification)
    assert [row["begins"] for row in steps[1:-1]] == [row["ends"] for row in steps[:-2]]
    assert steps[-2]["ends"] == pytest.approx(steps[-1]["ends"])
    assert steps[0]["begins"] == steps[-1]["begins"] == 0


def test_the_funnel_names_areas_outside_the_outer_limits_and_no_others():
    names, cases = ["Norr", "Söder", "Öster"], [100, 137, 60]
    frame = pl.DataFrame({"area_id": names, "name": names, "class": ["uncertain"] * 3, "cases": cases})
    places = frame.with_columns(expected=pl.lit(100.0))
    exact = Table(places, dimensions=("area_id", "name"), counts=("cases",), public=("class", "expected"))
    drawn = funnel(release(exact, EXACT), "en")
    assert drawn.title == "Two of 3 areas lie outside what chance alone explains"
    assert "Outside the outer limits: Söder and Öster." in drawn.sentence


def test_panels_of_trends_share_one_scale_and_name_what_rises():
    levels = {"relative_level": [1.0, 1.5], "relative_level_lower": [0.9, 1.3], "relative_level_upper": [1.1, 1.7]}
    years = {"first_year": [2011, 2011], "last_year": [2021, 2021], "yearly_ratio": [1.0, 1.03]}
    named = {"area_id": ["1", "2"], "name": ["Norr", "Söder"], "high_and_rising": [False, True]}
    frame = pl.DataFrame(named | levels | years)
    public = [name for name in frame.columns if name not in ("area_id", "name")]
    drawn = trend_panels(release(Table(frame, dimensions=("area_id", "name"), public=public), EXACT), "sv")
    rows = {(row["name"], row["x"]): row for row in values_of(drawn.specification)}
    assert rows[("Norr", 0.0)]["y"] == rows[("Norr", 1.0)]["y"] == rows[("Norr", 0.0)]["same"]
    flat, steep = (rows[(name, end)] for name, end in (("Söder", 1.2), ("Söder", 2.2)))
    assert steep["y"] > flat["y"] > flat["same"]
    assert drawn.title == "Ett av 2 områden är tydligt högt och stigande från 2011 till 2021"
    assert "Söder" in drawn.sentence
