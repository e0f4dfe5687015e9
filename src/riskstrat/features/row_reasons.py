"""Why a feature has its value: for one person at one index date every row, and whether and why it counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import polars as pl

from riskstrat.declare.features import AreaFact, EventFeature, Feature, PersonFeature, RelativeFeature, expanded
from riskstrat.declare.rows import values_within
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.features.observed import observed_time
from riskstrat.features.plan import AREA_FACTS
from riskstrat.features.relatives import with_subjects
from riskstrat.features.shard import ROW_NUMBER, with_persons
from riskstrat.features.visible_rows import INDEX, ROW, SUBJECT, window_bounds
from riskstrat.features.windows import DAYS, END_DAYS, Bounds, Window
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers
from riskstrat.registers.contract import first_broken

USED = "counted"
BEFORE_BIRTH = "before birth, or no birth on record"
OTHER_CODE = "another code"
OTHER_SETTING = "another setting"
OTHER_POSITION = "another position"
OTHER_VALUE = "another value, or none"
NOT_YET = "on or after the index"
NOT_KNOWN = "not known before the index"
TOO_LATE = "after the window"
TOO_EARLY = "before the window"
NOT_OBSERVED = "no day of the window is covered and lived here"
DUPLICATE = "a duplicate of a row that counted"
NO_VALUE = "without a value"
NEWER_FACT = "a later fact is known"
NO_ROWS = "no row counts"
NO_RELATIVE = "relative not known"
REGISTERED = "from the register of persons"

SCHEMA = {
    "feature": pl.String,
    "subject_id": pl.Int64,
    "date": pl.Date,
    "end_date": pl.Date,
    "code": pl.String,
    "setting": pl.String,
    "position": pl.String,
    "value": pl.Float64,
    "known_on": pl.Date,
    "used": pl.Boolean,
    "reason": pl.String,
}


@checked
def explain_design(
    features: Sequence[Feature], cohort: Target, registers: Registers, *, person_id: int, index_date: date
) -> pl.DataFrame:
    """Show the rows that made each feature of one person at one index date, and why others were left out.

    For a notebook of somebody who may see persons, and nowhere else: the frame holds a person's rows. Reports, logs,
    errors, tracking and artefacts never hold it.

    Parameters
    ----------
    features
        The declared features, such as ``condition.features``.
    cohort
        The cohort or target population of which X was built.
    registers
        Where the rows are.
    person_id
        Running number of the person.
    index_date
        One of the person's index dates.

    Returns
    -------
    polars.DataFrame
        feature (its column in X), subject_id (whose row it is), date, end_date, code, setting, position, value,
        known_on (the day on which it was known), used, reason. Every feature has at least one line; rows come in the
        order of features, subjects, dates, codes and values. A feature's value is the aggregate of its kind over the
        rows that are used.

    Raises
    ------
    UsageError
        If the cohort has no such person and index date.

    Examples
    --------
    >>> from datetime import date
    >>> import riskstrat as rs
    >>> from riskstrat.declare import Sex
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> target = rs.target_population(rs.conditions.load("frailty"), registers, date(2024, 1, 1))
    >>> person = target.people["person_id"][0]
    >>> explained = rs.features.explain_design(
    ...     [Sex()], target, registers, person_id=person, index_date=date(2024, 1, 1)
    ... )
    >>> explained.select("feature", "used", "reason").rows()
    [('sex_male', True, 'from the register of persons')]
    """
    people = cohort.people.filter(pl.col("person_id") == person_id, pl.col("index_date") == index_date)
    if people.is_empty():
        raise UsageError(
            Problem(
                "no such person and index date",
                "a row of the cohort",
                "take person_id and index_date from cohort.people",
            )
        )
    one = people[:1].select("person_id", INDEX, "area_id").with_row_index(ROW_NUMBER)
    lines = [line for feature in expanded(features) for line in _lines(feature, one, registers)]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *lines], how="diagonal_relaxed").select(*SCHEMA)


def _lines(feature: Feature, people: pl.DataFrame, registers: Registers) -> Iterator[pl.DataFrame]:
    if isinstance(feature, AreaFact):
        yield _facts(feature, people, registers)
        return
    relative = feature.subject if isinstance(feature, RelativeFeature) else None
    subjects = with_subjects(relative, people, registers)
    if subjects.is_empty():
        yield _line(feature, reason=NO_RELATIVE)
    for number in range(subjects.height):
        index = with_persons(subjects[number].with_columns(pl.lit(0, dtype=pl.Int64).alias(ROW)), registers)
        if isinstance(feature, PersonFeature):
            value = index.select(value=feature.person_value().cast(pl.Float64))
            yield _line(feature, reason=REGISTERED, subject=index[SUBJECT][0], used=True).hstack(value)
        elif isinstance(feature, EventFeature):
            yield _of_events(feature, index, registers)


def _line(feature: Feature, *, reason: str, subject: int | None = None, used: bool = False) -> pl.DataFrame:
    """Make a line that stands for no row."""
    line = {"feature": feature.column, "subject_id": subject, "used": used, "reason": reason}
    return pl.DataFrame([line], schema_overrides={name: SCHEMA[name] for name in line})


def _of_events(feature: EventFeature, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Give every row of the subject a reason; where none counts, add a line that says so."""
    subject = index[SUBJECT][0]
    window = Window.of(feature)
    bounds = window_bounds([window], index, registers)[window]
    observed = observed_time(index, registers).days(bounds, registers.manifest.covered(feature.register))[0] > 0
    rows = _rows(feature.register, index, registers)
    broken = {**_of_other_rows(feature, registers), **_not_visible(feature, bounds, observed=bool(observed))}
    lines = _with_reasons(rows, broken).with_columns(
        feature=pl.lit(feature.column), subject_id=pl.lit(subject, dtype=pl.Int64)
    )
    if lines["used"].any():
        return lines
    nothing = _line(feature, reason=NO_ROWS if observed else NOT_OBSERVED, subject=subject)
    return pl.concat([lines, nothing], how="diagonal_relaxed")


def _rows(register: str, index: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Read every row of the subject, with its days before the index, also of its end where that can be seen."""
    subject, day = index[SUBJECT][0], pl.lit(index[INDEX][0])
    read = registers.recorded(register, people=(subject, subject)).with_columns(
        registers.known_on(register).alias("known_on"), pl.col("value").fill_nan(None)
    )
    days_since_end = (day - pl.col("end_date")).dt.total_days()
    return (
        read.with_columns(
            (day - pl.col("date")).dt.total_days().alias(DAYS),
            days_since_end.clip(lower_bound=0).fill_null(0).alias(END_DAYS),
            pl.lit(0).alias(ROW),
            pl.lit(index["birth_date"][0], dtype=pl.Date).alias("birth_date"),
            day.alias(INDEX),
        )
        .sort("date", "code", "value", "known_on")
        .collect()
    )


def _with_reasons(rows: pl.DataFrame, broken: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """Give each row the first reason that leaves it out; of equal rows that would count the first counts."""
    unless = first_broken({reason: rule.fill_null(value=True) for reason, rule in broken.items()})
    reasoned = rows.with_columns(reason=pl.coalesce(unless, pl.lit(USED)))
    visible = pl.struct("reason", "date", "code", "value", "setting", "position", END_DAYS)
    duplicate = (pl.col("reason") == USED) & ~visible.is_first_distinct()
    return reasoned.with_columns(reason=pl.when(duplicate).then(pl.lit(DUPLICATE)).otherwise("reason")).with_columns(
        used=pl.col("reason") == USED
    )


def _of_other_rows(feature: EventFeature, registers: Registers) -> Mapping[str, pl.Expr]:
    """Say which rows the feature is not about."""
    items = feature.items(registers.codes(feature.register), registers.prefix_matching(feature.register))
    asked = {OTHER_SETTING: ("setting", feature.settings), OTHER_POSITION: ("position", feature.positions)}
    return {
        BEFORE_BIRTH: pl.col("date") < pl.col("birth_date"),
        OTHER_CODE: ~pl.col("code").is_in([code for code, _ in items]),
        **{reason: ~pl.col(name).is_in(values) for reason, (name, values) in asked.items() if values},
        OTHER_VALUE: ~values_within(feature.value_range),
    }


def _not_visible(feature: EventFeature, bounds: Bounds, *, observed: bool) -> Mapping[str, pl.Expr]:
    """Say which rows are not visible from the index date."""
    row = pl.col(ROW)
    return {
        NOT_YET: pl.col(DAYS) <= 0,
        NOT_KNOWN: pl.col("known_on") >= pl.col(INDEX),
        NOT_OBSERVED: pl.lit(value=not observed),
        TOO_LATE: ~bounds.begun(row),
        TOO_EARLY: ~bounds.reached(row, END_DAYS if feature.spells else DAYS),
    }


def _facts(feature: AreaFact, people: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Give every fact of the area that the person lived in a reason."""
    area, day = people["area_id"][0], pl.lit(people[INDEX][0])
    if area is None or not registers.has(AREA_FACTS):
        return _line(feature, reason=NO_ROWS)
    facts = registers.scan(AREA_FACTS).filter(pl.col("area_id") == area, pl.col("code") == feature.code)
    read = facts.with_columns(registers.known_on(AREA_FACTS).alias("known_on")).sort("date", "value").collect()
    broken = {
        NOT_YET: pl.col("date") >= day,
        NOT_KNOWN: pl.col("known_on") >= day,
        NO_VALUE: pl.col("value").is_null(),
    }
    reason = pl.coalesce(first_broken(broken), pl.lit(USED))
    reasoned = read.with_columns(reason=reason, number=pl.int_range(pl.len()))
    last = pl.col("number") == pl.col("number").filter(pl.col("reason") == USED).max()
    lines = reasoned.with_columns(
        reason=pl.when((pl.col("reason") == USED) & ~last).then(pl.lit(NEWER_FACT)).otherwise("reason")
    ).with_columns(used=pl.col("reason") == USED, feature=pl.lit(feature.column))
    return lines if lines["used"].any() else pl.concat([lines, _line(feature, reason=NO_ROWS)], how="diagonal_relaxed")
