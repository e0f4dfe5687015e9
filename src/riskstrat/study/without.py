"""What a study finds without some of its features: whether an area's rank depends on how often its people seek care.

In: `StudyData`. Out: the same without columns of X, for the same steps; and both sets of area estimates side by side.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import polars as pl

from riskstrat.errors import Problem, UsageError, unknown
from riskstrat.errors.arguments import checked
from riskstrat.records.areas import AREA, AreaEstimates
from riskstrat.records.cohort import KEYS
from riskstrat.study.data import StudyData
from riskstrat.study.evaluation import target_with_subgroups, with_subgroups


@checked
def without(data: StudyData, features: Collection[str]) -> StudyData:
    """Leave features out, by column, register or factor family; every step then runs as before.

    Contact counts: ``without(data, ["contacts"])``. Region of birth and the area's deprivation:
    ``without(data, ["born_in_asia_africa_south_america", "area"])``. Checks are still repeated by the subgroups that
    the columns made. Each refit costs what the candidates cost: with ``Settings(candidates=(Candidate("Logistic"),))``
    it is cheap.

    Parameters
    ----------
    data
        What `prepare` returned.
    features
        Columns of X, registers (all columns that are read from it, and what was observed of it), or factor families.

    Returns
    -------
    StudyData
        For `compare`, `fit`, `evaluate` and `estimate_area_results`; not for `run`'s models that are to be kept: they
        would not be what the condition declares.

    Raises
    ------
    UsageError
        If a name is none of these, or nothing is left; all problems at once.

    Examples
    --------
    >>> fewer = without(data, ["contacts", "area"])
    >>> sorted(set(data.training.X.columns) - set(fewer.training.X.columns))[:2]
    ['area_care_need_index', 'contacts__observed_share']
    """
    columns = [name for name in data.training.X.columns if name not in KEYS]
    registers = _columns_of_registers(data, columns)
    families = {
        family: [name for name in columns if data.families.get(name) == family] for family in data.families.values()
    }
    known = {**families, **registers, **{name: [name] for name in columns}}
    problems = [
        unknown("column, register or factor family", name, list(known)) for name in features if name not in known
    ]
    dropped = {column for name in features for column in known.get(name, [])}
    if not problems and len(dropped) == len(columns):
        problems = [Problem("no feature left", "one at least", "leave fewer out")]
    UsageError.refuse(problems)
    training, target, followed = data.training, data.target, data.training.followed
    return replace(
        data,
        training=replace(
            training,
            cohort=with_subgroups(data),
            X=training.X.drop(dropped),
            followed=followed and replace(followed, X=followed.X.drop(dropped)),
        ),
        target=replace(target, target=target_with_subgroups(data), X=target.X.drop(dropped)),
        families={name: family for name, family in data.families.items() if name not in dropped},
    )


@checked
def compare_areas(areas: AreaEstimates, other: AreaEstimates) -> pl.DataFrame:
    """Put the areas of a study beside those found without some features, and mark where they would be chosen otherwise.

    Parameters
    ----------
    areas, other
        Estimates of the same areas with and without.

    Returns
    -------
    polars.DataFrame
        area_id, relative_risk and class of both (``_without``), rank of both by relative risk (1 the highest), and
        depends: whether the class changes. Where contact counts were left out, such an area's place depends on care
        use. For the analyst: it is not released.

    Raises
    ------
    UsageError
        If the areas are not the same.

    Examples
    --------
    >>> from riskstrat.study import estimate_area_results, fit
    >>> fewer = without(data, ["contacts"])
    >>> results = estimate_area_results(fewer, fit(fewer))
    >>> compare_areas(estimate_area_results(data, model).estimates, results.estimates)["depends"].sum() <= 11
    True
    """
    if set(areas.table[AREA]) != set(other.table[AREA]):
        raise UsageError(Problem("estimates of other areas", "the same areas", "use the same partition"))
    shown = ["relative_risk", "class"]
    rank = pl.col("relative_risk").rank("ordinal", descending=True).alias("rank")
    first, second = (one.table.select(AREA, *shown, rank) for one in (areas, other))
    both = first.join(second, on=AREA, suffix="_without", maintain_order="left")
    return both.with_columns(depends=pl.col("class") != pl.col("class_without"))


def _columns_of_registers(data: StudyData, columns: list[str]) -> dict[str, list[str]]:
    """Give the columns that are read from each register, with what was observed of it."""
    read = {feature.column: getattr(feature, "register", None) for feature in data.condition.features}
    found: dict[str, list[str]] = {register: [] for register in read.values() if register}
    for name in columns:
        observed = next((register for register in found if f"{register}__observed_" in name), None)
        if register := read.get(name) or observed:
            found[register].append(name)
    return found
