"""Early cardiovascular disease: recorded factors, linear predictor and hazard.

In: traits and the recorded state at the start of a month. Out: factors by name, log hazards, events a year.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from riskstrat.synthetic.adults import Health, Traits, age_at, born_in_asia, has
from riskstrat.synthetic.calendar_days import month_start
from riskstrat.synthetic.parameters import CVD, CVD_INTERCEPT, CVD_UNMEASURED
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
        "born_in_asia": born_in_asia(traits),
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
