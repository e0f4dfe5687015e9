"""Features of a cohort: cut the index dates into shards, compute each, concatenate in the cohort's order.

In: declared features, persons with index dates, registers. Out: X, or its parts one at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count, pairwise

import numpy as np
import polars as pl

from riskstrat.declare.features import Feature
from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.features.execution import executor
from riskstrat.features.plan import Plan, SubjectPlan
from riskstrat.features.planning import plan_features
from riskstrat.features.relatives import related_columns, with_subjects
from riskstrat.features.shard import ROW_NUMBER, Part, Shard, compute_part, compute_shard
from riskstrat.features.visible_rows import SUBJECT
from riskstrat.numerics.threads import Map
from riskstrat.records.cohort import KEYS, Target
from riskstrat.registers import Registers

SHARD_PEOPLE = 40_000
Progress = Callable[[int, int], None]


@checked
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
    """Compute features from what was known of each person strictly before the index date.

    Parameters
    ----------
    features
        The declared features, such as ``condition.features``.
    cohort
        A cohort or a target population; its ``people`` give person_id, index_date and area_id.
    registers
        Where the rows are.
    shard_people
        Index dates that are computed at a time; memory follows it, the values do not depend on it.
    workers
        Processes of this machine that compute, this one among them. A script that asks for more than 1 has to begin its
        work under ``if __name__ == "__main__":``.
    scheduler
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, whose workers compute instead. They see the
        registers under the same path.
    progress
        Called with the number of shards done and of all, after each.

    Returns
    -------
    polars.DataFrame
        person_id, index_date and one Float32 column a feature, in the order of the features; then for each register and
        relative ``<register>__observed_share`` (0 to 1) of the longest window that is not "ever" and, where "ever" is
        asked, ``<register>__observed_years``, the look-back that there was; rows in the order of ``cohort.people``.
        Null where the window holds no day that the register covers and the person (or relative) lived here, where a
        relative is unknown, and where a kind has no value for an empty window; never NaN.

    Raises
    ------
    UsageError
        If features share a column or are of an unknown kind, words name nothing in the registers, people lack a column,
        `shard_people` or `workers` is not positive, both workers and a scheduler are given, or no scheduler answers.
    ContractError
        If a feature's register is not in the folder.
    MissingExtraError
        If a scheduler is given and `distributed` is not installed.

    Notes
    -----
    A row is seen if it is dated in ``[index - gap - within, index - gap)`` and was known before the index. Rows of a
    shard are read once, sorted, and grouped once a window, however many code groups there are. The values are the
    same to the last bit however index dates are divided into shards and wherever these are computed.

    Examples
    --------
    >>> from datetime import date
    >>> import riskstrat as rs
    >>> from riskstrat.declare import Age, Ever
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> target = rs.target_population(rs.conditions.load("frailty"), registers, date(2024, 1, 1))
    >>> X = rs.build_features([Age(), Ever(register="diagnoses", codes="I50", within="5y")], target, registers)
    >>> X.columns[2:]
    ['age_years', 'ever_diagnoses_I50_5y', 'diagnoses__observed_share']
    """
    with executor(workers, scheduler) as run:
        job = plan_job(features, cohort, registers, shard_people)
        whole = pl.concat([job.empty, *_parts(job, run, progress_counter(progress, job.shards))])
    return (whole if job.in_order else whole.sort(ROW_NUMBER)).drop(ROW_NUMBER)


@checked
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
    """Compute features part by part, for tables of features that are larger than memory.

    Parameters
    ----------
    features, cohort, registers, shard_people, workers, scheduler, progress
        As in `build_features`.

    Yields
    ------
    polars.DataFrame
        Some rows of X with their ``row_number`` in ``cohort.people``, sorted by person; all parts together hold each
        row once. Columns of relatives are held in memory for everybody, the others for one shard. The variable of a
        loop holds its part while the next is made.

    Raises
    ------
    UsageError, ContractError, MissingExtraError
        As `build_features`.

    Examples
    --------
    >>> from datetime import date
    >>> import riskstrat as rs
    >>> from riskstrat.declare import Age
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> target = rs.target_population(rs.conditions.load("frailty"), registers, date(2024, 1, 1))
    >>> parts = [part.height for part in feature_parts([Age()], target, registers, shard_people=10_000)]
    >>> sum(parts) == target.people.height
    True
    """
    with executor(workers, scheduler) as run:
        job = plan_job(features, cohort, registers, shard_people)
        yield from _parts(job, run, progress_counter(progress, job.shards))


@dataclass(frozen=True, eq=False)
class FeatureJob:
    """The shards to compute: those of the persons themselves, and those of their relatives.

    `people` has row_number, person_id, index_date and area_id, in the cohort's order.
    """

    plan: Plan
    people: pl.DataFrame
    own: tuple[Shard, ...]
    related: tuple[tuple[Shard, ...], ...]

    @property
    def empty(self) -> pl.DataFrame:
        """X without rows, in its schema."""
        keys = self.people.clear().select(ROW_NUMBER, *KEYS)
        return keys.with_columns(pl.lit(None, dtype=pl.Float32).alias(name) for name in self.plan.columns)

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return len([*self.own, *chain(*self.related)])

    @property
    def in_order(self) -> bool:
        """Whether the parts, one after the other, are in the order of the people."""
        return pl.concat(
            [self.people[ROW_NUMBER].clear(), *(shard.index[ROW_NUMBER] for shard in self.own)]
        ).is_sorted()

    def parts(self, related: Iterable[Iterable[pl.DataFrame]]) -> Iterator[Part]:
        """Put the columns of relatives beside the persons' own shards."""
        plans = self.plan.subjects[1:]
        columns = [related_columns(self.people, plan, parts) for plan, parts in zip(plans, related, strict=True)]
        whole = pl.concat([self.people.select(ROW_NUMBER), *columns], how="horizontal")
        return (Part(shard, whole[shard.index[ROW_NUMBER]], self.plan.columns) for shard in self.own)


def plan_job(features: Sequence[Feature], cohort: Target, registers: Registers, shard_people: int) -> FeatureJob:
    """Plan features and cut index dates into shards that `riskstrat.features.shard.compute_shard` computes alone."""
    if shard_people < 1:
        raise UsageError(Problem(f"shards of {shard_people} people", "at least 1", "leave it out, or raise it"))
    plan = plan_features(features, registers)
    people = _people(cohort).with_row_index(ROW_NUMBER)
    own, *related = (_shards(subject, people, registers, shard_people) for subject in plan.subjects)
    return FeatureJob(plan, people, own, tuple(related))


def progress_counter(progress: Progress | None, shards: int) -> Callable[[], None]:
    """Give a function to call after each shard, which reports how many are done."""
    done = count(1)

    def tick() -> None:
        if progress is not None:
            progress(next(done), shards)

    return tick


def _parts(job: FeatureJob, run: Map, tick: Callable[[], None]) -> Iterator[pl.DataFrame]:
    related = [_counted(run(compute_shard, shards), tick) for shards in job.related]
    yield from _counted(run(compute_part, job.parts(related)), tick)


def _counted(frames: Iterable[pl.DataFrame], tick: Callable[[], None]) -> Iterator[pl.DataFrame]:
    """Count frames as they come, without a variable that would hold one while the next is made."""

    def counted(frame: pl.DataFrame) -> pl.DataFrame:
        tick()
        return frame

    return map(counted, frames)


def _people(cohort: Target) -> pl.DataFrame:
    missing = [name for name in (*KEYS, "area_id") if name not in cohort.people.columns]
    UsageError.refuse(Problem("no such column", "it", "add it", table="people", column=n) for n in missing)
    return cohort.people.select(*KEYS, "area_id")


def _shards(plan: SubjectPlan, people: pl.DataFrame, registers: Registers, shard_people: int) -> tuple[Shard, ...]:
    """Cut the rows, sorted by subject, into slices that never split a subject."""
    index = with_subjects(plan.relative, people, registers)
    subjects = index[SUBJECT].to_numpy()
    firsts = subjects[np.arange(0, len(subjects), shard_people)]
    bounds = [*dict.fromkeys(np.searchsorted(subjects, firsts)), len(subjects)]
    slices = (index[start:stop] for start, stop in pairwise(bounds))
    # Only the births of a shard's own persons go with it to another process.
    return tuple(Shard(rows, plan, registers.among((rows[SUBJECT][0], rows[SUBJECT][-1]))) for rows in slices)
