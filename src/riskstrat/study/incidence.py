"""What happened to those who were followed: cumulative incidence by group, person-years and rates.

In: `StudyData`. Out: an `Incidence`, whose counts carry the keys of their cells.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.disclosure import within
from riskstrat.disclosure.cell_keys import person_keys, sum_keys
from riskstrat.errors.arguments import checked
from riskstrat.incidence import COMPETING, OUTCOME, OutcomeArray, cumulative_incidence, split_follow_up
from riskstrat.incidence.person_years import rates
from riskstrat.numerics.groups import AGE_BAND, number_groups
from riskstrat.numerics.intervals import PUBLISHED_LEVEL
from riskstrat.records.incidence import PER, Incidence, with_limits
from riskstrat.study.data import StudyData
from riskstrat.study.evaluation import groups_of, with_subgroups
from riskstrat.validation.grouping import EVERYBODY, group_labels

MOST_TIMES: Final = 12
_STEPS_DAYS = (1, 2, 3, 7, 14, 30.4375, 91.3125, 182.625, 365.25, 730.5, 1826.25)
AGES: Final = (*range(20), *range(20, 100, 10))
"""Where age bands begin: single years of children, ten years of adults, 90 and above."""

_WHOLE_KEYS = ("index_dates_key", "persons_key")
Cells = dict[str, NDArray[np.generic]]


@checked
def observed_incidence(data: StudyData) -> Incidence:
    """Estimate cumulative incidence by time since the index date, and rates by age and calendar year.

    Landmarks closer than the horizon would count the same follow-up twice, so index dates that are counted are
    described (`Cohort.is_counted`); where the outcome must be measured, those of persons who were.
    """
    cohort = data.training.cohort
    kept = cohort.is_counted & cohort.people["assessed"].to_numpy()
    people, y = with_subgroups(data).people.filter(kept), cohort.followed_outcome[kept]
    times = times_of(data.condition.horizon_days)
    repeated = {event: _rows_per_person(people.filter(y["event"] == event)) for event in (OUTCOME, COMPETING)}
    curves = pl.concat(
        _curves(people["person_id"], group_labels(people, column), y, times) for column in (EVERYBODY, *groups_of(data))
    )
    return Incidence(
        curves=with_limits(curves, repeated),
        person_years=_person_years(people, data.birth_date.filter(kept), y),
        horizon_days=data.condition.horizon_days,
        rows_per_person=repeated,
        outcomes=cohort.counted_outcomes(),
        disclosure=data.settings.disclosure,
    )


def times_of(horizon_days: int) -> NDArray[np.int64]:
    """Days at which curves are read: equal steps of the calendar, at most twelve, and the horizon."""
    step = next((each for each in _STEPS_DAYS if horizon_days / each < MOST_TIMES + 0.5), horizon_days)
    times = np.rint(np.arange(1, round(horizon_days / step)) * step).astype(np.int64)
    return np.append(times, horizon_days)


def _curves(person: pl.Series, labels: pl.Series, y: OutcomeArray, times: NDArray[np.int64]) -> pl.DataFrame:
    """Cumulative incidence of both events by group, with the counts behind it and their keys."""
    number, groups = number_groups(labels.alias("group"), len(y))
    found = cumulative_incidence(y, times, by=number)
    rows = pl.DataFrame({"group": number, "key": pl.Series(person_keys(person)), "event": y["event"]})
    until = rows.with_columns(time=np.searchsorted(times, y["duration_days"]))
    shape = groups.height, len(times)
    # Those at risk at a time are followed to that day or beyond: counted from the last time backwards.
    followed = len(times) - np.searchsorted(times, y["duration_days"], side="right")
    at_risk = _counted(rows.with_columns(time=followed), shape, "at_risk", "at_risk_persons")
    everybody = _counted(rows.with_columns(time=0), shape, "index_dates", "persons")
    # As in `persons_behind`: when anybody comes or leaves, all groups get fresh noise.
    everybody |= {
        name: within(everybody[name].astype(np.uint64), rows["key"].to_numpy().sum(keepdims=True))
        for name in _WHOLE_KEYS
    }
    events = [
        {**everybody, **{name: values[:, ::-1] for name, values in at_risk.items()}, **_counted(part, shape)}
        for part in (until.filter(event=event) for event in (OUTCOME, COMPETING))
    ]
    cells = {name: np.stack([event[name] for event in events], axis=-1).ravel() for name in events[0]}
    days = pl.col("time").cast(pl.Int64).alias("days")
    return found.select(groups["group"][found["group"]].cast(pl.String), days, "event", "estimate").hstack(
        pl.DataFrame(cells)
    )


def _rows_per_person(people: pl.DataFrame) -> float:
    rows = people.group_by("person_id").len()["len"].to_numpy().astype(np.float64)
    return float((rows**2).sum() / rows.sum()) if len(rows) else 1.0


def _counted(rows: pl.DataFrame, shape: tuple[int, int], name: str = "cases", persons: str = "case_persons") -> Cells:
    """Count rows and distinct persons by group up to each time, (groups, times), with the keys of these cells."""
    inside = rows.filter(pl.col("time") < shape[1])
    first = inside.sort("time").unique(["group", "key"], keep="first")
    found: Cells = {}
    for count, part in ((name, inside), (persons, first)):
        cell, cells = (part["group"] * shape[1] + part["time"]).to_numpy(), shape[0] * shape[1]
        for column, sums in (
            (count, np.bincount(cell, minlength=cells)),
            (f"{count}_key", sum_keys(part["key"].to_numpy(), cell, cells)),
        ):
            found[column] = sums.reshape(shape).cumsum(axis=1, dtype=sums.dtype)
    return found


def _person_years(people: pl.DataFrame, born: pl.Series, y: OutcomeArray) -> pl.DataFrame:
    key, event = pl.col("key"), pl.col("is_event")
    days = split_follow_up(y, people["index_date"], born, ages=AGES)
    keys = pl.DataFrame({"key": pl.Series(person_keys(people["person_id"])), "had": y["event"] == OUTCOME})
    cells = (
        days.hstack(keys[days["row"]])
        .with_columns(is_event=pl.col("had") & pl.col("is_end"))
        .group_by("band", AGE_BAND, "year")
        .agg(
            index_dates=pl.len().cast(pl.Int64),
            persons=key.n_unique().cast(pl.Int64),
            person_years=pl.col("person_years").sum(),
            events=event.sum().cast(pl.Int64),
            event_persons=key.filter(event).n_unique().cast(pl.Int64),
            index_dates_key=key.sum(),
            persons_key=key.unique().sum(),
            events_key=key.filter(event).sum(),
            event_persons_key=key.filter(event).unique().sum(),
        )
        .sort("band", "year")
        .drop("band")
    )
    fresh = (
        pl.Series(name, within(cells[name].to_numpy(), keys["key"].to_numpy().sum(keepdims=True)))
        for name in _WHOLE_KEYS
    )
    cells = cells.with_columns(fresh)
    return cells.hstack(rates(cells["events"], cells["person_years"], per=PER, level=PUBLISHED_LEVEL))
