"""BYM2 at growing numbers of areas: CPU seconds, and the peak memory of the process.

``python benchmarks/smoothing.py`` prints one line a size and fails where 6,160 areas and 2,000 draws take more than 15
CPU seconds or 1 GiB (docs/performance.md).
"""

import resource
import sys
import time

import numpy as np

from riskstrat.areas import Neighbours, smooth

SIZES = ((16, 16), (40, 39), (78, 79))
"""Rows and columns of made-up maps; the last has as many areas as Sweden has DeSO."""
SECONDS, GIBIBYTES = 15.0, 1.0


def grid(rows: int, columns: int) -> Neighbours:
    """Areas in a grid, with the borders of a map: six neighbours each."""
    at = np.arange(rows * columns).reshape(rows, columns)
    borders = ((at[:-1], at[1:]), (at[:, :-1], at[:, 1:]), (at[:-1, :-1], at[1:, 1:]))
    pairs = np.vstack([np.column_stack([one.ravel(), other.ravel()]) for one, other in borders])
    return Neighbours(areas=tuple(map(str, at.ravel().tolist())), pairs=pairs)


def main() -> int:
    """Measure each size; 1 where the largest misses a bar."""
    for rows, columns in SIZES:
        neighbours, random = grid(rows, columns), np.random.default_rng(0)
        n = rows * columns
        expected = random.gamma(4, 3, n)
        observed = random.poisson(expected * np.exp(random.normal(0, 0.3, n)))
        began = time.process_time()
        smooth(observed, expected, "bym2", neighbours).draws(2000)
        seconds = time.process_time() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{n:>6} areas  {seconds:6.1f} CPU s  peak {peak:.2f} GiB")
    return int(seconds > SECONDS or peak > GIBIBYTES)


if __name__ == "__main__":
    sys.exit(main())
