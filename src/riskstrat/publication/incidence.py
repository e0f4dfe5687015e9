"""Tables of what happened to those who were followed, of counts that carry the noise of their cells."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import polars as pl
from scipy.optimize import isotonic_regression

from riskstrat.disclosure import DIGITS, ByInterval, CellNoise, Figures, Table, Whole
from riskstrat.disclosure.noisy_counts import rows_of_a_person
from riskstrat.numerics.intervals import PUBLISHED_LEVEL, poisson_interval
from riskstrat.publication.cohort import keys_of
from riskstrat.publication.dividing import nested, protected_groups
from riskstrat.publication.noise import noisy
from riskstrat.publication.validation import FEWEST_FOR_METRICS
from riskstrat.records.cohort import OUTCOME
from riskstrat.records.incidence import PER, Incidence, with_limits

_ESTIMATES = ("estimate", "lower", "upper")
_PERSONS = MappingProxyType({"index_dates": "persons", "cases": "case_persons", "at_risk": "at_risk_persons"})
_RATES = ("person_years", "rate", "lower", "upper")


def incidence_tables(found: Incidence, noise: CellNoise | None) -> dict[str, Table]:
    """Give ``cumulative_incidence`` and ``person_years``: of groups and cells of 200 persons or more."""
    return {
        "cumulative_incidence": cumulative_incidence(found, noise),
        "person_years": person_years(found, noise),
    }


def cumulative_incidence(found: Incidence, noise: CellNoise | None) -> Table:
    """Give cumulative incidence by group, time and event, and how many are still followed.

    With noise it comes of the outcomes by each time and the index dates of the group, both protected, and rises: noise
    that would let it fall is evened out.
    """
    return Table(
        found.curves if noise is None else _protected(found, noise),
        dimensions=("group", "days", "event"),
        counts=("at_risk",),
        denominators={"at_risk": "index_dates", "cases": "index_dates"},
        unshown=("cases",),
        derived=dict.fromkeys(_ESTIMATES, ("index_dates", "cases")),
        persons=_PERSONS,
        keys=keys_of(*_PERSONS, *_PERSONS.values()),
        protected=() if noise is None else ("at_risk",),
        fewest={"index_dates": FEWEST_FOR_METRICS},
        digits={"estimate": ByInterval("lower", "upper")},
    )


def _protected(found: Incidence, noise: CellNoise) -> pl.DataFrame:
    """Curves, limits and numbers at risk of protected counts; those at risk do not rise with time, nor above all.

    Outcomes by each time divide those of the group, and these everybody's. Who is at risk has no outcome yet: noise of
    outcomes is taken from their number.
    """
    frame = _divided(found, noise).with_columns(
        rows_of_a_person(count, behind).alias(f"{count}_rows") for count, behind in _PERSONS.items()
    )
    n, at_risk = (
        noisy(frame[name], frame[f"{name}_key"], noise, of=whole, rows=frame[f"{name}_rows"])
        for name, whole in (("index_dates", None), ("at_risk", frame["index_dates_key"]))
    )
    cases = (frame["estimate"] * frame["index_dates"]).round() + frame["moved"]
    at_risk = (at_risk - frame["of_outcome"]).clip(lower_bound=0)
    n = n.clip(lower_bound=1)
    curve = ["group", "event"]
    evened = pl.DataFrame({"estimate": (cases / n).clip(0, 1), "index_dates": n, "at_risk": at_risk})
    shown = (
        frame.select("group", "days", "event")
        .hstack(evened)
        .with_columns(
            pl.col("estimate").map_batches(_rising, return_dtype=pl.Float64).over(curve, order_by="days"),
            pl.min_horizontal(
                pl.col("at_risk").map_batches(_falling, return_dtype=pl.Int64).over(curve, order_by="days"),
                "index_dates",
            ).alias("at_risk"),
        )
    )
    added = frame["variance"].to_numpy() / n.to_numpy() ** 2
    limits = with_limits(shown, found.rows_per_person, added)
    return found.curves.with_columns(limits.select(*_ESTIMATES, "at_risk"))


def _divided(found: Incidence, noise: CellNoise) -> pl.DataFrame:
    """Add the noise of outcomes by each time (``moved``) with its ``variance``, and that of the outcome beside both."""
    curves, outcomes = found.curves, _outcomes(found, noise)
    numbered = curves.with_row_index("row")
    moved: dict[int, tuple[int, float]] = {}
    for (event,), of_event in numbered.partition_by("event", as_dict=True).items():
        groups = protected_groups(_by_the_horizon(of_event), noise, outcomes if event == OUTCOME else None)
        for (group,), rows in of_event.partition_by("group", as_dict=True).items():
            of = nested(rows["row"], rows["cases"], rows["cases_key"], groups[str(group)])
            moved |= {row: (cell.added, cell.variance) for row, cell in of.items()}
    added, variance = zip(*(moved[row] for row in range(curves.height)), strict=True)
    shown = curves.with_columns(moved=pl.Series(added, dtype=pl.Int64), variance=pl.Series(variance))
    outcome = shown.filter(event=OUTCOME).select("group", "days", of_outcome="moved")
    return shown.join(outcome, on=["group", "days"], how="left", maintain_order="left")


def _by_the_horizon(curves: pl.DataFrame) -> pl.DataFrame:
    """Give the events of each group by the last time, as `protected_groups` takes them."""
    last = curves.filter(days=curves["days"].max())
    return last.select("group", "cases", case_key="cases_key", index_key="index_dates_key")


def _rising(shares: pl.Series) -> pl.Series:
    """Isotonic regression over time; times that nobody was followed to, the last ones, stay missing."""
    known = shares.drop_nulls()
    fitted = isotonic_regression(known.to_numpy()).x if len(known) else known
    return pl.Series(fitted, dtype=pl.Float64).extend_constant(None, len(shares) - len(known))


def _falling(counts: pl.Series) -> pl.Series:
    return pl.Series(isotonic_regression(counts.to_numpy(), increasing=False).x).round().cast(pl.Int64)


def person_years(found: Incidence, noise: CellNoise | None) -> Table:
    """Give person-years, outcomes and rates per 1,000 in each age band of each calendar year.

    With noise person-years hide any one person, who adds at most one to a cell, as a count does.
    """
    persons = {"index_dates": "persons", "events": "event_persons"}
    return Table(
        found.person_years if noise is None else _protected_rates(found, noise),
        dimensions=("age_band", "year"),
        counts=("events",),
        denominators={"events": "index_dates"},
        derived=dict.fromkeys(_RATES, ("index_dates", "events")),
        persons=persons,
        keys=keys_of(*persons, *persons.values()),
        fewest={"index_dates": FEWEST_FOR_METRICS},
        digits={"person_years": Figures(DIGITS), "rate": ByInterval("lower", "upper")},
    )


def _protected_rates(found: Incidence, noise: CellNoise) -> pl.DataFrame:
    """Rates of outcomes that divide those of everybody who was followed."""
    frame, whole = found.person_years, _everybody(found, noise)
    exact_events = frame["events"].to_numpy()
    events = exact_events + whole.parts(exact_events, frame["events_key"].to_numpy())
    variance = whole.variances(events, of=frame.height)
    keys = frame["index_dates_key"]
    n, exact = noisy(frame["index_dates"], keys, noise).to_numpy(), frame["index_dates"].to_numpy()
    mean = (frame["person_years"].to_numpy() + noise.around_zero(keys.to_numpy(), "person-years")) / exact
    time = np.maximum(n * mean, 1.0)
    # The interval is that of fewer events, as noise adds to the variance.
    size = events**2 / np.maximum(events + variance, 1.0)
    lower, upper = (limit * events / np.maximum(size, 1.0) for limit in poisson_interval(size, PUBLISHED_LEVEL))
    shown = {"rate": events, "lower": lower, "upper": upper}
    return frame.with_columns(
        pl.Series("person_years", time), *(pl.Series(name, value / time * PER) for name, value in shown.items())
    )


def _everybody(found: Incidence, noise: CellNoise) -> Whole:
    """All outcomes behind the rates: those of the curves, of which they are a part, and of the study."""
    groups = protected_groups(_by_the_horizon(found.curves.filter(event=OUTCOME)), noise, _outcomes(found, noise))
    events = found.person_years.select(pl.col("events", "events_key").sum())
    return groups["all"].part(events["events"][0], events["events_key"].to_numpy()[0])


def _outcomes(found: Incidence, noise: CellNoise) -> Whole | None:
    return None if found.outcomes is None else found.outcomes.together(noise)
