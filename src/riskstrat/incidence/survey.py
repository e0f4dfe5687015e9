"""How the rows of a survey were drawn in, variances of incidence estimates out: by linearisation, or by replicates.

A survey weight says how many of the population a row stands for. It is no frequency: an estimate is as sure as the rows
that were drawn make it, whatever the weights sum to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from riskstrat.errors import ContractError, DesignError, Problem
from riskstrat.incidence.life_table import LifeTable, life_tables
from riskstrat.incidence.outcome import CENSORED, COMPETING, OUTCOME, OutcomeArray
from riskstrat.numerics.groups import Labels, number_groups

Floats = NDArray[np.float64]
Kind = Literal["jackknife", "stratified_jackknife", "brr", "fay", "bootstrap"]
KINDS: Final = ("jackknife", "stratified_jackknife", "brr", "fay", "bootstrap")


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Rows of all groups, numbered from 0: outcomes, days to entry and weights, each (n,)."""

    outcome: OutcomeArray
    entries: Floats
    weights: Floats
    numbers: NDArray[np.intp]
    groups: int

    def tables(self) -> Iterator[LifeTable | None]:
        """One life table a group; None where no row has weight."""
        return life_tables(self.outcome, self.numbers, self.groups, self.weights, self.entries)

    def estimates(self, at: Floats) -> Floats:
        """Incidence of the outcome and of the competing event, and event-free probability: (groups, 3, times)."""
        return np.stack([_estimates(table, at) for table in self.tables()])


class Survey(Protocol):
    """How the rows were drawn: what gives incidence estimates their variances."""

    def variances(self, rows: Rows, at: Floats) -> Floats:
        """Variances of what `Rows.estimates` gives, (groups, 3, times)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SurveyDesign:
    """Clusters drawn within strata: variances by linearisation (Binder 1983), with replacement of clusters.

    Parameters
    ----------
    strata
        One label a row; None: one stratum.
    clusters
        Primary sampling unit of each row, within its stratum; None: rows were drawn one by one. Persons with several
        index dates are clusters.

    Examples
    --------
    >>> from riskstrat.incidence import kaplan_meier, outcome_array
    >>> y, weights = outcome_array([1, 0, 1, 0], [10, 20, 30, 40]), [900.5, 100, 100, 100]
    >>> kaplan_meier(y, 15, weights=weights, survey=SurveyDesign())["standard_error"].round(3).item()
    0.25
    """

    strata: Labels | None = field(default=None, repr=False)
    clusters: Labels | None = field(default=None, repr=False)

    def variances(self, rows: Rows, at: Floats) -> Floats:
        """Variances of the estimates, (groups, 3, times); rows of other groups count as zero, as in a domain."""
        n = len(rows.outcome)
        stratum = number_groups(self.strata, n)[0]
        within = number_groups(np.arange(n) if self.clusters is None else self.clusters, n)[0]
        _, first, cluster = np.unique(stratum * (within.max() + 1) + within, return_index=True, return_inverse=True)
        drawn = np.bincount(stratum[first])
        if (drawn < 2).any():
            found = f"{int((drawn < 2).sum())} of {len(drawn)} strata with a single cluster"
            raise DesignError(Problem(found, "two clusters or more in each", "join strata"))
        variances = []
        for number, table in enumerate(rows.tables()):
            influence = np.zeros((n, 3 * len(at)))
            inside = np.flatnonzero((rows.numbers == number) & (rows.weights > 0))
            if table is not None:
                influence[inside] = rows.weights[inside, None] * derivatives(table, rows, inside, at)
            variances.append(_between_clusters(influence, cluster, stratum[first], drawn).reshape(3, -1))
        return np.stack(variances)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReplicateWeights:
    """Weights of replicates of the survey, as its producer gives them: scale x sum of scales x squared deviations.

    Deviations are from the estimate with the full weights. The scale follows from the kind and the number R of
    replicates: ``jackknife`` (R - 1) / R, ``brr`` and ``bootstrap`` 1 / R, ``fay`` 1 / (R (1 - rho)^2);
    ``stratified_jackknife`` 1, with `scales`.

    Parameters
    ----------
    weights
        Shape (n, R): the full weights as each replicate has them, at least 0.
    kind
        How the replicates were made; there is no default, because the wrong one gives the wrong variance.
    rho
        Of ``fay``, in [0, 1): what a half that is left out keeps of its weight.
    scales
        One a replicate, (R,): for ``stratified_jackknife``, (clusters - 1) / clusters of the replicate's stratum.

    Examples
    --------
    >>> from riskstrat.incidence import kaplan_meier, outcome_array
    >>> replicates = ReplicateWeights(weights=4 / 3 * (1 - np.eye(4)), kind="jackknife")
    >>> y = outcome_array([1, 0, 1, 0], [10, 20, 30, 40])
    >>> kaplan_meier(y, 15, weights=[1, 1, 1, 1], survey=replicates)["standard_error"].item()
    0.25
    """

    weights: npt.ArrayLike = field(repr=False)
    kind: Kind
    rho: float | None = None
    scales: npt.ArrayLike | None = field(default=None, repr=False)

    def variances(self, rows: Rows, at: Floats) -> Floats:
        """Variances of the estimates, (groups, 3, times)."""
        replicates = np.asarray(self.weights, dtype=np.float64)
        ContractError.refuse(self._problems(replicates, len(rows.outcome)))
        count, full = replicates.shape[1], rows.estimates(at)
        per_replicate = np.ones(count) if self.scales is None else np.asarray(self.scales, dtype=np.float64)
        scale = {
            "jackknife": (count - 1) / count,
            "stratified_jackknife": 1.0,
            "fay": 1 / (count * (1 - (self.rho or 0.0)) ** 2),
        }.get(self.kind, 1 / count)
        squares = [(replace(rows, weights=column).estimates(at) - full) ** 2 for column in replicates.T]
        return np.asarray(scale * np.tensordot(per_replicate, np.stack(squares), axes=1))

    def _problems(self, replicates: Floats, n: int) -> Iterator[Problem]:
        shape, stratified = replicates.shape, self.kind == "stratified_jackknife"
        rho, scales = 0.0 if self.rho is None else self.rho, np.asarray(self.scales).shape
        complaints = (
            (len(shape) != 2 or shape[0] != n, f"replicate weights of shape {shape}", f"({n}, replicates)"),
            (not (np.isfinite(replicates) & (replicates >= 0)).all(), "weights below 0 or missing", "0 or more"),
            (self.kind not in KINDS, f"replicates of kind '{self.kind}'", " or ".join(KINDS)),
            ((self.kind == "fay") != (self.rho is not None), f"rho of {self.rho}", "one for 'fay' alone"),
            (not 0 <= rho < 1, f"rho of {rho}", "0 or more, and less than 1"),
            (
                stratified != (self.scales is not None),
                f"scales of '{self.kind}'",
                "for 'stratified_jackknife' alone",
            ),
            (bool(scales) and scales != shape[1:], f"scales of shape {scales}", "one a replicate"),
        )
        remedy = "take weights, kind, rho and scales from the survey's documentation"
        yield from (Problem(found, wanted, remedy) for wrong, found, wanted in complaints if wrong)


def _estimates(table: LifeTable | None, at: Floats) -> Floats:
    if table is None:
        return np.full((3, len(at)), np.nan)
    step = np.searchsorted(table.time, at, side="right")
    outcome, competing = (table.incidence(event)[step] for event in (OUTCOME, COMPETING))
    return np.stack([outcome, competing, np.r_[1.0, table.survival][step]])


def derivatives(table: LifeTable, rows: Rows, inside: NDArray[np.intp], at: Floats) -> Floats:
    """Differentiate each estimate by each row's weight, (rows, 3 x times).

    With F_k the incidence and h the hazard of either event, dF_k(t) of a row that ends at x is
    1{event k at x <= t} S(x-) / n(x) - sum S(u-) h_k(u) / n(u)
    - 1{event at x <= t} (F_k(t) - F_k(x)) / (n(x) - d(x)) + sum h(u) (F_k(t) - F_k(u)) / (n(u) - d(u)),
    sums over event times u <= t at which the row is at risk. The event-free probability is one minus both.
    """
    event, duration = rows.outcome["event"][inside], rows.outcome["duration_days"][inside]
    end = np.searchsorted(table.time, duration, side="left")[:, None]
    start = np.searchsorted(table.time, rows.entries[inside], side="right")[:, None]
    reached = np.searchsorted(table.time, at, side="right")[None, :]
    until, happened = np.maximum(np.minimum(end + 1, reached), start), end < reached
    start = np.minimum(start, until)
    before, spared = np.r_[1.0, table.survival[:-1]], table.event_free
    inverse = np.divide(1.0, spared, out=np.zeros_like(spared), where=spared > 0)
    odds = (table.at_risk - spared) / table.at_risk * inverse
    parts = []
    for kind, number in ((OUTCOME, table.outcomes), (COMPETING, table.competing)):
        incidence = table.incidence(kind)
        own, either, both = (
            np.r_[0.0, np.cumsum(term)] for term in (before * number / table.at_risk**2, odds, odds * incidence[1:])
        )
        total = incidence[reached]
        later = happened & (event != CENSORED)[:, None]
        parts.append(
            (happened & (event == kind)[:, None]) * (before / table.at_risk)[end]
            - (own[until] - own[start])
            - later * (total - incidence[end + 1]) * inverse[end]
            + total * (either[until] - either[start])
            - (both[until] - both[start])
        )
    return np.hstack([*parts, -parts[0] - parts[1]])


def _between_clusters(
    influence: Floats, cluster: NDArray[np.intp], stratum: NDArray[np.intp], drawn: NDArray[np.intp]
) -> Floats:
    """Variance of the sum over clusters, by column: within strata m / (m - 1) times the squares about their mean."""
    totals = np.zeros((len(stratum), influence.shape[1]))
    np.add.at(totals, cluster, influence)
    means = np.zeros((len(drawn), influence.shape[1]))
    np.add.at(means, stratum, totals)
    deviations = totals - (means / drawn[:, None])[stratum]
    return np.asarray((drawn / (drawn - 1))[stratum] @ deviations**2, dtype=np.float64)
