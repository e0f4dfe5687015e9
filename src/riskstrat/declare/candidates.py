"""The estimators that a study chooses among, declared by the name of their class and their hyper-parameters."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import TypeAlias

from riskstrat.declare.base import Declaration, Plain
from riskstrat.errors import Problem, UsageError

Parameter: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Candidate(Declaration):
    """An estimator by the name of its class, with the hyper-parameters that differ from its defaults.

    The class is one of `riskstrat.estimators` or one that the condition's own file defines. The study gives it its
    horizon and its random state. Candidates compare, hash and print by `label`.

    Parameters
    ----------
    estimator
        Name of the class.
    **parameters
        Hyper-parameters: None, booleans, finite numbers or text.

    Raises
    ------
    UsageError
        If the name is no name of a class, or a value is of another type; all problems at once.

    Examples
    --------
    >>> Candidate("Boosting", max_leaf_nodes=4)
    Candidate('Boosting', max_leaf_nodes=4)
    >>> Candidate.from_json(Candidate("Boosting", max_leaf_nodes=4).to_json()).label
    'Boosting(max_leaf_nodes=4)'
    """

    estimator: str
    parameters: tuple[tuple[str, Parameter], ...]

    def __init__(self, estimator: str, **parameters: Parameter) -> None:
        problems = [_not_plain(name) for name, value in parameters.items() if name == "kind" or not _is_plain(value)]
        if not (isinstance(estimator, str) and estimator.isidentifier()):
            problems.append(_not_a_name("an estimator without the name of a class"))
        UsageError.refuse(problems)
        object.__setattr__(self, "estimator", estimator)
        object.__setattr__(self, "parameters", tuple((name, _whole(parameters[name])) for name in sorted(parameters)))

    @classmethod
    def parse(cls, text: str) -> Candidate:
        """Read a candidate from its label.

        Parameters
        ----------
        text
            ``"Boosting"`` or ``"Boosting(max_leaf_nodes=4)"``.

        Returns
        -------
        Candidate
            The declaration with this label.

        Raises
        ------
        UsageError
            If the text is no label.

        Examples
        --------
        >>> Candidate.parse("Boosting(max_leaf_nodes=4, learning_rate=0.05)").label
        'Boosting(learning_rate=0.05, max_leaf_nodes=4)'
        """
        try:
            name, parameters = _call(text)
        except (SyntaxError, ValueError):
            raise UsageError(_not_a_name(f"the candidate '{text}'")) from None
        return cls(name, **parameters)

    @property
    def label(self) -> str:
        """Name in tables: ``Boosting``, or ``Boosting(max_leaf_nodes=4)``."""
        said = ", ".join(f"{name}={value!r}" for name, value in self.parameters)
        return f"{self.estimator}({said})" if said else self.estimator

    def to_plain(self) -> dict[str, Plain]:
        """Give the candidate as plain data: its kind, the estimator's name and its parameters."""
        return {"kind": type(self).__name__, "estimator": self.estimator, **dict(self.parameters)}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candidate) and self.label == other.label

    def __hash__(self) -> int:
        return hash(self.label)

    def __repr__(self) -> str:
        return f"Candidate({', '.join([repr(self.estimator), *(f'{n}={v!r}' for n, v in self.parameters)])})"


def _call(text: str) -> tuple[str, dict[str, Parameter]]:
    """Read a name, or a call with keywords whose values are literals; nothing is evaluated."""
    read = ast.parse(text.strip(), mode="eval").body
    function, keywords = (read.func, read.keywords) if isinstance(read, ast.Call) else (read, [])
    if not isinstance(function, ast.Name) or (isinstance(read, ast.Call) and read.args):
        raise ValueError(text)
    named = {str(word.arg): ast.literal_eval(word.value) for word in keywords if word.arg is not None}
    if len(named) < len(keywords):  # one of them is **, or a name comes twice
        raise ValueError(text)
    return function.id, named


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value))


def _whole(value: Parameter) -> Parameter:
    """Write 4.0 as 4, so that equal parameters have one label."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _not_plain(name: str) -> Problem:
    return Problem(
        f"a parameter {name} that JSON cannot carry",
        "None, a boolean, a finite number or text, under another name than kind",
        "define a subclass of the estimator, with the value in it, in the condition's file",
    )


def _not_a_name(found: str) -> Problem:
    expected = "the name of a class, such as Logistic, or Boosting(max_leaf_nodes=4)"
    return Problem(found, expected, "correct the candidate")
