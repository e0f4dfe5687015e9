"""Why groups' risks differ from those of all people together, of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from riskstrat.disclosure import ProtectedRows
from riskstrat.explanation import ExplainedRisk
from riskstrat.explanation.fold_models import group_means
from riskstrat.explanation.groups import SUMS


def decompose_groups(
    theta: np.ndarray,
    groups: Sequence[str],
    labels: Sequence[str],
    *,
    why: ExplainedRisk,
    refits: np.ndarray | None = None,
    level: float = 0.95,
) -> pl.DataFrame:
    """Split the risk of each group with people as a study does, with theta (draws, groups); without sums of parts."""
    label, rows = pl.Series(labels), ProtectedRows(key=np.zeros(len(labels), dtype=np.uint64), noise=None)
    present = [name in set(labels) for name in groups]
    names = pl.Series(groups).filter(pl.Series(present))
    means, _, cell = group_means(label, names, why, rows, ())
    mean_risk = rows.means(why.risk[:, None], cell, len(names), name="risk")[0][:, 0]
    split = replace(means, refits=refits).split(
        theta[:, present] * mean_risk, np.bincount(cell), names.to_list(), level
    )
    return split.filter(~pl.col("part").is_in(SUMS))
