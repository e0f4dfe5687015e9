"""Planting faults in an extract and keeping a record of the rows.

In: rows of an extract and declared faults. Out: the rows with bookkeeping columns that say which fault each carries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

from data_errors.change import Change
from riskstrat.synthetic.extracts.clean import COLUMNS

Fate = Literal["repaired", "refused", "kept", "lost"]
FAULT, HELD, ORDER = "_fault", "_held", "_order"
LEAST_SOUND = 4
"""At most one in so many of the rows that could get a fault gets it."""
EVERYTHING = tuple(COLUMNS)
"""What a person loses who is left out as a whole."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of real registers and where it is planted.

    Attributes
    ----------
    name
        Unique.
    file
        Name of the extract.
    change
        What it does to a row.
    fate
        What becomes of the row in a good intake: ``repaired`` (the clean value comes back), ``refused`` (the row
        carries nothing and is rejected), ``kept`` (the row is right as it stands, though it looks odd), ``lost``
        (information is gone for good).
    what
        What a reader sees, in words.
    rows
        How many rows get it; fewer where there are not four times as many that could.
    where
        Column -> pattern that its text must match for a row to get it; ``""`` as pattern means that it is empty.
    added
        The faulty row comes beside the right one, not in its place.
    on
        Only rows that carry this other fault get it, beside what they carry.
    loses
        Tables in which this person's rows are no longer as in the clean registers.
    """

    name: str
    file: str
    change: Change
    fate: Fate
    what: str
    rows: int = 12
    where: Mapping[str, str] = field(default_factory=dict, hash=False)
    added: bool = False
    on: str | None = None
    loses: tuple[str, ...] = ()


def plant(
    rows: pl.DataFrame, faults: Iterable[Fault], rng: np.random.Generator, spared: Collection[int] = ()
) -> pl.DataFrame:
    """Plant each fault in rows that carry none yet.

    Parameters
    ----------
    rows
        An extract; columns that begin with an underscore are not delivered but may be asked in `Fault.where`.
    faults
        In the order in which they choose their rows.
    rng
        Source of randomness.
    spared
        person_id of those whose rows stay as they are.

    Returns
    -------
    polars.DataFrame
        The rows in their order, faulty copies beside their originals, with the name of the fault (or null) in FAULT.
    """
    marked = rows.with_columns(pl.lit(None, pl.String).alias(FAULT), pl.col("_person").is_in(spared).alias(HELD))
    planted = marked.with_row_index(ORDER)
    for fault in faults:
        planted = _with_fault(planted, fault, rng)
    return planted.sort(ORDER, maintain_order=True).drop(ORDER, HELD)


def _with_fault(rows: pl.DataFrame, fault: Fault, rng: np.random.Generator) -> pl.DataFrame:
    possible = rows.select(_may_get(fault).arg_true()).to_series().to_numpy()
    most = min(fault.rows, -(-len(possible) // LEAST_SOUND))
    chosen = np.sort(rng.permutation(possible)[:most])
    is_chosen = pl.int_range(pl.len()).is_in(pl.Series(chosen).cast(pl.Int64).implode())
    hit, rest = rows.filter(is_chosen), rows.filter(~is_chosen)
    faulty = fault.change.apply(hit).with_columns(pl.lit(fault.name).alias(FAULT), pl.lit(value=True).alias(HELD))
    originals = [hit.with_columns(pl.lit(value=True).alias(HELD))] if fault.added else []
    return pl.concat([rest, *originals, faulty])


def _may_get(fault: Fault) -> pl.Expr:
    free = ~pl.col(HELD) if fault.on is None else pl.col(FAULT) == fault.on
    fits = [_fits(name, pattern) for name, pattern in fault.where.items()]
    return pl.all_horizontal(free, *fits).fill_null(value=False)


def _fits(column: str, pattern: str) -> pl.Expr:
    return pl.col(column).is_null() if not pattern else pl.col(column).str.contains(pattern)
