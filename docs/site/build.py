"""Build the documentation as a site, without network: python docs/site/build.py FOLDER (needs the extra `docs`).

Its pages are those of docs/, the notebooks with their outputs, the changelog, and the API from its docstrings. A link
to any other file of the repository becomes the path of that file. Whatever Zensical warns of is an error.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import riskstrat

ROOT = Path(__file__).parents[2]
START = (
    "index",
    "first-steps",
    "for-planners",
    "for-planners_sv",
    "for-epidemiologists",
    "for-engineers",
    "faq",
    "compared",
    "citing",
)
GUIDES = (
    "registers", "intake", "pseudonyms", "omop-and-meds", "quality", "codes", "conditions", "counting", "areas",
    "levels", "priorities", "reports", "follow-up", "pilots", "pipelines", "distributed",
)  # fmt: skip
TRUST = ("methods", "honesty", "validation", "performance", "privacy", "privacy_sv")
CHANGELOG = "changelog.md"
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#)([^)#\s]+)(#[^)\s]*)?\)")


def navigation(docs: Path) -> dict[str, list[str]]:
    """Give the pages of each part of the site, in the order of reading."""

    def pages(folder: str) -> list[str]:
        return sorted(path.relative_to(docs).as_posix() for path in (docs / folder).glob("*.md"))

    return {
        "Start": [f"{name}.md" for name in START],
        "Notebooks": pages("notebooks"),
        "Guides": [f"{name}.md" for name in GUIDES],
        "Features": pages("features"),
        "How far to trust it": [f"{name}.md" for name in TRUST],
        "Reference": [
            "reference/index.md",
            *(page for page in pages("reference") if "index" not in page),
            "glossary.md",
            CHANGELOG,
        ],
        "Design": pages("design"),
    }


def address(module: str, name: str) -> str:
    """Give where a class or function of a module is defined: `riskstrat.areas.rates.rates`."""
    value = getattr(importlib.import_module(module), name)
    return f"{value.__module__}.{value.__qualname__}"


def write_reference(folder: Path) -> None:
    """Write a page for each public module, and one that lists the names of the package itself."""
    folder.mkdir()
    homes = {name: ".".join(address("riskstrat", name).split(".")[:2]) for name in riskstrat.__all__}
    modules = {f"riskstrat.{name}" for name in dir(riskstrat) if name not in homes and not name.startswith("_")}
    for module in sorted(modules | set(homes.values())):
        found = importlib.import_module(module)
        defined = [name for name in getattr(found, "__all__", ()) if hasattr(getattr(found, name), "__qualname__")]
        addresses = {address(module, name) for name in defined}
        addresses |= {address("riskstrat", name) for name, home in homes.items() if home == module}
        page = "\n\n".join([f"# {module}", found.__doc__ or "", *(f"::: {one}" for one in sorted(addresses)), ""])
        (folder / f"{module.removeprefix('riskstrat.')}.md").write_text(page, encoding="utf-8")
    rows = [
        f"| [`rs.{name}`][{address('riskstrat', name)}] | {getattr(riskstrat, name).__doc__.splitlines()[0]} |"
        for name in riskstrat.__all__
    ]
    heading = ["# riskstrat", "", "After `import riskstrat as rs`:", "", "| name | what it is |", "|---|---|"]
    (folder / "index.md").write_text("\n".join([*heading, *rows, ""]), encoding="utf-8")


def write_notebooks(folder: Path) -> None:
    """Write each notebook, with the outputs that it has, as a page and its pictures."""
    from nbconvert import MarkdownExporter
    from nbconvert.writers import FilesWriter

    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text, resources = MarkdownExporter().from_filename(str(notebook), {"output_files_dir": notebook.stem})
        FilesWriter(build_directory=str(folder)).write(text, resources, notebook_name=notebook.stem)


def with_links_inside(page: Path, docs: Path) -> str:
    """Give the text of a page whose links stay within the site."""
    came_from = ROOT if page.name == CHANGELOG else (ROOT / "docs" / page.relative_to(docs)).parent

    def inside(link: re.Match[str]) -> str:
        text, target, anchor = link[1], link[2], link[3] or ""
        path = came_from.joinpath(target).resolve()
        if path.suffix == ".ipynb":
            shown = docs / "notebooks" / f"{path.stem}.md"
        elif path.is_relative_to(ROOT / "docs"):
            shown = docs / path.relative_to(ROOT / "docs")
        else:
            return link[0] if page.parent.name == "notebooks" else f"{text} (`{path.relative_to(ROOT).as_posix()}`)"
        return f"[{text}]({Path(os.path.relpath(shown, page.parent)).as_posix()}{anchor})"

    return LINK.sub(inside, page.read_text(encoding="utf-8"))


def stage(folder: Path) -> None:
    """Lay out everything that the site is made of."""
    docs = folder / "docs"
    shutil.copytree(ROOT / "docs/site/templates", folder / "templates")
    shutil.copytree(ROOT / "docs", docs, ignore=shutil.ignore_patterns("site"))
    shutil.copy(ROOT / "CHANGELOG.md", docs / CHANGELOG)
    write_notebooks(docs / "notebooks")
    write_reference(docs / "reference")
    for page in docs.rglob("*.md"):
        page.write_text(with_links_inside(page, docs), encoding="utf-8")
    parts = [f"{{ {json.dumps(part)} = {json.dumps(pages)} }}" for part, pages in navigation(docs).items()]
    configuration = (ROOT / "docs/site/zensical.toml").read_text(encoding="utf-8")
    configuration = configuration.replace("# navigation", f"nav = [{', '.join(parts)}]")
    (folder / "zensical.toml").write_text(
        configuration.replace('["src"]', json.dumps([str(ROOT / "src")])), encoding="utf-8"
    )


def build(out: Path) -> None:
    """Build the site into a folder, which must not exist yet."""
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        subprocess.run([sys.executable, "-m", "zensical", "build", "--strict"], cwd=folder, check=True)
        shutil.copytree(Path(folder, "site"), out)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
