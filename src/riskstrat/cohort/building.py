"""The two populations of a condition: the cohort that models are fitted to, and the target population of planning.

In: a condition, registers and the as-of date. Out: frozen records whose rows are sorted by person and index date.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from riskstrat.cohort.eligibility import (
    ENTRY,
    cohort_criteria,
    count_all,
    screen_by_history,
    screen_by_index_and_residence,
    target_criteria,
)
from riskstrat.cohort.flow import FlowCount, Screening, flow_frames, screen
from riskstrat.cohort.followup import OUTCOME, end_rules, follow_up
from riskstrat.cohort.look_back import describe_ever
from riskstrat.cohort.sorting import sorted_by
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, IndexKind, LocalisedText, OnDate, OutcomeKind
from riskstrat.declare.view import Rule
from riskstrat.errors import DesignError, Problem, number_of
from riskstrat.errors.arguments import checked
from riskstrat.records.cohort import Cohort, Target
from riskstrat.registers import Registers
from riskstrat.registers.opened import family_ids
from riskstrat.vocabulary import check_condition


class NobodyEligibleError(DesignError):
    """Nobody is eligible at an index date.

    Attributes
    ----------
    flow, flow_keys
        Who was left out, and why, as of a `Cohort`.

    Examples
    --------
    >>> issubclass(NobodyEligibleError, DesignError)
    True
    """

    def __init__(self, *problems: Problem, flow: pl.DataFrame, flow_keys: pl.DataFrame) -> None:
        super().__init__(*problems)
        self.flow, self.flow_keys = flow, flow_keys


MIN_OUTCOMES = 30
"""With fewer outcomes nothing that a model finds can be told from chance."""

_PERSON = ("person_id", "index_date", "area_id", "care_centre_id", "age_years", "sex", "family_id", "birth_region")
_OUTCOME = ("landmark", "event", "duration_days", "assessed", "horizon_covered")
_EARLIER = Rule.of(
    "earlier index date of somebody who has a later one",
    "tidigare indexdatum för den som har ett senare",
    pl.col("index_date") < pl.col("index_date").max().over("person_id"),
)
_INCLUDED = LocalisedText(en="included", sv="inkluderade")
_COVERED = LocalisedText(en="horizon covered: used by models", sv="uppföljningstiden täckt: ingår i modeller")
_NOT_COVERED = LocalisedText(
    en="horizon not covered: left out by models", sv="uppföljningstiden ej täckt: utanför modeller"
)
_LATE = LocalisedText(
    en="entered after the index date: in models of time alone", sv="tillkom efter indexdatumet: bara i tidsmodeller"
)


@checked
def build_cohort(
    condition: Condition, registers: Registers, as_of: date, *, min_outcomes: int = MIN_OUTCOMES
) -> Cohort:
    """Find all index dates at which persons were eligible, and what happened after them.

    Parameters
    ----------
    condition
        Who is at risk of what, from when.
    registers
        What `open_registers` returned.
    as_of
        As-of date, or its ISO text: rows that were not known before it do not exist, and follow-up ends on the last
        day of which everything was known.
    min_outcomes
        Fewer outcomes than this, among index dates that are counted (`Cohort.counted`), are refused.

    Returns
    -------
    Cohort
        `people` has one row per person and index date, sorted by person_id and index_date: area and care centre of the
        day before the index (`AtBirth`: of that day), whole years of age, family_id, landmark (0 is the earliest),
        event (0 censored, 1 outcome, 2 competing death), duration_days in ``(0, horizon]``, assessed, horizon_covered
        and, where the population lets persons enter late, entry_days.

        Index dates whose horizon is not covered (``index_date + horizon`` lies after the last day of which the
        outcome's registers are complete and known) are kept, followed to that day and censored then;
        `Cohort.covered` is the cohort without them. Index dates before which a finite washout, the window of a
        rule of the population or a declared `lookback` is not covered are left out. The flow accounts for all.

    Raises
    ------
    DesignError
        If nobody is eligible, or there are too few outcomes.
    UsageError
        If words of the condition name nothing in the registers (a table, code, setting, position, region or fact), or
        what decides who is eligible and who has the outcome matches no row: all are listed. If `as_of` is later than
        the end of the data plus the longest delay of the condition's registers plus a year.

    Examples
    --------
    >>> from datetime import date
    >>> import riskstrat as rs
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> cohort = rs.build_cohort(rs.conditions.load("childhood_obesity"), registers, date(2024, 1, 1))
    >>> cohort.people.height > cohort.covered.people.height
    True
    """
    notes = check_condition(condition, registers)
    view = RegisterView.of(condition, registers, as_of)
    indexed = condition.index.index_dates(view)
    candidate_view, event_free = _eligible(condition, view, indexed)
    followed = follow_up(condition, candidate_view, event_free.kept)
    entry = ("entry_days",) if condition.population.late_entry else ()
    people = _people(followed.with_columns(_landmark(condition.index)), view, (*_PERSON, *_OUTCOME, *entry))
    ends = screen(followed.lazy(), end_rules(view)).left_out
    flow, keys = flow_frames(count_all(view, indexed), event_free.left_out, tuple(_count_included(people)), ends)
    cohort = Cohort(
        condition=condition.name,
        people=people,
        flow=flow,
        flow_keys=keys,
        as_of=as_of,
        notes=(*notes, *describe_ever(condition, view, people["index_date"])),
        horizon_days=condition.horizon_days,
    )
    _refuse_too_few(cohort, min_outcomes)
    return cohort


@checked
def follow_outcomes(
    condition: Condition, registers: Registers, cohort: Cohort, outcomes: Sequence[OutcomeKind]
) -> tuple[Cohort, ...]:
    """Follow the index dates of a cohort to other outcomes than the condition's own; earlier ones leave nobody out."""
    if not outcomes:
        return ()
    registers.require(*(name for outcome in outcomes for name in outcome.registers))
    view = RegisterView.of(condition, registers, cohort.as_of)
    view, eligible = _eligible(condition, view, condition.index.index_dates(view))
    keys, found = ["person_id", "index_date"], ["event", "duration_days", "assessed", "horizon_covered"]
    of_cohort = eligible.kept.join(cohort.people.select(keys), on=keys, how="semi", maintain_order="left")
    followed = [
        follow_up(
            replace(condition, outcome=outcome),
            replace(view, outcome_registers=outcome.registers, outcome_rows=outcome.rows, _read={}),
            of_cohort,
        ).select(*keys, *found)
        for outcome in outcomes
    ]
    known = cohort.people.drop(found)
    return tuple(
        replace(cohort, people=known.join(one, on=keys, how="left", maintain_order="left")) for one in followed
    )


@checked
def target_population(condition: Condition, registers: Registers, as_of: date) -> Target:
    """Find everybody whom planning is about: the residents at the as-of date, whose outcome is not known yet.

    For `OnDate` and `Every` that is who is eligible at `as_of`; for `AtAge`, `AtBirth` and `AtEvent` the residents at
    `as_of` whose own index date lies in ``(as_of - 365 d, as_of]``: their age, and what the population excludes, is as
    of that date, their area and their time of residence as of `as_of`. Who has several such dates is there once,
    with the last.

    Parameters
    ----------
    condition, registers, as_of
        As in `build_cohort`.

    Returns
    -------
    Target
        `people` has one row per person, sorted by person_id, with the columns of `build_cohort` that do not speak of
        the time after the index.

    Raises
    ------
    NobodyEligibleError
        If nobody is eligible.
    UsageError
        If words of the condition name nothing in the registers (a table, code, setting, position, region or fact), or
        what decides who is eligible and who has the outcome matches no row: all are listed. If `as_of` is later than
        the end of the data plus the longest delay of the condition's registers plus a year.

    Examples
    --------
    >>> from datetime import date
    >>> import riskstrat as rs
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> target = rs.target_population(rs.conditions.load("frailty"), registers, date(2024, 1, 1))
    >>> target.people["age_years"].min()
    70
    """
    notes = check_condition(condition, registers)
    view = RegisterView.of(condition, registers, as_of)
    index = condition.index if condition.index.own_date else OnDate(date=as_of)
    indexed = index.index_dates(view)
    residents = screen_by_index_and_residence(condition, view, indexed, target_criteria(condition, view))
    history = screen_by_history(condition, view.restricted_to(residents.kept), residents.kept)
    event_free = _refuse_nobody(view, indexed, residents, history)
    last = _last_of_each(event_free.kept)
    people = _people(last.kept, view, _PERSON)
    left_out = (*event_free.left_out, *last.left_out)
    flow, keys = flow_frames(count_all(view, indexed), left_out, (FlowCount.of(_INCLUDED, people),))
    notes = (*notes, *describe_ever(condition, view, people["index_date"]))
    return Target(condition=condition.name, people=people, flow=flow, flow_keys=keys, as_of=as_of, notes=notes)


@checked
def followed_population(cohort: Cohort) -> Target:
    """Give everybody in a cohort at their last index date that direct models use.

    They stand in for the target population where nobody is eligible at the as-of date: in a survey, or a cohort that
    nobody enters any more.
    """
    people = cohort.direct.people
    last = _last_of_each(people)
    start, included = FlowCount.of(_COVERED, people), FlowCount.of(_INCLUDED, last.kept)
    flow, keys = flow_frames(start, last.left_out, (included,))
    return Target(
        condition=cohort.condition,
        people=last.kept.select(_PERSON),
        flow=flow,
        flow_keys=keys,
        as_of=cohort.as_of,
        notes=cohort.notes,
    )


def _last_of_each(rows: pl.DataFrame) -> Screening:
    return screen(rows.lazy(), [_EARLIER])


def _count_included(people: pl.DataFrame) -> Iterator[FlowCount]:
    """Count who is included and, unless direct models use all, whom they use and whom they leave out, and why."""
    yield FlowCount.of(_INCLUDED, people)
    covered, late = pl.col("horizon_covered"), pl.lit(value=False)
    if "entry_days" in people.columns:
        late = pl.col("entry_days") > 0
    others = ((_NOT_COVERED, ~covered), (_LATE, covered & late))
    found = [FlowCount.of(reason, people.filter(rows)) for reason, rows in others]
    if any(count.rows for count in found):
        yield FlowCount.of(_COVERED, people.filter(covered & ~late))
        yield from (count for count in found if count.rows)


def _eligible(condition: Condition, view: RegisterView, indexed: pl.LazyFrame) -> tuple[RegisterView, Screening]:
    """Give a view of the candidates only, and who of them was free of the outcome, with counts of the others."""
    residents = screen_by_index_and_residence(condition, view, indexed, cohort_criteria(condition, view))
    of_candidates = view.restricted_to(residents.kept)
    event_free = screen_by_history(condition, of_candidates, residents.kept)
    return of_candidates, _refuse_nobody(view, indexed, residents, event_free)


def _refuse_nobody(view: RegisterView, indexed: pl.LazyFrame, residents: Screening, event_free: Screening) -> Screening:
    """Join the counts of two screenings, or refuse to go on with nobody."""
    left_out = (*residents.left_out, *event_free.left_out)
    if event_free.kept.is_empty():
        flow, keys = flow_frames(count_all(view, indexed), left_out, ())
        reasons = "; ".join(count.reason.en for count in left_out) or "no index date at all"
        problem = Problem(
            f"nobody is eligible; reasons: {reasons}",
            "persons who are eligible at an index date that the registers cover",
            "look at the population, the index, as_of and the coverage in the manifest",
        )
        raise NobodyEligibleError(problem, flow=flow, flow_keys=keys)
    return Screening(kept=event_free.kept, left_out=left_out)


def _refuse_too_few(cohort: Cohort, min_outcomes: int) -> None:
    if cohort.counted.people.filter(event=OUTCOME).height < min_outcomes:
        raise DesignError(
            Problem(
                f"fewer than {number_of(min_outcomes, 'outcome')} among index dates whose horizon is covered",
                f"at least {number_of(min_outcomes, 'outcome')}, at landmarks at least one horizon apart",
                "take more people, earlier index dates, another horizon or a wider outcome",
            )
        )


def _landmark(index: IndexKind) -> pl.Expr:
    period = pl.col("index_date").dt.year() if index.own_date else pl.col("index_date")
    return (period.rank("dense").cast(pl.Int32) - 1).alias("landmark")


def _people(rows: pl.DataFrame, view: RegisterView, columns: tuple[str, ...]) -> pl.DataFrame:
    """Add the columns that no earlier step needs: area, care centre, family and region of birth, and sex as text."""
    if ENTRY in rows.columns:
        entry_days = (pl.col(ENTRY) - pl.col("index_date")).dt.total_days().cast(pl.Float64)
        rows = rows.with_columns(entry_days.alias("entry_days"))
    homes = view.residences[rows["spell"], ["area_id", "care_centre_id"]]
    ordered = sorted_by(rows.hstack(homes), "person_id", "index_date")
    persons = ordered["person_id"].unique(maintain_order=True)
    regions = view.known_persons["birth_region"].gather(view.known_persons["person_id"].search_sorted(persons))
    origins = pl.DataFrame([regions, family_ids(persons, view.known_persons)])
    by_row = origins[persons.search_sorted(ordered["person_id"])]
    return ordered.hstack(by_row).with_columns(pl.col("sex").cast(pl.String)).select(columns)
