"""Morbidity scores as declarations: groups of codes with points in, a person's sum of points out.

A score is data: which codes make each item, and its points. `Score.total` is the one place that knows how items add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskstrat.codes.datafiles import names_in, read_declarations
from riskstrat.codes.expression import CodeExpression, parse
from riskstrat.errors import Problem, UsageError

_DECIMALS = 6  # hides the noise of adding tenths in binary, and the order in which they were added


@dataclass(frozen=True, kw_only=True)
class ScoreItem:
    """One item of a score: the codes that count as having it, and its points."""

    name: str
    codes: CodeExpression
    points: float
    title_en: str


@dataclass(frozen=True, kw_only=True)
class Score:
    """A published score.

    Parameters
    ----------
    name
        As declared, such as ``hfrs``.
    title_en, title_sv, source, status
        What it is called, where it was published, and whether the items were verified against the publication.
    code_system
        The classification that the codes belong to; they match by prefix.
    items
        What is counted, each once however often it is recorded.
    """

    name: str
    title_en: str
    title_sv: str
    code_system: str
    source: str
    status: str
    items: tuple[ScoreItem, ...]

    def pairs(self, codes: Iterable[str | None]) -> list[tuple[str, int]]:
        """Say which distinct codes of a table belong to which item.

        Returns
        -------
        list of (code, item number)
            A code may belong to several items. Sorted.

        Examples
        --------
        >>> [(code, score("hfrs").items[item].name) for code, item in score("hfrs").pairs(["F00.1", "I109", "W199"])]
        [('F00.1', 'F00'), ('W199', 'W19')]
        """
        distinct = set(codes)
        return sorted(
            (code, number)
            for number, item in enumerate(self.items)
            for code in item.codes.matching(distinct, prefix=True)
        )

    def total(self, present: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Sum the points of the items that are present.

        Parameters
        ----------
        present
            Shape (n, items): whether row i has item j in its look-back.

        Returns
        -------
        numpy.ndarray
            Shape (n,), points.
        """
        points: NDArray[np.float64] = np.array([item.points for item in self.items], dtype=np.float64)
        return np.round(present.astype(np.float64) @ points, _DECIMALS)


def score_points(name: str) -> tuple[tuple[CodeExpression, float], ...]:
    """List the codes and points of a score, one pair an item.

    Raises
    ------
    UsageError
        If there is no such score.

    Examples
    --------
    >>> codes, points = score_points("hfrs")[0]
    >>> str(codes), points
    ('F00', 7.1)
    """
    return tuple((item.codes, item.points) for item in score(name).items)


@cache
def score(name: str) -> Score:
    """Look up a score by its name.

    Raises
    ------
    UsageError
        If there is no such score.

    Examples
    --------
    >>> len(score("hfrs").items)
    109
    """
    if name not in scores():
        known = "one of " + ", ".join(scores())
        raise UsageError(Problem(found=f"the score '{name}'", expected=known, remedy="choose one of them"))
    declared: dict[str, Any] = dict(read_declarations(f"scores/{name}.toml"))
    items = tuple(ScoreItem(**{**item, "codes": parse(item["codes"])}) for item in declared.pop("items"))
    return Score(name=name, items=items, **declared)


@cache
def scores() -> tuple[str, ...]:
    """Names of the scores that ship.

    Examples
    --------
    >>> "hfrs" in scores()
    True
    """
    return names_in("scores")
