"""Numbers that make the municipality honest: rates a year, coefficients and profiles, each with its source.

In: nothing. Out: constants; ages in years, rates per person-year, coefficients on the log-hazard or log-odds scale.

Sources: ``MALKI`` Malki 2014 (PLoS One) table 2; ``YANG`` Yang 2012 (EJPC); ``BMC`` BMC Public Health 2016
s12889-016-3252-1 table 1; ``MALMO`` Mangrio 2010 (BMC PH 10:764); ``WHITAKER`` Whitaker, Pediatrics (US WIC);
``AGEING`` Eur J Ageing 2021 s10433-021-00669-9; ``SCB`` Statistics Sweden. ``OWN`` marks an assumption of this
project.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MUNICIPALITY_CODE: Final = "9981"
MUNICIPALITY_NAME: Final = "Modellstad"
AREAS: Final = 51
CARE_CENTRES: Final = 12

FIRST_YEAR: Final = 1999  # residences are known from here
FIRST_EVENT_YEAR: Final = 2009
LAST_YEAR: Final = 2023
MONTHS: Final = 12 * (LAST_YEAR - FIRST_EVENT_YEAR + 1)
SHARD_PEOPLE: Final = 25_000

# Penalised-complexity prior (Simpson 2017) on sd(log theta): P(sd > 0.5) = 0.05.
AREA_SD_RATE: Final = 5.99
CONDITIONS: Final = ("childhood_obesity", "early_cvd", "frailty")

# --- population (SCB, Södertälje profile; migration rates OWN, tuned to mean age 39.9 and 59.6 % foreign background)
START_SHARE: Final = 0.78  # of the final population, 1999
AGE_BANDS_1999: Final[Mapping[int, float]] = {
    0: 0.135, 10: 0.130, 20: 0.130, 30: 0.155, 40: 0.140, 50: 0.130, 60: 0.083, 70: 0.065, 80: 0.028, 90: 0.004,
}  # fmt: skip
BIRTH_REGIONS: Final = ("sweden", "nordic", "europe", "asia", "africa", "south_america", "other")
FOREIGN_MIX: Final = (0.0, 0.11, 0.22, 0.50, 0.09, 0.06, 0.02)
FERTILITY: Final[Mapping[int, float]] = {18: 0.014, 20: 0.056, 25: 0.146, 30: 0.193, 35: 0.104, 40: 0.026}
TWIN_SHARE: Final = 0.014

# Gompertz-Makeham c + exp(a + b x), fitted to SCB's life table of 2024: women, men.
GOMPERTZ: Final = ((-14.0544, 0.132385, 0.000316), (-13.1818, 0.125566, 0.000447))

# --- chronic disease and lasting treatment: rate a year exp(a + b (age - 60) + male m + need n), OWN, tuned to
# Socialstyrelsen 2023 (antihypertensives 22 %, antidepressants men 7 / women 13 %), AGEING and general knowledge.
CHRONIC: Final[Mapping[str, tuple[float, float, float, float]]] = {
    "diabetes": (-4.75, 0.035, 0.30, 0.35),
    "hypertension": (-3.75, 0.045, 0.05, 0.12),
    "statins": (-4.15, 0.045, 0.25, 0.12),
    "heart_failure": (-6.00, 0.095, 0.25, 0.20),
    "copd": (-5.80, 0.050, 0.00, 0.40),
    "dementia": (-7.10, 0.125, -0.05, 0.10),
    "atrial_fibrillation": (-5.55, 0.080, 0.30, 0.00),
    "antidepressants": (-4.98, 0.012, -0.60, 0.20),
    "opioids": (-5.10, 0.030, -0.20, 0.25),
    "hypnotics": (-4.85, 0.035, -0.40, 0.10),
    "osteoporosis": (-6.00, 0.060, -1.20, 0.00),
    "cancer": (-5.00, 0.055, 0.10, 0.00),
}
INSULIN_SHARE: Final = 0.28  # of people with diabetes

# --- early cardiovascular disease: hazard exp(intercept + sum); age slope MALKI, sex and education YANG, the rest OWN
# within the published ranges; the factor 1.4 for a municipality of this kind is an assumption.
CVD_INTERCEPT: Final = -7.64
CVD: Final[Mapping[str, float]] = {
    "years_over_50": 0.098,
    "years_over_65": -0.030,
    "male": 0.66,
    "education_low": 0.36,
    "education_middle": 0.18,
    "income_z": -0.10,
    "diabetes": 0.65,
    "hypertension": 0.30,
    "statins": 0.15,
    "systolic_20mmhg": 0.24,
    "non_hdl_mmol_l": 0.20,
    "smoker": 0.65,
    "born_in_asia": 0.25,
    "recent_immigrant": -0.30,
    "parent_cvd": 0.45,
    "earlier_cvd": 1.10,
}
# Chance that somebody who stays in the municipality lives in another area a year later, by age: counted in two
# municipalities of 30,000 people, because moving households, partings and new couples add up to it.
AREA_CHANGE: Final[Mapping[float, float]] = {
    27.5: 0.180, 32.5: 0.120, 37.5: 0.092, 42.5: 0.072, 47.5: 0.053, 52.5: 0.042, 57.5: 0.032, 62.5: 0.029, 72.5: 0.023,
}  # fmt: skip

CVD_HETEROGENEITY: Final = 0.30  # variance of the unrecorded multiplier (gamma, mean 1)
CVD_FATAL_OUTSIDE: Final = 0.08
CVD_STROKE_SHARE: Final = 0.36

# --- frailty: one linear predictor, three hazards exp(intercept + scale x predictor). OWN, tuned to AGEING's home care
# and to a two-year outcome of 15-20 % at 70+.
FRAILTY: Final[Mapping[str, float]] = {
    "years_over_80": 0.055,
    "female": 0.05,
    "heart_failure": 0.35,
    "diabetes": 0.15,
    "insulin": 0.15,
    "copd": 0.32,
    "dementia": 0.50,
    "stroke": 0.28,
    "fall_five_years": 0.42,
    "admissions_year": 0.32,
    "lives_alone": 0.20,
    "home_care": 0.45,
    "alarm": 0.15,
    "opioids": 0.20,
    "hypnotics": 0.12,
    "antidepressants": 0.15,
    "low_income": 0.14,
}
FRAILTY_HAZARDS: Final[Mapping[str, tuple[float, float]]] = {  # intercept, scale
    "fall": (-3.95, 0.90),
    "admission": (-2.15, 0.75),
    "special_housing": (-5.90, 1.60),
}
FRAILTY_HETEROGENEITY: Final = 0.10
ADMISSIONS_CAP: Final = 4

# --- services: start rate exp(a + b (age - 80) + ...), AGEING's prevalences by age
HOME_CARE_START: Final = (-3.36, 0.165)
ALARM_START: Final = (-3.40, 0.120)
HOME_CARE_PREVALENCE: Final[Mapping[int, float]] = {
    60: 0.008, 65: 0.020, 70: 0.037, 75: 0.080, 80: 0.174, 85: 0.345, 90: 0.571,
}  # fmt: skip
SPECIAL_HOUSING_PREVALENCE: Final[Mapping[int, float]] = {
    60: 0.002, 65: 0.006, 70: 0.012, 75: 0.025, 80: 0.065, 85: 0.13, 90: 0.27,
}  # fmt: skip

# --- death: Gompertz-Makeham times exp(sum) times a correction by age that keeps the mean (OWN, tuned)
DEATH: Final[Mapping[str, float]] = {
    "heart_failure": 0.60,
    "dementia": 0.50,
    "copd": 0.45,
    "diabetes": 0.25,
    "cancer": 0.80,
    "home_care": 0.45,
    "special_housing": 0.95,
    "admissions_year": 0.22,
    "low_income": 0.15,
}
DEATH_CORRECTION: Final = (-0.20, -0.020, -0.040)  # at 50, a year of age from 50, and more a year from 75

# --- obesity at four: log odds. BMC's ratios are for overweight, for obesity they are an
# assumption. Smoking MALMO.
OBESITY_INTERCEPT: Final = -5.12
OBESITY: Final[Mapping[str, float]] = {
    "female": 0.20,
    "birth_weight": 1.0,
    "mother_bmi": 1.0,
    "father_bmi": 1.0,
    "mother_no_post_secondary": 0.26,
    "father_no_post_secondary": 0.26,
    "mother_smoked": 0.837,
    "growth_z": 0.75,
}
# Published odds ratios of classes (BMC; small for gestation WHITAKER), laid through the means of the classes and
# joined by straight lines: risk does not jump where a class begins. Standard deviations of birth weight, kg/m2.
OBESITY_CURVES: Final[Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "birth_weight": ((-2.4, 0.0, 2.4), (-0.494, 0.0, 1.008)),
    "mother_bmi": ((22.5, 27.5, 33.0), (0.0, 0.4447, 0.6259)),
    "father_bmi": ((22.5, 27.5, 33.0), (0.0, 0.6098, 1.2499)),
}
OBESITY_FAMILY_SD: Final = 0.50  # unrecorded, shared by siblings
OBESITY_Z_PER_LOGIT: Final = 0.56  # turns the latent log odds into a body mass index z-score

# Prevalence in the population where a factor is not recorded: the predictor takes this mean instead.
OBESITY_MEANS: Final[Mapping[str, float]] = {
    "birth_weight": 0.05,
    "mother_bmi": 0.21,
    "father_bmi": 0.43,
    "mother_no_post_secondary": 0.60,
    "father_no_post_secondary": 0.66,
    "mother_smoked": 0.05,
    "growth_z": 0.0,
}
# Where a level is not measured, the value with the mean hazard of those measured: log(mean(exp(b x))) / b at 40-59.
CVD_UNMEASURED: Final[Mapping[str, float]] = {"systolic_20mmhg": -0.125, "non_hdl_mmol_l": 0.02, "smoker": 0.193}

DELAYS: Final[Mapping[str, int | Mapping[str, int]]] = {
    "diagnoses": {"inpatient": 90, "specialist": 90, "primary": 30, "death": 180},
    "prescriptions": 30,
    "births": 180,
    "child_health": 30,
    "measurements": 30,
    "circumstances": 365,
    "contacts": 30,
    "services": 30,
    "migrations": 30,
    "area_facts": 365,
}
