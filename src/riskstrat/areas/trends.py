"""How the rates of groups change from year to year, and which groups are high and rising.

In: observed and expected counts (or people) by group and year, exact or protected. Out: posterior draws of every
group's ratio in every year, and what is read from them.

log(O_it / E_it) = f0 + f1 t + u_i + v_i t: what all groups have in common, and what is each group's own level and
slope, drawn towards none (u_i ~ N(0, su²), v_i ~ N(0, sv²)), so that one group in ten is not "rising" by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, product

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammaln

from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.gamma import LEAST_KNOWN, log_prior
from riskstrat.areas.grouping import as_columns
from riskstrat.areas.rates import check_level
from riskstrat.areas.standardisation import table_problems
from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import number_groups
from riskstrat.numerics.intervals import PUBLISHED_LEVEL, interval_columns
from riskstrat.records.trends import Trends

Floats = NDArray[np.float64]

SD_GRID = np.geomspace(0.01, 1.5, 7)
"""Standard deviations among groups, of the level and of the log change over all years, that are looked at first."""
FINE = 11
"""How many of each are looked at again, where the first look finds weight."""
NEGLIGIBLE = 7.0


@checked
def trends(
    counts: pl.DataFrame,
    by: str | Sequence[str],
    *,
    noise: CountNoise | None = None,
    level: float = PUBLISHED_LEVEL,
    certainty: float = PUBLISHED_LEVEL,
    draws: int = 2000,
    seed: int = 0,
) -> Trends:
    """Estimate each group's level in the last year and its change from year to year, and flag who is high and rising.

    Parameters
    ----------
    counts
        One row a group and year: the columns of `by`, ``year``, ``cases`` and ``people`` (people, person-years or
        expected cases), on areas that are the same in all years (`on_stable_areas`). A row without people says nothing.
    by
        Grouping columns.
    noise
        That of the cases, rows in the order of `counts`, where they are protected: the likelihood adds up the counts
        that are possible.
    level
        Of the intervals.
    certainty
        Probability from which a group is flagged.
    draws, seed
        Of the posterior.

    Returns
    -------
    Trends
        ``table``: grouping columns, ``first_year``, ``last_year``, ``cases``, ``people``; ``relative_level`` (the
        group's rate in the last year over that of all groups), ``yearly_ratio`` (its own rate over that of the year
        before: 1.05 rises by 5 % a year), both with ``_lower`` and ``_upper``; ``probability_high`` (of a relative
        level above 1), ``probability_rising`` (of a yearly ratio above 1), ``probability_high_and_rising`` and the
        flag ``high_and_rising``. Sorted by group: it is no league table.

    Raises
    ------
    UsageError
        If a column is missing, counts cannot be used, there is one group, fewer than two years or no case; all problems
        at once.

    Notes
    -----
    Poisson regression with levels and slopes of groups as random effects; their standard deviations (of v over the
    whole span of years) are integrated over a grid that is laid again where it finds weight, the rest by Laplace's
    approximation. That of levels has the prior of the gamma model, that of slopes a flat one (Gelman 2006): slopes are
    told by so few cases that a prior which draws their spread to nothing makes intervals too narrow where slopes
    differ. A straight line on the log scale: of two years it is their ratio, of many an average.

    References
    ----------
    Gelman, Bayesian Analysis 2006;1:515 (flat priors of standard deviations).

    Examples
    --------
    >>> rows = [(area, year, c + (year - 2020) * up, 1000) for area, c, up in (("a", 80, 8), ("b", 40, 0), ("c", 45, 0))
    ...         for year in range(2020, 2026)]
    >>> counts = pl.DataFrame(rows, schema=["area", "year", "cases", "people"], orient="row")
    >>> trends(counts, "area").table.select("area", "high_and_rising").rows()
    [('a', True), ('b', False), ('c', False)]
    """
    groups = as_columns(by)
    UsageError.refuse([*check_level(level), *check_level(certainty), *_draws_problems(draws)])
    UsageError.refuse(table_problems("counts", counts, (*groups, "year"), "rate"))
    UsageError.refuse(_series_problems(counts, groups, noise))
    group, labels = number_groups(counts.select(groups), counts.height)
    years, year = np.unique(counts["year"].to_numpy().astype(float), return_inverse=True)
    cells = _Cells.of((year, group), (len(years), labels.height), counts, noise)
    time = (years - years.mean()) / np.ptp(years)
    log_ratio = _draw(cells, time, draws, seed)
    ratios, span = np.exp(log_ratio), float(np.ptp(years))
    together = (ratios[:, -1] @ cells.people[-1]) / cells.people[-1].sum()
    relative = ratios[:, -1] / together[:, None]
    change = np.exp((log_ratio[:, -1] - log_ratio[:, 0]) / span)
    both = ((relative > 1) & (change > 1)).mean(axis=0)
    sums = counts.group_by(groups).agg(pl.col("cases").sum(), pl.col("people").sum()).sort(groups).drop(groups)
    table = labels.with_columns(first_year=pl.lit(years[0]), last_year=pl.lit(years[-1])).hstack(sums)
    table = table.with_columns(
        **interval_columns("relative_level", relative, level),
        **interval_columns("yearly_ratio", change, level),
        probability_high=(relative > 1).mean(axis=0),
        probability_rising=(change > 1).mean(axis=0),
        probability_high_and_rising=both,
        high_and_rising=both >= certainty,
    )
    return Trends(table=table, years=tuple(years.tolist()), ratios=ratios)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """Counts that may be behind each year and group, their log-likelihood without the mean, both (k, years, groups)."""

    possible: Floats
    log_likelihood: Floats
    people: Floats

    @classmethod
    def of(
        cls, at: tuple[NDArray[np.intp], ...], shape: tuple[int, int], counts: pl.DataFrame, noise: CountNoise | None
    ) -> _Cells:
        cases, people = (counts[name].fill_null(0).to_numpy().astype(float) for name in ("cases", "people"))
        known = counts["cases"].is_not_null().to_numpy() & (people > 0)
        least, likelihood = (cases, np.ones((1, len(cases)))) if noise is None else noise.possible(cases)
        grids = [np.zeros(shape), np.zeros((len(likelihood), *shape)), np.zeros(shape)]
        grids[0][at], grids[1][:, at[0], at[1]], grids[2][at] = least, likelihood, np.where(known, people, 0.0)
        possible = grids[0] + np.arange(len(likelihood))[:, None, None]
        with np.errstate(divide="ignore"):
            return cls(possible=possible, log_likelihood=np.log(grids[1]) - gammaln(possible + 1), people=grids[2])

    def given(self, log_ratio: Floats) -> tuple[float, Floats, Floats]:
        """Log-likelihood of log ratios, (years, groups), its score by cell and its information, both of that shape."""
        known, mean = self.people > 0, self.people * np.exp(log_ratio)
        terms = self.log_likelihood + self.possible * np.log(np.where(known, mean, 1.0))
        most = np.where(known, terms.max(axis=0), 0.0)
        weight = np.exp(terms - most)
        total = np.where(known, weight.sum(axis=0), 1.0)
        expected = (weight * self.possible).sum(axis=0) / total
        missing = (weight * self.possible**2).sum(axis=0) / total - expected**2
        information = np.where(known, np.maximum(mean - missing, LEAST_KNOWN * mean), 0.0)
        log_likelihood = float((most + np.log(total) - mean)[known].sum())
        return log_likelihood, np.where(known, expected - mean, 0.0), information


def _draw(cells: _Cells, time: Floats, draws: int, seed: int) -> Floats:
    """Draw log ratios, (draws, years, groups), over the grid of both standard deviations."""
    random = np.random.default_rng(seed)
    first = _Fit.none(cells, time).over((SD_GRID, SD_GRID))
    fits = first[0].over(_around(first))
    log_weight = np.array([fit.log_weight for fit in fits])
    weight = np.exp(log_weight - log_weight.max())
    chosen = random.multinomial(draws, weight / weight.sum())
    drawn = [fit.draw(number, random) for fit, number in zip(fits, chosen, strict=True) if number]
    return np.asarray(random.permutation(np.concatenate(drawn)))


def _around(fits: list[_Fit]) -> list[Floats]:
    """Lay a finer grid over the standard deviations that are not negligible, and one more at each side."""
    sd, log_weight = (np.array([getattr(fit, name) for fit in fits]) for name in ("sd", "log_weight"))
    likely, step = sd[log_weight > log_weight.max() - NEGLIGIBLE], SD_GRID[1] / SD_GRID[0]
    ends = np.clip([likely.min(axis=0) / step, likely.max(axis=0) * step], SD_GRID[0], SD_GRID[-1])
    return [np.geomspace(low, high, FINE) for low, high in ends.T]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Fit:
    """Mode at given standard deviations: ``common`` (2,) and ``own`` (groups, 2), intercepts and slopes over `time`."""

    cells: _Cells
    time: Floats
    sd: Floats
    common: Floats
    own: Floats
    log_marginal: float = 0.0
    own_cov: Floats = field(default_factory=lambda: np.zeros((0, 2, 2)))
    pull: Floats = field(default_factory=lambda: np.zeros((0, 2, 2)))
    common_cov: Floats = field(default_factory=lambda: np.zeros((2, 2)))

    @classmethod
    def none(cls, cells: _Cells, time: Floats) -> _Fit:
        """Begin with one rate for all."""
        seen = (np.maximum(cells.possible.mean(axis=0), 0) * (cells.people > 0)).sum()
        common = np.array([np.log(seen / cells.people.sum()), 0.0])
        return cls(cells=cells, time=time, sd=np.ones(2), common=common, own=np.zeros((cells.people.shape[1], 2)))

    @property
    def log_weight(self) -> float:
        """Log posterior mass per equal step of both log standard deviations: that of slopes has a flat prior."""
        return float(self.log_marginal + log_prior(self.sd[0]) + np.log(self.sd).sum())

    def over(self, grids: Sequence[Floats]) -> list[_Fit]:
        """Find the mode at every pair of standard deviations, of levels and slopes, each from the one before."""
        pairs = [np.array(pair) for pair in product(*grids)]
        return list(accumulate(pairs, lambda fit, sd: fit.maximised(sd), initial=self))[1:]

    @property
    def design(self) -> Floats:
        """Intercept and time, (years, 2)."""
        return np.column_stack([np.ones_like(self.time), self.time])

    def maximised(self, sd: Floats) -> _Fit:
        """Find the mode at other standard deviations by Newton's method, common and own effects together.

        The matrix is an arrow: with A the information of a group and B = A + 1/sd², own effects are eliminated, and
        the two common ones remain with sum(A - A B^-1 A).
        """
        x, precision = self.design, sd**-2
        common, own = self.common, self.own
        for _ in range(60):
            _, score, information = self.cells.given(x @ (common + own).T)
            gradient = score.T @ x
            a = np.einsum("tg,ti,tj->gij", information, x, x)
            inverse = np.linalg.inv(a + np.diag(precision))
            pull = inverse @ a
            common_cov = np.linalg.inv((a - a @ pull).sum(axis=0))
            own_gradient = gradient - precision * own
            eliminated = gradient - np.einsum("gji,gj->gi", pull, own_gradient)
            step = common_cov @ eliminated.sum(axis=0)
            own_step = np.einsum("gij,gj->gi", inverse, own_gradient) - pull @ step
            shorter = min(1.0, 2.0 / max(np.abs(step).max(), np.abs(own_step).max(), 1e-300))
            common, own = common + shorter * step, own + shorter * own_step
            if shorter == 1 and max(np.abs(step).max(), np.abs(own_step).max()) < 1e-8:
                break
        log_likelihood, _, _ = self.cells.given(x @ (common + own).T)
        penalty = 0.5 * float((own**2 * precision).sum()) + len(own) * float(np.log(sd).sum())
        determinants = 0.5 * float(np.linalg.slogdet(inverse)[1].sum() + np.linalg.slogdet(common_cov)[1])
        return _Fit(
            cells=self.cells,
            time=self.time,
            sd=sd,
            common=common,
            own=own,
            log_marginal=log_likelihood - penalty + determinants,
            own_cov=inverse,
            pull=pull,
            common_cov=common_cov,
        )

    def draw(self, number: int, random: np.random.Generator) -> Floats:
        """Draw log ratios, (number, years, groups), from the normal approximation at the mode."""
        shift = random.standard_normal((number, 2)) @ np.linalg.cholesky(self.common_cov).T
        noise = random.standard_normal((number, len(self.own), 2))
        own = self.own + np.einsum("gij,ngj->ngi", np.linalg.cholesky(self.own_cov), noise)
        own = own - np.einsum("gij,nj->ngi", self.pull, shift)
        return np.asarray(np.einsum("ti,ngi->ntg", self.design, (self.common + shift)[:, None] + own))


def _draws_problems(draws: int) -> list[Problem]:
    return [] if draws >= 1 else [Problem(number_of(draws, "draw"), "at least 1", "use 2000")]


def _series_problems(counts: pl.DataFrame, groups: Sequence[str], noise: CountNoise | None) -> list[Problem]:
    if not counts["year"].dtype.is_numeric():
        return [Problem("years that are no numbers", "2024, say", "convert", column="year")]
    years, height = counts["year"].n_unique(), counts.select(groups).n_unique()
    known = counts.filter(pl.col("people") > 0)
    complaints = (
        (years < 2, number_of(years, "year"), "at least two"),
        (height < 2, number_of(height, "group"), "at least two, to tell what is high"),
        (known.is_empty(), "no people in any group", "people or person-years"),
        (not known.is_empty() and known["cases"].fill_null(0).sum() == 0, "no case in any year", "at least one"),
        (noise is not None and len(noise.rows) != counts.height, "noise of other rows", "that of each row of counts"),
    )
    remedy = "add years or groups, or show rates of pooled years"
    return [Problem(found, wanted, remedy) for wrong, found, wanted in complaints if wrong]
