"""Contributions to a risk that is a smooth function of several scores, each of which is a sum over the features.

In: the function with its gradient, where the scores start, and what each feature adds to each score. Out: contributions
on the scale of the function's values (a link), and the value that they start from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from riskstrat.errors import Problem, RiskstratError, number_of
from riskstrat.numerics.links import Link

Floats: TypeAlias = NDArray[np.float64]
Response: TypeAlias = Callable[[Floats], tuple[Floats, Floats]]
"""Scores (n, m) to values (n,) on a link's scale and their gradients by the scores, (n, m)."""

NODES: Final = (4, 8, 16, 32, 64, 128, 256)
"""Gauss-Legendre nodes on the line: rows that do not close with a few are integrated again with more."""

CLOSED: Final = 1e-8
"""Largest gap between sum of contributions and change of the value, relative to max(1, |value|)."""


def path_contributions(response: Response, start: Floats, parts: Floats) -> tuple[Floats, float]:
    """Aumann-Shapley contributions: each feature's part of the change along the straight line from `start`.

    Feature k adds parts[:, j, k] to score j. Its contribution is the sum over the scores of that part times the mean of
    the gradient along the line (integrated gradients; Sundararajan, Taly and Yan 2017; Aumann and Shapley 1974).
    """
    scores = start + parts.sum(axis=2)
    baseline = response(start[None])[0][0]
    gradient = _mean_gradient(response, start, scores, baseline)
    return np.einsum("nm,nmp->np", gradient, parts), float(baseline)


def on_link(link: Link, risk: Floats, gradient: Floats) -> tuple[Floats, Floats]:
    """Carry risks, (n,), and their gradients, (n, m), to a link's scale, as a `Response` gives them."""
    with np.errstate(divide="ignore", invalid="ignore"):
        linear = link.link(risk)
        return linear, gradient / link.derivative(linear)[:, None]


def _mean_gradient(response: Response, start: Floats, scores: Floats, baseline: float) -> Floats:
    """Mean gradient along each row's line, (n, m), by as many nodes as the row needs to close."""
    distance, gradient = scores - start, np.empty_like(scores)
    value = response(scores)[0]
    rows = np.arange(len(scores))
    for count in NODES:
        points, weights = np.polynomial.legendre.leggauss(count)
        gradient[rows] = sum(
            weight / 2 * response(start + (point + 1) / 2 * distance[rows])[1]
            for point, weight in zip(points, weights, strict=True)
        )
        gap = np.abs((gradient[rows] * distance[rows]).sum(axis=1) - (value[rows] - baseline))
        rows = rows[~(gap <= CLOSED * np.maximum(1.0, np.abs(value[rows])))]
        if not len(rows):
            return gradient
    raise RiskstratError(
        Problem(
            f"contributions that do not add up to the prediction in {len(rows)} of {number_of(len(scores), 'row')}",
            f"baseline + sum = link of the risk within {CLOSED:g} (relative)",
            "look for risks of exactly 0 or 1, and for coefficients that are very large",
        )
    )
