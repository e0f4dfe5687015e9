"""Features of the rows of one event table: how many, whether any, how many codes, when last, for how long."""

from __future__ import annotations

import dataclasses
import re
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import ClassVar, Self

import polars as pl
from pydantic.dataclasses import dataclass

from riskstrat.codes.lists import matching
from riskstrat.declare.base import CONFIG, LocalisedText
from riskstrat.declare.durations import Gap, duration_days
from riskstrat.declare.features.base import RelativeFeature, column_name
from riskstrat.declare.features.persons import YES_NO
from riskstrat.declare.rows import RowCriteria
from riskstrat.declare.windows import Lookback, Windows, describe_window, window_name
from riskstrat.errors import Problem, UsageError, number_of

_SNAKE = re.compile(r"(?<=[a-z])(?=[A-Z])")
DAYS = LocalisedText(en="days", sv="dagar")


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class EventFeature(RelativeFeature, RowCriteria):
    """A feature made from the rows of one event table in one look-back window, or in each of several.

    Parameters
    ----------
    register, codes, settings, positions, at_least, at_most, equal_to
        Which rows: see `RowCriteria`.
    within
        Length of the look-back window, ``[index - gap - within, index - gap)``, or a window that begins elsewhere
        (`BetweenAges`, `Since`, `SinceFirst`); several windows give a column each.
    gap
        The window ends this long before the index.

    Examples
    --------
    >>> asked = Ever(register="diagnoses", codes="I20-I25", within="5y", settings=("inpatient",))
    >>> asked.column, asked.empty
    ('ever_diagnoses_I20-I25_inpatient_5y', 0.0)
    """

    within: Windows = "ever"
    gap: Gap = "0d"

    empty: ClassVar[float | None] = None
    """Value of an observed window without rows."""
    spells: ClassVar[bool] = False
    """Whether rows that began before the window and reach into it count too."""

    @property
    def window(self) -> Lookback:
        """The one window in `within`.

        Raises
        ------
        UsageError
            If there are several: `expanded` gives a feature for each.
        """
        if not isinstance(self.within, tuple):
            return self.within
        raise UsageError(
            Problem(
                f"a feature of {number_of(len(self.within), 'window')}",
                "one window",
                "use each of the features that expanded() gives",
            )
        )

    @property
    def gap_days(self) -> int:
        """Days between the window and the index."""
        return 0 if self.gap == "0d" else duration_days(self.gap)

    @cached_property
    def column(self) -> str:
        """Name of the feature's column in X: relative, kind, register, codes, restrictions, window and gap."""
        gap = None if self.gap == "0d" else f"gap_{self.gap}"
        kind = _SNAKE.sub("_", type(self).__name__).lower()
        rows = (self.register, self.codes, *self.settings, *self.positions, *self.bounds)
        return column_name(self.relative, kind, *rows, window_name(self.window), gap)

    def expanded(self) -> tuple[Self, ...]:
        """Give a feature for each window; labels then say which."""
        if not isinstance(self.within, tuple):
            return (self,)
        return tuple(dataclasses.replace(self, within=each, label=self._labelled(each)) for each in self.within)

    def _labelled(self, window: Lookback) -> LocalisedText | None:
        length = describe_window(window)
        return self.label and LocalisedText(en=f"{self.label.en} ({length.en})", sv=f"{self.label.sv} ({length.sv})")

    @property
    def code_expressions(self) -> tuple[str, ...]:
        """The code expressions that `items` matches."""
        return (self.codes,)

    def items(self, codes: Sequence[str], prefix: bool) -> list[tuple[str, int]]:
        """Match a table's codes, and number them; kinds that count items number those.

        Parameters
        ----------
        codes
            The distinct codes of the table.
        prefix
            Whether a code stands for all that begins with it.

        Returns
        -------
        list of (code, item)
            The item reaches the kind's expressions as the column ``item``.
        """
        return [(code, number) for number, code in enumerate(matching_codes(self.codes, tuple(codes), prefix))]

    def row_value(self) -> pl.Expr:
        """Compute the value of a row, from the columns listed under `aggregate`; the recorded value by default.

        Unlike the aggregate it is computed over all windows at once: group by the column ``window`` where rows of a
        window are compared.
        """
        return pl.col("value")

    @abstractmethod
    def aggregate(self, values: pl.Expr) -> pl.Expr:
        """Aggregate the rows of one window, the one method that every kind must have.

        Parameters
        ----------
        values
            What `row_value` gave for each row. The other columns are days (before the index, 1 is the day before it),
            item, value, age_days, sex (of the person, as in persons) and, for `spells`, from_days and to_days (first
            and last day of the spell inside the window, in days before the index). Rows come in the order of date,
            code and value; windows without rows are never aggregated.

        Returns
        -------
        polars.Expr
            One number; null where the rows give none.
        """


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Count(EventFeature):
    """Number of rows in the window; 0 where there is none.

    Examples
    --------
    >>> Count(register="prescriptions", codes="C10", within="1y").column
    'count_prescriptions_C10_1y'
    """

    empty: ClassVar[float | None] = 0.0
    unit: ClassVar[LocalisedText] = LocalisedText(en="rows", sv="rader")
    meaning_sv: ClassVar[str] = "Antal rader i fönstret; 0 där ingen finns."

    def aggregate(self, values: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Count rows, with or without a value."""
        return pl.len()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Ever(EventFeature):
    """1 where the window holds a row, else 0.

    Examples
    --------
    >>> Ever(register="diagnoses", codes="E10-E14", relative="mother").column
    'mother_ever_diagnoses_E10-E14_ever'
    """

    empty: ClassVar[float | None] = 0.0
    unit: ClassVar[LocalisedText] = YES_NO
    meaning_sv: ClassVar[str] = "1 där fönstret har en rad, annars 0."

    def aggregate(self, values: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Give 1: only windows with rows are aggregated."""
        return pl.len() > 0


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class DistinctCodes(EventFeature):
    """Number of different codes in the window, as they are recorded; 0 where there is none.

    Examples
    --------
    >>> DistinctCodes(register="prescriptions", codes="*", within="1y").column
    'distinct_codes_prescriptions_1y'
    """

    empty: ClassVar[float | None] = 0.0
    unit: ClassVar[LocalisedText] = LocalisedText(en="codes", sv="koder")
    meaning_sv: ClassVar[str] = "Antal olika koder i fönstret, så som de är registrerade; 0 där ingen finns."

    def aggregate(self, values: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Count the numbers that the codes were given."""
        return pl.col("item").n_unique()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class DaysSince(EventFeature):
    """Days from the last row in the window to the index; null where there is none.

    Examples
    --------
    >>> DaysSince(register="migrations", codes="immigration").column
    'days_since_migrations_immigration_ever'
    """

    lower_is_stronger: ClassVar[bool] = True
    unit: ClassVar[LocalisedText] = DAYS
    meaning_sv: ClassVar[str] = "Dagar från sista raden i fönstret till indexdatum; tomt där ingen finns."

    def aggregate(self, values: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Take the last row."""
        return pl.col("days").last()


@dataclass(frozen=True, kw_only=True, config=CONFIG)
class Duration(EventFeature):
    """Days of the window that spells cover, each day once; open spells last to the day before the index.

    0 where there is none.

    Examples
    --------
    >>> Duration(register="services", codes="home_care", within="90d").column
    'duration_services_home_care_90d'
    """

    empty: ClassVar[float | None] = 0.0
    spells: ClassVar[bool] = True
    unit: ClassVar[LocalisedText] = DAYS
    meaning_sv: ClassVar[str] = (
        "Dagar i fönstret som perioder täcker, varje dag en gång; öppna perioder varar till dagen före indexdatum."
    )

    def aggregate(self, values: pl.Expr) -> pl.Expr:  # noqa: ARG002
        """Add up the days that no earlier spell has covered; days count down towards the index."""
        covered_to = pl.col("to_days").cum_min().shift(1)
        first_new = pl.min_horizontal(pl.col("from_days"), covered_to - 1)
        return (first_new - pl.col("to_days") + 1).clip(lower_bound=0).sum()


@lru_cache(maxsize=512)
def matching_codes(expression: str, codes: tuple[str, ...], prefix: bool) -> tuple[str, ...]:
    """Match once for all features with the same codes of the same table."""
    return tuple(matching(expression, codes, prefix=prefix))
