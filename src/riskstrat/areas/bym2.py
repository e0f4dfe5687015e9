"""The BYM2 model of groups that have neighbours: nested Laplace approximations over its two hyper-parameters.

In: observed and expected counts, neighbours, covariates, and where counts are protected the noise that they carry. Out:
a posterior of theta that is a finite mixture of Gaussians on the log scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, diags_array
from scipy.special import expit, gammaincc, gammaln, logit, logsumexp, ndtr, xlogy

from riskstrat.areas.bym2_field import Field, Model, State, column, flat, mode_of
from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.gamma import PRIOR_SD, PRIOR_TAIL, Counts
from riskstrat.areas.geography import Neighbours
from riskstrat.areas.icar import Structure, factorised, grounded, log_determinant, structure_of

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]
Cell: TypeAlias = tuple[int, int]

PRIOR_SHARE = 0.5
PRIOR_SHARE_TAIL = 2 / 3
"""P(phi < 0.5) = 2/3: the penalised-complexity prior of the spatial share (Riebler and others 2016, section 4)."""

_SD_RANGE = (0.004, 2.5)
_SHARE_RANGE = (0.01, 0.998)
_COARSE, _FINE = (10, 6), (11, 8)
_REFINEMENTS, _ENOUGH_POINTS = 2, 10
_NEGLIGIBLE = 7.0
_LEAST_WEIGHT = 1e-4
_EXACT_UP_TO = 512
_PROBES = 64
_DRAWN_TOGETHER = 100
_LEFT_OUT_DRAWS = 400
_LEAST_LIKELY = 1e-300
_NODES, _NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_CORRECTIONS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Component:
    """The Gaussian at one pair of hyper-parameters: mean, variances of log theta, (n,), and posterior probability."""

    point: _Point
    mean: State
    variance: Floats
    weight: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Bym2Posterior:
    """Posterior of theta: a mixture over hyper-parameters of Gaussians on the log scale."""

    model: Model
    components: tuple[Component, ...]

    @cached_property
    def _linear(self) -> Floats:
        return np.array([self.model.linear(component.mean) for component in self.components])

    @cached_property
    def _variance(self) -> Floats:
        return np.array([component.variance for component in self.components])

    @property
    def weight(self) -> Floats:
        """Posterior probability of each pair of hyper-parameters, (k,)."""
        return np.array([component.weight for component in self.components])

    @property
    def mean(self) -> Floats:
        """Posterior mean of theta, (n,)."""
        return np.asarray(self.weight @ np.exp(self._linear + self._variance / 2))

    @property
    def sd_log(self) -> float:
        """Posterior mean of the standard deviation of log theta among groups."""
        return float(self.weight @ [component.point.sd for component in self.components])

    def exceedance(self, threshold: float) -> Floats:
        """P(theta_i > threshold), (n,)."""
        return np.asarray(self.weight @ ndtr((self._linear - np.log(threshold)) / np.sqrt(self._variance)))

    def draw(self, draws: int, seed: int) -> Floats:
        """Draw from the joint posterior, (draws, n): groups of one draw share their hyper-parameters."""
        found = np.empty((draws, len(self.model.design)))
        for block, _, state in self._drawn(draws, np.random.default_rng(seed)):
            found[block] = np.exp(self.model.linear(state).T)
        return found

    def left_out(self, highest: Floats, further: int) -> Floats:
        """P(count before noise <= highest - j) of a group when only the others' counts are known, (further + 1, n).

        From draws of what a group has in common with the others (its expectation, and its spatial term), its own term
        integrated out: leaving the group out divides the weight of each draw by the probability of what was seen there
        (Vehtari and others, J Mach Learn Res 2016;17:103).
        """
        found, total = np.zeros((further + 1, len(highest))), np.zeros(len(highest))
        best, *_ = self.model.likelihood(np.log(self.mean))
        for _, field, state in self._drawn(_LEFT_OUT_DRAWS, np.random.default_rng(0)):
            common = self.model.design @ state.beta + np.sqrt(field.share / field.tau)[:, None] * state.u
            linear = common.T + _NODES[:, None, None] / np.sqrt(field.own)
            seen = np.average(np.exp(self.model.likelihood(linear)[0] - best), axis=0, weights=_NODE_WEIGHTS)
            seen = np.maximum(seen, _LEAST_LIKELY)
            fitted = self.model.counts.expected * np.exp(linear)
            for j, below in enumerate(_up_to(highest, further, fitted)):
                found[j] += (np.average(below, axis=0, weights=_NODE_WEIGHTS) / seen).sum(axis=0)
            total += (1 / seen).sum(axis=0)
        return np.asarray(np.clip(found / total, 0.0, 1.0))

    def _drawn(self, draws: int, random: np.random.Generator) -> Iterator[tuple[Numbers, Field, State]]:
        """Draw latent fields, some together: which of the draws they are, the Gaussian, and the fields, (n, k)."""
        chosen = random.choice(len(self.components), size=draws, p=self.weight)
        for number, component in enumerate(self.components):
            field, rows = component.point.field(self.model), np.flatnonzero(chosen == number)
            for block in np.array_split(rows, len(rows) // _DRAWN_TOGETHER + 1):
                yield block, field, column(component.mean).plus(field.draw(len(block), random))


def bym2(
    observed: Floats,
    expected: Floats,
    neighbours: Neighbours | None,
    noise: CountNoise | None = None,
    covariates: Floats | None = None,
) -> Bym2Posterior:
    """Posterior of theta under BYM2, with both hyper-parameters integrated over a grid.

    Priors: exponential on the standard deviation of log theta with P(sd > 1) = 0.05, as for the gamma model; on the
    spatial share the penalised-complexity prior with P(phi < 0.5) = 2/3; normal with precision 0.001 on intercept and
    coefficients. For each pair the latent field is Gaussian at its mode (Rue, Martino and Chopin 2009); its mean is
    moved to where the expected score is 0 (van Niekerk and Rue 2024), because that of the plain approximation is biased
    where counts are small. A group of which nothing is expected gets its distribution given its neighbours.
    """
    ones = np.ones((len(observed), 1))
    alone = Neighbours(areas=tuple(map(str, range(len(observed)))), pairs=np.empty((0, 2), dtype=np.intp))
    model = Model(
        counts=Counts.of(observed, expected, noise),
        design=ones if covariates is None else np.column_stack([ones, covariates]),
        structure=structure_of(neighbours or alone),
    )
    prior = SharePrior.of(model.structure)
    grid = _Grid.over((np.log(_SD_RANGE), logit(_SHARE_RANGE)), _COARSE)
    found = _evaluate(model, grid, prior, grid.middle, model.start)
    for _ in range(_REFINEMENTS):
        best = max(found.values(), key=lambda point: point.log_mass)
        grid = grid.around(found)
        found = _evaluate(model, grid, prior, grid.cell_of(best), best.mode)
        if len(found) >= _ENOUGH_POINTS:
            break
    points = list(found.values())
    mass = np.array([point.log_mass for point in points])
    weight = np.exp(mass - logsumexp(mass))
    kept = np.flatnonzero(weight > _LEAST_WEIGHT)
    random, total = np.random.default_rng(0), weight[kept].sum()
    return Bym2Posterior(
        model=model,
        components=tuple(_corrected(model, points[at], float(weight[at] / total), random) for at in kept),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Point:
    """The mode and the information at one point of the grid, and the log posterior mass of its cell."""

    sd: float
    share: float
    mode: State
    weight: Floats
    log_mass: float

    def field(self, model: Model) -> Field:
        """Build the Gaussian; its factors are kept no longer than it is."""
        return Field(model=model, tau=self.sd**-2, phi=self.share, weight=self.weight)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grid:
    """Cells of log sd and logit phi, by their edges."""

    log_sd: Floats
    logit_share: Floats

    @classmethod
    def over(cls, ranges: Sequence[Floats], cells: tuple[int, int]) -> _Grid:
        log_sd, logit_share = (np.linspace(low, high, of + 1) for (low, high), of in zip(ranges, cells, strict=True))
        return cls(log_sd=log_sd, logit_share=logit_share)

    @property
    def shape(self) -> Cell:
        return len(self.log_sd) - 1, len(self.logit_share) - 1

    @property
    def middle(self) -> Cell:
        return self.shape[0] // 2, self.shape[1] // 2

    def cell_of(self, point: _Point) -> Cell:
        """Cell in which a point of another grid lies."""
        at = np.searchsorted(self.log_sd, np.log(point.sd)), np.searchsorted(self.logit_share, logit(point.share))
        return (
            int(np.clip(at[0] - 1, 0, self.shape[0] - 1)),
            int(np.clip(at[1] - 1, 0, self.shape[1] - 1)),
        )

    def beside(self, cell: Cell) -> list[Cell]:
        """Cells that share an edge with a cell."""
        near = [(cell[0] + across, cell[1] + along) for across, along in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        return [(row, of) for row, of in near if 0 <= row < self.shape[0] and 0 <= of < self.shape[1]]

    def around(self, found: Mapping[Cell, _Point]) -> _Grid:
        """Lay a finer grid over the cells that are not negligible, and one more at each side."""
        best = max(point.log_mass for point in found.values())
        likely = np.array([cell for cell, point in found.items() if point.log_mass > best - _NEGLIGIBLE])
        bounds = [
            edges[[max(at.min() - 1, 0), min(at.max() + 2, len(edges) - 1)]]
            for at, edges in zip(likely.T, (self.log_sd, self.logit_share), strict=True)
        ]
        return _Grid.over(bounds, _FINE)


@dataclass(frozen=True, kw_only=True, eq=False)
class SharePrior:
    """Penalised-complexity prior of the spatial share phi, by its distribution function.

    The distance of phi from no spatial term is d(phi) = sqrt(phi (tr Q- - n) - log |(1 - phi) I + phi Q-|), with Q- the
    generalised inverse of the scaled precision; d is exponential (Simpson and others 2017; Riebler and others 2016).
    """

    structure: Structure
    trace: float
    log_pseudo_determinant: float

    @classmethod
    def of(cls, structure: Structure) -> SharePrior:
        """Compute what all values of phi share."""
        inside = ~structure.islands
        kept = grounded(structure.part)
        sizes = np.bincount(structure.part[inside]) if inside.any() else np.empty(0)
        reduced = csc_array(structure.precision[kept][:, kept])
        determinant = log_determinant(factorised(reduced)) + float(np.log(sizes).sum()) if len(kept) else 0.0
        return cls(structure=structure, trace=float(structure.variance.sum()), log_pseudo_determinant=determinant)

    def distance(self, share: float) -> float:
        """d(phi) for phi within (0, 1)."""
        inside = np.flatnonzero(~self.structure.islands)
        if not len(inside):
            return share
        precision = self.structure.precision[inside][:, inside]
        mixed = csc_array((1 - share) * precision + share * diags_array(np.ones(len(inside))))
        parts = len(self.structure.scale)
        log_variance = (
            log_determinant(factorised(mixed))
            - parts * np.log(share)
            - self.log_pseudo_determinant
            + parts * np.log1p(-share)
        )
        return float(np.sqrt(max(share * (self.trace - len(inside)) - log_variance, 0.0)))

    def mass(self, edges: Floats) -> Floats:
        """Probability of each cell of phi; the outermost reach to 0 and 1."""
        rate = -np.log1p(-PRIOR_SHARE_TAIL) / self.distance(PRIOR_SHARE)
        below = np.array([-np.expm1(-rate * self.distance(float(edge))) for edge in edges[1:-1]])
        return np.diff(np.r_[0.0, below, 1.0])


def _evaluate(model: Model, grid: _Grid, prior: SharePrior, first: Cell, start: State) -> dict[Cell, _Point]:
    """Approximate the latent field in the middle of cells, from `first` outwards as far as mass is not negligible.

    Each search for a mode starts from that of the cell before.
    """
    log_sd = (grid.log_sd[1:] + grid.log_sd[:-1]) / 2
    shares = expit((grid.logit_share[1:] + grid.logit_share[:-1]) / 2)
    of_share = np.log(prior.mass(expit(grid.logit_share)))
    # Mass of a cell of log sd under the exponential prior of sd: its density times sd.
    of_sd = np.log(PRIOR_TAIL) / PRIOR_SD * np.exp(log_sd) + log_sd
    points: dict[Cell, _Point] = {}
    waiting, best = [(first, start)], -np.inf
    while waiting:
        cell, near = waiting.pop()
        if cell in points:
            continue
        sd, share = float(np.exp(log_sd[cell[0]])), float(shares[cell[1]])
        mode, field, value = mode_of(model, sd**-2, share, near)
        mass = value + field.log_prior(mode) - field.log_determinant / 2 + of_sd[cell[0]] + of_share[cell[1]]
        points[cell] = _Point(sd=sd, share=share, mode=mode, weight=field.weight, log_mass=float(mass))
        best = max(best, mass)
        if mass > best - _NEGLIGIBLE:
            waiting += [(other, mode) for other in grid.beside(cell)]
    return points


def _corrected(model: Model, point: _Point, weight: float, random: np.random.Generator) -> Component:
    """Move the mean to where the score, expected over the Gaussian, is 0; the precision stays."""
    field = point.field(model)
    variance = _variances(field, random)
    mean, away = point.mode, np.sqrt(variance)
    for _ in range(_CORRECTIONS):
        linear = model.linear(mean)
        _, slopes, _ = model.likelihood(linear + _NODES[:, None] * away)
        slope = np.average(slopes, axis=0, weights=_NODE_WEIGHTS)
        mean = mean.plus(flat(field.solve(column(field.gradient(mean, slope)))))
    return Component(point=point, mean=mean, variance=variance, weight=weight)


def _up_to(highest: Floats, further: int, mean: Floats) -> Iterator[Floats]:
    """P(a Poisson count <= highest - j) for j from 0 to `further`."""
    below, chance = (
        gammaincc(np.maximum(highest + 1, 0), mean),
        np.exp(xlogy(highest, mean) - mean - gammaln(highest + 1)),
    )
    for j in range(further + 1):
        yield below
        below = below - chance
        chance = chance * np.maximum(highest - j, 0) / np.where(mean > 0, mean, 1.0)


def _variances(field: Field, random: np.random.Generator) -> Floats:
    """Variances of log theta, (n,): exact up to some hundreds of groups, beyond from draws."""
    n = len(field.model.design)
    if n > _EXACT_UP_TO:
        return np.asarray(field.model.linear(field.draw(_PROBES, random)).var(axis=1, ddof=1))
    one = np.eye(n)
    return np.diag(field.model.linear(field.solve(State(b=one, u=np.zeros((n, n)), beta=field.model.design.T @ one))))
