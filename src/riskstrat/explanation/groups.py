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

from riskstrat.errors import Problem, UsageError, few
from riskstrat.errors.arguments import checked
from riskstrat.numerics.groups import Labels
from riskstrat.numerics.intervals import LEVEL

Floats = npt.NDArray[np.float64]

UNEXPLAINED = "unexplained"
"""The part that no feature accounts for: theta, and the differences between fold models' baselines."""

COMBINED = "area_and_living_conditions"

SCHEMA = MappingProxyType(
    {"group": pl.String(), "part": pl.String(), "estimate": pl.Float64(), "lower": pl.Float64(), "upper": pl.Float64()}
)


@dataclass(frozen=True, kw_only=True, eq=False)
class _People:
    """The target population: group (n,), risk (n,), baseline risk (n,) and contributions (n, families)."""

    label: pl.Series
    risk: Floats
    baseline: Floats
    parts: Floats
    families: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Means:
    """Means over each group's people, and each group's share of the target population."""

    share: Floats
    risk: Floats
    baseline: Floats
    parts: Floats


@checked
def decompose_groups(
    theta: Floats,
    groups: Sequence[str],
    labels: Labels,
    *,
    risk: Floats,
    contributions: Floats,
    families: Sequence[str],
    baseline_risk: float | Floats,
    level: float = LEVEL,
) -> pl.DataFrame:
    """Split each group's risk minus the municipality's into factor families and the unexplained rest.

    With m_i the mean predicted risk of group i and s_i its share of the people, its risk in a draw is theta_i m_i and
    the municipality's is sum_j s_j theta_j m_j. Their difference is, in every draw,

    - for each family: mean contribution in the group minus mean contribution in the population, and
    - unexplained: (theta_i - 1) m_i minus its population mean, plus mean baseline risk in the group minus in the
      population. The latter is zero with one model; where each group is scored by a model fitted without it, the
      models start from different baselines, and what differs between them is not due to any person's features.

    Parameters
    ----------
    theta
        Draws (draws, groups) of observed over expected.
    groups
        Names of the columns of theta.
    labels
        Group of each person of the target population (n,); every person belongs to one of ``groups``.
    risk
        Predicted risks (n,).
    contributions
        Contributions (n, k) in units of risk, from `on_risk_scale`: baseline risk + row sum = risk.
    families
        Names of the k columns.
    baseline_risk
        Risk (not logit) that each person's contributions start from, one for all or (n,).
    level
        Coverage of the interval.

    Returns
    -------
    polars.DataFrame
        group, part, estimate, lower, upper in units of risk, parts in the order families, then ``unexplained``. The
        estimates (means over the draws) of a group sum to its risk minus the municipality's. Only ``unexplained``
        varies over the draws; the interval of a family is null because none is claimed, not because it is certain.
        Groups without people are left out.

    Raises
    ------
    UsageError
        If shapes differ, a label is not among the groups, or contributions do not add up to the risks.

    Examples
    --------
    >>> frame = decompose_groups(
    ...     theta=np.array([[1.0, 1.2], [1.0, 1.2]]),
    ...     groups=["north", "south"],
    ...     labels=["north", "south"],
    ...     risk=np.array([0.10, 0.20]),
    ...     contributions=np.array([[-0.05], [0.05]]),
    ...     families=["living_conditions"],
    ...     baseline_risk=0.15,
    ... )
    >>> frame.filter(group="south")["estimate"].round(3).to_list()
    [0.05, 0.02]
    """
    people = _people(labels, risk, contributions, families, baseline_risk)
    means = _group_means(theta, groups, people)
    rest = _unexplained(theta, means)
    tail = (1 - level) / 2
    differences = means.parts - means.share @ means.parts
    return pl.concat(
        [
            _group_frame(name, families, differences[i], rest[:, i], tail)
            for i, name in enumerate(groups)
            if means.share[i] > 0
        ]
    )


@checked
def unexplained_draws(
    theta: Floats, groups: Sequence[str], labels: Labels, risk: Floats, baseline_risk: float | Floats = 0.0
) -> Floats:
    """Draws (draws, groups) of the part that no feature accounts for, as in `decompose_groups`.

    Added to a group's sum of family differences they are its risk minus the municipality's in every draw.

    Parameters
    ----------
    theta, groups, labels, risk, baseline_risk
        As for `decompose_groups`.

    Returns
    -------
    numpy.ndarray
        Shape (draws, groups) in units of risk; NaN for a group without people.

    Raises
    ------
    UsageError
        If shapes differ, or a label is not among the groups.

    Examples
    --------
    >>> unexplained_draws(np.array([[1.0, 1.2]]), ["a", "b"], ["a", "b"], np.array([0.1, 0.2])).round(3)
    array([[-0.02,  0.02]])
    """
    start = np.broadcast_to(np.asarray(baseline_risk, dtype=np.float64), len(risk))
    means = _group_means(theta, groups, _people(labels, risk, (risk - start)[:, None], ("all",), start))
    return np.where(means.share > 0, _unexplained(theta, means), np.nan)


def combine_parts(
    frame: pl.DataFrame, parts: Sequence[str] = ("living_conditions", "area"), name: str = COMBINED
) -> pl.DataFrame:
    """Show several families as one part, because they cannot be told apart.

    The features of an area and the living conditions of those who live there are correlated; their sum is better
    determined than either.

    Parameters
    ----------
    frame
        What `decompose_groups` returned.
    parts
        The parts to add up.
    name
        Name of the combined part.

    Returns
    -------
    polars.DataFrame
        The same columns; the combined part is where the first of its parts was, its interval null.

    Examples
    --------
    >>> frame = pl.DataFrame(
    ...     {"group": ["a"] * 3, "part": ["living_conditions", "area", "unexplained"], "estimate": [0.25, 0.5, 0.1],
    ...      "lower": [None, None, 0.0], "upper": [None, None, 0.2]}
    ... )
    >>> combine_parts(frame)["part"].to_list(), combine_parts(frame)["estimate"].to_list()
    (['area_and_living_conditions', 'unexplained'], [0.75, 0.1])
    """
    combined = frame.with_columns(part=pl.when(pl.col("part").is_in(list(parts))).then(pl.lit(name)).otherwise("part"))
    bounds = [pl.when(pl.len() == 1).then(pl.col(bound).first()).alias(bound) for bound in ("lower", "upper")]
    return combined.group_by("group", "part", maintain_order=True).agg(pl.col("estimate").sum(), *bounds)


def _people(
    labels: Labels, risk: Floats, contributions: Floats, families: Sequence[str], baseline_risk: float | Floats
) -> _People:
    return _People(
        label=pl.Series("group", np.asarray(labels).tolist(), dtype=pl.String),
        risk=np.asarray(risk, dtype=np.float64),
        baseline=np.broadcast_to(np.asarray(baseline_risk, dtype=np.float64), len(risk)),
        parts=np.asarray(contributions, dtype=np.float64),
        families=tuple(families),
    )


def _group_means(theta: Floats, groups: Sequence[str], people: _People) -> _Means:
    problems = [
        *_shape_problems(theta, groups, people),
        *_label_problems(people.label, groups),
        *_sum_problems(people),
    ]
    if problems:
        raise UsageError(*problems)
    code = people.label.replace_strict(list(groups), list(range(len(groups))), return_dtype=pl.Int64).to_numpy()
    sizes = np.bincount(code, minlength=len(groups))
    columns = np.column_stack([people.risk, people.baseline, people.parts])
    sums = np.column_stack([np.bincount(code, weights=column, minlength=len(groups)) for column in columns.T])
    means = sums / np.maximum(sizes, 1)[:, None]
    return _Means(share=sizes / len(code), risk=means[:, 0], baseline=means[:, 1], parts=means[:, 2:])


def _unexplained(theta: Floats, means: _Means) -> Floats:
    excess = (theta - 1) * means.risk
    baseline = means.baseline - means.share @ means.baseline
    return np.asarray(excess - (excess @ means.share)[:, None] + baseline, dtype=np.float64)


def _group_frame(name: str, families: Sequence[str], differences: Floats, rest: Floats, tail: float) -> pl.DataFrame:
    lower, upper = np.quantile(rest, [tail, 1 - tail])
    missing = [None] * len(families)
    return pl.DataFrame(
        {
            "group": [name] * (len(families) + 1),
            "part": [*families, UNEXPLAINED],
            "estimate": [*differences.tolist(), float(rest.mean())],
            "lower": [*missing, float(lower)],
            "upper": [*missing, float(upper)],
        },
        schema=dict(SCHEMA),
    )


def _shape_problems(theta: Floats, groups: Sequence[str], people: _People) -> list[Problem]:
    n = len(people.risk)
    shapes = {
        "theta": (theta.shape, (len(theta), len(groups))),
        "labels": (people.label.shape, (n,)),
        "contributions": (people.parts.shape, (n, len(people.families))),
    }
    return [
        Problem(
            found=f"{name} of shape {found}",
            expected=f"shape {expected}",
            remedy="pass arrays of the same people, groups and families",
        )
        for name, (found, expected) in shapes.items()
        if found != expected
    ]


def _label_problems(label: pl.Series, groups: Sequence[str]) -> list[Problem]:
    unknown = int((~label.is_in(list(groups)).fill_null(value=False)).sum())
    if not unknown:
        return []
    return [
        Problem(
            found=f"{few(unknown)} people whose group has no column in theta",
            expected="everybody in one of the groups, because the municipality is the sum of its groups",
            remedy="leave people without a group out of risks, contributions and labels alike, and count them",
        )
    ]


def _sum_problems(people: _People) -> list[Problem]:
    if people.parts.shape[:1] != people.risk.shape:
        return []
    gap = np.abs(people.baseline + people.parts.sum(axis=1) - people.risk).max(initial=0.0)
    if gap <= 1e-9:
        return []
    return [
        Problem(
            found=f"contributions that miss the risks by up to {gap:.3g}",
            expected="baseline risk + sum of contributions = risk for every person",
            remedy="pass what on_risk_scale returned for these risks",
        )
    ]
