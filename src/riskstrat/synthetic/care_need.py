"""The care need index of each area and year from the people who actually live there."""

from __future__ import annotations

import numpy as np
import polars as pl

from riskstrat.codes import care_need_index
from riskstrat.synthetic.adults import Traits
from riskstrat.synthetic.calendar_days import as_date, day
from riskstrat.synthetic.circumstances import YEARS, lives_alone, single_parents
from riskstrat.synthetic.geography import Geography
from riskstrat.synthetic.parameters import BIRTH_REGIONS
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import Bools, Floats
from riskstrat.synthetic.residence import spell_at

COUNTED_REGIONS = ("asia", "africa", "south_america", "europe")
EAST_EUROPEAN_SHARE = 0.6  # of those born in other Europe; the register of the municipality keeps no finer region


def care_need_counts(population: Population, traits: Traits, geography: Geography) -> pl.DataFrame:
    """Count the people of one shard by area and year, as the index defines them."""
    return pl.concat(_year(population, traits, geography, year) for year in YEARS)


def _year(population: Population, traits: Traits, geography: Geography, year: int) -> pl.DataFrame:
    today = day(year, 12, 31)
    spell = spell_at(population, np.arange(len(population.birth)), today)
    here = spell >= 0
    area = population.spell_area[np.maximum(spell, 0)]
    moved = here & (population.spell_start[np.maximum(spell, 0)] > today - 365)
    groups = _groups(population, traits, today, moved)
    counts = {
        name: np.bincount(area[here], weights=values[here].astype(np.float64), minlength=len(geography.ids))
        for name, values in groups.items()
    }
    return pl.DataFrame({"area_id": geography.ids, "year": [year] * len(geography.ids), **counts})


def _groups(population: Population, traits: Traits, today: int, moved: Bools) -> dict[str, Bools | Floats]:
    age = (today - population.birth) / 365.25
    region = np.array(BIRTH_REGIONS)[population.region]
    european = np.where(region == "europe", EAST_EUROPEAN_SHARE, 1.0)
    chance = 1 / (1 + np.exp(2.3 - 0.9 * traits.need))
    return {
        "population": np.ones(len(age)),
        "elderly_living_alone": (age > 65) & lives_alone(population, today),
        "foreign_born": np.isin(region, COUNTED_REGIONS) * european,
        "unemployed": ((age >= 16) & (age < 65)) * chance,
        "single_parent": single_parents(population, today),
        "moved_in": moved & (age >= 1),
        "low_education": (age >= 25) & (age < 65) & (traits.education > 0) & (traits.education <= 2),
        "under_five": age < 5,
    }


def area_facts(counts: pl.DataFrame) -> pl.DataFrame:
    """Index by area on 31 December of each year; a sum over shards first."""
    total = counts.group_by("area_id", "year", maintain_order=True).sum().sort("area_id", "year")
    index = care_need_index(total)
    stamp = pl.Series("date", [as_date(day(year, 12, 31)) for year in index["year"].to_list()], dtype=pl.Date)
    return index.select("area_id", stamp, code=pl.lit("care_need_index"), value=pl.col("care_need_index").round(3))
