"""Where the data of a study came from.

In: opened registers. Out: a frozen `Source` without rows about people.
"""

from __future__ import annotations

import json
from datetime import date

import polars as pl

from riskstrat.disclosure import CellNoise, Disclosure
from riskstrat.disclosure.spreadsheets import without_marks
from riskstrat.errors.arguments import checked
from riskstrat.records.plan import CARE_NEED
from riskstrat.records.study import Source
from riskstrat.registers import Registers, read_geography


def source_of(registers: Registers) -> Source:
    """Describe registers: name, fingerprint, coverage, what was kept aside, and the places."""
    manifest = registers.manifest
    places = _of_areas(registers, "municipality")
    places = None if places is None else places.drop_nulls()
    return Source(
        name=manifest.name,
        fingerprint=registers.fingerprint,
        data_end=manifest.data_end,
        invented=manifest.invented,
        coverage=_coverage(registers),
        refused=registers.rejected(),
        area_names=_of_areas(registers, "name"),
        municipalities=None if places is None or places.is_empty() else places,
        geometry=_geometry(registers),
    )


def _coverage(registers: Registers) -> pl.DataFrame:
    tables = registers.manifest.tables
    return pl.DataFrame(
        {
            "register": list(tables),
            "coverage_start": [table.coverage_start for table in tables.values()],
            "coverage_end": [registers.manifest.covered(name)[1] for name in tables],
            "delay_days": [table.longest_delay_days for table in tables.values()],
            "source": [table.source for table in tables.values()],
        },
        schema_overrides={"coverage_start": pl.Date, "coverage_end": pl.Date},
    )


def _of_areas(registers: Registers, column: str) -> pl.DataFrame | None:
    """Frame of area_id and what the registers' areas say in a column; None where they have no areas."""
    if not registers.has("areas"):
        return None
    return registers.scan("areas").select("area_id", without_marks(pl.col(column))).collect().sort("area_id")


def _geometry(registers: Registers) -> str | None:
    path = registers.geometry
    if path is None:
        return None
    return path.read_text(encoding="utf-8") if path.suffix == ".geojson" else json.dumps(read_geography(path))


@checked
def cell_noise(registers: Registers, rule: Disclosure) -> CellNoise | None:
    """Make the noise of counts from registers, under the secret of whoever holds them.

    Parameters
    ----------
    registers
        What `riskstrat.open_registers` returned; of invented ones the secret is no secret.
    rule
        How wide the noise is.

    Returns
    -------
    CellNoise or None
        None where the rule protects nothing.

    Raises
    ------
    UsageError
        If there is no secret, and none could be made.

    Examples
    --------
    >>> cell_noise(registers, settings.disclosure).width
    6
    """
    return None if rule.is_working_material else CellNoise(registers.protection_secret, rule.input_width)


def care_need_index(registers: Registers, as_of: date) -> pl.DataFrame | None:
    """Latest Care Need Index of each area that was known before a day: area_id, care_need_index."""
    if not registers.has("area_facts"):
        return None
    known = (
        registers.scan("area_facts")
        .filter(pl.col("code") == CARE_NEED, registers.known_on("area_facts") < as_of, pl.col("value").is_not_null())
        .sort("area_id", "date")
        .group_by("area_id", maintain_order=True)
        .agg(pl.col("value").last().alias(CARE_NEED))
        .collect()
        .sort("area_id")
    )
    return None if known.is_empty() else known
