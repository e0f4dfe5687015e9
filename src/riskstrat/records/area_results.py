"""Everything about areas: how high, how sure, why, and how unequal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.records.areas import AreaEstimates, Units
from riskstrat.records.levels import LevelEstimates, PeopleGroups
from riskstrat.records.omission import Omission
from riskstrat.records.trends import Trends
from riskstrat.records.validation import Validation


@dataclass(frozen=True, kw_only=True, eq=False)
class AreaSensitivity:
    """Areas with and without some features.

    Attributes
    ----------
    areas
        Frame of area_id, relative_risk, class and rank of both (``_without``), and depends: whether the class changes.
    check
        Validation of the risks without the features, on areas that the models had not seen; the baseline, and so
        ``auc_gain``, is that of the same model with them.
    refitted
        The candidate that was refitted: the study's own if it is linear, else Logistic in its place.
    """

    areas: pl.DataFrame = field(repr=False)
    check: Validation
    refitted: str


@dataclass(frozen=True, kw_only=True, eq=False)
class AreaResults:
    """The answers about areas; all are read from the posterior draws of `estimates`.

    Attributes
    ----------
    check
        Validation of `risk`: models tested on areas on which they were not trained.
    risk, target_risk
        Of each row of the cohort (n,), from the model fitted without the row's area, before recalibration; of each
        person of the target population (m,), from the model and the recalibration of the person's area.
    reasons
        Frame of group, part, estimate, lower, upper (units of risk): each area's risk minus the municipality's, split
        into factor families and what they do not explain.
    inequality
        Frame of metric, estimate, lower, upper; or why there is none.
    strata
        Groups of people within areas, with draws of their cases to come, to plan among; or why there are none.
    groups
        The same across the whole municipality; or why there are none.
    concentration
        Which share of the expected cases the most deprived tenth, two tenths and so on have; None without an index.
    sensitivities
        The areas without some features, by name of `Condition.sensitivities`; empty where none was asked for.
    care_use
        Frame of area_id, care_use: how often the people of today sought care, on average; None where it is not known.
    trends
        How the areas' ratios moved over the periods of index dates; None where there is one period.
    inequality_change
        Frame of year, metric, estimate, lower, upper and the change since the first, areas ranked by today's need; None
        without trends or need.
    levels
        The same for larger groups: municipalities, care centres, districts.
    profile
        Frame of level, group, feature, people, mean, everybody, is_share: what the people of each group are like.
    people
        Groups of people wherever they live, by each cross of columns.
    untold
        Levels and crosses of which nothing can be told, and why.
    """

    estimates: AreaEstimates
    check: Validation
    risk: NDArray[np.float64] = field(repr=False)
    target_risk: NDArray[np.float64] = field(repr=False)
    reasons: pl.DataFrame = field(repr=False)
    inequality: pl.DataFrame | Omission = field(repr=False)
    strata: Units | Omission = field(repr=False)
    groups: Units | Omission = field(repr=False)
    concentration: pl.DataFrame | None = field(default=None, repr=False)
    sensitivities: Mapping[str, AreaSensitivity] = field(default_factory=dict, repr=False)
    care_use: pl.DataFrame | None = field(default=None, repr=False)
    trends: Trends | None = field(default=None, repr=False)
    inequality_change: pl.DataFrame | None = field(default=None, repr=False)
    levels: tuple[LevelEstimates, ...] = ()
    profile: pl.DataFrame | None = field(default=None, repr=False)
    people: tuple[PeopleGroups, ...] = ()
    untold: tuple[Omission, ...] = ()

    @property
    def depends_on(self) -> pl.DataFrame | None:
        """Frame of area_id, depends_on: the sensitivities that change the area's class, by comma; None without any."""
        if not self.sensitivities:
            return None
        found = pl.concat(one.areas.with_columns(name=pl.lit(name)) for name, one in self.sensitivities.items())
        names = pl.col("name").filter(pl.col("depends")).str.join(", ").replace("", None)
        return found.group_by("area_id", maintain_order=True).agg(depends_on=names)

    @property
    def omissions(self) -> tuple[Omission, ...]:
        """The parts that are missing; that there are no strata is told of the plan by strata."""
        return (*((self.inequality,) if isinstance(self.inequality, Omission) else ()), *self.untold)
