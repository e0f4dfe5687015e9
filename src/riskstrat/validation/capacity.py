"""Predicted risks and a share of people that help is offered to in, who is reached out, and how many of the outcomes.

Those at highest risk are reached first; where equal risks straddle the last place, each of them counts as a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import Problem
from riskstrat.validation.metrics import Tested
from riskstrat.validation.resampling import FamilyDraws

CAPACITIES = (0.05, 0.1, 0.2, 0.3)
"""Shares of the people that help is offered to, by default."""

CLASSIFICATION = ("reached", "sensitivity", "ppv", "share_of_cases")


def reached(risk: NDArray[np.float64], weight: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """How much of each row, (n,) from 0 to 1, is among the share of the people (by weight) at highest risk.

    Examples
    --------
    >>> reached(np.array([0.1, 0.5, 0.2, 0.2]), np.ones(4), 0.5).tolist()
    [0.0, 1.0, 0.5, 0.5]
    """
    levels, level = np.unique(-risk, return_inverse=True)
    of_level = np.bincount(level, weight, minlength=len(levels))
    left = share * weight.sum() - (np.cumsum(of_level) - of_level)
    part = np.divide(left, of_level, out=np.zeros(len(levels)), where=of_level > 0)
    return np.asarray(np.clip(part, 0, 1)[level], dtype=np.float64)


def class_sums(
    rows: Tested, parts: Mapping[float, NDArray[np.float64]], draws: FamilyDraws, outcomes: NDArray[np.float64]
) -> dict[tuple[float, str], NDArray[np.float64]]:
    """Sum in each block, (blocks,), what the classification of a group needs, by capacity and name.

    `parts` says how much of each row, (n,), is reached at each capacity; at capacity 1 everybody is. `outcomes` is the
    weight of everybody's outcomes in each block, also of those outside the group.
    """
    known, had = rows.labels.weight, rows.labels.weight * rows.labels.outcome
    terms = {"people": rows.prediction_weight, "known": known, "cases": had}
    return {(1.0, "outcomes"): outcomes} | {
        (share, name): draws.sums(term * part)
        for share, part in ({1.0: np.ones_like(known)} | dict(parts)).items()
        for name, term in terms.items()
    }


def classify(
    total: Mapping[tuple[float, str], NDArray[np.float64]],
) -> dict[tuple[float, str], NDArray[np.float64]]:
    """Classification of a group in each draw, (draws,), by capacity and metric, from the totals of `class_sums`.

    Who is reached stays as it is.
    ``reached`` is the share of the group, ``sensitivity`` the share of its outcomes that are among its reached, ``ppv``
    the observed risk of its reached, and ``share_of_cases`` the share of everybody's outcomes that are among its
    reached.
    """
    found: dict[tuple[float, str], NDArray[np.float64]] = {}
    for share in sorted({share for share, _ in total} - {1.0}):
        people, known, cases = (total[share, name] for name in ("people", "known", "cases"))
        with np.errstate(divide="ignore", invalid="ignore"):
            values = (
                people / total[1.0, "people"],
                cases / total[1.0, "cases"],
                cases / known,
                cases / total[1.0, "outcomes"],
            )
        found |= {(share, name): value for name, value in zip(CLASSIFICATION, values, strict=True)}
    return found


def capacity_problems(shares: npt.ArrayLike) -> Iterator[Problem]:
    """Say what makes shares of people unfit as capacities."""
    at = np.asarray(shares, dtype=np.float64)
    if at.ndim != 1 or not ((at > 0) & (at < 1)).all():
        yield Problem("capacities that are not shares of people", "numbers above 0 and below 1", "give 0.1 for 10 %")
