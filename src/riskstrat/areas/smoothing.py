"""Smoothing of observed over expected counts, by any of the declared methods.

In: observed and expected counts per group. Out: one smoothed ratio per group and, where the method has
one, its posterior.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np

from riskstrat.areas.gamma import GammaPosterior, integrated, plugged_in
from riskstrat.areas.geography import Neighbours
from riskstrat.areas.marshall import marshall_global, marshall_local
from riskstrat.errors import Problem, UsageError


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
    estimate: np.ndarray
    posterior: GammaPosterior | None
    seed: int

    def draws(self, draws: int = 2000) -> np.ndarray:
        """Draw from the posterior, (draws, n), the same for the same seed.

        Raises
        ------
        UsageError
            If the method gives no posterior.
        """
        return self._known_posterior().draw(draws, self.seed)

    def exceedance(self, threshold: float) -> np.ndarray:
        """P(ratio > threshold), (n,), exact.

        Raises
        ------
        UsageError
            If the method gives no posterior.
        """
        return self._known_posterior().exceedance(threshold)

    def _known_posterior(self) -> GammaPosterior:
        if self.posterior is None:
            raise UsageError(
                Problem(
                    found=f"method '{self.method}' has no posterior",
                    expected="gamma or gamma_plugin",
                    remedy="use method='gamma'",
                )
            )
        return self.posterior


@dataclass(frozen=True, kw_only=True)
class Method:
    """How a method is computed and what it needs."""

    fit: Callable[[np.ndarray, np.ndarray, Neighbours | None], np.ndarray | GammaPosterior]
    uses_neighbours: bool = False


METHODS = {
    "gamma": Method(fit=lambda observed, expected, _: integrated(observed, expected)),
    "gamma_plugin": Method(fit=lambda observed, expected, _: plugged_in(observed, expected)),
    "marshall": Method(fit=lambda observed, expected, _: marshall_global(observed, expected)),
    "marshall_local": Method(
        fit=lambda observed, expected, neighbours: marshall_local(observed, expected, cast("Neighbours", neighbours)),
        uses_neighbours=True,
    ),
}


def smooth(
    observed: np.ndarray,
    expected: np.ndarray,
    method: str = "gamma",
    neighbours: Neighbours | None = None,
    *,
    covariates: np.ndarray | None = None,
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
        ``gamma`` (hyper-parameters integrated), ``gamma_plugin`` (at their maximum likelihood; intervals too narrow),
        ``marshall`` and ``marshall_local`` (moments; no posterior).
    neighbours
        For ``marshall_local``, in the order of the counts.
    covariates
        For methods with covariates: none of these yet.
    seed
        Of the draws.

    Returns
    -------
    Smoothed

    Raises
    ------
    UsageError
        If the method is unknown, counts cannot be used, or an argument is missing or not used by the method.

    References
    ----------
    Clayton and Kaldor, Biometrics 1987;43:671. Marshall, Applied Statistics 1991;40:283.

    Examples
    --------
    >>> smooth(np.array([2.0, 8.0, 20.0]), np.array([5.0, 10.0, 10.0]), "marshall").estimate.round(2)
    array([0.75, 0.91, 1.77])
    """
    observed, expected = np.asarray(observed, dtype=float), np.asarray(expected, dtype=float)
    problems = [*_of_counts(observed, expected), *_of_method(method, neighbours, covariates, len(observed))]
    if problems:
        raise UsageError(*problems)
    fitted = METHODS[method].fit(observed, expected, neighbours)
    if isinstance(fitted, GammaPosterior):
        return Smoothed(method=method, estimate=fitted.mean, posterior=fitted, seed=seed)
    return Smoothed(method=method, estimate=fitted, posterior=None, seed=seed)


def _of_counts(observed: np.ndarray, expected: np.ndarray) -> list[Problem]:
    if observed.ndim != 1 or observed.shape != expected.shape or observed.size == 0:
        return [
            Problem(
                found=f"observed of shape {observed.shape}, expected of shape {expected.shape}",
                expected="two lists of the same groups",
                remedy="give one count of each a group",
            )
        ]
    complaints = (
        (not np.isfinite(observed).all(), "observed counts that are not finite", "numbers of at least 0"),
        (bool((observed < 0).any()), "observed counts below 0", "numbers of at least 0"),
        (bool((observed == 0).all()), "no observed outcome in any group", "at least one"),
        (not np.isfinite(expected).all(), "expected counts that are not finite", "numbers above 0"),
        (bool((expected <= 0).any()), "expected counts of 0 or below", "numbers above 0"),
    )
    remedy = "leave such groups out or check how the counts were made"
    return [Problem(found=found, expected=wanted, remedy=remedy) for wrong, found, wanted in complaints if wrong]


def _of_method(method: str, neighbours: Neighbours | None, covariates: np.ndarray | None, n: int) -> list[Problem]:
    if method not in METHODS:
        return [unknown_method(method, METHODS)]
    needed = METHODS[method].uses_neighbours
    complaints = (
        (needed and neighbours is None, "no neighbours", f"neighbours, because '{method}' uses them"),
        (not needed and neighbours is not None, "neighbours", f"none, because '{method}' does not use them"),
        (neighbours is not None and len(neighbours.areas) != n, "neighbours of other groups", f"those of these {n}"),
        (covariates is not None, "covariates", f"none, because '{method}' does not use them"),
    )
    remedy = "change the argument or the method"
    return [Problem(found=found, expected=wanted, remedy=remedy) for wrong, found, wanted in complaints if wrong]


def unknown_method(method: str, available: dict[str, Method]) -> Problem:
    """Say which methods there are."""
    return Problem(
        found=f"no smoothing method '{method}'", expected=" or ".join(available), remedy="choose one of these"
    )
