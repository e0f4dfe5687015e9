"""How the ratios of groups move from year to year."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Trends:
    """Ratios of groups by year.

    Attributes
    ----------
    table
        One row a group, see `riskstrat.areas.trends`.
    years
        The years, (years,), ascending.
    ratios
        Draws of observed over expected (or of the rate), (draws, years, groups); groups in the order of ``table``.
    mean_risk
        Mean predicted risk of those who were counted, (years, groups); None where counts came without people.
    """

    table: pl.DataFrame
    years: tuple[float, ...]
    ratios: NDArray[np.float64] = field(repr=False)
    mean_risk: NDArray[np.float64] | None = field(default=None, repr=False)

    @property
    def risk(self) -> NDArray[np.float64]:
        """Draws of the risk, (draws, years, groups): ratio x mean predicted risk, at most 1."""
        return np.minimum(self.ratios if self.mean_risk is None else self.ratios * self.mean_risk, 1.0)
