"""The page: whole, readable without scripts, asking for nothing outside itself, and safe against what names hold."""

import base64
import csv
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from riskstrat.declare import LocalisedText
from riskstrat.disclosure import Disclosure
from riskstrat.figures import Language
from riskstrat.publication import export, publish
from riskstrat.records.omission import Omission
from riskstrat.records.study import Study
from riskstrat.reports import page_of

LOADS = {"src", "srcset", "poster", "action", "formaction", "background"}
JARGON = ("AUC", "SHAP", "posterior", "Brier", "logit", "kredibel", "credible", "bayes")


WRONG = r"\bNone\b|\bnan\b|\bnull\b|\binf\b|[{}]"
"""What a reader would see where a value was not written out."""


class Page(HTMLParser):
    """Elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._silent = "", 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]):
        self.elements.append((tag, dict(attrs)))
        self._silent += tag in {"script", "style"}

    def handle_endtag(self, tag: str):
        self._silent -= tag in {"script", "style"}

    def handle_data(self, data: str):
        if not self._silent:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def with_estimates(study: Study, **changed: object) -> Study:
    """Give the study other estimates of its areas."""
    estimates = replace(study.area_results.estimates, **changed)
    return replace(study, area_results=replace(study.area_results, estimates=estimates))


def page(study: Study, language: Language = "sv") -> str:
    return page_of(publish(study), language)


@pytest.fixture(scope="module", params=["sv", "en"])
def html(request: pytest.FixtureRequest, study: Study) -> str:
    return page(study, request.param)


def test_nothing_is_asked_for_outside_the_page(html: str):
    for tag, attrs in Page(html).elements:
        for name, value in attrs.items():
            if name in LOADS or (name == "href" and tag in {"link", "image", "use"}):
                assert str(value).startswith(("data:", "#")), (tag, name)
    assert "default-src 'none'" in html
    assert not re.search(r"@import|url\(", re.search(r"<style>(.*?)</style>", html, re.DOTALL).group(1))


def test_headings_landmarks_and_language(html: str):
    parsed = Page(html)
    assert parsed.all("html")[0]["lang"] in {"sv", "en"}
    assert [len(parsed.all(tag)) for tag in ("h1", "header", "nav", "main", "footer")] == [1] * 5
    assert html.partition("</head>")[0].count("<title>") == 1
    assert len(parsed.all("section")) == 8
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_ids_are_unique_and_references_lead_somewhere(html: str):
    parsed = Page(html)
    ids = Counter(attrs["id"] for _, attrs in parsed.elements if "id" in attrs)
    assert not [name for name, count in ids.items() if count > 1]
    for _, attrs in parsed.elements:
        for name in ("aria-labelledby", "headers"):
            for reference in str(attrs.get(name) or "").split():
                assert reference in ids
    for link in parsed.all("a"):
        assert not link["href"].startswith("#") or link["href"][1:] in ids


def test_every_picture_has_title_reading_alternative_and_data(html: str):
    figures = re.findall(r"<figure.*?</figure>", html, re.DOTALL)
    assert len(figures) >= 11
    for figure in figures:
        parsed = Page(figure)
        assert parsed.all("h3")
        assert re.search(r'class="how">(Så läser du bilden|How to read it): \S', figure)
        charts = [attrs for attrs in parsed.all("div") if attrs.get("role") in {"img", "group"}]
        assert charts
        assert all(re.search(r"\w{3}", chart["aria-label"]) for chart in charts)
        assert len(parsed.all("svg")) >= len(charts)
        assert [link for link in parsed.all("a") if link.get("download", "").endswith(".csv")]


def scripts_of(html: str) -> list[str]:
    """Give what runs: the data of the slider are no script."""
    return re.findall(r"<script>(.*?)</script>", html, re.DOTALL)


def test_only_the_script_of_maps_and_slider_runs_and_the_page_allows_no_other(html: str):
    (script,) = scripts_of(html)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in html
    assert Page(html).all("script") == [{"type": "application/json", "id": "budget-data"}, {}]
    assert not re.search(r"innerHTML|eval|fetch|XMLHttpRequest|import\b|http", script)


def test_a_report_without_a_plan_has_no_script_and_allows_none(placeless_study: Study):
    html = page(placeless_study, "sv")
    assert "<script" not in html
    assert "script-src" not in html


def test_charts_are_drawn(html: str):
    parsed = Page(html)
    drawn = [attrs for attrs in parsed.all("svg") if "viewbox" in attrs]
    told = [attrs for attrs in drawn if attrs.get("aria-hidden") != "true"]
    assert len(told) == 1  # the map whose areas are links
    assert len(html) < 1_500_000


def test_a_wide_chart_is_drawn_for_broad_and_for_narrow_screens(html: str):
    classes = Counter(attrs.get("class") for attrs in Page(html).all("div"))
    assert classes["broad"] == classes["narrow"] >= 3


def test_fills_differ_without_colour_and_their_patterns_are_there_once(html: str):
    used = {name for name in re.findall(r'fill="url\(#(\w+)\)"', html) if not name.startswith("gradient")}
    assert {"dotted"} <= used
    assert Counter(re.findall(r'<pattern id="(\w+)"', html)) >= Counter(used)


def test_what_is_withheld_is_hatched_in_the_map_and_in_its_legend(scarce_study: Study):
    html = page(scarce_study, "sv")
    drawn = [key for key in ("map-classes", "map-level", "map-certainty") if f'id="picture-{key}"' in html]
    assert "map-classes" in drawn
    for key in drawn:
        figure = html.partition(f'id="picture-{key}"')[2].partition("</figure>")[0]
        assert "legend-symbol" in figure
        assert re.search(r'legend-symbol.*?fill="url\(#hatched\)"', figure)
        assert "(streckat)" in figure


def test_an_area_is_told_where_the_pointer_is(html: str):
    figure = html.partition('id="picture-map-classes"')[2].partition("</figure>")[0]
    assert re.search(r"<title>1 Blåklintgläntan: [^<]*%[^<]*</title>", figure)


def test_tables_have_captions_and_headed_rows(html: str):
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)
    assert len(tables) >= 12
    for table in tables:
        parsed = Page(table)
        assert re.search(r"<caption>\S", table)
        rows = len(Page(table.partition("<tbody")[2]).all("tr"))
        assert [attrs.get("scope") for attrs in parsed.all("th")].count("row") == rows


def test_links_name_what_they_lead_to(html: str):
    links = {
        (re.sub(r"<[^>]+>", "", link), target)
        for target, link in re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', html, re.DOTALL)
    }
    assert not [text for text, count in Counter(text for text, _ in links).items() if count > 1]


def test_every_code_list_is_in_the_appendix_with_its_codes_and_whether_it_was_checked(html: str):
    table = html.partition('id="grid-codes"')[2].partition("</table>")[0]
    for named in ("S720-S722", "W00-W19", "I110, I130, I132, I255, I420, I426-I429, I43, I50"):
        assert named in table
    assert re.search(r"nej, ännu inte|no, not yet", table)
    assert re.search(r">ja<|>yes<", table)


def test_what_is_invented_says_so(study: Study):
    assert "påhittade" in page(study, "sv")
    assert "påhittade" not in page(replace(study, source=replace(study.source, invented=False)), "sv")


def test_downloads_are_released_tables(study: Study):
    html = page(study, "sv")
    link = next(attrs for attrs in Page(html).all("a") if attrs.get("download") == "areas.csv")
    text = base64.b64decode(link["href"].partition("base64,")[2]).decode("utf-8-sig")
    header, first, *_ = text.splitlines()
    assert "area_id" in header.split(";")
    assert "," in first
    assert len(text.splitlines()) == 52
    assert "observed" not in header


def test_no_jargon_on_the_first_three_screens(html: str):
    first = Page(html.partition('<section id="resources"')[0]).text.lower()
    assert not [word for word in JARGON if re.search(rf"\b{word.lower()}\b", first)]


def test_what_is_absent_is_said(study: Study):
    text = Page(page(study, "sv")).text
    assert "inga uppföljningsindikatorer" in text
    assert "i andra kommuner är inte prövat" in text


def test_version_digest_rule_and_citation(html: str, study: Study):
    text = Page(html).text
    assert text.count(study.digest) >= 2
    assert "riskstrat 0.1.0" in text
    assert Disclosure().rule["sv"] in text or Disclosure().rule["en"] in text


def test_names_are_text_and_never_markup(hostile_study: Study):
    html = page(hostile_study, "sv")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert html.count("</figure>") == html.count("<figure")
    data = re.search(r'<script type="application/json" id="budget-data">(.*?)</script>', html, re.DOTALL).group(1)
    assert "<" not in data
    assert any("<script>alert" in area for area in json.loads(data)["areas"])
    assert html.count("<script") == 2


def test_the_slider_offers_the_budgets_that_were_planned_for_and_begins_at_the_plans(html: str, study: Study):
    data = json.loads(re.search(r'id="budget-data">(.*?)</script>', html, re.DOTALL).group(1))
    curve, units = (publish(study).frame(f"plan_curve{end}") for end in ("", "_units"))
    assert len(data["budgets"]) == curve.height
    (slider,) = Page(html).all("input")
    assert curve["budget_sek"][int(slider["value"])] == study.settings.budget_sek
    assert slider["max"] == str(curve.height - 1)
    for budget, sek in zip(data["budgets"], curve["budget_sek"], strict=True):
        assert not re.search(r"\d,\d\d+" if 'lang="sv"' in html else r"\d\.\d\d+", budget["written"])  # no float noise
        assert len(budget["offered"]) == len(data["areas"]) == 51
        assert sum(one != "none" for one in budget["offered"]) == units.filter(budget_sek=sek).height
        assert budget["written"] in budget["sentence"]
    assert set(data["budgets"][-1]["offered"]) == {"whole"}
    assert len(set(data["areas"])) == 51
    assert 'id="grid-budgets"' in html


def test_the_first_page_ends_in_what_there_is_to_decide(study: Study):
    text = Page(page(study, "sv")).text
    found = re.search(r"Att ta ställning till(.*?)1\. Vad har vi för nuläge", text, re.DOTALL).group(1)
    assert "Om inget görs väntas ungefär" in found
    assert "Ska 2\N{NO-BREAK SPACE}miljoner kronor användas till" in found
    assert re.search(r"i Område \d+", found)
    assert not re.search(r"\(\d", found)  # its intervals stand above, once


def test_sender_and_contact_are_said_or_said_not_to_be(study: Study):
    released = publish(study)
    assert "Avsändare: ej angivet. Kontakt: ej angivet." in Page(page_of(released)).text
    signed = page_of(released, "en", sender="Town & <b>county</b>", contact="a@b.se")
    assert "From: Town & <b>county</b>. Contact: a@b.se." in Page(signed).text


def test_formulas_are_not_handed_to_spreadsheets(study: Study):
    names = study.source.area_names.with_columns(name=pl.lit("=1+1"))
    html = page(replace(study, source=replace(study.source, area_names=names)), "sv")
    link = next(attrs for attrs in Page(html).all("a") if attrs.get("download") == "areas.csv")
    text = base64.b64decode(link["href"].partition("base64,")[2]).decode("utf-8-sig")
    assert ";'=1+1;" in text or ";'=1+1\n" in text
    assert ";=1+1" not in text


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+cmd", "-2+3+cmd", "@SUM(1)", "\t=1"])
def test_no_file_that_a_study_gives_away_holds_a_formula(study: Study, name: str, tmp_path: Path):
    names = study.source.area_names.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(pl.lit(name)).otherwise("name").alias("name")
    )
    hostile = replace(study, source=replace(study.source, area_names=names, name=name))
    links = [one["href"] for one in Page(page(hostile, "en")).all("a") if one.get("download", "").endswith(".csv")]
    given = [base64.b64decode(one.partition("base64,")[2]).decode("utf-8-sig") for one in links]
    given += [file.read_text(encoding="utf-8-sig") for file in export(hostile, tmp_path / "tables").glob("*.csv")]
    cells = [cell for text in given for row in csv.reader(text.splitlines()) for cell in row]
    formulas = [
        cell for cell in cells if cell.lstrip()[:1] in set("=+-@") and not re.fullmatch(r"[-+][\d.e-]+( ?%)?|-", cell)
    ]
    assert formulas == []
    assert any(cell.endswith(name.strip()) for cell in cells)


def test_without_areas_a_sentence_says_so_and_nothing_else_breaks(placeless_study: Study):
    text = Page(page(placeless_study, "sv")).text
    assert "Registren saknar områden" in text
    assert "Utan områden kan ingen plan göras." in text
    assert not re.search(WRONG, text)


def test_a_report_with_many_withheld_areas_still_reads_well(scarce_study: Study):
    html = page(scarce_study, "sv")
    text = Page(html).text
    assert "områden har för få fall för att visas" in text
    assert "Uppgifter om så få skulle kunna röja enskilda." in text
    assert not re.search(WRONG, text)


def test_no_area_is_pointed_out_where_none_is_clearly_high(scarce_study: Study):
    table = scarce_study.areas.table.with_columns(pl.lit("uncertain").alias("class"))
    text = Page(page(with_estimates(scarce_study, table=table))).text
    assert "Inget område har tydligt högre risk än kommunen." in text
    assert "I inget område är risken tydligt högre än i kommunen" in text
    assert "Inget område sticker ut: planera för grupper." in text
    assert "Varför här?" not in text


@pytest.mark.parametrize(
    ("language", "words"), [("sv", "vanligen med en faktor"), ("en", "typically changed by a factor")]
)
def test_whether_differences_persist_is_told_where_there_are_several_landmarks(
    study: Study, language: Language, words: str
):
    assert words in Page(page(study, language)).text
    once = with_estimates(study, drift=None)
    assert words not in Page(page(once, language)).text


TOLD = {
    "sv": """\
7 000 personer räknades, vid 12 000 indexdatum.
Efter {cases} av indexdatumen inträffade utfallet, hos 900 personer.
Indexdatumen som räknas är 1 december 2021 och 1 december 2017.
hade 0,93–1,04 gånger så många händelser inträffat som väntat i kommunen
hade skilt sig med en faktor 1,31""",
    "en": """\
What is counted are 7,000 persons at 12,000 index dates.
{cases} of these index dates were followed by the outcome, in 900 persons.
Counted are the index dates 1 December 2021 and 1 December 2017.
0.93–1.04 times as many events as expected would have occurred in the municipality
would differ by a factor of 1.31""",
}


@pytest.mark.parametrize("language", ["sv", "en"])
def test_persons_index_dates_and_outcomes_are_told_apart_and_which_landmarks_are_counted(
    study: Study, language: Language
):
    first = study.areas.landmarks.head(1)
    counted = first.with_columns(persons=7000, case_persons=900, landmarks=pl.lit("2021-12-01, 2017-12-01"))
    others = [
        counted.with_columns(landmarks=pl.lit(f"{year}-12-01"), observed_expected=ratio, largest_change=change)
        for year, ratio, change in ((2020, 0.93, 1.2), (2019, 1.04, 1.31))
    ]
    changed = with_estimates(study, landmarks=pl.concat([counted, *others], how="vertical_relaxed"))
    released = publish(changed).tables["total"].frame
    assert released.select("persons", "case_persons").row(0) == (7000, 900)
    text = Page(page_of(publish(changed), language)).text
    text = text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", "")
    separated = f"{released['cases'].item():,}".replace(",", " " if language == "sv" else ",")
    for told in TOLD[language].format(cases=separated).splitlines():
        assert told in text


@pytest.mark.parametrize("part", ["inequality", "strata_plan", "validation_in_time"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_what_is_missing_is_told_with_its_reason_where_it_is_looked_for_and_among_the_limits(
    study: Study, part: str, language: Language
):
    reason = LocalisedText(en=f"There is no {part} here.", sv=f"Här finns ingen {part}.")
    known = replace(study, omissions=())
    missing = replace(known, omissions=(Omission(part=part, reason=reason),))
    told = reason.in_language(language)
    assert told not in Page(page(known, language)).text
    found = page(missing, language)
    assert Page(found).text.count(told) >= 1
    assert told in Page(found.partition('id="method"')[2]).text


@pytest.mark.parametrize("language", ["sv", "en"])
def test_what_a_reader_should_know_of_the_data_is_told_among_what_was_missing(study: Study, language: Language):
    note = LocalisedText(en="Before 2010 nothing was seen.", sv="Före 2010 syntes ingenting.")
    noted = replace(study, cohort=replace(study.cohort, notes=(note,)))
    told = note.in_language(language)
    assert told not in Page(page(study, language)).text
    assert told in Page(page(noted, language).partition('id="next-steps"')[2]).text
