"""The conditions that ship, found by file name; a further condition is one new file here or anywhere else.

In: a name, a path or a declaration. Out: `Condition`.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType

from pydantic import ValidationError

from riskstrat.declare import Condition
from riskstrat.errors import Problem, UsageError

ATTRIBUTE = "CONDITION"
STANDARD = ("childhood_obesity", "early_cvd", "frailty")
"""What ``riskstrat run`` runs when no condition is named; the others run by name."""


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
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


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
        raise UsageError(
            Problem(
                found=f"the condition '{condition}'",
                expected=f"one of {', '.join(available())}, or the path of a .py file",
                remedy="correct the name, or give your own file",
            )
        )
    return _declared(importlib.import_module(f"{__name__}.{condition}"), str(condition))


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise UsageError(
            Problem(
                found=f"no file {path}", expected="a Python file that declares a condition", remedy="check the path"
            )
        )
    spec = importlib.util.spec_from_file_location(f"riskstrat_condition_{path.stem}", path)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - a .py file always has a loader
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ValidationError as invalid:
        raise UsageError.from_problems(_problems(invalid, path)) from invalid
    return module


def _problems(invalid: ValidationError, path: Path) -> list[Problem]:
    return [
        Problem(
            found=f"{path}: {invalid.title}.{'.'.join(map(str, error['loc']))}: {error['msg']}",
            expected="a declaration as in the shipped conditions",
            remedy="correct the field",
        )
        for error in invalid.errors()
    ]


def _declared(module: ModuleType, name: str) -> Condition:
    condition = getattr(module, ATTRIBUTE, None)
    if not isinstance(condition, Condition):
        raise UsageError(
            Problem(
                found=f"no condition in {name}",
                expected=f"{ATTRIBUTE} = Condition(...)",
                remedy="assign the condition to that name",
            )
        )
    return condition
