"""Gamma beside BYM2 in the same made-up municipalities, from protected counts: who is honest, and whose plan is better.

Run: python benchmarks/honesty_smoothing.py [--municipalities 200] [--world NAME ...] [--condition NAME ...]
    [--method NAME ...]

Municipalities, noise, plans and gains are those of `honesty_priorities.py`, on maps of 51 areas (Delaunay's
triangulation of random points). In worlds "with space" the differences between areas are to 80 % an autoregression of
the map, in the others areas know nothing of their neighbours. "own prior" draws the spread from the prior of the
smoothing, for which alone its intervals promise 90 %, the others from half of it or as they say. In "blind" worlds the
model explains nothing of the differences by deprivation, which then lie on the map as theta does.

One row a condition, world and method: coverage of 90 % intervals of each area's ratio over the municipality's, of all
areas and of the tenth with the truly highest; of 1,000 areas how many are called clearly higher (P > .95), and the
share of these that truly lie below the municipality; the largest distance between how often a ratio is above the
municipality's and how often that was said, over classes of what was said; gains at budgets for 10, 20 and 30 %.
Below, the paired difference of gains, BYM2 minus gamma, with its standard error. Rows come in blocks, so that what is
there can be read before all is done.

In: nothing. Out: a table on the terminal.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.spatial import Delaunay

from honesty_priorities import (
    AREAS,
    BUDGETS,
    COMPARATORS,
    PROFILES,
    WIDTH,
    Municipality,
    Profile,
    World,
    gains,
    simulate,
)
from riskstrat.areas import Neighbours
from riskstrat.areas.gamma import PRIOR_SD
from riskstrat.records.areas import INTERVAL

METHODS = ("gamma", "bym2")
SHARE = 0.8
BLOCK = 25
CERTAIN = 0.95
CLASSES = np.array([0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0])
HIGHEST = AREAS // 10
WORLDS = {
    "own prior": (World(often_below=PRIOR_SD), False),
    "own prior, space": (World(often_below=PRIOR_SD, share=SHARE), False),
    "no space": (World(), False),
    "with space": (World(share=SHARE), False),
    "blind, no space": (World(), True),
    "blind, with space": (World(share=SHARE), True),
    "sd 0": (World(sd=0.0), False),
    "sd .15": (World(sd=0.15), False),
    "sd .25": (World(sd=0.25), False),
    "sd .25, with space": (World(sd=0.25, share=SHARE), False),
}
"""How the truth is made, and whether the model is blind."""
Row = dict[str, np.ndarray]


def map_of(seed: int) -> Neighbours:
    """Make up a map: who shares a side in the triangulation of random points."""
    corners = Delaunay(np.random.default_rng([seed, 5]).random((AREAS, 2))).simplices
    pairs = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1)
    return Neighbours(areas=tuple(map(str, range(AREAS))), pairs=np.unique(pairs, axis=0).astype(np.intp))


def measured(made: Municipality, seed: int) -> Row:
    """Measure what one municipality tells of a method."""
    lower, upper = np.quantile(made.relative, INTERVAL, axis=0)
    truth = made.true_relative
    holds = (lower <= truth) & (truth <= upper)
    said, high = (made.relative > 1).mean(axis=0), truth > 1
    number = np.clip(np.searchsorted(CLASSES, said, side="right") - 1, 0, len(CLASSES) - 2)
    clearly = said > CERTAIN
    found = {
        "covered": holds.mean(),
        "top": holds[np.argsort(truth)[-HIGHEST:]].mean(),
        "clearly": clearly.sum(),
        "false": (clearly & ~high).sum(),
        **{
            name: np.bincount(number, of, len(CLASSES) - 1)
            for name, of in (("said", said), ("high", high), ("n", None))
        },
    }
    for budget in BUDGETS:
        of = gains(made, budget, seed)
        found |= {f"{name} {budget:.0%}": of[name] for name in ("plan", *COMPARATORS)}
    return {name: np.asarray(value, dtype=float) for name, value in found.items()}


def written(rows: list[Row], truth_varies: bool) -> str:
    """One line of the table."""
    of = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    said, high, n = (of[name].sum(axis=0) for name in ("said", "high", "n"))
    apart = np.abs(said - high)[n >= 50] / n[n >= 50]
    clearly, false = of["clearly"].sum(), of["false"].sum()
    error = of["covered"].std() / len(rows) ** 0.5
    # Where nothing differs nobody is truly above.
    judged = f"{false / max(clearly, 1):5.3f} {apart.max():9.3f}" if truth_varies else f"{'-':>5} {'-':>9}"
    plan = " ".join(f"{of[f'plan {budget:.0%}'].mean():6.3f}" for budget in BUDGETS)
    ahead = " ".join(f"{(of['plan 20%'] - of[f'{name} 20%']).mean():+6.3f}" for name in COMPARATORS)
    flagged = 1000 * clearly / (len(rows) * AREAS)
    return (
        f"{of['covered'].mean():6.3f} ±{error:.3f} {of['top'].mean():6.3f} {flagged:7.0f} {judged}   {plan}   {ahead}"
    )


def report(found: dict[tuple[str, str], list[Row]], profile: Profile, world: str, methods: list[str]) -> Iterator[str]:
    """Give the lines of the methods, and of the difference between two."""
    several = [found[world, method] for method in methods]
    for method, rows in zip(methods, several, strict=True):
        yield f"{profile.name:10} {world:19} {method:6} {len(rows):4} {written(rows, world != 'sd 0')}"
    for budget in BUDGETS if len(methods) == 2 else ():
        first, second = (np.array([row[f"plan {budget:.0%}"] for row in rows]) for rows in several)
        apart = second - first
        error = apart.std(ddof=1) / len(apart) ** 0.5
        yield f"{'':30}{methods[1]} minus {methods[0]} at {budget:.0%}: {apart.mean():+.3f} ({error:.3f})"


def run(profiles: list[Profile], worlds: list[str], methods: list[str], municipalities: int) -> None:
    """Measure block by block, so that every condition and world has got as far as the others."""
    found: dict[str, dict[tuple[str, str], list[Row]]] = defaultdict(lambda: defaultdict(list))
    for first, world, profile in product(range(0, municipalities, BLOCK), worlds, profiles):
        of, blind = WORLDS[world]
        for seed, method in product(range(first, min(first + BLOCK, municipalities)), methods):
            on_map = replace(of, map_of=map_of(seed))
            made = simulate(profile, (1.0,), seed, blind=blind, width=WIDTH, world=on_map, smoothing=method)
            found[profile.name][world, method].append(measured(made, seed))
        print("\n".join(report(found[profile.name], profile, world, methods)), flush=True)


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description="Gamma beside BYM2.")
    arguments.add_argument("--municipalities", type=int, default=200)
    arguments.add_argument("--world", nargs="+", choices=WORLDS, default=list(WORLDS))
    arguments.add_argument("--condition", nargs="+", choices=[each.name for each in PROFILES])
    arguments.add_argument("--method", nargs="+", choices=METHODS, default=list(METHODS))
    given = arguments.parse_args()
    of_areas = f"{'cover':>6} {'error':>6} {'top':>6} {'clearly':>7} {'false':>5} {'said/seen':>9}"
    of_plans = f"gain at 10, 20, 30 %       at 20 %: plan minus {', '.join(COMPARATORS)}"
    print(f"{'condition':10} {'world':19} {'method':6} {'n':>4} {of_areas}   {of_plans}")
    profiles = [each for each in PROFILES if given.condition is None or each.name in given.condition]
    run(profiles, given.world, given.method, given.municipalities)


if __name__ == "__main__":
    main()
