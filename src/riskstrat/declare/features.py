"""Feature kinds: what is asked of a person's past, strictly before the index date.

In: declarations. Out: a column name, the value of an empty window, and the polars expression that aggregates a window.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from riskstrat.declare.base import CONFIG, Declaration, Text
from riskstrat.declare.durations import Gap, Window

Relative = Literal["mother", "father"]
_SNAKE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]+")
Family = Literal["age_sex", "living_conditions", "health_care", "growth_family", "place"]


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Feature(Declaration):
    """What every feature says of itself.

    Parameters
    ----------
    label
        What a planner reads in a chart; made from the declaration where it is not given.
    family
        The factor family under which contributions are added up.
    """

    family: Family = "health_care"
    label: Text | None = None

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Age(Feature):
    """Age at the index date, in years with decimals: days since birth / 365.25."""

    family: Family = "age_sex"

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return "age_years"


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Sex(Feature):
    """1 for male, 0 for female."""

    family: Family = "age_sex"

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return "sex_male"


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class BirthRegion(Feature):
    """1 for people born in one of the regions, 0 for others, null where the region is not known."""

    regions: tuple[str, ...]
    relative: Relative | None = None
    family: Family = "living_conditions"

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return _joined(self.relative, "born_in", *self.regions)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class EventFeature(Feature):
    """A feature made from the rows of one event table in one look-back window.

    Parameters
    ----------
    register
        Name of the event table.
    codes
        A code expression (``"I20-I25, G45"``), a named list (``"heart_failure"``) or names of an exact system.
    within
        Length of the look-back window, ``[index - gap - within, index - gap)``.
    gap
        The window ends this long before the index.
    settings, positions
        Only rows with one of these; empty means all.
    relative
        Look at the rows of this relative instead of the person's own.
    """

    register: str
    codes: str
    within: Window = "ever"
    gap: Gap = "0d"
    settings: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    relative: Relative | None = None

    empty: ClassVar[float | None] = None

    @property
    def column(self) -> str:
        """Name of the feature's column in X: relative, kind, register, codes, restrictions, window and gap."""
        gap = None if self.gap == "0d" else f"gap_{self.gap}"
        kind = _SNAKE.sub("_", type(self).__name__).lower()
        return _joined(
            self.relative, kind, self.register, self.codes, *self.settings, *self.positions, self.within, gap
        )


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Count(EventFeature):
    """Number of rows in the window; 0 where there is none."""

    empty: ClassVar[float | None] = 0.0


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Ever(EventFeature):
    """1 where the window holds a row, else 0."""

    empty: ClassVar[float | None] = 0.0


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class DaysSince(EventFeature):
    """Days from the last row to the index; null where there is none."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Latest(EventFeature):
    """Value of the last row by date, code and value; null values are skipped; null where there is none."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Mean(EventFeature):
    """Mean of the values in the window; null where there is none."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Duration(EventFeature):
    """Days covered by spells inside the window, open spells counted up to the day before the index; 0 where none."""

    empty: ClassVar[float | None] = 0.0


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Score(EventFeature):
    """A published score, such as ``hfrs``: the sum of points of the distinct categories in the window; 0 where none."""

    score: Literal["hfrs"]
    codes: str = "*"

    empty: ClassVar[float | None] = 0.0

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return super().column.replace("score", self.score, 1)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class GrowthZ(EventFeature):
    """Standard deviation score of the last measurement in the window, for age (or gestation) and sex.

    Parameters
    ----------
    reference
        ``"who"`` or ``"iotf"`` for body mass index by age, ``"marsal"`` for birth weight by gestation.
    gestation
        For ``"marsal"``: the code, in the same register and on the same date, that carries gestational age in days.
    """

    reference: Literal["who", "iotf", "marsal"]
    gestation: str = "gestation_days"
    family: Family = "growth_family"


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class AreaFact(Feature):
    """Latest known fact about the area of residence the day before the index; null where there is none.

    Examples
    --------
    >>> AreaFact("care_need_index").column
    'area_care_need_index'
    """

    code: str = field(kw_only=False)
    family: Family = "place"

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return f"area_{self.code}"


def _joined(*parts: str | None) -> str:
    words = (_NOT_IN_NAMES.sub("_", part).strip("_") for part in parts if part)
    return "_".join(word for word in words if word)
