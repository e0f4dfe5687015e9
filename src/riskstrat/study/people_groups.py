"""Groups of people wherever they live: each cross of the settings, and each subgroup of persons alone.

In: `StudyData`, the areas and the risks that they were made from. Out: `PeopleGroups`, or why there are none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas import inequality
from riskstrat.areas.pooled import pool_groups
from riskstrat.areas.strata import REST
from riskstrat.declare import AreaFact, LocalisedText
from riskstrat.errors import DesignError
from riskstrat.numerics.intervals import interval_columns
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.levels import PeopleGroups
from riskstrat.records.omission import Omission, too_few_people
from riskstrat.study.data import StudyData
from riskstrat.study.evaluation import target_with_subgroups, with_subgroups
from riskstrat.study.recalibration import FoldRecalibration

Floats = NDArray[np.float64]


def estimate_people_groups(
    data: StudyData, areas: AreaEstimates, recalibration: FoldRecalibration, target_risk: Floats
) -> list[PeopleGroups | Omission]:
    """Estimate each cross of the settings, and each subgroup that does not divide people by a fact of their area."""
    of_areas = {feature.column for feature in data.condition.features if isinstance(feature, AreaFact)}
    alone = [(one.name,) for one in data.condition.subgroups if one.column not in of_areas]
    cohort, target = with_subgroups(data), target_with_subgroups(data)
    found: list[PeopleGroups | Omission] = []
    for by in dict.fromkeys((*data.settings.groups, *alone)):
        try:
            counts, cases = pool_groups(
                areas,
                cohort,
                recalibration.risk,
                target,
                target_risk,
                by=by,
                recalibration=recalibration.periods,
                noise=data.noise,
                seed=data.settings.seed + 1,  # with the seed of the areas' draws the two would be correlated
            )
        except DesignError:
            found.append(too_few_people(f"people_{'_'.join(by)}", LocalisedText(en=" x ".join(by), sv=" x ".join(by))))
        else:
            found.append(PeopleGroups(by=by, table=_table(counts, cases), inequality=_unequal(data, by, counts, cases)))
    return found


def _table(counts: pl.DataFrame, cases: Floats) -> pl.DataFrame:
    people = counts["target_people"].to_numpy()
    share = cases / cases.sum(axis=1, keepdims=True)
    columns = {"share_of_people": people / people.sum()}
    for name, draws in {"risk": cases / people, "expected_cases": cases, "share_of_cases": share}.items():
        columns |= interval_columns(name, draws)
    return counts.select("group", "cases", "index_dates", "target_people").with_columns(**columns)


def _unequal(data: StudyData, by: Sequence[str], counts: pl.DataFrame, cases: Floats) -> pl.DataFrame | None:
    """Measure inequality along a ranking, such as between quintiles of income; None where groups are no ranking."""
    worse = {one.name: one.deprived for one in data.condition.subgroups}.get(by[0]) if len(by) == 1 else None
    known = (counts["group"] != REST).to_numpy()
    if worse is None or known.sum() < 2:
        return None
    people = counts["target_people"].to_numpy()[known]
    rank = counts["group"].filter(known).cast(pl.Float64).to_numpy()
    return inequality(cases[:, known] / people, people, rank, higher_is_deprived=worse == "highest")
