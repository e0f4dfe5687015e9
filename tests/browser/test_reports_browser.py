"""The report in a real browser: charts drawn, nothing asked for, nothing wider than the screen."""

import html
import re
from pathlib import Path

import pytest

from chromium import CHROMIUM, browse, images_told
from riskstrat.publication import draw
from riskstrat.records.study import Study
from riskstrat.reports import write_report

SHORTEST_PNG = 20_000
PHONE_PX = 360
SMALLEST_TEXT_PX = 10
NARROWEST_PX = 250

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

MEASURE = """<script>setTimeout(function () {
  const page = document.documentElement;
  const shown = Array.from(document.querySelectorAll(".chart svg")).filter((svg) => svg.clientWidth > 0);
  const beyond = (svg) => Array.from(svg.querySelectorAll("text")).some(function (text) {
    const word = text.getBoundingClientRect(), frame = svg.getBoundingClientRect();
    return word.width > 0 && (word.left < frame.left - 4 || word.right > frame.right + 4);
  });
  document.title = JSON.stringify({
    wide: page.scrollWidth, window: window.innerWidth,
    charts: document.querySelectorAll(".chart").length, pictures: shown.length,
    narrowest: Math.min(...shown.map((svg) => svg.clientWidth)),
    cut: shown.filter((svg) => svg.getBoundingClientRect().right > window.innerWidth || beyond(svg)).length,
    smallest: 10 * Math.min(...shown.flatMap((svg) => Array.from(svg.querySelectorAll("text"),
      (text) => parseFloat(text.getAttribute("font-size")) * svg.clientWidth / svg.viewBox.baseVal.width))),
    shapes: document.querySelectorAll("#chart-map-classes svg path").length,
    requests: performance.getEntriesByType("resource").length});
  parent.postMessage(document.title, "*");
}, 1000);</script></body>"""


PHONE = """<!DOCTYPE html><title></title><script>
addEventListener("message", function (told) { document.title = told.data; });
</script><iframe width="360" height="800" style="border: 0" src="ADDRESS"></iframe>"""
"""No window of this browser is as narrow as a phone; a frame is."""


@pytest.fixture(scope="module", params=["rich", "scarce", "placeless"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = {"rich": "study", "scarce": "scarce_study", "placeless": "placeless_study"}[request.param]
    found: Study = request.getfixturevalue(name)
    return write_report(found, tmp_path_factory.mktemp("reports") / f"{request.param}.html", language="sv")


@pytest.mark.parametrize("width", [1280, PHONE_PX])
def test_every_chart_is_drawn_and_nothing_is_wider_than_the_screen(report: Path, width: int):
    measured = report.with_name(f"{report.stem}_measured.html")
    page = report.read_text(encoding="utf-8").replace("default-src 'none';", "script-src 'unsafe-inline';")
    measured.write_text(page.replace("</body>", MEASURE), encoding="utf-8")
    framed = measured.with_name(f"{report.stem}_phone.html")
    framed.write_text(PHONE.replace("ADDRESS", measured.as_uri()), encoding="utf-8")
    shown = measured if width > PHONE_PX else framed
    done = browse(f"--window-size={max(width, 600)},900", "--dump-dom", shown.as_uri())
    title = re.search(r"<title>(.*?)</title>", done.stdout).group(1)
    found = dict(re.findall(r'"(\w+)":"?([\w]+)', title))
    assert found["charts"] == found["pictures"] != "0"
    assert found["cut"] == "0"
    assert int(found["smallest"].split(".")[0]) >= SMALLEST_TEXT_PX * 10
    assert int(found["wide"]) <= int(found["window"]) == width
    assert int(found["narrowest"]) > NARROWEST_PX
    assert found["requests"] == "0"
    if "placeless" not in report.stem:
        assert int(found["shapes"]) > 51


def test_the_console_is_silent(report: Path):
    done = browse("--window-size=1280,900", f"--screenshot={report.with_suffix('.png')}", report.as_uri())
    assert not re.findall(r".*:CONSOLE.*", done.stderr)


@pytest.mark.parametrize("width", [1280, 500])
def test_a_picture_of_the_page_is_not_empty(report: Path, width: int):
    picture = report.with_name(f"{report.stem}_{width}.png")
    browse(f"--window-size={width},1600", f"--screenshot={picture}", report.as_uri())
    assert picture.stat().st_size > SHORTEST_PNG


def test_without_scripts_the_words_the_numbers_and_the_charts_stand(report: Path):
    unscripted = report.with_name(f"{report.stem}_unscripted.html")
    # No script has this digest, so that none runs.
    page = re.sub(r"script-src 'sha256-[^']*'", "script-src 'none'", report.read_text(encoding="utf-8"))
    unscripted.write_text(page, encoding="utf-8")
    shown = browse("--dump-dom", unscripted.as_uri()).stdout
    assert "väntas" in shown
    assert "<table" in shown
    assert shown.count('class="chart"') <= shown.count("<svg")
    if 'id="slider"' in shown:
        assert '<div id="slider-control" hidden' in shown
        assert 'id="grid-budgets"' in shown


def test_a_screen_reader_is_told_the_sentence_of_every_chart(report: Path):
    labels = re.findall(r'role="(?:img|group)" aria-label="(.*?)"', report.read_text(encoding="utf-8"))
    sentences = [html.unescape(label) for label in labels]
    told = images_told(f"{report.as_uri()}#sheets-all", until="document.readyState === 'complete'")
    assert sentences
    assert sorted(told) == sorted(sentences)


def test_a_screen_reader_is_told_the_sentence_of_a_figure_in_a_notebook(study: Study, tmp_path: Path):
    nbformat, nbconvert = pytest.importorskip("nbformat"), pytest.importorskip("nbconvert")
    figure = draw(study.plan, "sv")
    data, metadata = figure._repr_mimebundle_()
    cell = nbformat.v4.new_code_cell("figure")
    cell.outputs = [nbformat.v4.new_output("display_data", data=data, metadata=metadata)]
    page = tmp_path / "notebook.html"
    converted = nbconvert.HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))[0]
    page.write_text(converted, encoding="utf-8")
    drawn = "document.images.length === 1 && document.images[0].naturalWidth > 600"
    assert images_told(page.as_uri(), until=drawn) == [figure.alternative]
