"""A number of rows in, slices of them out, so that working memory does not grow with the number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

BLOCK_ROWS: Final = 65_536

CACHED_ROWS: Final = 4_096
"""Rows of fifty terms that stay in a processor's cache while they are passed over several times."""


def row_blocks(n: int, rows: int = BLOCK_ROWS) -> Iterator[slice]:
    """Cut n rows into consecutive blocks of at most so many.

    Examples
    --------
    >>> [(rows.start, rows.stop) for rows in row_blocks(70_000)]
    [(0, 65536), (65536, 70000)]
    """
    return (slice(start, min(start + rows, n)) for start in range(0, n, rows))
