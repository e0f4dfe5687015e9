"""The report in a real browser: charts drawn, nothing asked for, nothing wider than the screen."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from riskstrat.records.study import Study
from riskstrat.reports import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SHORTEST_PNG = 20_000
PHONE_PX = 390

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

MEASURE = """<script>setTimeout(function () {
  const page = document.documentElement;
  document.title = JSON.stringify({
    drawn: page.dataset.charts, wide: page.scrollWidth, window: window.innerWidth,
    charts: document.querySelectorAll("[data-chart]").length,
    pictures: document.querySelectorAll("[data-chart] svg").length,
    shapes: document.querySelectorAll("#chart-map-classes svg path").length,
    requests: performance.getEntriesByType("resource").length});
  parent.postMessage(document.title, "*");
}, 4000);</script></body>"""


PHONE = """<!DOCTYPE html><title></title><script>
addEventListener("message", function (told) { document.title = told.data; });
</script><iframe width="390" height="800" style="border: 0" src="ADDRESS"></iframe>"""
"""No window of this browser is as narrow as a phone; a frame is."""


def browse(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the browser without a window; it may not reach the network."""
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=9000",
               "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"]  # fmt: skip
    return subprocess.run(
        [str(CHROMIUM), *options, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module", params=["rich", "scarce", "placeless"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = {"rich": "study", "scarce": "scarce_study", "placeless": "placeless_study"}[request.param]
    found: Study = request.getfixturevalue(name)
    return write_report(found, tmp_path_factory.mktemp("reports") / f"{request.param}.html", language="sv")


@pytest.mark.parametrize("width", [1280, PHONE_PX])
def test_every_chart_is_drawn_and_nothing_is_wider_than_the_screen(report: Path, width: int):
    measured = report.with_name(f"{report.stem}_measured.html")
    # The scripts of the page hold the words </body> too.
    before, _, after = report.read_text(encoding="utf-8").rpartition("</body>")
    measured.write_text(f"{before}{MEASURE}{after}", encoding="utf-8")
    framed = measured.with_name(f"{report.stem}_phone.html")
    framed.write_text(PHONE.replace("ADDRESS", measured.as_uri()), encoding="utf-8")
    shown = measured if width > PHONE_PX else framed
    done = browse(f"--window-size={max(width, 600)},900", "--dump-dom", shown.as_uri())
    title = re.search(r"<title>(.*?)</title>", done.stdout).group(1)
    found = dict(re.findall(r'"(\w+)":"?([\w]+)', title))
    assert found["drawn"] == "drawn"
    assert found["charts"] == found["pictures"] != "0"
    assert int(found["wide"]) <= int(found["window"]) == width
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


def test_without_scripts_the_words_and_numbers_stand(report: Path):
    bare = report.with_name(f"{report.stem}_bare.html")
    text = re.sub(r"<script.*?</script>", "", report.read_text(encoding="utf-8"), flags=re.DOTALL)
    bare.write_text(text, encoding="utf-8")
    shown = browse("--dump-dom", bare.as_uri()).stdout
    assert "väntas" in shown
    assert "<table" in shown
    assert "Bilden kräver JavaScript." in text
