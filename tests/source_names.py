"""Names that the package defines: source files in, one record per name out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "riskstrat"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@dataclass(frozen=True)
class Name:
    """A name, what it names and where; `local` names are seen by no caller."""

    name: str
    kind: str
    path: Path
    line: int = 1

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a snake_case or CamelCase name, in lower case."""
        return tuple(word.lower() for word in WORD.findall(self.name))

    @property
    def package(self) -> str:
        return self.path.relative_to(PACKAGE).parts[0].removesuffix(".py")

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} {self.kind} {self.name}"


def source_files() -> list[Path]:
    """Return the modules of the package, sorted."""
    return sorted(PACKAGE.rglob("*.py"))


def defined_names() -> Iterator[Name]:
    """Yield every name of a module, class, function, parameter, field or constant."""
    for path in source_files():
        for part in path.relative_to(PACKAGE).with_suffix("").parts:
            yield Name(part, "module", path)
        yield from _names_of(ast.parse(path.read_text(encoding="utf-8")), path)


def _names_of(tree: ast.Module, path: Path) -> Iterator[Name]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield Name(node.name, "class", path, node.lineno)
            yield from (Name(name, "field", path, line) for name, line in _assigned(node.body))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Name(node.name, "function", path, node.lineno)
            given = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            yield from (Name(one.arg, "parameter", path, one.lineno) for one in given)
    yield from (Name(name, "constant", path, line) for name, line in _assigned(tree.body))


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, int]]:
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, node.lineno
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                named = target.elts if isinstance(target, ast.Tuple) else [target]
                yield from ((one.id, node.lineno) for one in named if isinstance(one, ast.Name))
