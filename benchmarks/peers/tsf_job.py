"""Answer a list of features with timeseriesflattener; runs in that package's own environment, started by tsf.py.

Run: python tsf_job.py JOB.json OUT.parquet [--careful]. Plainly, look-backs are lengths and the last value or date is
asked for as "latest", as the package's guide does. Carefully, what its user can mend is mended: a look-back begins a
day before the index, and the last date is the largest day number. Prints the CPU seconds of the job.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import time
from itertools import groupby
from pathlib import Path
from typing import TypedDict

import polars as pl
from timeseriesflattener import (
    Flattener,
    PredictionTimeFrame,
    PredictorSpec,
    StaticFrame,
    StaticSpec,
    TimeDeltaSpec,
    TimestampValueFrame,
    ValueFrame,
)
from timeseriesflattener.aggregators import (
    Aggregator,
    CountAggregator,
    HasValuesAggregator,
    LatestAggregator,
    MaxAggregator,
    MeanAggregator,
)

ID, DATE, NONE = "person_id", "date", float("nan")


class EventQuery(TypedDict):
    """A feature: its column, its kind, and for kinds of events the table, the ranges of codes and the window."""

    column: str
    kind: str
    register: str
    ranges: list[list[str]]
    days: int


def aggregators(careful: bool) -> dict[str, Aggregator]:
    return {
        "Count": CountAggregator(),
        "Ever": HasValuesAggregator(),
        "DaysSince": MaxAggregator() if careful else LatestAggregator(DATE),
        "Latest": LatestAggregator(DATE),
        "Mean": MeanAggregator(),
    }


def lookback(days: int, careful: bool) -> dt.timedelta | tuple[dt.timedelta, dt.timedelta]:
    return (dt.timedelta(days=1), dt.timedelta(days=days)) if careful else dt.timedelta(days=days)


def event_frame(table: pl.DataFrame, ranges: list[list[str]], name: str) -> ValueFrame:
    """Give the rows of a group of codes: the measured value, or the number of the day where there is none."""
    meant = [pl.col("code").str.slice(0, len(low)).is_between(pl.lit(low), pl.lit(high)) for low, high in ranges]
    value = pl.col("value") if "value" in table.columns else pl.col(DATE).cast(pl.Int32).cast(pl.Float64)
    rows = table.filter(pl.any_horizontal(meant))
    return ValueFrame(rows.select(ID, pl.col(DATE).cast(pl.Datetime), value.alias(name)), ID, DATE)


def event_specs(folder: Path, asked: list[EventQuery], careful: bool) -> tuple[list[PredictorSpec], dict[str, str]]:
    """Give a specification for each group of codes, and the columns of the answer by the names that we give them."""
    kinds, specs, names = aggregators(careful), [], {}
    for register, of_table in groupby(sorted(asked, key=_group), key=lambda feature: feature["register"]):
        values = ["value"] if register == "measurements" else []
        table = pl.read_parquet(folder / f"{register}.parquet", columns=[ID, DATE, "code", *values])
        for number, (_, features) in enumerate(groupby(of_table, key=_group)):
            group, name = list(features), f"{register}{number:02d}"
            windows = sorted({feature["days"] for feature in group})
            used = {kind: kinds[kind] for kind in sorted({feature["kind"] for feature in group})}
            frame = event_frame(table, group[0]["ranges"], name)
            looks = [lookback(days, careful) for days in windows]
            specs.append(PredictorSpec(frame, looks, list(used.values()), fallback=NONE))
            for feature in group:
                window = f"{int(careful)}_to_{feature['days']}_days"
                names[feature["column"]] = f"pred_{name}_within_{window}_{used[feature['kind']].name}_fallback_nan"
    return specs, names


def _group(feature: EventQuery) -> tuple[str, list[list[str]]]:
    return feature["register"], feature["ranges"]


def person_specs(folder: Path, asked: list[EventQuery]) -> tuple[list[TimeDeltaSpec | StaticSpec], dict[str, str]]:
    persons = pl.read_parquet(folder / "persons.parquet")
    born = persons.select(ID, pl.col("birth_date").cast(pl.Datetime))
    age = TimeDeltaSpec(TimestampValueFrame(born, ID, "birth_date"), NONE, "age", time_format="years")
    specs, names = [age], {}
    for number, feature in enumerate(asked):
        known = pl.col("sex") == "male" if feature["kind"] == "Sex" else pl.lit(None)
        facts = persons.select(ID, known.cast(pl.Float64).alias(f"fact{number}"))
        if feature["kind"] == "Age":
            names[feature["column"]] = "pred_age_years_fallback_nan"
        else:
            specs.append(StaticSpec(StaticFrame(facts, ID), "pred", NONE))
            names[feature["column"]] = f"pred_fact{number}_fallback_nan"
    return specs, names


def answer(folder: Path, index: dt.date, asked: list[EventQuery], careful: bool) -> pl.DataFrame:
    everybody = pl.read_parquet(folder / "persons.parquet", columns=[ID])
    times = everybody.with_columns(index_date=pl.lit(dt.datetime.combine(index, dt.time())))
    persons, person_names = person_specs(folder, [feature for feature in asked if not feature["register"]])
    events, event_names = event_specs(folder, [feature for feature in asked if feature["register"]], careful)
    flattener = Flattener(PredictionTimeFrame(times, ID, "index_date"))
    wide = flattener.aggregate_timeseries([*persons, *events]).df
    names, day = person_names | event_names, (index - dt.date(1970, 1, 1)).days
    return wide.select(ID, *[_named(feature, names[feature["column"]], day) for feature in asked])


def _named(feature: EventQuery, name: str, day: int) -> pl.Expr:
    value = day - pl.col(name) if feature["kind"] == "DaysSince" else pl.col(name)
    return value.cast(pl.Float32).fill_nan(None).alias(feature["column"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--careful", action="store_true")
    given = parser.parse_args()
    cpu, job = time.process_time(), json.loads(given.job.read_text())
    found = answer(Path(job["folder"]), dt.date.fromisoformat(job["index"]), job["features"], given.careful)
    found.write_parquet(given.out, compression="lz4", statistics=False)
    print("\n" + json.dumps({"cpu": time.process_time() - cpu}))
