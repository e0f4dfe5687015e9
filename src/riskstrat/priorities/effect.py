"""What reaching people changes: draws of the effect, and what an averted case saves.

In: a programme's assumptions. Out: draws of averted cases per case in a unit, and SEK per averted case by payer.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from riskstrat.declare import Programme

_Z95 = 1.959963984540054
_ALMOST_ALL = 1 - 1e-9


def reduction_draws(programme: Programme, draws: int, seed: int) -> NDArray[np.float64]:
    """Draw the relative risk reduction of a programme, (draws,).

    The interval (low, point, high) is read as the median and the 95 % limits that a trial reports: log relative risk,
    log(1 - reduction), is normal on each side of the point with the standard deviation that puts 2.5 % beyond each
    limit (a split normal with equal halves). A reduction is below 1 and can, rarely, be below 0: harm.

    Examples
    --------
    >>> from riskstrat.declare import LocalisedText
    >>> programme = Programme(
    ...     name="visits", title=LocalisedText(en="Visits", sv="Besök"), person_cost_sek=4_000, reach=0.6,
    ...     reduction=(0.2, 0.2, 0.2), case_cost_sek=(("region", 9_000),), savings_years=3, price_year=2024,
    ...     source=LocalisedText(en="assumption", sv="antagande"),
    ... )
    >>> reduction_draws(programme, 3, seed=0)
    array([0.2, 0.2, 0.2])
    """
    low, point, high = np.log1p(-np.minimum(programme.reduction, _ALMOST_ALL))
    z = np.random.default_rng(seed).standard_normal(draws)
    spread = np.where(z > 0, point - high, low - point) / _Z95
    return np.asarray(-np.expm1(point - spread * z))


def averted_per_case(programme: Programme, draws: int, seed: int) -> NDArray[np.float64]:
    """Share of a unit's expected cases that offering it the programme averts, (draws,).

    reach x reduction x adherence, reduction drawn anew for each draw: those reached are assumed to run the mean risk of
    their unit.
    """
    return programme.reach * programme.adherence * reduction_draws(programme, draws, seed)


def unit_costs(programme: Programme, people: NDArray[np.float64]) -> NDArray[np.float64]:
    """SEK of offering whole units the programme: the fixed cost and the cost of each person reached, (units,)."""
    return programme.unit_cost_sek + programme.person_cost_sek * programme.reach * people


def case_savings(programme: Programme) -> Mapping[str, float]:
    """SEK saved by one averted case, by payer: the present value of the yearly cost at the end of each year.

    cost x sum over t = 1..years of (1 + rate)^-t; the programme itself is paid now.
    """
    years = np.arange(1, programme.savings_years + 1)
    present = float(((1.0 + programme.discount_rate) ** -years).sum())
    return {payer: cost * present for payer, cost in programme.case_costs.items()}
