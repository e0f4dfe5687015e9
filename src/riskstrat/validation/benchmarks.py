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
from riskstrat.validation.pairs import Pairs
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
        members = dict(_with_outcomes_enough(data, labels))
        drawn = [draws.of_rows(rows) for rows in members.values()]
        tested = [data.tested(weight, rows) for rows in members.values()]
        scored = [
            replace(one, labels=replace(one.labels, risk=score[rows]), baseline=None)
            for one, rows in zip(tested, members.values(), strict=True)
        ]
        measured = {group.name: _as_ranked(group.metrics) for group in grouping.groups}
        of_model = [measured[group] for group in members] if all_have_it else _ranked(tested, drawn)
        for group, model, of_score in zip(members, of_model, _ranked(scored, drawn), strict=True):
            yield Group(
                name=benchmark_label(name, group),
                index_dates=len(members[group]),
                metrics=_compared(model, of_score),
            )


def _with_outcomes_enough(data: Assessed, labels: pl.Series) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Give groups in order, and the numbers of their rows, whose risks can be measured in full."""
    for group in labels.drop_nulls().unique().sort():
        rows = np.flatnonzero((labels == group).fill_null(value=False))
        known = data.labels.weight[rows] > 0
        had = int((known & (data.labels.outcome[rows] > 0)).sum())
        if min(had, int(known.sum()) - had) >= ENOUGH_OUTCOMES:
            yield group, rows


def _ranked(groups: Sequence[Tested], draws: Sequence[FamilyDraws]) -> list[dict[str, Estimated]]:
    """Measure of each group how well risks, and those of the baseline, order its rows out."""
    pairs = [_pairs(rows) for rows in groups]
    sums = [
        {metric: drawn.sums(found.influence) for metric, found in each.items()}
        for each, drawn in zip(pairs, draws, strict=True)
    ]
    changes = drawn_totals(sums, draws[0].counts) if draws else []
    return [
        {metric: (np.array([found.share]), found.share + change[metric]) for metric, found in each.items()}
        for each, change in zip(pairs, changes, strict=True)
    ]


def _pairs(rows: Tested) -> dict[str, Pairs]:
    found = {"auc": auc_pairs(rows.labels), "concordance": rows.concordance}
    return found if rows.baseline is None else {**found, "baseline_auc": auc_pairs(rows.baseline)}


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
