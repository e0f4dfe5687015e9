"""Features, outcome array and case weights in, labels with censoring weights for a binary classifier out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import ContractError, DesignError, Problem
from riskstrat.incidence import OutcomeArray, censoring_weights, check_outcome, outcome_within
from riskstrat.incidence.outcome import case_weights
from riskstrat.numerics.groups import Labels, number_groups

MIN_OUTCOMES: Final = 10
"""Fewer outcomes (or fewer people without) cannot carry even an age and sex model."""


@dataclass(frozen=True)
class Sample:
    """People whose status at the horizon is known: what is known of them, their label, weight and group.

    Weights are scaled to sum to Kish's effective sample size, so that a ridge or a prior meets as much information as
    there is. Rows of one group (person, family) stay together in inner folds.
    """

    values: NDArray[np.float32]
    label: NDArray[np.bool_]
    weight: NDArray[np.float64]
    group: NDArray[np.intp]


def outcome_weights(
    y: OutcomeArray, horizon_days: float, sample_weight: npt.ArrayLike | None, strata: Labels | None
) -> NDArray[np.float64]:
    """Censoring weight x case weight, shape (n,): 0 where the status at the horizon is not known."""
    sizes = case_weights(sample_weight, len(check_outcome(y)))
    return censoring_weights(y, horizon_days, strata, weights=sizes) * sizes


def known_sample(
    values: NDArray[np.float32],
    y: OutcomeArray,
    horizon_days: float,
    weight: NDArray[np.float64],
    group: Labels | None,
) -> Sample:
    """Keep the rows with known status.

    Raises
    ------
    DesignError
        Fewer than `MIN_OUTCOMES` people with, or without, the outcome by the horizon.
    """
    rows = np.flatnonzero(weight > 0)
    label = outcome_within(y, horizon_days)[rows]
    if problems := list(_too_few(label)):
        raise DesignError(*problems)
    numbers, _ = number_groups(np.arange(len(y)) if group is None else group, len(y))
    kept = weight[rows]
    return Sample(
        values=values if len(rows) == len(values) else values[rows],
        label=label,
        weight=kept * (kept.sum() / (kept**2).sum()),
        group=numbers[rows],
    )


def check_lengths(rows: int, y: OutcomeArray) -> None:
    """Raise a ContractError where features and outcome do not have the same number of rows."""
    if rows != len(check_outcome(y)):
        found = f"{rows} rows of features and {len(y)} outcomes"
        raise ContractError(Problem(found=found, expected="the same number", remedy="keep both in cohort order"))


def _too_few(label: NDArray[np.bool_]) -> Iterator[Problem]:
    counts = {"with": int(label.sum()), "without": int((~label).sum())}
    for group, people in counts.items():
        if people < MIN_OUTCOMES:
            yield Problem(
                found=f"{people} people {group} the outcome among {len(label)} with known status at the horizon",
                expected=f"at least {MIN_OUTCOMES}",
                remedy="widen the outcome, lengthen the horizon, or add landmarks",
            )
