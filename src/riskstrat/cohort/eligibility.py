"""Who is eligible at an index date, and the reasons of those who are not.

In: person-index pairs and a view of the registers. Out: candidates and counts; each pair has one reason at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from riskstrat.cohort.entry import from_entry
from riskstrat.cohort.flow import Counted, Screened, screen
from riskstrat.cohort.order import in_order
from riskstrat.cohort.residence import or_moving_in, with_residence
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, LocalisedText
from riskstrat.declare.calendar import day_number, whole_years
from riskstrat.declare.population import Excluding
from riskstrat.declare.view import Rule

PREVALENT = LocalisedText(en="had the outcome before the index date", sv="hade redan utfallet före indexdatum")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """When people must be indexed, resident and at risk: what differs between cohort and target population.

    Attributes
    ----------
    earliest, latest
        First and last index date that counts.
    resident_on
        The day on which people must be resident; area and care centre are those of that day.
    resident_to
        The day up to which unbroken residence is counted.
    at_risk
        Whether people must be there after the index date, to be followed.
    late_entry
        Whether they may come after it.
    """

    earliest: date
    latest: date
    resident_on: pl.Expr
    resident_to: pl.Expr
    at_risk: bool
    late_entry: bool = False


def residents(condition: Condition, view: RegisterView, indexed: pl.LazyFrame, terms: Terms) -> Screened:
    """Screen by index date and person, then by residence; candidates are numbered by person and index in `row`."""
    people = screen(_with_age(indexed), (*_index_rules(view.as_of, terms), *condition.population.rules()))
    candidates = in_order(people.kept, "person_id", "index_date").with_row_index("row")
    settled = candidates.with_columns(resident_on=terms.resident_on)
    if terms.late_entry:
        there = _entering(condition, view, with_residence(or_moving_in(settled, view.residences), view.residences))
    else:
        there = _resident(condition, terms, with_residence(settled, view.residences))
    return Screened(kept=there.kept, left_out=(*people.left_out, *there.left_out))


def _resident(condition: Condition, terms: Terms, settled: pl.DataFrame) -> Screened:
    days = (terms.resident_to - pl.col("resident_since")).dt.total_days()
    return screen(settled.lazy().with_columns(resident_days=days), _residence_rules(condition, terms))


def _entering(condition: Condition, view: RegisterView, settled: pl.DataFrame) -> Screened:
    """Add entry_date, the index date or the later day on which all that is asked of residence and coverage holds."""
    needed = max(condition.index.resident_from_days, condition.population.resident_days)
    entry = pl.max_horizontal(
        "index_date", pl.col("resident_since") + timedelta(days=needed), pl.lit(view.first_day)
    ).alias("entry_date")
    return screen(settled.lazy().with_columns(entry), _entry_rules(view))


def without_history(condition: Condition, view: RegisterView, candidates: pl.DataFrame) -> Screened:
    """Screen by the rows of event tables: what the population excludes, then the outcome itself."""
    rules, starting = condition.population.excluding, from_entry(candidates).lazy()
    queries = [_excluded(rule, view, starting) for rule in rules]
    queries.append(condition.outcome.prevalent(view, starting))
    rows = pl.collect_all(queries)
    reasons = [*(rule.reason for rule in rules), PREVALENT]
    return screen(candidates.lazy(), _rules_by_row(reasons, rows))


def everybody(view: RegisterView, indexed: pl.LazyFrame) -> Counted:
    """Count who the flow starts with."""
    reason = LocalisedText(
        en="everybody in the registers, at each index date", sv="alla i registren, vid varje indexdatum"
    )
    rows = int(indexed.select(pl.len()).collect().item())
    return Counted(reason=reason, people=view.known_persons.height, rows=rows)


def _with_age(indexed: pl.LazyFrame) -> pl.LazyFrame:
    """Add age_years, of index dates that are not numbered yet (see `IndexKind.index_dates`)."""
    if "index_number" not in indexed.collect_schema():
        indexed = indexed.with_columns(index_number=day_number(pl.col("index_date")))
    return indexed.with_columns(age_years=whole_years("birth_number", "index_number")).drop("index_number")


def _index_rules(as_of: date, terms: Terms) -> tuple[Rule, ...]:
    index, born = pl.col("index_date"), pl.col("birth_date")
    return (
        Rule(
            reason=LocalisedText(
                en="without an event that starts the time at risk", sv="utan händelse som startar risktiden"
            ),
            leaves_out=index.is_null(),
        ),
        Rule(
            reason=LocalisedText(en="index date outside the time studied", sv="indexdatum utanför den studerade tiden"),
            leaves_out=~index.is_between(terms.earliest, terms.latest),
        ),
        Rule(
            reason=LocalisedText(en="not born yet", sv="ännu inte födda"), leaves_out=(born > index) | (born >= as_of)
        ),
        Rule(
            reason=LocalisedText(en="dead by the index date", sv="avlidna senast på indexdatum"),
            leaves_out=pl.col("death_date") <= pl.max_horizontal(index, terms.resident_to),
        ),
    )


def _residence_rules(condition: Condition, terms: Terms) -> tuple[Rule, ...]:
    moved = Rule(
        reason=LocalisedText(en="moved away by the index date", sv="hade flyttat senast på indexdatum"),
        leaves_out=pl.col("resident_until") <= pl.col("index_date"),
    )
    return (_nowhere(), *condition.population.residence_rules(), *([moved] if terms.at_risk else []))


def _entry_rules(view: RegisterView) -> tuple[Rule, ...]:
    ends = pl.min_horizontal(
        pl.col("index_date") + timedelta(days=view.horizon_days), pl.lit(view.last_day), "resident_until", "death_date"
    )
    reason = LocalisedText(en="time at risk over before they could enter", sv="risktiden slut innan de kunde inträda")
    return (_nowhere(), Rule(reason=reason, leaves_out=ends <= pl.col("entry_date")))


def _nowhere() -> Rule:
    reason = LocalisedText(en="not resident", sv="inte folkbokförda här")
    return Rule(reason=reason, leaves_out=pl.col("resident_since").is_null())


def _rules_by_row(reasons: Sequence[LocalisedText], rows: Sequence[pl.DataFrame]) -> tuple[Rule, ...]:
    return tuple(
        Rule(reason=reason, leaves_out=pl.col("row").is_in(found["row"].implode()))
        for reason, found in zip(reasons, rows, strict=True)
    )


def _excluded(rule: Excluding, view: RegisterView, candidates: pl.LazyFrame) -> pl.LazyFrame:
    """Give the candidates with a row in the rule's window that was known before the index, as a feature sees it."""
    visible = pl.col("known_on") < pl.col("index_date")
    events = view.events(rule.having).join(candidates, on="person_id")
    return events.filter(visible, rule.in_window()).select("row").unique()


def cohort_terms(condition: Condition, view: RegisterView) -> Terms:
    """Index dates in the past, residence at the index, and time at risk after it."""
    index, late = pl.col("index_date"), condition.population.late_entry
    return Terms(
        earliest=view.first_day - timedelta(days=view.horizon_days if late else 0),
        latest=condition.index.latest(view),
        resident_on=index - timedelta(days=condition.index.resident_from_days),
        resident_to=index,
        at_risk=True,
        late_entry=late,
    )


def target_terms(condition: Condition, view: RegisterView) -> Terms:
    """Index dates up to now, residence now; an index of one's own lies in the last 365 days."""
    past = timedelta(days=364 if condition.index.own_date else 0)
    now = pl.lit(view.as_of)
    return Terms(
        earliest=view.as_of - past,
        latest=view.as_of,
        resident_on=now - timedelta(days=1),
        resident_to=now,
        at_risk=False,
    )
