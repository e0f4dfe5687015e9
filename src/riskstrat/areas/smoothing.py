"""Smoothing of observed over expected counts, by any of the declared methods; by moments: Marshall 1991.

In: observed and expected counts per group. Out: one smoothed ratio per group and, where the method has one, its
posterior. A new method is one line in `POSTERIORS`, or in `MOMENTS` where it has no posterior.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.areas.bym2 import bym2
from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.gamma import integrated, plugged_in
from riskstrat.areas.geography import Neighbours
from riskstrat.areas.posterior import Posterior
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked

Floats = NDArray[np.float64]


def moments(observed: Floats, expected: Floats) -> tuple[float, float]:
    """Marshall's between-group variance (never below zero) and mean of the ratios.

    Mean b = sum O / sum E; variance a = sum E (O/E - b)^2 / sum E - b / mean E.
    """
    mean, scatter = _mean_and_scatter(observed, expected)
    # An estimate below zero would shrink past the mean, and give negative rates.
    return max(0.0, scatter - mean / float(expected.mean())), mean


def binomial_moments(observed: Floats, people: Floats) -> tuple[float, float]:
    """Between-group variance and mean of proportions: Var(O/n) = a + (b (1 - b) - a) / n (Martuzzi, Elliott 1996)."""
    mean, scatter = _mean_and_scatter(observed, people)
    size = float(people.mean())
    between = max(0.0, scatter - mean * (1 - mean) / size) / (1 - 1 / size) if size > 1 else 0.0
    return between, mean


@dataclass(frozen=True, kw_only=True)
class Family:
    """Distribution of a count: its moments, and the variance by chance of a group that expects one (or has one person).

    `chance` takes the variance between groups and the mean.
    """

    moments: Callable[[Floats, Floats], tuple[float, float]]
    chance: Callable[[Floats, Floats], Floats]


POISSON: Final = Family(moments=moments, chance=lambda _, mean: mean)
BINOMIAL: Final = Family(moments=binomial_moments, chance=lambda variance, mean: mean * (1 - mean) - variance)


def marshall_global(observed: Floats, expected: Floats, family: Family) -> Floats:
    """Ratios drawn towards the mean of all groups, (n,)."""
    return _shrink(observed, expected, family, np.array([family.moments(observed, expected)]))


def marshall_local(observed: Floats, expected: Floats, family: Family, neighbours: Neighbours) -> Floats:
    """Ratios drawn towards the mean of the group and its neighbours, (n,); an island keeps its own ratio."""
    around = [np.append(neighbours.of(i), i) for i in range(len(observed))]
    return _shrink(observed, expected, family, np.array([family.moments(observed[i], expected[i]) for i in around]))


def _mean_and_scatter(observed: Floats, expected: Floats) -> tuple[float, float]:
    mean = float(observed.sum() / expected.sum())
    return mean, float((expected * (observed / expected - mean) ** 2).sum() / expected.sum())


def _shrink(observed: Floats, expected: Floats, family: Family, found: Floats) -> Floats:
    """Draw each ratio towards the mean: more, the smaller its expected count; `found` has moments, (n or 1, 2)."""
    variance, mean = found.T
    total = variance + family.chance(variance, mean) / expected
    kept = np.divide(variance, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(mean + kept * (observed / expected - mean))


@dataclass(frozen=True, kw_only=True, eq=False)
class Smoothed:
    """Smoothed ratios.

    Attributes
    ----------
    method
        Name of the method.
    estimate
        Smoothed observed over expected, (n,); posterior means where there is a posterior.
    posterior
        Of theta; none for methods by moments.
    seed
        Of the draws.
    """

    method: str
    estimate: Floats
    posterior: Posterior | None
    seed: int

    def draws(self, draws: int = 2000) -> Floats:
        """Draw from the posterior, (draws, n), the same for the same seed.

        Raises
        ------
        UsageError
            If the method gives no posterior.
        """
        return self._known_posterior().draw(draws, self.seed)

    def exceedance(self, threshold: float) -> Floats:
        """P(ratio > threshold), (n,), exact where the posterior's is.

        Raises
        ------
        UsageError
            If the method gives no posterior.
        """
        return self._known_posterior().exceedance(threshold)

    def _known_posterior(self) -> Posterior:
        if self.posterior is None:
            raise UsageError(
                Problem(f"method '{self.method}' has no posterior", " or ".join(POSTERIORS), "use method='gamma'")
            )
        return self.posterior


@dataclass(frozen=True, kw_only=True)
class PosteriorMethod:
    """A method that takes observed, expected (0 where nothing is known) and noise to a posterior of theta.

    A method that does not use neighbours or covariates is never given any; the noise is that of protected observed
    counts. One `carries_plans` if its intervals cover what they claim, so that area estimates and plans may be made
    from its draws.
    """

    fit: Callable[[Floats, Floats, Neighbours | None, CountNoise | None, Floats | None], Posterior]
    uses_neighbours: bool = False
    uses_covariates: bool = False
    carries_plans: bool = True


@dataclass(frozen=True, kw_only=True)
class MomentMethod:
    """A method by moments, without a posterior."""

    family: Family
    uses_neighbours: bool = False
    uses_covariates: bool = False

    def fit(self, observed: Floats, expected: Floats, neighbours: Neighbours | None) -> Floats:
        """Smoothed ratios, (n,)."""
        if neighbours is None:
            return marshall_global(observed, expected, self.family)
        return marshall_local(observed, expected, self.family, neighbours)


POSTERIORS: dict[str, PosteriorMethod] = {
    "gamma": PosteriorMethod(fit=lambda observed, expected, _, noise, __: integrated(observed, expected, noise)),
    "gamma_plugin": PosteriorMethod(
        fit=lambda observed, expected, _, noise, __: plugged_in(observed, expected, noise), carries_plans=False
    ),
    "bym2": PosteriorMethod(fit=bym2, uses_neighbours=True, uses_covariates=True),
}
MOMENTS: dict[str, MomentMethod] = {
    "marshall": MomentMethod(family=POISSON),
    "marshall_local": MomentMethod(family=POISSON, uses_neighbours=True),
    "marshall_binomial": MomentMethod(family=BINOMIAL),
    "marshall_binomial_local": MomentMethod(family=BINOMIAL, uses_neighbours=True),
}


@checked
def smooth(
    observed: npt.ArrayLike,
    expected: npt.ArrayLike,
    method: str = "gamma",
    neighbours: Neighbours | None = None,
    *,
    covariates: Floats | None = None,
    noise: CountNoise | None = None,
    seed: int = 0,
) -> Smoothed:
    """Smooth observed over expected counts of groups.

    Parameters
    ----------
    observed
        Counts, (n,), at least 0 and not all 0; real numbers are allowed because weighted counts are.
    expected
        Expected counts (or populations: then ratios are rates), (n,), above 0.
    method
        ``gamma`` (hyper-parameters integrated), ``bym2`` (the same, with what neighbours have in common),
        ``gamma_plugin`` (at their maximum likelihood; intervals too narrow),
        ``marshall`` and ``marshall_local`` (moments; no posterior), ``marshall_binomial`` and
        ``marshall_binomial_local`` (the same where the observed are some of the people given as `expected`: smoothed
        proportions stay within [0, 1]).
    neighbours
        For ``bym2`` and the local methods, in the order of the counts (`Neighbours.of_areas` gives them in any).
    covariates
        For ``bym2``, (n, p), without an intercept.
    noise
        That of protected counts: the posterior then knows which true counts are possible and how likely each is.
        Methods by moments cannot use it.
    seed
        Of the draws.

    Returns
    -------
    Smoothed

    Raises
    ------
    UsageError
        If the method is unknown, counts cannot be used (a method of proportions: more observed than people), or an
        argument is missing or not used by the method.

    References
    ----------
    Clayton and Kaldor, Biometrics 1987;43:671. Riebler et al., Statistical Methods in Medical Research 2016;25:1145
    (bym2). Marshall, Applied Statistics 1991;40:283. Martuzzi and Elliott,
    Statistics in Medicine 1996;15:1867 (proportions).

    Examples
    --------
    >>> smooth(np.array([2.0, 8.0, 20.0]), np.array([5.0, 10.0, 10.0]), "marshall").estimate.round(2)
    array([0.75, 0.91, 1.77])
    """
    o, e = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    methods: dict[str, PosteriorMethod | MomentMethod] = {**POSTERIORS, **MOMENTS}
    wrong = method_problems(method, methods, neighbours, covariates, noise)
    UsageError.refuse([*_count_problems(o, e, method, neighbours), *wrong, *_covariate_problems(covariates, o.size)])
    if method in MOMENTS:
        estimate = MOMENTS[method].fit(o, e, neighbours)
        return Smoothed(method=method, estimate=estimate, posterior=None, seed=seed)
    posterior = POSTERIORS[method].fit(o, e, neighbours, noise, covariates)
    return Smoothed(method=method, estimate=posterior.mean, posterior=posterior, seed=seed)


def _count_problems(observed: Floats, expected: Floats, method: str, neighbours: Neighbours | None) -> list[Problem]:
    if observed.ndim != 1 or observed.shape != expected.shape or observed.size == 0:
        return [
            Problem(
                f"observed of shape {observed.shape}, expected of shape {expected.shape}",
                "two lists of the same groups",
                "give one count of each a group",
            )
        ]
    proportions = method in MOMENTS and MOMENTS[method].family is BINOMIAL
    complaints = (
        (proportions and bool((observed > expected).any()), "more observed cases than people", "some of the people"),
        (not np.isfinite(observed).all(), "observed counts that are not finite", "numbers of at least 0"),
        (bool((observed < 0).any()), "observed counts below 0", "numbers of at least 0"),
        (bool((observed == 0).all()), "no observed outcome in any group", "at least one"),
        (not np.isfinite(expected).all(), "expected counts that are not finite", "numbers above 0"),
        (bool((expected <= 0).any()), "expected counts of 0 or below", "numbers above 0"),
        (
            neighbours is not None and len(neighbours.areas) != observed.size,
            "neighbours of other groups",
            f"those of these {observed.size}",
        ),
    )
    remedy = "leave such groups out or check how the counts were made"
    return [Problem(found, wanted, remedy) for wrong, found, wanted in complaints if wrong]


def _covariate_problems(covariates: Floats | None, n: int) -> list[Problem]:
    if covariates is None:
        return []
    found, expected = "", f"finite numbers of shape ({n}, p), each column with something of its own"
    if covariates.ndim != 2 or len(covariates) != n:
        found = f"covariates of shape {covariates.shape}"
    elif not np.isfinite(covariates).all():
        found = "covariates that are missing or not finite"
    elif np.linalg.matrix_rank(np.column_stack([np.ones(n), covariates])) < covariates.shape[1] + 1:
        found = "covariates that are constant or follow from others"
    return [Problem(found, expected, "leave the group or the covariate out")] if found else []


def method_problems(
    method: str,
    available: Mapping[str, PosteriorMethod | MomentMethod],
    neighbours: Neighbours | None,
    covariates: Floats | None = None,
    noise: CountNoise | None = None,
) -> list[Problem]:
    """List what is wrong with the choice of a method among those available, and with what is given to it."""
    known = method in available
    needed, explained = (known and getattr(available[method], use) for use in ("uses_neighbours", "uses_covariates"))
    complaints = (
        (not known, f"no smoothing method '{method}'", " or ".join(available)),
        (needed and neighbours is None, "no neighbours", f"neighbours, because '{method}' uses them"),
        (not needed and neighbours is not None, "neighbours", f"none, because '{method}' does not use them"),
        (noise is not None and method in MOMENTS, "noise", f"exact counts, because '{method}' has no likelihood"),
        (covariates is not None and not explained, "covariates", f"none, because '{method}' does not use them"),
    )
    remedy = "change the argument or the method"
    return [Problem(found, wanted, remedy) for wrong, found, wanted in complaints if wrong]
