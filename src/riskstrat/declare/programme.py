"""Programmes: what prevention costs, whom it reaches and what it changes, each with its source.

In: declarations. Out: declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Sek = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
EVERYBODY, UNDIVIDED = RESERVED = ("all", "undivided")
"""The payers under whom the sum of all is told, and the programme's own cost, because who pays it is not declared."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Programme(Declaration):
    """A targeted preventive programme.

    Parameters
    ----------
    name
        Short name without spaces.
    title
        What it is called in reports.
    person_cost_sek
        Cost of each person reached, SEK.
    unit_cost_sek
        Fixed cost of starting in one area or group, SEK.
    reach
        Share of those eligible in a chosen unit who take part.
    reduction
        Relative risk reduction among those who complete: low, point and high, read as a median and its 95 % limits.
    adherence
        Share of participants who complete; the others gain nothing.
    case_cost_sek
        Pairs of payer and cost of one case and year, SEK; payers differ, and none is called ``"all"``.
    savings_years
        Years during which an averted case saves that cost.
    discount_rate
        Yearly discount of savings.
    price_year
        Year of the prices.
    source
        Where each assumption comes from, or that it is one.

    Examples
    --------
    >>> Programme(
    ...     name="home_visits", title=LocalisedText(en="Home visits", sv="Hembesök"), person_cost_sek=4_000,
    ...     reach=0.6, reduction=(0.05, 0.2, 0.35), case_cost_sek=(("region", 9_000),), savings_years=3,
    ...     price_year=2024, source=LocalisedText(en="assumption", sv="antagande"),
    ... ).reduction
    (0.05, 0.2, 0.35)
    """

    name: str
    title: LocalisedText
    person_cost_sek: Sek
    unit_cost_sek: Sek = 0.0
    reach: Share
    reduction: tuple[Share, Share, Share]
    adherence: Share = 1.0
    case_cost_sek: Annotated[tuple[tuple[str, Sek], ...], Field(min_length=1)]
    savings_years: Annotated[int, Field(ge=0, le=100)]
    discount_rate: Annotated[float, Field(ge=0.0, le=0.2)] = 0.03
    price_year: Annotated[int, Field(ge=1900, le=2200)]
    source: LocalisedText

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, point, high = self.reduction
        if not low <= point <= high:
            raise ValueError("reduction must be (low, point, high) in this order")
        if self.person_cost_sek == 0 and self.unit_cost_sek == 0:
            raise ValueError("a programme costs something: person_cost_sek or unit_cost_sek must be above 0")
        payers = [payer for payer, _ in self.case_cost_sek]
        if len({*payers, *RESERVED}) < len(payers) + len(RESERVED):
            raise ValueError(f"payers must differ, and none is called {' or '.join(RESERVED)}: {', '.join(payers)}")
        return self

    @property
    def case_costs(self) -> Mapping[str, float]:
        """Cost of one case and year by payer, SEK."""
        return dict(self.case_cost_sek)
