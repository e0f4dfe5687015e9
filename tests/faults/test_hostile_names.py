"""Names that come from outside and mean harm: nothing leaves its folder, no markup or formula runs, no file is lost."""

import base64
import csv
import re
import tomllib
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

from riskstrat import conditions
from riskstrat.errors import UsageError
from riskstrat.files import file_name_problems
from riskstrat.publication import Published, export, publish
from riskstrat.records.study import Study
from riskstrat.registers import Manifest, TableManifest, write_registers
from riskstrat.registers.manifest import parse_manifest, to_toml
from riskstrat.reports import write_card, write_report

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><svg onload=alert(1)>",
    "=1+1",
    "@SUM(A1:A9)",
    "../../x",
    "a/b",
    "CON",
    "Norr",
    "NORR",
    "norr",
    "x" * 400,
    "bell\a and nul\0 and escape\x1b[31m",
    "right\N{RIGHT-TO-LEFT OVERRIDE}left",
    "{people} {0} %s {{ 7 * 7 }}",
    "[link](javascript:alert(1)) | `code`",
)
FILE_NAMES = (
    "../x",
    "a/b",
    "a\\b",
    "/etc/x",
    "C:x",
    "CON",
    "nul.parquet",
    "",
    ".",
    "..",
    ".hidden",
    "x ",
    "x.",
    "x" * 200,
)
SAFE = re.compile(r"[\w.-]+")
EVENTS = {"coverage_start": date(2010, 1, 1), "delay_days": 0}


class Markup(HTMLParser):
    """Elements and attributes that a browser would make of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.scripts, self.images, self.handlers, self.links = 0, 0, [], []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.images += tag == "img"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "data-href"}]


@pytest.fixture(scope="module")
def hostile(study: Study) -> Study:
    """A study in which everything that registers and people name is hostile."""
    names = study.source.area_names.with_columns(
        name=pl.Series([*HOSTILE, *study.source.area_names["name"][len(HOSTILE) :]])
    )
    return replace(study, source=replace(study.source, area_names=names, name=HOSTILE[0]))


@pytest.fixture(scope="module")
def published(hostile: Study) -> Published:
    return publish(hostile)


@pytest.fixture(scope="module")
def written(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports, cards and tables of a study, in a folder that has another folder above and beside it."""
    folder = tmp_path_factory.mktemp("names") / "around" / "out"
    for language in ("sv", "en"):
        sender = {"sender": HOSTILE[1], "contact": HOSTILE[3]}
        write_report(published, folder / f"report_{language}.html", language=language, **sender)
        write_card(published, folder / f"card_{language}.md", language=language)
    export(published, folder / "tables")
    return folder


def test_nothing_is_written_outside_the_folder_and_every_file_has_a_plain_name_of_its_own(written: Path):
    around = written.parents[1]
    files = [path for path in around.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert all(path.is_relative_to(written) for path in files)
    assert [path.name for path in files if not SAFE.fullmatch(path.name)] == []
    assert list(file_name_problems(path.name for path in (written / "tables").iterdir() if path.name[0] != ".")) == []


@pytest.mark.parametrize("language", ["sv", "en"])
def test_no_markup_of_a_name_is_interpreted(written: Path, language: str, study: Study):
    html = (written / f"report_{language}.html").read_text(encoding="utf-8")
    found, plain = Markup(html), Markup(write_report(study, written.parent / "plain.html").read_text(encoding="utf-8"))
    assert found.scripts == plain.scripts == 2
    assert found.images == plain.images == 0
    assert found.handlers == []
    assert {link[:14] for link in found.links if link[:1] != "#"} == {"data:text/csv;", "data:,"}
    assert "%s {{ 7 * 7 }}" in html
    assert "javascript:" not in "".join(found.links)


def test_no_control_character_is_carried_into_a_file_that_people_read(written: Path):
    for path in (each for each in written.rglob("*") if each.suffix in {".html", ".md", ".csv"}):
        assert (
            re.findall(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]", path.read_text("utf-8")) == []
        ), path.name


def test_no_cell_of_a_table_is_a_formula(written: Path):
    texts = [path.read_text(encoding="utf-8-sig") for path in written.rglob("*.csv")]
    for language in ("sv", "en"):
        links = Markup((written / f"report_{language}.html").read_text(encoding="utf-8")).links
        texts += [
            base64.b64decode(each.partition("base64,")[2]).decode("utf-8-sig") for each in links if "base64," in each
        ]
    assert len(texts) > 40
    formulas = [
        cell
        for text in texts
        for row in csv.reader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ",")
        for cell in row
        if cell.lstrip()[:1] in {"=", "+", "-", "@"} and not re.fullmatch(r"[-+]?[\d.,e-]+( ?%)?|-", cell.strip())
    ]
    assert formulas == []


def test_cards_hold_names_as_text(written: Path):
    for language in ("sv", "en"):
        text = (written / f"card_{language}.md").read_text(encoding="utf-8")
        assert not re.search(r"(?<!\\)<(script|img|svg)", text)


def test_areas_whose_names_differ_by_capitals_alone_have_a_sheet_each(written: Path):
    html = (written / "report_en.html").read_text(encoding="utf-8")
    sheets = re.findall(r'<article class="sheet" id="(sheet-area-\d+)"', html)
    assert len(sheets) == len(set(sheets)) == 51
    headings = re.findall(r'<h3 id="title-sheet-area-\d+">[^:]+: ((?i:norr))</h3>', html)
    assert sorted(headings) == ["NORR", "Norr", "norr"]


@pytest.mark.parametrize("name", FILE_NAMES)
def test_a_manifest_whose_file_is_no_plain_name_is_refused(name: str):
    given = f"{name}.parquet" if name in {"", "."} else name
    with pytest.raises(UsageError, match="is no name of a file"):
        Manifest(name="town", data_end=date(2023, 12, 31), tables={"x": TableManifest(file=given or ".", **EVENTS)})
    if name not in {"", "nul.parquet", "x ", "x."}:
        with pytest.raises(UsageError, match="is no name of a file"):
            Manifest(name="town", data_end=date(2023, 12, 31), tables={name: TableManifest(**EVENTS)})


def test_what_is_read_says_so_too_and_lists_all():
    text = 'name = "a"\ndata_end = 2023-12-31\n[tables.x]\nfile = "../x.parquet"\n[tables.y]\nfile = "/etc/y"\n'
    _, problems = parse_manifest(text)
    told = " ".join(map(str, problems))
    assert "'../x.parquet' is no name of a file" in told
    assert "'/etc/y' is no name of a file" in told


def test_two_tables_in_one_file_are_refused_also_where_capitals_alone_differ():
    for files in (("a.parquet", "a.parquet"), ("a.parquet", "A.parquet")):
        tables = {f"table_{n}": TableManifest(file=file, **EVENTS) for n, file in enumerate(files)}
        with pytest.raises(UsageError, match="are one file where capitals do not count"):
            Manifest(name="town", data_end=date(2023, 12, 31), tables=tables)


def test_files_beside_registers_stay_in_the_folder(tmp_path: Path):
    manifest = Manifest(name="town", data_end=date(2023, 12, 31), tables={"persons": TableManifest()})
    with pytest.raises(UsageError, match=r"'\.\./escaped\.txt' is no name of a file"):
        write_registers(tmp_path / "a" / "b", {}, manifest, {"../escaped.txt": "x"})
    assert list(tmp_path.rglob("escaped.txt")) == []


@pytest.mark.parametrize("text", [*HOSTILE, 'quote" and \\ and \t and \r\n and \x7f'])
def test_every_text_of_a_manifest_comes_back_from_its_toml(text: str):
    manifest = Manifest(
        name="town",
        data_end=date(2023, 12, 31),
        tables={"my events": TableManifest(source=text, units={text: text}, **EVENTS)},
    )
    assert Manifest.model_validate(tomllib.loads(to_toml(manifest))) == manifest


def test_a_condition_cannot_be_called_what_no_file_can():
    condition = conditions.load("frailty")
    for name in ("../x", "a/b", "CON", "<b>", "x" * 300, ""):
        with pytest.raises(UsageError):
            replace(condition, name=name)


def test_names_of_files_on_all_systems():
    assert [name for name in FILE_NAMES if not list(file_name_problems([name]))] == []
    assert list(file_name_problems(["persons.parquet", "Bostäder 2023.parquet", "geometry.geojson"])) == []
