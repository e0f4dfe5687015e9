"""The two populations of a condition: the one to learn from, and the one to plan for.

In: a condition, registers and the day on which we stand. Out: frozen records whose rows are sorted by person and index.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from riskstrat.cohort.eligibility import cohort_terms, everybody, residents, target_terms, without_history
from riskstrat.cohort.entry import with_entry_days
from riskstrat.cohort.flow import Counted, Screened, count_ends, flow_table
from riskstrat.cohort.followup import OUTCOME, ends, follow_up
from riskstrat.cohort.order import in_order
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, IndexKind, LocalisedText, OnDate
from riskstrat.errors import DesignError, Problem
from riskstrat.records.cohort import Cohort, Target
from riskstrat.registers import Registers
from riskstrat.registers.family import family_ids

MIN_OUTCOMES = 30
"""With fewer outcomes nothing that is learnt can be told from chance."""

_PERSON = ("person_id", "index_date", "area_id", "care_centre_id", "age_years", "sex", "family_id", "birth_region")
_OUTCOME = ("landmark", "event", "duration_days", "assessed")


def build_cohort(
    condition: Condition, registers: Registers, as_of: date, *, min_outcomes: int = MIN_OUTCOMES
) -> Cohort:
    """Find everybody who can be learnt from: eligible at an index date in the past, and what came after it.

    Parameters
    ----------
    condition
        Who is at risk of what, from when.
    registers
        What `open_registers` returned.
    as_of
        The day on which we stand: rows that were not known before it do not exist, and follow-up ends on the last day
        of which everything was known.
    min_outcomes
        Fewer outcomes than this are refused.

    Returns
    -------
    Cohort
        People sorted by person_id and index_date: area and care centre of the day before the index (`AtBirth`: of that
        day), whole years of age, family_id, landmark (0 is the earliest), event (0 censored, 1 outcome, 2 competing
        death), duration_days in ``(0, horizon]``, assessed and, where the population lets people enter late,
        entry_days. The flow accounts for everybody in `persons`.

    Raises
    ------
    DesignError
        If nobody is eligible, or there are too few outcomes.
    UsageError
        If a table that the condition asks for is not in the registers.
    """
    view = RegisterView.of(condition, registers, as_of)
    indexed = condition.index.index_dates(view)
    there = residents(condition, view, indexed, cohort_terms(condition, view))
    among_them = view.among(there.kept)
    healthy = _somebody(there, without_history(condition, among_them, there.kept))
    followed = follow_up(condition, among_them, healthy.kept)
    _refuse_too_few(followed, min_outcomes)
    dated = with_entry_days(followed.with_columns(_landmark(condition.index)))
    entry = ("entry_days",) if condition.population.late_entry else ()
    people = _people(dated, view, (*_PERSON, *_OUTCOME, *entry))
    flow = flow_table(everybody(view, indexed), healthy.left_out, _included(people), count_ends(followed, ends(view)))
    return Cohort(condition=condition.name, people=people, flow=flow, as_of=as_of, horizon_days=condition.horizon_days)


def target_population(condition: Condition, registers: Registers, as_of: date) -> Target:
    """Find everybody for whom is planned: today's residents, whose outcome is not known.

    For `OnDate` and `Every` that is who is eligible at `as_of`; for `AtAge`, `AtBirth` and `AtEvent` the residents at
    `as_of` whose own index date lies in ``(as_of - 365 d, as_of]``: their age, and what the population excludes, is as
    of that date, their area and their time of residence as of `as_of`.

    Parameters
    ----------
    condition, registers, as_of
        As in `build_cohort`.

    Returns
    -------
    Target
        People sorted by person_id; the same columns without landmark, event, duration_days and assessed.

    Raises
    ------
    DesignError
        If nobody is eligible.
    UsageError
        If a table that the condition asks for is not in the registers.
    """
    view = RegisterView.of(condition, registers, as_of)
    index = condition.index if condition.index.own_date else OnDate(date=as_of)
    indexed = index.index_dates(view)
    there = residents(condition, view, indexed, target_terms(condition, view))
    healthy = _somebody(there, without_history(condition, view.among(there.kept), there.kept))
    people = _people(healthy.kept, view, _PERSON)
    flow = flow_table(everybody(view, indexed), healthy.left_out, _included(people))
    return Target(condition=condition.name, people=people, flow=flow, as_of=as_of)


def _somebody(there: Screened, healthy: Screened) -> Screened:
    """Join the accounts of two screenings, or refuse to go on with nobody."""
    left_out = (*there.left_out, *healthy.left_out)
    if healthy.kept.is_empty():
        raise DesignError(
            Problem(
                found=f"nobody is eligible; left out: {_listed(left_out)}",
                expected="people who are eligible at an index date that the registers cover",
                remedy="look at the population, the index, as_of and the coverage in the manifest",
            )
        )
    return Screened(kept=healthy.kept, left_out=left_out)


def _listed(left_out: tuple[Counted, ...]) -> str:
    return "; ".join(f"{one.rows} {one.reason.en}" for one in left_out) or "no index date at all"


def _refuse_too_few(followed: pl.DataFrame, min_outcomes: int) -> None:
    outcomes = int((followed["event"] == OUTCOME).sum())
    people = followed["person_id"].n_unique()
    if outcomes < min_outcomes:
        raise DesignError(
            Problem(
                found=f"{outcomes} outcomes among {followed.height} index dates of {people} people",
                expected=f"at least {min_outcomes} outcomes",
                remedy="take more people, a longer horizon or a wider outcome",
            )
        )


def _landmark(index: IndexKind) -> pl.Expr:
    period = pl.col("index_date").dt.year() if index.own_date else pl.col("index_date")
    return (period.rank("dense").cast(pl.Int32) - 1).alias("landmark")


def _people(rows: pl.DataFrame, view: RegisterView, columns: tuple[str, ...]) -> pl.DataFrame:
    """Add what only the answer holds: place, family and region, and sex as text."""
    places = view.residences[rows["spell"], ["area_id", "care_centre_id"]]
    placed = in_order(rows.hstack(places), "person_id", "index_date")
    people = placed["person_id"].unique(maintain_order=True)
    regions = view.known_persons["birth_region"].gather(view.known_persons["person_id"].search_sorted(people))
    origins = pl.DataFrame([regions, family_ids(people, view.known_persons)])
    of_rows = origins[people.search_sorted(placed["person_id"])]
    return placed.hstack(of_rows).with_columns(pl.col("sex").cast(pl.String)).select(columns)


def _included(people: pl.DataFrame) -> Counted:
    reason = LocalisedText(en="included", sv="inkluderade")
    return Counted(reason=reason, people=people["person_id"].n_unique(), rows=people.height)
