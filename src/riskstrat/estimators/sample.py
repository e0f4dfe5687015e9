"""Features, outcome array and case weights in, labels with censoring weights for a binary classifier out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import ContractError, DesignError, Problem, number_of
from riskstrat.incidence import OutcomeArray, censoring_weights, outcome_within
from riskstrat.incidence.censoring import check_followed_to
from riskstrat.incidence.life_table import life_tables
from riskstrat.incidence.outcome import case_weights
from riskstrat.numerics.groups import Labels

MIN_OUTCOMES: Final = 10
"""Fewer index dates with, or without, the outcome are too few even for an age and sex model."""

ENOUGH_OTHERS: Final = 10_000
"""Rows without the outcome that are kept however few had it: they cost little."""


@dataclass(frozen=True, eq=False)
class Training:
    """What an estimator is fitted to: n rows of informative columns, outcomes, days to entry and case weights.

    NaN is not observed, weight 0 leaves a row out, the censoring distribution is estimated within strata, and inner
    folds keep groups (persons or families, numbered) together. They are `grouped` where somebody said which they are.
    """

    values: NDArray[np.float32]
    outcome: OutcomeArray
    entry: NDArray[np.float64]
    weight: NDArray[np.float64]
    strata: Labels | None
    group: NDArray[np.intp]
    grouped: bool


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows whose status at the horizon is known: features, label, weight and group.

    Weights are scaled to sum to Kish's effective sample size, so that a ridge or a prior meets as much information as
    there is. Rows of one group (person, family) stay together in inner folds.
    """

    values: NDArray[np.float32]
    label: NDArray[np.bool_]
    weight: NDArray[np.float64]
    group: NDArray[np.intp]

    def rows(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Sample:
        """Give some of the rows, by a mask or their numbers, with the weights that they have."""
        return Sample(**{name: values[kept] for name, values in vars(self).items()})


def outcome_weights(
    y: OutcomeArray, horizon_days: float, sample_weight: npt.ArrayLike | None, strata: Labels | None
) -> NDArray[np.float64]:
    """Censoring weight x case weight, shape (n,): 0 where the status at the horizon is not known."""
    sizes = case_weights(sample_weight, len(y))
    return censoring_weights(y, horizon_days, strata, weights=sizes) * sizes


def labelled_sample(training: Training, horizon_days: float) -> Sample:
    """Keep and weight the rows with known status at the horizon, or refuse too few with, or without, the outcome."""
    weight = outcome_weights(training.outcome, horizon_days, training.weight, training.strata)
    sample = labelled_rows(training.values, training.outcome, weight, training.group, horizon_days)
    refuse_too_few(sample.label)
    return sample


def labelled_rows(
    values: NDArray[np.float32],
    outcome: OutcomeArray,
    weight: NDArray[np.float64],
    group: NDArray[np.intp],
    horizon_days: float,
) -> Sample:
    """Keep and label the rows that have a weight, however few they are."""
    rows = np.flatnonzero(weight > 0)
    return Sample(
        values=values if len(rows) == len(weight) else values[rows],
        label=outcome_within(outcome, horizon_days)[rows],
        weight=effective(weight[rows]),
        group=group[rows],
    )


def thinned(sample: Sample, most: int, seed: int, *, per_outcome: float = np.inf) -> Sample:
    """Keep at most so many rows with, and without, the outcome, which stand for all: whole groups, drawn at random.

    Of those without it also at most so many for each with it, but never fewer than `ENOUGH_OTHERS`. The sum of weights
    with the outcome over that of all stays; which rows are kept does not depend on their order.
    """
    drawn = np.random.default_rng(seed).random(int(sample.group.max()) + 1)[sample.group]
    weight = np.zeros(len(drawn))
    others = int(min(most, max(per_outcome * sample.label.sum(), ENOUGH_OTHERS)))
    for rows, limit in ((np.flatnonzero(sample.label), most), (np.flatnonzero(~sample.label), others)):
        last = np.partition(drawn[rows], limit - 1)[limit - 1] if len(rows) > limit else np.inf
        kept = rows[drawn[rows] <= last]
        weight[kept] = sample.weight[kept] * (sample.weight[rows].sum() / sample.weight[kept].sum())
    kept = np.flatnonzero(weight)
    if len(kept) == len(weight):
        return sample
    return replace(sample.rows(kept), weight=effective(weight[kept]))


def effective(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale weights, (n,), so that they sum to Kish's effective sample size."""
    return np.asarray(weight * (weight.sum() / (weight**2).sum()), dtype=np.float64)


def check_shape(values: NDArray[np.float32], y: OutcomeArray) -> None:
    """Raise a ContractError where features have no column, or not as many rows as the outcome."""
    rows, columns = values.shape
    if not columns:
        found = f"0 feature(s) (shape=({rows}, 0)) while a minimum of 1 is required"
        raise ContractError(Problem(found, "at least one column", "declare features"))
    if rows != len(y):
        found = f"{number_of(rows, 'row')} of features and {number_of(len(y), 'outcome')}"
        raise ContractError(Problem(found, "the same number", "keep both in cohort order"))


def refuse_lost(y: OutcomeArray, entry: NDArray[np.float64], day: float) -> None:
    """Raise a DesignError where nobody is followed to a day, all rows together and alike."""
    check_followed_to(day, list(life_tables(y, np.zeros(len(y), np.intp), 1, np.ones(len(y)), entry)))


def refuse_too_few(label: NDArray[np.bool_]) -> None:
    """Raise a DesignError where fewer than `MIN_OUTCOMES` rows of known status had, or had not, the outcome."""
    counts = {"with": label.sum(), "without": (~label).sum()}
    DesignError.refuse(
        Problem(
            f"fewer than {MIN_OUTCOMES} index dates {group} the outcome, of known status at the horizon",
            f"at least {MIN_OUTCOMES}",
            "widen the outcome, lengthen the horizon, or add landmarks",
        )
        for group, count in counts.items()
        if count < MIN_OUTCOMES
    )
