"""The words that the data contract knows in the columns of event tables, of persons and of areas.

Registers may hold others; these are no misspellings even where no row has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

POSITIONS = ("main", "other", "external", "underlying")
BIRTH_REGIONS = ("sweden", "nordic", "europe", "asia", "africa", "south_america", "other")
AREA_FACTS = ("care_need_index",)

_GROWTH = ("bmi_kg_m2", "weight_kg", "height_cm")
CODES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "births": (
            "birth_weight_g", "birth_length_cm", "gestation_days", "mother_bmi_kg_m2", "mother_smoking", "parity",
        ),
        "child_health": _GROWTH,
        "school_health": _GROWTH,
        "measurements": (
            *_GROWTH, "waist_cm", "smoking", "systolic_mmhg", "diastolic_mmhg", "cholesterol_total_mmol_l",
            "cholesterol_ldl_mmol_l", "cholesterol_hdl_mmol_l", "cholesterol_non_hdl_mmol_l", "triglycerides_mmol_l",
            "hba1c_mmol_mol", "glucose_mmol_l", "creatinine_umol_l", "egfr_ml_min",
        ),
        "circumstances": (
            "disposable_income_sek", "disposable_income_per_unit_sek", "education_level", "employed", "lives_alone",
            "single_parent", "social_assistance", "unemployment_days", "sickness_days",
        ),
        "contacts": ("admission_unplanned", "admission_planned", "primary_care_visit", "specialist_visit"),
        "services": ("home_care", "special_housing", "safety_alarm"),
        "migrations": ("immigration", "emigration"),
    }
)  # fmt: skip
"""Codes of the tables that are not of a classification, by table."""
