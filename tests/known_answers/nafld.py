"""A condition for people that were not made for this library: MI, heart failure or stroke within ten years."""

from datetime import date

from riskstrat.declare import (
    Age,
    AnyOf,
    Condition,
    DaysSince,
    Ever,
    Feature,
    FirstEvent,
    Latest,
    LocalisedText,
    OnDate,
    Population,
    Sex,
    Wording,
)

INDEX = date(2000, 1, 1)


def ever(code: str) -> Ever:
    """Ask whether a diagnosis was ever recorded before the index."""
    return Ever(register="diagnoses", codes=code)


def latest(code: str) -> Latest:
    """Ask for the latest measurement in ten years."""
    return Latest(register="measurements", codes=code, within="10y")


FEATURES: tuple[Feature, ...] = (
    Age(),
    Sex(),
    *(ever(code) for code in ("htn", "diabetes", "dyslipidemia", "nafld", "afib", "angina", "cardiac_arrest")),
    DaysSince(register="diagnoses", codes="htn"),
    DaysSince(register="diagnoses", codes="diabetes"),
    *(latest(code) for code in ("hdl", "chol", "sbp", "dbp", "smoke", "fib4", "bmi", "weight", "height")),
)

CONDITION = Condition(
    name="olmsted_cvd",
    title=LocalisedText(en="Cardiovascular disease within ten years", sv="Hjärt-kärlsjukdom inom tio år"),
    wording=Wording(
        people=LocalisedText(en="inhabitants", sv="invånare"),
        outcome=LocalisedText(en="have cardiovascular disease within ten years", sv="få hjärt-kärlsjukdom inom tio år"),
        cases=LocalisedText(en="cases", sv="fall"),
    ),
    population=Population(age_years=(18, 120)),
    index=OnDate(date=INDEX),
    outcome=AnyOf(
        *(FirstEvent(register="diagnoses", codes=code, washout="ever") for code in ("MI", "heart_failure", "stroke"))
    ),
    horizon="10y",
    features=FEATURES,
)
