"""Small raw extracts: file contents as agencies deliver them in, the register folder that intake makes of them out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from riskstrat.intake import extracts
from riskstrat.intake.raw_extracts.reporting import IntakeResult

YEARS = range(2010, 2014)
POPULATION = "LopNr;fodelseman;Kon;DodDatum;AterPnr\n1;195003;1;;0\n2;198011;2;;0\n"


def homes(area: str = "0181C1010", people: tuple[int, ...] = (1, 2)) -> dict[str, str]:
    """Everybody at home in one area on every 31 December."""
    rows = "".join(f"{person};{area}\n" for person in people)
    return {f"RTB_{year}.csv": "LopNr;DeSO\n" + rows for year in YEARS}


def run_intake(
    folder: Path, files: Mapping[str, str | bytes], *, population: str = POPULATION, **options: object
) -> IntakeResult:
    """Write these files beside the population and its residences, and run intake on them; every row may be rejected."""
    raw = folder / "raw"
    write(raw, {"RTB_demografi.csv": population, **homes(), **files})
    return extracts(raw, folder / "registers", **{"max_rejected_share": 1, **options})


def write(raw: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files into a raw folder, without their final empty texts."""
    for name, content in files.items():
        path = raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))


def rows(found: IntakeResult, table: str, *columns: str) -> list[tuple[object, ...]]:
    """Rows of a table, sorted."""
    return sorted(found.registers.scan(table).select(columns).collect().rows(), key=str)


def counts_by_outcome(found: IntakeResult, place: str, rule: str) -> dict[str, int]:
    """Count the rows that a rule applied to, by outcome."""
    hits = found.account.counts.filter(dataset=place, rule=rule).group_by("outcome").agg(pl.col("rows").sum())
    return dict(hits.iter_rows())


def rejected(found: IntakeResult, place: str) -> pl.DataFrame:
    """Rows in the folder of rejected rows."""
    path = found.folder / "rejected" / f"{place}.parquet"
    return pl.read_parquet(path) if path.is_file() else pl.DataFrame()
