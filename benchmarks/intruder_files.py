"""What everything that a study leaves tells of one person, to somebody who knows all the others.

A small municipality is studied under many secrets, as it is and without one person (of the smallest unit, who had the
outcome), or a day later. All numbers that leave are compared, and with them the protected counts and means behind
area results (granted, as if inverting the posterior always succeeded):

- a number that is the same under all secrets and another without the person is exact: it decides the person, and must
  not be there;
- the squared difference over the variance, added up over numbers with noise of their own, says how far all of them
  together tell the person apart, and so how likely it is that presence is decided (posterior above 0.99 where both were
  alike before). Of correlated numbers the one that differs most is taken, so that chance alone gives some strength:
  `chance` is what is found where both are mixed. The intruder knows everybody else here.

That numbers in files are those of released tables is tested in tests/unit/test_publication_leaks.py.

In: nothing. Out: a line for each town and question.
Run: python benchmarks/intruder_files.py [--towns 3] [--secrets 24] [--condition frailty] [--first 0]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import norm

import riskstrat as rs
from riskstrat.declare import Candidate, Condition
from riskstrat.disclosure import CellNoise, release
from riskstrat.publication.characteristics import characteristic_tables
from riskstrat.records.partition import Partition
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.synthetic import write_municipality

AS_OF = date(2024, 1, 1)
PEOPLE = 3_000
SETTINGS = rs.Settings(
    candidates=(Candidate("Logistic"),), folds=2, area_folds=2, bootstrap_draws=50, posterior_draws=500
)
BASE = 5
FROM_DRAWS = ("areas", "plan_", "strata_", "groups_", "inequality", "quintiles", "drift", "partition")
"""Tables that follow from the protected counts that are granted."""
SAME_NOISE = 0.6
"""Numbers whose noise correlates more than this between secrets count once."""
CERTAIN = 0.99
Name = tuple[str, ...]
Numbers = Mapping[Name, float]
GRANTED = ("index_dates", "persons", "cases", "case_persons", "target_people", "expected")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What leaves tells of one person: numbers without noise, and the strength of the others together."""

    exact: tuple[Name, ...]
    strength: float
    numbers: int
    strongest: tuple[Name, ...]

    @property
    def decided(self) -> float:
        """Probability that two alternatives that were alike before are decided: of a normal log likelihood ratio."""
        if self.exact:
            return 1.0
        root = max(self.strength, 1e-12) ** 0.5
        return float(norm.sf((np.log(CERTAIN / (1 - CERTAIN)) - self.strength / 2) / root))


def numbers_of(study: Study) -> dict[Name, float]:
    """Every number that leaves, by table, column and row, and what is granted of area results."""
    rule = study.settings.disclosure
    described = characteristic_tables(study.cohort.counted, None, by="sex", labels={}, rule=rule, noise=study.noise)
    published = {**rs.publish(study).tables, **release(described, rule, study.noise)}
    found: dict[Name, float] = {}
    for name, table in published.items():
        if not name.startswith(FROM_DRAWS):
            found |= cells(name, table.frame, table.dimensions)
    return found | cells("granted", study.areas.table.select("area_id", *GRANTED), ("area_id",))


def cells(name: str, frame: pl.DataFrame, dimensions: Sequence[str]) -> dict[Name, float]:
    """Give the numbers of a frame by table, column and labels; what is withheld is -1."""
    columns = [
        column for column in frame.select(pl.selectors.numeric()).columns if column not in (*dimensions, "order")
    ]
    return {
        (name, column, *(str(row[label]) for label in dimensions)): -1.0 if row[column] is None else float(row[column])
        for row in frame.iter_rows(named=True)
        for column in columns
    }


def told(before: Sequence[Numbers], after: Sequence[Numbers]) -> Told:
    """Compare numbers of the same secrets with and without the person.

    What is the same under every secret is no matter. The squared difference of means has the mean 2 / secrets where
    there is none, which is subtracted.
    """
    exact, noisy = [], []
    for name in set.intersection(*(set(one) for one in (*before, *after))):
        first, second = (np.array([one[name] for one in several]) for several in (before, after))
        if (first == second).all():
            continue
        variance = (first.var(ddof=1) + second.var(ddof=1)) / 2
        if variance == 0:
            exact.append(name)
        else:
            noisy.append(((second.mean() - first.mean()) ** 2 / variance, name, first - first.mean()))
    chosen: list[tuple[float, Name, np.ndarray]] = []
    for one in sorted(noisy, key=lambda each: -each[0]):
        if all(abs(_correlation(one[2], other[2])) < SAME_NOISE for other in chosen):
            chosen.append(one)
    return Told(
        exact=tuple(sorted(exact)),
        strength=max(sum(one[0] for one in chosen) - 2 * len(chosen) / len(before), 0.0),
        numbers=len(chosen),
        strongest=tuple((*one[1], f"{one[0]:.2f}") for one in chosen[:8]),
    )


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    spread = first.std() * second.std()
    return float((first * second).mean() / spread) if spread > 0 else 0.0


def numbers_under(
    condition: Condition, registers: Registers, day: date, partition: Partition, noises: Iterable[CellNoise]
) -> list[dict[Name, float]]:
    """Run a study under each secret."""
    return [
        numbers_of(rs.run(condition, registers, day, SETTINGS, partition=partition, noise=noise)) for noise in noises
    ]


def without(folder: Path, person: int, target: Path) -> Registers:
    """Copy registers without a person."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(".riskstrat.json"))
    for path in target.rglob("*.parquet"):
        frame = pl.read_parquet(path)
        if "person_id" in frame.columns:
            frame.filter(pl.col("person_id") != person).write_parquet(path)
    return rs.open_registers(target)


def somebody(study: Study, registers: Registers) -> int:
    """Choose a person of the smallest unit, with an outcome, who was counted and is nobody's parent."""
    parents = registers.scan("persons").select("mother_id", "father_id").collect()
    known = [*parents["mother_id"].drop_nulls(), *parents["father_id"].drop_nulls()]
    people = study.cohort.counted.people.filter(~pl.col("person_id").is_in(known), pl.col("event") == 1)
    smallest = people.join(people.group_by("area_id").len(), on="area_id").sort("len", "person_id")
    return int(smallest["person_id"][0])


def questions(seed: int, condition: Condition, secrets: int) -> Iterator[tuple[str, Told]]:
    """Ask what leaves of one town: a person apart, and a day apart."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_municipality(PEOPLE, seed, Path(scratch) / "town", area_sd=0.3)
        registers = rs.open_registers(folder)
        first = rs.run(condition, registers, AS_OF, SETTINGS)
        partition, person = first.partition, somebody(first, registers)
        noises = [CellNoise(np.random.default_rng([seed, one]).bytes(32)) for one in range(secrets)]
        seen = numbers_under(condition, registers, AS_OF, partition, noises)
        fewer = without(folder, person, Path(scratch) / "fewer")
        others = numbers_under(condition, fewer, AS_OF, partition, noises)
        yield "a person apart", told(seen, others)
        yield (
            "chance",
            told(
                *zip(*(pair[:: 1 - 2 * (n % 2)] for n, pair in enumerate(zip(seen, others, strict=True))), strict=True)
            ),
        )
        later = AS_OF + timedelta(days=1)
        yield "a day apart", told(seen, numbers_under(condition, registers, later, partition, noises))


def main() -> int:
    arguments = argparse.ArgumentParser(description="What everything that leaves tells of one person.")
    arguments.add_argument("--towns", type=int, default=3)
    arguments.add_argument("--secrets", type=int, default=24)
    arguments.add_argument("--first", type=int, default=0, help="first seed")
    arguments.add_argument("--condition", default="frailty")
    given = arguments.parse_args()
    condition, held = rs.conditions.load(given.condition), True
    for seed in range(given.first, given.first + given.towns):
        for question, found in questions(seed, condition, given.secrets):
            print(
                f"town {seed} {question:15} exact {len(found.exact):3}  strength {found.strength:5.2f} of "
                f"{found.numbers:3} numbers  decided {found.decided:6.1%}",
                *("\n    " + " ".join(name) for name in (*found.exact, *found.strongest)),
                flush=True,
            )
            held &= not found.exact
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
