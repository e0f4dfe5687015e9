"""Hazards of early cardiovascular disease, of frailty and of death: recorded factors, predictors, events a year."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from riskstrat.synthetic.adults import Health, Traits, age_at, has
from riskstrat.synthetic.calendar_days import month_start
from riskstrat.synthetic.parameters import (
    ADMISSIONS_CAP,
    ALARM_START,
    BIRTH_REGIONS,
    CVD,
    CVD_INTERCEPT,
    CVD_UNMEASURED,
    DEATH,
    DEATH_CORRECTION,
    FRAILTY,
    FRAILTY_HAZARDS,
    GOMPERTZ,
    HOME_CARE_START,
)
from riskstrat.synthetic.population_state import Bools, Floats

Factors = Mapping[str, Floats | Bools]


def cvd_factors(traits: Traits, health: Health, month: int) -> Factors:
    """Factors as the registers know them at the start of `month`; what is not measured takes the population's mean."""
    today = month_start(month)
    age = age_at(traits, today)
    measured = traits.enrolled < month
    education = traits.education
    return {
        "years_over_50": np.clip(age, 30, 95) - 50,
        "years_over_65": np.clip(age, 65, 95) - 65,
        "male": ~traits.female,
        "education_low": (education == 1) | (education == 2),
        "education_middle": (education == 3) | (education == 4) | (education == 0),
        "income_z": traits.income_z,
        "diabetes": has(health, "diabetes", month),
        "hypertension": has(health, "hypertension", month),
        "statins": has(health, "statins", month),
        "systolic_20mmhg": np.where(measured, (traits.systolic - 134) / 20, CVD_UNMEASURED["systolic_20mmhg"]),
        "non_hdl_mmol_l": np.where(measured, traits.non_hdl - 3.8, CVD_UNMEASURED["non_hdl_mmol_l"]),
        "smoker": np.where(measured, traits.smoker, CVD_UNMEASURED["smoker"]),
        "born_in_asia": traits.region == BIRTH_REGIONS.index("asia"),
        "recent_immigrant": (today - traits.immigrated < 5 * 365) & (today > traits.immigrated),
        "parent_cvd": health.parent_cvd,
        "earlier_cvd": health.earlier_cvd,
    }


def linear_predictor(factors: Factors, coefficients: Mapping[str, float]) -> Floats:
    """Sum of coefficient x factor, in the order of the declaration, so that every machine adds alike."""
    total: Floats = np.zeros(len(next(iter(factors.values()))))
    for name, coefficient in coefficients.items():
        total = total + coefficient * factors[name]
    return total


def cvd_rate(traits: Traits, health: Health, month: int) -> Floats:
    """Compute infarctions, ischaemic strokes and deaths of them a year, without the person's multiplier."""
    predictor = linear_predictor(cvd_factors(traits, health, month), CVD)
    return np.asarray(np.exp(CVD_INTERCEPT + predictor + health.cvd_effect))


FALL_MEMORY_MONTHS = 60
LOW_INCOME_Z = -0.8


def admissions_in_year(health: Health) -> Floats:
    """Unplanned admissions in the last twelve months, counted up to a cap."""
    return np.minimum(health.admissions_year, ADMISSIONS_CAP).astype(np.float64)


def frailty_factors(traits: Traits, health: Health, month: int) -> Factors:
    """Factors as the registers know them at the start of `month`."""
    age = age_at(traits, month_start(month))
    diabetes = has(health, "diabetes", month)
    return {
        "years_over_80": np.clip(age, 45, 100) - 80,
        "female": traits.female,
        "heart_failure": has(health, "heart_failure", month),
        "diabetes": diabetes,
        "insulin": diabetes & traits.insulin,
        "copd": has(health, "copd", month),
        "dementia": has(health, "dementia", month),
        "stroke": health.stroke,
        "fall_five_years": month - health.last_fall.astype(np.int32) <= FALL_MEMORY_MONTHS,
        "admissions_year": admissions_in_year(health),
        "lives_alone": health.lives_alone,
        "home_care": health.home_care < month,
        "alarm": health.alarm < month,
        "opioids": has(health, "opioids", month),
        "hypnotics": has(health, "hypnotics", month),
        "antidepressants": has(health, "antidepressants", month),
        "low_income": traits.income_z < LOW_INCOME_Z,
    }


def frailty_rates(traits: Traits, health: Health, month: int) -> Mapping[str, Floats]:
    """Fall, admission and move to special housing a year, without the person's multiplier; none of the last twice."""
    predictor = linear_predictor(frailty_factors(traits, health, month), FRAILTY)
    rates = {
        name: np.exp(intercept + scale * predictor + health.frailty_effect)
        for name, (intercept, scale) in FRAILTY_HAZARDS.items()
    }
    old = age_at(traits, month_start(month)) >= 65
    at_home = health.housing >= month
    rates["special_housing"] = np.where(old & at_home, np.minimum(rates["special_housing"], 2.0), 0.0)
    return rates


def service_rates(traits: Traits, health: Health, month: int) -> Mapping[str, Floats]:
    """Compute starts of home care and alarm a year among those of 65 and over who live at home without it."""
    age = age_at(traits, month_start(month))
    need = 0.5 * health.lives_alone + 0.5 * has(health, "dementia", month) + 0.15 * admissions_in_year(health)
    need = need + 0.3 * (has(health, "heart_failure", month) + has(health, "copd", month)) + 0.15 * traits.need
    can = (age >= 65) & (health.housing >= month)
    years = np.clip(age, 60, 98) - 80
    home_care, alarm = (np.exp(a + b * years + need - 0.5) for a, b in (HOME_CARE_START, ALARM_START))
    return {
        "home_care": np.where(can & (health.home_care >= month), home_care, 0.0),
        "alarm": np.where(can & (health.alarm >= month), alarm * (1 + (health.home_care < month)), 0.0),
    }


def death_rate(traits: Traits, health: Health, month: int) -> Floats:
    """Deaths a year other than cardiovascular events outside hospital: Gompertz-Makeham times the state's ratio."""
    age = np.minimum(age_at(traits, month_start(month)), 108)
    women, men = GOMPERTZ
    rate = np.where(traits.female, _gompertz(women, age), _gompertz(men, age))
    factors: Factors = {
        **{name: has(health, name, month) for name in ("heart_failure", "dementia", "copd", "diabetes", "cancer")},
        "home_care": health.home_care < month,
        "special_housing": health.housing < month,
        "admissions_year": admissions_in_year(health),
        "low_income": traits.income_z < LOW_INCOME_Z,
    }
    level, slope, later = DEATH_CORRECTION
    correction = level + slope * np.maximum(age - 50, 0) + later * np.maximum(age - 75, 0)
    return np.asarray(rate * np.exp(linear_predictor(factors, DEATH) + correction))


def _gompertz(parameters: tuple[float, float, float], age: Floats) -> Floats:
    a, b, c = parameters
    return np.asarray(c + np.exp(a + b * age))
