"""Records of where people lived on certain days in, spells of residence out.

Known are the areas on days on which everybody was registered (snapshots, 31 December), dated moves, immigrations,
emigrations, births and deaths. What happened between two snapshots on an unknown day is put in the middle of the year:

- a spell begins on the day of birth, immigration or move; in the first year on 1 January; else on 1 July;
- it ends the day before the next one, or on the day of emigration or death; a person who is missing at the next
  snapshot left on 30 June, or the day before a dated move that no snapshot confirms;
- a birth or immigration counts only if the next snapshot, or a move before it, finds the person here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from riskstrat.intake.raw_extracts.account import RowCounts, ValidationResult, by_rule, counts
from riskstrat.intake.raw_extracts.mapping import MOVE, SNAPSHOT
from riskstrat.intake.raw_extracts.parsing import RULE
from riskstrat.records.intake_account import KEPT, MERGED, REJECTED, REPAIRED
from riskstrat.registers.contract import PERSON, first_broken, types_of

TABLE = "residences"
BIRTH, IMMIGRATION, EMIGRATION, DEATH, GONE = "birth", "immigration", "emigration", "death", "gone"
NO_DATED_MOVE, NO_DATED_ARRIVAL, NO_DATED_DEPARTURE = (
    "moved on an unknown day, 1 July", "moved in on an unknown day, 1 July", "moved out on an unknown day, 30 June",
)  # fmt: skip
TWO_AREAS, JOINED = "two areas on one day", "days in one area joined to a spell"
BEFORE_BIRTH, AFTER_DEATH, LATE = "before birth", "after death", "after the last day of data"
_ORDER = {BIRTH: 0, IMMIGRATION: 1, MOVE: 2, SNAPSHOT: 3, EMIGRATION: 4, GONE: 5, DEATH: 6}
_HERE = (SNAPSHOT, MOVE, BIRTH, IMMIGRATION)
_LOCATION = ("area_id", "care_centre_id")
_COLUMNS = (PERSON, "date", "kind", *_LOCATION)
_NOWHERE = [pl.lit(None, dtype=pl.String).alias(column) for column in _LOCATION]
_IN_ORDER = (PERSON, "date", pl.col("kind").replace_strict(_ORDER, return_dtype=pl.Int8))


def residence_spells(
    locations: pl.DataFrame,
    migrations: pl.DataFrame,
    persons: pl.DataFrame,
    snapshot_days: Sequence[date],
    last_day: date,
) -> ValidationResult:
    """Make spells of residence for a range of persons.

    `locations` has person_id, date, kind (``snapshot`` or ``move``), area_id, care_centre_id; `migrations` person_id,
    date, code (``immigration`` or ``emigration``); `persons` person_id, birth_date, death_date. Snapshot days ascend.
    """
    validated = locations.join(persons, on=PERSON, how="left").with_columns(_rule(last_day))
    rejected = validated.filter(pl.col(RULE).is_not_null()).select(locations.columns)
    usable = validated.filter(pl.col(RULE).is_null()).select(_COLUMNS)
    single = usable.sort(*_COLUMNS).unique([PERSON, "date", "kind"], keep="first", maintain_order=True)
    seen = pl.concat([single, *_other_days(single, migrations, persons, snapshot_days)]).sort(_IN_ORDER)
    days = _started(_with_departures(seen, snapshot_days), snapshot_days)
    spells = _spells(days)
    doubled = usable.unique().height - single.height
    told = [
        (TABLE, "", "", KEPT, spells.height),
        (TABLE, "", TWO_AREAS, MERGED, doubled),
        (TABLE, "", JOINED, MERGED, locations.height - rejected.height - doubled - spells.height),
        *(
            (TABLE, "", rule, REPAIRED, rows)
            for rule, rows in days["__assumed"].drop_nulls().value_counts().iter_rows()
        ),
    ]
    account = pl.concat([counts(told), by_rule(TABLE, REJECTED, rejected[RULE])])
    return ValidationResult(rows=spells, rejected=rejected, account=RowCounts(counts=account))


def _rule(last_day: date) -> pl.Expr:
    rules = {
        BEFORE_BIRTH: pl.col("date") < pl.col("birth_date"),
        AFTER_DEATH: pl.col("date") > pl.col("death_date"),
        LATE: pl.col("date") > last_day,
    }
    return pl.coalesce(RULE, first_broken(rules)).alias(RULE)


def _other_days(
    locations: pl.DataFrame, migrations: pl.DataFrame, persons: pl.DataFrame, snapshot_days: Sequence[date]
) -> list[pl.DataFrame]:
    """Births, deaths and migrations of the people who have a location, from the first year on."""
    first = date(snapshot_days[0].year, 1, 1) if snapshot_days else date.min
    here = persons.join(locations.select(PERSON).unique(), on=PERSON, how="semi")
    moved = migrations.filter(pl.col("code").is_in([IMMIGRATION, EMIGRATION])).join(here, on=PERSON, how="left")
    alive = moved.filter(pl.col("date") <= pl.col("death_date").fill_null(date.max))
    found = [
        here.select(PERSON, date="birth_date", kind=pl.lit(BIRTH)),
        here.select(PERSON, date="death_date", kind=pl.lit(DEATH)).drop_nulls("date"),
        alive.select(PERSON, "date", kind="code").unique(),
    ]
    return [each.filter(pl.col("date") >= first).with_columns(_NOWHERE).select(_COLUMNS) for each in found]


def _with_departures(seen: pl.DataFrame, snapshot_days: Sequence[date]) -> pl.DataFrame:
    """Leave out births and immigrations that nothing confirms; end residence before a snapshot without the person."""
    kept = seen.filter(~pl.col("kind").is_in([BIRTH, IMMIGRATION]) | _is_found(_with_next(seen, snapshot_days)))
    following = _with_next(kept, snapshot_days)
    missing = following.select(
        pl.col("__next_snapshot").is_not_null()
        & pl.col("kind").is_in([SNAPSHOT, MOVE])
        & (pl.col("__next_date").is_null() | (pl.col("__next_date") > pl.col("__next_snapshot")))
    ).to_series()
    moved_away = missing & (kept["kind"] == MOVE)
    lost = following.filter(missing & (kept["kind"] == SNAPSHOT))
    middle = pl.max_horizontal("date", pl.date(pl.col("__next_snapshot").dt.year(), 6, 30))
    rule = pl.lit(NO_DATED_DEPARTURE).alias("__assumed")
    gone = lost.select(PERSON, middle.alias("date"), pl.lit(GONE).alias("kind"), *_NOWHERE, rule)
    away = kept.filter(moved_away).select(
        PERSON, pl.col("date") - timedelta(days=1), pl.lit(GONE).alias("kind"), *_NOWHERE
    )
    days = pl.concat([kept.filter(~moved_away), away, gone], how="diagonal_relaxed")
    return days.sort(_IN_ORDER)


def _with_next(days: pl.DataFrame, snapshot_days: Sequence[date]) -> pl.DataFrame:
    snapshots = pl.Series(snapshot_days, dtype=pl.Date)
    positions = snapshots.search_sorted(days["date"], side="right")
    next_snapshot = pl.concat([snapshots, pl.Series([None], dtype=pl.Date)]).gather(positions)
    same = pl.col(PERSON) == pl.col(PERSON).shift(-1)
    return days.with_columns(
        next_snapshot.alias("__next_snapshot"),
        pl.when(same).then(pl.col("date").shift(-1)).alias("__next_date"),
        pl.when(same).then(pl.col("kind").shift(-1)).alias("__next_kind"),
    )


def _is_found(days: pl.DataFrame) -> pl.Series:
    in_time = pl.col("__next_date") <= pl.col("__next_snapshot").fill_null(date.max)
    found = pl.col("__next_kind").is_in([SNAPSHOT, MOVE]) & in_time
    return days.select(found.fill_null(value=False)).to_series()


def _started(days: pl.DataFrame, snapshot_days: Sequence[date]) -> pl.DataFrame:
    """Say from when the area of each day was the person's, and by which assumption."""
    if "__assumed" not in days.columns:
        days = days.with_columns(pl.lit(None, dtype=pl.String).alias("__assumed"))
    first = snapshot_days[0] if snapshot_days else date.max
    onward = pl.col(PERSON) == pl.col(PERSON).shift(-1)
    confirmed = onward & (pl.col("kind").shift(-1) == SNAPSHOT) & pl.col("kind").is_in([BIRTH, IMMIGRATION])
    dated = days.with_columns(
        pl.when(confirmed).then(pl.col(c).shift(-1)).otherwise(pl.col(c)).alias(c) for c in _LOCATION
    )
    same = pl.col(PERSON) == pl.col(PERSON).shift()
    stayed = pl.all_horizontal(
        same, pl.col("kind").shift().is_in(_HERE), *(pl.col(c).eq_missing(pl.col(c).shift()) for c in _LOCATION)
    )
    moved = same & pl.col("kind").shift().is_in(_HERE)
    day_after = pl.when(same).then(pl.col("date").shift() + timedelta(days=1))
    middle = pl.min_horizontal("date", pl.max_horizontal(day_after, pl.date(pl.col("date").dt.year(), 7, 1)))
    at_first = ~same.fill_null(value=False) & (pl.col("date") == first)
    snapshot = pl.col("kind") == SNAPSHOT
    start = (
        pl.when(~snapshot)
        .then("date")
        .when(stayed)
        .then(day_after)
        .when(at_first)
        .then(pl.date(pl.col("date").dt.year(), 1, 1))
        .otherwise(middle)
    )
    guess = pl.when(moved).then(pl.lit(NO_DATED_MOVE)).otherwise(pl.lit(NO_DATED_ARRIVAL))
    assumed = pl.when(snapshot & ~stayed.fill_null(value=False) & ~at_first).then(guess).otherwise("__assumed")
    return dated.with_columns(
        pl.when(pl.col("kind").is_in(_HERE)).then(start).alias("start_date"), assumed.alias("__assumed")
    )


def _spells(days: pl.DataFrame) -> pl.DataFrame:
    onward = pl.col(PERSON) == pl.col(PERSON).shift(-1)
    next_start = pl.col("start_date").shift(-1) - timedelta(days=1)
    end = pl.when(onward).then(pl.coalesce(next_start, pl.col("date").shift(-1)))
    stays = days.with_columns(end.alias("end_date")).filter(pl.col("start_date").is_not_null())
    whole = stays.filter(pl.col("end_date").is_null() | (pl.col("end_date") >= pl.col("start_date")))
    follows = pl.all_horizontal(
        pl.col(PERSON) == pl.col(PERSON).shift(),
        pl.col("start_date") == pl.col("end_date").shift() + timedelta(days=1),
        *(pl.col(column).eq_missing(pl.col(column).shift()) for column in _LOCATION),
    ).fill_null(value=False)
    numbered = whole.with_columns((~follows).cum_sum().alias("__spell"))
    firsts = [pl.col(column).first() for column in (PERSON, "start_date", *_LOCATION)]
    joined = numbered.group_by("__spell", maintain_order=True).agg(*firsts, pl.col("end_date").last())
    return joined.select(*types_of(TABLE))
