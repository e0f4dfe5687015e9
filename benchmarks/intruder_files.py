"""What everything that a study leaves tells of one person, to somebody who knows all the others.

A small municipality is studied under many secrets (what leaves then is one draw of it) and, inside, once more exactly
and exactly without the person, with another outcome, or a day later. Of every number that leaves, and of the protected
counts and means behind area results (granted, as if inversion always succeeded), the exact change that the person makes
is held against how far the number varies between secrets:

- what changes with the person and not with the secret is exact: it decides the person, and must not be there;
- change squared over variance, added up over numbers with noise of their own, is how far what leaves tells the person
  apart. It gives the probability that a person's presence or outcome is decided (posterior above 0.99 where both were
  alike before), and how often the best guess of a unit's outcomes is right when all other units are known.

That numbers in files are those of released tables is tested in tests/unit/test_publication_leaks.py.

In: nothing. Out: a line for each town and question.
Run: python benchmarks/intruder_files.py [--towns 3] [--secrets 24] [--condition frailty] [--first 0]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from scipy.stats import norm

import riskstrat as rs
from riskstrat.declare import Candidate, Condition
from riskstrat.disclosure import DIGITS, ByInterval, CellNoise, Figures, Table
from riskstrat.disclosure.noisy_counts import with_noise
from riskstrat.publication.characteristics import characteristic_tables
from riskstrat.publication.composition import study_tables
from riskstrat.publication.noise import noise_of
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
MOST_HIT = 0.4
Name = tuple[str, ...]
Number = tuple[float, float]
"""Value, and the step that it is rounded to when it is shown."""
Numbers = Mapping[Name, Number]
GRANTED = ("index_dates", "persons", "cases", "case_persons", "target_people", "expected")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What leaves tells of one person: numbers without noise, and the strength of the others together."""

    exact: tuple[Name, ...]
    strength: float
    strongest: tuple[Name, ...]

    @property
    def decided(self) -> float:
        """Probability that two alternatives that were alike before are decided: of a normal log likelihood ratio."""
        if self.exact:
            return 1.0
        root = max(self.strength, 1e-12) ** 0.5
        return float(norm.sf((np.log(CERTAIN / (1 - CERTAIN)) - self.strength / 2) / root))

    @property
    def hit(self) -> float:
        """How often the best guess of a count is right, whose unit has noise of this strength."""
        return 1.0 if self.exact else float(2 * norm.cdf(0.5 * self.strength**0.5) - 1)


def numbers_of(study: Study) -> dict[Name, Number]:
    """Every number that leaves, before its digits, by table, column and row, and what is granted of area results.

    What thresholds withhold is there too: the intruder is given more than leaves.
    """
    noise, found = noise_of(study.settings.disclosure, study.noise), {}
    described = characteristic_tables(
        study.cohort.covered, None, by="sex", labels={}, rule=study.settings.disclosure, noise=noise
    )
    for name, table in {**study_tables(study, noise), **described}.items():
        if not name.startswith(FROM_DRAWS):
            frame = with_noise(table, noise) if noise else table.frame
            found |= cells(name, frame, table)
    assert study.area_results is not None
    granted = study.area_results.estimates.table.select("area_id", *GRANTED)
    return found | cells(
        "granted", granted, Table(granted, dimensions=("area_id",), counts=GRANTED[:-1], public=GRANTED[-1:])
    )


def cells(name: str, frame: pl.DataFrame, table: Table) -> dict[Name, Number]:
    """Give the numbers of a table with the step of their digits."""
    hidden = (*table.dimensions, *table.keys.values(), "order")
    columns = [column for column in frame.select(pl.selectors.numeric()).columns if column not in hidden]
    columns = [column for column in columns if table.roles[column] != "inside"]
    return {
        (name, column, *(str(row[label]) for label in table.dimensions)): (
            float("nan" if row[column] is None else row[column]),
            step(name, column, row, table),
        )
        for row in frame.iter_rows(named=True)
        for column in columns
    }


def step(name: str, column: str, row: Mapping[str, object], table: Table) -> float:
    """Size of the step that a number is rounded to when it is shown; 0 for what is granted."""
    value, digits = float(row[column] or 0), table.digits.get(column)
    if name == "granted":
        return 0.0
    if column in table.whole_counts:
        return float(BASE)
    limits = next((each for each in table.digits.values() if isinstance(each, ByInterval)), None)
    if isinstance(digits, ByInterval) or (limits and column in {limits.lower, limits.upper}):
        wide = float(row[limits.upper] or 0) - float(row[limits.lower] or 0)
        return wide / 5
    figures = digits.figures if isinstance(digits, Figures) else DIGITS
    return 10.0 ** (np.floor(np.log10(abs(value))) - figures + 1) if value else 0.0


def told(before: Numbers, after: Numbers, under_secrets: list[Numbers]) -> Told:
    """Hold the exact change of every number against its variance between secrets."""
    exact, noisy = [], []
    for name in before.keys() & after.keys() & set.intersection(*(set(one) for one in under_secrets)):
        values, change = np.array([one[name][0] for one in under_secrets]), after[name][0] - before[name][0]
        size = before[name][1]
        if not np.isfinite(values).all() or not abs(change) > 1e-3 * max(size, abs(before[name][0]), 1e-6):
            continue
        if np.ptp(values) <= 1e-9 * abs(values[0]):
            exact.append((min(abs(change) / size, 1.0) if size else 1.0, name))
        else:
            noisy.append((change**2 / (values.var(ddof=1) + size**2 / 12), name, values - values.mean()))
    chosen: list[tuple[float, Name, np.ndarray]] = []
    for one in sorted(noisy, key=lambda each: -each[0]):
        if all(abs(np.corrcoef(one[2], other[2])[0, 1]) < SAME_NOISE for other in chosen):
            chosen.append(one)
    return Told(
        exact=tuple(name for _, name in sorted(exact, reverse=True)),
        strength=float(sum(one[0] for one in chosen)),
        strongest=tuple((*one[1], f"{one[0]:.2f}") for one in chosen[:25]),
    )


def studied(
    condition: Condition, registers: Registers, day: date, partition: Partition | None, noise: CellNoise | None
) -> Study:
    """Run a study under a secret, or exactly."""
    settings = SETTINGS if noise else replace(SETTINGS, protection="none")
    return rs.run(condition, registers, day, settings, partition=partition, noise=noise)


def numbers_under(
    condition: Condition, registers: Registers, day: date, partition: Partition, noise: CellNoise | None
) -> dict[Name, Number]:
    return numbers_of(studied(condition, registers, day, partition, noise))


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
        first = studied(condition, registers, AS_OF, None, CellNoise(b"%020d" % seed))
        partition, person = first.partition, somebody(first, registers)
        drawn = [CellNoise(np.random.default_rng([seed, one]).bytes(32)) for one in range(secrets)]
        seen = [numbers_under(condition, registers, AS_OF, partition, noise) for noise in drawn]
        exact = numbers_under(condition, registers, AS_OF, partition, None)
        fewer = without(folder, person, Path(scratch) / "fewer")
        yield "a person apart", told(exact, numbers_under(condition, fewer, AS_OF, partition, None), seen)
        later = numbers_under(condition, registers, AS_OF + timedelta(days=1), partition, None)
        yield "a day apart", told(exact, later, seen)


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
                f"town {seed} {question:16} exact {len(found.exact):3}  strength {found.strength:6.2f}  decided "
                f"{found.decided:6.1%}  count hit {found.hit:6.1%}",
                *("".join(f"\n    {' '.join(name)}" for name in (*found.exact[:40], *found.strongest)),),
                flush=True,
            )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
