"""One shard of people: a pure function of its index slice, the registers and the plan.

In: some people with their index dates. Out: one frame, a row for each index date, a Float32 column for each question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.declare.features import EventFeature
from riskstrat.features.anchors import bounds_of
from riskstrat.features.direct import answer_area, answer_person, with_persons
from riskstrat.features.observed import Presence, presence
from riskstrat.features.questions import Look, SubjectPlan, TablePlan
from riskstrat.features.rows import INDEX, ROW, SUBJECT, WINDOW, visible_rows
from riskstrat.features.windows import DAYS, Bounds
from riskstrat.registers import Registers

Answers = dict[str, pl.Series]
PLACE = "place"
SEX, AGE_DAYS = "sex", "age_days"
_LEARNT_FROM = 2**25 - 2**16
"""Bytes just below the most to which glibc lets its thresholds grow (M_MMAP_THRESHOLD, mallopt(3))."""


@dataclass(frozen=True, eq=False)
class Shard:
    """Some subjects and what is asked of them; sendable to another process.

    Attributes
    ----------
    index
        place (in the cohort), subject_id, index_date, area_id, sorted by subject_id.
    plan
        The questions.
    registers
        Where the answers are.
    """

    index: pl.DataFrame
    plan: SubjectPlan
    registers: Registers


@dataclass(frozen=True, eq=False)
class Part:
    """Some rows of X: a shard of the people themselves, and what their relatives have answered.

    Attributes
    ----------
    shard
        The people.
    related
        place and what the relatives answer, in the order of the shard's index slice.
    columns
        The columns of X after its keys.
    """

    shard: Shard
    related: pl.DataFrame
    columns: tuple[str, ...]


def part_of(part: Part) -> pl.DataFrame:
    """Answer a shard of the people themselves and put the answers of their relatives beside it.

    Returns
    -------
    polars.DataFrame
        place, person_id, index_date and the columns of X.
    """
    keys = part.shard.index.select(PLACE, pl.col(SUBJECT).alias("person_id"), INDEX)
    answers = {column.name: column for column in (*answer(part.shard), *part.related)}
    return pl.DataFrame([*keys, *(answers[name] for name in part.columns)])


def answer(shard: Shard) -> pl.DataFrame:
    """Answer every question of the plan for every row of the shard.

    Returns
    -------
    polars.DataFrame
        place and the plan's columns, Float32, null where not observed or not known.
    """
    _keep_pages()
    index = with_persons(shard.index.with_row_index(ROW).with_columns(pl.col(ROW).cast(pl.Int64)), shard.registers)
    plan = shard.plan
    answers = _named({feature.column: answer_person(feature, index) for feature in plan.person_features})
    answers |= _named({feature.column: answer_area(feature, index, shard.registers) for feature in plan.area_facts})
    if plan.tables:
        lived_here = presence(index, shard.registers)
        for table in plan.tables:
            answers |= _from_events(table, index, shard.registers, lived_here, plan.share_column(table))
    return pl.DataFrame([index[PLACE], *(answers[name] for name in plan.columns)])


def _keep_pages() -> None:
    """Free one array of the largest size that glibc learns from: from then on it keeps up to 64 MB of what is freed.

    Every step of a shard fills fresh arrays. Pages given back to the kernel in between cost a tenth of the time; the
    array itself is never touched, so it takes no memory.
    """
    np.empty(_LEARNT_FROM, dtype=np.uint8)


def _named(numbers: Mapping[str, npt.NDArray[np.floating]]) -> Answers:
    """Make columns of numbers, null for NaN; what they were made of can be given back at once."""
    return {name: pl.Series(name, each, dtype=pl.Float32, nan_to_null=True) for name, each in numbers.items()}


def _from_events(
    table: TablePlan, index: pl.DataFrame, registers: Registers, lived_here: Presence, share_column: str
) -> Answers:
    coverage = registers.manifest.covered(table.register)
    bounds = bounds_of(table.windows, index, registers)
    unobserved = {window: lived_here.observed_days(bounds[window], coverage) == 0 for window in table.windows}
    rows = visible_rows(table, index, registers)
    answers: Answers = {}
    for look in table.looks:
        seen = _seen_through(look, bounds[look.window], rows, index, table)
        answers |= _looked(look, seen, index.height, table, unobserved[look.window])
    share = lived_here.observed_share(bounds[table.longest], coverage)
    return answers | _named({share_column: share.astype(np.float32)})


def _looked(
    look: Look, seen: pl.DataFrame, height: int, table: TablePlan, unobserved: npt.NDArray[np.bool_]
) -> Answers:
    """Ask the questions of one look: one grouping of sorted rows, then one scatter a question."""
    found = _grouped(look, seen)
    window = found[WINDOW].to_numpy()
    row, group = window // table.stride, window & (table.stride - 1)
    place_of = np.zeros(len(table.groups), dtype=np.intp)
    place_of[list(look.groups)] = np.arange(len(look.groups))
    place = place_of[group] * height + row
    answers: Answers = {}
    for name, question in zip(_answer_names(look), look.questions, strict=True):
        block = np.full((len(look.groups), height), _empty(question[0]), dtype=np.float32)
        block.reshape(-1)[place] = found[name].cast(pl.Float32).to_numpy()
        block[:, np.flatnonzero(unobserved)] = np.nan
        answers |= _named({feature.column: column for feature, column in zip(question, block, strict=True)})
    return answers


def _empty(feature: EventFeature) -> float:
    return np.nan if feature.empty is None else feature.empty


def _seen_through(
    look: Look, bounds: Bounds, rows: pl.DataFrame, index: pl.DataFrame, table: TablePlan
) -> pl.DataFrame:
    row = pl.col(WINDOW) // table.stride
    in_window = bounds.meets_spells(row) if look.spells else bounds.holds_rows(row)
    group = pl.col(WINDOW) & (table.stride - 1)
    asked = [] if len(look.groups) == len(table.groups) else [group.is_in(look.groups)]
    cut = bounds.spell_bounds(row) if look.spells else ()
    return _beside_subjects(look, rows.filter(in_window, *asked).with_columns(*cut), index, table)


def _beside_subjects(look: Look, seen: pl.DataFrame, index: pl.DataFrame, table: TablePlan) -> pl.DataFrame:
    """Add what the questions use of the subject: sex, and age in days on the date of the row."""
    if not look.columns_used & {SEX, AGE_DAYS}:
        return seen
    subject = index.select(pl.col(SEX, INDEX, "birth_date").gather(seen[WINDOW] // table.stride))
    age = (subject[INDEX] - subject["birth_date"]).dt.total_days() - seen[DAYS]
    return seen.with_columns(subject[SEX], age.alias(AGE_DAYS))


def _grouped(look: Look, seen: pl.DataFrame) -> pl.DataFrame:
    """Answer each question for each window that holds a row; rows come sorted by window."""
    asking = dict(zip(_answer_names(look), (question[0] for question in look.questions), strict=True))
    answers = [feature.aggregate(pl.col(name)).alias(name) for name, feature in asking.items()]
    used = {name for answer in answers for name in answer.meta.root_names()}
    numbers = [feature.number().alias(name) for name, feature in asking.items() if name in used]
    return seen.with_columns(pl.col(WINDOW).set_sorted(), *numbers).group_by(WINDOW).agg(answers)


def _answer_names(look: Look) -> list[str]:
    return [f"answer_{number}" for number in range(len(look.questions))]
