"""What models of hazards refuse alike: penalties that are none, and coefficients that the data do not determine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from riskstrat.errors import ContractError, DesignError, Problem
from riskstrat.numerics.partial_likelihood import Fit


def check_penalty(penalty: float) -> None:
    """Raise a ContractError where a penalty is not a number of 0 or more."""
    if not (np.isfinite(penalty) and penalty >= 0):
        found = f"a penalty of {penalty}"
        raise ContractError(Problem(found=found, expected="a number of 0 or more", remedy="give 0 for none"))


def refuse_separation(labels: Sequence[str], fit: Fit) -> None:
    """Raise a DesignError that names coefficients which grow without end, or which no data tell apart."""
    DesignError.refuse(_separation_problems(np.array(labels, dtype=object), fit))


def _separation_problems(labels: NDArray[np.object_], fit: Fit) -> Iterator[Problem]:
    if fit.undetermined.any():
        yield Problem(
            found=f"terms that no data tell apart: {', '.join(labels[fit.undetermined])}",
            expected="terms that differ among those at risk (within strata) and are no sums of one another",
            remedy="leave one of them out, or give a penalty above 0",
        )
    elif fit.endless.any():
        yield Problem(
            found=f"coefficients without an end: {', '.join(labels[fit.endless])} (separation: some values have all or "
            "none of the events, or have them all before the others)",
            expected="events on both sides of every column, also within combinations of columns",
            remedy="leave the column out, join its values with others, or give a penalty above 0",
        )
