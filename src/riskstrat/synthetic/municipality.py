"""The made-up municipality as frames or as a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from riskstrat.errors import Problem, UsageError, number_of
from riskstrat.errors.arguments import checked
from riskstrat.files import guard_folder, staged_folder
from riskstrat.registers.manifest import Manifest
from riskstrat.registers.writing import write_tables
from riskstrat.synthetic import writing
from riskstrat.synthetic.care_need import area_facts
from riskstrat.synthetic.geography import Geography, geojson, make_geography
from riskstrat.synthetic.parameters import MUNICIPALITY_NAME, SHARD_PEOPLE
from riskstrat.synthetic.personas import persona_shard, test_people
from riskstrat.synthetic.shard import Shard, make_shard
from riskstrat.synthetic.truth import Truth, area_effects, coefficients

COMMAND = "synthesise"
FEWEST_PEOPLE = 500
MOST_PEOPLE = 20_000_000


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


@checked
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
    >>> made = municipality(people=500, seed=1)
    >>> made.tables["areas"].height, sorted(made.truth.areas["condition"].unique())
    (51, ['childhood_obesity', 'early_cvd', 'frailty'])
    """
    _check(people, area_sd)
    of_areas, of_people = np.random.SeedSequence(seed).spawn(2)
    geography = make_geography(of_areas, area_sd)
    made = list(_shards(geography, people, of_people, thin=thin))
    tables = {name: pl.concat([shard.tables[name] for shard in made]) for name in made[0].tables}
    areas = _area_tables(geography, [shard.care_need for shard in made])
    return Municipality(
        tables={**tables, **areas},
        manifest=writing.manifest(),
        geometry=geojson(geography),
        truth=Truth(
            coefficients=coefficients(geography, seed, people),
            areas=area_effects(geography),
            risks=pl.concat([shard.risks for shard in made]).sort(writing.RISK_ORDER),
            test_people=test_people(),
        ),
    )


@checked
def write_municipality(
    people: int, seed: int, out: Path | str, *, area_sd: float | None = None, thin: bool = False
) -> Path:
    """Write a municipality as a register folder, one shard of people at a time.

    Parameters
    ----------
    people, seed, area_sd, thin
        As in `municipality`.
    out
        Folder; it is new, empty, or an earlier result of this function, which is replaced when everything is written.

    Returns
    -------
    pathlib.Path
        The folder. The truth lies in its subfolder ``truth``, which no reader of registers opens.

    Raises
    ------
    UsageError
        If `people` or `area_sd` cannot be used, or `out` may not be replaced.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     out = write_municipality(500, 1, Path(folder) / "registers")
    ...     (out / "registers.toml").is_file()
    True
    """
    _check(people, area_sd)
    guard_folder(out, command=COMMAND)
    of_areas, of_people = np.random.SeedSequence(seed).spawn(2)
    geography = make_geography(of_areas, area_sd)
    with staged_folder(out, command=COMMAND) as staging:
        parts, result = staging.scratch, staging.result
        (result / writing.TRUTH).mkdir()
        care_need = writing.write_parts(_shards(geography, people, of_people, thin=thin), parts)
        level = writing.SMALL_LEVEL if thin else writing.QUICK_LEVEL
        for name in (part.name for part in parts.iterdir() if part.name != "risks"):
            writing.join_parts(parts, name, result / f"{name}.parquet", level=level)
        risks = result / writing.TRUTH / "risks.parquet"
        writing.join_parts(parts, "risks", risks, *writing.RISK_ORDER, level=level)
        truths = {"areas": area_effects(geography), "test_people": test_people()}
        outlines = {"geometry.geojson": json.dumps(geojson(geography), ensure_ascii=False)}
        write_tables(result, _area_tables(geography, care_need), writing.manifest(), outlines)
        writing.write_truth(result / writing.TRUTH, truths, coefficients(geography, seed, people))
    return Path(out)


@checked
def read_truth(folder: Path | str) -> Truth:
    """Read the truth that lies beside the registers of a written municipality.

    Parameters
    ----------
    folder
        The folder given to `write_municipality`.

    Returns
    -------
    Truth

    Examples
    --------
    >>> truth = read_truth("data_samples/modellstad")
    >>> truth.areas.columns, truth.areas["area_id"].n_unique()
    (['area_id', 'condition', 'log_effect'], 51)
    """
    truth = Path(folder) / writing.TRUTH
    return Truth(
        coefficients=json.loads((truth / "coefficients.json").read_text(encoding="utf-8")),
        areas=pl.read_parquet(truth / "areas.parquet"),
        risks=pl.read_parquet(truth / "risks.parquet"),
        test_people=pl.read_parquet(truth / "test_people.parquet"),
    )


def _check(people: int, area_sd: float | None) -> None:
    problems = []
    if not FEWEST_PEOPLE <= people <= MOST_PEOPLE:
        found = number_of(people, "person", "people")
        problems.append(Problem(found, f"{FEWEST_PEOPLE:,} to {MOST_PEOPLE:,}", "ask for another number"))
    if area_sd is not None and not 0 <= area_sd <= 2:
        problems.append(Problem(f"an area sd of {area_sd}", "0 to 2", "choose a smaller spread"))
    UsageError.refuse(problems)


def _shards(geography: Geography, people: int, seed: np.random.SeedSequence, *, thin: bool) -> Iterator[Shard]:
    count = max(1, round(people / SHARD_PEOPLE))
    sizes = [people // count + (number < people % count) for number in range(count)]
    first_id = 1
    for size, child in zip(sizes, seed.spawn(count), strict=True):
        shard = make_shard(geography, size, child, first_id, thin=thin)
        first_id += shard.people
        yield shard
    yield persona_shard(geography)


def _area_tables(geography: Geography, care_need: list[pl.DataFrame]) -> dict[str, pl.DataFrame]:
    areas = pl.DataFrame({"area_id": geography.ids, "name": geography.names, "municipality": MUNICIPALITY_NAME})
    facts = area_facts(pl.concat([counts for counts in care_need if counts.height]))
    return {"areas": areas.sort("area_id"), "area_facts": facts}
