"""What all numbers of a run tell of one unit, to somebody who knows everything about all the others.

He knows the rules, the code, the people of every unit, and of all units but one who had the outcome. He sees an
edition, or two that differ by one person of the unit, of two conditions. Each number of a run that depends on outcomes
follows from protected counts, which he is granted as far as digits tell them (so inverting posteriors always succeeds):

- the unit's own outcomes, exactly: area results, plan, curves, reasons and inequality are functions of these and of
  those of the others (tests/properties/test_intruder_numbers.py), and so are totals and halves;
- outcomes of all by period, and of how follow-up ended in the flow, to the nearest five;
- observed over expected of all and of groups by sex, age and so on, and of ten groups by risk of two models, to the
  step that is shown: he knows the others in each group, and of the unit how such cases are spread over groups.

Languages add nothing: both reports are made from the same released tables. Numbers of the two conditions are of other
outcomes. Out: how often his best guess hits the unit's outcomes (bar: at most 40 %), fewer than five counts in a row
are possible (never), or the person's outcome is decided (probability above 0.99 where both were alike before; never).
Leaves with 1 where one edition misses a bar. Two do (docs/honesty.md): the record of releases says so at the second.

Run: python benchmarks/intruder_numbers.py [--towns 1000] [--first 0]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import nbinom, poisson

from intruder import CERTAIN, EXPECTED, FEWEST_POSSIBLE, MOST_HIT, RISKS, SD, UNITS, in_a_row
from riskstrat.disclosure import CellNoise, Disclosure, to_width
from riskstrat.publication.validation import FEWEST_FOR_METRICS

NOISE = CellNoise(b"only how likely each noise is, is asked", Disclosure().noise)
BASE = 5
PERIOD_CASES = 100
"""Of so many outcomes a period is made."""
MOST_PERIODS = 3
GROUPS = {"all": 1, "sex": 2, "age": 4, "education": 3, "birth region": 4, "income": 5, "deprivation": 5}
TENTHS, MODELS = 10, 2
Floats = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Family:
    """Cells that hold each outcome once: the share of a unit's in each, the others' in each, and how cells are shown.

    `step` is the width of what is shown as one value, in outcomes.
    """

    share: Floats
    others: Floats
    step: Floats


def step_of(cases: float) -> float:
    """How far apart, in outcomes, two ratios of observed to expected are that are shown with other digits."""
    width = 2 * 1.645 / max(cases, 1) ** 0.5
    digits = pl.select(to_width(pl.lit(np.linspace(0.5, 1.5, 2001)), pl.lit(width))).to_series().unique().sort()
    return float(digits.diff().drop_nulls().min() * max(cases, 1))


def families(random: np.random.Generator, others: int, unit: float, rows: float) -> list[Family]:
    """Make the groups of one condition of a town: those of fewer than 200 persons have no metrics."""
    found = []
    periods = int(np.clip((others + unit) // PERIOD_CASES, 1, MOST_PERIODS))
    for cells in (periods, 1):
        share = random.dirichlet(np.full(cells, 8.0))
        found.append(Family(share=share, others=random.multinomial(others, share), step=np.full(cells, float(BASE))))
    for cells in (*GROUPS.values(), *[TENTHS] * MODELS):
        share = random.dirichlet(np.full(cells, 4.0))
        inside = random.multinomial(others, share)
        steps = np.array([step_of(count + unit * part) for count, part in zip(inside, share, strict=True)])
        is_shown = (share * rows >= FEWEST_FOR_METRICS) | (cells == TENTHS)
        if is_shown.all():
            found.append(Family(share=share, others=inside, step=steps))
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What an edition shows: the unit's protected outcomes, and the lowest and highest count of each family's cells."""

    own: int
    windows: list[tuple[Floats, Floats]]


def drawn(random: np.random.Generator, size: int) -> Floats:
    return random.choice(np.arange(-NOISE.width, NOISE.width + 1), size, p=NOISE.probability)


def publish(random: np.random.Generator, parts: list[Floats], found: list[Family]) -> Seen:
    """Give every cell noise of its own, and show it in its step."""
    windows = []
    for inside, family in zip(parts, found, strict=True):
        noisy = family.others + inside + drawn(random, len(inside))
        first = np.floor((noisy + family.step / 2) / family.step) * family.step - family.step / 2
        windows.append((np.ceil(first), np.ceil(first + family.step) - 1))
    return Seen(own=int(max(parts[0].sum() + drawn(random, 1)[0], 0)), windows=windows)


def within(low: Floats, high: Floats, counts: Floats) -> Floats:
    """Probability that a count with noise lies in a window."""
    below = np.concatenate([[0.0], np.cumsum(NOISE.probability)])
    first, last = (np.clip(edge - counts + NOISE.width, 0, 2 * NOISE.width + 1).astype(int) for edge in (low, high + 1))
    return np.maximum(below[last] - below[first], 0.0)


def likelihood(seen: Seen, found: list[Family], counts: Floats, person: list[int] | None = None) -> Floats:
    """Probability of what an edition shows for each count of the unit, (counts,); with a person's outcome beside it.

    Of a family it is the sum over all ways to spread the count over its cells. `person` says in which cell of each
    family the person is whose outcome is added.
    """
    own, more = float(seen.own), int(person is not None)
    whole = within(own, own, counts + more) if own else within(-np.float64(NOISE.width), own, counts + more)
    mean = counts[-1] / 2 + 1
    total = poisson.pmf(counts, mean)
    for number, (family, (low, high)) in enumerate(zip(found, seen.windows, strict=True)):
        if not whole.any():
            break
        spread = np.ones(1)
        for cell, share in enumerate(family.share):
            others = family.others[cell] + (more if person is not None and person[number] == cell else 0)
            ways = share**counts * total * within(low[cell], high[cell], others + counts)
            spread = np.convolve(spread, ways * np.exp(mean * (1 - share)))[: len(counts)]
        whole = whole * np.pad(spread, (0, len(counts) - len(spread))) / total
    return whole


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Of one town and condition: whether the guess hit, and how many counts are possible, after one edition and two.

    `certainty` is the probability of the likelier of the two outcomes that the person of the second may have had.
    """

    hit: tuple[bool, bool]
    possible: tuple[int, int]
    certainty: float


def attack(seed: int, condition: int) -> Finding:
    """Publish two editions that differ by one person of the unit, and take from them what can be known."""
    random = np.random.default_rng([seed, condition])
    units, risk = int(random.integers(UNITS[0], UNITS[1] + 1)), random.choice(RISKS)
    expected = np.exp(random.uniform(*np.log(EXPECTED)) + 0.3 * random.standard_normal(units))
    cases = random.poisson(expected * np.exp(SD * random.standard_normal(units)))
    found = families(random, int(cases[1:].sum()), float(expected[0]), float(expected.sum() / risk))
    parts = [random.multinomial(cases[0], family.share) for family in found]
    had, person = bool(random.random() < 0.5), [int(random.choice(len(one.share), p=one.share)) for one in found]
    with_person = [part + had * (np.arange(len(part)) == cell) for part, cell in zip(parts, person, strict=True)]
    counts = np.arange(cases[0] + 4 * NOISE.width + 1)
    prior = nbinom.pmf(counts, SD**-2, SD**-2 / (SD**-2 + expected[0]))
    first, second = publish(random, parts, found), publish(random, with_person, found)
    single = likelihood(first, found, counts)
    both = [single * likelihood(second, found, counts, cells) for cells in (None, person)]
    by_outcome = np.array([(prior * each).sum() for each in both])
    return Finding(
        hit=(bool((prior * single).argmax() == cases[0]), bool((prior * sum(both)).argmax() == cases[0])),
        possible=(in_a_row(single > 0, cases[0]), in_a_row(sum(both) > 0, cases[0])),
        certainty=float(by_outcome.max() / by_outcome.sum()),
    )


def main() -> int:
    arguments = argparse.ArgumentParser(description="What all numbers of a run tell of one unit.")
    arguments.add_argument("--towns", type=int, default=1000)
    arguments.add_argument("--first", type=int, default=0, help="first seed")
    given = arguments.parse_args()
    towns = range(given.first, given.first + given.towns)
    found = [attack(seed, condition) for seed in towns for condition in (1, 2)]
    met = [summary(found, editions) for editions in (1, 2)]
    decided, most = np.mean([one.certainty > CERTAIN for one in found]), max(one.certainty for one in found)
    print(f"by two editions the person's outcome is decided in {decided:.2%} (never), at most with {most:.3f}")
    return 0 if met[0] else 1


def summary(found: list[Finding], editions: int) -> bool:
    """Print what the intruder got out of one edition or two; return whether the bars hold."""
    hit = np.mean([one.hit[editions - 1] for one in found])
    possible = np.array([one.possible[editions - 1] for one in found])
    few = np.mean(possible < FEWEST_POSSIBLE)
    holds = bool(hit <= MOST_HIT and few == 0)
    print(
        f"{editions} edition(s), {len(found)} units: best guess right {hit:.1%} (at most {MOST_HIT:.0%}), "
        f"fewer than five counts possible {few:.2%} (never), least {possible.min()}: {'holds' if holds else 'missed'}"
    )
    return holds


if __name__ == "__main__":
    sys.exit(main())
