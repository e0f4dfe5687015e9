"""Measures of how a value differs between the least and the most deprived, draw by draw.

In: values of groups, people, what groups are ranked by, and which way both point. Out: measures, positive (ratios:
above 1) when the deprived do worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit, logit

from riskstrat.areas.rates import check_level
from riskstrat.errors import Problem, UsageError, number_of, unknown
from riskstrat.numerics.groups import quintile_shares

Floats = NDArray[np.float64]
Scale = tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]
SCALES: dict[str, Scale] = {"identity": (np.asarray, np.asarray), "log": (np.log, np.exp), "logit": (logit, expit)}


def mid_ranks(people: Floats, deprivation: Floats) -> Floats:
    """Share of the population that is less deprived, half of the own group included, (n,) in (0, 1).

    Groups of equal deprivation share one rank.
    """
    _, level = np.unique(deprivation, return_inverse=True)
    share = np.bincount(level, people) / people.sum()
    return np.asarray((np.cumsum(share) - share / 2)[level])


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Which way a value and a ranking point, and how they are compared; see `riskstrat.areas.inequality`."""

    higher_is_worse: bool
    proportion: bool
    higher_is_deprived: bool
    scale: str
    level: float

    def measures(self, value: npt.ArrayLike, people: npt.ArrayLike, deprivation: npt.ArrayLike) -> dict[str, Floats]:
        """All measures of each draw, (draws,); not a number where one means nothing."""
        values, n, depth = arrays(value, people, deprivation)
        wrong = [] if self.scale in SCALES else [unknown("scale", self.scale, SCALES)]
        impossible = value_problems(values, n, depth, proportion=self.proportion, scale=self.scale)
        UsageError.refuse([*wrong, *check_level(self.level), *impossible])
        rank = mid_ranks(n, depth if self.higher_is_worse == self.higher_is_deprived else -depth)
        low, high = _ends_of_line(values, n, rank, SCALES[self.scale])
        first, last = _outer_quintiles(values, n, rank)
        mean, concentration = values @ n / n.sum(), _concentration(values, n, rank)
        nothing = np.full(len(values), np.nan)
        return {
            "slope_index": high - low,
            "relative_index": _ratio(high, low),
            "gap": last - first,
            "ratio": _ratio(last, first),
            "concentration_index": concentration,
            "erreygers_index": 4 * mean * concentration if self.proportion else nothing,
            "attributable_fraction": 1 - first / mean if self.higher_is_worse else nothing,
        }

    def summary(self, draws: Mapping[str, Floats], *, drawn: bool) -> pl.DataFrame:
        """Mean of each measure over the draws, and where values are draws the interval."""
        ends = ((1 - self.level) / 2, (1 + self.level) / 2)
        rows = [
            (name, values.mean(), *(np.quantile(values, ends) if drawn else (None, None)))
            for name, values in draws.items()
        ]
        schema = {"metric": pl.String} | dict.fromkeys(("estimate", "lower", "upper"), pl.Float64)
        return pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.selectors.float().fill_nan(None))


def arrays(value: npt.ArrayLike, people: npt.ArrayLike, deprivation: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Values as draws, (draws, groups), people and ranking as numbers."""
    values = np.atleast_2d(np.asarray(value, dtype=float))
    return values, np.asarray(people, dtype=float), np.asarray(deprivation, dtype=float)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Ratio of each draw; nowhere a number where some draw has nothing, or less, to divide by."""
    return top / bottom if (bottom > 0).all() else np.full(len(top), np.nan)


def _ends_of_line(values: Floats, people: Floats, rank: Floats, scale: Scale) -> tuple[Floats, Floats]:
    """Values at rank 0 and at rank 1 of the population-weighted regression on the rank, both (draws,)."""
    to, back = scale
    weight = people / people.sum()
    centred = rank - weight @ rank
    on_scale = to(values)
    slope = on_scale @ (weight * centred) / (weight @ centred**2)
    intercept = on_scale @ weight - slope * (weight @ rank)
    return np.asarray(back(intercept)), np.asarray(back(intercept + slope))


def _outer_quintiles(values: Floats, people: Floats, rank: Floats) -> tuple[Floats, Floats]:
    """Means of the first and of the last quintile of the population, both (draws,)."""
    first, last = quintile_shares(rank, people)[[0, -1]] * people
    return values @ first / first.sum(), values @ last / last.sum()


def _concentration(values: Floats, people: Floats, rank: Floats) -> Floats:
    weight = people / people.sum()
    return np.asarray(2 * (values @ (weight * (rank - weight @ rank))) / (values @ weight))


def value_problems(
    values: Floats, people: Floats, deprivation: Floats, *, proportion: bool, scale: str
) -> list[Problem]:
    """List what is wrong with values, people and a ranking."""
    n = values.shape[-1]
    if values.ndim != 2 or people.shape != (n,) or deprivation.shape != (n,):
        shapes = f"people of shape {people.shape}, deprivation of shape {deprivation.shape}"
        found = f"value of {number_of(n, 'group')}, {shapes}"
        return [Problem(found, "one of each a group", "align them")]
    lowest, highest = {"log": (0, np.inf), "logit": (0, 1)}.get(scale, (-np.inf, np.inf))
    out, other = "leave such groups out", "rank by something that differs"
    complaints = (
        (not np.isfinite(values).all(), "values that are not finite", "numbers", out),
        (bool((~np.isfinite(people) | (people <= 0)).any()), "groups without people", "people in every group", out),
        (not np.isfinite(deprivation).all(), "deprivation that is not finite", "numbers", out),
        (len(np.unique(deprivation)) < 2, "one level of deprivation", "at least two", other),
        (
            proportion and bool(((values < 0) | (values > 1)).any()),
            "values outside [0, 1]",
            "proportions",
            "say proportion=False if they are none",
        ),
        (bool((values == 0).all(axis=1).any()), "values that are all 0", "one above 0 in every draw", "add years"),
        (
            bool(((values <= lowest) | (values >= highest)).any()),
            f"values without a {scale}",
            "values within its range",
            "use scale='identity'",
        ),
    )
    return [Problem(found, wanted, remedy) for wrong, found, wanted, remedy in complaints if wrong]
