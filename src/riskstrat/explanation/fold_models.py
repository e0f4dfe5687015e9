"""Explain the risks of people who are scored by different models, each by the one that has not seen their area.

In: recalibrated models by fold, the fold and the features of each person. Out: `ExplainedRisk`, in units of risk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import ProtectedRows
from riskstrat.errors import UsageError
from riskstrat.errors.arguments import checked
from riskstrat.explanation.contributions import OTHER, Explainable, explain
from riskstrat.explanation.groups import PartMeans, sum_problems
from riskstrat.explanation.risk_scale import Response, on_risk_scale
from riskstrat.numerics.groups import number_among
from riskstrat.numerics.intervals import PUBLISHED_LEVEL
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.explanation import FAMILIES

Floats = NDArray[np.float64]


class ExplainableModel(Protocol):
    """A fitted model and its recalibration, such as `riskstrat.recalibration.RecalibratedModel`."""

    @property
    def estimator(self) -> Explainable:
        """The model, whose contributions add up to its own risks."""

    @property
    def link(self) -> Response:
        """From the model's linear predictor to the recalibrated risk."""

    def predict_risk(self, X: pl.DataFrame) -> Floats:
        """Recalibrated risk at the horizon, (n,)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplainedRisk:
    """Recalibrated risks split into factor families: baseline risk + row sum of the contributions = risk.

    Attributes
    ----------
    risk
        Recalibrated risk of each person, (n,).
    baseline_risk
        Recalibrated risk that the person's contributions start from, (n,); one value a model.
    contributions
        Contributions by family in units of risk, (n, k).
    families
        Names of the k families.
    """

    risk: Floats
    baseline_risk: Floats
    contributions: Floats
    families: tuple[str, ...]


@checked
def explain_risk(
    models: Mapping[int, ExplainableModel], folds: NDArray[np.integer], X: pl.DataFrame, families: Mapping[str, str]
) -> ExplainedRisk:
    """Predict and explain each person's risk by the model and the recalibration of the person's fold."""
    n, names = len(folds), _in_order(models, families)
    risk, baseline_risk, contributions = np.empty(n), np.empty(n), np.zeros((n, len(names)))
    for fold in np.unique(folds):
        rows, model = np.flatnonzero(folds == fold), models[int(fold)]
        why = explain(model.estimator, X[rows], families)
        risk[rows] = model.predict_risk(X[rows])
        baseline_risk[rows] = model.link.inverse(np.array([why.baseline]))
        columns = [names.index(family) for family in why.family_names]
        parts = on_risk_scale(why.by_family(), why.baseline, risk[rows], model.link)
        contributions[rows[:, None], columns] = parts
    return ExplainedRisk(risk=risk, baseline_risk=baseline_risk, contributions=contributions, families=names)


def contributions_of_each(
    models: Mapping[int, ExplainableModel], X: pl.DataFrame, families: Mapping[str, str]
) -> Iterator[NDArray[np.floating]]:
    """Contributions (n, k) of everybody by one model after the other, columns as those of `explain_risk`."""
    names, nobody = _in_order(models, families), np.zeros(X.height, dtype=np.intp)
    for model in models.values():
        found = explain_risk({0: model}, nobody, X, families)
        # Half of the memory: only their spread is read.
        yield found.contributions[:, [found.families.index(name) for name in names]].astype(np.float32)


@checked
def decompose_areas(
    areas: AreaEstimates,
    label: pl.Series,
    why: ExplainedRisk,
    protected: ProtectedRows | None = None,
    refits: Iterable[NDArray[np.floating]] = (),
) -> pl.DataFrame:
    """Split each area's risk minus the municipality's into factor families and what they do not explain.

    People without an estimated area are left out. With `protected` each area is as many people as the estimates say,
    all with their protected mean risk and mean contributions, so moved that they add up to it (each family in
    proportion to the square of its range). `refits` are contributions (n, k) by models that each left a part of the
    training data out. After the parts of each area stand sums with intervals of their own: where there are both,
    ``living_conditions_and_area``, then ``beyond_age_sex`` and ``total``.
    """
    people, groups = areas.table["target_people"].to_numpy(), areas.groups.to_series().to_list()
    means = area_means(areas, label, why, protected, refits)
    return means.split(areas.draws.risk, people, groups, PUBLISHED_LEVEL)


def area_means(
    areas: AreaEstimates,
    label: pl.Series,
    why: ExplainedRisk,
    protected: ProtectedRows | None = None,
    refits: Iterable[NDArray[np.floating]] = (),
) -> PartMeans:
    """Mean contributions in each area, as `decompose_areas` splits them."""
    UsageError.refuse(sum_problems(why.risk, why.baseline_risk, why.contributions))
    rows = protected or ProtectedRows(key=np.zeros(len(label), dtype=np.uint64), noise=None)
    means, reach, cell = group_means(label, areas.groups.to_series(), why, rows, refits)
    if rows.noise is None:
        return means
    return replace(means, parts=means.parts + _missing(areas, cell, why, means.parts)[:, None] * _weight(reach))


def group_means(
    label: pl.Series, names: pl.Series, why: ExplainedRisk, rows: ProtectedRows, refits: Iterable[NDArray[np.floating]]
) -> tuple[PartMeans, Floats, NDArray[np.intp]]:
    """Mean contributions of the groups of these names, the range of each family, and the group of each row, or -1."""
    cell = number_among(label, names)
    parts, reach = rows.means(why.contributions, cell, len(names), name="reason")
    again = [rows.means(each.astype(np.float64), cell, len(names), name="reason")[0] for each in refits]
    return PartMeans(families=why.families, parts=parts, refits=np.stack(again) if again else None), reach, cell


def _missing(areas: AreaEstimates, cell: NDArray[np.integer], why: ExplainedRisk, parts: Floats) -> Floats:
    """Measure what is between each area's protected mean risk and the baseline with its protected parts, (areas,)."""
    risk = (
        areas.cases_draws[0] / (areas.level[0] * areas.draws.unexplained[0]) / areas.table["target_people"].to_numpy()
    )
    inside = cell >= 0
    baseline = np.bincount(cell[inside], why.baseline_risk[inside]) / np.bincount(cell[inside])
    return np.asarray(risk - baseline - parts.sum(axis=1))


def _weight(reach: Floats) -> Floats:
    """Share of each family in what parts are moved by: in proportion to the square of its range."""
    weight = reach**2 if reach.any() else np.ones(len(reach))
    return np.asarray(weight / weight.sum())


def _in_order(models: Mapping[int, ExplainableModel], families: Mapping[str, str]) -> tuple[str, ...]:
    """Families in the order in which they are shown, those of other names last."""
    features = {feature for model in models.values() for feature in model.estimator.features_}
    named = {*families.values(), *(families.get(feature, OTHER) for feature in features)}
    return (*(family for family in FAMILIES if family in named), *sorted(named - set(FAMILIES)))
