"""Where shards are answered: here one after the other, here and in worker processes, or on a Dask cluster.

In: a pure function and its arguments. Out: its results, in the order of the arguments.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process
from threading import Semaphore, Thread
from typing import Protocol, TypeVar

from riskstrat.errors import Problem, RiskstratError, UsageError
from riskstrat.extras import optional

Argument = TypeVar("Argument")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)
_THREADS = "POLARS_MAX_THREADS"
_AHEAD = 2
"""Shards that each worker has at a time: one that it answers, one that waits for it."""
_HELD = 4
"""Answers a process that may wait for an earlier one: enough that nobody idles, few enough to be held in memory."""


class Coming(Protocol[Result_co]):
    """What is used of a result that is still to come."""

    def result(self) -> Result_co:
        """Wait for it."""

    def cancel(self) -> object:
        """Give it up."""


class Run(Protocol):
    """How a function is applied to each of its arguments."""

    def __call__(self, task: Callable[[Argument], Result], arguments: Iterable[Argument], /) -> Iterator[Result]:
        """Give the results in the order of the arguments."""


@contextmanager
def running(workers: int, scheduler: str | None) -> Iterator[Run]:
    """Open the place where shards are answered, and close it again.

    Parameters
    ----------
    workers
        Processes of this machine, this one among them. Those that are started share the cores evenly.
    scheduler
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, whose workers see the registers under the same
        path and have the same version of this library.

    Raises
    ------
    UsageError
        If `workers` is not positive, both are asked for, or no scheduler answers.
    MissingExtraError
        If a scheduler is given and `distributed` is not installed.
    """
    _refuse(workers, scheduler)
    if scheduler is not None:
        with _on_cluster(scheduler) as run:
            yield run
    elif workers > 1:
        with _in_processes(workers) as run:
            yield run
    else:
        yield map


def _refuse(workers: int, scheduler: str | None) -> None:
    if workers < 1:
        raise UsageError(Problem(found=f"{workers} workers", expected="at least 1", remedy="leave it out, or raise it"))
    if workers > 1 and scheduler is not None:
        raise UsageError(
            Problem(
                found=f"{workers} workers and a scheduler",
                expected="one of them",
                remedy="leave `workers` out: the cluster has its own",
            )
        )


@contextmanager
def _in_processes(workers: int) -> Iterator[Run]:
    """Start all processes but this one: fresh, never forked ones, whose threads a fork would leave locked.

    Each is given something trivial to do at once, so that it loads the library while the caller plans its work.
    """
    others, cores = workers - 1, os.cpu_count() or 1
    with _environment(_THREADS, str(max(cores // workers, 1))):
        pool = ProcessPoolExecutor(others, mp_context=get_context("spawn"), initializer=_end_with_parent)
        with pool:
            for _ in range(others):
                pool.submit(os.getpid)
            try:
                yield partial(_in_order, partial(_offer, pool, Semaphore(_AHEAD * others)), _HELD * workers)
            except BrokenProcessPool:
                raise RiskstratError(_died("a worker process")) from None


def _offer(
    pool: ProcessPoolExecutor, room: Semaphore, task: Callable[[Argument], Result], argument: Argument
) -> Future[Result]:
    """Let a worker process answer if one has room; answer here rather than wait."""
    if room.acquire(blocking=False):
        there = pool.submit(task, argument)
        there.add_done_callback(lambda _: room.release())
        return there
    here: Future[Result] = Future()
    here.set_result(task(argument))
    return here


def _end_with_parent() -> None:
    """Let a worker process end when the one that started it was killed; it would wait for work for ever."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable for the processes that are started meanwhile; polars reads it once, when it is imported."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


@contextmanager
def _on_cluster(scheduler: str) -> Iterator[Run]:
    distributed = optional("distributed")
    try:
        connected = distributed.Client(scheduler, set_as_default=False)
    except (OSError, ValueError):
        raise UsageError(_unreachable(scheduler)) from None
    with connected as client:
        submit = partial(client.submit, pure=False)
        ahead = _AHEAD * max(sum(client.nthreads().values()), 1)
        try:
            yield partial(_in_order, submit, ahead)
        except distributed.KilledWorker:
            raise RiskstratError(_died("a worker of the cluster")) from None


def _in_order(
    submit: Callable[[Callable[[Argument], Result], Argument], Coming[Result]],
    ahead: int,
    task: Callable[[Argument], Result],
    arguments: Iterable[Argument],
) -> Iterator[Result]:
    """Keep some arguments submitted ahead of the result that is waited for."""
    waiting: deque[Coming[Result]] = deque()
    try:
        for argument in arguments:
            waiting.append(submit(task, argument))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def _unreachable(scheduler: str) -> Problem:
    return Problem(
        found=f"no scheduler at {scheduler}",
        expected="the address of a Dask scheduler that runs, such as tcp://10.0.0.1:8786",
        remedy="start it, or correct the address",
    )


def _died(who: str) -> Problem:
    return Problem(
        found=f"{who} ended before its shard was answered",
        expected="it to live, with memory for a shard",
        remedy="use smaller shards or fewer workers, and run again: finished parts of a dataset are kept",
    )
