"""Docstrings of exported names: numpydoc sections that name the real parameters, and an example that runs."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType

import pytest

from source_names import PACKAGE

SECTION = re.compile(r"^(?P<title>[A-Z][A-Za-z ]+)\n-{3,}$", re.MULTILINE)
ENTRY = re.compile(r"^(?P<names>\*{0,2}[A-Za-z_][\w]*(?:, *\*{0,2}[A-Za-z_]\w*)*)(?: ?:.*)?$", re.MULTILINE)
NOT_FOR_PROGRAMS = {f"riskstrat.{name}" for name in ("cli", "files", "recalibration", "vocabulary")}
"""Packages that are not in the reference: Typer reads the names of one, our own packages those of the others."""

MADE_BY = "only ever made by a function, whose example shows it"
WITHOUT_EXAMPLE = {
    "riskstrat.areas.Smoothed": MADE_BY,
    "riskstrat.disclosure.Released": MADE_BY,
    "riskstrat.explanation.ExplainedRisk": MADE_BY,
    "riskstrat.quality.Findings": MADE_BY,
    "riskstrat.registers.Registers": MADE_BY,
    "riskstrat.synthetic.Municipality": MADE_BY,
    "riskstrat.synthetic.Truth": MADE_BY,
}
"""Exported names without an example that runs, and why."""


def sections_of(value: object) -> dict[str, str]:
    """Text of each section of a docstring of its own, by its title."""
    _, *others = SECTION.split(inspect.cleandoc(value.__doc__ or ""))
    return dict(zip(others[::2], others[1::2], strict=True))


@dataclass(frozen=True)
class Exported:
    """A name in the `__all__` of a package."""

    module: str
    name: str
    value: object

    @property
    def parameters(self) -> list[str]:
        """Names that a caller may give."""
        if dataclasses.is_dataclass(self.value):
            fields = dataclasses.fields(self.value)
            return [field.name for field in fields if field.init and not field.name.startswith("_")]
        taken = inspect.signature(self.value).parameters  # type: ignore[arg-type]
        return [name for name in taken if name not in ("self", "cls")]

    def documented(self, *titles: str) -> list[str]:
        """Names of the entries of some sections, of a class also those of the classes that it extends."""
        bases = self.value.__mro__ if inspect.isclass(self.value) else (self.value,)
        texts = [sections_of(base).get(title, "") for base in bases for title in titles]
        entries = [match["names"] for text in texts for match in ENTRY.finditer(text)]
        return [name.strip(" *") for names in entries for name in names.split(",")]

    @property
    def raises(self) -> bool:
        """Whether the body of a function has a raise statement of its own."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.value)))  # type: ignore[arg-type]
        return any(isinstance(node, ast.Raise) for node in ast.walk(tree))


def exported() -> Iterator[Exported]:
    """Yield functions and classes that packages export, each once."""
    seen: set[int] = set()
    for name in sorted({path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in PACKAGE.rglob("*.py")}):
        if name in ("__init__", "__main__") or f"riskstrat.{name}" in NOT_FOR_PROGRAMS:
            continue
        module = importlib.import_module(f"riskstrat.{name}")
        for one in getattr(module, "__all__", ()):
            value = getattr(module, one)
            if (inspect.isclass(value) or isinstance(value, FunctionType)) and id(value) not in seen:
                seen.add(id(value))
                yield Exported(module.__name__, one, value)


def problems(one: Exported) -> Iterator[str]:
    """Yield what a docstring lacks or says wrongly."""
    if not one.value.__doc__:
        yield "no docstring"
        return
    if isinstance(one.value, FunctionType):
        yield from _problems_of_results(one)
    if not _is_plain_kind(one.value):
        yield from _problems_of_parameters(one)
        if (
            ">>>" not in sections_of(one.value).get("Examples", "")
            and f"{one.module}.{one.name}" not in WITHOUT_EXAMPLE
        ):
            yield "no Examples with >>>"


def _problems_of_parameters(one: Exported) -> Iterator[str]:
    named = one.documented("Parameters", "Attributes", "Other Parameters")
    if missing := [name for name in one.parameters if name not in named]:
        yield f"Parameters lacks {', '.join(missing)}"
    known = {*one.parameters, *(dir(one.value) if inspect.isclass(one.value) else ())}
    if unknown := [name for name in one.documented("Parameters") if name not in known]:
        yield f"Parameters names {', '.join(unknown)}, which it does not take"


def _problems_of_results(one: Exported) -> Iterator[str]:
    gives_nothing = one.value.__annotations__.get("return") in ("None", None)
    if not gives_nothing and not {"Returns", "Yields"} & sections_of(one.value).keys():
        yield "no Returns"
    if one.raises and "Raises" not in sections_of(one.value):
        yield "no Raises"


def _is_plain_kind(value: object) -> bool:
    """Whether a class is never called by a user: a protocol, an abstract base, an error."""
    if not inspect.isclass(value):
        return False
    return getattr(value, "_is_protocol", False) or inspect.isabstract(value) or issubclass(value, Exception)


@pytest.mark.parametrize("one", list(exported()), ids=lambda one: f"{one.module}.{one.name}")
def test_docstring_is_complete(one: Exported):
    assert not list(problems(one)), f"{one.module}.{one.name}"


def test_exceptions_are_names_that_are_exported():
    assert set(WITHOUT_EXAMPLE) <= {f"{one.module}.{one.name}" for one in exported()}
