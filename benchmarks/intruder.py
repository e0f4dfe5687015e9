"""What an intruder gets out of two editions of area results, who knows everything but one unit's outcomes.

He knows the rules, the code, the seeds, the people of every unit, what is expected there, and every outcome elsewhere.
He sees two editions that differ by one person of the unit, and asks whether that person had the outcome. All at once:

- inversion: he fits the posterior for each protected count that the unit may have had, with the replayed seed, and
  keeps those that give exactly the row that is shown (so that digits, limits and probabilities are used together).
  Fits are slow, so that only some towns are inverted; in the others he is granted the protected counts;
- margins: the shown total minus what he knows of all other units;
- subtraction and averaging: both editions together, by the noise that each pair of truths needs.

In: nothing. Out: for each way of protecting, the share of units whose count his best guess hits (bar: at most 40 %),
how often fewer than five counts in a row are possible (bar: never), and how often one person is decided (posterior
probability above 0.99 where both were alike before; bar: never). Exact counts and thresholds alone must fail.

Run: python benchmarks/intruder.py [--towns 1000] [--inverted 5] [--first 0]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.stats import nbinom

from riskstrat.areas import smooth
from riskstrat.areas.count_noise import CountNoise
from riskstrat.disclosure import CellNoise, Disclosure, Table, release
from riskstrat.disclosure.digits import PROBABILITY, ByInterval
from riskstrat.disclosure.protected_rows import ProtectedRows
from riskstrat.records.areas import INTERVAL

UNITS = (8, 51)
EXPECTED = (4.0, 60.0)
RISKS = (0.03, 0.012, 0.17)
SD = 0.25
DRAWS = 500
MOST_HIT = 0.4
FEWEST_POSSIBLE = 5
CERTAIN = 0.99
BASE = 5


@dataclass(frozen=True, kw_only=True)
class Protection:
    """How area results are protected: the noise of their counts, and the rule under which they are released."""

    name: str
    width: int
    rule: Disclosure
    must_hold: bool


PROTECTIONS = (
    Protection(name="noise", width=2, rule=Disclosure(), must_hold=True),
    Protection(name="thresholds alone", width=0, rule=Disclosure(protection="suppression"), must_hold=False),
    Protection(
        name="none",
        width=0,
        rule=Disclosure(protection="none", min_count=1, rounding=1, min_people=1, max_share=1.0),
        must_hold=False,
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Town:
    """Index dates of persons by unit, and who of them had the outcome; the intruder asks about unit 0.

    Everything but the outcomes of unit 0 is known to him.
    """

    person: np.ndarray
    unit: np.ndarray
    case: np.ndarray
    expected: np.ndarray

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.expected)

    @property
    def cases(self) -> np.ndarray:
        """Outcomes by unit."""
        return np.bincount(self.unit, self.case, self.units).astype(int)

    @property
    def rows(self) -> np.ndarray:
        """Index dates by unit."""
        return np.bincount(self.unit, minlength=self.units).astype(float)

    def with_person(self, *, case: bool) -> Town:
        """Add one person to unit 0, of a risk that is known."""
        expected = self.expected.copy()
        expected[0] *= 1 + 1 / self.rows[0]
        return Town(
            person=np.append(self.person, self.person.max() + 1),
            unit=np.append(self.unit, 0),
            case=np.append(self.case, case),
            expected=expected,
        )


def town(seed: int) -> Town:
    """Make a small town: 8 to 51 units, of which 4 to 60 outcomes are expected."""
    random = np.random.default_rng([seed, 1])
    units, risk = int(random.integers(UNITS[0], UNITS[1] + 1)), random.choice(RISKS)
    expected = np.exp(random.uniform(*np.log(EXPECTED)) + 0.3 * random.standard_normal(units))
    rows = np.ceil(expected / risk).astype(int)
    true_risk = np.minimum(expected / rows * np.exp(SD * random.standard_normal(units)), 0.9)
    unit = np.repeat(np.arange(units), rows)
    case = random.random(len(unit)) < true_risk[unit]
    person = random.permutation(10 * len(unit))[: len(unit)]
    return Town(person=person, unit=unit, case=case, expected=expected)


def cell_keys(made: Town, cell: np.ndarray, cells: int, noise: CellNoise) -> np.ndarray:
    """Keys of the outcomes of cells, as the library makes them."""
    rows = ProtectedRows.of(pl.DataFrame({"person_id": made.person}), noise)
    return rows.keys(cell, cells, made.case)


@dataclass(frozen=True, kw_only=True, eq=False)
class Edition:
    """What one edition is made from and what it shows: protected outcomes, and the total as shown."""

    made: Town
    noise: CountNoise
    protected: np.ndarray
    total: int


def publish(made: Town, noise: CellNoise, protection: Protection) -> Edition:
    """Protect, estimate and release, with the library's own functions."""
    of_counts = CountNoise(probability=noise.probability, rows=made.rows)
    protected = made.cases.astype(float)
    total = made.cases.sum()
    if noise.width:
        protected = of_counts.protect(made.cases, noise.of(cell_keys(made, made.unit, made.units, noise)))
        total += noise.of(cell_keys(made, np.zeros_like(made.unit), 1, noise))[0]
    return Edition(
        made=made,
        noise=of_counts,
        protected=protected,
        total=int(rounded(total, protection)),
    )


def shown(protected: np.ndarray, edition: Edition, protection: Protection, seed: int | None) -> tuple[object, ...]:
    """Row of unit 0 as it is released: count, ratio with its interval, and the probability that it is above 1.

    Without a seed nothing is fitted: the ratio stands for any number that tells the count.
    """
    found = {"theta": float(protected[0])}
    if seed is not None:
        noise = edition.noise if edition.noise.width else None
        draws = smooth(protected, edition.made.expected, "gamma", noise=noise, seed=seed).draws(DRAWS)[:, 0]
        lower, upper = np.quantile(draws, INTERVAL)
        found = {"theta": draws.mean(), "lower": lower, "upper": upper, "probability": (draws > 1).mean()}
    row = pl.DataFrame([{"unit": "0", "cases": int(protected[0]), **found}])
    digits = {} if seed is None else {"theta": ByInterval("lower", "upper"), "probability": PROBABILITY}
    # Functions of protected counts are shown always, those of exact ones where the count is.
    roles = {"public": tuple(found)} if protection.width else {"derived": dict.fromkeys(found, "cases")}
    table = Table(row, dimensions="unit", counts="cases", protected="cases", digits=digits, **roles)
    return release(table, protection.rule, CellNoise(b"not needed, counts are protected", 2)).frame.row(0)[1:]


def rounded(count: float, protection: Protection) -> float:
    base = protection.rule.rounding
    return count if base == 1 else (count + base // 2) // base * base


def consistent(edition: Edition, protection: Protection, seed: int | None) -> set[int]:
    """Protected counts of unit 0 that give the row that is shown, walking away from the true one."""
    true, row = int(edition.protected[0]), shown(edition.protected, edition, protection, seed)
    found = {true}
    for step in (1, -1):
        guess = true + step
        while 0 <= guess <= edition.made.rows[0]:
            tried = edition.protected.copy()
            tried[0] = guess
            if shown(tried, edition, protection, seed) != row:
                break
            found.add(guess)
            guess += step
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """What was found of one town: whether the guess hit, how many counts are possible, odds of the person's outcome."""

    hit: bool
    possible: int
    with_margin: int
    certainty: float


def attack(seed: int, protection: Protection, *, invert: bool = False) -> Finding:
    """Publish two editions that differ by one person of unit 0, and take from them what can be known."""
    random = np.random.default_rng([seed, 2])
    noise = CellNoise(random.bytes(32), protection.width)
    first = town(seed)
    had = bool(random.random() < 0.5)
    second = first.with_person(case=had)
    editions = [publish(made, noise, protection) for made in (first, second)]
    seen = [consistent(edition, protection, seed if invert else None) for edition in editions]
    quiet = not protection.width or same_key(first, noise)
    truths = np.arange(max(seen[0]) + 2 * protection.width + 2)
    prior = nbinom.pmf(truths, SD**-2, SD**-2 / (SD**-2 + first.expected[0]))
    margin = margins(truths, editions[0], protection)
    single = np.array([chance(truth, seen[0], editions[0].noise) for truth in truths])
    both = np.array([[pair(truth, with_case, seen, editions, quiet=quiet) for truth in truths] for with_case in (0, 1)])
    posterior = prior * single
    by_outcome = (prior * both).sum(axis=1)
    return Finding(
        hit=bool(truths[posterior.argmax()] == first.cases[0]),
        possible=in_a_row((both.sum(axis=0) > 0), first.cases[0]),
        with_margin=in_a_row((both.sum(axis=0) * margin > 0), first.cases[0]),
        certainty=float(by_outcome.max() / by_outcome.sum()),
    )


def same_key(made: Town, noise: CellNoise) -> bool:
    """Whether a person without the outcome leaves the key of the unit's outcomes as it was."""
    keys = [cell_keys(each, each.unit, each.units, noise)[0] for each in (made, made.with_person(case=False))]
    return bool(keys[0] == keys[1])


def chance(truth: int, seen: set[int], noise: CountNoise) -> float:
    """Probability that a true count is shown as one of those seen."""
    return sum(p for p, value in possible(truth, noise) if value in seen)


def possible(truth: int, noise: CountNoise) -> Iterator[tuple[float, int]]:
    """Probability of each noise, and the protected count that it gives unit 0."""
    for e, p in enumerate(noise.probability, start=-noise.width):
        value = truth + e
        yield float(p), int(np.clip(value, noise.width, noise.highest[0])) if noise.width else int(value)


def pair(truth: int, case: int, seen: list[set[int]], editions: list[Edition], *, quiet: bool) -> float:
    """Probability of what is seen in both editions, by the true count and whether the new person had the outcome."""
    noise = editions[0].noise
    if quiet and not case:
        return sum(p for p, value in possible(truth, noise) if value in seen[0] and value in seen[1])
    return chance(truth, seen[0], noise) * chance(truth + case, seen[1], editions[1].noise)


def margins(truths: np.ndarray, edition: Edition, protection: Protection) -> np.ndarray:
    """Whether the shown total allows each true count, when all other units are known."""
    others = edition.made.cases[1:].sum()
    width = edition.noise.width
    fits = [
        [rounded(others + truth + e, protection) == edition.total for e in range(-width, width + 1)] for truth in truths
    ]
    return np.array(fits).any(axis=1)


def in_a_row(fits: np.ndarray, truth: int) -> int:
    """Length of the run of possible values that holds the true one."""
    low = high = int(truth)
    while low > 0 and fits[low - 1]:
        low -= 1
    while high + 1 < len(fits) and fits[high + 1]:
        high += 1
    return high - low + 1


def summary(protection: Protection, seeds: range, *, invert: bool = False) -> bool:
    """Print what the intruder got; return whether the bars hold where they must, and fail where they must."""
    found = [attack(seed, protection, invert=invert) for seed in seeds]
    hit = np.mean([one.hit for one in found])
    few = np.mean([one.possible < FEWEST_POSSIBLE for one in found])
    few_with_margin = np.mean([one.with_margin < FEWEST_POSSIBLE for one in found])
    decided = np.mean([one.certainty > CERTAIN for one in found])
    holds = bool(hit <= MOST_HIT and few == few_with_margin == decided == 0)
    print(
        f"{protection.name:18} {len(seeds):5} {'inverted' if invert else 'granted ':9} hit {hit:6.1%}  fewer than five "
        f"possible {few:6.1%}, with totals {few_with_margin:6.1%}  person decided {decided:6.1%}  "
        f"{'holds' if holds else 'FAILS'}{'' if holds == protection.must_hold else ' and must not'}",
        flush=True,
    )
    return holds == protection.must_hold


def main() -> int:
    arguments = argparse.ArgumentParser(description="What an intruder gets out of two editions.")
    arguments.add_argument("--towns", type=int, default=1000)
    arguments.add_argument("--inverted", type=int, default=5, help="towns whose posterior is fitted for each guess")
    arguments.add_argument("--first", type=int, default=0, help="first seed")
    given = arguments.parse_args()
    towns = {
        False: range(given.first, given.first + given.towns),
        True: range(given.first, given.first + given.inverted),
    }
    met = [summary(way, seeds, invert=invert) for way in PROTECTIONS for invert, seeds in towns.items() if seeds]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
