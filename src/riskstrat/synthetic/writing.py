"""A municipality as a register folder, written shard by shard so that memory stays that of one shard."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import polars as pl

from riskstrat.registers.manifest import Manifest, TableManifest
from riskstrat.synthetic.calendar_days import DATA_END, EVENTS_START, START, as_date
from riskstrat.synthetic.parameters import DELAYS, MUNICIPALITY_NAME
from riskstrat.synthetic.shard import Shard

ROWS_PER_GROUP = 250_000
QUICK_LEVEL = 3
SMALL_LEVEL = 18
TRUTH = "truth"
RISK_ORDER = ("condition", "index_date", "person_id")
CODE_SYSTEMS: Mapping[str, str] = {"diagnoses": "icd10_se", "prescriptions": "atc"}
UNITS: Mapping[str, Mapping[str, str]] = {
    "measurements": {"bmi_kg_m2": "kg/m2", "systolic_mmhg": "mmHg", "cholesterol_non_hdl_mmol_l": "mmol/l"},
    "child_health": {"bmi_kg_m2": "kg/m2", "weight_kg": "kg", "height_cm": "cm"},
    "births": {"birth_weight_g": "g", "gestation_days": "days", "mother_bmi_kg_m2": "kg/m2"},
    "circumstances": {"disposable_income_sek": "SEK"},
    "prescriptions": {"value": "defined daily doses"},
}
TABLES = (
    "persons", "residences", "diagnoses", "prescriptions", "births", "child_health", "measurements", "circumstances",
    "contacts", "services", "migrations", "areas", "area_facts",
)  # fmt: skip


def manifest() -> Manifest:
    """Say what the folder says of itself."""
    return Manifest(
        name=MUNICIPALITY_NAME,
        data_end=as_date(DATA_END),
        invented=True,
        tables={**{name: _entry(name) for name in TABLES}, "geometry": TableManifest(file="geometry.geojson")},
    )


def _entry(name: str) -> TableManifest:
    source = "Invented by riskstrat.synthetic; nobody in it exists."
    if name in {"persons", "areas"}:
        return TableManifest(file=f"{name}.parquet", source=source)
    if name == "residences":
        return TableManifest(file=f"{name}.parquet", coverage_start=as_date(START), source=source)
    return TableManifest(
        file=f"{name}.parquet",
        code_system=CODE_SYSTEMS.get(name, "exact"),
        coverage_start=as_date(EVENTS_START),
        coverage_end=as_date(DATA_END),
        delay_days=DELAYS[name],
        units=UNITS.get(name, {}),
        source=source,
    )


def write_parts(shards: Iterable[Shard], scratch: Path) -> list[pl.DataFrame]:
    """Write the tables of each shard as parts and forget them; the counts for the care need come back."""
    care_need = []
    for number, shard in enumerate(shards):
        for name, table in {**shard.tables, "risks": shard.risks}.items():
            folder = scratch / name
            folder.mkdir(parents=True, exist_ok=True)
            table.write_parquet(folder / f"{number:05d}.parquet", compression="lz4")
        care_need.append(shard.care_need)
    return care_need


def join_parts(scratch: Path, name: str, target: Path, *sort: str, level: int) -> None:
    """Join the parts of a table into one file, in the order of the parts or sorted."""
    rows = pl.scan_parquet(sorted((scratch / name).glob("*.parquet")))
    if sort:
        rows = rows.sort(sort)
    rows.sink_parquet(
        target, compression="zstd", compression_level=level, row_group_size=ROWS_PER_GROUP, maintain_order=True
    )


def write_truth(folder: Path, frames: Mapping[str, pl.DataFrame], coefficients: Mapping[str, object]) -> None:
    """Write the truth's small files."""
    for name, frame in frames.items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd")
    (folder / "coefficients.json").write_text(json.dumps(coefficients, indent=2) + "\n", encoding="utf-8")
