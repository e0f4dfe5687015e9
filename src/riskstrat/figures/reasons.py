"""Why an area's risk differs from the municipality's: parts that add up to the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from riskstrat.disclosure import Released
from riskstrat.figures.messages import MessageCatalogue, capitalised

AGE_SEX, UNEXPLAINED = "age_sex", "unexplained"
TOTAL, BEYOND, TOGETHER = "total", "beyond_age_sex", "living_conditions_and_area"
"""Sums of parts, released beside them with intervals of their own."""
Bounded = tuple[float, float | None, float | None]
_PERCENT = 100
_COARSE = 0.5
"""From this many percentage points on one decimal is enough."""


@dataclass(frozen=True)
class Reasons:
    """The parts of one area's difference from the municipality, in percentage points.

    Attributes
    ----------
    area, name
        Code and name of the area.
    points
        Percentage points of each part.
    bounds
        Interval of each part, and of their sums ``total`` and ``beyond_age_sex``, where it is known.
    together
        Living conditions and the area as one part, with its interval where it is known; None without both.

    Examples
    --------
    >>> one = Reasons("1", "Norr", {"age_sex": -0.3, "living_conditions": 2.6})
    >>> round(one.total, 1), one.largest()
    (2.3, 'living_conditions')
    """

    area: str
    name: str
    points: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    together: Bounded | None = None

    @property
    def total(self) -> float:
        """The whole difference."""
        return sum(self.points.values())

    @property
    def rest(self) -> Bounded | None:
        """The part that no register explains, with its interval, where it is known."""
        if UNEXPLAINED not in self.points:
            return None
        return self.points[UNEXPLAINED], *self.bounds.get(UNEXPLAINED, (None, None))

    @property
    def beyond_age_and_sex(self) -> float:
        """The difference without the part that ages and sexes make."""
        return self.total - self.points.get(AGE_SEX, 0.0)

    def sum_of(self, name: Literal["total", "beyond_age_sex"]) -> Bounded:
        """Give the total, or the part beyond age and sex, with its interval; without one, that of the unexplained."""
        value = self.total if name == TOTAL else self.beyond_age_and_sex
        if name in self.bounds:
            return value, *self.bounds[name]
        point, *bounds = self.rest or (0.0, None, None)
        lower, upper = (None if bound is None else value + bound - point for bound in bounds)
        return value, lower, upper

    @property
    def is_above(self) -> bool:
        """Whether the risk is above the municipality's, in all and beyond age and sex, as far as its intervals tell."""
        return _lowest(self.sum_of("total")) > 0 and _lowest(self.sum_of("beyond_age_sex")) > 0

    @property
    def decimals(self) -> int:
        """Decimals that the differences are written with."""
        return 1 if abs(self.total) >= _COARSE or abs(self.beyond_age_and_sex) >= _COARSE else 2

    def largest(self) -> str | None:
        """Name the part that raises the risk most; None where none does."""
        raising = {part: value for part, value in self.points.items() if value > 0}
        return max(raising, key=lambda part: raising[part], default=None)


def _lowest(bounds: Bounded) -> float:
    value, lower, _ = bounds
    return value if lower is None else lower


def reasons_of(reasons: Released, area: str, name: str, *, level: str | None = None) -> Reasons:
    """Read one area's reasons.

    Examples
    --------
    >>> "living_conditions" in reasons_of(published.tables["reasons"], area, "Norr").points
    True
    """
    where = {"group": area} if level is None else {"group": area, "level": level}
    rows = {row["part"]: row for row in reasons.rows(**where) if row["estimate"] is not None}
    bounds = {
        part: (_PERCENT * row["lower"], _PERCENT * row["upper"])
        for part, row in rows.items()
        if row["lower"] is not None and row["upper"] is not None
    }
    points = {part: _PERCENT * row["estimate"] for part, row in rows.items() if part not in (TOTAL, BEYOND, TOGETHER)}
    together = (
        (_PERCENT * rows[TOGETHER]["estimate"], *bounds.get(TOGETHER, (None, None))) if TOGETHER in rows else None
    )
    return Reasons(area, name, points, bounds, together)


def describe_parts(reasons: Reasons, messages: MessageCatalogue) -> str:
    """Tell an area's difference and every part of it."""
    signed, decimals = messages.numbers.signed, reasons.decimals
    parts = "; ".join(f"{messages(f'part.{part}')} {signed(value, decimals)}" for part, value in reasons.points.items())
    return messages("reasons.area", name=reasons.name, points=signed(reasons.total, decimals), parts=parts)


def largest_parts(reasons: Sequence[Reasons], messages: MessageCatalogue) -> str:
    """State which part is the largest in most of the areas."""
    largest = Counter(part for one in reasons if (part := one.largest()) is not None)
    if not largest:
        return messages("reasons.title_mixed")
    part, k = largest.most_common(1)[0]
    if part == UNEXPLAINED:
        return messages("reasons.title_unexplained", k=k, n=len(reasons))
    named = messages(f"part.{part}")
    if len(reasons) == 1:
        return messages("reasons.title_one", part=capitalised(named))
    return messages("reasons.title", k=k, n=len(reasons), part=named)
