"""What registers are called where people read of them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from riskstrat.declare.base import LocalisedText

_TITLES: Mapping[str, LocalisedText] = MappingProxyType(
    {
        "persons": LocalisedText(en="the population register", sv="befolkningsregistret"),
        "residences": LocalisedText(en="residences", sv="folkbokföringen"),
        "diagnoses": LocalisedText(en="diagnoses", sv="diagnoser"),
        "prescriptions": LocalisedText(en="dispensed drugs", sv="läkemedelsuttag"),
        "births": LocalisedText(en="the birth register", sv="födelseregistret"),
        "child_health": LocalisedText(en="measurements of child health care", sv="barnhälsovårdens mätningar"),
        "school_health": LocalisedText(en="measurements of school health care", sv="elevhälsans mätningar"),
        "measurements": LocalisedText(en="measurements in care", sv="mätvärden från vården"),
        "circumstances": LocalisedText(
            en="living conditions (income, education, household)",
            sv="levnadsvillkor (inkomst, utbildning, hushåll)",
        ),
        "contacts": LocalisedText(en="care contacts", sv="vårdkontakter"),
        "services": LocalisedText(en="municipal care", sv="kommunal omsorg"),
        "migrations": LocalisedText(en="migration", sv="in- och utvandring"),
        "areas": LocalisedText(en="areas", sv="områden"),
        "area_facts": LocalisedText(en="facts about areas", sv="uppgifter om områden"),
    }
)


def register_title(register: str) -> LocalisedText:
    """Give what a register is called within a sentence: its own name, in plain words, where it has no other.

    Examples
    --------
    >>> register_title("child_health").sv, register_title("dental_care").en
    ('barnhälsovårdens mätningar', 'dental care')
    """
    plain = register.replace("_", " ")
    return _TITLES.get(register, LocalisedText(en=plain, sv=plain))
