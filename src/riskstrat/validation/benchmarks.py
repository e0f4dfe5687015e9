"""Published scores and predicted risks of the same rows in, how well each orders them out, with paired differences.

Only the order is judged: a score may be points, or a risk of another horizon.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, number_of
from riskstrat.validation.assessed import ENOUGH_OUTCOMES, Assessed
from riskstrat.validation.discrimination import auc_pairs
from riskstrat.validation.grouping import EVERYBODY, Estimated, Group, Grouping, labels_where, row_weights
from riskstrat.validation.metrics import Tested
from riskstrat.validation.resampling import FamilyDraws, drawn_totals

BENCHMARK = "benchmark"
_METRICS = ("auc", "model_auc", "baseline_auc", "concordance", "model_concordance", "auc_gain", "concordance_gain")


def benchmark_label(score: str, group: str) -> str:
    """Name those of a group who have a score.

    Examples
    --------
    >>> benchmark_label("hfrs", "sex=female"), benchmark_label("hfrs", "all")
    ('benchmark=hfrs;sex=female', 'benchmark=hfrs')
    """
    return f"{BENCHMARK}={score};{group}".removesuffix(f";{EVERYBODY}")


def benchmark_groups(
    data: Assessed,
    scores: Mapping[str, NDArray[np.float64]],
    groupings: Sequence[tuple[Grouping, pl.Series]],
    draws: FamilyDraws,
) -> Iterator[Group]:
    """Measure each score, and the model, on the rows that have the score, overall and in each group.

    `groupings` are those of the model, everybody among them, with the labels (n,) of their groups. Where outcomes are
    too few there is none. Where everybody has the score, the model is not measured again.

    ``auc`` and ``concordance`` are the score's, ``model_auc``, ``baseline_auc`` and so on those of the model and of the
    baseline, ``auc_gain`` and ``concordance_gain`` the model's minus the score's.
    """
    for (name, score), (grouping, groups) in product(scores.items(), groupings):
        has_score = np.isfinite(score)
        labels, all_have_it = labels_where(has_score, groups), bool(has_score.all())
        weight = grouping.weight if all_have_it else row_weights(data, labels)
        measured = {group.name: _as_ranked(group.metrics) for group in grouping.groups if all_have_it}
        for group in labels.drop_nulls().unique().sort():
            rows = np.flatnonzero((labels == group).fill_null(value=False))
            known = data.labels.weight[rows] > 0
            had = int((known & (data.labels.outcome[rows] > 0)).sum())
            if min(had, int(known.sum()) - had) >= ENOUGH_OUTCOMES:
                model, drawn = data.tested(weight, rows), draws.of_rows(rows)
                scored = replace(model, labels=replace(model.labels, risk=score[rows]), baseline=None)
                of_model = measured.get(group) or _ranked(model, drawn)
                yield Group(
                    name=benchmark_label(name, group),
                    index_dates=len(rows),
                    metrics=_compared(of_model, _ranked(scored, drawn)),
                )


def _ranked(rows: Tested, draws: FamilyDraws) -> dict[str, Estimated]:
    """Measure how well risks, and those of the baseline, order the rows out."""
    pairs = {"auc": auc_pairs(rows.labels), "concordance": rows.concordance}
    if rows.baseline is not None:
        pairs["baseline_auc"] = auc_pairs(rows.baseline)
    [change] = drawn_totals([{metric: draws.sums(found.influence) for metric, found in pairs.items()}], draws.counts)
    return {metric: (np.array([found.share]), found.share + change[metric]) for metric, found in pairs.items()}


def _as_ranked(metrics: Mapping[str, Estimated]) -> Mapping[str, Estimated]:
    """Read the same from the metrics of a group."""
    if "auc_gain" not in metrics:
        return metrics
    return {**metrics, "baseline_auc": _minus(metrics["auc"], metrics["auc_gain"])}


def _compared(model: Mapping[str, Estimated], score: Mapping[str, Estimated]) -> dict[str, Estimated]:
    """Set what was measured of a score beside that of the model and of the baseline, on the same rows."""
    gains = {f"{one}_gain": _minus(model[one], score[one]) for one in score}
    found = {**model, **score, **gains, **{f"model_{one}": model[one] for one in score}}
    return {metric: found[metric] for metric in _METRICS if metric in found}


def _minus(one: Estimated, other: Estimated) -> Estimated:
    return one[0] - other[0], one[1] - other[1]


def benchmark_problems(scores: Mapping[str, npt.ArrayLike], rows: int) -> Iterator[Problem]:
    """Say what makes scores unfit to be compared with risks."""
    for name, values in scores.items():
        found = np.asarray(values, dtype=np.float64)
        if found.shape != (rows,) or np.isinf(found).any():
            expected = f"{number_of(rows, 'number')}, NaN where not known"
            yield Problem(f"a score {name} of another shape, or infinite", expected, "correct it")
