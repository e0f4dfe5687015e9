"""The errors of riskstrat and the exit code that each one ends a command with.

Every error carries the complete list of problems found, never only the first, and never a person's value.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from difflib import SequenceMatcher
from typing import ClassVar

SMALLEST_COUNT = 5
"""Messages are copied to mails and tickets: smaller counts of persons stay out of them."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_EMPTY = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Of other categories, what is drawn as nothing: Unicode's Default_Ignorable_Code_Point, and Braille without a dot."""


@dataclass(frozen=True)
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
    >>> print(Problem("no such column", "Int64", "add it", table="persons", column="person_id"))
    persons.person_id: no such column; expected Int64; add it
    """

    found: str
    expected: str
    remedy: str
    _: KW_ONLY
    table: str | None = None
    column: str | None = None

    @property
    def location(self) -> str:
        """Table and column as ``table.column``, empty where the problem is not in data."""
        return ".".join(part for part in (self.table, self.column) if part)

    def __str__(self) -> str:
        sentence = f"{self.found}; expected {self.expected}; {self.remedy}"
        return f"{self.location}: {sentence}" if self.location else sentence


def number_of(n: float, noun: str, plural: str | None = None) -> str:
    """Write how many there are of something; the plural is given where it is not the noun with an s.

    Examples
    --------
    >>> number_of(1, "error"), number_of(1230, "table"), number_of(2, "study", "studies")
    ('1 error', '1,230 tables', '2 studies')
    """
    return f"{n:,.15g} {noun if n == 1 else plural or f'{noun}s'}"


_ALIKE = 0.75
_EMPTY_WORDS = frozenset({"of", "the", "a"})


def repeated(values: Iterable[str]) -> list[str]:
    """List the values that come more than once, sorted.

    Examples
    --------
    >>> repeated(["b", "a", "b"])
    ['b']
    """
    return sorted(value for value, count in Counter(values).items() if count > 1)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that a misspelt one most likely stands for.

    Capitals, accents, separators and the order of the parts do not matter; a beginning or a whole part, such as
    ``end`` of ``end_date``, is enough. None where nothing is alike.
    """
    alike = [(_likeness(_parts(word), _parts(each)), each) for each in known]
    likeness, found = max(alike, key=lambda pair: pair[0], default=(0.0, ""))
    return found if likeness >= _ALIKE else None


def _parts(word: str) -> list[str]:
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain).casefold()
    return [part for part in re.split(r"[\W_]+", spaced) if part and part not in _EMPTY_WORDS]


def _likeness(one: Sequence[str], other: Sequence[str]) -> float:
    word, known = "".join(one), "".join(other)
    holds = set(one) < set(other) or (len(other) > 1 and set(other) < set(one))
    if one and (holds or (len(word) > 2 and known.startswith(word) and word != known)):
        return _ALIKE
    return max(
        SequenceMatcher(None, word, known).ratio(),
        SequenceMatcher(None, "".join(sorted(one)), "".join(sorted(other))).ratio(),
    )


def unknown(
    what: str, word: str, known: Iterable[str], *, table: str | None = None, column: str | None = None
) -> Problem:
    """Say that a word names nothing, and what it may have meant."""
    there = tuple(known)
    meant = nearest(word, there)
    return Problem(
        f"no {what} '{word}'",
        f"one of {', '.join(there)}" if there else f"no {what}, for there is none",
        f"did you mean '{meant}'?" if meant else "correct the name",
        table=table,
        column=column,
    )


class RiskstratError(Exception):
    """Root of the errors that riskstrat raises on purpose.

    Parameters
    ----------
    problems
        All that is wrong, one `Problem` each.

    Examples
    --------
    >>> raise UsageError(Problem("a budget of 0", "more than 0", "give a larger budget"))
    Traceback (most recent call last):
    ...
    riskstrat.errors.UsageError: a budget of 0; expected more than 0; give a larger budget
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, *problems: Problem) -> None:
        self.problems: Sequence[Problem] = problems
        super().__init__(_message(problems))

    @classmethod
    def refuse(cls, problems: Iterable[Problem]) -> None:
        """Raise all of the problems at once; nothing where there is none."""
        if found := tuple(problems):
            raise cls(*found)


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
                f"the package '{package}' is not installed",
                f"the extra '{extra}'",
                f"install it with: pip install 'riskstrat[{extra}]'",
            )
        )


class DriftError(RiskstratError):
    """New data differ too much from those that a model was fitted on."""

    exit_code = 8


class TrackingError(RiskstratError):
    """MLflow cannot keep a run; the study itself is whole."""


def printable(text: str, *, keep: str = "") -> str:
    r"""Leave out marks and empty letters that nobody sees, with which a text shows something else than it holds."""
    spaced = (" " if mark in "\t\r\n" and mark not in keep else mark for mark in text)
    seen = (mark for mark in spaced if mark in keep or unicodedata.category(mark) not in _UNSEEN)
    return _EMPTY.sub("", "".join(seen))


def indistinguishable(names: Iterable[str]) -> tuple[str, ...]:
    r"""Give the names that differ from another in what nobody sees, or of which nothing is seen.

    Nobody sees blanks around words, unseen marks, and whether an accent is a character of its own.

    Examples
    --------
    >>> indistinguishable(["Norr", "Norr\u200b", "norr", " "])
    ('Norr', 'Norr\u200b', ' ')
    """
    seen = {name: " ".join(unicodedata.normalize("NFC", printable(name)).split()) for name in names}
    often = Counter(seen.values())
    return tuple(name for name, shown in seen.items() if often[shown] > 1 or not shown)


def few(count: int) -> str:
    """Write how many persons, or rows about them, without telling small numbers."""
    return f"1 to {SMALLEST_COUNT - 1}" if 0 < count < SMALLEST_COUNT else f"{count:,}"


def _message(problems: Sequence[Problem]) -> str:
    if len(problems) == 1:
        return str(problems[0])
    return "\n".join([f"{number_of(len(problems), 'problem')}:", *(f"  - {problem}" for problem in problems)])
