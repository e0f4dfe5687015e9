"""The gamma-Poisson model of groups: O_i ~ Poisson(E_i theta_i), theta_i ~ Gamma with mean mu and shape nu.

In: observed (real numbers allowed) and expected counts per group. Out: a posterior of theta that is a finite
mixture of gammas.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammaln, polygamma

Floats = NDArray[np.float64]

# P(sd(log theta) > 1) = 0.05: a penalised-complexity prior (Simpson et al. 2017) is exponential in the sd. Its median,
# 0.23, is what was found among areas of Scania: variance 0.05 of ischaemic heart disease, 0.03-0.08 by density (Chaix,
# Rosvall and Merlo, J Epidemiol Community Health 2007;61:349). What another prior changes: docs/design/0002-areas.md.
PRIOR_SD = 1.0
PRIOR_TAIL = 0.05
SD_RANGE = (0.002, 5.0)
SD_POINTS = 64
MEAN_POINTS = 41
MEAN_REACH = 5.0
NEGLIGIBLE = 12.0


@dataclass(frozen=True, kw_only=True, eq=False)
class GammaPosterior:
    """Posterior of theta: given hyper-parameters k, theta_i ~ Gamma(nu_k + O_i, rate nu_k / mu_k + E_i).

    `nu` and `mu` are shape and mean of the distribution among groups, `weight` the posterior probability of the pair,
    (k,).
    """

    observed: Floats
    expected: Floats
    nu: Floats
    mu: Floats
    weight: Floats

    @cached_property
    def mean(self) -> Floats:
        """Posterior mean of theta, (n,)."""
        shape_over_rate = (
            (nu + self.observed) / (nu / mu + self.expected) * weight
            for nu, mu, weight in zip(self.nu, self.mu, self.weight, strict=True)
        )
        return np.asarray(np.sum(list(shape_over_rate), axis=0))

    @property
    def sd_log(self) -> float:
        """Posterior mean of the standard deviation of log theta among groups."""
        return float(self.weight @ np.sqrt(polygamma(1, self.nu)))

    def exceedance(self, threshold: float) -> Floats:
        """P(theta_i > threshold), (n,), exact given the grid."""
        above = (
            gammaincc(nu + self.observed, threshold * (nu / mu + self.expected)) * weight
            for nu, mu, weight in zip(self.nu, self.mu, self.weight, strict=True)
        )
        return np.asarray(np.sum(list(above), axis=0))

    def draw(self, draws: int, seed: int) -> Floats:
        """Draw from the joint posterior, (draws, n): groups of one draw share their hyper-parameters."""
        random = np.random.default_rng(seed)
        chosen = random.choice(len(self.weight), size=draws, p=self.weight)
        nu, mu = self.nu[chosen, None], self.mu[chosen, None]
        return np.asarray(random.standard_gamma(nu + self.observed) / (nu / mu + self.expected))


def shape_of(sd_log: Floats) -> Floats:
    """Shape nu of a gamma whose logarithm has this standard deviation: sqrt(trigamma(nu)) = sd.

    Newton on 1/trigamma from Smyth's starting value (limma, 2004), which converges from below without safeguards.

    Examples
    --------
    >>> nu = shape_of(np.array([0.25]))
    >>> float(np.sqrt(polygamma(1, nu))[0])
    0.25
    """
    variance = np.asarray(sd_log, dtype=float) ** 2
    nu = 0.5 + 1 / variance
    for _ in range(20):
        trigamma = polygamma(1, nu)
        nu = nu + trigamma * (1 - trigamma / variance) / polygamma(2, nu)
    return np.asarray(nu)


def log_prior(sd_log: Floats) -> Floats:
    """Log density, up to a constant, of the penalised-complexity prior of a standard deviation of log ratios."""
    return np.asarray(np.log(PRIOR_TAIL) / PRIOR_SD * sd_log)


def log_marginal(observed: Floats, expected: Floats, nu: float, mu: Floats) -> Floats:
    """Log-likelihood of (nu, mu) with theta integrated out, (k,) for k values of mu: negative binomial, O real-valued.

    Terms free of nu and mu are left out.
    """
    scaled = np.atleast_1d(mu)[:, None] * expected / nu
    of_shape = float(np.sum(gammaln(observed + nu) - gammaln(nu)))
    per_group = observed * np.log(scaled, where=scaled > 0, out=np.zeros_like(scaled)) - (observed + nu) * np.log1p(
        scaled
    )
    return np.asarray(of_shape + per_group.sum(axis=1))


def mean_given_shape(observed: Floats, expected: Floats, nu: Floats) -> tuple[Floats, Floats]:
    """Maximise the marginal over log mu for each nu: the mode and the curvature's standard deviation, both (k,).

    Fisher scoring on sum_i nu (O_i - mu E_i) / (nu + mu E_i) = 0, which is monotone in log mu.
    """
    shape = np.asarray(nu, dtype=float)[:, None]
    log_mu = np.full(len(shape), np.log(observed.sum() / expected.sum()))
    for _ in range(50):
        fitted = np.exp(log_mu)[:, None] * expected
        score = (shape * (observed - fitted) / (shape + fitted)).sum(axis=1)
        information = (shape * fitted / (shape + fitted)).sum(axis=1)
        step = np.clip(score / information, -1, 1)
        log_mu = log_mu + step
        if np.abs(step).max() < 1e-12:
            break
    return log_mu, 1 / np.sqrt(information)


def integrated(observed: Floats, expected: Floats) -> GammaPosterior:
    """Posterior of theta with both hyper-parameters integrated over a grid.

    Prior: exponential on sd(log theta) with P(sd > 1) = 0.05, flat on log mu. The grid of sd is laid twice, the second
    time only where the first found weight; for each sd, log mu runs over five standard deviations about its mode. A
    group of which nothing is expected gets the distribution of theta among groups.
    """
    coarse = np.geomspace(*SD_RANGE, SD_POINTS)
    log_weight, _ = _log_posterior(observed, expected, coarse)
    by_sd = np.logaddexp.reduce(log_weight, axis=1)
    kept = np.flatnonzero(by_sd > by_sd.max() - NEGLIGIBLE)
    low, high = coarse[max(kept[0] - 1, 0)], coarse[min(kept[-1] + 1, SD_POINTS - 1)]
    fine = np.geomspace(low, high, SD_POINTS)
    log_weight, mu = _log_posterior(observed, expected, fine)
    weight = np.exp(log_weight - log_weight.max())
    nu = np.broadcast_to(shape_of(fine)[:, None], mu.shape)
    likely = weight > np.exp(-2 * NEGLIGIBLE)
    return GammaPosterior(
        observed=observed,
        expected=expected,
        nu=nu[likely],
        mu=mu[likely],
        weight=weight[likely] / weight[likely].sum(),
    )


def plugged_in(observed: Floats, expected: Floats) -> GammaPosterior:
    """Posterior of theta at the maximum-likelihood hyper-parameters (Clayton and Kaldor 1987).

    Intervals are too narrow because the hyper-parameters are taken as known: for comparison with published results.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_nu: float) -> float:
        nu = np.exp([log_nu])
        log_mu, _ = mean_given_shape(observed, expected, nu)
        return -float(log_marginal(observed, expected, float(nu[0]), np.exp(log_mu))[0])

    best = minimize_scalar(loss, bounds=(np.log(1e-2), np.log(1e6)), method="bounded", options={"xatol": 1e-10})
    nu = np.exp([best.x])
    mu = np.exp(mean_given_shape(observed, expected, nu)[0])
    return GammaPosterior(observed=observed, expected=expected, nu=nu, mu=mu, weight=np.ones(1))


def _log_posterior(observed: Floats, expected: Floats, sd: Floats) -> tuple[Floats, Floats]:
    """Log posterior mass of each grid point and its mu, both (sd, mu); mass is per equal step of log sd."""
    nu = shape_of(sd)
    mode, spread = mean_given_shape(observed, expected, nu)
    log_mu = mode[:, None] + spread[:, None] * np.linspace(-MEAN_REACH, MEAN_REACH, MEAN_POINTS)
    likelihood = np.array([log_marginal(observed, expected, n, np.exp(m)) for n, m in zip(nu, log_mu, strict=True)])
    cell = np.log(sd) + np.log(spread)
    return likelihood + (log_prior(sd) + cell)[:, None], np.exp(log_mu)
