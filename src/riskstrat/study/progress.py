"""How long work says how far it has come.

In: the name of a step and a share. Out: whatever the caller does with them.
"""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with what is being done and the share of the work that is done before it, 0 to 1."""


def silent(_step: str, _share: float) -> None:
    """Report nothing."""
