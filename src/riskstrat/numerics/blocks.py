"""A number of rows in, slices of them out, so that working memory does not grow with the number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

BLOCK_ROWS: Final = 65_536


def row_blocks(n: int) -> Iterator[slice]:
    """Cut n rows into consecutive blocks of at most `BLOCK_ROWS`.

    Examples
    --------
    >>> [(rows.start, rows.stop) for rows in row_blocks(70_000)]
    [(0, 65536), (65536, 70000)]
    """
    return (slice(start, min(start + BLOCK_ROWS, n)) for start in range(0, n, BLOCK_ROWS))
