"""What every declaration is: frozen data, comparable, hashable, to JSON and back by the name of its kind.

In: declarations. Out: plain dictionaries, JSON text and digests.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from abc import ABCMeta
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Never, Self

from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails

from riskstrat.errors import Problem, UsageError, printable, unknown

CONFIG = ConfigDict(extra="forbid", validate_default=True)
Language = Literal["sv", "en"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


class _Hidden:
    """Hides an attribute of a class's class, which would be the default of every field of that name."""

    def __get__(self, instance: object, owner: type) -> Never:
        raise AttributeError


class _Signature:
    """Says how a declaration is made by its fields, where pydantic has not done so."""

    def __get__(self, kind: type, owner: type) -> inspect.Signature:
        if kind.__init__ is object.__init__:  # type: ignore[misc]
            return inspect.Signature()
        made = inspect.signature(kind.__init__)  # type: ignore[misc]
        return made.replace(parameters=list(made.parameters.values())[1:])


class _Declared(ABCMeta):
    """Makes declarations; all that is wrong with one is a single `UsageError`, in the words of its fields."""

    register = _Hidden()
    __signature__ = _Signature()

    def __call__(cls, *values: object, **fields: object) -> Any:  # noqa: ANN401 - the type of each declaration
        """Make a declaration of the class from its fields."""
        try:
            return super().__call__(*values, **fields)
        except ValidationError as invalid:
            raise UsageError(*(_problem(cls, error) for error in _innermost(invalid))) from None


class Declaration(metaclass=_Declared):
    """Base class of all declarations; subclasses register themselves by class name, so that JSON finds them again.

    Examples
    --------
    >>> text = LocalisedText(en="area", sv="område")
    >>> Declaration.from_json(text.to_json()) == text
    True
    """

    kinds: ClassVar[dict[str, type[Declaration]]] = {}

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        Declaration.kinds[cls.__name__] = cls

    def to_plain(self) -> dict[str, Plain]:
        """Give the kind and every field that differs from its default as plain data, which JSON can carry."""
        values = {field: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]
        set_fields = {field.name: _plain(value) for field, value in values.items() if value != _default(field)}
        return {"kind": type(self).__name__, **set_fields}

    def to_json(self) -> str:
        """Give the declaration as JSON text; equal declarations give equal texts."""
        return json.dumps(self.to_plain(), ensure_ascii=False, indent=2)

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that name this declaration; equal declarations share them."""
        canonical = json.dumps(self.to_plain(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a declaration back from `to_json`.

        Raises
        ------
        UsageError
            If the text is no JSON, or names a kind that is not known here, or one that is not of this class.
        """
        try:
            found = from_plain(json.loads(text))
        except (TypeError, ValueError, RecursionError) as broken:
            said = f"not JSON of a declaration ({broken})"
            raise UsageError(Problem(said, f"JSON of a {cls.__name__}", "give all of it")) from broken
        if not isinstance(found, cls):
            raise UsageError(
                Problem(
                    f"JSON of a {type(found).__name__}", f"a {cls.__name__}", "read it with the class that wrote it"
                )
            )
        return found


def _seen(text: str) -> str:
    return printable(text, keep="\n")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class LocalisedText(Declaration):
    """A text in both languages of the reports.

    Parameters
    ----------
    en, sv
        The text in English and Swedish; marks that nobody sees are left out.

    Examples
    --------
    >>> LocalisedText(en="area", sv="område").in_language("sv")
    'område'
    """

    en: Annotated[str, AfterValidator(_seen)]
    sv: Annotated[str, AfterValidator(_seen)]

    def in_language(self, language: Language) -> str:
        """Give the text in Swedish (``"sv"``) or English (``"en"``)."""
        return self.sv if language == "sv" else self.en


def from_plain(plain: Plain) -> object:
    """Build declarations, tuples, mappings and plain values back from what `Declaration.to_plain` gave."""
    if isinstance(plain, list):
        return tuple(from_plain(item) for item in plain)
    if not isinstance(plain, dict):
        return plain
    fields = {name: from_plain(value) for name, value in plain.items() if name != "kind"}
    return _kind(str(plain["kind"]))(**fields) if "kind" in plain else fields


def _innermost(invalid: ValidationError) -> list[ErrorDetails]:
    """Leave out what is wrong with a field only because something in it is."""
    errors = invalid.errors(include_url=False)
    outer = {error["loc"][:depth] for error in errors for depth in range(1, len(error["loc"]))}
    return [error for error in errors if error["loc"] not in outer]


def _problem(kind: type, error: ErrorDetails) -> Problem:
    """Say what is wrong with a field; the nearest name of one where it is none."""
    fields = [field.name for field in dataclasses.fields(kind)]
    field, sort = ".".join(map(str, error["loc"])), error["type"]
    if sort.startswith("unexpected"):
        return unknown("field", field, fields, table=kind.__name__)
    if sort == "missing":
        said = {"found": "not given", "expected": "a value", "remedy": f"write {field}=..."}
    else:
        found = error["msg"].removeprefix("Value error, ")
        said = {"found": found, "expected": f"what help({kind.__name__}) says", "remedy": "correct it"}
    return Problem(**said, table=kind.__name__, column=field or None)


def _kind(name: str) -> type[Declaration]:
    if name not in Declaration.kinds:
        raise UsageError(unknown("kind", name, sorted(Declaration.kinds)))
    return Declaration.kinds[name]


def _default(field: dataclasses.Field[object]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _plain(value: object) -> Plain:
    if isinstance(value, Declaration):
        return value.to_plain()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a declaration holds a {type(value).__name__}, which JSON cannot carry")
