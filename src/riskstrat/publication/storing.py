"""What was published to files, and back: JSON of what is said, Parquet of the tables."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from riskstrat.declare import Condition, Level, LocalisedText, Scenario
from riskstrat.disclosure import Disclosure, Released
from riskstrat.disclosure.release import restored
from riskstrat.publication.published import TOKEN, Facts, Published, SourceFacts
from riskstrat.records.omission import Omission
from riskstrat.records.partition import Partition

STUDY: Final = "study.json"
_TABLES: Final = "tables/"
_PARQUET: Final = ".parquet"
_AS_THEY_ARE: Final = (
    *("version", "budget_sek", "digest", "model_digest", "secret", "chosen"),
    *("missing", "of_time", "recalibration", "smoothing"),
)


def published_files(published: Published) -> dict[str, bytes]:
    """Give the files that hold what was published, by path."""
    said = {
        **{name: getattr(published, name) for name in _AS_THEY_ARE},
        "as_of": published.as_of.isoformat(),
        "condition": published.condition.to_plain(),
        "strata": published.strata,
        "scenario": None if published.scenario is None else published.scenario.to_plain(),
        "scenarios": [scenario.to_plain() for scenario in published.scenarios],
        "partition": None if published.partition is None else json.loads(published.partition.to_json()),
        "omissions": [{"part": each.part, "reason": asdict(each.reason)} for each in published.omissions],
        "levels": [level.to_plain() for level in published.levels],
        "notes": [asdict(note) for note in published.notes],
        "source": asdict(published.source) | {"data_end": published.source.data_end.isoformat()},
        "disclosure": asdict(published.disclosure),
        "tables": {
            name: {"roles": dict(table.roles), "suppressed": dict(table.suppressed)}
            for name, table in published.tables.items()
        },
    }
    tables = {f"{_TABLES}{name}{_PARQUET}": _parquet(table.frame) for name, table in published.tables.items()}
    return {STUDY: (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode(), **tables}


def read_published(files: Mapping[str, bytes]) -> Published:
    """Read what `published_files` gave."""
    said: dict[str, Any] = json.loads(files[STUDY])
    rule = Disclosure(**said["disclosure"])
    facts = Facts(
        **{name: said[name] for name in _AS_THEY_ARE if name in said},
        strata=tuple(said["strata"]),
        as_of=date.fromisoformat(said["as_of"]),
        condition=Condition.from_json(json.dumps(said["condition"])),
        scenario=None if said.get("scenario") is None else Scenario.from_json(json.dumps(said["scenario"])),
        scenarios=tuple(Scenario.from_json(json.dumps(scenario)) for scenario in said.get("scenarios", ())),
        partition=None if said["partition"] is None else Partition.from_json(json.dumps(said["partition"])),
        omissions=tuple(
            Omission(part=each["part"], reason=LocalisedText(**each["reason"])) for each in said["omissions"]
        ),
        levels=tuple(Level.from_json(json.dumps(level)) for level in said["levels"]),
        notes=tuple(LocalisedText(**note) for note in said["notes"]),
        source=SourceFacts(**said["source"] | {"data_end": date.fromisoformat(said["source"]["data_end"])}),
    )
    tables = {name: _table(files, name, described, rule) for name, described in said["tables"].items()}
    return Published(**vars(facts), tables=MappingProxyType(tables), disclosure=rule, token=TOKEN)


def _table(files: Mapping[str, bytes], name: str, described: Mapping[str, Any], rule: Disclosure) -> Released:
    frame = pl.read_parquet(io.BytesIO(files[f"{_TABLES}{name}{_PARQUET}"]))
    return restored(frame, described["suppressed"], rule, described["roles"])


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
