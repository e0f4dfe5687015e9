"""Gaussian approximations of the BYM2 model at fixed hyper-parameters: O_i ~ Poisson(E_i theta_i).

log theta = X beta + b, with b given u independent normal of mean sqrt(phi / tau) u and variance (1 - phi) / tau, and u
the scaled autoregression (Riebler and others 2016). An island has b of variance 1 / tau and no u. Everything is solved
with sparse factors of the size of u: b is eliminated by hand, coefficients and constraints are a small border.

In: counts, structure and hyper-parameters. Out: mean, variances, draws and the marginal likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import SuperLU
from scipy.special import gammaln

from riskstrat.areas.gamma import LEAST_KNOWN, Counts
from riskstrat.areas.icar import Structure, factorised, log_determinant

Floats = NDArray[np.float64]

COEFFICIENT_PRECISION = 0.001
"""Precision of the normal prior of coefficients, as in R-INLA."""

_MAX_STEPS = 50
_CONVERGED = 1e-8
_LONGEST_STEP = 2.0
_JITTER = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """Values of the latent field: b and u, (n,) or (n, k), and coefficients, (p,) or (p, k)."""

    b: Floats
    u: Floats
    beta: Floats

    def plus(self, step: State, length: float = 1.0) -> State:
        """Go a step of this length."""
        return State(b=self.b + length * step.b, u=self.u + length * step.u, beta=self.beta + length * step.beta)


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """What does not depend on hyper-parameters: counts, intercept and covariates, (n, p), and the autoregression."""

    counts: Counts
    design: Floats
    structure: Structure

    def linear(self, state: State) -> Floats:
        """Log theta."""
        return np.asarray(state.b + self.design @ state.beta)

    @property
    def start(self) -> State:
        """All ratios equal."""
        n, p = self.design.shape
        return State(b=np.zeros(n), u=np.zeros(n), beta=np.zeros(p))

    @cached_property
    def _log_ways(self) -> Floats:
        counts = self.counts
        with np.errstate(divide="ignore"):
            return np.asarray(
                np.log(counts.likelihood) - gammaln(counts.observed + np.arange(len(counts.likelihood))[:, None] + 1)
            )

    def likelihood(self, linear: Floats) -> tuple[Floats, Floats, Floats]:
        """Log likelihood of each count, its derivative in log theta and minus the second, each as log theta, (..., n).

        Where counts are protected it is a mixture over those that are possible: the derivative has their mean given
        what is seen, and their variance is taken off the information.
        """
        counts, fitted = self.counts, self.counts.expected * np.exp(linear)
        j, known = np.arange(len(counts.likelihood))[:, None], np.log(np.where(fitted > 0, fitted, 1.0))
        terms = self._log_ways + (counts.observed + j) * known[..., None, :]
        largest = terms.max(axis=-2)
        weight = np.exp(terms - largest[..., None, :])
        total = weight.sum(axis=-2)
        above = (weight * j).sum(axis=-2) / total
        variance = (weight * (j - above[..., None, :]) ** 2).sum(axis=-2) / total
        of_expected = counts.expected > 0
        value = np.where(of_expected, largest + np.log(total) - fitted, 0.0)
        slope = np.where(of_expected, counts.observed + above - fitted, 0.0)
        return value, slope, np.maximum(fitted - variance * of_expected, LEAST_KNOWN * fitted)


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """The Gaussian with the prior's precision plus `weight`, (n,), on log theta, where spatial terms sum to 0."""

    model: Model
    tau: float
    phi: float
    weight: Floats

    @cached_property
    def share(self) -> Floats:
        """Spatial share of each area, (n,): phi, or 0 for islands."""
        return np.where(self.model.structure.islands, 0.0, self.phi)

    @cached_property
    def own(self) -> Floats:
        """Prior precision of b given u, (n,)."""
        return np.asarray(self.tau / (1 - self.share))

    @cached_property
    def coupling(self) -> Floats:
        """Minus the prior precision between b and u, (n,)."""
        return np.asarray(np.sqrt(self.share * self.tau) / (1 - self.share))

    @cached_property
    def total(self) -> Floats:
        """Precision of b given u, coefficients and what was observed, (n,)."""
        return self.own + self.weight

    @cached_property
    def factor(self) -> SuperLU:
        """Factor of the precision of u with b integrated out; the idle u of an island has precision 1."""
        left = self.share / (1 - self.share) * (self.weight / self.total)
        idle = np.where(self.model.structure.islands, 1.0, _JITTER)
        return factorised(self.model.structure.precision_plus(left + idle))

    @cached_property
    def border(self) -> tuple[Floats, Floats, Floats]:
        """Columns of coefficients and constraints beside u, the same solved for, and what is left of their block."""
        design, constraints = self.model.design, self.model.structure.constraints
        columns = np.column_stack([(self.coupling * self.weight / self.total)[:, None] * design, constraints.T])
        solved = self.factor.solve(columns)
        left = (self.weight * self.own / self.total)[:, None]
        p, block = design.shape[1], -columns.T @ solved
        block[:p, :p] += design.T @ (left * design) + COEFFICIENT_PRECISION * np.eye(p)
        return columns, solved, block

    @property
    def log_determinant(self) -> float:
        """Log determinant of the precision within the constraints, up to a constant."""
        return float(
            np.log(self.total).sum() + log_determinant(self.factor) + np.linalg.slogdet(self.border[2]).logabsdet
        )

    def solve(self, right: State) -> State:
        """Solve precision x = right within the constraints; all parts (., k)."""
        design, weight = self.model.design, self.weight[:, None]
        total, coupling = self.total[:, None], self.coupling[:, None]
        columns, solved, block = self.border
        p, k = right.beta.shape
        first = self.factor.solve(right.u + coupling * right.b / total)
        of_border = np.zeros((columns.shape[1], k))
        of_border[:p] = right.beta - design.T @ (weight * right.b / total)
        border = np.linalg.solve(block, of_border - columns.T @ first)
        u, beta = first - solved @ border, border[:p]
        return State(b=(right.b + coupling * u - weight * (design @ beta)) / total, u=u, beta=beta)

    def gradient(self, state: State, slope: Floats) -> State:
        """Differentiate the log posterior, where the derivative of the likelihood is `slope`, (n,)."""
        away = self.own * state.b - self.coupling * state.u
        return State(
            b=slope - away,
            u=self.coupling * state.b
            - self.share / (1 - self.share) * state.u
            - self.model.structure.precision @ state.u,
            beta=self.model.design.T @ slope - COEFFICIENT_PRECISION * state.beta,
        )

    def log_prior(self, state: State) -> float:
        """Log density of the latent field, up to a constant."""
        rest = state.b - np.sqrt(self.share / self.tau) * state.u
        smooth = self.model.structure.difference @ state.u
        squares = (self.own * rest**2).sum() + (smooth**2).sum() + COEFFICIENT_PRECISION * (state.beta**2).sum()
        return float((np.log(self.own).sum() - squares) / 2)

    def draw(self, draws: int, random: np.random.Generator) -> State:
        """Draw deviations from the mean: precision^-1 z with z of covariance `precision`, (., draws)."""
        structure, design = self.model.structure, self.model.design
        n, p = design.shape
        of_b = random.standard_normal((n, draws)) * np.sqrt(self.own)[:, None]
        of_data = random.standard_normal((n, draws)) * np.sqrt(self.weight)[:, None]
        of_u = structure.difference.T @ random.standard_normal((structure.difference.shape[0], draws))
        of_beta = random.standard_normal((p, draws)) * COEFFICIENT_PRECISION**0.5
        between = np.sqrt(self.share / self.tau)[:, None]
        return self.solve(State(b=of_b + of_data, u=of_u - between * of_b, beta=design.T @ of_data + of_beta))


def column(state: State) -> State:
    """Write a state as one column."""
    return State(b=state.b[:, None], u=state.u[:, None], beta=state.beta[:, None])


def flat(state: State) -> State:
    """Write a state of one column as vectors."""
    return State(b=state.b[:, 0], u=state.u[:, 0], beta=state.beta[:, 0])


def mode_of(model: Model, tau: float, phi: float, start: State) -> tuple[State, Field, float]:
    """Mode of the latent field by Newton's method, the Gaussian there, and the log likelihood at it."""
    state = start
    for _ in range(_MAX_STEPS):
        value, slope, weight = model.likelihood(model.linear(state))
        field = Field(model=model, tau=tau, phi=phi, weight=weight)
        step = flat(field.solve(column(field.gradient(state, slope))))
        size = float(np.abs(model.linear(step)).max())
        state = state.plus(step, min(1.0, _LONGEST_STEP / max(size, _CONVERGED)))
        if size < _CONVERGED:
            break
    return state, field, float(value.sum())
