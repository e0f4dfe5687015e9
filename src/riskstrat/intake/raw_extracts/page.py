"""Released tables of an intake in, ``intake.html`` and ``intake.json`` out; everything from outside is escaped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from importlib import resources
from pathlib import Path

import polars as pl

from riskstrat.disclosure import Released
from riskstrat.extras import optional
from riskstrat.intake.raw_extracts.reporting import IntakeReport

HTML, JSON = "intake.html", "intake.json"
Row = dict[str, object]


def write_report(report: IntakeReport, folder: Path) -> None:
    """Release the tables of a report and write them.

    Raises
    ------
    MissingExtraError
        If the extra ``report`` is not installed.
    """
    released = report.released()
    (folder / JSON).write_text(_json(report, released), encoding="utf-8")
    (folder / HTML).write_text(_html(report, released), encoding="utf-8")


def _json(report: IntakeReport, released: Mapping[str, Released]) -> str:
    content = {
        "name": report.name,
        "data_end": report.last_day.isoformat(),
        "disclosure": released["rules"].rule["en"],
        "tables": {name: each.frame.to_dicts() for name, each in released.items()},
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=date.isoformat) + "\n"


def _html(report: IntakeReport, released: Mapping[str, Released]) -> str:
    environment = optional("jinja2").Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = _number
    template = environment.from_string(_template())
    frames = {name: each.frame for name, each in released.items()}
    html: str = template.render(
        name=report.name,
        data_end=report.last_day,
        disclosure=released["rules"].rule["en"],
        tables={name: frame.to_dicts() for name, frame in frames.items()},
        years=_wide(frames["years"], "rows", ["table"]),
        holes=frames["years"].filter("hole").select("table", "year").to_dicts(),
        missing=_wide(frames["missing"].drop_nulls("year"), "share", ["place", "column"]),
        unverified=frames["files"].filter(pl.col("unverified") != "").unique("what", maintain_order=True).to_dicts(),
    )
    return html


def _template() -> str:
    return resources.files(__package__).joinpath("templates", "intake.html").read_text(encoding="utf-8")


def _wide(frame: pl.DataFrame, value: str, index: list[str]) -> dict[str, object]:
    """Lay years out as columns: the years, and one row an index with its values in their order."""
    years = frame["year"].unique().sort().to_list()
    cells: dict[tuple[str, ...], dict[int, object]] = {}
    for row in frame.iter_rows(named=True):
        cells.setdefault(tuple(row[name] for name in index), {})[row["year"]] = row[value]
    known = [{"names": names, "values": [found.get(year, "") for year in years]} for names, found in cells.items()]
    return {"years": years, "rows": known}


def _number(value: object) -> str:
    """Write a count with thin spaces, a withheld one as a dash, a share in per cent."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{100 * value:.1f} %"
    return f"{value:,}".replace(",", "\u2009") if isinstance(value, int) else str(value)
