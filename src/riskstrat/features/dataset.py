"""Features as a Parquet dataset, for designs that outgrow memory; a run that was killed resumes where it was.

In: what `build_features` takes, and a folder. Out: a folder of parts under the digest of all that they follow from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import polars as pl

from riskstrat.declare.features import Feature
from riskstrat.errors import ContractError, Problem
from riskstrat.errors.arguments import checked
from riskstrat.features.engine import SHARD_PEOPLE, FeatureJob, Progress, plan_job, progress_counter
from riskstrat.features.execution import executor
from riskstrat.features.planning import plan_expressions
from riskstrat.features.shard import ROW_NUMBER, compute_part, compute_shard
from riskstrat.files import UNFINISHED, guard_shared_folder, whole_file
from riskstrat.numerics.threads import Map
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers

MANIFEST = "features.json"
_PART, _RELATED = "part", "related"
_DIGITS = 16
_HASHED_ROWS = 100_000
_KEYS = {"person_id": pl.Int64(), "index_date": pl.Date()}
Argument = TypeVar("Argument")


@dataclass(frozen=True, kw_only=True)
class FeatureTable:
    """X on disk: Parquet parts, each with some rows of it.

    Attributes
    ----------
    folder
        Where the parts are; its name is the digest of the features, the people, the registers and the versions.
    rows
        Number of rows of X.
    columns
        Names of the features and observed shares, in the order of X.
    shards
        Number of parts.
    in_order
        Whether the parts, one after the other, hold the rows in the order of ``cohort.people``.

    Examples
    --------
    >>> table = FeatureTable(folder=Path("x"), rows=5, columns=("age_years",), shards=2, in_order=True)
    >>> [path.name for path in table.paths]
    ['part-00000.parquet', 'part-00001.parquet']
    """

    folder: Path
    rows: int
    columns: tuple[str, ...] = field(repr=False)
    shards: int
    in_order: bool

    @classmethod
    def at(cls, folder: str | Path) -> FeatureTable:
        """Open a finished dataset.

        Raises
        ------
        ContractError
            If it is not there, not finished, or lacks a part.
        """
        path = Path(folder)
        if not (path / MANIFEST).is_file():
            raise ContractError(_incomplete(path, f"no {MANIFEST}"))
        stored = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        table = cls(folder=path, **{**stored, "columns": tuple(stored["columns"])})
        missing = [part.name for part in table.paths if not part.is_file()]
        if missing:
            raise ContractError(_incomplete(path, f"no {', '.join(missing)}"))
        return table

    @property
    def paths(self) -> list[Path]:
        """The files of the parts."""
        return _paths(self.folder, _PART, self.shards)

    def scan(self) -> pl.LazyFrame:
        """Return X lazily, as `build_features` returns it: the keys and the features, in the order of the people."""
        if not self.shards:
            return pl.LazyFrame(schema={**_KEYS, **dict.fromkeys(self.columns, pl.Float32)})
        rows = pl.scan_parquet(self.paths, glob=False)
        ordered = rows if self.in_order else rows.sort(ROW_NUMBER)
        return ordered.select(*_KEYS, *self.columns)

    def parts(self) -> Iterator[pl.DataFrame]:
        """Read one part after the other: ``row_number`` in ``cohort.people``, the keys and the features."""
        return (pl.read_parquet(path, glob=False) for path in self.paths)


@checked
def write_features(
    features: Sequence[Feature],
    cohort: Target,
    registers: Registers,
    folder: str | Path,
    *,
    shard_people: int = SHARD_PEOPLE,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> FeatureTable:
    """Compute features from what was known strictly before the index date into a folder of Parquet parts.

    Parts are written whole or not at all, under the digest of the features, the people, the registers, the size of
    shards and the versions of this library and of polars. A run that was killed resumes where it was when it is started
    again; parts of another run are never mistaken for its own. Let one run at a time write a dataset.

    Parameters
    ----------
    features, cohort, registers, shard_people, workers, scheduler, progress
        As in `build_features`. Workers write the parts themselves: a cluster has to see `folder` under the same path.
    folder
        Where the dataset's own folder, named by the digest, is made. It holds rows about persons: keep it as safe as
        the registers.

    Returns
    -------
    FeatureTable
        The finished dataset; estimators take it instead of a frame.

    Raises
    ------
    UsageError, ContractError, MissingExtraError
        As `build_features`; also if `folder` is a link or a file, or lies inside the register folder.

    Examples
    --------
    >>> from datetime import date
    >>> from tempfile import TemporaryDirectory
    >>> import riskstrat as rs
    >>> from riskstrat.declare import Age
    >>> registers = rs.open_registers("data_samples/modellstad")
    >>> target = rs.target_population(rs.conditions.load("frailty"), registers, date(2024, 1, 1))
    >>> with TemporaryDirectory() as folder:
    ...     table = write_features([Age()], target, registers, folder)
    ...     table.scan().collect().height == table.rows == target.people.height
    True
    """
    sources = () if registers.folder is None else (registers.folder,)
    guard_shared_folder(folder, sources=sources)
    with executor(workers, scheduler) as run:
        job = plan_job(features, cohort, registers, shard_people)
        dataset = Path(folder).absolute() / _digest(job, features, registers, shard_people)
        guard_shared_folder(dataset, sources=sources)
        if not (dataset / MANIFEST).is_file():
            dataset.mkdir(parents=True, exist_ok=True)
            _write(job, dataset, run, progress_counter(progress, job.shards))
    for path in (*dataset.glob(f"{_RELATED}-*"), *dataset.glob(f"{UNFINISHED}*")):  # a finished dataset needs neither
        path.unlink()
    return FeatureTable.at(dataset)


def _digest(job: FeatureJob, features: Sequence[Feature], registers: Registers, shard_people: int) -> str:
    """Digest everything that the parts depend on."""
    inputs = {
        "features": [feature.to_plain() for feature in features],
        "registers": registers.fingerprint,
        "shard_people": shard_people,
        "versions": [version("riskstrat"), pl.__version__],
    }
    digest = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode())
    for expression in plan_expressions(job.plan):
        digest.update(expression)
    for rows in job.people.drop(ROW_NUMBER).iter_slices(_HASHED_ROWS):
        digest.update(rows.write_csv(include_header=False).encode())
    return digest.hexdigest()[:_DIGITS]


def _write(job: FeatureJob, dataset: Path, run: Map, tick: Callable[[], None]) -> None:
    """Write the columns of relatives, then the parts, then the manifest, which makes the dataset finished."""
    related: list[list[Path]] = []
    for subject, shards in zip(job.plan.subjects[1:], job.related, strict=True):
        related.append(_paths(dataset, f"{_RELATED}-{subject.relative}", len(shards)))
        _write_missing(related[-1], compute_shard, shards, run, tick)
    parts = job.parts(map(pl.read_parquet, paths) for paths in related)
    _write_missing(_paths(dataset, _PART, len(job.own)), compute_part, parts, run, tick)
    stored = {
        "rows": job.people.height,
        "columns": job.plan.columns,
        "shards": len(job.own),
        "in_order": job.in_order,
    }
    with whole_file(dataset / MANIFEST) as file:
        file.write(json.dumps(stored, indent=1).encode())


def _write_missing(
    paths: Sequence[Path],
    task: Callable[[Argument], pl.DataFrame],
    arguments: Iterable[Argument],
    run: Map,
    tick: Callable[[], None],
) -> None:
    """Write the parts that are not there yet."""

    def missing() -> Iterator[tuple[Path, Argument]]:
        for path, argument in zip(paths, arguments, strict=True):
            if path.is_file():
                tick()
            else:
                yield path, argument

    for _ in run(partial(_write_part, task), missing()):
        tick()


def _write_part(task: Callable[[Argument], pl.DataFrame], part: tuple[Path, Argument]) -> None:
    """Compute a part, here or in another process, and write it there."""
    path, argument = part
    frame = task(argument)
    with whole_file(path) as file:
        frame.write_parquet(file, compression="lz4", statistics=False)


def _paths(dataset: Path, stem: str, count: int) -> list[Path]:
    return [dataset / f"{stem}-{number:05}.parquet" for number in range(count)]


def _incomplete(dataset: Path, found: str) -> Problem:
    return Problem(
        f"{found} in {dataset.name}",
        "a finished dataset of features",
        "run `write_features` again: it keeps the parts that are finished",
    )
