"""The one place where a study's answers are declared fit to leave, and released.

In: a `Study`. Out: `ReleasedStudy`: released tables and public facts, the only thing that reports and tracking read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import polars as pl

from riskstrat.declare import Condition, Settings
from riskstrat.disclosure import Disclosure, Released, Table, release
from riskstrat.records import summaries
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.study import Source, Study
from riskstrat.records.validation import Validation

OUTCOME = 1


@dataclass(frozen=True, kw_only=True, eq=False)
class ReleasedStudy:
    """What of a study may be shown.

    Attributes
    ----------
    condition, settings, as_of, version, digest, chosen, source
        Facts about the study, none about people.
    tables
        Released tables by name; which there are depends on the data (no areas, no area tables).
    """

    condition: Condition
    settings: Settings
    as_of: date
    version: str
    digest: str
    chosen: str
    source: Source
    tables: Mapping[str, Released]

    def frame(self, name: str) -> pl.DataFrame | None:
        """Return a released table as a frame, or None where the study has none of that name."""
        return self.tables[name].frame if name in self.tables else None


def release_study(study: Study) -> ReleasedStudy:
    """Release all tables of a study together, by the disclosure settings that it was run with.

    Raises
    ------
    DisclosureError
        If a table cannot be judged.
    """
    disclosure = Disclosure(min_count=study.settings.min_count, rounding=study.settings.rounding)
    return ReleasedStudy(
        condition=study.condition,
        settings=study.settings,
        as_of=study.as_of,
        version=study.version,
        digest=study.digest,
        chosen=study.choice.chosen,
        source=study.source,
        tables=MappingProxyType(release(study_tables(study), disclosure)),
    )


def study_tables(study: Study) -> dict[str, Table]:
    """All that a study may ask to show, each column with its role."""
    return {
        **study.cohort.tables(),
        "target_flow": study.target.tables()["flow"],
        "choice": _public(study.choice.scores, ("name",)),
        "coverage": _public(study.source.coverage, ("register",)),
        "refused": Table(study.source.refused, dimensions=("table", "rule"), counts=("rows",)),
        "splits": _public(study.splits, ("split",)),
        **_checks(study.checks),
        **_summaries(study),
        **(_area_tables(study, study.areas) if study.areas else {}),
        **_plan_tables(study),
    }


def _summaries(study: Study) -> dict[str, Table]:
    cases = int((study.cohort.people["event"] == OUTCOME).sum())
    tables = {
        "total": summaries.whole(study.target, study.target_risk, cases),
        "pyramid": summaries.pyramid(study.target_risk, cases),
        "assessed": summaries.assessed(study.cohort),
    }
    return {name: table for name, table in tables.items() if table is not None}


def _public(frame: pl.DataFrame, dimensions: tuple[str, ...]) -> Table:
    return Table(frame, dimensions=dimensions, public=[name for name in frame.columns if name not in dimensions])


def _checks(checks: Mapping[str, Validation]) -> dict[str, Table]:
    return {f"{kind}_{name}": table for name, check in checks.items() for kind, table in check.tables().items()}


def _area_tables(study: Study, areas: AreaEstimates) -> dict[str, Table]:
    tables = {
        **areas.tables(study.source.area_names),
        "periods": summaries.periods(areas, study.cohort),
        "left_out": Table(
            areas.left_out, dimensions=("reason",), counts=("people", "target_people"), public=("groups",)
        ),
        "factors": summaries.factors(study.explanation, study.target, areas),
    }
    needs = summaries.fifths(areas, study.plan) if study.plan is not None else None
    if needs is not None:
        tables["fifths"] = needs
    if study.reasons is not None:
        tables["reasons"] = _reasons(study.reasons, areas)
    if study.inequality is not None:
        tables["inequality"] = _whole(study.inequality, ("metric",), areas)
    return tables


def _reasons(reasons: pl.DataFrame, areas: AreaEstimates) -> Table:
    key = areas.by[0]
    behind = areas.table.select(pl.col(key).alias("group"), "cases", "people")
    frame = reasons.join(behind, on="group", how="left", maintain_order="left")
    return Table(
        frame,
        dimensions=("group", "part"),
        unshown=("cases", "people"),
        derived=dict.fromkeys(("estimate", "lower", "upper"), ("cases", "people")),
    )


def _whole(frame: pl.DataFrame, dimensions: tuple[str, ...], areas: AreaEstimates) -> Table:
    """Say that all cases of the municipality stand behind a measure of the whole."""
    derived = [name for name in frame.columns if name not in dimensions]
    return Table(
        frame.with_columns(cases=pl.lit(int(areas.table["cases"].sum()))),
        dimensions=dimensions,
        unshown=("cases",),
        derived=dict.fromkeys(derived, "cases"),
    )


def _plan_tables(study: Study) -> dict[str, Table]:
    plans = {"plan": study.plan, "strata": study.strata_plan}
    return {
        f"{prefix}_{name}": table
        for prefix, plan in plans.items()
        if plan is not None
        for name, table in plan.tables().items()
    }
