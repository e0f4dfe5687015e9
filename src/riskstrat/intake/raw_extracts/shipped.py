"""The mappings that ship, and those of the user, which come before them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
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
    """
    folder = resources.files(__package__).joinpath("mappings")
    shipped = [(f"{name}.toml", folder.joinpath(f"{name}.toml")) for name in shipped_names()]
    declared: dict[str, tuple[str, Toml]] = {}
    problems: list[Problem] = []
    for origin, file in (*shipped, *((str(path), path) for path in own)):
        try:
            found = _declared(origin, file, declared)
            declared[str(found.get("name", origin))] = (origin, found)
        except UsageError as wrong:
            problems += wrong.problems
    built: list[RegisterMapping] = []
    for origin, content in declared.values():
        try:
            built.append(RegisterMapping.model_validate(content))
        except ValidationError as invalid:
            problems += declaration_problems(invalid, origin, _FIELDS, "what docs/intake.md says of mappings")
    UsageError.refuse(problems)
    return tuple(sorted(built, key=lambda each: each.name))


def shipped_names() -> tuple[str, ...]:
    """Names of the mappings that ship."""
    files = resources.files(__package__).joinpath("mappings").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def _declared(origin: str, file: Traversable, declared: Mapping[str, tuple[str, Toml]]) -> Toml:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        found, expected = "a file that cannot be read as text", "a mapping in TOML, UTF-8"
        raise UsageError(Problem(found, expected, "give another file", table=origin)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found, expected = f"text that is not TOML ({error})", "a mapping in TOML"
        raise UsageError(Problem(found, expected, "correct it", table=origin)) from error
    base = content.pop("extends", None)
    if base is None:
        return content
    if str(base) not in declared:
        raise UsageError(unknown("mapping", str(base), declared, table=origin))
    return _merged(declared[str(base)][1], content)


def _merged(base: Toml, change: Toml) -> Toml:
    """Lay a change over a declaration: tables are merged, everything else replaced."""
    both = {
        name: _merged(cast("Toml", base[name]), cast("Toml", value))
        for name, value in change.items()
        if isinstance(value, dict) and isinstance(base.get(name), dict)
    }
    return {**base, **change, **both}
