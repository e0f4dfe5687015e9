"""How high the risk of each group is, and how sure that is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import Disclosure
from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import PUBLISHED_LEVEL
from riskstrat.records.plan import OBSERVED_CASE_PERSONS, OBSERVED_CASES, OBSERVED_INDEX_DATES

AREA, MUNICIPALITY = "area_id", "municipality"
"""Columns that say where."""
QUANTITIES = ("risk", "relative_risk", "unexplained")
INTERVAL = ((1 - PUBLISHED_LEVEL) / 2, (1 + PUBLISHED_LEVEL) / 2)
HIGHEST_RATIO = 10
"""No area has so many times the risk of the others that a threshold could be meant as high."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """The joint posterior of all groups, as three matrices of shape (draws, groups) with the same rows.

    ``risk`` is the mean at the horizon of the group's people at the as-of date: ``unexplained`` x mean predicted risk x
    the draw's level (see `AreaEstimates`); ``relative_risk`` is over that of the municipality's people of the same ages
    and sexes; ``unexplained`` is theta, observed over expected by the model.
    """

    risk: NDArray[np.float64] = field(repr=False)
    relative_risk: NDArray[np.float64] = field(repr=False)
    unexplained: NDArray[np.float64] = field(repr=False)

    def __getitem__(self, quantity: str) -> NDArray[np.float64]:
        """Return the matrix of that name."""
        if quantity not in QUANTITIES:
            raise UsageError(Problem(f"no quantity '{quantity}'", " or ".join(QUANTITIES), "choose one of the three"))
        matrix: NDArray[np.float64] = getattr(self, quantity)
        return matrix


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """What a programme can choose among, with the joint posterior of the cases to come in each.

    Attributes
    ----------
    units
        One row a unit: ``unit`` (its label), the columns that define it, ``people`` in it at the as-of date; where
        known also ``observed_cases`` and ``observed_index_dates`` (training cohort) and ``care_need_index``.
    cases_draws
        Expected cases within the horizon, (draws, units), columns in the order of ``units``.
    left_out
        Frame of reason, units, people: who is in no unit of their own.
    protected
        Whether people and draws come from protected counts, see `AreaEstimates`.
    disclosure
        What a group must have to be described.

    Examples
    --------
    >>> units = pl.DataFrame({"unit": ["north", "south"], "people": [800, 1200]})
    >>> left_out = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
    >>> Units(units=units, cases_draws=np.array([[40.0, 30.0], [44.0, 33.0]]), left_out=left_out).cases_draws.shape
    (2, 2)
    """

    units: pl.DataFrame = field(repr=False)
    cases_draws: NDArray[np.float64] = field(repr=False)
    left_out: pl.DataFrame = field(repr=False)
    protected: bool = False
    disclosure: Disclosure = field(default_factory=Disclosure)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AreaEstimates:
    """Risk per group at the as-of date, from what was observed there and what the model predicts.

    Attributes
    ----------
    table
        One row a group: the grouping columns; ``index_dates`` that were counted and ``cases``, those whose outcome was
        seen, with the distinct persons behind them, ``persons`` and ``case_persons``; ``weighted_cases`` (the cases
        there would be had everybody been followed to the horizon) and ``expected`` (sum of recalibrated risks), which
        are to be compared; ``target_people``; then risk, relative_risk and unexplained, each with ``_lower`` and
        ``_upper`` (90 % interval); ``probability_higher`` (that the relative risk is above 1) and
        ``class``. All are read from ``draws``, whose columns have the order of the rows. Where the outcome must be
        measured, probability and class are the least sure of those in ``unmeasured``: a class that changes with the
        odds there is ``uncertain``.
    level
        Today's level relative to that of all periods, (draws,), of mean 1: how far the latest period's recalibration is
        uncertain beyond what ``unexplained`` already carries. Ones where there is one period.
    calibration
        One row a period (first_landmark to last_landmark): index_dates, cases, weighted_cases, expected (before
        recalibration), shift (on the link's scale) and its standard_error.
    divisor
        Variance of the weighted cases over their mean, by person: divided by it, ``weighted_cases`` and ``expected``
        vary as Poisson counts do.
    landmarks
        One row a set of landmarks at least one horizon apart, the one that is counted first: ``landmarks`` (dates, the
        latest first; null where persons have index dates of their own), index_dates, persons, cases, case_persons,
        weighted_cases, expected, ``observed_expected`` (their ratio in all) and ``largest_change`` (largest factor by
        which a group's smoothed ratio differs from the counted one, either way).
    left_out
        Frame of reason, groups, index_dates (that were counted), target_people.
    drift
        One row: how far theta moved between the earlier and the later landmarks (``drift``, the standard deviation of
        the log ratio) beside how far it differs among groups (``spread``), with 90 % intervals; ``early_last`` and
        ``late_first`` (landmarks), ``early_cases`` and ``late_cases``; ``carried``, the share of the differences that
        is carried forward to the draws. None where there is one landmark.
    fit
        One row a group: the grouping columns, ``probability_below`` (that its count is lower than what was seen, half
        of that of the same count added, given the counts of the other groups: about uniform where the model of the
        groups fits), ``outside`` the 90 % interval of that distribution (one in ten is), ``stands_out`` (so far outside
        that the model does not fit it, see `docs/areas.md`). Null where nothing was expected.
    unmeasured
        Where the outcome must be measured, one row a group: the grouping columns, ``measured`` (index dates) and
        ``measured_share``; and, with half, the same and double odds of the outcome among those not measured, ``risk_``,
        ``probability_`` (that the relative risk is above 1) and ``class_`` of the group. Else None.
    protected
        Whether all of this comes from protected counts: every count carries the noise of its cell. If not, counts are
        exact, and what is shown of them is working material.
    names
        Frame of area_id and name, where areas have names.
    """

    by: tuple[str, ...]
    table: pl.DataFrame
    draws: Draws
    level: NDArray[np.float64]
    calibration: pl.DataFrame
    divisor: float
    landmarks: pl.DataFrame
    left_out: pl.DataFrame
    smoothing: str
    fit: pl.DataFrame
    drift: pl.DataFrame | None = None
    unmeasured: pl.DataFrame | None = None
    names: pl.DataFrame | None = field(default=None, repr=False)
    protected: bool = False
    disclosure: Disclosure = field(default_factory=Disclosure)

    def __repr__(self) -> str:
        at = self.landmarks["landmarks"][0] or "every index date"
        groups = number_of(self.table.height, "group")
        return f"AreaEstimates(by {' x '.join(self.by)}, {groups}, counted at {at}, {self.smoothing})"

    @property
    def groups(self) -> pl.DataFrame:
        """The grouping columns, one row a group in the order of the draws' columns."""
        return self.table.select(self.by)

    @checked
    def exceedance(self, threshold: float, of: str = "relative_risk") -> pl.DataFrame:
        """Probability that a quantity is above a threshold, per group: the grouping columns and ``probability``.

        Parameters
        ----------
        threshold
            In units of the quantity: 1.2 is 20 % above the municipality.
        of
            ``relative_risk``, ``risk`` or ``unexplained``.

        Raises
        ------
        UsageError
            If `threshold` cannot be one: a risk lies between 0 and 1, ratios above 0 and below 10.
        """
        draws, highest = self.draws[of], 1 if of == "risk" else HIGHEST_RATIO
        if not 0 <= threshold < highest:
            raise UsageError(
                Problem(
                    f"a threshold of {threshold:g}",
                    f"a {of} from 0 to below {highest}",
                    "write 20 % above as 1.2 and a risk of 20 % as 0.2",
                )
            )
        return self._beside((draws > threshold).mean(axis=0))

    @checked
    def ranks(self, top: int = 10, of: str = "relative_risk") -> pl.DataFrame:
        """Probability of being among the ``top`` highest groups, beside the grouping columns; they sum to ``top``.

        There is no single rank on purpose: with 51 areas a 90 % interval of a rank is about 20 ranks wide.

        Parameters
        ----------
        top
            How many groups are at the top, from 1 to the number of groups.
        of
            ``relative_risk``, ``risk`` or ``unexplained``.
        """
        if not 1 <= top <= self.table.height:
            raise UsageError(
                Problem(
                    f"the top {top} of {number_of(self.table.height, 'group')}",
                    f"a number from 1 to {self.table.height}",
                    "choose fewer",
                )
            )
        values = self.draws[of]
        # A stable sort of the negated values gives ties to the earlier group, so exactly `top` are chosen in each draw.
        chosen = np.argsort(-values, axis=1, kind="stable")[:, :top]
        return self._beside(np.bincount(chosen.ravel(), minlength=self.table.height) / len(values))

    @property
    def cases_draws(self) -> NDArray[np.float64]:
        """Expected cases within the horizon among the people who are there at the as-of date, (draws, groups)."""
        return np.asarray(self.draws.risk * self.table["target_people"].to_numpy())

    @property
    def total(self) -> pl.DataFrame:
        """The whole municipality: people now, expected cases, their 90 % interval, and that of the count to come.

        ``lower`` and ``upper`` bound what is expected; ``count_lower`` and ``count_upper`` bound the number that will
        be counted, which also varies by chance (Poisson, so slightly too wide where risks are high) and is never more
        than the people.
        """
        cases = self.cases_draws.sum(axis=1)
        people = int(self.table["target_people"].sum())
        lower, upper = np.quantile(cases, INTERVAL)
        count_lower, count_upper = _predictive_interval(cases)
        return pl.DataFrame(
            {
                "people": [people],
                "expected_cases": [float(cases.mean())],
                "lower": [float(lower)],
                "upper": [float(upper)],
                "count_lower": [count_lower],
                "count_upper": [min(count_upper, people)],
            }
        )

    @property
    def counted(self) -> pl.DataFrame:
        """The grouping columns and what was counted in the training cohort, as a plan names it; persons if known."""
        counts = {"cases": OBSERVED_CASES, "index_dates": OBSERVED_INDEX_DATES, "case_persons": OBSERVED_CASE_PERSONS}
        known = {column: name for column, name in counts.items() if column in self.table.columns}
        return self.table.select(*self.by, *known).rename(known)

    def units(self) -> Units:
        """Return whole groups as the units of a plan, with what was counted in each."""
        people = self.table.select(unit_label(self.by), *self.by, pl.col("target_people").alias("people"))
        left_out = self.left_out.select(
            "reason", pl.col("groups").alias("units"), pl.col("target_people").alias("people")
        )
        units = pl.concat([people, self.counted.drop(self.by)], how="horizontal")
        return Units(
            units=units,
            cases_draws=self.cases_draws,
            left_out=left_out,
            protected=self.protected,
            disclosure=self.disclosure,
        )

    def _beside(self, probability: NDArray[np.float64]) -> pl.DataFrame:
        return self.groups.with_columns(pl.Series("probability", probability))


BETWEEN = " / "
"""Between the columns of `unit_label`."""


def unit_label(by: Sequence[str]) -> pl.Expr:
    """One text out of several grouping columns, the column ``unit``; null where any of them is.

    In a value a slash after a blank is doubled: the sign between columns stands in none, and no two crosses are alike.

    Examples
    --------
    >>> pl.DataFrame({"area_id": ["a"], "sex": ["female"]}).select(unit_label(["area_id", "sex"])).item()
    'a / female'
    """
    values = [pl.col(column).cast(pl.String) for column in by]
    parts = [each.str.replace_all(" /", " //", literal=True) for each in values] if len(values) > 1 else values
    return pl.concat_str(parts, separator=BETWEEN).alias("unit")


def _predictive_interval(expected: NDArray[np.float64]) -> tuple[int, int]:
    """Shortest equal-tailed 90 % interval of a count that is Poisson given each draw of its expectation."""
    from scipy.stats import poisson

    counts = range(int(np.ceil(expected.max() + 10 * np.sqrt(expected.max()) + 10)))

    def reached(count: int) -> float:
        return float(poisson.cdf(count, expected).mean())

    return bisect_left(counts, INTERVAL[0], key=reached), bisect_left(counts, INTERVAL[1], key=reached)
