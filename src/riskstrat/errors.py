"""The errors of riskstrat and the exit code that each one ends a command with.

Every error carries the complete list of problems found, never only the first, and never a person's value.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong: what was found, what was expected and what to do about it.

    Parameters
    ----------
    found, expected, remedy
        Plain sentences without any person's values.
    table, column
        Where it was found, if it was found in data.

    Examples
    --------
    >>> print(Problem(found="no such column", expected="Int64", remedy="add it", table="persons", column="person_id"))
    persons.person_id: no such column; expected Int64; add it
    """

    found: str
    expected: str
    remedy: str
    table: str | None = None
    column: str | None = None

    @property
    def location(self) -> str:
        """Table and column as ``table.column``, empty where the problem is not in data."""
        return ".".join(part for part in (self.table, self.column) if part)

    def __str__(self) -> str:
        sentence = f"{self.found}; expected {self.expected}; {self.remedy}"
        return f"{self.location}: {sentence}" if self.location else sentence


class RiskstratError(Exception):
    """Root of the errors that riskstrat raises on purpose.

    Parameters
    ----------
    problems
        All that is wrong, one `Problem` each.

    Examples
    --------
    >>> raise UsageError(Problem(found="a budget of 0", expected="more than 0", remedy="give a larger budget"))
    Traceback (most recent call last):
    ...
    riskstrat.errors.UsageError: a budget of 0; expected more than 0; give a larger budget
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, *problems: Problem) -> None:
        self.problems: Sequence[Problem] = problems
        super().__init__(_message(problems))

    @classmethod
    def from_problems(cls, problems: Iterable[Problem]) -> RiskstratError:
        """Build the error from any iterable of problems."""
        return cls(*problems)


class UsageError(RiskstratError):
    """An argument or a declaration cannot be used as given."""

    exit_code = 2


class ContractError(RiskstratError, ValueError):
    """Data break the contract of registers, or arrays that of a method; a ValueError for scikit-learn's tools."""

    exit_code = 3


class DesignError(RiskstratError, ValueError):
    """The study design cannot be computed (an empty cohort, too few outcomes); a ValueError like `ContractError`."""

    exit_code = 4


class DisclosureError(RiskstratError):
    """A table cannot leave without revealing somebody."""

    exit_code = 5


class TrustError(RiskstratError):
    """A stored model is not the file that was saved, or holds types that are not trusted."""

    exit_code = 6


class MissingExtraError(RiskstratError):
    """An optional package is needed and not installed."""

    exit_code = 7

    @classmethod
    def of(cls, extra: str, package: str) -> MissingExtraError:
        """Name the extra that brings the missing package."""
        return cls(
            Problem(
                found=f"the package '{package}' is not installed",
                expected=f"the extra '{extra}'",
                remedy=f"install it with: pip install 'riskstrat[{extra}]'",
            )
        )


class DriftError(RiskstratError):
    """New data differ too much from those that a model was fitted on."""

    exit_code = 8


class TrackingError(RiskstratError):
    """MLflow cannot keep a run; the study itself is whole."""


def printable(text: str, *, keep: str = "") -> str:
    r"""Leave out control and direction marks, with which a text shows something else than it holds.

    Parameters
    ----------
    text
        Any text; line ends and tabs become blanks.
    keep
        Characters that stay.

    Returns
    -------
    str
        The text without characters of the Unicode categories Cc, Cf, Zl, Zp, Cs and Co.

    Examples
    --------
    >>> printable("Centrum\u202e\x1b[31m\tNorr")
    'Centrum[31m Norr'
    """
    spaced = (" " if mark in "\t\r\n" and mark not in keep else mark for mark in text)
    return "".join(mark for mark in spaced if mark in keep or unicodedata.category(mark) not in _UNSEEN)


def _message(problems: Sequence[Problem]) -> str:
    if len(problems) == 1:
        return str(problems[0])
    return "\n".join([f"{len(problems)} problems:", *(f"  - {problem}" for problem in problems)])
