"""What reaching people changes: draws of the effect, whom a programme reaches, and what an averted case saves.

In: a programme's assumptions. Out: draws of its effect, shares reached by unit, and SEK per averted case by payer.
"""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.declare import Programme
from riskstrat.numerics.groups import quintile_shares
from riskstrat.numerics.intervals import normal_quantile
from riskstrat.records.plan import CARE_NEED

Floats = NDArray[np.float64]

_ALMOST_ALL = 1 - 1e-9
QUINTILES = 5


def reduction_draws(programme: Programme, draws: int, seed: int) -> Floats:
    """Draw the relative risk reduction of a programme, (draws,).

    The interval (low, point, high) is read as the median and the 95 % limits that a trial reports: log relative risk,
    log(1 - reduction), is normal on each side of the point with the standard deviation that puts 2.5 % beyond each
    limit (a split normal with equal halves). A reduction is below 1 and can, rarely, be below 0: harm. Programmes of
    other names have independent draws; those of one name have the same, so that scenarios can be paired.
    """
    low, point, high = np.log1p(-np.minimum(programme.reduction, _ALMOST_ALL))
    z = np.random.default_rng([seed, crc32(programme.name.encode())]).standard_normal(draws)
    spread = np.where(z > 0, point - high, low - point) / normal_quantile(0.95)
    return np.asarray(-np.expm1(point - spread * z))


def need_quintiles(units: pl.DataFrame) -> Floats | None:
    """Share of each unit's people in each quintile of need, (units, 5), from the lowest Care Need Index up.

    A unit whose index is not known is a fifth in each. None where the index tells no units apart.
    """
    if CARE_NEED not in units.columns or units[CARE_NEED].drop_nulls().n_unique() < 2:
        return None
    known = units[CARE_NEED].is_not_null().to_numpy()
    shares = np.full((units.height, QUINTILES), 1 / QUINTILES)
    of_known = units.filter(known)
    people = np.maximum(of_known["people"].cast(pl.Float64).to_numpy(), np.finfo(float).tiny)
    shares[known] = quintile_shares(of_known[CARE_NEED].cast(pl.Float64).to_numpy(), people).T
    return shares


def reached_shares(programme: Programme, units: pl.DataFrame) -> Floats:
    """Share of each unit's people who take part where it is offered the programme, (units,); 0 where it cannot be.

    eligible_share x reach, which is the mean of the reaches by quintile over the quintiles that the unit lies in.
    """
    may = pl.all_horizontal(
        pl.lit(value=True), *(pl.col(name).cast(pl.String).is_in(values) for name, values in programme.eligible)
    )
    reach = np.full(units.height, programme.mean_reach)
    inside = need_quintiles(units)
    if isinstance(programme.reach, tuple) and inside is not None:
        reach = inside @ np.array(programme.reach)
    return np.asarray(
        units.select(may.fill_null(value=False)).to_series().to_numpy() * programme.eligible_share * reach
    )


def case_savings(programme: Programme) -> Mapping[str, float]:
    """SEK saved by one averted case, by payer: the present value of the yearly cost at the end of each year.

    cost x sum over t = 1..years of (1 + rate)^-t; the programme itself is paid now.
    """
    years = np.arange(1, programme.savings_years + 1)
    present = float(((1.0 + programme.discount_rate) ** -years).sum())
    return {payer: cost * present for payer, cost in programme.case_cost_sek}
