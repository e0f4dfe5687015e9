"""Features of a cohort: cut the people into shards, answer each, put the answers together in the cohort's order.

In: declared features, people with index dates, registers. Out: X, or its parts one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, pairwise

import numpy as np
import polars as pl

from riskstrat.declare.features import Feature
from riskstrat.errors import Problem, UsageError
from riskstrat.features.plan import plan_features
from riskstrat.features.questions import KEYS, Plan, SubjectPlan
from riskstrat.features.relatives import beside_people, with_subjects
from riskstrat.features.rows import SUBJECT
from riskstrat.features.running import Run, running
from riskstrat.features.shard import PLACE, Part, Shard, answer, part_of
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers

SHARD_PEOPLE = 40_000
Progress = Callable[[int, int], None]


def build_features(
    features: Sequence[Feature],
    cohort: Target,
    registers: Registers,
    *,
    shard_people: int = SHARD_PEOPLE,
    workers: int = 1,
    scheduler: str | None = None,
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
    workers
        Processes of this machine that answer, this one among them. A script that asks for more than 1 has to begin its
        work under ``if __name__ == "__main__":``.
    scheduler
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, whose workers answer instead. They see the
        registers under the same path.
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
        If features share a column or are of an unknown kind, codes cannot be read, people lack a column,
        `shard_people` or `workers` is not positive, both workers and a scheduler are asked for, or none answers there.
    ContractError
        If a feature's register is not in the folder.
    MissingExtraError
        If a scheduler is given and `distributed` is not installed.

    Notes
    -----
    A row is seen if it is dated in ``[index - gap - within, index - gap)`` and was known before the index. Rows of a
    shard are read once, sorted, and grouped once a window, however many groups of codes are asked for. The answers are
    the same to the last bit however they are divided and whoever gives them.
    """
    with running(workers, scheduler) as run:
        work = work_of(features, cohort, registers, shard_people)
        whole = pl.concat([work.empty, *_parts(work, run, tally(progress, work.shards))])
    return (whole if work.in_order else whole.sort(PLACE)).drop(PLACE)


def feature_parts(
    features: Sequence[Feature],
    cohort: Target,
    registers: Registers,
    *,
    shard_people: int = SHARD_PEOPLE,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Iterator[pl.DataFrame]:
    """Answer part by part, for tables of features that are larger than memory.

    Parameters
    ----------
    features, cohort, registers, shard_people, workers, scheduler, progress
        As in `build_features`.

    Yields
    ------
    polars.DataFrame
        Some rows of X with their ``place`` in ``cohort.people``, sorted by person; all parts together hold each row
        once. What relatives answer is held in memory for everybody, the rest for one shard. The variable of a loop
        holds its part while the next is made.

    Raises
    ------
    UsageError, ContractError, MissingExtraError
        As `build_features`.
    """
    with running(workers, scheduler) as run:
        work = work_of(features, cohort, registers, shard_people)
        yield from _parts(work, run, tally(progress, work.shards))


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

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return len([*self.own, *chain(*self.related)])

    @property
    def in_order(self) -> bool:
        """Whether the parts, one after the other, are in the order of the people."""
        return pl.concat([self.people[PLACE].clear(), *(shard.index[PLACE] for shard in self.own)]).is_sorted()

    def parts(self, related: Iterable[Iterable[pl.DataFrame]]) -> Iterator[Part]:
        """Put what the relatives have answered beside the people's own shards."""
        plans = self.plan.subjects[1:]
        beside = [beside_people(self.people, plan, answers) for plan, answers in zip(plans, related, strict=True)]
        whole = pl.concat([self.people.select(PLACE), *beside], how="horizontal")
        return (Part(shard, whole[shard.index[PLACE]], self.plan.columns) for shard in self.own)


def work_of(features: Sequence[Feature], cohort: Target, registers: Registers, shard_people: int) -> Work:
    """Plan what is to be done and cut it into shards, each of which `riskstrat.features.shard.answer` answers alone."""
    _refuse_size(shard_people)
    plan = plan_features(features, registers)
    people = _people(cohort).with_row_index(PLACE)
    own, *related = (_shards(subject, people, registers, shard_people) for subject in plan.subjects)
    return Work(plan, people, own, tuple(related))


def tally(progress: Progress | None, shards: int) -> Callable[[], None]:
    """Count shards as they are done, and tell."""
    done = count(1)

    def tick() -> None:
        if progress is not None:
            progress(next(done), shards)

    return tick


def _parts(work: Work, run: Run, tick: Callable[[], None]) -> Iterator[pl.DataFrame]:
    related = [_counted(run(answer, shards), tick) for shards in work.related]
    yield from _counted(run(part_of, work.parts(related)), tick)


def _counted(answers: Iterable[pl.DataFrame], tick: Callable[[], None]) -> Iterator[pl.DataFrame]:
    """Count answers as they come, without a name that would hold one while the next is made."""

    def counted(answer: pl.DataFrame) -> pl.DataFrame:
        tick()
        return answer

    return map(counted, answers)


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
    index = with_subjects(plan.relative, people, registers)
    subjects = index[SUBJECT].to_numpy()
    firsts = subjects[np.arange(0, len(subjects), shard_people)]
    bounds = [*dict.fromkeys(np.searchsorted(subjects, firsts)), len(subjects)]
    return tuple(_shard(index[start:stop], plan, registers) for start, stop in pairwise(bounds))


def _shard(index: pl.DataFrame, plan: SubjectPlan, registers: Registers) -> Shard:
    """Give a shard only the births of its own people, which go with it to another process."""
    return Shard(index, plan, registers.among((index[SUBJECT][0], index[SUBJECT][-1])))
