"""Boosted trees of bin numbers in, the same trees with enough persons in every leaf and rounded numbers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.estimators.bins import bin_numbers

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

DIGITS: Final = 4
_COUNTS: Final = 10
"""Rows of a node are given to the nearest ten."""

Nodes = NDArray[np.void]
Edges = Sequence[NDArray[np.float64]]


def released_trees(
    model: HistGradientBoostingClassifier,
    edges: Edges,
    values: NDArray[np.float32],
    are_enough: Callable[[NDArray[np.intp]], bool],
) -> tuple[HistGradientBoostingClassifier, list[NDArray[np.float64]]]:
    """Copy trees with leaves that hold enough, only those edges of bins that a tree splits at, and rounded numbers.

    A split whose sides are not both enough is undone: its node becomes a leaf with the mean of those below it.
    """
    numbers, fitted = bin_numbers(values, edges), [predictor for (predictor,) in model._predictors]
    trees = [_pruned(predictor.nodes, numbers, are_enough) for predictor in fitted]
    used = [_edges_split_at(trees, column) for column in range(len(edges))]
    made = copy(model)
    made._predictors = [[_with_nodes(old, _renumbered(tree, used))] for old, tree in zip(fitted, trees, strict=True)]
    made._baseline_prediction = significant(model._baseline_prediction, DIGITS)
    made.train_score_, made.validation_score_ = np.empty(0), np.empty(0)
    made._feature_subsample_rng, made._random_seed, made.random_state = None, 0, None
    made._bin_mapper = copy(model._bin_mapper)
    made._bin_mapper.bin_thresholds_, made._bin_mapper.random_state = [], None
    return made, [own[chosen] for own, chosen in zip(edges, used, strict=True)]


def _pruned(nodes: Nodes, numbers: NDArray[np.float32], are_enough: Callable[[NDArray[np.intp]], bool]) -> Nodes:
    """Undo splits from the leaves up until every leaf holds enough."""
    tree, rows = nodes.copy(), _rows_of_leaves(nodes, numbers)
    for parent in _split_nodes(tree):
        below = [int(tree[side][parent]) for side in ("left", "right")]
        tree["value"][parent] = np.average(tree["value"][below], weights=tree["count"][below])
        rows[parent] = np.concatenate([rows[node] for node in below])
        if not all(are_enough(rows[node]) for node in below if tree["is_leaf"][node]):
            tree["is_leaf"][parent] = 1
    return _reachable(tree)


def _split_nodes(tree: Nodes) -> list[int]:
    """Nodes that are split, the deepest first."""
    split = np.flatnonzero(tree["is_leaf"] == 0)
    return [int(node) for node in split[np.argsort(-tree["depth"][split].astype(np.int64), kind="stable")]]


def _rows_of_leaves(tree: Nodes, numbers: NDArray[np.float32]) -> dict[int, NDArray[np.intp]]:
    """Row numbers of each leaf, by its node."""
    everybody, node = np.arange(len(numbers)), np.zeros(len(numbers), dtype=np.intp)
    for _ in range(int(tree["depth"].max())):
        number = numbers[everybody, tree["feature_idx"][node]]
        low = np.where(np.isnan(number), tree["missing_go_to_left"][node] == 1, number <= tree["num_threshold"][node])
        beneath = np.where(low, tree["left"][node], tree["right"][node])
        node = np.where(tree["is_leaf"][node] == 1, node, beneath).astype(np.intp)
    return {int(leaf): np.flatnonzero(node == leaf) for leaf in np.flatnonzero(tree["is_leaf"])}


def _reachable(tree: Nodes) -> Nodes:
    """Leave out nodes below leaves, and what only fitting needs; numbers with the digits that leave."""
    kept = sorted(_below(tree, 0))
    number = np.zeros(len(tree), dtype=np.uint32)
    number[kept] = np.arange(len(kept))
    made = tree[kept]
    split = made["is_leaf"] == 0
    for side in ("left", "right"):
        made[side] = np.where(split, number[made[side]], 0)
    for nothing in ("feature_idx", "num_threshold", "missing_go_to_left"):
        made[nothing] = np.where(split, made[nothing], 0)
    made["gain"] = 0
    made["value"] = np.where(split, 0, significant(made["value"], DIGITS))
    return _counted_in_tens(made)


def _below(tree: Nodes, node: int) -> Iterator[int]:
    yield node
    if not tree["is_leaf"][node]:
        for side in ("left", "right"):
            yield from _below(tree, int(tree[side][node]))


def _counted_in_tens(tree: Nodes) -> Nodes:
    """Give rows of leaves to the nearest ten, and of other nodes as their sum."""
    tree["count"] = np.maximum(np.round(tree["count"] / _COUNTS), 1) * _COUNTS
    for parent in _split_nodes(tree):
        tree["count"][parent] = sum(int(tree["count"][tree[side][parent]]) for side in ("left", "right"))
    return tree


def _edges_split_at(trees: Sequence[Nodes], column: int) -> NDArray[np.intp]:
    """Numbers of the edges of a column at which some tree splits: a split at bin b + .5 is at edge b."""
    at = [tree["num_threshold"][_split_at_an_edge(tree) & (tree["feature_idx"] == column)] for tree in trees]
    return np.unique(np.floor(np.concatenate(at)).astype(np.intp))


def _split_at_an_edge(tree: Nodes) -> NDArray[np.bool_]:
    """Find nodes that are split by value, not by whether there is one (scikit-learn's threshold is infinite there)."""
    return np.asarray((tree["is_leaf"] == 0) & np.isfinite(tree["num_threshold"]))


def _renumbered(tree: Nodes, used: Sequence[NDArray[np.intp]]) -> Nodes:
    """Count bins by the edges that are left."""
    for node in np.flatnonzero(_split_at_an_edge(tree)):
        edge = np.floor(tree["num_threshold"][node])
        tree["num_threshold"][node] = np.searchsorted(used[tree["feature_idx"][node]], edge) + 0.5
    return tree


def _with_nodes(predictor: TreePredictor, nodes: Nodes) -> TreePredictor:
    made = copy(predictor)
    made.nodes = nodes
    return made


def significant(values: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    """Round to so many significant digits."""
    flat = np.ravel(np.asarray(values, dtype=np.float64))
    return pl.Series(flat).round_sig_figs(digits).to_numpy().reshape(np.shape(values))
