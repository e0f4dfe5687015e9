"""What ends an intake although every file could be read: rows that are nowhere, no persons, too many rows rejected."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskstrat.errors import ContractError, Problem, few
from riskstrat.records.intake_account import KEPT, MADE, MERGED, READ, REJECTED

MAX_REJECTED_SHARE = 0.5
"""Share of the rows of a file or table that may be rejected, unless another is given."""

_REASONS = 3


def refuse_losses(counts: pl.DataFrame, persons: int, allowed: float) -> None:
    """Refuse to end with a green light where rows were lost, or no person is left.

    `counts` is the account (dataset, rule, outcome, rows): of each dataset, rows read or made are kept, rejected or
    merged. `allowed` is the largest share of rejected rows; 1 lets all tables but persons lose every row. The
    `ContractError` names every dataset whose rows do not add up, that lost every row or more than allowed, with the
    three commonest reasons.
    """
    problems = list(_problems(counts, allowed))
    if not persons:
        expected, remedy = "at least one", "look at what became of the rows about persons"
        problems.append(Problem("no person in the end", expected, remedy, table="persons"))
    ContractError.refuse(problems)


def _problems(counts: pl.DataFrame, allowed: float) -> Iterator[Problem]:
    rows, outcome = pl.col("rows"), pl.col("outcome")
    sums = {
        "came": rows.filter(outcome.is_in([READ, MADE])).sum(),
        "ended": rows.filter(outcome.is_in([KEPT, REJECTED, MERGED])).sum(),
        "lost": rows.filter(outcome == REJECTED).sum(),
    }
    for dataset, came, ended, lost in counts.group_by("dataset").agg(**sums).sort("dataset").iter_rows():
        if came != ended:
            yield Problem(
                f"{few(came)} rows at first and {few(ended)} at the end",
                "a source that does not change while it is read",
                "read it again when nobody writes to it, or from a copy",
                table=dataset,
            )
        elif lost and (lost > allowed * came or (lost == came and allowed < 1)):
            yield Problem(
                f"{'every row' if lost == came else f'{lost / came:.1%} of the rows'} rejected: "
                + _reasons(counts.filter(dataset=dataset, outcome=REJECTED), lost),
                f"at most {100 * allowed:g} % of the rows",
                "look at these columns, or allow more with max_rejected_share",
                table=dataset,
            )


def _reasons(rejected: pl.DataFrame, lost: int) -> str:
    by_rule = rejected.group_by("rule").agg(pl.col("rows").sum()).sort("rows", "rule", descending=[True, False])
    return ", ".join(f"{rule} ({100 * rows / lost:.0f} %)" for rule, rows in by_rule.head(_REASONS).iter_rows())
