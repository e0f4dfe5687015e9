"""Factors that several of the conditions read, each with its label in both languages."""

from riskstrat.declare import Age, AreaFact, BirthRegion, Count, Duration, Ever, Latest, LocalisedText, Score, Sex

AGE = Age(label=LocalisedText(en="age", sv="ålder"))
SEX = Sex(label=LocalisedText(en="sex", sv="kön"))
UNPLANNED_ADMISSIONS = Count(
    register="contacts",
    codes="admission_unplanned",
    within="1y",
    label=LocalisedText(en="unplanned admissions", sv="oplanerade inläggningar"),
)
FRAILTY_SCORE = Score(
    register="diagnoses",
    score="hfrs",
    within="2y",
    settings=("inpatient",),
    label=LocalisedText(en="frailty diagnoses in hospital (HFRS)", sv="skörhetsdiagnoser på sjukhus (HFRS)"),
)
BORN_OUTSIDE_EUROPE = BirthRegion(
    regions=("asia", "africa", "south_america"),
    label=LocalisedText(en="born outside Europe", sv="född utanför Europa"),
)
CARE_NEED = AreaFact(
    "care_need_index", label=LocalisedText(en="Care Need Index of the area", sv="områdets Care Need Index")
)


def diagnosed(codes: str, en: str, sv: str) -> Ever:
    """Declare a diagnosis in any setting in the last five years."""
    return Ever(register="diagnoses", codes=codes, within="5y", label=LocalisedText(en=en, sv=sv))


def dispensed(codes: str, en: str, sv: str) -> Count:
    """Declare the number of dispensings in the last year."""
    return Count(register="prescriptions", codes=codes, within="1y", label=LocalisedText(en=en, sv=sv))


def circumstance(code: str, en: str, sv: str) -> Latest:
    """Declare the latest yearly circumstance."""
    return Latest(
        register="circumstances", codes=code, within="3y", family="living_conditions", label=LocalisedText(en=en, sv=sv)
    )


def service(codes: str, en: str, sv: str) -> Duration:
    """Declare days with a municipal service in the last quarter."""
    return Duration(register="services", codes=codes, within="90d", label=LocalisedText(en=en, sv=sv))
