"""Features as a Parquet dataset, for designs that outgrow memory; a run that was killed goes on where it was.

In: what `build_features` takes, and a folder. Out: a folder of parts under the digest of all that they follow from.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import IO, Generic, TypeVar

import polars as pl

from riskstrat.declare.features import Feature
from riskstrat.errors import ContractError, Problem
from riskstrat.features.engine import SHARD_PEOPLE, Progress, Work, tally, work_of
from riskstrat.features.plan import wordings
from riskstrat.features.running import Run, running
from riskstrat.features.shard import PLACE, answer, part_of
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers

MANIFEST = "features.json"
_PART, _RELATED, _UNFINISHED = "part", "related", ".unfinished-"
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
        place = Path(folder)
        if not (place / MANIFEST).is_file():
            raise ContractError(_incomplete(place, f"no {MANIFEST}"))
        said = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        table = cls(folder=place, **{**said, "columns": tuple(said["columns"])})
        missing = [path.name for path in table.paths if not path.is_file()]
        if missing:
            raise ContractError(_incomplete(place, f"no {', '.join(missing)}"))
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
        ordered = rows if self.in_order else rows.sort(PLACE)
        return ordered.select(*_KEYS, *self.columns)

    def parts(self) -> Iterator[pl.DataFrame]:
        """Read one part after the other: ``place`` in the order of the people, the keys and the features."""
        return (pl.read_parquet(path, glob=False) for path in self.paths)


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
    """Answer what was known of each person strictly before the index date, into a folder of Parquet parts.

    Parts are written whole or not at all, under the digest of the features, the people, the registers, the size of
    shards and the versions of this library and of polars. A run that was killed goes on where it was when it is started
    again; parts of anything else are never taken for its own. Let one run at a time write a dataset.

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
        The finished dataset; estimators take it in the place of a frame.

    Raises
    ------
    UsageError, ContractError, MissingExtraError
        As `build_features`.
    """
    with running(workers, scheduler) as run:
        work = work_of(features, cohort, registers, shard_people)
        place = Path(folder).absolute() / digest_of(work, features, registers, shard_people)
        if not (place / MANIFEST).is_file():
            place.mkdir(parents=True, exist_ok=True)
            _write(work, place, run, tally(progress, work.shards))
    _clear(place)
    return FeatureTable.at(place)


def digest_of(work: Work, features: Sequence[Feature], registers: Registers, shard_people: int) -> str:
    """Name everything that the parts follow from, in hexadecimal digits."""
    said = {
        "features": [feature.to_plain() for feature in features],
        "registers": registers.fingerprint,
        "shard_people": shard_people,
        "versions": [version("riskstrat"), pl.__version__],
    }
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for wording in wordings(work.plan):
        digest.update(wording)
    for rows in work.people.drop(PLACE).iter_slices(_HASHED_ROWS):
        digest.update(rows.write_csv(include_header=False).encode())
    return digest.hexdigest()[:_DIGITS]


def _write(work: Work, place: Path, run: Run, tick: Callable[[], None]) -> None:
    """Write what relatives answer, then the parts, then the manifest, which makes the dataset finished."""
    related: list[list[Path]] = []
    for subject, shards in zip(work.plan.subjects[1:], work.related, strict=True):
        related.append(_paths(place, f"{_RELATED}-{subject.relative}", len(shards)))
        _complete(related[-1], answer, shards, run, tick)
    parts = work.parts(map(pl.read_parquet, paths) for paths in related)
    _complete(_paths(place, _PART, len(work.own)), part_of, parts, run, tick)
    said = {
        "rows": work.people.height,
        "columns": work.plan.columns,
        "shards": len(work.own),
        "in_order": work.in_order,
    }
    _write_whole(place / MANIFEST, lambda file: file.write(json.dumps(said, indent=1).encode()))


@dataclass(frozen=True, eq=False)
class _Job(Generic[Argument]):
    """A part and who answers it; sendable to another process, which writes it."""

    path: Path
    task: Callable[[Argument], pl.DataFrame]
    argument: Argument


def _complete(
    paths: Sequence[Path],
    task: Callable[[Argument], pl.DataFrame],
    arguments: Iterable[Argument],
    run: Run,
    tick: Callable[[], None],
) -> None:
    """Write the parts that are not there yet."""

    def missing() -> Iterator[_Job[Argument]]:
        for path, argument in zip(paths, arguments, strict=True):
            if path.is_file():
                tick()
            else:
                yield _Job(path, task, argument)

    for _ in run(_do, missing()):
        tick()


def _do(job: _Job[Argument]) -> None:
    frame = job.task(job.argument)
    _write_whole(job.path, lambda file: frame.write_parquet(file, compression="lz4", statistics=False))


def _write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write under another name, see that it is on the disk, then rename: whoever reads sees all of it or nothing."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=_UNFINISHED, delete=False) as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)


def _clear(place: Path) -> None:
    """Remove what a finished dataset no longer needs: answers of relatives, and what killed runs left unfinished."""
    for pattern in (f"{_RELATED}-*", f"{_UNFINISHED}*"):
        for path in place.glob(pattern):
            path.unlink()


def _paths(place: Path, stem: str, count: int) -> list[Path]:
    return [place / f"{stem}-{number:05}.parquet" for number in range(count)]


def _incomplete(place: Path, found: str) -> Problem:
    return Problem(
        found=f"{found} in {place.name}",
        expected="a finished dataset of features",
        remedy="run `write_features` again: it keeps the parts that are finished",
    )
