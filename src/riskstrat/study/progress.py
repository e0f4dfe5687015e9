"""How long work says how far it has come.

In: the name of a step and a share. Out: whatever the caller does with them.
"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of the work that is done before it, 0 to 1."""


def silent(_step: str, _share: float) -> None:
    """Report nothing."""


def part_of(progress: Progress, start: float, end: float) -> Progress:
    """Tell the share of a part as a share of the whole.

    Examples
    --------
    >>> part_of(lambda step, share: print(step, share), 0.5, 1.0)("last", 0.5)
    last 0.75
    """
    return lambda step, share: progress(step, start + share * (end - start))
