"""Hot spots: areas that are high, or low, together with their neighbours (local Moran's I).

In: one value an area, or posterior draws, and neighbours. Out: one row an area, what it is among, and how sure that is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from riskstrat.areas.geography import Neighbours
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.extras import optional

Floats = NDArray[np.float64]

QUADRANTS: Final = {1: "high among high", 2: "low among high", 3: "low among low", 4: "high among low"}
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
        significant in the same way, null without draws.

    Raises
    ------
    UsageError
        If arguments do not fit together, all values are equal, or fewer than three areas have neighbours.
    MissingExtraError
        If the extra ``spatial`` is not installed.

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
    esda, weights = optional("esda"), optional("libpysal.weights")
    joined = np.array([neighbours.of(area).size > 0 for area in range(len(neighbours.areas))])
    among = neighbours.of_areas([area for area, kept in zip(neighbours.areas, joined, strict=True) if kept])
    borders = weights.W({i: among.of(i).tolist() for i in range(len(among.areas))}, silence_warnings=True)

    def tested(one: Floats) -> tuple[Floats, Floats, NDArray[np.object_]]:
        """Local Moran's I, its two-sided p-value and the cluster of each area with neighbours."""
        with warnings.catch_warnings():
            # esda will change what it returns by default; the one-sided p-value of today is doubled here.
            warnings.simplefilter("ignore")
            found = esda.Moran_Local(one, borders, permutations=permutations, keep_simulations=False, seed=seed)
        p = np.minimum(2 * found.p_sim, 1.0)
        named = np.array([QUADRANTS[int(quadrant)] for quadrant in found.q], dtype=object)
        return found.Is, p, np.where(false_discovery_control(p) <= false_discovery, named, NOT_SIGNIFICANT)

    index, p, cluster = tested(values.mean(axis=0)[joined])
    share = np.full(len(joined), np.nan)
    if np.ndim(value) == 2:
        chosen = np.unique(np.linspace(0, len(values) - 1, MOST_DRAWS).round().astype(int))
        clusters = np.array([tested(values[draw][joined])[2] for draw in chosen])
        named = np.where(cluster == NOT_SIGNIFICANT, [QUADRANTS[1]], cluster)
        share[joined] = (clusters == named).mean(axis=0)
    return _frame(neighbours.areas, joined, {"local_moran": index, "p_value": p}, cluster).with_columns(
        share_significant=pl.Series(share).fill_nan(None)
    )


def _frame(
    areas: Sequence[str], joined: NDArray[np.bool_], numbers: dict[str, Floats], cluster: NDArray[np.object_]
) -> pl.DataFrame:
    columns = {name: np.full(len(areas), np.nan) for name in numbers}
    for name, found in numbers.items():
        columns[name][joined] = found
    words = np.full(len(areas), ISLAND, dtype=object)
    words[joined] = cluster
    frame = pl.DataFrame({"area_id": list(areas), **columns}).with_columns(pl.selectors.float().fill_nan(None))
    return frame.with_columns(cluster=pl.Series(words.tolist(), dtype=pl.String))


def _problems(values: Floats, neighbours: Neighbours, false_discovery: float, permutations: int) -> list[Problem]:
    n, bordering = len(neighbours.areas), len(neighbours.areas) - len(neighbours.islands)
    fits = values.ndim == 2 and values.shape[1] == n
    complaints = (
        (not fits, f"values of shape {values.shape}", f"one for each of the {n} areas of the neighbours"),
        (not np.isfinite(values).all(), "values that are not finite", "a number for every area"),
        (fits and bool((np.ptp(values, axis=1) == 0).any()), "values that are all equal", "values that differ"),
        (bordering < 3, f"{bordering} areas with neighbours", "at least three"),
        (not 0 < false_discovery < 1, f"a false_discovery of {false_discovery}", "between 0 and 1"),
        (permutations < 99, f"{permutations} permutations", "at least 99"),
    )
    remedy = "correct the argument"
    return [Problem(found=found, expected=wanted, remedy=remedy) for wrong, found, wanted in complaints if wrong]
