"""The conditions that ship, found by file name; a further condition is one new file here or anywhere else.

In: a name, a path or a declaration. Out: `Condition`.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from riskstrat.declare import Condition, Indicator
from riskstrat.errors import Problem, RiskstratError, UsageError, unknown
from riskstrat.errors.arguments import checked

ATTRIBUTE = "CONDITION"
INDICATORS = "INDICATORS"
STANDARD = ("childhood_obesity", "early_cvd", "frailty")
"""What ``riskstrat run`` runs when no condition is named; the others run by name."""

_MODULE = "riskstrat_condition_"
_ABOUT_CODE = (SyntaxError, NameError, ImportError, AttributeError, TypeError)
"""Exceptions whose words are about code; those of others may hold what the file read."""


def available() -> tuple[str, ...]:
    """Name the conditions that ship.

    Returns
    -------
    tuple of str
        In alphabetical order.

    Examples
    --------
    >>> available()
    ('childhood_obesity', 'early_cvd', 'frailty', 'readmission')
    """
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_"))


def proposed_indicators() -> tuple[Indicator, ...]:
    """Give the indicators that are proposed for the five goals.

    Returns
    -------
    tuple of Indicator
        Seamless care: readmission. Person-centred care: coordinated plans, the last 30 days of life. Better health: the
        conditions. Equal access: reach per need, which asks for a table of participation, and its slope. Cost: net cost
        of an averted case. Nobody has chosen them yet; replace any by a declaration of your own.

    Examples
    --------
    >>> sorted({indicator.goal for indicator in proposed_indicators()})
    ['better_health', 'cost_effective', 'equal_access', 'person_centred', 'seamless']
    """
    from riskstrat.conditions._indicators import PROPOSED

    return PROPOSED


@checked
def load(condition: str | Path | Condition) -> Condition:
    """Load a condition by its name, from a Python file that assigns ``CONDITION``, or give back a declaration.

    Parameters
    ----------
    condition
        ``"frailty"``, ``"my_condition.py"``, or a `Condition`. A file is Python code and runs when it is loaded:
        only load files that you trust.

    Returns
    -------
    Condition
        The declaration.

    Raises
    ------
    UsageError
        If there is no such condition, or its file does not declare one.

    Examples
    --------
    >>> load("frailty").horizon
    '2y'
    """
    if isinstance(condition, Condition):
        return condition
    path = Path(condition)
    if path.suffix == ".py":
        return _declared(_from_file(path), str(path))
    if str(condition) not in available():
        raise UsageError(unknown("condition", str(condition), (*available(), "the path of a .py file")))
    return _declared(importlib.import_module(f"{__name__}.{condition}"), str(condition))


@checked
def load_indicators(source: str | Path) -> tuple[Indicator, ...]:
    """Load indicators from a Python file that assigns ``INDICATORS``, or those that are proposed.

    Parameters
    ----------
    source
        ``"proposed"``, or the path of a file. It is Python code and runs when it is loaded: only load files that you
        trust.

    Returns
    -------
    tuple of Indicator
        Those that the file declares.

    Raises
    ------
    UsageError
        If there is no such file, or it does not declare indicators.

    Examples
    --------
    >>> load_indicators("proposed") == proposed_indicators()
    True
    """
    if str(source) == "proposed":
        return proposed_indicators()
    declared = getattr(_from_file(Path(source)), INDICATORS, None)
    if not isinstance(declared, Sequence) or not declared or not all(isinstance(each, Indicator) for each in declared):
        found = f"no {INDICATORS} in {source}" if declared is None else f"{INDICATORS} that are not all indicators"
        expected = "a tuple of RegisterIndicator, NetCostIndicator and others of riskstrat.declare"
        raise UsageError(Problem(found, expected, f"assign them to {INDICATORS}"))
    return tuple(declared)


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(Problem(f"no file {path}", "a Python file of declarations", "check the path"))
    spec = importlib.util.spec_from_file_location(f"{_MODULE}{path.stem}", path)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - a .py file always has a loader
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as raised:
        raise _error(raised, path.name, raised.lineno or 1) from raised
    except BaseException as raised:
        found = raised_in_condition(raised)
        if found is None:
            raise
        raise found from raised
    return module


def raised_in_condition(raised: BaseException) -> RiskstratError | None:
    """Say in which line of a condition's file something was raised, also where methods of its kinds run in a study.

    Parameters
    ----------
    raised
        Any exception, ``SystemExit`` too: a file that ends the program has not declared anything.

    Returns
    -------
    RiskstratError or None
        None where no line of a condition's file is in the traceback, and for a keyboard interrupt.
    """
    lines = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(raised.__traceback__)
        if str(frame.f_globals.get("__name__")).startswith(_MODULE)
    ]
    if not lines or isinstance(raised, KeyboardInterrupt):
        return None
    file, line = lines[-1]
    return _error(raised, Path(file).name, line)


def _error(raised: BaseException, file: str, line: int) -> RiskstratError:
    where = f"{file}, line {line}"
    if isinstance(raised, RiskstratError):
        located = (replace(each, table=f"{where}: {each.table}" if each.table else where) for each in raised.problems)
        return type(raised)(*located)
    said = f": {raised}" if isinstance(raised, _ABOUT_CODE) else ""
    return UsageError(
        Problem(
            f"{type(raised).__name__}{said}",
            f"Python that ends with {ATTRIBUTE} = Condition(...)",
            "correct the file",
            table=where,
        )
    )


def _declared(module: ModuleType, name: str) -> Condition:
    condition = getattr(module, ATTRIBUTE, None)
    if not isinstance(condition, Condition):
        raise UsageError(
            Problem(f"no condition in {name}", f"{ATTRIBUTE} = Condition(...)", "assign the condition to that name")
        )
    return condition
