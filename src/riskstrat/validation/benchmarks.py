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

from riskstrat.errors import Problem
from riskstrat.validation.assessed import Assessed
from riskstrat.validation.discrimination import auc_pairs
from riskstrat.validation.grouping import ENOUGH_OUTCOMES, EVERYBODY, Estimated, Group, row_weights
from riskstrat.validation.metrics import Tested
from riskstrat.validation.resampling import FamilyDraws, drawn_totals

BENCHMARK = "benchmark"
_PAIRED = ("auc", "concordance")


def benchmark_labels(score: NDArray[np.float64], name: str, groups: pl.Series) -> pl.Series:
    """Label the rows that have a score, ``benchmark=hfrs`` or ``benchmark=hfrs;sex=female``; null for the others.

    Examples
    --------
    >>> benchmark_labels(np.array([1.0, np.nan, 2.0]), "hfrs", pl.Series(["sex=female", "sex=female", None])).to_list()
    ['benchmark=hfrs;sex=female', None, None]
    """
    label = pl.lit(f"{BENCHMARK}={name};") + pl.Series(groups)
    return pl.select(pl.when(pl.Series(np.isfinite(score))).then(label.str.strip_suffix(f";{EVERYBODY}"))).to_series()


def benchmark_groups(
    data: Assessed, scores: Mapping[str, NDArray[np.float64]], by: Sequence[pl.Series], draws: FamilyDraws
) -> Iterator[Group]:
    """Measure each score, and the model, on the rows that have the score, overall and in each group.

    `by` are labels (n,) of groups by column, those of everybody among them. Where outcomes are too few there is none.

    ``auc`` and ``concordance`` are the score's, ``model_auc``, ``baseline_auc`` and so on those of the model and of the
    baseline, ``auc_gain`` and ``concordance_gain`` the model's minus the score's.
    """
    for (name, score), groups in product(scores.items(), by):
        labels = benchmark_labels(score, name, groups)
        weight = row_weights(data, labels.fill_null(""))
        for label in labels.drop_nulls().unique().sort():
            rows = np.flatnonzero((labels == label).fill_null(value=False))
            known = data.labels.weight[rows] > 0
            had = int((known & (data.labels.outcome[rows] > 0)).sum())
            if min(had, int(known.sum()) - had) >= ENOUGH_OUTCOMES:
                metrics = _compared(data.tested(weight, rows), score[rows], draws.of_rows(rows), draws.counts)
                yield Group(name=label, index_dates=len(rows), metrics=metrics)


def _compared(
    model: Tested, score: NDArray[np.float64], of_rows: FamilyDraws, counts: NDArray[np.float64]
) -> dict[str, Estimated]:
    """Measure a score and the model on the same rows."""
    scored = replace(model, labels=replace(model.labels, risk=score))
    pairs = {
        "auc": auc_pairs(scored.labels),
        "model_auc": auc_pairs(model.labels),
        **({} if model.baseline is None else {"baseline_auc": auc_pairs(model.baseline)}),
        "concordance": scored.concordance,
        "model_concordance": model.concordance,
    }
    sums = {metric: of_rows.sums(found.influence) for metric, found in pairs.items()}
    drawn = {metric: pairs[metric].share + change for metric, change in drawn_totals(sums, counts).items()}
    metrics = {metric: (np.array([found.share]), drawn[metric]) for metric, found in pairs.items()}
    gains = {f"{one}_gain": (metrics[f"model_{one}"], metrics[one]) for one in _PAIRED}
    return metrics | {gain: (of[0] - to[0], of[1] - to[1]) for gain, (of, to) in gains.items()}


def benchmark_problems(scores: Mapping[str, npt.ArrayLike], rows: int) -> Iterator[Problem]:
    """Say what makes scores unfit to be compared with risks."""
    for name, values in scores.items():
        found = np.asarray(values, dtype=np.float64)
        if found.shape != (rows,) or np.isinf(found).any():
            expected = f"{rows} numbers, NaN where not known"
            yield Problem(found=f"a score {name} of another shape, or infinite", expected=expected, remedy="correct it")
