"""What holds of every partition: who is merged, with whom, and that the partitions of all conditions are nested."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from riskstrat.areas import Neighbours, intersections
from riskstrat.areas.partition import merge_small_areas, merge_tree

QUICK = settings(deadline=None, max_examples=50)
LEAST = {"people": 20, "expected": 4.0}


@dataclass(frozen=True)
class Map:
    """Areas with what two conditions count in them, and who borders whom: within each parent, one connected map."""

    areas: pl.DataFrame
    neighbours: Neighbours | None

    def of(self, condition: str) -> pl.DataFrame:
        return self.areas.rename({f"people_{condition}": "people", f"expected_{condition}": "expected"})


@st.composite
def maps(draw: st.DrawFn) -> Map:
    n, parents = draw(st.integers(1, 14)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parent = rng.integers(0, parents, n)
    sizes = {f"people_{one}": rng.integers(0, 60, n) for one in ("a", "b")}
    cases = {f"expected_{one}": rng.uniform(0, 12, n).round(1) for one in ("a", "b")}
    areas = pl.DataFrame(
        {
            "area_id": [f"{number:02d}" for number in rng.permutation(n)],
            "residents": rng.integers(1, 4, n) * 500,
            "parent_id": [f"p{number}" for number in parent],
            **sizes,
            **cases,
        }
    )
    order = [np.flatnonzero(parent == one) for one in range(parents)]
    chain = [pair for each in map(rng.permutation, order) for pair in pairwise(each)]
    more = rng.integers(0, n, (n // 2, 2))
    pairs = np.array([*chain, *more[more[:, 0] != more[:, 1]]], dtype=np.intp).reshape(-1, 2)
    known = Neighbours(areas=tuple(areas["area_id"]), pairs=np.unique(np.sort(pairs, axis=1), axis=0))
    return Map(areas, known if draw(st.booleans()) else None)


def units(found: Map, condition: str) -> list[set[str]]:
    merged = merge_small_areas(found.of(condition), neighbours=found.neighbours).areas
    return [set(areas) for areas in merged.group_by("unit").agg("area_id")["area_id"]]


@QUICK
@given(maps())
def test_units_of_one_condition_hold_whole_units_of_another_or_lie_within_one(found: Map):
    for one in units(found, "a"):
        assert all(not one & other or one <= other or other <= one for other in units(found, "b"))


@QUICK
@given(maps())
def test_every_area_is_in_one_unit_and_every_unit_describes_enough(found: Map):
    areas = found.of("a")
    partition = merge_small_areas(areas, neighbours=found.neighbours)
    assert partition.areas["area_id"].to_list() == sorted(areas["area_id"])
    totals = areas.join(partition.areas, on="area_id").group_by("unit").agg(pl.col(list(LEAST)).sum())
    if totals.height > 1:
        assert all((totals[name] >= fewest - 1e-9).all() for name, fewest in LEAST.items())


@QUICK
@given(maps())
def test_only_units_with_something_too_small_in_them_are_merged(found: Map):
    areas = found.of("a")
    small = set(areas.filter((pl.col("people") < 20) | (pl.col("expected") < 4))["area_id"])
    assert all(small & unit for unit in units(found, "a") if len(unit) > 1)


@QUICK
@given(maps())
def test_units_stay_within_their_parent_unless_a_whole_parent_is_too_small(found: Map):
    areas = found.of("a")
    partition = merge_small_areas(areas, neighbours=found.neighbours)
    parents = areas.join(partition.areas, on="area_id").group_by("unit").agg(pl.col("parent_id").n_unique())
    assert sorted(parents.filter(pl.col("parent_id") > 1)["unit"]) == list(partition.crossing)
    totals = areas.group_by("parent_id").agg(pl.col(list(LEAST)).sum())
    if all((totals[name] >= fewest + 1e-9).all() for name, fewest in LEAST.items()):
        assert partition.crossing == ()


@QUICK
@given(maps())
def test_units_within_a_parent_are_one_piece_of_the_map(found: Map):
    if found.neighbours is None:
        return
    partition = merge_small_areas(found.of("a"), neighbours=found.neighbours)
    number = {area: row for row, area in enumerate(found.neighbours.areas)}
    for unit, _, members in partition.merged.iter_rows():
        if unit not in partition.crossing:
            inside = [number[area] for area in members]
            pairs = found.neighbours.pairs
            n = len(number)
            joined = coo_array((np.ones(len(pairs)), tuple(pairs.T)), shape=(n, n)).tocsr()[inside][:, inside]
            assert connected_components(joined, directed=False)[0] == 1


@QUICK
@given(maps(), st.randoms(use_true_random=False))
def test_the_order_of_areas_changes_nothing(found: Map, random: object):
    areas = found.of("a")
    shuffled = areas.sample(fraction=1, shuffle=True, seed=random.randrange(1000))  # type: ignore[attr-defined]
    one, other = (merge_small_areas(each, neighbours=found.neighbours) for each in (areas, shuffled))
    assert one.digest == other.digest


@QUICK
@given(st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_no_finer_cut_has_enough(n: int, seed: int):
    rng = np.random.default_rng(seed)
    residents, people = rng.integers(1, 9, n), rng.integers(0, 30, n)
    tree = merge_tree(residents, [rng.integers(0, 2, n).tolist()])
    sizes = [len(set(cut)) for cut in all_cuts(tree.children, n, 2 * n - 2) if enough(people, cut)]
    assert len(set(tree.cut([(people, 20)]).tolist())) == max(sizes, default=1)


def all_cuts(children: np.ndarray, n: int, node: int) -> list[tuple[int, ...]]:
    """List every cut of a subtree, as the unit of each of its areas or -1 outside it."""
    if node < n:
        return [tuple(node if area == node else -1 for area in range(n))]
    parts = [all_cuts(children, n, int(child)) for child in children[node - n]]
    split = [tuple(map(max, one, other)) for one in parts[0] for other in parts[1]]
    return [*split, tuple(node if unit >= 0 else -1 for unit in split[0])]


def enough(people: np.ndarray, cut: tuple[int, ...]) -> bool:
    return all(people[np.array(cut) == unit].sum() >= 20 for unit in set(cut))


@QUICK
@given(st.integers(0, 2**32 - 1))
def test_areas_and_care_centres_are_sums_of_whole_intersections(seed: int):
    rng = np.random.default_rng(seed)
    people = pl.DataFrame(
        {
            "area_id": rng.choice(["A", "B"], 120, p=[0.6, 0.4]),
            "care_centre_id": rng.choice(["x", "y", "z"], 120, p=[0.7, 0.25, 0.05]),
        }
    )
    cells = intersections(people)
    assert cells.select("area_id", "care_centre_id").is_unique().all()
    of_people = people.join(cells, on=["area_id", "care_centre_id"])
    assert of_people.height == people.height
    units = of_people.group_by("unit").agg(pl.len(), pl.col("area_id", "counted_in").n_unique())
    assert (units["len"] >= 20).all()
    assert (units["area_id"] == 1).all()
    assert (units["counted_in"] == 1).all()
