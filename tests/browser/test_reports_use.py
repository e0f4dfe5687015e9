"""The report as it is used: by mouse, keyboard and screen reader, on a telephone, in grey and on paper."""

import base64
import re
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise, product
from pathlib import Path

import polars as pl
import pytest

from chromium import CHROMIUM, browse, opened, pages_of, press, value_of
from riskstrat import conditions
from riskstrat.figures import Numbers
from riskstrat.publication import Published, publish
from riskstrat.records.study import Study
from riskstrat.reports import write_report

FEWEST_PAGES, MOST_PAGES = 6, 8
LANGUAGES = ("sv", "en")
FEWEST_SCROLLING = {"report": 6, "across": 1}
"""Tables and charts of a page that are wider than a telephone."""
SMALLEST_STEP_OF_GREY = 0.1

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

REACHABLE = """Array.from(document.querySelectorAll("a[href]:not([tabindex='-1']), summary, input, [tabindex='0']"))
  .filter((one) => one.checkVisibility({visibilityProperty: true})).length"""
FOCUSED = """(function () {
  const at = document.activeElement, all = Array.from(document.querySelectorAll("*"));
  const style = getComputedStyle(at);
  return at === document.body ? null : [all.indexOf(at), style.outlineStyle !== "none"];
})()"""
BEYOND = """Array.from(document.querySelectorAll("body *")).filter((one) => one.checkVisibility()
  && one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll"))
  .map((one) => one.outerHTML.slice(0, 200))"""
"""What reaches beyond the screen outside the regions that scroll."""
REGIONS = """(function () {
  const all = Array.from(document.querySelectorAll("body :not(svg *)")).filter((one) => one.checkVisibility()
    && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "auto");
  return [all.length, all.filter((one) => one.getAttribute("role") !== "region" || !one.getAttribute("aria-label")
    || one.tabIndex !== 0).map((one) => one.outerHTML.slice(0, 200))];
})()"""
"""How many elements scroll sideways, and those that the keyboard does not reach by a name."""
POINTED = """(function () {
  const at = document.activeElement, pointed = at.closest(".part").querySelector(".pointed");
  return [at.getAttribute("href"), at.getAttribute("aria-label"), pointed.textContent,
    getComputedStyle(at.querySelector("path")).strokeWidth];
})()"""
CELLS = """[document.getElementById("budget-written").textContent, document.getElementById("budget").ariaValueText,
  document.getElementById("budget-told").textContent, document.getElementById("title-map-chosen").textContent,
  ...Array.from(document.querySelectorAll("#slider dd"), (cell) => cell.textContent)]"""
FILLS = """Object.values(Object.groupBy(Array.from(document.querySelectorAll("#chart-map-chosen path:has(> title)")),
  (path) => path.getAttribute("fill"))).map((paths) => [paths[0].getAttribute("fill"), paths.length])"""
BARE = """Array.from(document.querySelectorAll("figure")).filter((one) =>
  !one.querySelector("a.data[href^='data:text/csv']") || !one.querySelector(".chart[aria-label]")).length"""
DEAD = """Array.from(document.querySelectorAll("a[href^='#']"))
  .filter((one) => !document.getElementById(one.getAttribute("href").slice(1))).length"""


@pytest.fixture(scope="module")
def published(study: Study) -> Published:
    return publish(study)


@pytest.fixture(scope="module", params=LANGUAGES)
def report(published: Published, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("used") / f"{request.param}.html"
    return write_report(published, file, language=request.param, sender="Kommunen & co", contact="a@b.se")


@pytest.fixture(scope="module")
def several(study: Study, published: Published) -> list[Published]:
    """The same study as if of each condition, with programmes to compare."""
    others = [
        replace(conditions.load(name), programmes=study.condition.programmes)
        for name in ("early_cvd", "childhood_obesity")
    ]
    return [published, *(publish(replace(study, condition=other)) for other in others)]


@pytest.fixture(scope="module", params=[*product(FEWEST_SCROLLING, LANGUAGES)], ids="_".join)
def page(several: list[Published], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a study, and that across conditions with weights."""
    kind, language = request.param
    weights = {one.condition.name: number for number, one in enumerate(several, 1)}
    shown = {"report": several[0], "across": several}[kind]
    file = tmp_path_factory.mktemp("pages") / f"{kind}.html"
    told = {"weights": weights} if kind == "across" else {}
    return write_report(shown, file, language=language, sender="Kommunen & co", contact="a@b.se", **told)


def test_the_slider_gives_the_values_of_the_plan_at_every_budget(report: Path, published: Published):
    curve, units = published.frame("plan_curve"), published.frame("plan_curve_units")
    numbers = Numbers(report.stem)
    with opened(report.as_uri()) as ask:
        value_of(ask, "document.getElementById('budget').focus()")
        start = curve["budget_sek"].to_list().index(published.budget_sek)
        assert value_of(ask, "Number(document.getElementById('budget').value)") == start
        press(ask, "Home")
        for row in curve.iter_rows(named=True):
            written, spoken, told, title, *cells = value_of(ask, CELLS)
            assert written == spoken == numbers.sek(row["budget_sek"])
            averted = numbers.interval(row["averted"], row["lower"], row["upper"])
            assert averted in cells
            assert averted in told
            assert numbers.number(row["reached"]) in cells
            chosen = units.filter(budget_sek=row["budget_sek"])
            fills = dict(value_of(ask, FILLS))
            assert fills.get("#1f4e79", 0) == chosen.filter(offered="whole").height
            assert fills.get("#8fb0cf", 0) == chosen.filter(offered="part").height
            assert title
            press(ask, "ArrowRight")
        assert fills["#1f4e79"] == 51  # the last budget reaches everybody


def test_the_keyboard_reaches_everything_and_what_has_the_focus_is_seen(page: Path):
    with opened(page.as_uri()) as ask:
        reachable, reached = value_of(ask, REACHABLE), {}
        for _ in range(reachable + 5):
            press(ask, "Tab")
            found = value_of(ask, FOCUSED)
            if found is not None:
                reached[found[0]] = found[1]
        assert len(reached) == reachable
        assert all(reached.values())


def test_axe_finds_no_serious_violation(page: Path):
    axe = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed: .ci/full installs it")
    script = (files(axe) / "axe.min.js").read_text(encoding="utf-8")
    with opened(page.as_uri()) as ask:
        value_of(ask, f"{script}; 0")
        found = value_of(ask, "axe.run(document, {resultTypes: ['violations']})")
    serious = [one for one in found["violations"] if one["impact"] in {"serious", "critical"}]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in serious] == []
    assert found["passes"]


def test_a_page_from_a_file_says_nothing_in_the_console_and_asks_for_nothing(page: Path):
    shown = browse("--window-size=1280,900", "--dump-dom", page.as_uri())
    assert re.findall(r".*:CONSOLE.*", shown.stderr) == []
    assert "<table" in shown.stdout
    with opened(page.as_uri()) as ask:
        assert value_of(ask, "location.protocol") == "file:"
        assert value_of(ask, "performance.getEntriesByType('resource').length") == 0
        assert value_of(ask, DEAD) == 0


def test_every_figure_has_its_data_and_its_sentence_and_no_link_is_dead(report: Path):
    with opened(report.as_uri()) as ask:
        assert value_of(ask, "document.querySelectorAll('figure').length") > 10
        assert value_of(ask, BARE) == 0
        assert value_of(ask, DEAD) == 0


def test_the_console_is_silent_and_nothing_is_asked_of_the_network_when_the_slider_moves(report: Path):
    with opened(report.as_uri()) as ask:
        value_of(ask, "window.faults = []; addEventListener('error', (fault) => faults.push(fault.message))")
        value_of(ask, "addEventListener('securitypolicyviolation', (fault) => faults.push(fault.violatedDirective))")
        value_of(ask, "document.getElementById('budget').focus()")
        press(ask, "End")
        assert value_of(ask, "faults") == []
        assert value_of(ask, "performance.getEntriesByType('resource').length") == 0
        # No other script than the report's own may run.
        value_of(ask, "document.body.append(Object.assign(document.createElement('script'), {text: 'window.x = 1'}))")
        assert value_of(ask, "typeof window.x") == "undefined"


def test_the_names_of_areas_in_tables_lead_to_their_sheets_by_keyboard(report: Path, published: Published):
    with opened(report.as_uri()) as ask:
        links = "Array.from(document.querySelectorAll('#grid-areas td a'), (one) => [one.textContent, one.hash])"
        found = dict(value_of(ask, links))
        assert sorted(found) == sorted(published.frame("areas")["name"])
        name, sheet = next(iter(found.items()))
        value_of(ask, f"document.querySelector('#grid-areas a[href=\"{sheet}\"]').focus()")
        press(ask, "Enter")
        shown = (
            f"document.querySelector('{sheet}').checkVisibility() && document.querySelector('{sheet} h3').textContent"
        )
        assert value_of(ask, shown).endswith(name)


def test_an_area_on_the_map_tells_its_main_reason_and_leads_to_its_sheet_by_keyboard(
    report: Path, published: Published
):
    areas, part = published.frame("areas"), {"sv": "Största kända del", "en": "Largest known part"}[report.stem]
    with opened(report.as_uri()) as ask:
        value_of(ask, "document.querySelector('#picture-map-classes .skip').focus()")
        told = []
        for _ in range(areas.height):
            press(ask, "Tab")
            hash_, name, pointed, drawn = value_of(ask, POINTED)
            assert pointed == name
            assert drawn == "3px"
            told.append((hash_, name))
        assert len({hash_ for hash_, _ in told}) == areas.height
        for row in areas.filter(pl.col("class") == "clearly higher").iter_rows(named=True):
            assert [name for _, name in told if f" {row['name']}:" in name and part in name], row["name"]
        press(ask, "Enter")
        sheet = f"document.querySelector('{told[-1][0]}')"
        assert value_of(ask, f"location.hash === '{told[-1][0]}' && {sheet}.checkVisibility()")
        heading = value_of(ask, f"{sheet}.querySelector('h3').textContent").partition(": ")[2]
        assert f" {heading}: " in told[-1][1]


def test_a_click_on_any_map_opens_the_sheet_of_the_area_and_one_map_can_be_skipped(report: Path):
    with opened(report.as_uri()) as ask:
        for chart in ("map-classes", "map-level", "map-certainty", "map-chosen"):
            first = f"document.querySelector('#chart-{chart} :is(a, [data-href])')"
            value_of(ask, f"{first}.dispatchEvent(new PointerEvent('pointerenter'))")
            pointed = value_of(ask, f"{first}.closest('.part').querySelector('.pointed').textContent")
            assert pointed == value_of(ask, f"{first}.dataset.told || {first}.getAttribute('aria-label')")
            value_of(ask, f"location.hash = ''; {first}.dispatchEvent(new MouseEvent('click', {{bubbles: true}}))")
            assert value_of(ask, f"location.hash === ({first}.dataset.href || {first}.getAttribute('href'))")
            assert value_of(ask, "document.querySelector(`.sheet${location.hash}`).checkVisibility()")
        value_of(ask, "document.querySelector('#picture-map-classes .skip').focus()")
        press(ask, "Enter")
        press(ask, "Tab")
        assert value_of(ask, "document.activeElement.closest('#chart-map-classes') === null")


@pytest.mark.parametrize("width", [360, 480])
def test_what_a_sheet_says_fits_a_telephone(report: Path, width: int):
    with opened(f"{report.as_uri()}#sheet-area-1") as ask:
        ask("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=True)
        wider = """Array.from(document.querySelectorAll("#sheet-area-1 :is(table, .strip text)"))
          .filter((one) => one.getBoundingClientRect().right > innerWidth).length"""
        assert value_of(ask, wider) == 0


@pytest.mark.parametrize("mobile", [True, False])
def test_on_a_telephone_wide_tables_scroll_in_regions_of_their_own_and_the_page_never_does(page: Path, mobile: bool):
    with opened(f"{page.as_uri()}#sheets-all") as ask:
        ask("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1, mobile=mobile)
        value_of(ask, "document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        value_of(ask, "scrollTo({left: 1000, behavior: 'instant'})")
        assert value_of(ask, "[innerWidth, document.documentElement.scrollWidth, scrollX]") == [360, 360, 0]
        assert value_of(ask, BEYOND) == []
        scrolling, unfit = value_of(ask, REGIONS)
        assert scrolling >= FEWEST_SCROLLING[page.stem]
        assert unfit == []


def test_in_grey_the_classes_of_the_map_differ(report: Path):
    with opened(report.as_uri()) as ask:
        fills = value_of(
            ask,
            """Array.from(new Set(Array.from(
            document.querySelectorAll("#chart-map-classes path:has(> title)"), (one) => one.getAttribute("fill"))))""",
        )
    greys = sorted(_grey(fill) for fill in fills if fill.startswith("#"))
    assert len(greys) == 3
    assert all(lighter - darker > SMALLEST_STEP_OF_GREY for darker, lighter in pairwise(greys))


def _grey(colour: str) -> float:
    red, green, blue = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("many", [False, True])
def test_the_print_edition_is_six_to_eight_pages_without_blank_halves(
    report: Path, many: bool, tmp_path: Path, county_study: Study
):
    if many:
        report = write_report(county_study, tmp_path / report.name, language=report.stem, sender="Kommunen & co")
    pdf = _printed(report)
    assert FEWEST_PAGES <= pages_of(pdf) <= MOST_PAGES
    assert b"/Subtype /Link" not in pdf  # sheets are not printed with the report: links to them would lead nowhere
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: .ci/full installs it")
    document = pdfium.PdfDocument(pdf)
    texts = [page.get_textpage().get_text_range() for page in document]
    assert "Kommunen & co" in texts[0]
    assert all(f"{n} / {len(texts)}" in text for n, text in enumerate(texts, 1))
    lowest = [min(_bottoms(page)) / page.get_height() for page in list(document)[:-1]]
    assert [n for n, share in enumerate(lowest, 1) if share > 0.5] == []  # ink reaches below the middle


def test_with_many_areas_those_that_matter_are_printed_and_the_reader_is_told_where_the_others_are(
    tmp_path: Path, county_study: Study
):
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: .ci/full installs it")
    published = publish(county_study)
    pdf = _printed(write_report(published, tmp_path / "many.html", language="en"))
    text = re.sub(r"\s+", " ", "".join(page.get_textpage().get_text_range() for page in pdfium.PdfDocument(pdf)))
    areas, chosen = published.frame("areas"), published.frame("plan_selected")["area_id"].to_list()
    wanted = areas.filter((pl.col("class") == "clearly higher") | pl.col("area_id").is_in(chosen))
    assert 0 < wanted.height < areas.height
    assert f"{wanted.height} of 200. All areas are in the report on screen" in text
    table = text.partition("All areas are in the report on screen")[2]
    named = set(re.findall(r"Område \d+", table))
    assert named == {name for name in wanted["name"] if name.startswith("Område")}


def _printed(report: Path) -> bytes:
    with opened(report.as_uri()) as ask:
        return base64.b64decode(ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])


def _bottoms(page: object) -> list[float]:
    """Lower edges of what is drawn, the page number apart, in points from the bottom."""
    edges = [drawn.get_bounds()[1] for drawn in page.get_objects()]
    return [edge for edge in edges if edge > 45]


def test_the_first_printed_page_holds_the_whole_first_screen(report: Path):
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed: .ci/full installs it")
    with opened(report.as_uri()) as ask:
        printed = ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
    first, second = (pdfium.PdfDocument(base64.b64decode(printed))[n].get_textpage().get_text_range() for n in (0, 1))
    last = {"sv": "ett antagande", "en": "an assumption"}[report.stem]
    assert last in re.sub(r"\s+", " ", first)
    assert re.search(r"1\. (Vad har vi|Where)", second)


def test_a_report_is_far_below_five_megabytes(report: Path):
    assert report.stat().st_size < 2_000_000
    assert browse("--dump-dom", report.as_uri()).returncode == 0
