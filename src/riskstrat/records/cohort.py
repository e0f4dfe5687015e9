"""Who is followed, from when, until when, and who was left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from riskstrat.declare import LocalisedText
from riskstrat.disclosure import Disclosure, ProtectedRows, UnitCounts
from riskstrat.errors import DesignError, Problem, UsageError, number_of
from riskstrat.errors.arguments import from_pandas, is_of_pandas
from riskstrat.numerics.groups import number_groups

KEYS = ("person_id", "index_date")
_KEYS = ("person_id", "landmark")
_SPACING_UNKNOWN = Problem(
    "persons at several landmarks, without the date of each",
    "index_date, from which the landmarks that can be counted together are found",
    "add index_date to the people",
    table="cohort",
    column="index_date",
)


def landmark_sets(people: pl.DataFrame, horizon_days: float) -> list[list[int]]:
    """Divide landmarks into sets whose dates lie at least one horizon apart.

    The first set begins at the latest landmark, the next at the one before it, and so on within one horizon of the
    latest; each steps back to the next landmark that is far enough away. Empty where every index date is counted:
    horizons do not overlap, or persons have index dates of their own (`AtAge`, `AtBirth`, `AtEvent`).
    """
    if not {*_KEYS, "index_date"} <= {*people.columns}:
        return []
    dates = people.select("landmark", "index_date").unique().sort("index_date", descending=True)
    if dates["landmark"].is_duplicated().any() or not _overlaps(people, horizon_days):
        return []
    landmarks, days = dates["landmark"].to_list(), dates["index_date"].to_list()
    within = sum(day > days[0] - timedelta(days=horizon_days) for day in days)
    return [list(_steps_back(landmarks[first:], days[first:], horizon_days)) for first in range(within)]


def _overlaps(people: pl.DataFrame, horizon_days: float) -> bool:
    ordered = people.select("person_id", "index_date").sort("person_id", "index_date")
    near = pl.col("index_date").diff() < timedelta(days=horizon_days)
    return bool(ordered.select((near & (pl.col("person_id") == pl.col("person_id").shift())).any()).item())


def _steps_back(landmarks: list[int], days: list[date], horizon_days: float) -> Iterator[int]:
    latest = date.max
    for landmark, day in zip(landmarks, days, strict=True):
        if latest - day >= timedelta(days=horizon_days):
            yield landmark
            latest = day


OUTCOME, COMPETING = 1, 2
"""The event that is the outcome, and what made it impossible; 0 is none."""

_AT_ONCE = 0.5
"""Days under observation after which who was not assessed is censored: before anything could be seen."""

_LATE_ENTRY = Problem(
    "index dates of people who entered late",
    "everybody under observation from the index date",
    "use cohort.direct, or followed_outcome with entry_days",
)
_NOT_COVERED = Problem(
    "index dates whose horizon is not covered",
    "index dates whose status at the horizon can be known",
    "use cohort.covered, with the features and risks of its rows",
    table="cohort",
    column="horizon_covered",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """The people on whom planning decides: eligible at the as-of date, their outcome unknown.

    ``people`` has one row a person (person_id, index_date, area_id, age_years, sex, family_id); everybody is in one row
    of ``flow`` (step, reason, people, rows), and ``flow_keys`` are the keys of its cells. ``notes`` say what a reader
    should know of the data behind it, such as how far back "ever" reaches; they count nobody. Frames of pandas are read
    as those of polars.
    """

    condition: str
    people: pl.DataFrame = field(repr=False)
    flow: pl.DataFrame = field(repr=False)
    as_of: date
    notes: tuple[LocalisedText, ...] = ()
    flow_keys: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)
    disclosure: Disclosure = field(default_factory=Disclosure)

    def __post_init__(self) -> None:
        for name in ("people", "flow"):
            if is_of_pandas(frame := getattr(self, name)):
                object.__setattr__(self, name, from_pandas(frame, name))


@dataclass(frozen=True, kw_only=True, eq=False)
class Cohort(Target):
    """The people on whom models are trained: an index date in the past and what came after it within the horizon.

    ``people`` also has event (0 censored, 1 outcome, 2 competing event), duration_days (above 0), assessed,
    horizon_covered (whether all of ``(index, index + horizon]`` is covered) and landmark; the order of its rows is the
    order of X, of risks and of `outcome`. Where the population enters late also entry_days: people are at risk in
    ``(entry_days, duration_days]`` after the index.
    """

    horizon_days: int

    @property
    def outcome(self) -> np.ndarray:
        """Structured array (n,) with ``event`` and ``duration_days``, what every estimator takes.

        Raises
        ------
        DesignError
            If a status at the horizon cannot be learnt from all rows: people entered late (who had the outcome before
            could not), or horizons are not covered. `direct` leaves both out; hazard models and `cumulative_incidence`
            take `followed_outcome` and `entry_days`.
        """
        if problems := ([_LATE_ENTRY] if self.entry_days.any() else []) + coverage_problems(self):
            raise DesignError(*problems)
        return self.followed_outcome

    @property
    def followed_outcome(self) -> np.ndarray:
        """The same array for all rows, however late they entered and wherever the horizon ends; beside `entry_days`.

        Who was not assessed is censored at once: an outcome that nobody measured is not known, and is not its absence.
        """
        outcome = np.empty(self.people.height, dtype=[("event", "i1"), ("duration_days", "f8")])
        outcome["event"] = self.people["event"].to_numpy()
        outcome["duration_days"] = self.people["duration_days"].to_numpy()
        if "assessed" in self.people.columns:
            unknown = ~self.people["assessed"].to_numpy()
            outcome["duration_days"][unknown] = self.entry_days[unknown] + _AT_ONCE
        return outcome

    @property
    def entry_days(self) -> np.ndarray:
        """Days from the index to when each row came under observation, (n,): 0 for who was there at the index."""
        if "entry_days" not in self.people.columns:
            return np.zeros(self.people.height)
        return self.people["entry_days"].to_numpy()

    @property
    def covered(self) -> Cohort:
        """The index dates whose whole horizon is covered, also of who entered late."""
        known = "horizon_covered" in self.people.columns
        return replace(self, people=self.people.filter("horizon_covered")) if known else self

    @property
    def is_direct(self) -> np.ndarray:
        """Whether each row's status at the horizon can be learnt from, (n,): `covered`, and there from the index on."""
        known = "horizon_covered" in self.people.columns
        covered = self.people["horizon_covered"].to_numpy() if known else np.ones(self.people.height, dtype=bool)
        return np.asarray(covered & (self.entry_days == 0))

    @property
    def direct(self) -> Cohort:
        """The index dates that direct models are fitted to and tested on, and that areas count: where `is_direct`."""
        return replace(self, people=self.people.filter(self.is_direct))

    @cached_property
    def landmark_sets(self) -> list[list[int]]:
        """Sets of landmarks at least one horizon apart, the counted one first; empty where every index is counted."""
        return landmark_sets(self.people, self.horizon_days)

    @property
    def is_counted(self) -> np.ndarray:
        """Whether each row is counted, (n,): its landmark is the latest, or a horizon or more from the next counted.

        Models may learn from all rows; observed and expected outcomes, rates, tables and thresholds count these, so
        that no outcome is counted twice.
        """
        return self.at_landmarks(next(iter(self.landmark_sets), None))

    @property
    def counted(self) -> Cohort:
        """The index dates that are counted: of `direct` those for which `is_counted` holds."""
        direct = self.direct
        return replace(self, people=direct.people.filter(direct.is_counted))

    def counted_outcomes(self, by: Sequence[str] = ("area_id",)) -> UnitCounts:
        """Count the outcomes of the index dates that are counted in each group `by`; rows without one are one more.

        Whatever counts these outcomes again divides them (`riskstrat.disclosure.Whole`).
        """
        known = [column for column in by if column in self.people.columns]
        number, _ = number_groups(self.people.select(known) if known else None, self.people.height)
        had = self.people.select((pl.col("event") == OUTCOME) & pl.col("assessed")).to_series().to_numpy()
        cell = np.where(self.is_counted, number, -1)
        return ProtectedRows.of(self.people, None).units(cell, int(number.max(initial=0)) + 1, had)

    @property
    def landmark_dates(self) -> dict[int, date]:
        """Date of each landmark that everybody shares, oldest first; empty where persons have dates of their own."""
        if "index_date" not in self.people.columns:
            return {}
        dates = self.people.select("landmark", "index_date").unique().sort("index_date")
        return {} if dates["landmark"].is_duplicated().any() else dict(dates.iter_rows())

    def at_landmarks(self, landmarks: Sequence[int] | None) -> np.ndarray:
        """Whether each row is at one of these landmarks, (n,); every row where they are None."""
        if landmarks is None:
            return np.ones(self.people.height, dtype=bool)
        return np.isin(self.people["landmark"].to_numpy(), landmarks)

    @property
    def must_be_assessed(self) -> bool:
        """Whether the outcome is known only for those who were measured."""
        return not bool(self.people["assessed"].all())


def coverage_problems(cohort: Cohort) -> list[Problem]:
    """Say whether the registers end before the horizon of some index dates, whose status cannot be known."""
    known = "horizon_covered" not in cohort.people.columns or cohort.people["horizon_covered"].all()
    return [] if known else [_NOT_COVERED]


def counting_problems(cohort: Cohort) -> list[Problem]:
    """Say why rows cannot be counted: horizons that are not covered, landmarks whose distance is not known."""
    people = cohort.people
    recur = (
        {*_KEYS} <= {*people.columns}
        and "index_date" not in people.columns
        and people.select(_KEYS).unique()["person_id"].is_duplicated().any()
    )
    return [*coverage_problems(cohort), *([_SPACING_UNKNOWN] if recur else [])]


def check_rows(name: str, found: int, expected: int) -> None:
    """Refuse an array whose rows are not those of the cohort."""
    if found != expected:
        raise UsageError(
            Problem(
                f"{name} of {number_of(found, 'row')}",
                f"{number_of(expected, 'row')}, one a row of the cohort",
                "build it from this cohort and keep its order",
            )
        )
