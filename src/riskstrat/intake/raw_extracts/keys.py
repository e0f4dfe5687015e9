"""Key files: an agency's own running numbers in, the common ones out."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from riskstrat.errors import ContractError
from riskstrat.intake.identity import refuse_identities
from riskstrat.intake.raw_extracts.cleaning import cleaned, filled
from riskstrat.intake.raw_extracts.delivery import Keys
from riskstrat.intake.raw_extracts.mapping import Column
from riskstrat.intake.raw_extracts.parsing import KeyMap
from riskstrat.intake.raw_extracts.text import UnreadableError, unreadable

_NUMBER = Column(names=("key",), kind="key", status="verified")


def key_maps(files: Iterable[Keys]) -> dict[str, KeyMap]:
    """Read the key files of every register; a number that stands for two persons is left out, so its rows are refused.

    Raises
    ------
    ContractError
        If one cannot be read, or holds personal identity numbers.
    """
    found: dict[str, list[pl.DataFrame]] = {}
    for file in files:
        found.setdefault(file.register, []).append(_pairs(file))
    return {register: _unambiguous(pl.concat(pairs)) for register, pairs in found.items()}


def _pairs(file: Keys) -> pl.DataFrame:
    try:
        return pl.concat([_read(file, texts) for texts in file.sheet.frames()] or [_none()])
    except UnreadableError as broken:
        raise ContractError(unreadable(file.file, str(broken))) from broken


def _read(file: Keys, texts: pl.DataFrame) -> pl.DataFrame:
    named = texts.select(pl.nth(place).alias(f"column {place + 1}") for place in range(len(file.sheet.header)))
    refuse_identities(named, file.file)
    places = {"own": file.own, "common": file.common}
    cells = {side: texts.select(filled(_NUMBER, pl.col(f"column_{place}"))) for side, place in places.items()}
    return pl.DataFrame([cleaned(_NUMBER, each).value.alias(side) for side, each in cells.items()]).drop_nulls()


def _unambiguous(pairs: pl.DataFrame) -> KeyMap:
    return pairs.unique().filter(pl.len().over("own") == 1)


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema={"own": pl.Int64, "common": pl.Int64})
