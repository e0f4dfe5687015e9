"""What people read: each page is in the site, each link leads somewhere, code runs, and the site asks no other host."""

from __future__ import annotations

import inspect
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import riskstrat

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("models/*.md"), *ROOT.glob("notebooks/*.ipynb")]
LINK = re.compile(r"\]\((?!https?:|mailto:|data:|attachment:)([^)#\s]*)(?:#([^)\s]*))?\)")
WITH_CODE = ("for-epidemiologists.md",)


def text_of(page: Path) -> str:
    """Give the Markdown of a page, of a notebook its Markdown cells."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        return "\n".join(
            "".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"
        )
    return text


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path):
    for target, anchor in LINK.findall(re.sub(r"```.*?```|`[^`]*`", "", text_of(page), flags=re.DOTALL)):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page.relative_to(ROOT)} links to {target}"
        assert path.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors_of(path), f"{page.relative_to(ROOT)} links to {target}#{anchor}"


def test_every_page_is_in_the_navigation_of_the_site():
    site = runpy.run_path(str(DOCS / "site/build.py"))
    named = {*site["START"], *site["GUIDES"], *site["TRUST"], "glossary"}
    assert {page.stem for page in DOCS.glob("*.md")} == named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_name_of_the_package_on_a_page_is_there(page: Path):
    for name in re.findall(r"\brs\.([a-z_]+(?:\.[A-Za-z_]+)?)", text_of(page)):
        found, _, inner = name.partition(".")
        assert hasattr(riskstrat, found), f"{page.relative_to(ROOT)}: rs.{name}"
        module = inspect.ismodule(getattr(riskstrat, found))
        assert not (inner and module) or hasattr(getattr(riskstrat, found), inner), (
            f"{page.relative_to(ROOT)}: rs.{name}"
        )


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_CODE)
def test_the_code_of_a_page_runs(page: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    code = "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL))
    exec(compile(code, page, "exec"), {})  # noqa: S102 - code of our own pages


@pytest.mark.slow
def test_the_site_is_built_strictly_and_asks_no_other_host(tmp_path: Path):
    pytest.importorskip("zensical", reason="the extra `docs` is not installed")
    out = tmp_path / "site"
    subprocess.run([sys.executable, DOCS / "site/build.py", out], check=True, capture_output=True, timeout=600)
    reference = (out / "reference/index.html").read_text(encoding="utf-8")
    assert [name for name in riskstrat.__all__ if f"rs.{name}</code>" not in reference] == []
    asked = re.compile(r'<(?:script|img|iframe|link)[^>]*(?:src|href)="?https?://(?!zensical)')
    assert [page.name for page in out.rglob("*.html") if asked.search(page.read_text(encoding="utf-8"))] == []
