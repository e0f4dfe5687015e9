"""Hot spots: areas that are high, or low, together with their neighbours (local Moran's I).

In: one value an area, or posterior draws, and neighbours. Out: one row an area, what it is among, and how sure that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from riskstrat.areas.geography import Neighbours
from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked

Floats = NDArray[np.float64]

CLUSTERS: Final = np.array([["low among low", "low among high"], ["high among low", "high among high"]], dtype=object)
"""By whether the area, and whether its neighbours, are above the mean."""
NOT_SIGNIFICANT: Final = "not significant"
ISLAND: Final = "no neighbours"
MOST_DRAWS: Final = 100
"""Draws that are tested, evenly spaced among those given: more cost time and change shares by less than .05."""


@checked
def hot_spots(
    value: npt.ArrayLike,
    neighbours: Neighbours,
    *,
    false_discovery: float = 0.1,
    permutations: int = 9999,
    seed: int = 0,
) -> pl.DataFrame:
    """Find the areas whose value and whose neighbours' values are high, or low, together.

    Parameters
    ----------
    value
        One value an area, (n,), in the order of ``neighbours.areas``, or posterior draws, (draws, n): then each of up
        to a hundred draws is tested, so that what is not known of the values, noise of protected counts included, is in
        the answer. Draws of a spatial model are alike among neighbours because the model says so: use those of
        ``gamma``.
    neighbours
        Who borders whom. Areas without neighbours are left out of the test and say so.
    false_discovery
        Expected share of false ones among the areas that are found (Benjamini and Hochberg), in (0, 1).
    permutations
        Of the other areas' values, for each area; at least 99. Few permutations cannot find a single area among many.
    seed
        Of the permutations.

    Returns
    -------
    polars.DataFrame
        ``area_id``; ``local_moran`` and two-sided ``p_value`` of the value (the mean of the draws), null without
        neighbours; ``cluster``: ``high among high``, ``low among low``, ``high among low``, ``low among high``,
        ``not significant`` or ``no neighbours``; ``share_significant``: the share of draws in which the area is
        significant in the same way (high among high, where the mean is not significant), null without draws.

    Raises
    ------
    UsageError
        If arguments do not fit together, all values are equal, or fewer than three areas have neighbours.

    Notes
    -----
    I_i = (n - 1) z_i x (mean z of the neighbours) / sum of z²: they add up to (n - 1) times Moran's I. The p-value
    holds the area's own value and draws its neighbours' from all others (conditional permutation), in both tails.

    References
    ----------
    Anselin, Geographical Analysis 1995;27:93. Benjamini and Hochberg, J R Stat Soc B 1995;57:289. Caldas de Castro and
    Singer, Geographical Analysis 2006;38:180.

    Examples
    --------
    >>> chain = Neighbours(areas=tuple("abcdefghijkl"), pairs=np.array([[i, i + 1] for i in range(10)]))
    >>> value = [9, 9, 9, 9, 1, 2, 1, 2, 1, 2, 1, 5]
    >>> hot_spots(value, chain, false_discovery=0.4).select("area_id", "cluster").filter(area_id="l").row(0)
    ('l', 'no neighbours')
    """
    values = np.atleast_2d(np.asarray(value, dtype=float))
    UsageError.refuse(_problems(values, neighbours, false_discovery, permutations))
    joined = np.array([neighbours.of(area).size > 0 for area in range(len(neighbours.areas))])
    among = neighbours.of_areas([area for area, kept in zip(neighbours.areas, joined, strict=True) if kept])
    near = [among.of(area) for area in range(len(among.areas))]
    others = _orders(len(near), max(map(len, near)), permutations, np.random.default_rng(seed))

    def tested(one: Floats) -> tuple[Floats, Floats, NDArray[np.object_]]:
        """Local Moran's I, its p-value and the cluster of each area with neighbours."""
        z = (one - one.mean()) / one.std()
        lag = np.array([z[ids].mean() for ids in near])
        p = np.array([_p_value(z, area, lag[area], others[:, : len(ids)]) for area, ids in enumerate(near)])
        named = CLUSTERS[(z > 0).astype(int), (lag > 0).astype(int)]
        found = np.where(false_discovery_control(p) <= false_discovery, named, NOT_SIGNIFICANT)
        return (len(z) - 1) / len(z) * z * lag, p, found

    index, p, cluster = tested(values.mean(axis=0)[joined])
    share = np.full(len(joined), np.nan)
    if np.ndim(value) == 2:
        chosen = np.unique(np.linspace(0, len(values) - 1, MOST_DRAWS).round().astype(int))
        clusters = np.array([tested(values[draw][joined])[2] for draw in chosen])
        share[joined] = (clusters == np.where(cluster == NOT_SIGNIFICANT, CLUSTERS[1, 1], cluster)).mean(axis=0)
    return _frame(neighbours.areas, joined, {"local_moran": index, "p_value": p}, cluster).with_columns(
        share_significant=pl.Series(share).fill_nan(None)
    )


def _orders(areas: int, most: int, permutations: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Draw the first few of random orders of all areas but one, (permutations, most)."""
    blocks = np.array_split(np.arange(permutations), permutations * areas // 5_000_000 + 1)
    return np.concatenate([np.argsort(random.random((len(block), areas - 1)), axis=1)[:, :most] for block in blocks])


def _p_value(z: Floats, area: int, lag: float, others: NDArray[np.intp]) -> float:
    """Two-sided p-value of the mean of an area's neighbours among means of as many others."""
    drawn = z[others + (others >= area)].mean(axis=1)
    tail = min(int((drawn >= lag - 1e-12).sum()), int((drawn <= lag + 1e-12).sum()))
    return min(1.0, 2 * (tail + 1) / (len(others) + 1))


def _frame(
    areas: Sequence[str], joined: NDArray[np.bool_], numbers: dict[str, Floats], cluster: NDArray[np.object_]
) -> pl.DataFrame:
    every = pl.DataFrame({"area_id": list(areas)})
    found = every.filter(joined).with_columns(**numbers, cluster=pl.Series(cluster.tolist(), dtype=pl.String))
    beside = every.join(found, on="area_id", how="left", maintain_order="left")
    return beside.with_columns(pl.selectors.float().fill_nan(None), pl.col("cluster").fill_null(ISLAND))


def _problems(values: Floats, neighbours: Neighbours, false_discovery: float, permutations: int) -> list[Problem]:
    n, bordering = len(neighbours.areas), len(neighbours.areas) - len(neighbours.islands)
    fits = values.ndim == 2 and values.shape[1] == n
    complaints = (
        (not fits, f"values of shape {values.shape}", f"one for each of the neighbours' {number_of(n, 'area')}"),
        (not np.isfinite(values).all(), "values that are not finite", "a number for every area"),
        (fits and bool((np.ptp(values, axis=1) == 0).any()), "values that are all equal", "values that differ"),
        (bordering < 3, f"{number_of(bordering, 'area')} with neighbours", "at least three"),
        (not 0 < false_discovery < 1, f"a false_discovery of {false_discovery}", "between 0 and 1"),
        (permutations < 99, number_of(permutations, "permutation"), "at least 99"),
    )
    remedy = "correct the argument"
    return [Problem(found, wanted, remedy) for wrong, found, wanted in complaints if wrong]
