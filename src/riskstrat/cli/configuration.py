"""Options from a file: what is written there once needs not be typed each time, and what is typed beats it.

In: ``riskstrat.toml`` of the working folder, or the file of ``--config``. Out: the defaults of a command.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer
from typer.core import TyperCommand

from riskstrat.cli.terminal import MODE, Mode, note
from riskstrat.errors import Problem, UsageError, printable, unknown

FILE: Final = "riskstrat.toml"
_BACKSLASHES: Final = r"correct it; write a path with / or in single quotes, such as 'C:\data\registers'"
_OWN: Final = ("config", "help")
"""Options that a file cannot give."""
Options = Mapping[str, frozenset[str]]
"""Names of options, as they are typed without dashes, by command."""


def shared(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all of them have: ``--config``, ``--quiet`` and ``--json``."""

    @wraps(command)
    def started(*, config: Path | None, quiet: bool, json: bool, **given: object) -> None:
        MODE.set(Mode(quiet=quiet, json=json))
        if config is not None:
            note(f"options of {config}")
        command(**given)

    own = signature(command).parameters.values()
    hints = get_type_hints(command, include_extras=True)
    added = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]
    described = [each.replace(annotation=hints[each.name]) for each in own]
    started.__signature__ = signature(command).replace(parameters=[*described, *added])  # type: ignore[attr-defined]
    started.__annotations__ = {each.name: each.annotation for each in [*described, *added]}
    return started


def _apply(context: typer.Context, config: Path | None) -> Path | None:
    """Make the options of the file the defaults of the command that is being read; None where it gives none."""
    file = config or Path(FILE)
    if config is None and not file.is_file():
        return config
    content = _read(file)
    options = {name: _options_of(command) for name, command in _commands(context).items()}
    UsageError.refuse([*_problems(content, options), *_escapes(content)])
    name = context.info_name or ""
    common = {key: value for key, value in content.items() if key in options[name]}
    given = common | content.get(name, {})
    context.default_map = {key.replace("-", "_"): _as_typed(value) for key, value in given.items()}
    return file if given else None


_SHARED: Final[Mapping[str, tuple[Any, object]]] = {
    "config": (
        Annotated[
            Path | None,
            typer.Option(
                is_eager=True,
                callback=_apply,
                help=f"File of options (TOML); default: {FILE} in the working folder. What is typed here beats it.",
            ),
        ],
        None,
    ),
    "quiet": (Annotated[bool, typer.Option("--quiet", help="Say nothing but errors, and what was asked for.")], False),
    "json": (Annotated[bool, typer.Option("--json", help="Print the answer as one JSON document.")], False),
}


def _read(file: Path) -> dict[str, Any]:
    expected = "a TOML file of options, such as registers = 'my_registers'"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # editors on Windows write a mark before the text
    except FileNotFoundError:
        raise UsageError(Problem(f"no file {file}", expected, "correct --config")) from None
    except ValueError as broken:  # no TOML, or no UTF-8
        said = str(broken) if isinstance(broken, tomllib.TOMLDecodeError) else "not UTF-8"
        raise UsageError(Problem(f"{file.name} that cannot be read: {said}", expected, _BACKSLASHES)) from None


def _commands(context: typer.Context) -> Mapping[str, TyperCommand]:
    found: Mapping[str, TyperCommand] = getattr(context.parent.command, "commands") if context.parent else {}  # noqa: B009
    return found


def _options_of(command: TyperCommand) -> frozenset[str]:
    names = (name for each in command.params for name in each.opts if each.param_type_name == "option")
    return frozenset(name.lstrip("-") for name in names) - {*_OWN}


def _problems(content: Mapping[str, Any], options: Options) -> Iterator[Problem]:
    """Find what names no option: at the top one of any command, in a table one of that command."""
    everywhere = sorted(frozenset[str]().union(*options.values()))
    for name, value in content.items():
        if not isinstance(value, dict):
            if name not in everywhere:
                yield unknown("option", name, everywhere)
        elif name not in options:
            yield unknown("command", name, options)
        else:
            yield from (
                unknown("option", each, sorted(options[name]), table=name)
                for each in value
                if each not in options[name]
            )


def _escapes(content: Mapping[str, object]) -> Iterator[Problem]:
    r"""Find what TOML made of backslashes in double quotes, such as a tab of ``C:\temp``."""
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _escapes(value)
        elif isinstance(value, str) and printable(value) != value:
            yield Problem(f"{name} with tabs, line ends or marks that nobody sees", "plain text", _BACKSLASHES)


def _as_typed(value: object) -> object:
    """Give a value as it would have been typed, so that it is read and refused in the same way."""
    if isinstance(value, list):
        return [_as_typed(each) for each in value]
    return value if isinstance(value, bool) else str(value)
