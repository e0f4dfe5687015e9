"""Features and outcome array in, logistic models of the risk at the horizon out: all features, or age and sex alone.

Contributions are exact on the logit scale: coefficient x (term - training mean), added up per original column.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import ClassVar, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.linalg.blas import daxpy

from riskstrat.errors import ContractError, Problem, number_of
from riskstrat.estimators.base import RiskEstimator
from riskstrat.estimators.imputation import IMPUTED, INDICATOR
from riskstrat.estimators.matrix import Features, Matrix
from riskstrat.estimators.path_integrated import Response, path_contributions
from riskstrat.estimators.ridge import WEAKEST_RIDGE, fit_ridge
from riskstrat.estimators.sample import Sample
from riskstrat.estimators.status import LogitEstimator
from riskstrat.estimators.terms import Tally, Term, age_sex_terms, design, linear_terms, shares
from riskstrat.numerics.blocks import row_blocks


class LinearPredictor(RiskEstimator, abstract=True):
    """What models of linear terms share: the terms, their coefficients and their standardisation.

    Attributes
    ----------
    coefficients_
        Frame of feature (term), coefficient (per unit of the term, on the link's scale) and standard_error.
    standard_errors_
        Which standard errors these are.
    ratio_kind
        What e to a coefficient is: ``hazard_ratio``, ``subdistribution_hazard_ratio`` or ``odds_ratio``.
    """

    ratio_kind: ClassVar[str] = "hazard_ratio"

    age: str
    sex: str
    penalty: float
    standard_errors_: str
    terms_: tuple[Term, ...]
    intercept_: float
    coef_: NDArray[np.float64]
    standard_error_: NDArray[np.float64]

    @property
    def missing_ways(self) -> tuple[str, ...]:
        """An indicator, or imputation."""
        return (INDICATOR, IMPUTED)

    @property
    def parameters_(self) -> int:
        """Number of terms: splines have several, and so has a feature that is not always observed."""
        return len(self.terms_)

    @property
    def penalised(self) -> bool:
        """Whether coefficients are drawn towards zero, so that intervals do not tell of the ratios without that."""
        return self.penalty > 0

    @property
    def coefficients_(self) -> pl.DataFrame:
        """Frame of feature, coefficient and standard_error; one row a term."""
        labels = [term.label for term in self.terms_]
        return pl.DataFrame(
            {"feature": labels, "coefficient": self.coef_, "standard_error": self.standard_error_},
            schema={"feature": pl.String, "coefficient": pl.Float64, "standard_error": pl.Float64},
        )

    def _terms(self, values: NDArray[np.float32], names: Sequence[str]) -> tuple[Term, ...]:
        return linear_terms(values, names, self.age, self.sex)

    def _prepare(self, values: NDArray[np.float32]) -> None:
        self.terms_ = self._terms(values, self.features_)
        self.mean_, self.scale_ = _mean_and_scale(self.terms_, values)

    def _standardised(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        standardised = np.empty((len(values), len(self.terms_)), dtype=np.float32, order="F")
        for number, (term, mean, scale) in enumerate(zip(self.terms_, self.mean_, self.scale_, strict=True)):
            standardised[:, number] = (term.values(values) - mean) / scale
        return standardised

    def _centred(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        centred = design(self.terms_, values)
        centred -= self.mean_
        return centred

    def _path_contributions(
        self, X: Features, response: Response, rows_at_once: int
    ) -> tuple[NDArray[np.float64], float]:
        """Explain a response to two scores of the terms, (n, p), on the way from the mean of every term to the row."""
        values, share = self._values(X), shares(self.terms_, len(self.features_))
        explained = np.empty((len(values), len(self.features_)))
        _, baseline = path_contributions(response, np.zeros(2), np.zeros((0, 2, 1)))
        for rows in row_blocks(len(values), rows_at_once):
            centred = self._centred(values[rows])
            parts = np.stack([(centred * coefficients) @ share for coefficients in self.coef_], axis=1)
            explained[rows], _ = path_contributions(response, np.zeros(2), parts)
        return explained, baseline

    def _linear(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Intercept and what each term adds to it, shape (n,)."""
        linear = np.full(len(values), self.intercept_ - self.mean_ @ self.coef_)
        for term, coefficient in zip(self.terms_, self.coef_, strict=True):
            linear = daxpy(term.values(values), linear, a=coefficient)
        return linear


class LinearLink(LinearPredictor, abstract=True):
    """What models share whose link of the risk is a sum of terms: exact contributions, also summed by group."""

    def contributions(self, X: Features) -> tuple[NDArray[np.float64], float]:
        """Explain the link of each row's risk exactly, shape (n, p), and give that of the mean of every term.

        A feature of `features_` contributes coefficient x (term - training mean), summed over its terms, and half of a
        product.
        """
        X_values = self._values(X)
        share = shares(self.terms_, len(self.features_))
        values = np.empty((len(X_values), len(self.features_)))
        for rows in row_blocks(len(values)):
            values[rows] = (self._centred(X_values[rows]) * self.coef_) @ share
        return values, float(self.intercept_)

    def contribution_sums(
        self, X: Features, group: NDArray[np.intp], groups: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
        """Predict, and add up contributions while the terms pass by: coefficient x (sum of a term - n x its mean)."""
        totals, watched = np.full(len(group), -self.mean_ @ self.coef_), copy(self)
        tallies = [
            Tally(term, a, group, totals, np.zeros(groups)) for term, a in zip(self.terms_, self.coef_, strict=True)
        ]
        watched.terms_ = cast("tuple[Term, ...]", tuple(tallies))
        risk = watched.predict_risk(X)
        sums = np.column_stack([tally.sums for tally in tallies])
        sums -= np.bincount(group, minlength=groups)[:, None] * self.mean_
        return (sums * self.coef_) @ shares(self.terms_, len(self.features_)), totals, risk, float(self.intercept_)


class LinearRisk(LinearLink, LogitEstimator, abstract=True):
    """What the logistic models share: the ridge fit.

    Attributes
    ----------
    ridge_
        Precision of the prior on standardised coefficients, one a block of terms.
    """

    ratio_kind = "odds_ratio"
    standard_errors_ = "sandwich, index dates independent, silent on the ridge's bias"

    @property
    def penalised(self) -> bool:
        """As for every linear model; an estimated ridge is above 0."""
        return self._fixed_ridge() != 0

    def _fixed_ridge(self) -> float | None:
        return None

    def _learn(self, sample: Sample) -> None:
        blocks, block = np.unique(np.array([term.block for term in self.terms_]), return_inverse=True)
        design = self._standardised(sample.values)
        fit = fit_ridge(design, sample.label, sample.weight, block, self._fixed_ridge())
        self.intercept_ = float(fit.coefficients[0])
        self.coef_ = fit.coefficients[1:] / self.scale_
        self.standard_error_ = np.sqrt(np.diag(fit.covariance)[1:]) / self.scale_
        self.ridge_ = dict(zip(blocks.tolist(), fit.ridge.tolist(), strict=True))

    def _log_odds(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        return self._linear(values)


class Logistic(LinearRisk):
    """Ridge logistic regression with censoring weights.

    Age enters as a restricted cubic spline with four knots; columns that are never negative and skewed (counts, doses,
    incomes) as log(1 + x), so that a few extreme values do not dominate the fit. The ridge is estimated by marginal
    likelihood, one strength each for age and sex, for the other factors and for the indicators of what was not
    observed: unlike a cross-validated penalty it needs no folds and does not jump with rare outcomes.

    Parameters
    ----------
    horizon_days
        End of the time at risk in days.
    ridge
        Precision of the prior on standardised coefficients; estimated where None.
    missing
        How values that were not observed are treated: ``"indicator"`` (the median and an indicator) or ``"imputed"``
        (filled from the other columns by regressions that are fitted to the same rows, without outcomes).
    random_state
        Seed of the rows that imputation learns from where there are many.
    age, sex
        Names of those columns.

    Examples
    --------
    >>> import polars as pl
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"visits": [0, 1, 0, 3, 0, 2, 1, 0] * 10})
    >>> y = outcome_array([0, 1, 0, 1, 0, 1, 0, 0] * 10, [365.0] * 80)
    >>> model = Logistic(horizon_days=365).fit(X, y)
    >>> model.predict_risk(pl.DataFrame({"visits": [0, 3]})).round(1).tolist()
    [0.0, 1.0]
    """

    def __init__(
        self,
        *,
        horizon_days: float,
        ridge: float | None = None,
        missing: str = "indicator",
        random_state: int = 0,
        age: str = "age_years",
        sex: str = "sex_male",
    ) -> None:
        self.horizon_days = horizon_days
        self.ridge = ridge
        self.missing = missing
        self.random_state = random_state
        self.age = age
        self.sex = sex

    def _fixed_ridge(self) -> float | None:
        return self.ridge


class AgeSex(LinearRisk):
    """The baseline beside every model: a spline for age, sex and their product; nothing else is looked at.

    Fitted with a prior so weak (standard deviation 5 on standardised coefficients) that it only keeps the fit finite.

    Parameters
    ----------
    horizon_days
        End of the time at risk in days.
    age, sex
        Names of those columns; one of them is enough.

    Examples
    --------
    >>> import polars as pl
    >>> from riskstrat.incidence import outcome_array
    >>> X = pl.DataFrame({"age_years": [50, 60, 70, 80] * 20, "bmi": [20.0] * 80})
    >>> y = outcome_array([0, 0, 0, 1, 0, 0, 1, 1] * 10, [365.0] * 80)
    >>> AgeSex(horizon_days=365).fit(X, y).features_
    ('age_years',)
    """

    def __init__(self, *, horizon_days: float, age: str = "age_years", sex: str = "sex_male") -> None:
        self.horizon_days = horizon_days
        self.age = age
        self.sex = sex

    @property
    def complexity(self) -> float:
        """0: the simplest of all, two features that everybody knows."""
        return 0.0

    @property
    def _others_allowed(self) -> bool:
        return True

    def _fixed_ridge(self) -> float | None:
        return WEAKEST_RIDGE

    def _relevant(self, matrix: Matrix) -> Matrix:
        present = [name for name in (self.age, self.sex) if name in matrix.names]
        if present:
            return matrix.select(present)
        raise ContractError(
            Problem(
                f"neither {self.age} nor {self.sex} among {number_of(len(matrix.names), 'column')}",
                "at least one of them",
                "declare Age() and Sex(), or name the columns with age= and sex=",
                table="X",
            )
        )

    def _terms(self, values: NDArray[np.float32], names: Sequence[str]) -> tuple[Term, ...]:
        return age_sex_terms(values, names, self.age, self.sex)


def _mean_and_scale(
    terms: Sequence[Term], values: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each term over all rows; a term without spread gets scale 1."""
    mean, scale = np.empty(len(terms)), np.empty(len(terms))
    for number, term in enumerate(terms):
        column = term.values(values)
        mean[number], scale[number] = column.mean(), column.std()
    return mean, np.where(scale > 0, scale, 1.0)
