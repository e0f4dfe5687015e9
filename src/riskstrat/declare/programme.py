"""Programmes: what prevention costs, whom it reaches and what it changes, each with its source."""

from __future__ import annotations

import dataclasses
from datetime import date
from statistics import fmean
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, LocalisedText
from riskstrat.errors import UsageError, repeated, unknown

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Amount = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
ByQuintile = tuple[Share, Share, Share, Share, Share]
EquityWeights = tuple[Amount, Amount, Amount, Amount, Amount]
Floors = tuple[tuple[str, Amount], ...]
EVERYBODY, UNDIVIDED = RESERVED = ("all", "undivided")
"""The payers under whom the sum of all is told, and the cost of programmes for which no payer is declared."""

_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Assumption(Declaration):
    """Where the value of one field of a programme comes from, and who stands for it.

    Parameters
    ----------
    of
        The field, such as ``"reach"``.
    source
        Where its value comes from.
    declared_by
        Who says so; not known where left out.

    Examples
    --------
    >>> Assumption(of="reach", source=LocalisedText(en="participation 2023", sv="deltagande 2023")).declared_by is None
    True
    """

    of: str
    source: LocalisedText
    declared_by: LocalisedText | None = None


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Action(Declaration):
    """Who does what by when, as far as it is decided.

    Parameters
    ----------
    action
        What is done.
    responsible
        Who does it; to be decided where left out.
    by
        The day by which it is done; to be decided where left out.

    Examples
    --------
    >>> Action(action=LocalisedText(en="Hire two nurses", sv="Anställ två sjuksköterskor"), by=date(2026, 9, 1)).by
    datetime.date(2026, 9, 1)
    """

    action: LocalisedText
    responsible: LocalisedText | None = None
    by: date | None = None


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
        Fixed cost of starting in one area or group, SEK; with one, units are taken whole.
    person_staff_hours, unit_staff_hours
        Hours of staff for each person reached, and for starting in one area or group.
    financing
        Pairs of payer and share of the programme's cost, which add up to 1; none where it is not decided.
    eligible
        Pairs of a column of the units and the values of units that may have the programme, such as
        ``(("sex", ("female",)),)``; every unit where left out.
    eligible_share
        Share of the people of such a unit whom the programme is for; they are assumed to run the unit's mean risk.
    reach
        Share of those eligible in a chosen unit who take part, or five shares, for the fifth of the people who live
        where the Care Need Index is lowest to the fifth who live where it is highest.
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
    compatible_with
        Names of programmes that a unit may have beside this one.
    source
        Where each assumption comes from, or that it is one.
    declared_by
        Who stands for the assumptions; not known where left out.
    assumptions
        Sources of single fields, where they have their own.
    actions
        Who does what by when, if the programme is chosen.

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
    person_cost_sek: Amount
    unit_cost_sek: Amount = 0.0
    person_staff_hours: Amount = 0.0
    unit_staff_hours: Amount = 0.0
    financing: tuple[tuple[str, Share], ...] = ()
    eligible: tuple[tuple[str, tuple[str, ...]], ...] = ()
    eligible_share: Share = 1.0
    reach: Share | ByQuintile
    reduction: tuple[Share, Share, Share]
    adherence: Share = 1.0
    case_cost_sek: Annotated[tuple[tuple[str, Amount], ...], Field(min_length=1)]
    savings_years: Annotated[int, Field(ge=0, le=100)]
    discount_rate: Annotated[float, Field(ge=0.0, le=0.2)] = 0.03
    price_year: Annotated[int, Field(ge=1900, le=2200)]
    compatible_with: tuple[str, ...] = ()
    source: LocalisedText
    declared_by: LocalisedText | None = None
    assumptions: tuple[Assumption, ...] = ()
    actions: tuple[Action, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        low, point, high = self.reduction
        if not low <= point <= high:
            raise ValueError("reduction must be (low, point, high) in this order")
        if self.person_cost_sek == 0 and self.unit_cost_sek == 0:
            raise ValueError("a programme costs something: person_cost_sek or unit_cost_sek must be above 0")
        for payers in ([payer for payer, _ in self.case_cost_sek], [payer for payer, _ in self.financing]):
            if len({*payers, *RESERVED}) < len(payers) + len(RESERVED):
                raise ValueError(f"payers must differ, and none is called {' or '.join(RESERVED)}: {', '.join(payers)}")
        if self.financing and abs(sum(share for _, share in self.financing) - 1) > _SUM_TOLERANCE:
            raise ValueError("the shares of financing must add up to 1")
        return self

    @model_validator(mode="after")
    def _assumptions_name_fields(self) -> Self:
        fields = [field.name for field in dataclasses.fields(self)]
        wrong = [each.of for each in self.assumptions if each.of not in fields]
        UsageError.refuse(unknown("field", name, fields, table="assumptions") for name in wrong)
        return self

    @property
    def mean_reach(self) -> float:
        """Share of those eligible who take part where every fifth of the people is offered the programme alike."""
        return fmean(self.reach) if isinstance(self.reach, tuple) else self.reach

    def assumption(self, name: str) -> Assumption:
        """Tell where the value of a field comes from: its own source, or that of the whole programme."""
        own = next((each for each in self.assumptions if each.of == name), None)
        return own or Assumption(of=name, source=self.source, declared_by=self.declared_by)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Scenario(Declaration):
    """What is spent on which programmes, and by which rules: one way to plan, to be set beside others.

    Parameters
    ----------
    name
        Short name; scenarios that are compared have different ones.
    title
        What it is called in reports; the name where left out.
    programmes
        Programmes that compete for the budget, no two of one name. What one case costs, for how long, discount and
        price year are the same in all of them, because a case is worth the same whatever averts it.
    budget_sek
        Kronor to spend.
    whole_units
        Take units whole also where no programme has a fixed cost.
    staff_hours
        Hours of staff that there are; no limit where left out.
    equity_weights
        What an averted case counts for in the choice of units, for the fifth of the people who live where the Care
        Need Index is lowest to the fifth who live where it is highest; alike where left out. Averted cases are told
        unweighted.
    floors
        Pairs of a municipality and the least kronor to be spent there.

    Examples
    --------
    >>> visits = Programme(
    ...     name="home_visits", title=LocalisedText(en="Home visits", sv="Hembesök"), person_cost_sek=4_000,
    ...     reach=0.6, reduction=(0.05, 0.2, 0.35), case_cost_sek=(("region", 9_000),), savings_years=3,
    ...     price_year=2024, source=LocalisedText(en="assumption", sv="antagande"),
    ... )
    >>> Scenario(name="double", programmes=(visits,), budget_sek=4_000_000).staff_hours is None
    True
    """

    name: str
    title: LocalisedText | None = None
    programmes: Annotated[tuple[Programme, ...], Field(min_length=1)]
    budget_sek: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    whole_units: bool = False
    staff_hours: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] | None = None
    equity_weights: EquityWeights | None = None
    floors: Floors = ()

    @model_validator(mode="after")
    def _programmes_fit(self) -> Self:
        if doubled := repeated(each.name for each in self.programmes):
            raise ValueError(f"programmes have the same name: {', '.join(doubled)}")
        if differing := [name for name in _OF_A_CASE if len({getattr(each, name) for each in self.programmes}) > 1]:
            told = ", ".join(differing)
            raise ValueError(f"a case is worth the same whatever averts it, but programmes differ in {told}")
        return self

    @property
    def packages(self) -> tuple[tuple[int, ...], ...]:
        """Which programmes a unit may have together, by number: each alone, then those declared compatible."""
        found: list[tuple[int, ...]] = [(number,) for number in range(len(self.programmes))]
        for package in found:
            found += [
                (*package, number)
                for number in range(package[-1] + 1, len(self.programmes))
                if all(self._compatible(one, number) for one in package)
            ]
        return tuple(found)

    def _compatible(self, one: int, other: int) -> bool:
        """Whether two programmes may go together: either names the other."""
        first, second = self.programmes[one], self.programmes[other]
        return second.name in first.compatible_with or first.name in second.compatible_with


_OF_A_CASE = ("case_cost_sek", "savings_years", "discount_rate", "price_year")
