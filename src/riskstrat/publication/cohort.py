"""Tables of who was followed: the flow, how many were measured, and what is expected of everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import polars as pl

from riskstrat.disclosure import CASES, CellNoise, ProtectedRows, Sum, Table, Whole
from riskstrat.disclosure.cell_keys import person_keys
from riskstrat.disclosure.noisy_counts import rows_of_a_person
from riskstrat.publication.noise import noisy
from riskstrat.records.cohort import OUTCOME, Cohort, Target
from riskstrat.records.omission import Omission

_COUNTED = ("people", "rows")
"""Persons and their index dates. Only these add up: a person may be left out at one date and included at another."""

_PARTS = (("start", ("left_out", "included")), ("included", ("covered", "not_covered")), ("included", ("end",)))
_REASON = "outcome"
"""The reason of the flow's end that is the outcome."""


def flow_table(flow: pl.DataFrame, keys: pl.DataFrame, protected: Sequence[str] = ()) -> Table:
    """Account for everybody: who was there, who was left out and why, and how the time at risk ended."""
    return Table(
        flow.hstack(keys),
        dimensions=[name for name in flow.columns if name not in _COUNTED],
        counts=_COUNTED,
        persons={"rows": "people"},
        sums=[Sum(count="rows", parts={"part": parts}, total={"part": (total,)}) for total, parts in _PARTS],
        keys={name.removesuffix("_key"): name for name in keys.columns},
        protected=protected,
    )


def flow_of(people: Target, noise: CellNoise | None) -> Table:
    """Account for a cohort or those planned for; the ends of a cohort carry noise that adds up.

    That of the index dates with the outcome is the one that the units count them with, that of the others what it
    leaves of those included.
    """
    if noise is None or people.flow_keys.is_empty() or not isinstance(people, Cohort):
        return flow_table(people.flow, people.flow_keys)
    outcomes = people.direct.counted_outcomes().together(noise)
    shown = _with_ends(people.flow.hstack(people.flow_keys), noise, outcomes)
    return flow_table(shown.select(people.flow.columns), people.flow_keys, protected=_COUNTED)


def _with_ends(flow: pl.DataFrame, noise: CellNoise, outcomes: Whole) -> pl.DataFrame:
    """Protect all of a flow; persons are parts of their index dates."""
    each = flow.select(rows_of_a_person("rows", "people")).to_series()
    rows = noisy(flow["rows"], flow["rows_key"], noise, rows=each)
    people = noisy(flow["people"], flow["people_key"], noise).to_numpy().copy()
    whole = _included(flow, rows, noise)
    had = np.flatnonzero((flow["part"] == "end") & (flow["reason"] == _REASON))
    others = np.flatnonzero((flow["part"] == "end") & (flow["reason"] != _REASON))
    counts, keys, changed = flow["rows"].to_numpy(), flow["rows_key"].to_numpy(), rows.to_numpy().copy()
    for row in had:
        of = outcomes.part(int(counts[row]), keys[row])
        changed[row] = of.protected
        left, left_key = whole.count - of.count, np.asarray([whole.key]) - np.asarray([of.key])
        whole = replace(whole, count=left, key=left_key[0], added=whole.added - of.added)
    changed[others] = counts[others] + whole.parts(counts[others], keys[others])
    for row in (*had, *others):
        added = int(changed[row] - counts[row])
        of = replace(whole, count=int(counts[row]), key=keys[row], added=added)
        people[row] = of.part(flow["people"][int(row)], flow["people_key"].to_numpy()[row]).protected
    return flow.with_columns(people=pl.Series(people), rows=pl.Series(changed))


def _included(flow: pl.DataFrame, rows: pl.Series, noise: CellNoise) -> Whole:
    at = int((flow["part"] == "included").arg_true()[0])
    count, key = flow["rows"][at], flow["rows_key"].to_numpy()[at]
    return Whole(count=count, key=key, added=rows[at] - count, variance=noise.variance, among=key, noise=noise)


def assessed(cohort: Cohort) -> Table | None:
    """Count index dates and persons, and those measured at the horizon; None where outcomes need not be measured."""
    if not cohort.must_be_assessed:
        return None
    was = pl.col("assessed")
    return Table(
        cohort.people.select(
            pl.lit("all").alias("scope"),
            **cell("index_dates", "persons", pl.col("person_id").is_not_null()),
            **cell("assessed", "assessed_persons", was),
        ),
        dimensions=("scope",),
        counts=("assessed", "assessed_persons"),
        denominators={"assessed": "index_dates", "assessed_persons": "persons"},
        persons={"index_dates": "persons", "assessed": "assessed_persons"},
        keys=keys_of("index_dates", "persons", "assessed", "assessed_persons"),
    )


def cell(rows: str, persons: str, inside: pl.Expr, of: str = "person_id") -> dict[str, pl.Expr]:
    """Count the rows of a cell and their distinct persons, and give the keys of both."""
    person = pl.col(of).filter(inside)
    key = person.map_batches(lambda found: pl.Series(person_keys(found)), return_dtype=pl.UInt64)
    return {
        rows: inside.sum().cast(pl.Int64),
        persons: person.n_unique().cast(pl.Int64),
        f"{rows}_key": key.sum(),
        f"{persons}_key": key.unique().sum(),
    }


def keys_of(*counts: str) -> dict[str, str]:
    """Name the columns of keys that `cell` gives."""
    return {count: f"{count}_key" for count in counts}


def total(target: Target, risk: npt.NDArray[np.float64], cohort: Cohort, noise: CellNoise | None) -> Table:
    """Say of everybody, where there are no areas: people and expected cases by recalibrated risk, without an interval.

    The outcomes of the cohort, of which only index dates that are counted are given, are behind the risks. With noise
    the sum of risks hides any one person as in `riskstrat.areas`.
    """
    rows, everywhere = ProtectedRows.of(target.people, noise), np.zeros(len(risk), dtype=np.intp)
    expected = rows.risk_sum(risk, everywhere, 1, scale=float(risk.mean()))
    everybody, had = pl.col("person_id").is_not_null(), pl.col("event") == OUTCOME
    behind = cohort.people.select(**cell("index_dates", "persons", everybody), **cell("cases", "case_persons", had))
    unknown = ("lower", "upper", "count_lower", "count_upper")
    frame = target.people.select(
        pl.lit("all").alias("scope"),
        **cell("people", "residents", everybody),
        expected_cases=pl.lit(float(expected[0])),
        **dict.fromkeys(unknown, pl.lit(None, pl.Float64)),
    ).hstack(behind)
    counts = ("people", "cases", "case_persons", "persons")
    return Table(
        frame.drop("residents", "residents_key"),
        dimensions=("scope",),
        counts=counts,
        denominators={"cases": "index_dates"},
        derived=dict.fromkeys(("expected_cases", *unknown), ("people", "cases")),
        persons={"cases": "case_persons", "index_dates": "persons"},
        keys=keys_of(*counts, "index_dates"),
        digits={"expected_cases": CASES},
    )


def omissions(untold: Sequence[Omission]) -> Table:
    """Say which parts of the results are missing, and why, in both languages."""
    rows = [(one.part, one.reason.en, one.reason.sv) for one in untold]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("part", "reason", "reason_sv"), pl.String), orient="row")
    return Table(frame, dimensions=("part",), public=("reason", "reason_sv"))
