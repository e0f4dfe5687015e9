"""What nobody knows in reality: true risks at index dates, area effects, coefficients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskstrat.errors import Problem, UsageError
from riskstrat.errors.arguments import checked
from riskstrat.synthetic import parameters
from riskstrat.synthetic.adults import Health, Traits, age_at, take
from riskstrat.synthetic.calendar_days import DATA_END, EVENTS_START, Days, as_date, month_of, month_start
from riskstrat.synthetic.forward import forward_risk
from riskstrat.synthetic.geography import Geography, effects_after_move
from riskstrat.synthetic.growth import Children
from riskstrat.synthetic.hazards import Factors, cvd_factors, frailty_factors, linear_predictor
from riskstrat.synthetic.population import Population
from riskstrat.synthetic.population_state import Bools, Floats, Ints
from riskstrat.synthetic.residence import spell_at

STEP_DAYS: Mapping[str, int] = {"early_cvd": 1826, "frailty": 731}
LONGEST_DELAY_DAYS: Mapping[str, int] = {"early_cvd": 180, "frailty": 90}
"""Of the rows that the outcome reads: causes of death, and admissions."""
NEAREST_DAYS = 20


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The truth beside the registers.

    Attributes
    ----------
    coefficients
        All numbers of the three models.
    areas
        area_id, condition, log_effect.
    risks
        person_id, condition, index_date, linear_predictor (recorded factors, without the area), risk.
    test_people
        person_id, name, variant.
    """

    coefficients: Mapping[str, object]
    areas: pl.DataFrame
    risks: pl.DataFrame
    test_people: pl.DataFrame


def index_months() -> Mapping[str, tuple[int, ...]]:
    """Months at whose start true risks are known: the landmarks of a stand on 1 January 2024, and that day.

    Landmarks end one horizon before the last day on which outcomes are known, and step back by the horizon while a year
    of registers lies before.
    """
    months = {name: _landmark_months(step, LONGEST_DELAY_DAYS[name]) for name, step in STEP_DAYS.items()}
    return {name: tuple(sorted({*found, parameters.MONTHS})) for name, found in months.items()}


def _landmark_months(step: int, delay_days: int) -> list[int]:
    return [_nearest_month(day) for day in range(DATA_END - delay_days - step, EVENTS_START + 365 - 1, -step)]


def _nearest_month(day: int) -> int:
    month = int(month_of(np.array([day], dtype=np.int32))[0])
    return month if day - month_start(month) <= month_start(month + 1) - day else month + 1


def adult_risks(
    population: Population,
    traits: Traits,
    area: NDArray[np.int8],
    states: Mapping[int, Health],
    *,
    geography: Geography,
    rng: np.random.Generator,
) -> pl.DataFrame:
    """Compute true risks of frailty and early cardiovascular disease of everybody at risk at the kept months."""
    after_move = effects_after_move(geography)
    frames = []
    for condition, months in index_months().items():
        for month in months:
            here = (area[:, month] >= 0) & (population.death >= month_start(month))
            at = np.flatnonzero(here & _ELIGIBLE[condition](traits, states[month], month))
            moved = {name: effect[area[at, month]] for name, effect in after_move.items()}
            some, health = take(traits, at), take(states[month], at)
            predictor = linear_predictor(_FACTORS[condition](some, health, month), _COEFFICIENTS[condition])
            risk = forward_risk(some, health, month, condition, moved=moved, rng=rng)
            frames.append(_frame(at, condition, month_start(month), predictor, risk))
    return pl.concat(frames)


def _of_working_age(traits: Traits, _: Health, month: int) -> Bools:
    """40-59 on some day around the start of the month."""
    today = month_start(month)
    return (age_at(traits, today + NEAREST_DAYS) >= 40) & (age_at(traits, today - NEAREST_DAYS) < 60)


def _of_old_age(traits: Traits, health: Health, month: int) -> Bools:
    """70 or over around the start of the month, not in special housing."""
    return (age_at(traits, month_start(month) + NEAREST_DAYS) >= 70) & (health.housing >= month)


_ELIGIBLE: Mapping[str, Callable[[Traits, Health, int], Bools]] = {"early_cvd": _of_working_age, "frailty": _of_old_age}
_FACTORS: Mapping[str, Callable[[Traits, Health, int], Factors]] = {
    "early_cvd": cvd_factors,
    "frailty": frailty_factors,
}
_COEFFICIENTS: Mapping[str, Mapping[str, float]] = {"early_cvd": parameters.CVD, "frailty": parameters.FRAILTY}


def _frame(
    person: NDArray[np.integer], condition: str, index_days: Days | int, predictor: Floats, risk: Floats
) -> pl.DataFrame:
    days = np.broadcast_to(np.asarray(index_days, dtype=np.int32), person.shape)
    return pl.DataFrame(
        {
            "person_id": person.astype(np.int64),
            "condition": pl.repeat(condition, len(person), eager=True),
            "index_date": pl.Series(days).cast(pl.Date),
            "linear_predictor": np.round(predictor, 4),
            "risk": np.round(risk, 5),
        }
    ).cast({"linear_predictor": pl.Float32, "risk": pl.Float32})


def child_risks(population: Population, children: Children) -> pl.DataFrame:
    """Give true risks of obesity at four for all children who live in the municipality when they become 18 months."""
    keep = _resident(population, children.person, children.index) & (children.index >= EVENTS_START)
    person, index = children.person[keep], children.index[keep]
    return _frame(person, "childhood_obesity", index, children.predictor[keep], children.risk[keep])


def _resident(population: Population, person: Ints, days: Days) -> Bools:
    inside = (days <= DATA_END + 1) & (population.death[person] >= days)
    return np.asarray(inside & (spell_at(population, person, (days - 1).astype(np.int32)) >= 0))


def area_effects(geography: Geography) -> pl.DataFrame:
    """Give the true log effect of each area on each condition."""
    return pl.concat(
        pl.DataFrame({"area_id": geography.ids, "condition": [name] * len(effects), "log_effect": effects})
        for name, effects in geography.effects.items()
    )


def coefficients(geography: Geography, seed: int, people: int) -> dict[str, object]:
    """All numbers of the three models, as written to `coefficients.json`."""
    return {
        "seed": seed,
        "people": people,
        "area_sd": dict(geography.spread),
        "childhood_obesity": {
            "scale": "log odds",
            "intercept": parameters.OBESITY_INTERCEPT,
            "factors": dict(parameters.OBESITY),
            "curves": {name: [list(axis) for axis in curve] for name, curve in parameters.OBESITY_CURVES.items()},
            "means_where_not_recorded": dict(parameters.OBESITY_MEANS),
            "family_sd": parameters.OBESITY_FAMILY_SD,
        },
        "early_cvd": {
            "scale": "log hazard a year",
            "intercept": parameters.CVD_INTERCEPT,
            "factors": dict(parameters.CVD),
            "values_where_not_measured": dict(parameters.CVD_UNMEASURED),
            "multiplier_variance": parameters.CVD_HETEROGENEITY,
        },
        "frailty": {
            "scale": "log hazard a year: intercept + scale x sum",
            "hazards": {name: list(pair) for name, pair in parameters.FRAILTY_HAZARDS.items()},
            "factors": dict(parameters.FRAILTY),
            "multiplier_variance": parameters.FRAILTY_HETEROGENEITY,
        },
    }


@checked
def true_risk(truth: Truth, people: pl.DataFrame, condition: str) -> pl.DataFrame:
    """Look up true risk and linear predictor of people at their index dates.

    Parameters
    ----------
    truth
        As returned by `municipality` or `read_truth`.
    people
        Columns ``person_id`` and ``index_date``; other columns are ignored.
    condition
        ``childhood_obesity``, ``early_cvd`` or ``frailty``.

    Returns
    -------
    polars.DataFrame
        person_id, index_date, linear_predictor, risk, in the order of `people`; the truth of the nearest date for which
        it is known, at most 20 days away. Null where the person was not at risk then: not in the municipality, not of
        the right age, or in special housing since a move that the registers do not know of yet.

    Raises
    ------
    UsageError
        If the truth is known for no date near some index date.

    Examples
    --------
    >>> from datetime import date
    >>> risks = pl.DataFrame({"person_id": [1], "condition": ["frailty"], "index_date": [date(2024, 1, 1)],
    ...                       "linear_predictor": [0.5], "risk": [0.2]})
    >>> truth = Truth(coefficients={}, areas=pl.DataFrame(), risks=risks, test_people=pl.DataFrame())
    >>> people = pl.DataFrame({"person_id": [1], "index_date": [date(2024, 1, 3)]})
    >>> true_risk(truth, people, "frailty")["risk"].to_list()
    [0.2]
    """
    known = truth.risks.filter(pl.col("condition") == condition).select(
        "person_id", truth_date="index_date", linear_predictor="linear_predictor", risk="risk"
    )
    requested = people.select("person_id", "index_date").with_row_index("row")
    _refuse_far_dates(requested["index_date"], known["truth_date"])
    joined = requested.sort("index_date").join_asof(
        known.sort("truth_date"), left_on="index_date", right_on="truth_date", by="person_id", strategy="nearest",
        tolerance=timedelta(days=NEAREST_DAYS), check_sortedness=False,
    )  # fmt: skip
    return joined.sort("row").select("person_id", "index_date", "linear_predictor", "risk")


def _refuse_far_dates(requested: pl.Series, known: pl.Series) -> None:
    days = np.unique(known.to_physical().to_numpy())
    wanted = np.unique(requested.to_physical().to_numpy())
    distance = np.array([np.abs(days - day).min(initial=10_000) for day in wanted])
    far = [str(as_date(int(day))) for day in wanted[distance > NEAREST_DAYS]]
    if far:
        raise UsageError(
            Problem(
                f"index dates without truth: {', '.join(far[:5])}",
                f"dates within {NEAREST_DAYS} days of those of the truth",
                "use the landmarks of a stand on 2024-01-01, or that day itself",
            )
        )
