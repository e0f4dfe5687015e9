"""How a model did on persons that it had not seen, by kind of split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import LocalisedText
from riskstrat.records.omission import Omission
from riskstrat.records.validation import Validation


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """Validations of one model, each on rows that the tested models had not seen.

    Attributes
    ----------
    checks
        By kind of split, ``person`` and where they are possible ``time`` and ``municipality`` (each tested by a model
        of the others); in each, age and sex and published scores beside the model.
    outcome_checks
        By name of `Condition.outcome_checks`: the same risks, moved to the level of another outcome, tested on it.
    splits
        Frame of split, note, shared_persons, shared_families: how rows were split, and whom both sides share.
    risk
        Out-of-fold risks (n,) of the training rows, folds by person and family.
    sample_size
        criterion, needed (persons, null where no number is enough), enough: whether that many were followed.
    missingness
        How many index dates have no value of each feature, by outcome, landmark and group
        (`riskstrat.validation.missingness`).
    notes
        What a reader should know of the model: too few persons, rows that were left out of the fit, gaps that go with
        the outcome, the landmark or a group.
    """

    checks: Mapping[str, Validation]
    splits: pl.DataFrame = field(repr=False)
    risk: NDArray[np.float64] = field(repr=False)
    sample_size: pl.DataFrame = field(repr=False)
    missingness: pl.DataFrame = field(repr=False)
    outcome_checks: Mapping[str, Validation] = field(default_factory=dict)
    notes: tuple[LocalisedText, ...] = ()
    omissions: tuple[Omission, ...] = ()
