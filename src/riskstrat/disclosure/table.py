"""A frame of groups together with what each of its columns is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

from riskstrat.disclosure.digits import Digits
from riskstrat.disclosure.relations import Categories, Ratio, Sum
from riskstrat.errors import DisclosureError, Problem, UsageError, number_of

_PERSON_COLUMNS = ("personid", "motherid", "fatherid", "familyid", "lopnr", "personnr", "personnummer")


@dataclass(frozen=True, eq=False)
class Table:
    """Groups of people, one row a group, and the role of every column.

    Every column must have a role, because a column without one would leave unjudged.

    Parameters
    ----------
    frame
        One row a group; never a row a person.
    dimensions
        The columns that say which group a row is (area, sex, age band, metric, threshold). Together they are unique.
    counts
        Whole numbers of people or cases in the group. A real-valued (weighted) count is a derived column of the whole
        count behind it: protection is always decided on whole people.
    denominators
        Whole numbers of people that counts are parts of, either as ``{count: denominator}`` or as names, in which case
        every count is part of each of them. They are counts themselves and are protected and rounded as such.
    derived
        ``{column: count}`` or ``{column: (count, ...)}``: columns that are functions of those counts (smoothed values,
        intervals, contributions); ``{column: Ratio(count, count)}`` where the function is their quotient. They are
        withheld where one of the counts is protected.
    public
        Columns that no protected count can be learnt from: a label, a threshold, a budget.
    unshown
        Whole counts that decide what is protected but are not shown, where values must not stand beside them.
    persons
        ``{count: column}``: the number of distinct persons behind a count of index dates or outcomes, of which a person
        may have several. Where it is given, it decides whether the count is protected. Such columns are not shown
        unless they have another role.
    sums
        Which cells add up to which (see `Sum`).
    keys
        ``{count: column}``: the sum of the keys of the persons behind each cell of the count (`person_keys`,
        `sum_keys`; UInt64), from which the noise of the cell comes. Such columns are not shown. A count without keys
        has noise of its labels and its value.
    protected
        Counts that carry noise already; relations to other counts hold for them only nearly.
    categories
        ``{count: Categories(column, dimensions)}``: which cells of a count are the categories of one variable.
    fewest
        ``{count: persons}``: counts behind which more persons must be than the rule asks of every count, because
        people are described by more than their number.
    digits
        ``{column: ByInterval(lower, upper)}`` or ``{column: Step(...)}``: what the numbers of a derived or public
        column are, which decides how many digits are shown (`riskstrat.disclosure.digits`).

    Raises
    ------
    DisclosureError
        If a column holds persons (an identity, or nested values).
    UsageError
        With everything else that is wrong with the roles.

    Examples
    --------
    >>> frame = pl.DataFrame({"area": ["A", "B"], "people": [120, 80], "cases": [12, 3], "rate": [0.1, 0.0375]})
    >>> derived = {"rate": ("cases", "people")}
    >>> table = Table(frame, dimensions=("area",), counts=("cases",), denominators=("people",), derived=derived)
    >>> table.whole_counts
    ('cases', 'people')

    Index dates of two persons are not ten persons:

    >>> visits = pl.DataFrame({"area": ["A", "B"], "index_dates": [10, 40], "persons": [2, 20]})
    >>> table = Table(visits, dimensions=("area",), counts=("index_dates",), persons={"index_dates": "persons"})
    >>> table.roles
    mappingproxy({'area': 'dimension', 'index_dates': 'count', 'persons': 'unshown'})
    """

    frame: pl.DataFrame = field(repr=False)
    dimensions: Sequence[str] = ()
    counts: Sequence[str] = ()
    denominators: Sequence[str] | Mapping[str, str] = ()
    derived: Mapping[str, str | Sequence[str] | Ratio] = field(default_factory=dict)
    public: Sequence[str] = ()
    unshown: Sequence[str] = ()
    persons: Mapping[str, str] = field(default_factory=dict)
    sums: Sequence[Sum] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    protected: Sequence[str] = ()
    categories: Mapping[str, Categories] = field(default_factory=dict)
    fewest: Mapping[str, int] = field(default_factory=dict)
    digits: Mapping[str, Digits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role in ("dimensions", "counts", "public", "unshown", "protected"):
            object.__setattr__(self, role, _names(getattr(self, role)))
        named = self.denominators
        object.__setattr__(
            self, "denominators", MappingProxyType(dict(named)) if isinstance(named, Mapping) else _names(named)
        )
        object.__setattr__(self, "frame", self.frame.clone())
        for relation in ("derived", "persons", "keys", "categories", "fewest", "digits"):
            object.__setattr__(self, relation, MappingProxyType(dict(getattr(self, relation))))
        object.__setattr__(self, "sums", tuple(self.sums))
        behind = [column for column in dict.fromkeys(self.persons.values()) if column not in _roles(self)]
        object.__setattr__(self, "unshown", (*self.unshown, *behind))
        _check(self)

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """Pairs of a count and a denominator that it is part of."""
        if isinstance(self.denominators, Mapping):
            return tuple(self.denominators.items())
        counts = (*self.counts, *self.unshown)
        return tuple((count, denominator) for denominator in self.denominators for count in counts)

    @property
    def whole_counts(self) -> tuple[str, ...]:
        """Every column that protection is decided on: counts, unshown counts and denominators."""
        return tuple(dict.fromkeys((*self.counts, *self.unshown, *_denominators(self))))

    @property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """The counts behind each derived column."""
        return {column: of.counts if isinstance(of, Ratio) else _names(of) for column, of in self.derived.items()}

    @property
    def roles(self) -> Mapping[str, str]:
        """The role of each column, in the order of the frame."""
        named = (
            ("public", self.public),
            ("derived", tuple(self.derived)),
            ("denominator", _denominators(self)),
            ("count", self.counts),
            ("unshown", self.unshown),
            ("dimension", self.dimensions),
            ("inside", _inside(self)),
        )
        role = {column: kind for kind, columns in named for column in columns}
        return MappingProxyType({column: role[column] for column in self.frame.columns})


def _denominators(table: Table) -> tuple[str, ...]:
    named = table.denominators
    return tuple(dict.fromkeys(named.values() if isinstance(named, Mapping) else named))


def _names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _check(table: Table) -> None:
    personal = [*_identities(table), *_nested(table)]
    roles = [*_unknown(table), *_without_role(table), *_with_two_roles(table)]
    problems = [*personal, *roles] or _wrong_values(table)
    if personal:
        raise DisclosureError(*problems)
    UsageError.refuse(problems)


def _wrong_values(table: Table) -> list[Problem]:
    checks: tuple[Callable[[Table], Iterable[Problem]], ...] = (_not_counts, _not_keys, _foreign_sources, _not_unique)
    problems = [problem for check in checks for problem in check(table)]
    problems = problems or [*_negative(table), *_not_parts(table)]
    return problems or [*_not_persons(table), *_not_ratios(table), *_not_sums(table)]


def _identities(table: Table) -> list[Problem]:
    return [
        Problem("a column that identifies persons", "groups of people", "aggregate before releasing", column=column)
        for column in table.frame.columns
        if any(name in column.lower().replace("_", "") for name in _PERSON_COLUMNS)
    ]


def _nested(table: Table) -> list[Problem]:
    return [
        Problem(f"values of type {dtype}", "one plain value a group", "aggregate before releasing", column=column)
        for column, dtype in table.frame.schema.items()
        if dtype.is_nested() or dtype in {pl.Object, pl.Binary}
    ]


def _roles(table: Table) -> list[str]:
    shown = (*table.dimensions, *table.counts, *_denominators(table), *table.derived, *table.public)
    return [*shown, *table.unshown, *_inside(table)]


def _inside(table: Table) -> list[str]:
    """Name the columns that only decide: keys of cells, and which categories are sensitive."""
    return list(dict.fromkeys([*table.keys.values(), *(each.sensitive for each in table.categories.values())]))


def _unknown(table: Table) -> list[Problem]:
    named = [
        *_roles(table),
        *(count for count, _ in table.parts),
        *(name for names in table.sources.values() for name in names),
        *table.persons,
        *table.keys,
        *table.protected,
        *table.fewest,
        *table.categories,
        *table.digits,
        *(column for each in table.sums for column in each.columns),
    ]
    return [
        Problem("no such column", f"one of {table.frame.columns}", "correct the name", column=column)
        for column in dict.fromkeys(named)
        if column not in table.frame.columns
    ]


def _without_role(table: Table) -> list[Problem]:
    return [
        Problem(
            "a column without a role",
            "a dimension, count, denominator, derived, public or unshown column",
            "give it a role, or drop it",
            column=column,
        )
        for column in table.frame.columns
        if column not in _roles(table)
    ]


def _with_two_roles(table: Table) -> list[Problem]:
    roles = _roles(table)
    counts_too = set(table.counts) & set(_denominators(table))
    return [
        Problem("more than one role", "one role a column", "keep the strictest", column=column)
        for column in dict.fromkeys(roles)
        if roles.count(column) > 1 and column not in counts_too
    ]


def _not_counts(table: Table) -> list[Problem]:
    return [
        Problem(
            f"a count of type {table.frame.schema[column]}",
            "whole numbers",
            "give the number of people or cases as the count, and a weighted count as derived from it",
            column=column,
        )
        for column in table.whole_counts
        if not table.frame.schema[column].is_integer()
    ]


def _not_keys(table: Table) -> list[Problem]:
    return [
        Problem(
            f"cell keys of type {table.frame.schema[column]} for {count}",
            "UInt64 keys of a whole count",
            "add up person_keys(...) with sum_keys, and name the count that they are of",
            column=column,
        )
        for count, column in table.keys.items()
        if table.frame.schema[column] != pl.UInt64 or count not in table.whole_counts
    ]


def _foreign_sources(table: Table) -> list[Problem]:
    return [
        Problem(f"derived from {source}", "a count or denominator", "name the whole count behind it", column=column)
        for column, sources in table.sources.items()
        for source in (sources or ("nothing",))
        if source not in table.whole_counts
    ]


def _not_unique(table: Table) -> list[Problem]:
    groups = table.frame.n_unique(list(table.dimensions)) if table.dimensions else min(table.frame.height, 1)
    if groups == table.frame.height:
        return []
    return [
        Problem(
            f"{number_of(table.frame.height, 'row')} for {number_of(groups, 'different group')}",
            "dimensions that identify each row",
            "add the missing dimension, or aggregate",
            column=", ".join(table.dimensions) or None,
        )
    ]


def _negative(table: Table) -> list[Problem]:
    return [
        Problem("a negative count", "0 or more", "correct the table", column=column)
        for column, is_negative in table.frame.select((pl.col(table.whole_counts) < 0).any()).to_dict().items()
        if is_negative[0]
    ]


def _not_parts(table: Table) -> list[Problem]:
    return [
        Problem(
            f"{number_of(int(more), 'count')} above {denominator}",
            f"a part of {denominator}",
            "say which count is part of which denominator: denominators={count: denominator}",
            column=count,
        )
        for count, denominator in table.parts
        if _are_exact(table, count, denominator)
        if (more := (table.frame[count] > table.frame[denominator]).sum())
    ]


def _not_persons(table: Table) -> list[Problem]:
    """Persons are no more than their index dates or outcomes, and somebody is behind each of these."""
    return [
        Problem(
            f"{number_of(wrong, 'cell')} with more persons than {count}, or with none",
            f"the distinct persons behind {count}",
            "count persons by their identity, in the same groups",
            column=column,
        )
        for count, column in table.persons.items()
        if _are_exact(table, count, column)
        if (wrong := _impossible(table.frame, count, column))
    ]


def _impossible(frame: pl.DataFrame, count: str, persons: str) -> int:
    wrong = (pl.col(persons) > pl.col(count)) | ((pl.col(count) > 0) & (pl.col(persons) == 0))
    return int(frame.select(wrong.sum()).item())


def _not_ratios(table: Table) -> list[Problem]:
    return [
        Problem(
            f"{number_of(wrong, 'cell that is', 'cells that are')} not {of.numerator} / {of.denominator}",
            "the quotient of the two counts",
            "compute it from them, or name the counts behind it instead",
            column=column,
        )
        for column, of in table.derived.items()
        if isinstance(of, Ratio)
        and _are_exact(table, *of.counts)
        and (wrong := table.frame.select(of.differs(column).sum()).item())
    ]


def _not_sums(table: Table) -> list[Problem]:
    return [
        Problem(
            number_of(wrong, "total that is not the sum of its parts", "totals that are not the sum of their parts"),
            "parts that add up",
            "declare only sums that hold for every cell",
            column=each.count,
        )
        for each in table.sums
        if each.total_table is None and _are_exact(table, each.count, each.total_column or each.count)
        if (wrong := each.unequal(table.frame, table.frame))
    ]


def _are_exact(table: Table, *counts: str) -> bool:
    return not set(counts) & set(table.protected)
