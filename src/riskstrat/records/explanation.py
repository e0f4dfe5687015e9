"""Why predicted risks differ: contributions that add up to the prediction, and what the model has learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import ProtectedRows
from riskstrat.numerics.groups import number_among
from riskstrat.records.cohort import check_rows

FAMILIES = ("age_sex", "living_conditions", "health_care", "growth_family", "area")
"""Families of factors in the order in which they are shown; families of other names follow."""
ALIKE = ("living_conditions", "area")
"""Families that cannot safely be told apart; their sum is better determined than either."""

GROUP_SCHEMA = MappingProxyType(
    {"group": pl.String(), "feature": pl.String(), "family": pl.String(), "mean_difference": pl.Float64()}
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Additive contributions: for every row, baseline + sum of the values = link of the predicted risk.

    ``values`` are (n, p), rows in the order of X, columns named by ``features``, each of a factor family; ``link``
    names the scale on which they add up, ``logit``, say.
    """

    values: npt.NDArray[np.float64] = field(repr=False)
    baseline: float = field(repr=False)
    features: tuple[str, ...]
    families: tuple[str, ...] = field(repr=False)
    link: str

    @property
    def family_names(self) -> tuple[str, ...]:
        """The distinct families, in the order of the columns of `by_family`."""
        others = sorted(set(self.families) - set(FAMILIES))
        return (*(name for name in FAMILIES if name in self.families), *others)

    def by_family(self) -> npt.NDArray[np.float64]:
        """Sum the contributions within each family: (n, families), columns as `family_names`."""
        membership = np.array([[family == name for name in self.family_names] for family in self.families], dtype=float)
        summed: npt.NDArray[np.float64] = self.values @ membership.reshape(len(self.features), len(self.family_names))
        return summed

    def by_group(
        self,
        labels: Sequence[str] | npt.NDArray[np.str_ | np.object_] | pl.Series,
        protected: ProtectedRows | None = None,
    ) -> pl.DataFrame:
        """Mean contribution of each group minus that of everybody, on the link's scale, as in `GROUP_SCHEMA`.

        Rows without a label (null) count in the mean of everybody only. Sorted by group, features in their own order.
        With the noise of `protected` rows, means are those of `ProtectedRows.means`: of a feature that is 0 or 1 they
        do not tell how many have it.
        """
        group = pl.Series("group", labels, dtype=pl.String)
        check_rows("labels", len(group), len(self.values))
        names = group.drop_nulls().unique().sort()
        if protected is None or protected.noise is None:
            difference = _group_means(self.values, group, names) - self.values.mean(axis=0)
        else:
            cell = number_among(group, names)
            difference, _ = protected.means(self.values, cell, len(names), name="contribution")
            difference = difference - protected.means(self.values, np.zeros(len(cell), int), 1, name="contribution")[0]
        return pl.DataFrame(
            {
                "group": np.repeat(names.to_numpy(), len(self.features)),
                "feature": list(self.features) * len(names),
                "family": list(self.families) * len(names),
                "mean_difference": difference.ravel(),
            },
            schema=dict(GROUP_SCHEMA),
        )


def _group_means(values: npt.NDArray[np.float64], group: pl.Series, names: pl.Series) -> npt.NDArray[np.float64]:
    """Means (groups, p) by one sparse product: no copy of the values, however many groups."""
    from scipy.sparse import csr_array

    rows = np.flatnonzero(group.is_not_null().to_numpy())
    code = names.search_sorted(group.drop_nulls()).to_numpy() if len(rows) else rows
    sizes = np.bincount(code, minlength=len(names))
    member = csr_array((1.0 / sizes[code], (code, rows)), shape=(len(names), len(values)))
    return np.asarray(member @ values, dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Interpretation:
    """Associations that the model has learnt: none of them says what would happen if a feature were changed.

    Attributes
    ----------
    dependence
        How the contribution of each family's main feature goes with its value, and ``link``
        (`riskstrat.explanation.dependence`).
    ratios
        Ratios of odds or hazards of a linear model (`riskstrat.explanation.ratios`), with ``case_persons`` and
        ``other_persons``: those with and without the outcome whose value is not the middle one. None for other models.
    correlated
        Features of different families that go together (`riskstrat.explanation.correlated_families`).
    stability
        How often each family is among the reasons of a group when the model is fitted to other draws of the families of
        persons (`riskstrat.explanation.reason_stability`); None where the settings ask for no refits.
    refitted
        The candidate that was refitted for it: the study's own if it is linear, else Logistic in its place.
    """

    dependence: pl.DataFrame = field(repr=False)
    ratios: pl.DataFrame | None = field(repr=False)
    correlated: pl.DataFrame = field(repr=False)
    stability: pl.DataFrame | None = field(default=None, repr=False)
    refitted: str | None = None
