"""One block of the town, from people to event tables with the block's own running numbers.

In: geography, people, a seed sequence. Out: a frozen `Block` of frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.synthetic import truth
from riskstrat.synthetic.adults import Traits, first_health, make_traits
from riskstrat.synthetic.calendar_days import DATA_END
from riskstrat.synthetic.care_need import care_need_counts
from riskstrat.synthetic.circumstances import circumstances, measurements
from riskstrat.synthetic.diagnoses import diagnoses
from riskstrat.synthetic.dirt import soil
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.growth import births, child_health, expectant_fathers, make_children
from riskstrat.synthetic.homes import area_by_month, kept_people, with_deaths
from riskstrat.synthetic.lifecourse import History, live
from riskstrat.synthetic.parameters import BIRTH_REGIONS
from riskstrat.synthetic.population import Town, make_town
from riskstrat.synthetic.prescriptions import prescriptions
from riskstrat.synthetic.roster import Bools
from riskstrat.synthetic.rows import dates
from riskstrat.synthetic.stays import contacts, deaths, make_stays, migrations, services


@dataclass(frozen=True, kw_only=True)
class Block:
    """Frames of one block: register tables by name, true risks, care-need counts by area and year."""

    tables: Mapping[str, pl.DataFrame]
    risks: pl.DataFrame
    care_need: pl.DataFrame
    people: int


def make_block(geography: Geography, people: int, seed: np.random.SeedSequence, first_id: int, *, thin: bool) -> Block:
    """Make one block.

    Parameters
    ----------
    geography
        The places, shared by all blocks.
    people
        Residents wanted at the end of 2023.
    seed
        The block's own seed: a block does not depend on any other.
    first_id
        Number of the block's first person.
    thin
        Leave out what the sample does without.

    Returns
    -------
    Block
    """
    lives, health, rows = (np.random.default_rng(child) for child in seed.spawn(3))
    town = make_town(geography, people, lives)
    traits = make_traits(town, health)
    area = area_by_month(town)
    months = sorted({month for found in truth.index_months().values() for month in found})
    history = live(traits, first_health(traits, health), area, geography.effects, keep=months, rng=health)
    town = with_deaths(town, *deaths(history, health))
    children = make_children(town, traits, geography, health)
    risks = [
        truth.adult_risks(town, traits, area, history.at, geography=geography, rng=health),
        truth.child_risks(town, children),
    ]
    tables = {
        "persons": persons(town),
        "residences": residences(town, geography),
        "births": births(town, traits, children),
        "child_health": child_health(town, children, rows, thin=thin),
        "measurements": measurements(town, traits, expectant_fathers(town), rows, thin=thin),
        "circumstances": circumstances(town, traits, rows, thin=thin),
        "migrations": migrations(town),
        **_care(town, traits, history, rows, thin=thin),
    }
    block = Block(
        tables={name: soil(name, table, rows) for name, table in tables.items()},
        risks=truth.concat_risks(risks),
        care_need=care_need_counts(town, traits, geography),
        people=len(town.birth),
    )
    return _numbered(block, kept_people(town), first_id)


def _care(
    town: Town, traits: Traits, history: History, rng: np.random.Generator, *, thin: bool
) -> dict[str, pl.DataFrame]:
    stays = make_stays(town, history, rng)
    return {
        "diagnoses": diagnoses(town, traits, history, stays, rng, thin=thin),
        "prescriptions": prescriptions(town, traits, history, rng, thin=thin),
        "contacts": contacts(town, traits, history, stays, rng, thin=thin),
        "services": services(town, history, rng),
    }


def _numbered(block: Block, keep: Bools, first_id: int) -> Block:
    """Give the kept people their numbers and drop the rows of the rest."""
    kept = np.flatnonzero(keep)
    numbers = np.full(len(keep) + 1, -1, np.int64)
    numbers[kept] = first_id + np.arange(len(kept))
    return replace(
        block,
        tables={name: _renumber(table, numbers) for name, table in block.tables.items()},
        risks=_renumber(block.risks, numbers),
        people=len(kept),
    )


def _renumber(table: pl.DataFrame, numbers: NDArray[np.int64]) -> pl.DataFrame:
    links = [name for name in ("person_id", "mother_id", "father_id") if name in table.columns]
    renumbered = table.with_columns(_known(pl.Series(name, numbers[table[name].to_numpy()])) for name in links)
    return renumbered.filter(pl.col("person_id").is_not_null())


def _known(series: pl.Series) -> pl.Series:
    return pl.select(pl.when(series >= 0).then(series)).to_series().rename(series.name)


def persons(town: Town) -> pl.DataFrame:
    """One row a person; unknown parents are -1 until people get their numbers."""
    dead = np.where(town.death <= DATA_END, town.death, 2_000_000).astype(np.int32)
    return pl.DataFrame(
        {
            "person_id": np.arange(len(town.birth), dtype=np.int64),
            "birth_date": dates(town.birth),
            "sex": np.where(town.female, "female", "male"),
            "death_date": dates(dead),
            "mother_id": town.mother.astype(np.int64),
            "father_id": town.father.astype(np.int64),
            "birth_region": np.array(BIRTH_REGIONS)[town.region],
        }
    )


def residences(town: Town, geography: Geography) -> pl.DataFrame:
    """Spells with area and care centre; the second nearest centre for one home in five."""
    area = town.spell_area.astype(np.int64)
    second = (town.spell_person * 31 + area) % 5 == 0
    centre = geography.centres[area, second.astype(np.int64)]
    end = np.where(town.spell_end > DATA_END, 2_000_000, town.spell_end).astype(np.int32)
    return pl.DataFrame(
        {
            "person_id": town.spell_person.astype(np.int64),
            "start_date": dates(town.spell_start),
            "end_date": dates(end),
            "area_id": np.array(geography.ids)[area],
            "care_centre_id": np.array([f"VC{number:02d}" for number in range(100)])[centre],
        }
    ).sort("person_id", "start_date")
