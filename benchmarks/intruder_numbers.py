"""What all numbers of a run tell of one unit, to somebody who knows everything about all the others.

He knows the rules, the code, the people of every unit, and of all units but one who had the outcome. He sees an
edition, or two that differ by one person of the unit, of two conditions. Counts are granted as they are protected,
without the digits that they are shown in:

- the unit's own outcomes: area results, plan, curves, reasons and inequality are functions of these and of those of
  the others (tests/properties/test_intruder_numbers.py); so is the total, whose noise is that of the units added up;
- what divides all outcomes, and adds up to the total (`riskstrat.disclosure.Whole`): periods, groups by sex, age and so
  on, sex by age, tenths of risk of two models, steps between thresholds and capacities, times since the index date,
  ages and years, those reached by sex, and the test in time with the same groups;
- what divides the unit's own outcomes, and adds up to these: its periods (trends) and halves (drift).

Of each he knows the others in every cell, how such a unit's outcomes are spread over the cells (which is not how those
of the others are), and in which cells the person of the second edition is. Languages add nothing: both reports are made
from the same released tables. Numbers of the two conditions are of other outcomes. Not in it are measures that are no
counts (AUC, slope), which have noise of their own: they tell of a person, and nothing of how many outcomes there are.

Out: how often his best guess hits the unit's outcomes (bar: at most 40 %), fewer than five counts in a row are possible
(never), or the person's outcome is decided (probability above 0.99 where both were alike before; never).

Run: python benchmarks/intruder_numbers.py [--towns 1000] [--first 0]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import nbinom, poisson

from intruder import CERTAIN, EXPECTED, FEWEST_POSSIBLE, MOST_HIT, SD, UNITS, in_a_row
from riskstrat.disclosure import CellNoise, Disclosure
from riskstrat.disclosure.whole import adding_up

NOISE = CellNoise(b"only how likely each noise is, is asked", Disclosure().noise)
BELOW = np.concatenate([[0.0], np.cumsum(NOISE.probability)])
"""How likely less noise than each is, from the lowest."""
PERIOD_CASES = 100
"""Of so many outcomes a period is made."""
MOST_PERIODS = 3
GROUPS = {"sex": 2, "age": 4, "education": 3, "birth region": 4, "income": 5, "deprivation": 5}
DIVISIONS = (*GROUPS.values(), 10, 10, 10, 9, 5, 10, 12, 10, 10)
"""Cells of groups, and of sex by age; tenths of two models, thresholds, capacities, times, ages and years; reached,
times by sex."""
ALIKE = 30.0
"""How like the others a unit's outcomes are spread: as in a draw of so many."""
LIKELY = 5.0
"""Standard deviations of the sum of the noise of parts that are looked at."""
NONE = -1e9
"""In the place of a count that there is not; nothing is added to it, and it is added to nothing."""
SURELY_NONE = 1e-9
"""So much less likely than the likeliest is taken as impossible, which is to the intruder's advantage."""
Floats = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Family:
    """Cells that hold each outcome once: the share of the unit's in each, and how many of the others are there."""

    share: Floats
    others: Floats

    def with_one(self, cell: int) -> Family:
        """Count one more among those who are known."""
        return Family(share=self.share, others=self.others + (np.arange(len(self.others)) == cell))


def families(random: np.random.Generator, others: int, unit: float) -> list[Family]:
    """Make the divisions of one condition of a town; those of the unit alone have nobody else in their cells."""
    periods = int(np.clip((others + unit) // PERIOD_CASES, 1, MOST_PERIODS))
    in_time = 1 + (periods > 1)
    all_of = [periods, *DIVISIONS, *([in_time * cells for cells in GROUPS.values()] if periods > 1 else [])]
    found = []
    for cells in (cells for cells in all_of if cells > 1):
        share = random.dirichlet(np.full(cells, 4.0))
        own = random.dirichlet(ALIKE * share + 1e-3)
        found.append(Family(share=own, others=random.multinomial(others, share)))
    of_the_unit = [np.zeros(cells, dtype=int) for cells in (periods, 2) if cells > 1]
    return found + [Family(share=random.dirichlet(np.full(len(none), 8.0)), others=none) for none in of_the_unit]


@dataclass(frozen=True, kw_only=True, eq=False)
class Seen:
    """What an edition shows: the unit's protected outcomes, the total, and each family's cells."""

    own: int
    total: int
    parts: list[Floats]


def drawn(random: np.random.Generator, size: int) -> Floats:
    return random.choice(np.arange(-NOISE.width, NOISE.width + 1), size, p=NOISE.probability)


def publish(random: np.random.Generator, parts: list[Floats], found: list[Family], elsewhere: int) -> Seen:
    """Protect the unit and the others, whose protected outcomes are `elsewhere`, and what divides them."""
    own = int(max(parts[0].sum() + drawn(random, 1)[0], 0))
    shown = []
    for inside, family in zip(parts, found, strict=True):
        noisy = np.maximum(family.others + inside + drawn(random, len(inside)), 0)
        shown.append(adding_up(noisy, own + (elsewhere if family.others.any() else 0)))
    return Seen(own=own, total=own + elsewhere, parts=shown)


def of_unit(own: int, counts: Floats) -> Floats:
    """Probability of a protected count, of each true one."""
    return probability(np.full(len(counts), own), counts)


def probability(noisy: Floats, counts: Floats) -> Floats:
    """Probability that noise makes counts as they are: of 0, all noise that makes them as low."""
    last = np.clip(noisy - counts + NOISE.width + 1, 0, 2 * NOISE.width + 1).astype(int)
    first = np.where(noisy <= 0, 0, np.clip(last - 1, 0, None))
    return np.where(noisy < 0, 0.0, np.where(noisy - counts > NOISE.width, 0.0, BELOW[last] - BELOW[first]))


def of_family(parts: Floats, family: Family, counts: Floats) -> Floats:
    """Probability of the cells of a family for each count of the unit, whatever way it is spread over them.

    Cells were multiplied by the total over the sum of their noisy counts, which he does not know: for each sum, noisy
    counts up to a cell are those (one or two) that give what is shown up to it.
    """
    total, most, elsewhere = int(parts.sum()), int(counts[-1]), int(family.others.sum())
    reach = int(np.ceil(LIKELY * (NOISE.variance * len(parts)) ** 0.5)) + 1
    sums = np.arange(max(elsewhere + int(counts[0]) - reach, 1), elsewhere + most + reach + 1)
    mean, size = float(counts.mean()) + 1, 2 * most + 2
    # For each candidate of the noisy count so far: the unit's outcomes so far by sum, as a Fourier transform.
    state = [(np.zeros(len(sums)), np.ones((len(sums), size // 2 + 1), dtype=complex))]
    for cell, up_to in enumerate(parts.cumsum()):
        here = candidates(int(up_to), sums, total) if cell + 1 < len(parts) else [sums]
        ways = poisson.pmf(np.arange(most + 1), mean * family.share[cell])
        state = [
            (noisy, sum(before * inside(noisy - last, family.others[cell], ways, size) for last, before in state))
            for noisy in here
        ]
        if cell:
            state = [(noisy, shortened(hat, most, size)) for noisy, hat in state]
    found = np.fft.irfft(sum(hat.sum(axis=0) for _, hat in state), size)[: most + 1]
    return np.where(found > SURELY_NONE * found.max(), found, 0.0)[counts] / poisson.pmf(counts, mean)


def candidates(shown: int, sums: Floats, total: int) -> list[Floats]:
    """Whole numbers that times total / sum are rounded to what is shown; below 0 where there is none."""
    lowest = np.ceil((shown - 0.5) * sums / max(total, 1) - 1e-9)
    tried = [lowest + more for more in range(int(np.ceil(sums.max() / max(total, 1))) + 1)]
    return [np.where((np.rint(one * (total / sums)) == shown) & (one >= 0), one, NONE) for one in tried]


def inside(noisy: Floats, others: int, ways: Floats, size: int) -> Floats:
    """Transform of how likely each count of the unit in a cell is, by the sum that its noisy count belongs to."""
    different, which = np.unique(noisy, return_inverse=True)
    chance = probability(different[:, None], others + np.arange(len(ways))) * ways
    return np.fft.rfft(chance, size)[which]


def shortened(hat: Floats, most: int, size: int) -> Floats:
    """Leave out more of the unit's outcomes than are asked for."""
    spread = np.fft.irfft(hat, size)
    spread[:, most + 1 :] = 0
    return np.fft.rfft(spread, size)


def likelihood(seen: Seen, found: list[Family], counts: Floats, person: list[int] | None = None) -> Floats:
    """Logarithm of how likely what an edition shows is for each count of the unit, (counts,); with a person's outcome.

    `person` says in which cell of each family the person is whose outcome is added.
    """
    whole = of_unit(seen.own, counts + (person is not None))
    logarithm = np.full(len(counts), -np.inf)
    likely = np.flatnonzero(whole)
    logarithm[likely] = np.log(whole[likely])
    for number, (family, parts) in enumerate(zip(found, seen.parts, strict=True)):
        given = family if person is None else family.with_one(person[number])
        likely = np.flatnonzero(np.isfinite(logarithm))
        told = of_family(parts, given, counts[likely])
        logarithm[likely] += np.log(told, where=told > 0, out=np.full(len(told), -np.inf))
    return logarithm


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
    units = int(random.integers(UNITS[0], UNITS[1] + 1))
    expected = np.exp(random.uniform(*np.log(EXPECTED)) + 0.3 * random.standard_normal(units))
    cases = random.poisson(expected * np.exp(SD * random.standard_normal(units)))
    found = families(random, int(cases[1:].sum()), float(expected[0]))
    parts = [random.multinomial(cases[0], family.share) for family in found]
    had, person = bool(random.random() < 0.5), [int(random.choice(len(one.share), p=one.share)) for one in found]
    with_person = [part + had * (np.arange(len(part)) == cell) for part, cell in zip(parts, person, strict=True)]
    counts = np.arange(cases[0] + 4 * NOISE.width + 1)
    prior = nbinom.logpmf(counts, SD**-2, SD**-2 / (SD**-2 + expected[0]))
    # Nobody of the other units came or left: their noise stays.
    elsewhere = int(np.maximum(cases[1:] + drawn(random, units - 1), 0).sum())
    first, second = (publish(random, each, found, elsewhere) for each in (parts, with_person))
    single = likelihood(first, found, counts) + prior
    both = [single + likelihood(second, found, counts, cells) for cells in (None, person)]
    either = np.logaddexp(*both)
    without, having = (np.logaddexp.reduce(each) for each in both)
    return Finding(
        hit=(bool(single.argmax() == cases[0]), bool(either.argmax() == cases[0])),
        possible=(in_a_row(np.isfinite(single), cases[0]), in_a_row(np.isfinite(either), cases[0])),
        certainty=float(expit(abs(having - without))),
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
