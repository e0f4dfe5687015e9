"""Every text of the catalogues is said somewhere: nobody translates what nobody reads."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from source_names import PACKAGE, source_files

CATALOGUES = sorted(PACKAGE.rglob("texts_en.toml"))
NUMBER = re.compile(r"\d[\w.-]*")
FORMS = ("zero", "one", "other")


@dataclass
class Code:
    """What code and templates can say.

    Texts, what f-strings with and without a written group can become, and groups of names that come from outside.
    """

    texts: set[str] = field(default_factory=lambda: set(FORMS))
    keys: set[re.Pattern[str]] = field(default_factory=set)
    parts: set[re.Pattern[str]] = field(default_factory=set)
    named: set[str] = field(default_factory=set)


@pytest.mark.parametrize("catalogue", CATALOGUES, ids=lambda path: path.parent.name)
def test_every_text_is_used(catalogue: Path):
    keys = list(flat(tomllib.loads(catalogue.read_text(encoding="utf-8"))))
    assert keys
    assert [key for key in keys if not is_used(key)] == []


def test_every_group_that_code_takes_names_from_has_texts():
    """Without them a reader of Swedish would see names of columns and tables, and no error."""
    texts = (tomllib.loads(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("texts_sv.toml"))
    groups = {key.rpartition(".")[0] for one in texts for key in flat(one)}
    assert code().named - groups == set()


@pytest.mark.parametrize(
    "key", ["page.nobody", "column.nobody_has", "areas.several", "part.astrology", "month.astrology"]
)
def test_what_no_code_says_is_found(key: str):
    assert not is_used(key)


@pytest.mark.parametrize(("other", "word"), [("startdatum", "indexdatum")])
def test_the_glossary_has_one_swedish_word_and_texts_no_other(other: str, word: str):
    assert f"| {word} |" in (PACKAGE.parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")
    texts = (path for kind in ("*.toml", "*.py") for path in PACKAGE.rglob(kind))
    assert [path.name for path in texts if other in path.read_text(encoding="utf-8").casefold()] == []


def flat(tree: dict[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def is_used(key: str) -> bool:
    """Whether code or a template says the key, or makes it of a written group and words of the code."""
    found = (pattern.fullmatch(key) for pattern in code().keys)
    said = key in code().texts or key.rpartition(".")[0] in code().named
    return said or any(one is not None and all(map(is_known, one.groups())) for one in found)


def is_known(part: str, depth: int = 1) -> bool:
    """Whether code can say a part of a key: a number, a text also with blanks, or an f-string of such parts."""
    if NUMBER.fullmatch(part) or part in code().texts or part.replace("_", " ") in code().texts:
        return True
    made = (pattern.fullmatch(part) for pattern in code().parts) if depth else ()
    return any(one is not None and all(is_known(each, depth - 1) for each in one.groups()) for one in made)


@cache
def code() -> Code:
    found = Code()
    for path in source_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            _read(node, found)
    for template in PACKAGE.rglob("templates/*.html"):
        found.texts |= set(re.findall(r"messages\([\"']([\w.]+)[\"']", template.read_text(encoding="utf-8")))
    return found


def _read(node: ast.AST, found: Code) -> None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        found.texts.add(node.value)
    elif isinstance(node, ast.FunctionDef):
        found.texts.add(node.name)
    elif isinstance(node, ast.JoinedStr):
        first = node.values[0]
        has_group = isinstance(first, ast.Constant) and "." in str(first.value)
        (found.keys if has_group else found.parts).add(pattern_of(node))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        group = node.args[0]
        if node.func.attr == "count" and isinstance(group, ast.JoinedStr | ast.Constant):
            found.keys.add(re.compile(rf"{pattern_of(group).pattern}\.({'|'.join(FORMS)})"))
        if node.func.attr == "named" and isinstance(group, ast.Constant):
            found.named.add(str(group.value))


def pattern_of(node: ast.expr) -> re.Pattern[str]:
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    written = (re.escape(str(part.value)) if isinstance(part, ast.Constant) else "(.+)" for part in parts)
    return re.compile("".join(written))
