"""Observed and expected outcomes per group, comparable with each other and with Poisson counts.

In: a cohort, its out-of-fold risks and their recalibration. Out: each row's share of O and E, and their sums per group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.grouping import as_columns, check_columns, sums, with_band_if_needed
from riskstrat.disclosure import CellNoise, ProtectedRows, Whole
from riskstrat.errors import UsageError
from riskstrat.errors.arguments import checked
from riskstrat.incidence import counting_weights
from riskstrat.numerics.groups import number_groups
from riskstrat.numerics.links import LOGIT, Link
from riskstrat.recalibration import PeriodRecalibration, in_the_large
from riskstrat.records.areas import AREA
from riskstrat.records.cohort import Cohort, counting_problems


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupCounts:
    """What was counted in each group, as one value.

    Attributes
    ----------
    table
        One row a group: ``index_dates`` and the distinct ``persons`` behind them; ``cases`` (index dates whose outcome
        was seen) and ``case_persons``; ``weighted_cases`` (the cases there would be had everybody been followed to the
        horizon) and ``expected`` (sum of risks), which are to be compared.
    divisor
        Variance of the weighted count over its mean; weighted and expected cases divided by it vary as Poisson counts.
    noise
        What `observed` carries where the counts are protected: then all columns of the table are.
    """

    table: pl.DataFrame
    divisor: float
    noise: CountNoise | None = None

    @property
    def observed(self) -> NDArray[np.float64]:
        """Weighted cases of Poisson variance, (groups,)."""
        observed = self.table["weighted_cases"].to_numpy() / self.divisor
        return observed if self.noise is None else observed.round()

    @property
    def expected(self) -> NDArray[np.float64]:
        """Expected cases on the scale of `observed`, (groups,)."""
        return self.table["expected"].to_numpy() / self.divisor

    def some(self, first: int, end: int) -> GroupCounts:
        """Give the counts of the groups from `first` up to `end`."""
        noise = None if self.noise is None else replace(self.noise, rows=self.noise.rows[first:end])
        return replace(self, table=self.table[first:end], noise=noise)


@dataclass(frozen=True, kw_only=True, eq=False)
class ObservedExpected:
    """Each row's share of the observed and of the expected outcomes; rows in cohort order.

    Attributes
    ----------
    risk
        Recalibrated out-of-fold risks in [0, 1], (n,).
    included
        Whether the row counts in E, (n,): its outcome was assessed, or need not be.
    weighted_outcome
        Weight x outcome, (n,); its sum estimates the outcomes there would be without censoring.
    person
        Number of the row's person, (n,).
    divisor
        Variance of the weighted count over its mean, see `GroupCounts`.
    protected
        The rows with their keys and the noise of cells.
    """

    risk: NDArray[np.float64]
    included: NDArray[np.bool_]
    weighted_outcome: NDArray[np.float64]
    person: NDArray[np.intp]
    divisor: float
    protected: ProtectedRows

    def by_group(
        self, group: NDArray[np.integer], groups: int, of: NDArray[np.integer] | Whole | None = None
    ) -> GroupCounts:
        """Count the rows of each group, numbered (n,); rows of group -1 are left out.

        With noise, index dates and measured ones are n + e. Cases are c + e, and their weighted count over the divisor
        is rounded to a whole one by its key and gets the same e; both stay within the classes of `CountNoise`. Sums of
        risks are the measured x their mean with noise, and persons are counted as cells of their own. Where the groups
        divide others, numbered `of` (n,), or a whole, the noise of their cases adds up to that of these.
        """
        case, rows, noise = self.weighted_outcome > 0, self.protected, self.protected.noise
        index_dates, cases = rows.count(group, groups), sums(group, case, groups).astype(np.int64)
        weighted = sums(group, self.weighted_outcome, groups).astype(np.float64)
        persons, case_persons = (rows.count(group, groups, self._first(group, of)) for of in (group >= 0, case))
        known = None
        if noise is not None:
            keys = rows.keys(group, groups, case)
            if isinstance(of, Whole):
                added = rows.divided(of, group, groups, case)
            else:
                added = noise.of(keys) if of is None else rows.parts(group, groups, case, of)
            whole = noise.whole((weighted / self.divisor).round(9), keys)
            measured = rows.count(group, groups, self.included)
            known = CountNoise(probability=noise.probability, rows=measured / self.divisor)
            weighted = known.protect(whole, added) * self.divisor
            of_cases = CountNoise(probability=noise.probability, rows=measured.astype(np.float64))
            cases = of_cases.protect(cases, added).astype(np.int64)
            persons, case_persons = np.minimum(persons, index_dates), np.clip(case_persons, 1, cases)
        table = pl.DataFrame(
            {
                "index_dates": index_dates,
                "persons": persons,
                "cases": cases,
                "case_persons": case_persons,
                "weighted_cases": weighted,
                "expected": self._expected(group, groups),
            }
        )
        return GroupCounts(table=table, divisor=self.divisor, noise=known)

    def together(self, group: NDArray[np.integer], groups: int) -> pl.DataFrame:
        """Count all groups together, as one row of `GroupCounts.table`: the noise of each count is that of the groups.

        A total that had noise of its own would be a second look at each group. Persons are counted once, also those who
        are in several groups.
        """
        rows, inside, case = self.protected, group >= 0, self.weighted_outcome > 0
        whole, sums_of = np.where(inside, 0, -1), self.by_group(group, groups).table.sum()
        index_dates, cases = (rows.total(group, groups, of) for of in (None, case))
        persons, case_persons = (rows.total(group, groups, self._first(whole, of)) for of in (inside, case))
        counts = {
            "index_dates": index_dates,
            "persons": min(persons, index_dates),
            "cases": cases,
            "case_persons": min(case_persons, cases),
        }
        return sums_of.with_columns(pl.lit(count).alias(name) for name, count in counts.items())

    def _expected(self, group: NDArray[np.integer], groups: int) -> NDArray[np.float64]:
        mean = float(self.risk[self.included].mean())
        return self.protected.risk_sum(self.risk, group, groups, scale=mean, rows=self.included)

    def _first(self, group: NDArray[np.integer], rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Whether a row is the first of its person in its group among some rows, (n,)."""
        rows, persons = rows & (group >= 0), int(self.person.max()) + 1
        _, first = np.unique(np.where(rows, group * persons + self.person, -1), return_index=True)
        distinct = np.zeros(len(group), dtype=bool)
        distinct[first] = True
        return np.asarray(distinct & rows)


@checked
def recalibrate(
    cohort: Cohort,
    risk: NDArray[np.float64],
    link: Link = LOGIT,
    *,
    by: str | Sequence[str] | None = None,
    noise: CellNoise | None = None,
) -> PeriodRecalibration:
    """Find the level, period by period, at which out-of-fold risks agree with the outcomes that are counted.

    Counted are landmarks at least one horizon apart, the latest first (`Cohort.is_counted`). Where the outcome must be
    measured, rows count unweighted if they were assessed. Else outcomes are weighted by the inverse probability of
    being followed, within each group and landmark, and the risk of every row counts.

    Parameters
    ----------
    cohort
        With event, duration_days, assessed and landmark; where persons recur also person_id and index_date.
    risk
        Out-of-fold risks in [0, 1], (n,) in cohort order.
    link
        Scale on which the level is moved: the link of the models that predicted the risks.
    by
        The columns by which will be counted: follow-up is lost more often in some groups than in others. By default
        the area, where it is known.
    noise
        Protects the counts of each period, and so the level that risks are brought to: with exact totals, the sum of
        the areas' expected cases would give them away.

    Returns
    -------
    riskstrat.recalibration.PeriodRecalibration
        ``apply(risk, landmark)`` for the cohort, ``latest.apply(risk)`` for the people of today.

    Raises
    ------
    UsageError
        If the horizon of some index dates is not covered (``cohort.direct`` leaves them out), or persons recur at
        landmarks without index_date.
    DesignError
        If there is no outcome, or nothing but outcomes: observed and expected cannot be made to agree.

    Examples
    --------
    >>> recalibrate(cohort, np.full(100, 0.2)).latest.apply(np.array([0.2])).round(6).tolist()
    [0.25]
    """
    people = with_band_if_needed(cohort.people, as_columns(by or ()))
    UsageError.refuse([*counting_problems(cohort), *(check_columns(as_columns(by), cohort=people) if by else [])])
    included, weight = count_weights(cohort, by)
    rows, protected = cohort.is_counted, ProtectedRows.of(cohort.people, noise)
    units = replace(cohort, people=people).counted_outcomes(_columns(cohort, by))
    return in_the_large(
        risk[rows],
        _happened(cohort)[rows],
        cohort.people["landmark"].to_numpy()[rows],
        included=included[rows],
        weight=None if weight is None else weight[rows],
        person=_persons(cohort)[rows],
        link=link,
        rows=replace(protected, key=protected.key[rows]),
        whole=None if protected.noise is None else units.together(protected.noise),
    )


def observed_expected(
    cohort: Cohort,
    risk: NDArray[np.float64],
    recalibration: PeriodRecalibration,
    *,
    by: str | Sequence[str] | None = None,
    noise: CellNoise | None = None,
) -> ObservedExpected:
    """Give each row its share of O and E; `recalibration` is the one that the out-of-fold risks went through.

    With `noise` what is counted of groups carries the noise of their cells.
    """
    included, weight = count_weights(cohort, by)
    return ObservedExpected(
        risk=risk,
        included=included,
        weighted_outcome=_happened(cohort) * (included.astype(np.float64) if weight is None else weight),
        person=_persons(cohort),
        divisor=recalibration.divisor,
        protected=ProtectedRows.of(cohort.people, noise),
    )


def count_weights(
    cohort: Cohort, by: str | Sequence[str] | None = None
) -> tuple[NDArray[np.bool_], NDArray[np.float64] | None]:
    """Which rows count, (n,), and the inverse probability of being followed; None where outcomes must be measured.

    The probability is that of the row's group at its landmark, so that the weighted cases of a group are its index
    dates times its Aalen-Johansen estimate, however many move away there; nothing is truncated. Where fewer than 20
    index dates were followed to the horizon, it is that of the group at all landmarks; where these are still fewer,
    that of everybody at the landmark.
    """
    included = cohort.people["assessed"].to_numpy()
    if cohort.must_be_assessed:
        return included, None
    columns = _columns(cohort, by)
    people = with_band_if_needed(cohort.people, columns)
    finer = (people.select(columns), people.select("landmark", *columns)) if columns else ()
    return included, counting_weights(cohort.outcome, cohort.horizon_days, [people["landmark"], *finer])


def _columns(cohort: Cohort, by: str | Sequence[str] | None) -> tuple[str, ...]:
    if by is None:
        return (AREA,) if AREA in cohort.people.columns else ()
    return as_columns(by)


def _happened(cohort: Cohort) -> NDArray[np.bool_]:
    return np.asarray(cohort.people["event"].to_numpy() == 1)


def _persons(cohort: Cohort) -> NDArray[np.intp]:
    """Assign each row the number of its person; without person_id each row is a person."""
    if "person_id" not in cohort.people.columns:
        return np.arange(cohort.people.height)
    return number_groups(cohort.people["person_id"], cohort.people.height)[0]
