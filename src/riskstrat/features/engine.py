"""Features of a cohort: cut the people into shards, answer each, put the answers together in the cohort's order.

In: declared features, people with index dates, registers. Out: X, or its parts one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

import numpy as np
import polars as pl

from riskstrat.declare.features import Feature, Relative
from riskstrat.errors import Problem, UsageError
from riskstrat.features.plan import plan_features
from riskstrat.features.questions import KEYS, Plan, SubjectPlan
from riskstrat.features.rows import SUBJECT
from riskstrat.features.shard import PLACE, Shard, answer
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers

SHARD_PEOPLE = 50_000
Progress = Callable[[int, int], None]


def build_features(
    features: Sequence[Feature],
    cohort: Target,
    registers: Registers,
    *,
    shard_people: int = SHARD_PEOPLE,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Answer what was known of each person strictly before the index date.

    Parameters
    ----------
    features
        What is asked, such as ``condition.features``.
    cohort
        A cohort or a target population; its ``people`` give person_id, index_date and area_id.
    registers
        Where the answers are.
    shard_people
        Index dates that are answered at a time; memory follows it, the answers do not depend on it.
    progress
        Called with the number of shards done and of all, after each.

    Returns
    -------
    polars.DataFrame
        person_id, index_date and one Float32 column a feature, in the order of the features, then
        ``<register>__observed_share`` (0 to 1) for each register and relative; rows in the order of ``cohort.people``.
        Null where the window holds no day that the register covers and the person (or relative) lived here, where a
        relative is unknown, and where a kind has no answer for an empty window; never NaN.

    Raises
    ------
    UsageError
        If features share a column or are of an unknown kind, codes cannot be read, people lack a column, or
        `shard_people` is not positive.
    ContractError
        If a feature's register is not in the folder.

    Notes
    -----
    A row is seen if it is dated in ``[index - gap - within, index - gap)`` and was known before the index. Rows of a
    shard are read once, sorted, and grouped once a window, however many groups of codes are asked for.
    """
    work = work_of(features, cohort, registers, shard_people)
    whole = pl.concat([work.empty, *_parts(work, progress)], how="vertical")
    ordered = whole if whole[PLACE].is_sorted() else whole.sort(PLACE)
    return ordered.drop(PLACE)


def feature_parts(
    features: Sequence[Feature],
    cohort: Target,
    registers: Registers,
    *,
    shard_people: int = SHARD_PEOPLE,
    progress: Progress | None = None,
) -> Iterator[pl.DataFrame]:
    """Answer part by part, for tables of features that are larger than memory.

    Parameters
    ----------
    features, cohort, registers, shard_people, progress
        As in `build_features`.

    Yields
    ------
    polars.DataFrame
        Some rows of X with their ``place`` in ``cohort.people``, sorted by person; all parts together hold each row
        once. What relatives answer is held in memory for everybody, the rest for one shard.

    Raises
    ------
    UsageError, ContractError
        As `build_features`.
    """
    yield from _parts(work_of(features, cohort, registers, shard_people), progress)


@dataclass(frozen=True, eq=False)
class Work:
    """Everything that is to be done: the shards of the people themselves, and of their relatives.

    Attributes
    ----------
    plan
        What is asked.
    people
        place, person_id, index_date, area_id: a row for each answer, in the cohort's order.
    own, related
        The shards.
    """

    plan: Plan
    people: pl.DataFrame
    own: tuple[Shard, ...]
    related: tuple[tuple[Shard, ...], ...]

    @property
    def empty(self) -> pl.DataFrame:
        """X without rows, in its schema."""
        keys = self.people.clear().select(PLACE, *KEYS)
        return keys.with_columns(pl.lit(None, dtype=pl.Float32).alias(name) for name in self.plan.columns)


def work_of(features: Sequence[Feature], cohort: Target, registers: Registers, shard_people: int) -> Work:
    """Plan what is to be done and cut it into shards, each of which `riskstrat.features.shard.answer` answers alone."""
    _refuse_size(shard_people)
    plan = plan_features(features, registers)
    people = _people(cohort).with_row_index(PLACE)
    own, *related = (_shards(subject, people, registers, shard_people) for subject in plan.subjects)
    return Work(plan, people, own, tuple(related))


def _people(cohort: Target) -> pl.DataFrame:
    missing = [name for name in (*KEYS, "area_id") if name not in cohort.people.columns]
    if missing:
        raise UsageError(
            *(
                Problem(found="no such column", expected="it", remedy="add it", table="people", column=n)
                for n in missing
            )
        )
    return cohort.people.select(*KEYS, "area_id")


def _refuse_size(shard_people: int) -> None:
    if shard_people < 1:
        raise UsageError(
            Problem(found=f"shards of {shard_people} people", expected="at least 1", remedy="leave it out, or raise it")
        )


def _shards(plan: SubjectPlan, people: pl.DataFrame, registers: Registers, shard_people: int) -> tuple[Shard, ...]:
    """Cut the rows, sorted by subject, into slices that never split a subject."""
    index = _with_subjects(plan.relative, people, registers).sort(SUBJECT, PLACE)
    subjects = index[SUBJECT].to_numpy()
    firsts = subjects[np.arange(0, len(subjects), shard_people)]
    bounds = [*dict.fromkeys(np.searchsorted(subjects, firsts)), len(subjects)]
    return tuple(Shard(index[start:stop], plan, registers) for start, stop in pairwise(bounds))


def _with_subjects(relative: Relative | None, people: pl.DataFrame, registers: Registers) -> pl.DataFrame:
    """Say whose rows answer: the person's own, or the relative's; rows without a known relative are left out."""
    if relative is None:
        return people.rename({"person_id": SUBJECT})
    known = registers.scan("persons").select("person_id", pl.col(f"{relative}_id").alias(SUBJECT)).drop_nulls()
    return people.lazy().join(known, on="person_id").drop("person_id").collect()


def _parts(work: Work, progress: Progress | None) -> Iterator[pl.DataFrame]:
    answers = _answered([*chain(*work.related), *work.own], progress)
    relatives = [
        _everybody(work.people, subject.columns, islice(answers, len(shards)))
        for subject, shards in zip(work.plan.subjects[1:], work.related, strict=True)
    ]
    for own in answers:
        places = own[PLACE]
        beside = [own.drop(PLACE), *(relative[places] for relative in relatives)]
        columns = pl.concat(beside, how="horizontal").select(work.plan.columns)
        yield work.people[places].select(PLACE, *KEYS).hstack(columns)


def _answered(shards: Sequence[Shard], progress: Progress | None) -> Iterator[pl.DataFrame]:
    for done, shard in enumerate(shards, start=1):
        yield answer(shard)
        if progress is not None:
            progress(done, len(shards))


def _everybody(people: pl.DataFrame, columns: Sequence[str], answers: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Put what a kind of relative answers beside all people, null where none is known."""
    empty = pl.DataFrame(schema={PLACE: people.schema[PLACE], **dict.fromkeys(columns, pl.Float32)})
    known = pl.concat([empty, *answers])
    return people.select(PLACE).join(known, on=PLACE, how="left", maintain_order="left").drop(PLACE)
