"""The gamma-Poisson model of groups: O_i ~ Poisson(E_i theta_i), theta_i ~ Gamma with mean mu and shape nu.

In: observed (real numbers allowed) and expected counts per group, and where counts are protected the noise that they
carry. Out: a posterior of theta that is a finite mixture of gammas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, gammaincc, gammaln, polygamma, xlogy

from riskstrat.areas.count_noise import CountNoise

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
BLOCK = 64
"""Grid points that are looked at together: enough to be fast, few enough for thousands of groups."""
VALUES = 2**14
"""Probabilities of groups at points of the grid that are computed together: they stay in the cache."""
LEAST_KNOWN = 0.05
"""Share of the information about mu that counts are taken to keep under noise, so that steps stay finite."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """Observed and expected counts, (n,), the observed as one or several possible ones.

    The count of group i is ``observed[i] + j`` with likelihood ``likelihood[j, i]``, j from 0. Exact counts are the one
    that is observed.
    """

    observed: Floats
    expected: Floats
    likelihood: Floats = field(default_factory=lambda: np.ones((1, 1)))

    @classmethod
    def of(cls, observed: Floats, expected: Floats, noise: CountNoise | None) -> Counts:
        """Take counts as they are, or those that are possible behind protected ones."""
        if noise is None:
            return cls(observed=observed, expected=expected)
        least, likelihood = noise.possible(observed)
        return cls(observed=least, expected=expected, likelihood=likelihood)

    @property
    def likely_above_least(self) -> Floats:
        """Mean of j, (n,) or (1,), were all counts alike before anything was seen."""
        return np.asarray((np.arange(len(self.likelihood)) @ self.likelihood) / self.likelihood.sum(axis=0))

    def terms(self, nu: float | Floats, mu: Floats) -> Iterator[Floats]:
        """Give p(O*, count j) over p(count 0), (..., n), for each j, with theta integrated out at pairs of (nu, mu).

        Counts are negative binomial, so that each is the one before times (c + nu) / (c + 1) x mu E / (nu + mu E).
        """
        nu, fitted = np.asarray(nu)[..., None], np.asarray(mu)[..., None] * self.expected
        ratio = np.ones_like(fitted)
        for j, likelihood in enumerate(self.likelihood):
            if j:
                count = self.observed + (j - 1)
                ratio = ratio * ((count + nu) / (count + 1) * (fitted / (nu + fitted)))
            yield likelihood * ratio

    def log_probability(self, nu: Floats, mu: Floats) -> Floats:
        """Log p(O*) of each group with theta integrated out, at k pairs of (nu, mu), (k, n)."""
        of_least = _log_probability(self.observed, nu[:, None], mu[:, None] * self.expected)
        return np.asarray(of_least + np.log(sum(self.terms(nu, mu))))

    def above_least(self, nu: Floats, mu: Floats) -> tuple[Floats, Floats]:
        """Posterior mean and variance of j, both (k, n)."""
        terms = list(self.terms(nu, mu))
        total = sum(terms)
        mean = np.asarray(sum(j * term for j, term in enumerate(terms)) / total)
        return mean, np.asarray(sum(j * j * term for j, term in enumerate(terms)) / total - mean**2)


@dataclass(frozen=True, kw_only=True, eq=False)
class GammaPosterior:
    """Posterior of theta: given hyper-parameters k, theta_i ~ Gamma(nu_k + O_i, rate nu_k / mu_k + E_i).

    `nu` and `mu` are shape and mean of the distribution among groups, `weight` the posterior probability of the pair,
    (k,). Where counts are protected, it is the mixture of these over the counts that are possible, with theta
    integrated out of their probabilities.
    """

    counts: Counts
    nu: Floats
    mu: Floats
    weight: Floats

    @cached_property
    def mean(self) -> Floats:
        """Posterior mean of theta, (n,)."""
        blocks = np.array_split(np.arange(len(self.nu)), len(self.nu) // BLOCK + 1)
        above = np.concatenate([self.counts.above_least(self.nu[block], self.mu[block])[0] for block in blocks])
        nu, rate = self.nu[:, None], (self.nu / self.mu)[:, None] + self.counts.expected
        return np.asarray(np.sum((nu + self.counts.observed + above) / rate * self.weight[:, None], axis=0))

    @property
    def sd_log(self) -> float:
        """Posterior mean of the standard deviation of log theta among groups."""
        return float(self.weight @ np.sqrt(polygamma(1, self.nu)))

    def exceedance(self, threshold: float) -> Floats:
        """P(theta_i > threshold), (n,), exact given the grid."""
        counts = self.counts

        def above(nu: Floats, mu: Floats) -> Floats:
            terms = list(counts.terms(nu, mu))
            rate = threshold * (nu / mu + counts.expected)
            tails = (term * gammaincc(nu + (counts.observed + j), rate) for j, term in enumerate(terms))
            return np.asarray(sum(tails) / sum(terms))

        grid = zip(self.nu, self.mu, self.weight, strict=True)
        return np.asarray(np.sum([above(nu, mu) * weight for nu, mu, weight in grid], axis=0))

    def left_out(self, highest: Floats, further: int) -> Floats:
        """P(count before noise <= highest - j) of a group when only the others' counts are known, (further + 1, n).

        Exact: given hyper-parameters groups are independent, so that leaving one out divides the weight of each pair by
        the probability of what was seen there.
        """
        found = np.zeros((further + 1, len(highest)))
        blocks = np.array_split(np.arange(len(self.nu)), len(self.nu) // BLOCK + 1)
        seen = np.concatenate([self.counts.log_probability(self.nu[block], self.mu[block]) for block in blocks])
        weight = self.weight[:, None] * np.exp(seen.min(axis=0) - seen)
        for block in blocks:
            shape, fitted = self.nu[block, None], self.mu[block, None] * self.counts.expected
            below = betainc(shape, np.maximum(highest + 1, 0), shape / (shape + fitted))
            chance = np.exp(_log_probability(highest, shape, fitted))
            once_less = np.divide(shape + fitted, fitted, where=fitted > 0, out=np.zeros_like(fitted))
            for j in range(further + 1):
                found[j] += (weight[block] * below).sum(axis=0)
                count = highest - j
                below = below - chance
                chance = chance * np.maximum(count, 0) / np.maximum(count - 1 + shape, shape) * once_less
        return np.asarray(np.clip(found / weight.sum(axis=0), 0.0, 1.0))

    def draw(self, draws: int, seed: int) -> Floats:
        """Draw from the joint posterior, (draws, n): groups of one draw share their hyper-parameters."""
        random = np.random.default_rng(seed)
        chosen = random.choice(len(self.weight), size=draws, p=self.weight)
        nu, mu = self.nu[chosen], self.mu[chosen]
        shape = nu[:, None] + (self.counts.observed + self._draw_above_least(nu, mu, random))
        return np.asarray(random.standard_gamma(shape) / ((nu / mu)[:, None] + self.counts.expected))

    def _draw_above_least(self, nu: Floats, mu: Floats, random: np.random.Generator) -> Floats:
        """Draw which of the possible counts it was, as j, (draws, n)."""
        if len(self.counts.likelihood) == 1:
            return np.zeros(1)
        total: Floats = np.asarray(sum(self.counts.terms(nu, mu)))
        left, above = random.random(total.shape) * total, np.zeros(total.shape)
        for term in self.counts.terms(nu, mu):
            left = left - term
            above += left > 0
        return np.minimum(above, len(self.counts.likelihood) - 1)


def _log_probability(count: Floats, shape: Floats, fitted: Floats) -> Floats:
    """Log probability of a negative binomial count of this shape and mean."""
    ways = gammaln(count + shape) - gammaln(shape) - gammaln(count + 1)
    return np.asarray(ways + xlogy(count, fitted / (shape + fitted)) - shape * np.log1p(fitted / shape))


def shape_of(sd_log: Floats) -> Floats:
    """Shape nu of a gamma whose logarithm has this standard deviation: sqrt(trigamma(nu)) = sd.

    Newton on 1/trigamma from Smyth's starting value (limma, 2004), which converges from below without safeguards.
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


def log_marginal(counts: Counts, nu: float | Floats, mu: Floats) -> Floats:
    """Log-likelihood of pairs of (nu, mu) with theta integrated out: negative binomial, O real-valued.

    Terms free of nu and mu are left out.
    """
    observed, shape = counts.observed, np.asarray(nu)[..., None]
    scaled = mu[..., None] * counts.expected / shape
    of_shape = (gammaln(observed + shape) - gammaln(shape)).sum(axis=-1)
    per_group = observed * np.log(scaled, where=scaled > 0, out=np.zeros_like(scaled)) - (observed + shape) * np.log1p(
        scaled
    )
    possible = np.log(sum(counts.terms(nu, mu)))
    return np.asarray(of_shape + per_group.sum(axis=-1) + possible.sum(axis=-1))


def mean_given_shape(counts: Counts, nu: Floats) -> tuple[Floats, Floats]:
    """Maximise the marginal over log mu for each nu: the mode and the curvature's standard deviation, both (k,).

    Fisher scoring on sum_i nu (O_i - mu E_i) / (nu + mu E_i) = 0, which is monotone in log mu. Where counts are
    protected, O_i is its mean given what is seen, and what is not known of O_i is taken off the information (Louis,
    J R Stat Soc B 1982;44:226).
    """
    shape, expected = np.asarray(nu, dtype=float)[:, None], counts.expected
    guessed = (counts.observed + counts.likely_above_least).sum()
    log_mu = np.full(len(shape), np.log(guessed / expected.sum()))
    for _ in range(50):
        fitted = np.exp(log_mu)[:, None] * expected
        above, variance = counts.above_least(shape[:, 0], np.exp(log_mu))
        score = (shape * (counts.observed + above - fitted) / (shape + fitted)).sum(axis=1)
        complete = (shape * fitted / (shape + fitted)).sum(axis=1)
        missing = (variance * (shape / (shape + fitted)) ** 2).sum(axis=1)
        information = np.maximum(complete - missing, LEAST_KNOWN * complete)
        step = np.clip(score / information, -1, 1)
        log_mu = log_mu + step
        if np.abs(step).max() < 1e-12:
            break
    return log_mu, 1 / np.sqrt(information)


def integrated(observed: Floats, expected: Floats, noise: CountNoise | None = None) -> GammaPosterior:
    """Posterior of theta with both hyper-parameters integrated over a grid.

    Prior: exponential on sd(log theta) with P(sd > 1) = 0.05, flat on log mu. The grid of sd is laid twice, the second
    time only where the first found weight; for each sd, log mu runs over five standard deviations about its mode. A
    group of which nothing is expected gets the distribution of theta among groups. `noise` is that of the observed
    counts: it is part of the likelihood, exactly.
    """
    counts = Counts.of(observed, expected, noise)
    coarse = np.geomspace(*SD_RANGE, SD_POINTS)
    log_weight, _ = _log_posterior(counts, coarse)
    by_sd = np.logaddexp.reduce(log_weight, axis=1)
    kept = np.flatnonzero(by_sd > by_sd.max() - NEGLIGIBLE)
    low, high = coarse[max(kept[0] - 1, 0)], coarse[min(kept[-1] + 1, SD_POINTS - 1)]
    fine = np.geomspace(low, high, SD_POINTS)
    log_weight, mu = _log_posterior(counts, fine)
    weight = np.exp(log_weight - log_weight.max())
    nu = np.broadcast_to(shape_of(fine)[:, None], mu.shape)
    likely = weight > np.exp(-2 * NEGLIGIBLE)
    return GammaPosterior(counts=counts, nu=nu[likely], mu=mu[likely], weight=weight[likely] / weight[likely].sum())


def plugged_in(observed: Floats, expected: Floats, noise: CountNoise | None = None) -> GammaPosterior:
    """Posterior of theta at the maximum-likelihood hyper-parameters (Clayton and Kaldor 1987).

    Intervals are too narrow because the hyper-parameters are taken as known: for comparison with published results.
    """
    from scipy.optimize import minimize_scalar

    counts = Counts.of(observed, expected, noise)

    def loss(log_nu: float) -> float:
        nu = np.exp([log_nu])
        log_mu, _ = mean_given_shape(counts, nu)
        return -float(log_marginal(counts, float(nu[0]), np.exp(log_mu))[0])

    best = minimize_scalar(loss, bounds=(np.log(1e-2), np.log(1e6)), method="bounded", options={"xatol": 1e-10})
    nu = np.exp([best.x])
    return GammaPosterior(counts=counts, nu=nu, mu=np.exp(mean_given_shape(counts, nu)[0]), weight=np.ones(1))


def _log_posterior(counts: Counts, sd: Floats) -> tuple[Floats, Floats]:
    """Log posterior mass of each grid point and its mu, both (sd, mu); mass is per equal step of log sd."""
    nu = shape_of(sd)
    mode, spread = mean_given_shape(counts, nu)
    log_mu = mode[:, None] + spread[:, None] * np.linspace(-MEAN_REACH, MEAN_REACH, MEAN_POINTS)
    mu, cell = np.exp(log_mu), np.log(sd) + np.log(spread)
    blocks = np.array_split(np.arange(len(nu)), min(mu.size * len(counts.expected) // VALUES + 1, len(nu)))
    likelihood = np.concatenate([log_marginal(counts, nu[block, None], mu[block]) for block in blocks])
    return likelihood + (log_prior(sd) + cell)[:, None], mu
