"""The mappings that ship, and those of the user, which come before them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from riskstrat.errors import Problem, UsageError, unknown
from riskstrat.intake.raw_extracts.mapping import Declared, RegisterMapping
from riskstrat.registers.manifest import declaration_problems

Toml = dict[str, object]
_FIELDS = [name for kind in Declared.__subclasses__() for name in kind.model_fields]


def mappings(own: Iterable[Path] = ()) -> tuple[RegisterMapping, ...]:
    """Read the shipped mappings and the user's own, in the order of their names.

    A user's TOML file whose `name` is that of a shipped mapping replaces it; with ``extends = "<name>"`` it only says
    what is different: tables are merged, lists and values replaced. One `UsageError` tells all that is wrong with any
    of them.

    Examples
    --------
    >>> [mapping.name for mapping in mappings()][:2]
    ['bhv', 'dors']
    """
    texts = {
        f"{name}.toml": resources.files(__package__).joinpath("mappings", f"{name}.toml").read_text(encoding="utf-8")
        for name in shipped_names()
    }
    declared: dict[str, tuple[str, Toml]] = {}
    problems: list[Problem] = []
    for origin, text in (*texts.items(), *((str(path), _own(path)) for path in own)):
        found = _declared(origin, text, declared)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            declared[str(found.get("name", origin))] = (origin, found)
    built = [_built(origin, found) for origin, found in declared.values()]
    problems += [problem for each in built if isinstance(each, list) for problem in each]
    UsageError.refuse(problems)
    return tuple(sorted((each for each in built if isinstance(each, RegisterMapping)), key=lambda each: each.name))


def shipped_names() -> tuple[str, ...]:
    """Names of the mappings that ship."""
    files = resources.files(__package__).joinpath("mappings").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def _own(path: Path) -> str | Problem:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return _problem(
            str(path), "a file that cannot be read as text", "a mapping in TOML, UTF-8", "give another file"
        )


def _declared(origin: str, text: str | Problem, declared: Mapping[str, tuple[str, Toml]]) -> Toml | Problem:
    if isinstance(text, Problem):
        return text
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _problem(origin, f"text that is not TOML ({error})", "a mapping in TOML", "correct it")
    base = content.pop("extends", None)
    if base is None:
        return content
    if base not in declared:
        return unknown("mapping", str(base), declared, table=origin)
    return _merged(declared[str(base)][1], content)


def _merged(base: Toml, change: Toml) -> Toml:
    """Lay a change over a declaration: tables are merged, everything else replaced."""
    both = {
        name: _merged(cast("Toml", base[name]), cast("Toml", value))
        for name, value in change.items()
        if isinstance(value, dict) and isinstance(base.get(name), dict)
    }
    return {**base, **change, **both}


def _built(origin: str, content: Toml) -> RegisterMapping | list[Problem]:
    try:
        return RegisterMapping.model_validate(content)
    except ValidationError as invalid:
        return list(declaration_problems(invalid, origin, _FIELDS, "what docs/intake.md says of mappings"))


def _problem(origin: str, found: str, expected: str, remedy: str) -> Problem:
    return Problem(table=origin, found=found, expected=expected, remedy=remedy)
