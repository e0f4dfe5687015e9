"""How unequally a risk is spread over deprivation.

In: one value a group (or posterior draws of it), people and deprivation. Out: measures that are
positive (ratios: above 1) when the deprived do worse.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import DesignError, Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import quintile_shares
from riskstrat.records.areas import INTERVAL, AreaEstimates

Floats = NDArray[np.float64]
Measure = Callable[[Floats, Floats, Floats], Floats]


def mid_ranks(people: Floats, deprivation: Floats) -> Floats:
    """Share of the population that is less deprived, half of the own group included, (n,) in (0, 1).

    Groups of equal deprivation share one rank.

    Examples
    --------
    >>> mid_ranks(np.array([10.0, 30.0, 60.0]), np.array([3, 1, 2])).round(2).tolist()
    [0.95, 0.15, 0.6]
    """
    _, level = np.unique(deprivation, return_inverse=True)
    share = np.bincount(level, people) / people.sum()
    return np.asarray((np.cumsum(share) - share / 2)[level])


@checked
def inequality(
    value: npt.ArrayLike,
    people: npt.ArrayLike,
    deprivation: npt.ArrayLike,
    *,
    higher_is_worse: bool = True,
    proportion: bool = True,
) -> pl.DataFrame:
    """Measure how a value differs between the least and the most deprived.

    Parameters
    ----------
    value
        One value a group, (n,), or posterior draws, (draws, n): then intervals come from them.
    people
        Population of each group, (n,), above 0.
    deprivation
        Higher is more deprived, (n,); two levels at least.
    higher_is_worse
        True for risks, false for such as life expectancy.
    proportion
        Whether the value lies in [0, 1]: Erreygers' index is only for those, and null otherwise.

    Returns
    -------
    polars.DataFrame
        metric, estimate, lower, upper (90 %, null without draws): ``slope_index``, ``relative_index``, ``gap`` and
        ``ratio`` between the most and the least deprived quintile of the population, ``concentration_index``,
        ``erreygers_index``. Positive, and above 1 for ratios, when the deprived do worse.

    Raises
    ------
    UsageError
        If the arguments do not fit together; all problems at once.

    References
    ----------
    Mackenbach and Kunst, Social Science and Medicine 1997;44:757. Erreygers, Journal of Health Economics 2009;28:504.

    Examples
    --------
    >>> inequality([0.10, 0.20], [100, 100], [1, 2]).filter(metric="slope_index")["estimate"].round(6).item()
    0.2
    """
    values = np.atleast_2d(np.asarray(value, dtype=float))
    n, depth = np.asarray(people, dtype=float), np.asarray(deprivation, dtype=float)
    UsageError.refuse(_check(values, n, depth, proportion=proportion))
    ordered = depth if higher_is_worse else -depth
    rank = mid_ranks(n, ordered)
    draws = [measure(values, n, rank) for measure in MEASURES.values()]
    rows = [(float(draw.mean()), *np.quantile(draw, INTERVAL).tolist()) for draw in draws]
    table = pl.DataFrame(rows, schema=dict.fromkeys(("estimate", "lower", "upper"), pl.Float64), orient="row")
    table = table.insert_column(0, pl.Series("metric", list(MEASURES)))
    meaningless = (pl.col("metric") == "erreygers_index") & (not proportion)
    without = pl.lit(np.ndim(value) == 1)
    return table.with_columns(
        pl.when(meaningless).then(None).otherwise(pl.col("estimate")).alias("estimate"),
        *(pl.when(meaningless | without).then(None).otherwise(pl.col(c)).alias(c) for c in ("lower", "upper")),
    )


@checked
def area_inequality(areas: AreaEstimates, deprivation: pl.DataFrame, index: str) -> pl.DataFrame:
    """Measure how the risk of areas differs by deprivation, with intervals from their draws.

    Parameters
    ----------
    areas
        Estimates by area.
    deprivation
        The grouping columns of the areas and an index of deprivation, higher for more deprived; areas without one are
        left out.
    index
        Column of the index, such as ``care_need_index``.

    Returns
    -------
    polars.DataFrame
        As `inequality`.

    Raises
    ------
    DesignError
        If fewer than two levels of deprivation are known.

    Examples
    --------
    >>> from riskstrat.records.areas import Draws
    >>> risk = np.array([[0.1, 0.2], [0.1, 0.2]])
    >>> areas = AreaEstimates(
    ...     by=("area_id",), table=pl.DataFrame({"area_id": ["a", "b"], "target_people": [100, 100]}),
    ...     draws=Draws(risk=risk, relative_risk=risk, unexplained=risk), level=np.ones(2),
    ...     calibration=pl.DataFrame(), divisor=1.0, landmarks=pl.DataFrame(), left_out=pl.DataFrame(),
    ...     smoothing="gamma",
    ... )
    >>> need = pl.DataFrame({"area_id": ["a", "b"], "care_need_index": [0.5, 2.0]})
    >>> area_inequality(areas, need, "care_need_index").filter(metric="ratio")["estimate"].round(6).item()
    2.0
    """
    found = areas.groups.join(deprivation, on=areas.by, how="left", maintain_order="left")[index]
    known = np.flatnonzero(found.is_not_null().to_numpy())
    if found.drop_nulls().n_unique() < 2:
        raise DesignError(
            Problem(
                found=f"{found.drop_nulls().n_unique()} levels of {index} among {len(known)} areas",
                expected="at least two",
                remedy="add the index of more areas, or leave inequality out",
            )
        )
    people = areas.table["target_people"].to_numpy()
    return inequality(areas.draws.risk[:, known], people[known], found.to_numpy()[known])


def _line(values: Floats, people: Floats, rank: Floats) -> tuple[Floats, Floats]:
    """Population-weighted regression on the rank: value at rank 0 and slope, both (draws,)."""
    weight = people / people.sum()
    centred = rank - weight @ rank
    slope = values @ (weight * centred) / (weight @ centred**2)
    return np.asarray(values @ weight - slope * (weight @ rank)), slope


def _relative_index(values: Floats, people: Floats, rank: Floats) -> Floats:
    intercept, slope = _line(values, people, rank)
    return np.asarray((intercept + slope) / intercept)


def _outer_quintiles(values: Floats, people: Floats, rank: Floats) -> tuple[Floats, Floats]:
    """Means of the first and of the last quintile of the population, both (draws,)."""
    first, last = quintile_shares(rank, people)[[0, -1]] * people
    return values @ first / first.sum(), values @ last / last.sum()


def _concentration(values: Floats, people: Floats, rank: Floats) -> Floats:
    weight = people / people.sum()
    return np.asarray(2 * (values @ (weight * (rank - weight @ rank))) / (values @ weight))


MEASURES: dict[str, Measure] = {
    "slope_index": lambda values, people, rank: _line(values, people, rank)[1],
    "relative_index": _relative_index,
    "gap": lambda values, people, rank: np.subtract(*_outer_quintiles(values, people, rank)[::-1]),
    "ratio": lambda values, people, rank: np.divide(*_outer_quintiles(values, people, rank)[::-1]),
    "concentration_index": _concentration,
    "erreygers_index": lambda values, people, rank: (
        4 * (values @ people / people.sum()) * _concentration(values, people, rank)
    ),
}


def _check(values: Floats, people: Floats, deprivation: Floats, *, proportion: bool) -> list[Problem]:
    n = values.shape[-1]
    if values.ndim != 2 or people.shape != (n,) or deprivation.shape != (n,):
        found = f"value of {n} groups, people of shape {people.shape}, deprivation of shape {deprivation.shape}"
        return [Problem(found=found, expected="one of each a group", remedy="align them")]
    complaints = (
        (not np.isfinite(values).all(), "values that are not finite", "numbers"),
        (not np.isfinite(people).all() or bool((people <= 0).any()), "groups without people", "people in every group"),
        (not np.isfinite(deprivation).all(), "deprivation that is not finite", "numbers"),
        (len(np.unique(deprivation)) < 2, "one level of deprivation", "at least two"),
        (proportion and bool(((values < 0) | (values > 1)).any()), "values outside [0, 1]", "proportions"),
    )
    remedy = "leave such groups out, or say proportion=False"
    return [Problem(found=found, expected=wanted, remedy=remedy) for wrong, found, wanted in complaints if wrong]
