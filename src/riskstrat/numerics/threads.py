"""One thread for each fit, and as many fits at a time as there are processors.

In: a task and what it is done with. Out: the answers in the same order, the same on any number of processors.

Threads inside of a fit wait for each other many times a second, and OpenBLAS waits by counting: on a busy machine of
two processors fits to 45,000 rows took five times the processor time of one thread. Fits share nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, partial
from threading import Lock
from typing import Final, Protocol, TypeVar

from threadpoolctl import ThreadpoolController

MOST_AT_ONCE: Final = 4
"""Tasks at a time at most: each may hold a copy of the features."""

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Map(Protocol):
    """Apply a function to each of its arguments, as the built-in `map` does."""

    def __call__(self, task: Callable[[Item], Answer], items: Iterable[Item], /) -> Iterator[Answer]:
        """Give the answers in the order of the items."""


_elsewhere: ContextVar[Map | None] = ContextVar("elsewhere", default=None)


@contextmanager
def done_elsewhere(computers: Map) -> Iterator[None]:
    """Let others, the workers of a cluster say, do meanwhile what `side_by_side` is asked for."""
    before = _elsewhere.set(computers)
    try:
        yield
    finally:
        _elsewhere.reset(before)


def elsewhere() -> Map | None:
    """Give those who do the work of this context; None where it is done here."""
    return _elsewhere.get()


def side_by_side(task: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    """Do a task with each item, one thread each, and give the answers in the order of the items.

    As many run at a time as libraries may start threads (``OMP_NUM_THREADS``, where the user has set it), at most
    `MOST_AT_ONCE`; all of them where `done_elsewhere` names others. The first error, in the order of the items, is
    raised.
    """
    if (computers := elsewhere()) is not None:
        return list(computers(partial(_alone, task), items))
    at_once = max(1, min(len(items), allowed_threads(), MOST_AT_ONCE))
    with one_thread(), ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(partial(_alone, task), items))


def _alone(task: Callable[[Item], Answer], item: Item) -> Answer:
    with one_thread():
        return task(item)


def allowed_threads() -> int:
    """How many threads the libraries may start here."""
    return max((int(library["num_threads"]) for library in _controller().info()), default=1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let OpenMP, in this thread, and BLAS, in the process, start no further threads."""
    with _blas, _controller().select(user_api="openmp").limit(limits=1):
        yield


class _OneBlasThread:
    """BLAS has one number of threads for the whole process: the first to come lowers it, the last to go restores it."""

    def __init__(self) -> None:
        self.lock, self.inside = Lock(), 0

    def __enter__(self) -> None:
        with self.lock:
            self.inside += 1
            if self.inside == 1:
                self.limit = _controller().select(user_api="blas").limit(limits=1)

    def __exit__(self, *_error: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                self.limit.restore_original_limits()


_blas = _OneBlasThread()


@cache
def _controller() -> ThreadpoolController:
    """Look for the loaded libraries once, when the first model is fitted: it takes longer than a small fit."""
    return ThreadpoolController()
