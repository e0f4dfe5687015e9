"""Memory that is freed is given back to the system."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import numpy as np
import pytest

from riskstrat.cli.memory import give_back_memory

needs_glibc = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="only glibc keeps freed pages and can return them",
)


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096 / 2**20


@needs_glibc
def test_pages_that_were_freed_among_what_stays_are_returned() -> None:
    arrays = [np.ones(12_500) for _ in range(2_000)]  # 100 kB each: below the size that glibc maps on its own
    kept = arrays[::100]
    del arrays
    before = resident_mib()
    give_back_memory()
    assert before - resident_mib() > 100
    assert all(array.sum() == 12_500 for array in kept)
