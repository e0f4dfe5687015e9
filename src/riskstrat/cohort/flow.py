"""The account of all index dates: each is left out for one reason, or included and its time at risk ends in one way.

In: rows and rules. Out: the rows that are kept, counts of those that are not, and the flow table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.declare.view import Rule
from riskstrat.disclosure.cell_keys import person_keys

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
"""`part` is start, left_out, included, covered, not_covered or end. The rows of left_out and included add up to start,
those of covered and not_covered (where there are any of the latter) and those of the ends to included. `people` counts
persons and `rows` index dates."""


FLOW_KEYS = ("people_key", "rows_key")
"""Keys of the cells `people` and `rows` (`riskstrat.disclosure.person_keys`), in the rows of the flow."""


@dataclass(frozen=True, kw_only=True)
class FlowCount:
    """Persons and index dates that share a reason, with the keys of both cells."""

    reason: LocalisedText
    persons: int
    rows: int
    keys: tuple[int, int]

    @classmethod
    def of(cls, reason: LocalisedText, rows: pl.DataFrame) -> Self:
        """Count the persons and rows of a frame with person_id."""
        keys = pl.Series(person_keys(rows["person_id"]))
        found = keys.unique()
        return cls(reason=reason, persons=len(found), rows=rows.height, keys=(int(found.sum()), int(keys.sum())))


@dataclass(frozen=True, kw_only=True, eq=False)
class Screening:
    """The rows that are kept, and the counts of those that were left out."""

    kept: pl.DataFrame
    left_out: tuple[FlowCount, ...]


def screen(rows: pl.LazyFrame, rules: Sequence[Rule]) -> Screening:
    """Leave out every row under the first rule that it breaks; reasons without rows are not counted."""
    first = pl.coalesce(
        pl.when(rule.leaves_out).then(pl.lit(number, dtype=pl.Int8)) for number, rule in enumerate(rules)
    )
    marked = rows.with_columns(first.alias("rule"))
    is_kept = pl.col("rule").is_null()
    kept, left = pl.collect_all(
        [marked.filter(is_kept).drop("rule"), marked.filter(~is_kept).select("rule", "person_id")]
    )
    by_rule = (left.filter(pl.col("rule") == number) for number in range(len(rules)))  # cheaper than groups
    counts = (FlowCount.of(rule.reason, rows) for rule, rows in zip(rules, by_rule, strict=True) if rows.height)
    return Screening(kept=kept, left_out=tuple(counts))


def flow_frames(
    start: FlowCount, left_out: Iterable[FlowCount], included: Sequence[FlowCount], ends: Iterable[FlowCount] = ()
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Write the account as a frame of `FLOW_SCHEMA`, and the keys of its cells as one of `FLOW_KEYS`.

    `included` counts all and, where direct models do not use all, those that they use and, by reason, the others.
    """
    parts = [("start", start), *(("left_out", count) for count in left_out)]
    parts += zip(("included", "covered", "not_covered", "not_covered"), included, strict=False)
    parts += [("end", count) for count in ends]
    rows = [
        (step, part, count.reason.en, count.reason.sv, count.persons, count.rows)
        for step, (part, count) in enumerate(parts, 1)
    ]
    keys = pl.DataFrame([count.keys for _, count in parts], schema=dict.fromkeys(FLOW_KEYS, pl.UInt64), orient="row")
    return pl.DataFrame(rows, schema=dict(FLOW_SCHEMA), orient="row"), keys
