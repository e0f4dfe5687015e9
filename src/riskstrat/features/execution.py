"""Where shards are computed: here one after the other, here and in worker processes, or on a Dask cluster.

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
from typing import TypeVar

from riskstrat.errors import Problem, RiskstratError, UsageError
from riskstrat.extras import optional
from riskstrat.numerics.threads import Map, done_elsewhere, elsewhere

Argument = TypeVar("Argument")
Result = TypeVar("Result")
_THREADS = "POLARS_MAX_THREADS"
_SUBMITTED_PER_WORKER = 2
"""Shards that each worker has at a time: one that it computes, one in its queue."""
_WAITING_PER_PROCESS = 4
"""Results a process that may wait for an earlier one: enough that no worker idles, few enough to be held in memory."""


@contextmanager
def executor(workers: int, scheduler: str | None) -> Iterator[Map]:
    """Start the processes that compute shards, or connect to a cluster, and end them afterwards.

    `workers` are processes of this machine, this one among them, which share the cores evenly. A Dask scheduler, such
    as ``tcp://10.0.0.1:8786``, has workers that see the registers under the same path and have this version of the
    library. With neither it is whoever does the work of this context (`riskstrat.numerics.threads.done_elsewhere`).
    """
    _refuse(workers, scheduler)
    if scheduler is not None:
        with _on_cluster(scheduler) as distributed_map:
            yield distributed_map
    elif workers > 1:
        with _in_processes(workers) as distributed_map:
            yield distributed_map
    else:
        yield elsewhere() or map


@contextmanager
def computed_on(scheduler: str | None) -> Iterator[None]:
    """Let the workers of a Dask cluster compute shards and fit folds meanwhile; this process where it is None.

    Examples
    --------
    >>> with computed_on(None), executor(workers=1, scheduler=None) as run:
    ...     run is map
    True
    """
    if scheduler is None:
        yield
        return
    with _on_cluster(scheduler) as computers, done_elsewhere(computers):
        yield


def _refuse(workers: int, scheduler: str | None) -> None:
    if workers < 1:
        raise UsageError(Problem(f"{workers} workers", "at least 1", "leave it out, or raise it"))
    if workers > 1 and scheduler is not None:
        raise UsageError(
            Problem(f"{workers} workers and a scheduler", "one of them", "leave `workers` out: the cluster has its own")
        )


@contextmanager
def _in_processes(workers: int) -> Iterator[Map]:
    """Start all processes but this one by spawning, since a fork would leave the locks of threads held.

    Each is given a trivial task at once, so that it loads the library while the caller plans its shards.
    """
    others, cores = workers - 1, os.cpu_count() or 1
    with _environment(_THREADS, str(max(cores // workers, 1))):
        pool = ProcessPoolExecutor(others, mp_context=get_context("spawn"), initializer=_end_with_parent)
        with pool:
            for _ in range(others):
                pool.submit(os.getpid)
            try:
                yield partial(
                    _map_in_order,
                    partial(_submit_or_compute, pool, Semaphore(_SUBMITTED_PER_WORKER * others)),
                    _WAITING_PER_PROCESS * workers,
                )
            except BrokenProcessPool:
                raise RiskstratError(_died("a worker process")) from None


def _submit_or_compute(
    pool: ProcessPoolExecutor, free: Semaphore, task: Callable[[Argument], Result], argument: Argument
) -> Future[Result]:
    """Submit to a worker process if one is free; compute in this process rather than wait."""
    if free.acquire(blocking=False):
        submitted = pool.submit(task, argument)
        submitted.add_done_callback(lambda _: free.release())
        return submitted
    computed: Future[Result] = Future()
    computed.set_result(task(argument))
    return computed


def _end_with_parent() -> None:
    """End a worker process when the one that started it is killed; it would wait for work for ever."""
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
def _on_cluster(scheduler: str) -> Iterator[Map]:
    distributed = optional("distributed")
    # Dask would warn of tasks above 10 MB, but a fold takes its rows along: what is scattered dies with its worker.
    optional("dask.config").set({"distributed.admin.large-graph-warning-threshold": "100GB"})
    try:
        connected = distributed.Client(scheduler, set_as_default=False)
    except (OSError, ValueError):
        raise UsageError(
            Problem(
                f"no scheduler at {scheduler}",
                "the address of a Dask scheduler that runs, such as tcp://10.0.0.1:8786",
                "start it, or correct the address",
            )
        ) from None
    with connected as client:
        submit = partial(client.submit, pure=False)
        ahead = _SUBMITTED_PER_WORKER * max(sum(client.nthreads().values()), 1)
        try:
            yield partial(_map_in_order, submit, ahead)
        except distributed.KilledWorker:
            raise RiskstratError(_died("a worker of the cluster")) from None


def _map_in_order(
    submit: Callable[[Callable[[Argument], Result], Argument], Future[Result]],
    ahead: int,
    task: Callable[[Argument], Result],
    arguments: Iterable[Argument],
) -> Iterator[Result]:
    """Give results in the order of the arguments, with at most `ahead` of them submitted and not given yet."""
    waiting: deque[Future[Result]] = deque()
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


def _died(who: str) -> Problem:
    return Problem(
        f"{who} ended before its shard was computed",
        "it to live, with memory for a shard",
        "use smaller shards or fewer workers, and run again: finished parts of a dataset are kept",
    )
