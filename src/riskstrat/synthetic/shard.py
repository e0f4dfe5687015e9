"""One shard of the municipality, from people to event tables with the shard's own running numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.synthetic import truth
from riskstrat.synthetic.adults import Traits, first_health, make_traits
from riskstrat.synthetic.care_need import care_need_counts
from riskstrat.synthetic.circumstances import circumstances, measurements
from riskstrat.synthetic.diagnoses import diagnoses
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.growth import births, child_health, expectant_fathers, make_children
from riskstrat.synthetic.lifecourse import History, live
from riskstrat.synthetic.parameters import BIRTH_REGIONS
from riskstrat.synthetic.population import Population, make_population
from riskstrat.synthetic.population_state import Bools
from riskstrat.synthetic.prescriptions import prescriptions
from riskstrat.synthetic.residence import area_by_month, kept_people, with_deaths
from riskstrat.synthetic.rows import dates
from riskstrat.synthetic.stays import contacts, day_in_month, make_stays, migrations, services

DUPLICATED: Final[Mapping[str, float]] = {"diagnoses": 0.002, "prescriptions": 0.001, "contacts": 0.001}
LATE, LATE_DAYS = 0.004, (200, 500)
IMPLAUSIBLE_GROWTH = 0.0015


def add_data_errors(name: str, table: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Add the errors that a table's register has; other tables come back as they are."""
    if name == "diagnoses":
        table = _late(table, rng)
    if name in DUPLICATED:
        table = _duplicated(table, DUPLICATED[name], rng)
    if name == "child_health":
        table = _implausible(table, rng)
    return table


def _late(table: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Rows that reach the register long after their delay carry the day on which they became known."""
    late = pl.Series(rng.random(table.height) < LATE)
    wait = pl.Series(rng.integers(*LATE_DAYS, size=table.height)).cast(pl.Int32)
    seen = pl.coalesce("end_date", "date").cast(pl.Int32)
    return table.with_columns(known_on=pl.when(late).then((seen + wait).cast(pl.Date)))


def _duplicated(table: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    again = table.filter(pl.Series(rng.random(table.height) < share))
    return pl.concat([table, again]).sort("person_id", "date", "code", maintain_order=True)


def _implausible(table: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Weights and heights typed into each other's field or with a slipped digit; the body mass index follows rarely."""
    wrong = pl.Series(rng.random(table.height) < IMPLAUSIBLE_GROWTH) & (pl.col("code") != "bmi_kg_m2")
    slipped = pl.Series(rng.random(table.height) < IMPLAUSIBLE_GROWTH / 10) & (pl.col("code") == "bmi_kg_m2")
    value = pl.when(wrong | slipped).then(pl.col("value") * 10).otherwise(pl.col("value"))
    return table.with_columns(value=value.cast(pl.Float32))


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Frames of one shard: register tables by name, true risks, care-need counts by area and year."""

    tables: Mapping[str, pl.DataFrame]
    risks: pl.DataFrame
    care_need: pl.DataFrame
    people: int


def make_shard(geography: Geography, people: int, seed: np.random.SeedSequence, first_id: int, *, thin: bool) -> Shard:
    """Make one shard of about so many residents at the end of 2023.

    It does not depend on any other: `seed` is its own. `thin` leaves out what the sample does without.
    """
    lives, health, rows = (np.random.default_rng(child) for child in seed.spawn(3))
    population = make_population(geography, people, lives)
    traits = make_traits(population, health)
    area = area_by_month(population)
    months = sorted({month for found in truth.index_months().values() for month in found})
    history = live(traits, first_health(traits, health), area, geography.effects, keep=months, rng=health)
    dead, month = history.events["death"]
    population = with_deaths(population, dead, day_in_month(month, health))
    children = make_children(population, traits, geography, health)
    risks = [
        truth.adult_risks(population, traits, area, history.at, geography=geography, rng=health),
        truth.child_risks(population, children),
    ]
    tables = {
        "persons": persons(population),
        "residences": residences(population, geography),
        "births": births(population, traits, children),
        "child_health": child_health(population, children, rows, thin=thin),
        "measurements": measurements(population, traits, expectant_fathers(population), rows, thin=thin),
        "circumstances": circumstances(population, traits, rows, thin=thin),
        "migrations": migrations(population),
        **_care(population, traits, history, rows, thin=thin),
    }
    shard = Shard(
        tables={name: add_data_errors(name, table, rows) for name, table in tables.items()},
        risks=pl.concat(risks),
        care_need=care_need_counts(population, traits, geography),
        people=len(population.birth),
    )
    return _numbered(shard, kept_people(population), first_id)


def _care(
    population: Population, traits: Traits, history: History, rng: np.random.Generator, *, thin: bool
) -> dict[str, pl.DataFrame]:
    stays = make_stays(population, history, rng)
    return {
        "diagnoses": diagnoses(population, traits, history, stays, rng, thin=thin),
        "prescriptions": prescriptions(population, traits, history, rng, thin=thin),
        "contacts": contacts(population, traits, history, stays, rng, thin=thin),
        "services": services(population, history, rng),
    }


def _numbered(shard: Shard, keep: Bools, first_id: int) -> Shard:
    """Give the kept people their numbers and drop the rows of the rest."""
    kept = np.flatnonzero(keep)
    numbers = np.full(len(keep) + 1, -1, np.int64)
    numbers[kept] = first_id + np.arange(len(kept))
    return replace(
        shard,
        tables={name: _renumber(table, numbers) for name, table in shard.tables.items()},
        risks=_renumber(shard.risks, numbers),
        people=len(kept),
    )


def _renumber(table: pl.DataFrame, numbers: NDArray[np.int64]) -> pl.DataFrame:
    links = [name for name in ("person_id", "mother_id", "father_id") if name in table.columns]
    renumbered = table.with_columns(pl.Series(name, numbers[table[name].to_numpy()]) for name in links)
    return renumbered.with_columns(pl.col(links).replace(-1, None)).drop_nulls("person_id")


def persons(population: Population) -> pl.DataFrame:
    """One row a person; unknown parents are -1 until people get their numbers."""
    return pl.DataFrame(
        {
            "person_id": np.arange(len(population.birth), dtype=np.int64),
            "birth_date": dates(population.birth),
            "sex": np.where(population.female, "female", "male"),
            "death_date": dates(population.death),
            "mother_id": population.mother.astype(np.int64),
            "father_id": population.father.astype(np.int64),
            "birth_region": np.array(BIRTH_REGIONS)[population.region],
        }
    )


def residences(population: Population, geography: Geography) -> pl.DataFrame:
    """Spells with area and care centre; the second nearest centre for one home in five."""
    area = population.spell_area.astype(np.int64)
    second = (population.spell_person * 31 + area) % 5 == 0
    centre = geography.centres[area, second.astype(np.int64)]
    return pl.DataFrame(
        {
            "person_id": population.spell_person.astype(np.int64),
            "start_date": dates(population.spell_start),
            "end_date": dates(population.spell_end),
            "area_id": np.array(geography.ids)[area],
            "care_centre_id": np.array([f"VC{number:02d}" for number in range(100)])[centre],
        }
    ).sort("person_id", "start_date")
