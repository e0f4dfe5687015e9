"""The size of a task in, the number of threads that are worth starting for it out, and a limit of them.

Threads wait for each other many times a second. Where a pass over the data takes microseconds and other processes want
the processors too, waiting is all they do: small fits took ten times as long with two threads as with one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

from threadpoolctl import ThreadpoolController

CELLS_PER_THREAD: Final = 500_000
"""Cells of a matrix, rows x columns, that make a pass of about half a millisecond."""


def worthwhile_threads(cells: int) -> int:
    """How many threads a task over so many cells may use, at least one.

    Examples
    --------
    >>> worthwhile_threads(3_000 * 20), worthwhile_threads(100_000 * 30)
    (1, 6)
    """
    return max(1, cells // CELLS_PER_THREAD)


@contextmanager
def limited_threads(cells: int) -> Iterator[None]:
    """Let OpenMP and BLAS start no more threads than `cells` are worth; a lower number, set by the user, stays."""
    allowed, controller = worthwhile_threads(cells), _controller()
    current: dict[str, int] = {}
    for library in controller.info():
        current[library["prefix"]] = min(library["num_threads"], current.get(library["prefix"], allowed))
    with controller.limit(limits=current):
        yield


@cache
def _controller() -> ThreadpoolController:
    """Look for the loaded libraries once, when the first model is fitted: it takes longer than a small fit."""
    return ThreadpoolController()
