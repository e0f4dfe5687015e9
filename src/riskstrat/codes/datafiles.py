"""The data files that ship inside the package: a name in, its contents out."""

from __future__ import annotations

import tomllib
from importlib import resources
from io import BytesIO

import polars as pl


def read_table(name: str) -> pl.DataFrame:
    """Read a CSV file of the package."""
    return pl.read_csv(BytesIO(_contents(name)))


def read_declarations(name: str) -> dict[str, object]:
    """Read a TOML file of the package."""
    return tomllib.loads(_contents(name).decode("utf-8"))


def names_in(folder: str) -> tuple[str, ...]:
    """Names, without their ending, of the files in a folder of the package's data."""
    found = resources.files(__package__).joinpath("data", folder).iterdir()
    return tuple(sorted(file.name.rsplit(".", 1)[0] for file in found))


def _contents(name: str) -> bytes:
    return resources.files(__package__).joinpath("data", *name.split("/")).read_bytes()
