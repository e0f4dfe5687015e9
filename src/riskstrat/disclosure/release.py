"""The release gate: tables of groups in, tables with small numbers protected out.

First every count gets the noise of its cell, unless it carries some already. What is shown is decided on the counts
with noise and on nothing else: those with few persons behind them, the counts within a small denominator, nearly
complete counts (the 100 % rule) and every derived column of those are withheld. Counts that remain are rounded, each on
its own; quotients are computed from what is shown, with three significant figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, overload

import polars as pl

from riskstrat.disclosure.cell_keys import CellNoise
from riskstrat.disclosure.digits import CLEAN, in_digits, nothing_below
from riskstrat.disclosure.noisy_counts import with_noise
from riskstrat.disclosure.relations import Ratio
from riskstrat.disclosure.rules import Disclosure
from riskstrat.disclosure.spreadsheets import without_marks
from riskstrat.disclosure.table import Table
from riskstrat.errors import DisclosureError, Problem, UsageError, number_of

_TOKEN = object()
_MARK = "__protected__"
_INSIDE = ("unshown", "inside")


@dataclass(frozen=True, eq=False)
class Released:
    """A table that may be shown, made by `release` only: whoever asks for one knows that the rules were applied.

    Attributes
    ----------
    frame : polars.DataFrame
        The table without its unshown columns; what is withheld is null. A copy: changing it does not change the record.
    suppressed : Mapping[str, int]
        How many cells of each column the rules withheld or replaced.
    rule : Mapping[str, str]
        The rule in a sentence or two, by language (``en``, ``sv``).
    disclosure : Disclosure
        The settings that were applied.
    roles : Mapping[str, str]
        The role of each column that is shown: dimension, count, denominator, derived or public.
    """

    _frame: pl.DataFrame = field(repr=False)
    suppressed: Mapping[str, int]
    disclosure: Disclosure
    roles: Mapping[str, str]
    token: InitVar[object]

    def __post_init__(self, token: object) -> None:
        if token is not _TOKEN:
            raise DisclosureError(
                Problem(
                    "a released table that was not released",
                    "a result of release(table, disclosure)",
                    "pass the frame through release",
                )
            )

    @property
    def frame(self) -> pl.DataFrame:
        """The table as it may be shown."""
        return self._frame.clone()

    def rows(self, **where: object) -> Sequence[Mapping[str, Any]]:
        """Give the rows in which columns have these values, in their order; all rows where none is named.

        The frame is read once for all values of the same columns: a report asks for some thousand single rows.

        Examples
        --------
        >>> frame = pl.DataFrame({"area": ["A", "B"], "people": [120, 80]})
        >>> table = release(Table(frame, dimensions=("area",), counts=("people",)), Disclosure(protection="none"))
        >>> [row["people"] for row in table.rows(area="B")], table.rows(area="C")
        ([80], ())
        """
        columns = tuple(where)
        if columns not in self._by_values:
            found: dict[tuple[object, ...], list[Mapping[str, Any]]] = {}
            for row in self._frame.iter_rows(named=True):
                found.setdefault(tuple(row[column] for column in columns), []).append(MappingProxyType(row))
            self._by_values[columns] = {values: tuple(rows) for values, rows in found.items()}
        return self._by_values[columns].get(tuple(where.values()), ())

    @cached_property
    def _by_values(self) -> dict[tuple[str, ...], Mapping[tuple[object, ...], Sequence[Mapping[str, Any]]]]:
        return {}

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The columns that say which group a row is."""
        return tuple(column for column, role in self.roles.items() if role == "dimension")

    @property
    def rule(self) -> Mapping[str, str]:
        """The rule in words, by language."""
        return self.disclosure.rule


@overload
def release(tables: Table, disclosure: Disclosure | None = None, noise: CellNoise | None = None) -> Released: ...
@overload
def release(
    tables: Mapping[str, Table], disclosure: Disclosure | None = None, noise: CellNoise | None = None
) -> dict[str, Released]: ...
@overload
def release(
    tables: Sequence[Table], disclosure: Disclosure | None = None, noise: CellNoise | None = None
) -> tuple[Released, ...]: ...
def release(
    tables: Table | Mapping[str, Table] | Sequence[Table],
    disclosure: Disclosure | None = None,
    noise: CellNoise | None = None,
) -> Released | dict[str, Released] | tuple[Released, ...]:
    """Apply the small-number rules to a table, or to several that leave together.

    Parameters
    ----------
    tables
        One `Table`, a mapping of names to tables or a sequence of them. Tables that are published together belong in
        one call: sums declared between tables are checked, and where counts are exact (``protection="suppression"``)
        further cells of them are withheld together, so that none that the rule withholds can be computed.
    disclosure
        The settings; the standard ones (noise, below 5 withheld, rounded to 5) if left out.
    noise
        Under the controller's secret; as wide as the settings say. Settings without noise need none.

    Returns
    -------
    Released, dict of Released or tuple of Released
        In the shape of `tables`.

    Raises
    ------
    DisclosureError
        If what is given is not a `Table`: a bare frame has no roles and cannot be validated; if the settings want
        noise and none is given; if exact counts cannot be protected by withholding others.
    UsageError
        If cells of one table do not add up to those of another as declared.

    Notes
    -----
    A count is protected where 1 to ``min_count - 1`` persons are behind it (0 too by setting), where a denominator of
    it is small, or where fewer than ``min_count`` of a denominator remain beside it. Where the persons are not given,
    each unit of the count is taken as a person. A missing count cannot be validated: what is derived from it is
    withheld. All of this is decided on counts with noise: whether a cell is shown tells no more than its noise does.

    Examples
    --------
    >>> frame = pl.DataFrame({"area": ["A", "B"], "people": [120, 80], "cases": [12, 3], "rate": [0.1, 0.0375]})
    >>> table = Table(
    ...     frame, dimensions=("area",), counts=("cases",), denominators=("people",), derived={"rate": "cases"}
    ... )
    >>> release(table, Disclosure(rounding=1, protection="suppression")).frame.rows()
    [('A', 120, 12, 0.1), ('B', 80, None, None)]
    """
    rule = disclosure or Disclosure()
    if isinstance(tables, Table):
        return _release({"table": tables}, rule, noise)["table"]
    if isinstance(tables, Mapping):
        return _release(tables, rule, noise)
    if isinstance(tables, Sequence):
        return tuple(_release({str(number): table for number, table in enumerate(tables)}, rule, noise).values())
    raise _not_a_table(tables)


def _noise(rule: Disclosure, noise: CellNoise | None) -> CellNoise | None:
    """Give the noise its width by the rule, which may be another one than the study's."""
    if not rule.table_width:
        return None
    if noise is None:
        raise DisclosureError(
            Problem(
                f"a rule with noise of {rule.table_width}, and no secret that the noise comes from",
                "release(tables, disclosure, noise)",
                "give CellNoise(protection_secret(), width), or a rule without noise",
            )
        )
    return CellNoise(noise.secret, rule.table_width)


def _release(tables: Mapping[str, Table], rule: Disclosure, noise: CellNoise | None) -> dict[str, Released]:
    for table in tables.values():
        if not isinstance(table, Table):
            raise _not_a_table(table)
    _check_sums(tables)
    own = _noise(rule, noise)
    marked = {
        name: _mark(table, rule, with_noise(table, own) if own else table.frame) for name, table in tables.items()
    }
    if rule.protection == "suppression":
        marked = _complemented(tables, marked, rule)
    return {name: _as_shown(table, marked[name], rule) for name, table in tables.items()}


def _complemented(
    tables: Mapping[str, Table], marked: Mapping[str, pl.DataFrame], rule: Disclosure
) -> dict[str, pl.DataFrame]:
    """Mark what must be withheld so that nothing that is marked can be computed from what is shown."""
    # The integer programme of scipy is loaded only where it is needed.
    from riskstrat.disclosure.linked_tables import withheld_together

    primary = {
        name: frame.select(pl.col(_mark_of(count)).alias(count) for count in tables[name].whole_counts)
        for name, frame in marked.items()
    }
    together = withheld_together(tables, primary, rule)
    return {
        name: frame.with_columns(column.alias(_mark_of(column.name)) for column in together[name])
        for name, frame in marked.items()
    }


def _as_shown(table: Table, marked: pl.DataFrame, rule: Disclosure) -> Released:
    withheld = marked.select(_suppressed(table))
    suppressed = withheld.row(0, named=True) if withheld.width else {}
    roles = {column: role for column, role in table.roles.items() if role not in _INSIDE}
    shown = marked.select(_shown(table, rule)).select(list(roles))
    if not rule.is_working_material:
        shown = shown.with_columns(in_digits(shown, table.digits))
    number = pl.selectors.float() if rule.is_working_material else pl.selectors.float().round_sig_figs(CLEAN)
    # Programs that draw and read tables end at marks that nobody sees, and people read another name than there is.
    seen = shown.with_columns(nothing_below(number), without_marks(pl.col(pl.String)))
    return Released(seen, MappingProxyType(suppressed), rule, MappingProxyType(roles), _TOKEN)


def restored(
    frame: pl.DataFrame, suppressed: Mapping[str, int], disclosure: Disclosure, roles: Mapping[str, str]
) -> Released:
    """Give a released table back as it was, read from where it was kept.

    Parameters
    ----------
    frame, suppressed, disclosure, roles
        Of an earlier `Released`.

    Returns
    -------
    Released
        As it was.

    Examples
    --------
    >>> frame = pl.DataFrame({"area": ["A"], "people": [120]})
    >>> kept = release(Table(frame, dimensions=("area",), counts=("people",)), Disclosure(protection="none"))
    >>> restored(kept.frame, kept.suppressed, kept.disclosure, kept.roles).frame.equals(kept.frame)
    True
    """
    return Released(frame, MappingProxyType(dict(suppressed)), disclosure, MappingProxyType(dict(roles)), _TOKEN)


def _check_sums(tables: Mapping[str, Table]) -> None:
    """See that sums from one table to another hold."""
    UsageError.refuse(
        Problem(
            number_of(
                wrong,
                f"total of {each.total_table} that is not the sum of its parts",
                f"totals of {each.total_table} that are not the sum of their parts",
            ),
            "parts that add up",
            "declare only sums that hold for every cell",
            table=name,
            column=each.count,
        )
        for name, table in tables.items()
        for each in table.sums
        if each.total_table is not None
        and each.total_table in tables
        and not {each.count, each.total_column or each.count} & {*table.protected, *tables[each.total_table].protected}
        and (wrong := each.unequal(table.frame, tables[each.total_table].frame))
    )


def _mark(table: Table, rule: Disclosure, frame: pl.DataFrame) -> pl.DataFrame:
    """Add, for each whole count, whether it is small and whether it is protected for any reason."""
    counts = table.whole_counts
    whole = frame.with_columns(pl.col(counts).cast(pl.Int64)) if counts else frame
    small = whole.with_columns(
        rule.protects(pl.col(table.persons.get(count, count)), table.fewest.get(count, 1)).alias(_small(count))
        for count in counts
    )
    return small.with_columns(_protected(table, rule, count).alias(_mark_of(count)) for count in counts)


def _protected(table: Table, rule: Disclosure, count: str) -> pl.Expr:
    reasons = [pl.col(_small(count))]
    for denominator in (whole for part, whole in table.parts if part == count and whole != count):
        # Persons who are never counted are the fewest that can be behind what remains.
        known = count in table.persons and denominator in table.persons
        pair = (table.persons[count], table.persons[denominator]) if known else (count, denominator)
        reasons += [pl.col(_small(denominator)), rule.protects_remainder(*map(pl.col, pair))]
        if count in table.categories:
            reasons.append(table.categories[count].reveals(pl.col(count), pl.col(denominator), rule.max_share))
    return pl.any_horizontal(reason.fill_null(value=True) for reason in reasons)


def _shown(table: Table, rule: Disclosure) -> list[pl.Expr]:
    return [
        *(pl.col(column) for column in (*table.dimensions, *table.public)),
        *(_shown_count(rule, count) for count in table.whole_counts if count not in table.unshown),
        *(
            pl.when(_withheld(sources)).then(None).otherwise(_value(table, rule, column)).alias(column)
            for column, sources in table.sources.items()
        ),
    ]


def _value(table: Table, rule: Disclosure, column: str) -> pl.Expr:
    of = table.derived[column]
    if not isinstance(of, Ratio):
        return pl.col(column)
    numerator, denominator = (rule.rounded(pl.col(count)) for count in of.counts)
    return pl.when(denominator > 0).then((numerator / denominator).round_sig_figs(of.digits))


def _shown_count(rule: Disclosure, count: str) -> pl.Expr:
    value = pl.col(count).cast(pl.Int64)
    return (
        pl.when(pl.col(_small(count)) & rule.protects(value))
        .then(rule.in_place_of_small(value))
        .when(pl.col(_mark_of(count)))
        .then(None)
        .otherwise(rule.rounded(value))
        .alias(count)
    )


def _suppressed(table: Table) -> list[pl.Expr]:
    counts = {count: (count,) for count in table.whole_counts if count not in table.unshown}
    return [
        (_withheld(sources) & pl.col(column).is_not_null()).sum().alias(column)
        for column, sources in {**counts, **table.sources}.items()
    ]


def _withheld(sources: Sequence[str]) -> pl.Expr:
    return pl.any_horizontal(pl.col(_mark_of(source)) for source in sources)


def _small(count: str) -> str:
    return f"{_MARK}small__{count}"


def _mark_of(count: str) -> str:
    return f"{_MARK}{count}"


def _not_a_table(found: object) -> DisclosureError:
    return DisclosureError(
        Problem(
            f"a {type(found).__name__}",
            "a Table, which says what each column is",
            "wrap the frame: Table(frame, dimensions=..., counts=...)",
        )
    )
