"""Times in, the same times out, equal where they differ by rounding alone."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

TOLERANCE: Final = float(np.sqrt(np.finfo(np.float64).eps))


def tied_times(*times: npt.ArrayLike) -> list[NDArray[np.float64]]:
    """Make times equal that follow each other by less than the tolerance, absolute or relative to their mean.

    The rule of R's survival (``timefix``; Therneau, "Roundoff error and tied times"): 0.3 and 0.1 + 0.2 are one time,
    the earlier. All arrays are looked at together, so that they can be compared with each other afterwards.
    """
    arrays = [np.asarray(values, dtype=np.float64) for values in times]
    if all((values == np.rint(values)).all() and values.max(initial=0) < 1 / TOLERANCE for values in arrays):
        return arrays
    every = np.unique(np.concatenate([values.ravel() for values in arrays]))
    tied = np.diff(every) <= TOLERANCE * max(1.0, float(np.abs(every).mean()))
    if not tied.any():
        return arrays
    first = every[np.r_[True, ~tied]]
    return [first[np.searchsorted(first, values, side="right") - 1] for values in arrays]
