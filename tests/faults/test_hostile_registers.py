"""One study on registers in which every name means harm: nothing that is written runs, hides or leaves its folder."""

import base64
import csv
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from fixture_municipality import AS_OF, QUICK
from riskstrat.declare import LocalisedText
from riskstrat.errors import printable
from riskstrat.files import RESULT_FILE
from riskstrat.publication import Published
from riskstrat.records.study import Study
from riskstrat.registers import Registers, open_registers
from riskstrat.registers.manifest import parse_manifest, to_toml
from riskstrat.reports import write_card

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script><!-- ; x / y",
    '=HYPERLINK("http://x"); 1',
    "+1",
    "-1+1",
    "@x",
    "\t=1+1",
    "\r=2+2",
    "../../x",
    "CON",
    "nul",
    "%s {0} {{ 7*7 }} {% raw %}",
    "bell\a, nul\0\x1b[31m and two\nlines",
    "right\N{RIGHT-TO-LEFT OVERRIDE}zero\N{ZERO WIDTH SPACE}filler\N{HANGUL FILLER}",
    "x" * 500,
    "&lt;b&gt; = \\1 $1",
)
TITLE = "".join(HOSTILE[n] for n in (0, 1, 13, 14))
UNSEEN = re.compile(
    "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u3164]|\\\\u00[01]"
)


class Page(HTMLParser):
    """Elements with their attributes, links, comments and text of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.kinds: set[tuple[str, str]] = set()
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.comments: list[str] = []
        self.text, self.inside = "", ""
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.kinds |= {(tag, name) for name, _ in (*attrs, ("", None))}
        self.links += [value or "" for name, value in attrs if name in {"href", "src", "data-href"}]
        self.scripts += [""] if tag == "script" else []

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as the parser calls it
        self.inside = ""

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.inside == "script":
            self.scripts[-1] += data


def renamed(column: str) -> pl.Expr:
    """Give each value of a column, in their order, another hostile name."""
    return pl.col(column).rank("dense").cast(pl.Int64).replace_strict(dict(enumerate(HOSTILE, 1)), default=None)


@pytest.fixture(scope="module")
def registers(small_municipality: Registers, tmp_path_factory: pytest.TempPathFactory) -> Registers:
    folder = tmp_path_factory.mktemp("hostile") / "registers"
    shutil.copytree(small_municipality.folder, folder)
    (folder / RESULT_FILE).unlink()
    rows = pl.int_range(pl.len())
    names = rows % len(HOSTILE)
    changes = {
        "areas": {
            "name": names.replace_strict(dict(enumerate(HOSTILE))),
            "municipality": (rows % 2).replace_strict(dict(enumerate(HOSTILE[13:15]))),
            "parent_id": (rows // 10).replace_strict(dict(enumerate(HOSTILE))),
        },
        "residences": {"care_centre_id": renamed("care_centre_id")},
        "persons": {"birth_region": renamed("birth_region")},
    }
    for table, columns in changes.items():
        file = folder / f"{table}.parquet"
        pl.read_parquet(file).with_columns(**columns).write_parquet(file)
    manifest, _ = parse_manifest((folder / "registers.toml").read_text(encoding="utf-8"))
    sources = {name: table.model_copy(update={"source": TITLE}) for name, table in manifest.tables.items()}
    said = manifest.model_copy(update={"name": TITLE, "tables": sources})
    (folder / "registers.toml").write_text(to_toml(said), encoding="utf-8")
    return open_registers(folder)


@pytest.fixture(scope="module")
def hostile(registers: Registers) -> Study:
    titled = replace(rs.conditions.load("frailty"), title=LocalisedText(en=TITLE, sv=TITLE))
    groups = (("birth_region",), ("sex", "birth_region"))
    return rs.run(titled, registers, AS_OF, replace(QUICK, sensitivities=False, groups=groups))


@pytest.fixture(scope="module")
def published(hostile: Study) -> Published:
    return rs.publish(hostile)


@pytest.fixture(scope="module")
def out(hostile: Study, published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that is written of the study, in a folder that has another one around it."""
    folder = tmp_path_factory.mktemp("names") / "around" / "out"
    rs.report(published, folder / "report_sv.html", sender=TITLE, contact=TITLE)
    rs.report(published, folder / "report_en.html", language="en", sender=TITLE, contact=TITLE)
    early = replace(rs.conditions.load("early_cvd"), title=hostile.condition.title)
    other = rs.publish(replace(hostile, condition=replace(early, programmes=hostile.condition.programmes)))
    rs.report([published, other], folder / "across_en.html", language="en", sender=TITLE)
    write_card(published, folder / "card_en.md", language="en")
    rs.export(published, folder / "tables")
    rs.save(hostile, folder / "study")
    rs.save_model(hostile.model, folder / "model")
    return folder


def tables_of(folder: Path) -> dict[str, list[list[str]]]:
    """Give every CSV file, and those inside pages, as rows of cells."""
    texts = {str(file): file.read_text(encoding="utf-8-sig") for file in folder.rglob("*.csv")}
    for file in folder.glob("*.html"):
        for n, link in enumerate(Page(file).links):
            if "base64," in link:
                texts[f"{file.name} {n}"] = base64.b64decode(link.partition("base64,")[2]).decode("utf-8-sig")
    return {
        name: [*csv.reader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ",")]
        for name, text in texts.items()
    }


def refuse_harm(folder: Path) -> None:
    """Fail where a file that is written hides a mark, holds a formula, or lies outside."""
    assert all(file.is_relative_to(folder) for file in folder.parent.rglob("*") if file.is_file())
    for file in (each for each in folder.rglob("*") if each.suffix in {".html", ".csv", ".md", ".json"}):
        assert UNSEEN.findall(file.read_text(encoding="utf-8-sig")) == [], file.name
    tables = tables_of(folder)
    cells = [cell for rows in tables.values() for row in rows for cell in row]
    number = re.compile(r"[-+]?[\d.,e-]+( ?%)?|-")
    assert len(tables) > 20
    assert [cell for cell in cells if cell.lstrip()[:1] in set("=+-@") and not number.fullmatch(cell.strip())] == []


@pytest.mark.parametrize("name", ["report_sv", "report_en", "across_en"])
def test_no_element_or_attribute_of_a_page_came_out_of_a_name(out: Path, study: Study, name: str):
    found, plain = Page(out / f"{name}.html"), Page(rs.report(study, out.parents[1] / f"plain_{name}.html"))
    assert found.kinds - plain.kinds <= {("path", "class")}
    assert found.comments == []
    assert {link[:14] for link in found.links if link[:1] != "#"} <= {"data:text/csv;", "data:,"}
    assert len(found.scripts) in {0, 2}
    if found.scripts:
        assert json.loads(found.scripts[0])["areas"]
        assert found.scripts[1] == plain.scripts[1]


def test_names_are_still_read_by_people(out: Path):
    text = " ".join(Page(out / "report_en.html").text.split())
    seen = {name: " ".join(printable(name).split())[:80] for name in HOSTILE}
    assert [name for name, shown in seen.items() if shown not in text] == []


def test_nothing_hides_runs_or_leaves_its_folder(out: Path):
    refuse_harm(out)


def test_model_and_study_come_back_and_score(out: Path, registers: Registers, published: Published):
    opened = rs.open_study(out / "study")
    assert all(table.frame.equals(published.tables[name].frame) for name, table in opened.published.tables.items())
    assert rs.load_model(out / "model").score(registers, AS_OF).risk.size > 100
    assert (
        rs.report(opened.published, out.parents[1] / "again.html", sender=TITLE, contact=TITLE).read_bytes()
        == (out / "report_sv.html").read_bytes()
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_tracked_run_keeps_no_harm(hostile: Study, published: Published, out: Path, tmp_path: Path):
    folder = tmp_path / "around" / "runs"
    rs.track(published, model=hostile.model, files=[out / "report_en.html"], store=folder / "runs.db")
    refuse_harm(folder)
