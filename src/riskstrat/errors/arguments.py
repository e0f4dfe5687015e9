"""Arguments of public functions: what cannot be meant is refused, all of a call at once, before anything is computed.

In: a function with type hints. Out: the same function, for which a text is one name, an ISO text is a day, and a frame
of pandas is one of polars.
"""

from __future__ import annotations

import functools
import inspect
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from math import isfinite
from numbers import Integral, Real
from typing import Annotated, Any, Literal, ParamSpec, TypeGuard, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt
import polars as pl
import polars.selectors as cs
from polars.exceptions import PolarsError

from riskstrat.errors import MissingExtraError, Problem, UsageError, repeated, unknown

_ARRAY_LIKE = frozenset(get_args(npt.ArrayLike))
_LISTS = (Sequence, Iterable, tuple)
P = ParamSpec("P")
R = TypeVar("R")

_REMEDIES = {
    "Condition": "load it with rs.conditions.load",
    "Registers": "open them with rs.open_registers",
    "Cohort": "make it with rs.build_cohort",
    "Target": "make it with rs.target_population",
    "Study": "make it with rs.run",
    "date": "write it like 2024-12-31",
}
_NO_COLUMN = "ColumnNotFoundError"
_ABOUT_FRAMES = (_NO_COLUMN, "SchemaError", "InvalidOperationError", "DuplicateError")
"""What polars raises for frames whose columns are not those that are needed."""
_BETWEEN = {"delay_days": (0, 36_525), "horizon_days": (1e-6, 54_788), "rows_at_a_time": (1, 2**40)}
_BETWEEN |= dict.fromkeys(("truncate", "max_rejected_share"), (0, 1))
_BETWEEN |= dict.fromkeys(("seed", "random_state"), (0, 2**63 - 1))
"""Arguments that have a smallest and a largest value wherever they are taken."""


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Refuse arguments that are not of the function's types.

    One text where names are listed is one name; a text or a midnight where a day is wanted is that day; a frame of
    pandas where only one of polars is wanted is that frame, without its index, categories as texts. Shapes and values
    of arrays, protocols and type variables are left to the function.
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*values: P.args, **named: P.kwargs) -> R:
        try:
            given = signature.bind(*values, **named)
        except TypeError:
            return function(*values, **named)  # what is missing or unknown is Python's own sentence
        hints = _hints(function)
        for name, value in given.arguments.items():
            given.arguments[name] = _meant(value, hints.get(name, Any))
        UsageError.refuse(_problems(given.arguments, hints))
        try:
            return function(*given.args, **given.kwargs)
        except Exception as raised:
            if type(raised).__name__ in _ABOUT_FRAMES and (frames := _frames(given.arguments)):
                raise UsageError(_unfit(raised, frames)) from raised
            raise

    return call


def _frames(given: Mapping[str, object]) -> list[str]:
    return [name for name, value in given.items() if type(value).__name__ in ("DataFrame", "LazyFrame")]


def _unfit(raised: Exception, frames: Sequence[str]) -> Problem:
    """Say what polars does not find in frames that were given; of other columns only that their types are wrong."""
    column = re.search(r"[\"']([^\"']+)[\"']", str(raised)) if type(raised).__name__ == _NO_COLUMN else None
    found = f"no column '{column[1]}'" if column else "columns of other types or names"
    return Problem(
        f"{found} in what was given as {', '.join(frames)}",
        "the columns that the function's documentation lists",
        "add or convert them",
    )


@functools.cache
def _hints(function: Callable[..., object]) -> Mapping[str, Any]:
    return get_type_hints(function)


def _meant(value: object, hint: Any) -> object:  # noqa: ANN401 - a type hint is anything
    """Read a text as a day or a list of one name, a frame of pandas as one of polars, where only these are wanted."""
    options = _options(hint)
    if pl.DataFrame in options and is_of_pandas(value) and not any(map(_is_protocol, options)):
        return from_pandas(value)
    if isinstance(value, datetime) and value.time() == time() and date in options:
        return value.date()
    if isinstance(value, str) and str not in options and date in options:
        return _day(value)
    if any(get_origin(option) in _LISTS and str in get_args(option) for option in options):
        if isinstance(value, str):
            return value if str in options else (value,)
        return tuple(np.asarray(value)) if type(value).__name__ in ("ndarray", "Series") else value
    return value


def is_of_pandas(value: object) -> TypeGuard[Any]:
    """Whether it is a frame of pandas, which need not be installed."""
    return type(value).__module__.partition(".")[0] == "pandas" and hasattr(value, "columns")


def from_pandas(frame: Any, table: str | None = None) -> pl.DataFrame:  # noqa: ANN401
    """Make a frame of polars of one of pandas: without its index, categories as texts."""
    found, problem = {}, functools.partial(Problem, table=table)
    problems = [
        problem("several columns of that name", "one", "rename", column=name)
        for name in repeated(map(str, frame.columns))
    ]
    UsageError.refuse(problems)
    for name in frame.columns:
        try:
            found[str(name)] = pl.from_pandas(frame[name])
        except ImportError:
            raise MissingExtraError.of("files", "pyarrow") from None
        except (TypeError, ValueError, OverflowError, PolarsError):  # which quote the value
            problems.append(problem("values of several kinds", "one kind", "write them alike", column=str(name)))
    UsageError.refuse(problems)
    return pl.DataFrame(found).with_columns(cs.by_dtype(pl.Categorical, pl.Enum).cast(pl.String))


def _day(text: str) -> date | str:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return text


def _problems(given: Mapping[str, Any], hints: Mapping[str, Any]) -> Iterator[Problem]:
    for name, value in given.items():
        options = _options(hints.get(name, Any))
        if value is not None or types.NoneType not in options:
            problem = _unfit_type(name, value, options) or _out_of_range(name, value)
            yield from (problem,) if problem else ()


def _unfit_type(name: str, value: object, options: tuple[Any, ...]) -> Problem | None:
    for wanted, are_wanted, fits in _ARRAYS:
        if are_wanted(options):
            return None if fits(value) else Problem(f"{name} of type {_type(value)}", wanted, "correct it")
    return None if any(_fits(value, option) for option in options) else _problem(name, value, options)


def _out_of_range(name: str, value: Any) -> Problem | None:  # noqa: ANN401
    if name not in _BETWEEN or _BETWEEN[name][0] <= value <= _BETWEEN[name][1]:
        return None
    lowest, highest = _BETWEEN[name]
    return Problem(f"{name} = {value}", f"{lowest} to {highest}", "correct it")


def _problem(name: str, value: object, options: Sequence[Any]) -> Problem:
    """Say what was expected; of the value only its type, or which number or choice it is."""
    choices = [choice for option in options if get_origin(option) is Literal for choice in get_args(option)]
    if choices and isinstance(value, str):
        return unknown(name, value, map(str, choices))
    number = isinstance(value, Real) and not _is_truth(value) and name != "person_id"
    named = [_name(option) for option in options]
    remedy = next((_REMEDIES[each] for each in named if each in _REMEDIES), "correct it")
    found = f"{name} = {value}" if number else f"{name} of type {_type(value)}"
    return Problem(found, " or ".join(dict.fromkeys(named)), remedy)


def _type(value: object) -> str:
    """Name a type, of an array of numpy with what it holds: ``ndarray of event, duration_days``, ``ndarray of str``."""
    name = type(value).__name__
    if not isinstance(value, np.ndarray):
        return name
    return f"{name} of {', '.join(value.dtype.names or (value.dtype.type.__name__.rstrip('_'),))}"


def _options(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401
    if get_origin(hint) in (Union, types.UnionType):
        return tuple(option for each in get_args(hint) for option in _options(each))
    return _options(get_args(hint)[0]) if get_origin(hint) is Annotated else (hint,)


def _fits(value: object, hint: Any) -> bool:  # noqa: ANN401
    kind = get_origin(hint) or hint
    if kind is Literal:
        return isinstance(value, str | int) and value in get_args(hint)
    if kind in _SIMPLE:
        return _SIMPLE[kind](value)
    if kind in _LISTS:
        return _fits_list(value, get_args(hint))
    if kind is Mapping:
        return isinstance(value, Mapping) and _fits_mapping(value, get_args(hint))
    if not isinstance(kind, type) or _is_protocol(kind) or kind.__module__ == "numpy":
        return True
    return isinstance(value, kind)


def _fits_list(value: object, hints: tuple[Any, ...]) -> bool:
    if not hasattr(value, "__iter__") or type(value).__name__ in ("str", "bytes", "dict", "DataFrame"):
        return False
    if not hasattr(value, "__len__") or not hints:
        return True
    return all(any(_fits(each, option) for option in _options(hints[0])) for each in value)


def _fits_mapping(value: Mapping[Any, Any], hints: tuple[Any, ...]) -> bool:
    pairs = zip(hints, (list(value), list(value.values())), strict=True) if hints else ()
    return all(any(_fits(each, option) for option in _options(hint)) for hint, listed in pairs for each in listed)


def _is_protocol(hint: Any) -> bool:  # noqa: ANN401
    return getattr(hint, "_is_protocol", False)


def _is_truth(value: object) -> bool:
    return type(value).__name__ in ("bool", "bool_")


_SIMPLE: Mapping[Any, Callable[[Any], bool]] = {
    Any: lambda _value: True,
    bool: _is_truth,
    int: lambda value: isinstance(value, Integral) and not _is_truth(value) and abs(int(value)) < 2**63,
    float: lambda value: isinstance(value, Real) and not _is_truth(value) and isfinite(value),
    date: lambda value: isinstance(value, date) and not isinstance(value, datetime),
}


def _are_arrays(options: tuple[Any, ...]) -> bool:
    """Whether arrays of numbers are wanted; where a frame may be given too, it is labels that are, or features."""
    if set(options) >= _ARRAY_LIKE:
        return not any(_name(option) == "DataFrame" for option in options)
    if any(map(_is_protocol, options)):
        return False
    return any(
        get_origin(option) is np.ndarray and get_args(get_args(option)[1])[0] is not np.void for option in options
    )


def _are_labels(options: tuple[Any, ...]) -> bool:
    return set(options) >= _ARRAY_LIKE


def _holds_labels(value: object) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes | Mapping)


def _holds_numbers(value: object) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except (TypeError, ValueError):
        return False


_ARRAYS = (("numbers", _are_arrays, _holds_numbers), ("labels", _are_labels, _holds_labels))


def _name(hint: Any) -> str:  # noqa: ANN401
    kind = get_origin(hint) or hint
    if kind in _LISTS:
        return f"a list of {' or '.join(_name(option) for option in _options(get_args(hint)[0]))}"
    if kind is Literal:
        return ", ".join(map(str, get_args(hint)))
    words = {float: "a finite number", int: "a whole number", types.NoneType: "None", bool: "True or False"}
    return words.get(kind, getattr(kind, "__name__", str(kind)))
