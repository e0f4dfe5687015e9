"""The made-up municipality as frames or as a folder.

In: how many people, a seed. Out: registers and the truth about them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from riskstrat.errors import Problem, UsageError
from riskstrat.registers.manifest import Manifest
from riskstrat.registers.workshop import workshop
from riskstrat.synthetic import writing
from riskstrat.synthetic.block import Block, make_block
from riskstrat.synthetic.care_need import area_facts
from riskstrat.synthetic.citizens import citizens, test_people
from riskstrat.synthetic.geography import Geography, geojson, make_geography
from riskstrat.synthetic.parameters import BLOCK_PEOPLE, MUNICIPALITY_NAME
from riskstrat.synthetic.truth import Truth, area_effects, coefficients, concat_risks

FEWEST_PEOPLE = 500


@dataclass(frozen=True, kw_only=True)
class Municipality:
    """A municipality and the truth about it.

    Attributes
    ----------
    tables
        Register tables by name, sorted by person and date.
    manifest
        What `registers.toml` says.
    geometry
        GeoJSON feature collection of the areas.
    truth
        What no register holds.
    """

    tables: Mapping[str, pl.DataFrame]
    manifest: Manifest
    geometry: Mapping[str, object]
    truth: Truth


def municipality(people: int, seed: int, *, area_sd: float | None = None, thin: bool = False) -> Municipality:
    """Make a municipality with known truth, in memory.

    Parameters
    ----------
    people
        Residents wanted at the end of 2023 (at least 500); the result lies within about two per cent.
    seed
        The same seed gives the same municipality.
    area_sd
        Spread of the true log effects of areas; None draws it a condition from the penalised-complexity prior.
    thin
        Leave out what the shipped sample does without: two in three lasting dispensings, circumstances of every second
        year, visits at ages that no condition reads.

    Returns
    -------
    Municipality

    Raises
    ------
    UsageError
        If `people` or `area_sd` cannot be used.

    Examples
    --------
    >>> town = municipality(people=500, seed=1)
    >>> town.tables["areas"].height, sorted(town.truth.areas["condition"].unique())
    (51, ['childhood_obesity', 'early_cvd', 'frailty'])
    """
    _check(people, area_sd)
    geography, blocks = _blocks(people, seed, area_sd, thin=thin)
    made = list(blocks)
    tables = {name: pl.concat([block.tables[name] for block in made]) for name in made[0].tables}
    places = _places(geography, made)
    return Municipality(
        tables={**tables, **places},
        manifest=writing.manifest(),
        geometry=geojson(geography),
        truth=Truth(
            coefficients=coefficients(geography, seed, people),
            areas=area_effects(geography),
            risks=concat_risks([block.risks for block in made]),
            test_people=test_people(),
        ),
    )


def write_municipality(
    people: int, seed: int, out: Path | str, *, area_sd: float | None = None, thin: bool = False
) -> Path:
    """Write a municipality as a register folder, one block of people at a time.

    Parameters
    ----------
    people, seed, area_sd, thin
        As in `municipality`.
    out
        Folder; replaced as a whole when everything is written, untouched if anything fails.

    Returns
    -------
    pathlib.Path
        The folder. The truth lies in its subfolder ``truth``, which no reader of registers opens.

    Raises
    ------
    UsageError
        If `people` or `area_sd` cannot be used.
    """
    _check(people, area_sd)
    target = Path(out)
    geography, blocks = _blocks(people, seed, area_sd, thin=thin)
    with workshop(target) as place:
        parts, fresh = place / "parts", place / "new"
        (fresh / writing.TRUTH).mkdir()
        small = writing.write_parts(blocks, parts)
        level = writing.SMALL_LEVEL if thin else writing.QUICK_LEVEL
        for name in (part.name for part in parts.iterdir() if part.name != "risks"):
            writing.join_parts(parts, name, fresh / f"{name}.parquet", level=level)
        writing.join_parts(
            parts,
            "risks",
            fresh / writing.TRUTH / "risks.parquet",
            "condition",
            "index_date",
            "person_id",
            level=level,
        )
        truths = {"areas": area_effects(geography), "test_people": test_people()}
        writing.write_small(fresh, geography, _places(geography, small), truths, coefficients(geography, seed, people))
    return target


def read_truth(folder: Path | str) -> Truth:
    """Read the truth that lies beside the registers of a written municipality.

    Parameters
    ----------
    folder
        The folder given to `write_municipality`.

    Returns
    -------
    Truth
    """
    place = Path(folder) / writing.TRUTH
    return Truth(
        coefficients=json.loads((place / "coefficients.json").read_text(encoding="utf-8")),
        areas=pl.read_parquet(place / "areas.parquet"),
        risks=pl.read_parquet(place / "risks.parquet"),
        test_people=pl.read_parquet(place / "test_people.parquet"),
    )


def _check(people: int, area_sd: float | None) -> None:
    problems = []
    if people < FEWEST_PEOPLE:
        problems.append(
            Problem(found=f"{people} people", expected=f"at least {FEWEST_PEOPLE}", remedy="ask for more people")
        )
    if area_sd is not None and not 0 <= area_sd <= 2:
        problems.append(Problem(found=f"an area sd of {area_sd}", expected="0 to 2", remedy="choose a smaller spread"))
    if problems:
        raise UsageError(*problems)


def _blocks(people: int, seed: int, area_sd: float | None, *, thin: bool) -> tuple[Geography, Iterator[Block]]:
    places, blocks = np.random.SeedSequence(seed).spawn(2)
    geography = make_geography(places, area_sd)
    return geography, _each_block(geography, people, blocks, thin=thin)


def _each_block(geography: Geography, people: int, seed: np.random.SeedSequence, *, thin: bool) -> Iterator[Block]:
    count = max(1, round(people / BLOCK_PEOPLE))
    sizes = [people // count + (number < people % count) for number in range(count)]
    first_id = 1
    for size, child in zip(sizes, seed.spawn(count), strict=True):
        block = make_block(geography, size, child, first_id, thin=thin)
        first_id += block.people
        yield block
    yield citizens(geography)


def _places(geography: Geography, blocks: list[Block]) -> dict[str, pl.DataFrame]:
    areas = pl.DataFrame({"area_id": geography.ids, "name": geography.names, "municipality": MUNICIPALITY_NAME})
    facts = area_facts(pl.concat([block.care_need for block in blocks if block.care_need.height]))
    return {"areas": areas.sort("area_id"), "area_facts": facts}
