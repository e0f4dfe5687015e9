"""Why is a group's risk higher or lower than the municipality's: parts that add up exactly.

In: draws of theta (observed over expected), and risks and contributions of the target population in units of risk.
Out: a frame with one row a group and part, in units of risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.errors import Problem
from riskstrat.errors.arguments import checked
from riskstrat.numerics.intervals import LEVEL
from riskstrat.records.explanation import ALIKE

Floats = npt.NDArray[np.float64]

UNEXPLAINED = "unexplained"
"""The part that no feature accounts for: theta, and the differences between fold models' baselines."""

AGE_SEX = "age_sex"
SUMS = ("living_conditions_and_area", "beyond_age_sex", "total")
"""Sums of the parts: of the families that are alike, of all but age and sex, and of all."""

FEWEST_REFITS = 5
"""With fewer, how far families vary cannot be told from refits."""

SCHEMA = MappingProxyType(
    {"group": pl.String(), "part": pl.String(), "estimate": pl.Float64(), "lower": pl.Float64(), "upper": pl.Float64()}
)


@checked
def part_draws(
    risk: Floats, people: npt.NDArray[np.integer], contributions: Floats, refits: Floats | None = None, *, seed: int = 0
) -> Floats:
    """Split each group's risk minus that of all groups together, draw by draw, so that the parts sum to it.

    In every draw a family's part is its mean contribution in the group minus that among everybody, plus what other
    training data would have made of it; the rest of the difference is unexplained: theta, and the differences between
    baselines of models. How far families vary is the delete-a-group jackknife of `refits`, R models that each left out
    one part of the data: the deviations of their differences from their mean, times sqrt((R - 1) / R) and a
    t-distributed number of R - 1 degrees of freedom for each, the same for all groups and families, so that the
    draws have the correlations of the refits.

    References
    ----------
    Kott, Journal of Official Statistics 2001;17:521 (the delete-a-group jackknife).
    """
    share = people / people.sum()
    whole = risk - (risk @ share)[:, None]
    families = np.broadcast_to(contributions - share @ contributions, (len(risk), *contributions.shape)) + _variation(
        refits, share, len(risk), seed
    )
    return np.concatenate([families, (whole - families.sum(axis=2))[:, :, None]], axis=2)


def _enough(refits: Floats | None) -> bool:
    return refits is not None and len(refits) >= FEWEST_REFITS


def _variation(refits: Floats | None, share: Floats, draws: int, seed: int) -> Floats | float:
    """Draws (draws, groups, families) around nothing, whose mean is nothing."""
    if refits is None or not _enough(refits):
        return 0.0
    count = len(refits)
    differences = refits - np.tensordot(share, refits, axes=(0, 1))[:, None]
    random = np.random.default_rng([seed, 2])
    drawn = random.standard_normal((draws, count)) * np.sqrt((count - 1) / random.chisquare(count - 1, (draws, 1)))
    drawn = (drawn - drawn.mean(axis=0)) * np.sqrt((count - 1) / count)
    return np.asarray(np.tensordot(drawn, differences - differences.mean(axis=0), axes=1))


@dataclass(frozen=True, kw_only=True, eq=False)
class PartMeans:
    """Mean contributions of groups by factor family, in units of risk.

    Attributes
    ----------
    families
        Names of the k families.
    parts
        Shape (groups, k).
    refits
        The same by models that each left a part of the training data out, (refits, groups, k); None without any.
    """

    families: tuple[str, ...]
    parts: Floats
    refits: Floats | None = None

    def summed(self, weight: Floats) -> PartMeans:
        """Bring groups together, by their weight (new groups, groups) in each, whose rows sum to 1."""
        refits = None if self.refits is None else np.tensordot(self.refits, weight, axes=(1, 1)).swapaxes(1, 2)
        return PartMeans(families=self.families, parts=weight @ self.parts, refits=refits)

    def split(
        self, risk: Floats, people: npt.NDArray[np.integer], groups: Sequence[str], level: float = LEVEL
    ) -> pl.DataFrame:
        """Means and intervals of `part_draws`, in units of risk; after the parts of each group `SUMS`."""
        draws, parts = part_draws(risk, people, self.parts, self.refits), [*self.families, UNEXPLAINED]
        sums = _sums(parts)
        added = [draws[:, :, of].sum(axis=2, keepdims=True) for of in sums.values()]
        draws, parts, tail = np.concatenate([draws, *added], axis=2), [*parts, *sums], (1 - level) / 2
        bounds = np.quantile(draws, [tail, 1 - tail], axis=0)
        if not _enough(self.refits):
            bounds[:, :, [part in (*self.families, SUMS[0]) for part in parts]] = np.nan
        values = zip(("estimate", "lower", "upper"), (draws.mean(axis=0), *bounds), strict=True)
        return pl.DataFrame(
            {
                "group": np.repeat(np.array(groups, dtype=object), draws.shape[2]),
                "part": parts * len(groups),
                **{name: one.ravel() for name, one in values},
            },
            schema=dict(SCHEMA),
        ).with_columns(pl.col("lower", "upper").fill_nan(None))


def _sums(parts: Sequence[str]) -> dict[str, list[int]]:
    """Numbers of the parts that each of `SUMS` adds up; the first is told where both of its families are."""
    added = (set(ALIKE), {*parts} - {AGE_SEX}, {*parts})
    return {
        name: [number for number, part in enumerate(parts) if part in of]
        for name, of in zip(SUMS, added, strict=True)
        if of <= {*parts}
    }


def sum_problems(risk: Floats, baseline: Floats, parts: Floats) -> list[Problem]:
    """Say where the contributions of people do not add up to their risks."""
    if parts.shape[:1] != risk.shape:
        return []
    gap = np.abs(baseline + parts.sum(axis=1) - risk).max(initial=0.0)
    if gap <= 1e-9:
        return []
    return [
        Problem(
            f"contributions that miss the risks by up to {gap:.3g}",
            "baseline risk + sum of contributions = risk for every person",
            "pass what on_risk_scale returned for these risks",
        )
    ]
