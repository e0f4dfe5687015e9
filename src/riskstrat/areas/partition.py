"""Which areas are too small to describe anybody, and with which of their neighbours they are described together.

In: areas with residents, people at risk and expected cases. Out: a `Partition`, a cut through one tree of mergers that
public facts alone decide, so that the partitions of all conditions are nested.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.areas.geography import Neighbours
from riskstrat.areas.grouping import check_columns
from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.records.partition import JoinedBy, Partition

PARENTS = ("parent_id", "municipality")
"""Columns of larger areas, the smaller first; what they hold apart is merged last."""

_NAMED = 3
"""So many areas are named in full in the code and the name of their unit, and of more how many."""

_MEASURES = {"people": "people of today", "expected": "expected cases"}

Graph = dict[int, set[int]]
Numbers = NDArray[np.number]


@dataclass(frozen=True, kw_only=True, eq=False)
class MergeTree:
    """In what order areas would be merged, down to one unit.

    Attributes
    ----------
    children
        The two units that each merger joins, (areas - 1, 2). Numbers below the count of areas are areas, each merger
        adds one to the units that can be joined later.

    Examples
    --------
    >>> tree = merge_tree(np.array([5, 3, 4, 9]), boundaries=[])
    >>> tree.children.tolist()
    [[1, 2], [0, 4], [5, 3]]
    >>> tree.cut([(np.array([5, 3, 4, 9]), 5)]).tolist()
    [0, 4, 4, 3]
    """

    children: NDArray[np.intp]

    def cut(self, least: Iterable[tuple[Numbers, float]]) -> NDArray[np.intp]:
        """Find the finest cut in which every unit has enough: the number of each area's unit, (areas,).

        `least` has, for each measure that adds up, the values of the areas and the least that a unit must have. A unit
        is split where both of its parts have enough of everything; what is too small as a whole is one unit.
        """
        areas = len(self.children) + 1
        enough = np.ones(2 * areas - 1, dtype=bool)
        for values, fewest in least:
            total = np.concatenate([values, np.zeros(areas - 1)])
            for merger, pair in enumerate(self.children):
                total[areas + merger] = total[pair].sum()
            enough &= total >= fewest
        unit = np.arange(2 * areas - 1)
        for merger, pair in reversed(list(enumerate(self.children))):
            whole = areas + merger
            if unit[whole] != whole or not enough[pair].all():
                unit[pair] = unit[whole]
        return unit[:areas]


def merge_tree(
    residents: Numbers, boundaries: Sequence[Sequence[Hashable]], borders: NDArray[np.integer] | None = None
) -> MergeTree:
    """Merge the smallest unit with its smallest neighbour, again and again, within ever larger boundaries.

    Areas are in the order of their codes. `boundaries` label each area, the smallest larger areas first: what one
    label holds becomes one unit before anything crosses its border. `borders` are pairs of neighbours, (m, 2); where a
    unit has none within its boundary, it is joined with the one before or after it in the order of codes.
    """
    n = len(residents)
    near = _graph(range(n), [] if borders is None else borders.tolist())
    growing = _Growing(size=list(map(int, residents)), first=list(range(n)), near=near)
    units = list(range(n))
    for labels in (*boundaries, [None] * n):
        inside: dict[Hashable, list[int]] = {}
        for unit in sorted(units, key=growing.first.__getitem__):
            inside.setdefault(labels[growing.first[unit]], []).append(unit)
        units = [growing.merge_all(members) for members in inside.values()]
    return MergeTree(children=np.array(growing.children, dtype=np.intp).reshape(-1, 2))


@dataclass(kw_only=True, eq=False)
class _Growing:
    """Units while they are merged, by number: residents, the first area in the order of codes, and neighbours."""

    size: list[int]
    first: list[int]
    near: Graph
    children: list[tuple[int, int]] = field(default_factory=list)

    def merge_all(self, members: list[int]) -> int:
        """Merge units, which are in the order of codes, down to one."""
        left, chain = set(members), _graph(members, itertools.pairwise(members))
        waiting = [self._rank(unit) for unit in members]
        heapq.heapify(waiting)
        while len(left) > 1:
            smallest = heapq.heappop(waiting)[-1]
            if smallest not in left:
                continue
            other = min(self.near[smallest] & left or chain[smallest], key=self._rank)
            merged = self._join(smallest, other)
            for graph in (self.near, chain):
                _contract(graph, smallest, other, merged)
            left -= {smallest, other}
            left.add(merged)
            heapq.heappush(waiting, self._rank(merged))
        return left.pop()

    def _rank(self, unit: int) -> tuple[int, int, int]:
        """Order units by size; where two are alike, by their first code."""
        return self.size[unit], self.first[unit], unit

    def _join(self, one: int, other: int) -> int:
        self.children.append((one, other) if self.first[one] < self.first[other] else (other, one))
        self.size.append(self.size[one] + self.size[other])
        self.first.append(min(self.first[one], self.first[other]))
        return len(self.size) - 1


def _graph(nodes: Iterable[int], pairs: Iterable[Iterable[int]]) -> Graph:
    near: Graph = {node: set() for node in nodes}
    for one, other in pairs:
        near[one].add(other)
        near[other].add(one)
    return near


def _contract(near: Graph, one: int, other: int, merged: int) -> None:
    """Put one node in the place of two."""
    near[merged] = (near.pop(one) | near.pop(other)) - {one, other}
    for node in near[merged]:
        near[node] -= {one, other}
        near[node].add(merged)


@checked
def merge_small_areas(
    areas: pl.DataFrame,
    *,
    min_people: int = 20,
    min_expected: float = 4.0,
    neighbours: Neighbours | None = None,
) -> Partition:
    """Join the areas that are too small to describe anybody with neighbours, and leave all others alone.

    All areas are merged in one order, which depends on public facts only: within its parent the smallest unit is joined
    with its smallest neighbour, again and again; whole parents only when each is one unit. The partition is the finest
    cut of this tree in which every unit has enough people and expected cases. So a unit of one condition lies within a
    unit of another, or holds whole units of it. Areas in which nobody lives any more, such as those of an older
    version, describe nobody today and stay as they are.

    `areas` has one row an area: area_id, residents (all people who live there), people (of the target population) and
    expected (cases that would be expected if everybody's risk were the same; never the area's own outcomes); optional
    are name, parent_id (the larger area within which small ones are merged) and municipality. Without `neighbours` they
    are joined in the order of codes; if all together have not enough, they are one unit.
    """
    UsageError.refuse(check_columns(_NEEDED, areas=areas) or _nulls(areas))
    lived_in = (pl.col("residents") > 0) | (pl.col("people") > 0)
    known = areas.sort("area_id").filter(lived_in)
    least = [(known["people"].to_numpy(), min_people), (known["expected"].to_numpy(), min_expected)]
    unit, boundaries = np.arange(known.height), [labels.to_list() for labels in _parents(known)]
    if known.height > 1 and any((values < fewest).any() for values, fewest in least):
        unit = merge_tree(known["residents"].to_numpy(), boundaries, _borders(known, neighbours)).cut(least)
    left = areas.filter(~lived_in).with_columns(number=-1 - pl.int_range(pl.len()))
    grouped = _named(pl.concat([known.with_columns(number=pl.Series(unit, dtype=pl.Int64)), left]))
    by: JoinedBy = "codes" if neighbours is None else "borders"
    return Partition(
        areas=grouped,
        min_people=min_people,
        min_expected=min_expected,
        joined_by=by if (unit != np.arange(known.height)).any() else None,
        crossing=_crossing(grouped["unit"], boundaries),
    )


_NEEDED = ("area_id", "residents", "people", "expected")


def _nulls(areas: pl.DataFrame) -> list[Problem]:
    missing = areas.select(_NEEDED).null_count().row(0, named=True)
    return [
        Problem(
            f"{number_of(rows, 'row')} without a value",
            "a value in every row",
            "use 0 where nobody is",
            table="areas",
            column=name,
        )
        for name, rows in missing.items()
        if rows
    ]


def _borders(areas: pl.DataFrame, neighbours: Neighbours | None) -> NDArray[np.intp] | None:
    """Give the pairs of neighbours as rows of `areas`; what lies outside is left out."""
    if neighbours is None:
        return None
    row = {area: number for number, area in enumerate(areas["area_id"].to_list())}
    numbers = np.array([row.get(area, -1) for area in neighbours.areas], dtype=np.intp)
    pairs = numbers[neighbours.pairs]
    return pairs[(pairs >= 0).all(axis=1)]


def _named(areas: pl.DataFrame) -> pl.DataFrame:
    """Name the units of numbered areas: the largest first, and how many more where there are many."""
    name = pl.coalesce("name", "area_id") if "name" in areas.columns else pl.col("area_id")
    many = pl.len() > _NAMED
    units = (
        areas.with_columns(called=name)
        .sort("residents", "area_id", descending=[True, False])
        .group_by("number")
        .agg(
            unit=pl.when(many)
            .then(pl.format("{}+{}", pl.col("area_id").min(), pl.len() - 1))
            .otherwise(pl.col("area_id").sort().str.join("+")),
            name=pl.when(many)
            .then(pl.format("{} (+{})", pl.col("called").head(_NAMED).str.join(" + "), pl.len() - _NAMED))
            .otherwise(pl.col("called").head(_NAMED).str.join(" + ")),
        )
    )
    return areas.drop("name", strict=False).join(units, on="number", how="left", maintain_order="left")


def _parents(areas: pl.DataFrame) -> list[pl.Series]:
    """Label areas by the larger ones that hold them, the smallest first; the next larger where there is no parent."""
    known = [name for name in PARENTS if name in areas.columns and areas[name].count()]
    return [areas.select(pl.coalesce(known[level:])).to_series() for level in range(len(known))]


def _crossing(unit: pl.Series, boundaries: Sequence[Sequence[Hashable]]) -> tuple[str, ...]:
    """List the units whose areas have several parents."""
    held: dict[str, set[Hashable]] = {}
    for one, parent in zip(unit, boundaries[0] if boundaries else (), strict=False):
        held.setdefault(one, set()).add(parent)
    return tuple(sorted(one for one, parents in held.items() if len(parents) > 1))


@checked
def intersections(
    people: pl.DataFrame,
    by: Sequence[str] = ("area_id", "care_centre_id"),
    *,
    min_people: int = 20,
    min_expected: float = 0.0,
) -> pl.DataFrame:
    """Find the units that are protected where two geographies overlap: what both have in common.

    Counts of areas and of care centres that share people can be subtracted from each other, so the same rule holds for
    their intersections: one of too few people is joined with another one of the same area. People in it are counted
    with the care centre that most of them have, so that areas and care centres both are sums of whole units.

    Parameters
    ----------
    people
        One row a person, with the columns `by` and, for `min_expected`, expected; rows without a group are in no unit.
    by
        The partition that is kept (area_id after `merge_small_areas`), and the geography that overlaps it.
    min_people, min_expected
        The fewest people and expected cases of a unit.

    Returns
    -------
    polars.DataFrame
        The columns `by`, ``unit``, and ``counted_in``, the group of the second geography that the unit belongs to.

    Raises
    ------
    UsageError
        If a column is missing, `by` are not two, or whole areas are too small.

    Examples
    --------
    >>> people = pl.DataFrame({"area_id": ["A"] * 60, "care_centre_id": ["x"] * 40 + ["y"] * 15 + ["z"] * 5})
    >>> intersections(people).rows()
    [('A', 'x', 'A / x', 'x'), ('A', 'y', 'A / y+z', 'y'), ('A', 'z', 'A / y+z', 'y')]
    """
    kept, other = _two(by)
    measures = ("expected",) if min_expected else ()
    UsageError.refuse(check_columns([*by, *measures], people=people))
    sums = [pl.len().alias("people"), *(pl.col(name).sum() for name in measures)]
    if people.drop_nulls(list(by)).is_empty():
        raise UsageError(Problem("nobody in both geographies", "people", "check the columns"))
    cells = people.drop_nulls(list(by)).group_by(by).agg(sums).sort(kept, "people", other)
    rule = {"people": min_people, **dict.fromkeys(measures, min_expected)}
    UsageError.refuse(too_small(cells.group_by(unit=kept).agg(pl.col(list(rule)).sum()), rule))
    # In the order of size the next in line is the smallest of the same area.
    tree = merge_tree(cells["people"].to_numpy(), [cells[kept].to_list()])
    unit = tree.cut([(cells[name].to_numpy(), fewest) for name, fewest in rule.items()])
    return cells.select(
        *by,
        unit=pl.concat_str(kept, pl.col(other).sort().str.join("+"), separator=" / ").first().over(pl.Series(unit)),
        counted_in=pl.col(other).sort_by("people").last().over(pl.Series(unit)),
    ).sort(by)


def _two(by: Sequence[str]) -> tuple[str, str]:
    if len(by) == 2:
        return by[0], by[1]
    raise UsageError(
        Problem(number_of(len(by), "geography", "geographies"), "two", "intersect the units with a third one then")
    )


def too_small(units: pl.DataFrame, rule: Mapping[str, float]) -> list[Problem]:
    """Name the units that break a rule, without telling by how much: unit, and the columns that the rule names."""
    return [
        Problem(
            f"units with too few {_MEASURES[name]}: {', '.join(broken)}",
            f"at least {fewest:g} in every unit",
            "join each with a neighbour",
            table="partition",
        )
        for name, fewest in rule.items()
        if (broken := sorted(units.filter(pl.col(name) < fewest)["unit"]))
    ]
