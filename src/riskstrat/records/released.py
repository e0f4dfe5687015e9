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
QUANTITIES = ("risk", "relative_risk", "unexplained")


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
        "flow": _flow(study.cohort.flow),
        "target_flow": _flow(study.target.flow),
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


def _flow(flow: pl.DataFrame) -> Table:
    counts = [name for name, dtype in flow.schema.items() if dtype.is_integer() and name != "step"]
    return Table(flow, dimensions=[name for name in flow.columns if name not in counts], counts=counts)


def _checks(checks: Mapping[str, Validation]) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for name, check in checks.items():
        tables[f"metrics_{name}"] = _metrics(check.table)
        tables[f"calibration_{name}"] = _calibration(check.calibration)
        tables[f"curve_{name}"] = _public(check.curve, ("predicted",))
        tables[f"net_benefit_{name}"] = _public(check.net_benefit, ("threshold", "strategy"))
    return tables


def _metrics(table: pl.DataFrame) -> Table:
    estimates = ("estimate", "lower", "upper")
    return Table(table, dimensions=("metric", "group"), counts=("n",), derived=dict.fromkeys(estimates, "n"))


def _calibration(calibration: pl.DataFrame) -> Table:
    """Ten groups by risk; the cases behind an observed share decide whether it may be shown."""
    cases = (pl.col("observed") * pl.col("n")).round().cast(pl.Int64).alias("cases")
    return Table(
        calibration.with_columns(cases),
        dimensions=("risk_group",),
        denominators={"cases": "n"},
        unshown=("cases",),
        derived={"mean_predicted": "n", **dict.fromkeys(("observed", "lower", "upper"), ("n", "cases"))},
    )


def _area_tables(study: Study, areas: AreaEstimates) -> dict[str, Table]:
    tables = {
        "areas": _areas(study, areas),
        "total": _total(areas),
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


def _areas(study: Study, areas: AreaEstimates) -> Table:
    """One row an area; whatever is read from its observed cases is withheld where these are protected."""
    names = study.source.area_names
    key = areas.by[0]
    frame = areas.table if names is None else areas.table.join(names.rename({"area_id": key}), on=key, how="left")
    shown = frame.drop("observed", "expected")
    estimates = [name for name in shown.columns if name.startswith(QUANTITIES)] + ["probability_higher", "class"]
    return Table(
        shown,
        dimensions=[key, *(["name"] if names is not None else [])],
        counts=("cases", "target_people"),
        denominators={"cases": "people"},
        derived=dict.fromkeys(estimates, ("cases", "people", "target_people")),
    )


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


def _total(areas: AreaEstimates) -> Table:
    frame = areas.total.with_columns(
        scope=pl.lit("all"),
        cases=pl.lit(int(areas.table["cases"].sum())),
        trained=pl.lit(int(areas.table["people"].sum())),
    )
    derived = [name for name in areas.total.columns if name != "people"]
    return Table(
        frame,
        dimensions=("scope",),
        counts=("people", "cases"),
        denominators={"cases": "trained"},
        derived=dict.fromkeys(derived, ("people", "cases")),
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
