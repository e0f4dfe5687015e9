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


def _contents(name: str) -> bytes:
    return resources.files(__package__).joinpath("data", *name.split("/")).read_bytes()
