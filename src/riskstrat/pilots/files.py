"""A pilot's design on disk, so that next year's evaluation reads the allocation that was drawn.

In: a design and a path. Out: JSON with a schema version and a digest of its content, written whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from riskstrat.declare.base import Declaration, from_plain
from riskstrat.disclosure import Disclosure
from riskstrat.errors import Problem, TrustError
from riskstrat.errors.arguments import checked
from riskstrat.files import read_document, write_document
from riskstrat.records.pilot import PilotDesign

SCHEMA = 1
_FORMAT = "riskstrat pilot design"
_DATES = ("begins_on", "answered_on")
_WHOLE = ("people", "pair", "first_period", "lag", "periods")
_FRAMES = ("units", "outcomes", "chance", "detectable")
_DECLARED = ("programme", "rule", "process", "notes")


@checked
def save_design(design: PilotDesign, path: Path | str) -> Path:
    """Write a design as JSON; an earlier one at the path is replaced, anything else is refused.

    Parameters
    ----------
    design
        What `riskstrat.pilots.design` made.
    path
        The file.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    UsageError
        If something else is at the path.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     read_design(save_design(pilot, Path(folder, "pilot.json"))).seed == pilot.seed
    True
    """
    content = {name: _plain(value) for name, value in vars(design).items()}
    return write_document(path, _FORMAT, SCHEMA, {"digest": _digest(content), "design": content})


@checked
def read_design(path: Path | str) -> PilotDesign:
    """Read a design back from `save_design`.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    PilotDesign

    Raises
    ------
    ContractError
        If the file is no pilot design, or of a later version.
    TrustError
        If it was changed after it was written: the allocation would not be the one that chance drew.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     read_design(save_design(pilot, Path(folder, "pilot.json"))).units.equals(pilot.units)
    True
    """
    found = read_document(path, _FORMAT, SCHEMA, "save_design")
    if found.get("digest") != _digest(found.get("design")):
        raise TrustError(
            Problem(
                f"a design that was changed after it was written in '{Path(path).name}'",
                "the one that chance drew",
                "give the file that save_design wrote",
            )
        )
    return _from_plain(found["design"])


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Declaration):
        return value.to_plain()
    if isinstance(value, pl.DataFrame):
        return [{name: _plain(each) for name, each in row.items()} for row in value.iter_rows(named=True)]
    if isinstance(value, Disclosure):
        return asdict(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def _from_plain(content: dict[str, Any]) -> PilotDesign:
    read: dict[str, Any] = {
        **content,
        **{name: _frame(content[name]) for name in _FRAMES},
        **{name: from_plain(content[name]) for name in _DECLARED},
        **{name: tuple(content[name]) for name in ("by", "left_out")},
        "start": date.fromisoformat(content["start"]),
        "disclosure": Disclosure(**content["disclosure"]),
    }
    return PilotDesign(**read)


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, infer_schema_length=None)
    there = [name for name in _WHOLE if name in frame.columns]
    days = [pl.col(name).cast(pl.String).str.to_date() for name in _DATES if name in frame.columns]
    numbers = [pl.col(name).cast(pl.Float64) for name in ("ratio",) if name in frame.columns]
    return frame.with_columns(pl.col(there).cast(pl.Int64), *days, *numbers)
