"""The account of everybody: each person-landmark is left out for one reason or ends in one way.

In: rows and rules. Out: those who stay, counts of those who do not, and the flow table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.declare.view import Rule

FLOW_SCHEMA = MappingProxyType(
    {
        "step": pl.Int64(),
        "part": pl.String(),
        "reason": pl.String(),
        "reason_sv": pl.String(),
        "people": pl.Int64(),
        "rows": pl.Int64(),
    }
)
"""`part` is start, left_out, included or end: left_out and included add up to start, and the ends to included."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """People and person-landmarks that share a reason."""

    reason: LocalisedText
    people: int
    rows: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Screened:
    """Those who stay, and the counts of those who were left out."""

    kept: pl.DataFrame
    left_out: tuple[Counted, ...]


def screen(rows: pl.LazyFrame, rules: Sequence[Rule]) -> Screened:
    """Leave out every row under the first rule that it breaks; reasons without rows are not counted."""
    first = pl.coalesce(
        pl.when(rule.leaves_out).then(pl.lit(number, dtype=pl.Int8)) for number, rule in enumerate(rules)
    )
    marked = rows.with_columns(first.alias("rule"))
    is_kept = pl.col("rule").is_null()
    kept, left = pl.collect_all(
        [marked.filter(is_kept).drop("rule"), marked.filter(~is_kept).select("rule", "person_id")]
    )
    return Screened(kept=kept, left_out=tuple(_counted(left, rules)))


def count_ends(followed: pl.DataFrame, ends: Sequence[Rule]) -> tuple[Counted, ...]:
    """Count everybody under the first of these ways to end; the last must hold for all that are left."""
    return screen(followed.lazy(), ends).left_out


def flow_table(
    start: Counted, left_out: Iterable[Counted], included: Counted, ends: Iterable[Counted] = ()
) -> pl.DataFrame:
    """Write the account as a frame of step, part, reason, reason_sv, people, rows."""
    parts = [("start", start), *(("left_out", one) for one in left_out), ("included", included)]
    parts += [("end", one) for one in ends]
    rows = [
        (step, part, one.reason.en, one.reason.sv, one.people, one.rows) for step, (part, one) in enumerate(parts, 1)
    ]
    return pl.DataFrame(rows, schema=dict(FLOW_SCHEMA), orient="row")


def _counted(left: pl.DataFrame, rules: Sequence[Rule]) -> Iterator[Counted]:
    for number, rule in enumerate(rules):
        people = left.filter(pl.col("rule") == number)["person_id"]  # counting alone is much cheaper than in a group
        if len(people):
            yield Counted(reason=rule.reason, people=people.n_unique(), rows=len(people))
