"""Who is eligible at an index date, and the reasons of those who are not.

In: pairs of person and index date, and a view of the registers. Out: candidates and counts; a pair has at most one
reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from riskstrat.cohort.flow import FlowCount, Screening, screen
from riskstrat.cohort.look_back import covered_from, uncovered_rules
from riskstrat.cohort.residence import postpone_to_arrival, with_residence
from riskstrat.cohort.sorting import sorted_by
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, LocalisedText
from riskstrat.declare.calendar import day_number, whole_years
from riskstrat.declare.population import HistoryRule, in_window
from riskstrat.declare.view import Rule
from riskstrat.disclosure.cell_keys import person_keys

ENTRY = "entry_date"
"""Column of the day from which persons are under observation, where the population lets them enter late."""

ALL = LocalisedText(en="everybody in the registers, at each index date", sv="alla i registren, vid varje indexdatum")
PREVALENT = LocalisedText(en="had the outcome before the index date", sv="hade redan utfallet före indexdatum")
NOT_RESIDENT = LocalisedText(en="not resident", sv="inte folkbokförda här")


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """When persons must be indexed, resident and at risk: what differs between cohort and target population."""

    earliest: date
    latest: date
    """`earliest` and `latest`: first and last index date that counts."""
    resident_on: pl.Expr
    """The day on which persons must be resident; area and care centre are those of that day."""
    resident_to: pl.Expr
    """The day up to which unbroken residence is counted."""
    followed: bool
    """Whether persons must be resident after the index date, to be followed."""
    late_entry: bool = False
    """Whether they may come to live here after it."""


def cohort_criteria(condition: Condition, view: RegisterView) -> Criteria:
    """Index dates in the past with at least a day to follow, residence at the index, and time at risk after it."""
    index, late = pl.col("index_date"), condition.population.late_entry
    return Criteria(
        earliest=view.first_day - timedelta(days=view.horizon_days if late else 0),
        latest=view.last_day - timedelta(days=1),
        resident_on=index - timedelta(days=condition.index.resident_from_days),
        resident_to=index,
        followed=True,
        late_entry=late,
    )


def target_criteria(condition: Condition, view: RegisterView) -> Criteria:
    """Index dates up to the as-of date, residence then; index dates of persons' own lie in the last 365 days."""
    as_of = pl.lit(view.as_of)
    return Criteria(
        earliest=view.as_of - timedelta(days=364 if condition.index.own_date else 0),
        latest=view.as_of,
        resident_on=as_of - timedelta(days=1),
        resident_to=as_of,
        followed=False,
    )


def count_all(view: RegisterView, indexed: pl.LazyFrame) -> FlowCount:
    """Count the persons and index dates with which the flow starts."""
    everybody = FlowCount.of(ALL, view.known_persons)
    rows = indexed.group_by("person_id").agg(pl.len().cast(pl.UInt64)).collect()
    # Unsigned numbers wrap round: a person at n index dates is added n times.
    key = int((person_keys(rows["person_id"]) * rows["len"].to_numpy()).sum())
    return replace(everybody, rows=int(rows["len"].sum()), keys=(everybody.keys[0], key))


def screen_by_index_and_residence(
    condition: Condition, view: RegisterView, indexed: pl.LazyFrame, criteria: Criteria
) -> Screening:
    """Screen by index date and person, then by residence; candidates are numbered by person and index in `row`."""
    uncovered = () if criteria.late_entry else uncovered_rules(condition, view)
    rules = (*_index_rules(view.as_of, criteria), *uncovered, *condition.population.rules())
    by_index = screen(_with_age(indexed), rules)
    candidates = sorted_by(by_index.kept, "person_id", "index_date").with_row_index("row")
    on_day = candidates.with_columns(resident_on=criteria.resident_on)
    if criteria.late_entry:
        arriving = with_residence(postpone_to_arrival(on_day, view.residences), view.residences)
        by_residence = screen(arriving.lazy().with_columns(_entry_date(condition, view)), _entry_rules(view))
    else:
        days = (criteria.resident_to - pl.col("resident_since")).dt.total_days()
        housed = with_residence(on_day, view.residences).lazy().with_columns(resident_days=days)
        by_residence = screen(housed, _residence_rules(condition, criteria))
    return Screening(kept=by_residence.kept, left_out=(*by_index.left_out, *by_residence.left_out))


def screen_by_history(condition: Condition, view: RegisterView, candidates: pl.DataFrame) -> Screening:
    """Screen by the rows of event tables: what the population asks for, then who had the outcome before."""
    including, excluding = condition.population.including, condition.population.excluding
    at_entry = with_entry_as_index(candidates).lazy()
    queries = [_rows_having(rule, view, at_entry) for rule in (*including, *excluding)]
    found = pl.collect_all([*queries, condition.outcome.prevalent(view, at_entry)])
    holds = [pl.col("row").is_in(rows["row"].implode()) for rows in found]
    lacking = [Rule(reason=rule.reason, leaves_out=~held) for rule, held in zip(including, holds, strict=False)]
    reasons = [*(rule.reason for rule in excluding), PREVALENT]
    having = [
        Rule(reason=reason, leaves_out=held) for reason, held in zip(reasons, holds[len(including) :], strict=True)
    ]
    return screen(candidates.lazy(), [*lacking, *having])


def with_entry_as_index(candidates: pl.DataFrame) -> pl.DataFrame:
    """Replace the index date by the date of entry where persons enter late (left truncation).

    What is asked of the time before and after the index is then asked of the time before and after the entry.
    """
    return candidates.with_columns(index_date=pl.col(ENTRY)) if ENTRY in candidates.columns else candidates


def _with_age(indexed: pl.LazyFrame) -> pl.LazyFrame:
    """Add age_years, also of index dates that are not numbered yet (see `IndexKind.index_dates`)."""
    if "index_number" not in indexed.collect_schema():
        indexed = indexed.with_columns(index_number=day_number(pl.col("index_date")))
    return indexed.with_columns(age_years=whole_years("birth_number", "index_number")).drop("index_number")


def _index_rules(as_of: date, criteria: Criteria) -> tuple[Rule, ...]:
    index, born = pl.col("index_date"), pl.col("birth_date")
    rules = (
        ("without an event that starts the time at risk", "utan händelse som startar risktiden", index.is_null()),
        (
            "index date outside the time studied",
            "indexdatum utanför den studerade tiden",
            ~index.is_between(criteria.earliest, criteria.latest),
        ),
        ("not born yet", "ännu inte födda", (born > index) | (born >= as_of)),
        (
            "dead by the index date",
            "avlidna senast på indexdatum",
            pl.col("death_date") <= pl.max_horizontal(index, criteria.resident_to),
        ),
    )
    return tuple(Rule(reason=LocalisedText(en=en, sv=sv), leaves_out=broken) for en, sv, broken in rules)


def _residence_rules(condition: Condition, criteria: Criteria) -> tuple[Rule, ...]:
    moved = Rule(
        reason=LocalisedText(en="moved away by the index date", sv="hade flyttat senast på indexdatum"),
        leaves_out=pl.col("resident_until") <= pl.col("index_date"),
    )
    return (_not_resident(), *condition.population.residence_rules(), *([moved] if criteria.followed else []))


def _entry_date(condition: Condition, view: RegisterView) -> pl.Expr:
    """Give the index date, or the later day on which all that is asked of residence and coverage holds."""
    needed = max(condition.index.resident_from_days, condition.population.resident_days)
    resident = pl.col("resident_since") + timedelta(days=needed)
    covered = (pl.lit(view.first_day), *covered_from(condition, view))
    return pl.max_horizontal("index_date", resident, *covered).alias(ENTRY)


def _entry_rules(view: RegisterView) -> tuple[Rule, ...]:
    reason = LocalisedText(en="time at risk over before they could enter", sv="risktiden slut innan de kunde inträda")
    return (_not_resident(), Rule(reason=reason, leaves_out=view.end_of_follow_up() <= pl.col(ENTRY)))


def _not_resident() -> Rule:
    return Rule(reason=NOT_RESIDENT, leaves_out=pl.col("resident_since").is_null())


def _rows_having(rule: HistoryRule, view: RegisterView, candidates: pl.LazyFrame) -> pl.LazyFrame:
    """Give the candidates with a row in a window of the rule that was known before the index, as features see it."""
    known = pl.col("known_on") < pl.col("index_date")
    each = [
        view.events(having).join(candidates, on="person_id").filter(known, in_window(having)).select("row")
        for having in rule.alternatives
    ]
    return pl.concat(each).unique()
