"""A figure shows itself without a network: a picture and its sentence, in Jupyter, in nbconvert and as files."""

import base64
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from altair import Chart

from riskstrat.figures import (
    Figure,
    Language,
    area_intervals,
    calibration,
    change,
    comparisons,
    flow_chart,
    funnel,
    map_certainty,
    map_chosen,
    map_classes,
    map_level,
    net_benefit,
    plan_curve,
    quintiles,
    reasons_bars,
    risk_strata,
    waterfall,
)
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study

SVG = "{http://www.w3.org/2000/svg}"
REQUESTED = r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import"""
"""How a page asks for an address; the name of a namespace is none."""


def figures_of(published: Published, language: Language) -> dict[str, Figure]:
    tables, geometry = published.tables, str(published.source.geometry)
    some = tables["areas"].frame["area_id"].to_list()[:3]
    return {
        "intervals": area_intervals(tables["areas"], language),
        "one class": area_intervals(tables["areas"], language, "uncertain"),
        "calibration": calibration(tables["calibration_person"], language),
        "change": change(tables["periods"], language),
        "comparisons": comparisons(tables["plan_comparisons"], language),
        "flow": flow_chart(tables["flow"], language),
        "certainty": map_certainty(tables["areas"], geometry, language),
        "chosen": map_chosen(tables["areas"], tables["plan_selected"], geometry, language),
        "classes": map_classes(tables["areas"], geometry, language),
        "level": map_level(tables["areas"], geometry, language),
        "curve": plan_curve(tables["plan_curve"], 2e6, language),
        "quintiles": quintiles(tables["quintiles"], tables["inequality"], language),
        "reasons": reasons_bars(tables["reasons"], tables["areas"], some, language),
        "strata": risk_strata(tables["risk_strata"], language),
        "funnel": funnel(tables["areas"], language),
        "net benefit": net_benefit(tables["net_benefit_person"], language),
        "waterfall": waterfall(tables["reasons"], tables["areas"], some[0], language),
    }


@pytest.fixture(scope="module", params=["sv", "en"])
def figures(request: pytest.FixtureRequest, study: Study) -> dict[str, Figure]:
    return figures_of(publish(study), request.param)


def test_every_chart_keeps_to_the_schema_of_vega_lite(figures: dict[str, Figure]):
    for figure in figures.values():
        Chart.from_dict(dict(figure.specification), validate=True)


def test_no_channel_is_looked_up_in_the_whole_schema(study: Study, monkeypatch: pytest.MonkeyPatch):
    # A channel given as a string or a value, and not as its class, has altair hash each of its 570 definitions again.
    released = publish(study)
    monkeypatch.setattr("altair.utils.schemapi._FromDict", lambda _: pytest.fail("looked up"))
    assert figures_of(released, "en")


def test_a_browser_draws_labels_in_a_font_in_which_they_were_measured(figures: dict[str, Figure]):
    # vl-convert measures in Liberation Sans; a wider font of the reader's machine would push labels out of the picture.
    lists = re.findall(r'font-family="([^"]+)"', "".join(figure.drawing(360) for figure in figures.values()))
    named = {name.strip(" '") for fonts in lists for name in fonts.split(",")}
    assert named == {"Arial", "Liberation Sans", "Helvetica", "sans-serif"}


class Image(HTMLParser):
    """The attributes of the elements of a fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]):
        self.elements.append((tag, dict(attrs)))


def test_every_figure_has_a_title_and_a_sentence_of_released_numbers(figures: dict[str, Figure]):
    for name, figure in figures.items():
        assert figure.title[0].isupper() or figure.title[0].isdigit(), name
        assert re.search(r"\w{3}", figure.sentence), name
        assert not re.search(r"\bNone\b|\bnan\b|[{}]", figure.alternative), name
        assert figure.specification["description"] == figure.sentence, name
    numbered = {"calibration", "change", "comparisons", "flow", "level", "curve", "quintiles", "reasons", "strata"}
    assert all(re.search(r"\d", figures[name].sentence) for name in numbered)


def test_jupyter_is_given_an_image_with_its_alternative_text_and_nothing_to_load(figures: dict[str, Figure]):
    for figure in (figures["curve"], figures["classes"]):
        data, metadata = figure._repr_mimebundle_()
        assert set(data) == {"text/html", "image/svg+xml", "image/png", "text/plain"}
        ((tag, attributes),) = Image(data["text/html"]).elements
        assert (tag, attributes["alt"]) == ("img", figure.alternative)
        assert base64.b64decode(attributes["src"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
        assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
        assert metadata["image/png"]["alt"] == data["text/plain"] == figure.alternative
        assert not re.search(REQUESTED, data["text/html"] + data["image/svg+xml"])


def test_svg_is_an_image_with_label_title_and_description(figures: dict[str, Figure]):
    for figure in (figures["comparisons"], figures["reasons"]):
        root = ET.fromstring(figure.svg())  # noqa: S314 (made here)
        assert (root.get("role"), root.get("aria-label")) == ("img", figure.alternative)
        assert root.findtext(f"{SVG}title") == figure.title
        assert root.findtext(f"{SVG}desc") == figure.alternative
        drawn = "".join(root.itertext())
        assert all(word in drawn for word in figure.title.split()[:3])


def test_a_figure_is_short_as_text(figures: dict[str, Figure]):
    for figure in figures.values():
        assert len(repr(figure)) < 2_000


def test_names_in_the_alternative_text_are_text_and_never_markup(hostile_study: Study):
    figure = area_intervals(publish(hostile_study).tables["areas"], "sv")
    data, _ = figure._repr_mimebundle_()
    assert "<script>alert" in figure.sentence
    assert [tag for tag, _ in Image(data["text/html"]).elements] == ["img"]
    assert "<script" not in data["image/svg+xml"]
    root = ET.fromstring(data["image/svg+xml"])  # noqa: S314 (made here)
    assert root.get("aria-label") == figure.alternative


def test_a_notebook_shows_the_picture_and_its_sentence_without_a_network(figures: dict[str, Figure]):
    nbformat, nbconvert = pytest.importorskip("nbformat"), pytest.importorskip("nbconvert")
    figure = figures["strata"]
    data, metadata = figure._repr_mimebundle_()
    cell = nbformat.v4.new_code_cell("figure")
    empty = nbconvert.HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    cell.outputs = [nbformat.v4.new_output("display_data", data=data, metadata=metadata)]
    html = nbconvert.HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    shown = [attributes for tag, attributes in Image(html).elements if tag == "img"]
    assert [attributes["alt"] for attributes in shown] == [figure.alternative]
    # nbconvert's own page loads its scripts; the figure adds nothing to them.
    assert re.findall(REQUESTED, html) == re.findall(REQUESTED, empty)
    assert html.lower().count("vega") == empty.lower().count("vega")
