"""Feature kinds: what is asked of a person's past, strictly before the index date.

In: declarations. Out: a column name, the value of an empty window, and the polars expression that answers the question.

A new kind is a frozen class with one method: `EventFeature.aggregate` over the rows of one window, or
`PersonFeature.of_person` over the register of persons. It may live in the file of the condition that needs it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache
from typing import ClassVar, Literal

import polars as pl
from pydantic.dataclasses import dataclass

from riskstrat.codes import growth_z, matching
from riskstrat.codes import score as published_score
from riskstrat.declare.base import CONFIG, Declaration, Text
from riskstrat.declare.durations import DAYS_PER_YEAR, Gap, Window

Relative = Literal["mother", "father"]
_SNAKE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]+")
_SCORE_DECIMALS = 6
_PLAUSIBLE_Z = 5.0
Family = Literal["age_sex", "living_conditions", "health_care", "growth_family", "place"]


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Feature(Declaration, ABC):
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
    @abstractmethod
    def column(self) -> str:
        """Name of the feature's column in X."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class PersonFeature(Feature):
    """A feature read from the register of persons alone; a new kind says how in `of_person`.

    Parameters
    ----------
    relative
        Ask about this relative instead of the person; null where the relative is not known.
    """

    relative: Relative | None = None

    @abstractmethod
    def of_person(self) -> pl.Expr:
        """Answer from birth_date, sex, birth_region (null where not known) and index_date."""


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Age(PersonFeature):
    """Age at the index date, in years with decimals: days since birth / 365.25."""

    family: Family = "age_sex"

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return _joined(self.relative, "age_years")

    def of_person(self) -> pl.Expr:
        """Count the days since birth, in years of 365.25 days."""
        return (pl.col("index_date") - pl.col("birth_date")).dt.total_days() / DAYS_PER_YEAR


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Sex(PersonFeature):
    """1 for male, 0 for female."""

    family: Family = "age_sex"

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return _joined(self.relative, "sex_male")

    def of_person(self) -> pl.Expr:
        """Compare the recorded sex."""
        return pl.col("sex") == "male"


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class BirthRegion(PersonFeature):
    """1 for people born in one of the regions, 0 for others, null where the region is not known."""

    regions: tuple[str, ...]
    family: Family = "living_conditions"

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return _joined(self.relative, "born_in", *self.regions)

    def of_person(self) -> pl.Expr:
        """Compare the recorded region."""
        return pl.col("birth_region").is_in(self.regions)


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
    """Value of an observed window without rows."""
    spells: ClassVar[bool] = False
    """Whether rows that began before the window and reach into it count too."""

    @property
    def column(self) -> str:
        """Name of the feature's column in X: relative, kind, register, codes, restrictions, window and gap."""
        gap = None if self.gap == "0d" else f"gap_{self.gap}"
        kind = _SNAKE.sub("_", type(self).__name__).lower()
        return _joined(
            self.relative, kind, self.register, self.codes, *self.settings, *self.positions, self.within, gap
        )

    def items(self, codes: Sequence[str], prefix: bool) -> list[tuple[str, int]]:
        """Say which of a table's codes are meant; kinds that tell codes apart number them.

        Parameters
        ----------
        codes
            The distinct codes of the table.
        prefix
            Whether a code stands for all that begins with it.

        Returns
        -------
        list of (code, item)
            The item reaches the kind's expressions as the column ``item``; 0 where all codes are alike.
        """
        return [(code, 0) for code in _meant(self.codes, tuple(codes), prefix)]

    def number(self) -> pl.Expr:
        """Give the number that a row brings, from the columns listed under `aggregate`; its value by default.

        Unlike the aggregate it is computed over all windows at once: group by the column ``window`` where rows of a
        window are compared.
        """
        return pl.col("value")

    @abstractmethod
    def aggregate(self, numbers: pl.Expr) -> pl.Expr:
        """Answer from the rows of one window, the one method that every kind must have.

        Parameters
        ----------
        numbers
            What `number` gave for each row. The other columns are days (before the index, 1 is the day before it),
            item, value, age_days, sex (of the person, as in persons) and, for `spells`, from_days and to_days (first
            and last day of the spell inside the window, in days before the index). Rows come in the order of date,
            code and value; windows without rows are never asked.

        Returns
        -------
        polars.Expr
            One number; null where the rows have no answer.
        """


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Count(EventFeature):
    """Number of rows in the window; 0 where there is none."""

    empty: ClassVar[float | None] = 0.0

    def aggregate(self, numbers: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Count rows, with or without a value."""
        return pl.len()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Ever(EventFeature):
    """1 where the window holds a row, else 0."""

    empty: ClassVar[float | None] = 0.0

    def aggregate(self, numbers: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Say 1: only windows with rows are asked."""
        return pl.len() > 0


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class DaysSince(EventFeature):
    """Days from the last row to the index; null where there is none."""

    def aggregate(self, numbers: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Take the last row."""
        return pl.col("days").last()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Latest(EventFeature):
    """Value of the last row by date, code and value; null values are skipped; null where there is none."""

    def aggregate(self, numbers: pl.Expr) -> pl.Expr:
        """Take the last value."""
        return numbers.last(ignore_nulls=True)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Mean(EventFeature):
    """Mean of the values in the window; null where there is none."""

    def aggregate(self, numbers: pl.Expr) -> pl.Expr:
        """Average the values, always in the same order."""
        return numbers.mean()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Duration(EventFeature):
    """Days covered by spells inside the window, open spells counted up to the day before the index; 0 where none."""

    empty: ClassVar[float | None] = 0.0
    spells: ClassVar[bool] = True

    def aggregate(self, numbers: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Add up the days that no earlier spell has covered; days count down towards the index."""
        covered_to = pl.col("to_days").cum_min().shift(1)
        first_new = pl.min_horizontal(pl.col("from_days"), covered_to - 1)
        return (first_new - pl.col("to_days") + 1).clip(lower_bound=0).sum()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Score(EventFeature):
    """A published score, such as ``hfrs``: the sum of points of the distinct items in the window; 0 where none."""

    score: Literal["hfrs"]
    codes: str = "*"

    empty: ClassVar[float | None] = 0.0

    @property
    def column(self) -> str:
        """Name of the feature's column in X."""
        return super().column.replace("score", self.score, 1)

    def items(self, codes: Sequence[str], prefix: bool) -> list[tuple[str, int]]:
        """Tell the codes apart by the item of the score that they belong to."""
        return published_score(self.score).pairs(_meant(self.codes, tuple(codes), prefix))

    def number(self) -> pl.Expr:
        """Give the points of an item to its first row."""
        points = pl.Series([item.points for item in published_score(self.score).items], dtype=pl.Float64)
        return pl.when(pl.struct("window", "item").is_first_distinct()).then(pl.lit(points).gather("item"))

    def aggregate(self, numbers: pl.Expr) -> pl.Expr:
        """Add the points, rounded so that the order of adding tenths does not show."""
        return numbers.sum().round(_SCORE_DECIMALS)


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class GrowthZ(EventFeature):
    """Standard deviation score of the last measurement in the window, for age (or gestation) and sex.

    Measurements that the reference does not cover, or that lie more than five standard deviations from it (the limit
    of WHO's programs for body mass index), are skipped as null values are.

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

    def items(self, codes: Sequence[str], prefix: bool) -> list[tuple[str, int]]:
        """Give measurements 0 and, where the reference goes by gestation, its rows 1."""
        gestation = _meant(self.gestation, tuple(codes), prefix) if self._by_gestation else ()
        measured = [(code, 0) for code in _meant(self.codes, tuple(codes), prefix) if code not in gestation]
        return sorted(measured + [(code, 1) for code in gestation])

    def number(self) -> pl.Expr:
        """Compare the measurement with the reference for the sex and the age, or the gestation, of its date."""
        gestation = pl.when(pl.col("item") == 1).then(pl.col("value"))
        age = gestation.last(ignore_nulls=True).over("window", "days") if self._by_gestation else pl.col("age_days")
        measured = pl.when(pl.col("item") == 0).then(pl.col("value"))
        z = growth_z(self.reference, sex=pl.col("sex"), age_days=age, value=measured)
        return pl.when(z.abs() <= _PLAUSIBLE_Z).then(z)

    def aggregate(self, numbers: pl.Expr) -> pl.Expr:
        """Take the last score."""
        return numbers.last(ignore_nulls=True)

    @property
    def _by_gestation(self) -> bool:
        return self.reference == "marsal"


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


@lru_cache(maxsize=512)
def _meant(expression: str, codes: tuple[str, ...], prefix: bool) -> tuple[str, ...]:
    """Match once for all features that ask for the same codes of the same table."""
    return tuple(matching(expression, codes, prefix=prefix))
