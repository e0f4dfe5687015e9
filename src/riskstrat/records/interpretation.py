"""What a fitted model has learnt of its features, beside each person's contributions."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True, kw_only=True, eq=False)
class Interpretation:
    """Associations that the model has learnt: none of them says what would happen if a feature were changed.

    Attributes
    ----------
    dependence
        How the contribution of each family's main feature goes with its value, and ``link``
        (`riskstrat.explanation.dependence`).
    ratios
        Ratios of odds or hazards of a linear model (`riskstrat.explanation.ratios`), with ``case_persons`` and
        ``other_persons``: those with and without the outcome whose value is not the middle one. None for other models.
    correlated
        Features of different families that go together (`riskstrat.explanation.correlated_families`).
    stability
        How often each family is among the reasons of a group when the model is fitted to other draws of the families of
        persons (`riskstrat.explanation.reason_stability`); None where the settings ask for no refits.
    refitted
        The candidate that was refitted for it: the study's own if it is linear, else Logistic in its place.
    """

    dependence: pl.DataFrame = field(repr=False)
    ratios: pl.DataFrame | None = field(repr=False)
    correlated: pl.DataFrame = field(repr=False)
    stability: pl.DataFrame | None = field(default=None, repr=False)
    refitted: str | None = None
