"""Who is eligible at an index date, and the reasons of those who are not.

In: pairs of person and index date, and a view of the registers. Out: candidates and counts; a pair has at most one
reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.cohort.flow import FlowCount, Screening, screen
from riskstrat.cohort.look_back import covered_from, uncovered_rules
from riskstrat.cohort.sorting import sorted_by
from riskstrat.cohort.view import RegisterView
from riskstrat.declare import Condition, LocalisedText
from riskstrat.declare.calendar import day_number, whole_years
from riskstrat.declare.population import HistoryRule, in_window
from riskstrat.declare.view import Rule
from riskstrat.disclosure.cell_keys import person_keys

NO_END = date.max
"""Stands for the last day of a residence that has not ended."""
Numbers = npt.NDArray[np.integer]
Mask = npt.NDArray[np.bool_]


def with_residence(rows: pl.DataFrame, residences: pl.DataFrame) -> pl.DataFrame:
    """Add spell (its number), resident_since and resident_until of the spell on `resident_on`, null where none.

    Residence is unbroken where a spell starts the day after the person's previous one has ended; spells of a person do
    not overlap and are in the order of person and start. Areas are left in `residences`, because text that is carried
    through every later step costs more than all the rest.
    """
    spells = _Spells.of(residences)
    spell, lives_here = spells.on(rows)
    since, until = spells.start[spells.since(spell)], spells.end[spells.until(spell)]
    found = pl.DataFrame({"spell": spell, "resident_since": since, "resident_until": until}).select(
        pl.col("spell").cast(pl.UInt32, strict=False), pl.col("resident_since", "resident_until").cast(pl.Date)
    )
    return rows.hstack(found.select(pl.when(pl.lit(pl.Series(lives_here))).then(pl.all())))


@dataclass(frozen=True, eq=False)
class _Spells:
    """Spells of residence by number; the last, which -1 points to, belongs to nobody and stands for no spell.

    `person` is without the last, `start` and `end` are days since 1970, and a spell `continues` the person's previous
    one where that ended the day before.
    """

    person: Numbers
    start: Numbers
    end: Numbers
    continues: Mask

    @classmethod
    def of(cls, residences: pl.DataFrame) -> _Spells:
        """Read spells in the order of person and start."""
        nobody = pl.Series([NO_END])
        person = residences["person_id"].to_numpy()
        start, end = (
            pl.concat([residences[name].fill_null(NO_END), nobody]).to_physical().to_numpy()
            for name in ("start_date", "end_date")
        )
        continues = np.zeros(len(start), dtype=np.bool_)
        continues[1:-1] = (person[1:] == person[:-1]) & (start[1:-1] <= end[:-2] + 1)
        return cls(person, start, end, continues)

    def on(self, rows: pl.DataFrame) -> tuple[Numbers, Mask]:
        """Find the last spell of each row's person that starts by the day, and say whether it holds that day."""
        who, day = rows["person_id"].to_numpy(), rows["resident_on"].to_physical().to_numpy()
        first, after = (np.searchsorted(self.person, who, side) for side in ("left", "right"))
        spell = _step_while(after - 1, -1, lambda at, row: (at > first[row]) & (self.start[at] > day[row]))
        return spell, (first < after) & (self.start[spell] <= day) & (day <= self.end[spell])

    def since(self, spell: Numbers) -> Numbers:
        """Find the first spell of the unbroken residence."""
        return _step_while(spell, -1, lambda at, _: self.continues[at])

    def until(self, spell: Numbers) -> Numbers:
        """Find the last spell of the unbroken residence."""
        return _step_while(spell, 1, lambda at, _: self.continues[at + 1])


def _step_while(at: Numbers, step: int, goes_on: Callable[[Numbers, Numbers], Mask]) -> Numbers:
    """Move each spell number by `step` while ``goes_on(number, row)`` holds; only rows still moving are visited."""
    at, moving = at.copy(), np.arange(len(at))
    while len(moving := moving[goes_on(at[moving], moving)]):
        at[moving] += step
    return at


def postpone_to_arrival(rows: pl.DataFrame, residences: pl.DataFrame) -> pl.DataFrame:
    """Move `resident_on` of who does not live here that day to the first day after it on which they move in, if any."""
    spells = residences.lazy().select("person_id", "start_date", "end_date")
    on = pl.col("resident_on")
    ending_later = rows.lazy().select("row", "person_id", "resident_on").join(spells, on="person_id")
    by_row = ending_later.filter((pl.col("end_date") >= on).fill_null(value=True)).group_by("row")
    starts = sorted_by(by_row.agg(moves_in=pl.col("start_date").min()).collect(), "row")
    arrived = rows.join(starts, on="row", how="left", maintain_order="left")
    return arrived.with_columns(resident_on=pl.max_horizontal("resident_on", "moves_in")).drop("moves_in")


ENTRY = "entry_date"
"""Column of the day from which persons are under observation, where the population lets them enter late."""

ALL = LocalisedText(en="everybody in the registers, at each index date", sv="alla i registren, vid varje indexdatum")
PREVALENT = LocalisedText(en="had the outcome before the index date", sv="hade redan utfallet före indexdatum")
NOT_RESIDENT = Rule.of("not resident", "inte folkbokförda här", pl.col("resident_since").is_null())


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
    return tuple(Rule.of(*rule) for rule in rules)


def _residence_rules(condition: Condition, criteria: Criteria) -> tuple[Rule, ...]:
    by_index = pl.col("resident_until") <= pl.col("index_date")
    moved = Rule.of("moved away by the index date", "hade flyttat senast på indexdatum", by_index)
    return (NOT_RESIDENT, *condition.population.residence_rules(), *([moved] if criteria.followed else []))


def _entry_date(condition: Condition, view: RegisterView) -> pl.Expr:
    """Give the index date, or the later day on which all that is asked of residence and coverage holds."""
    needed = max(condition.index.resident_from_days, condition.population.resident_days)
    resident = pl.col("resident_since") + timedelta(days=needed)
    covered = (pl.lit(view.first_day), *covered_from(condition, view))
    return pl.max_horizontal("index_date", resident, *covered).alias(ENTRY)


def _entry_rules(view: RegisterView) -> tuple[Rule, ...]:
    en, sv = "time at risk over before they could enter", "risktiden slut innan de kunde inträda"
    return (NOT_RESIDENT, Rule.of(en, sv, view.end_of_follow_up() <= pl.col(ENTRY)))


def _rows_having(rule: HistoryRule, view: RegisterView, candidates: pl.LazyFrame) -> pl.LazyFrame:
    """Give the candidates with a row in a window of the rule that was known before the index, as features see it."""
    known = pl.col("known_on") < pl.col("index_date")
    each = [
        view.events(having).join(candidates, on="person_id").filter(known, in_window(having)).select("row")
        for having in rule.alternatives
    ]
    return pl.concat(each).unique()
