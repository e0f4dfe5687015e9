"""Features that were not all observed in, the same features without gaps out, each filled from what else is known.

Only training rows are learnt from, and no outcome: whoever is predicted for has none yet.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

from riskstrat.declare import LocalisedText
from riskstrat.declare.windows import tells_observation
from riskstrat.estimators.terms import is_skewed_amount, outer_limits
from riskstrat.numerics.blocks import row_blocks

if TYPE_CHECKING:
    from sklearn.impute import IterativeImputer

Floats = NDArray[np.float64]

NATIVE: Final = "native"
INDICATOR: Final = "indicator"
IMPUTED: Final = "imputed"

MOST_ROWS: Final = 5_000
"""Rows that the regressions are fitted to at most: coefficients of fifty columns are then known to two digits."""

MOST_ROUNDS: Final = 25
TOLERANCE: Final = 0.01


@dataclass(frozen=True, kw_only=True, eq=False)
class Imputation:
    """Iterative imputation by ridge regressions of each column on all others (scikit-learn's `IterativeImputer`).

    What was observed of a register is no value of a person: such columns neither impute nor are imputed, and are 0
    where there is nobody to observe (an unknown relative).

    Attributes
    ----------
    columns
        Numbers of the columns that are imputed.
    """

    columns: NDArray[np.intp]
    scale: _Scale
    imputer: IterativeImputer

    @classmethod
    def of(cls, names: Sequence[str], values: NDArray[np.float32], random_state: int) -> Self:
        """Learn from training rows (n, p), each column observed in some; of many rows `MOST_ROWS` are drawn."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.experimental import enable_iterative_imputer  # noqa: F401 -- a switch
        from sklearn.impute import IterativeImputer
        from sklearn.linear_model import Ridge

        columns = np.flatnonzero([not tells_observation(name) for name in names])
        scale = _Scale.of([values[:, column] for column in columns])
        low, high = scale.standardised(scale.limits)
        imputer = IterativeImputer(
            Ridge(),
            max_iter=MOST_ROUNDS,
            tol=TOLERANCE,
            initial_strategy="median",
            skip_complete=True,
            keep_empty_features=True,
            min_value=low,
            max_value=high,
            random_state=random_state,
        )
        if len(columns):
            # Said by `notes`; `warnings.catch_warnings` is not for threads, in which folds are fitted.
            warnings.filterwarnings("ignore", r"\[IterativeImputer\] Early stopping", ConvergenceWarning)
            drawn = np.random.default_rng(random_state).permutation(len(values))[:MOST_ROWS]
            imputer.fit(scale.standardised(values[np.sort(drawn)][:, columns]))
        return cls(columns=columns, scale=scale, imputer=imputer)

    @property
    def notes(self) -> tuple[LocalisedText, ...]:
        """That imputed values had not settled after the last round, where they had not."""
        if getattr(self.imputer, "n_iter_", 0) < MOST_ROUNDS:
            return ()
        return (
            LocalisedText(
                en=f"Values that were not observed were imputed in {MOST_ROUNDS} rounds, after which some still moved.",
                sv=f"Saknade värden fylldes i under {MOST_ROUNDS} varv, och några ändrades ännu efter det sista.",
            ),
        )

    def complete(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fill the gaps of any rows (n, p); what becomes of a row does not depend on the others."""
        completed = np.array(values)
        for block in row_blocks(len(values)):
            rows = block.start + np.flatnonzero(np.isnan(values[block]).any(axis=1))
            if len(rows):
                completed[rows] = np.nan_to_num(values[rows])
                completed[np.ix_(rows, self.columns)] = self._filled(values[np.ix_(rows, self.columns)])
        return completed

    def _filled(self, values: NDArray[np.float32]) -> Floats:
        if not values.size:
            return values.astype(np.float64)
        # A row without a gap is added, because scikit-learn fills nothing but gaps in another way.
        standardised = np.vstack([self.scale.standardised(values), np.zeros(values.shape[1])])
        return np.where(np.isnan(values), self.scale.original(self.imputer.transform(standardised)[:-1]), values)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scale:
    """Limits (2, k) of what was observed, and how columns (k,) are standardised: skewed amounts after log(1 + x)."""

    limits: Floats
    logged: NDArray[np.bool_]
    centre: Floats
    spread: Floats

    @classmethod
    def of(cls, columns: Sequence[NDArray[np.float32]]) -> Self:
        observed = [column[~np.isnan(column)].astype(np.float64) for column in columns]
        logged = np.array([is_skewed_amount(each) for each in observed], dtype=np.bool_)
        shown = [np.log1p(each) if log else each for each, log in zip(observed, logged, strict=True)]
        return cls(
            limits=np.array([outer_limits(each.min(), each.max()) for each in observed]).reshape(-1, 2).T,
            logged=logged,
            centre=np.array([each.mean() for each in shown]),
            spread=np.array([each.std() for each in shown]),
        )

    def standardised(self, values: NDArray[np.floating]) -> Floats:
        held = np.clip(values.astype(np.float64), *self.limits)
        return np.asarray((np.where(self.logged, np.log1p(np.maximum(held, 0)), held) - self.centre) / self.spread)

    def original(self, standardised: Floats) -> Floats:
        values = standardised * self.spread + self.centre
        return np.asarray(np.where(self.logged, np.expm1(np.where(self.logged, values, 0)), values))
