"""Factors that several of the conditions read, each with its label in both languages."""

from riskstrat.declare import (
    Age,
    AreaFact,
    BirthRegion,
    Count,
    Duration,
    Ever,
    Feature,
    Latest,
    LocalisedText,
    Score,
    Sensitivity,
    Sex,
    Subgroup,
)

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


DEPRIVATION = ("deprivation_quintile",)
CARE_USE = Count(
    register="contacts", codes="*", within="1y", label=LocalisedText(en="contacts with care", sv="vårdkontakter")
)


def without_origin(birth_region: Feature) -> Sensitivity:
    """Declare that areas are estimated again without region of birth and the area's deprivation."""
    return Sensitivity(
        name="birth_region_and_deprivation",
        without=(birth_region.column, CARE_NEED.column),
        title=LocalisedText(en="birth region and Care Need Index", sv="födelseregion och Care Need Index"),
        mark=LocalisedText(
            en="depends on birth region or Care Need Index", sv="beror på födelseregion eller Care Need Index"
        ),
    )


def without_care_use(register: str, en: str, sv: str) -> Sensitivity:
    """Declare that areas are estimated again without a register that grows as people seek care."""
    return Sensitivity(
        name="care_use",
        without=(register,),
        title=LocalisedText(en=en, sv=sv),
        mark=LocalisedText(en="depends on care use", sv="beror på vårdsökande"),
    )


EDUCATION = circumstance("education_level", "education", "utbildning")
INCOME = circumstance("disposable_income_sek", "disposable income", "disponibel inkomst")


def by_circumstances(education: Feature, income: Feature, birth_region: Feature) -> tuple[Subgroup, ...]:
    """Divide people by education, quintile of income, region of birth and quintile of the area's deprivation."""
    return (
        Subgroup(
            name="education",
            column=education.column,
            cuts=(3, 5),
            deprived="lowest",
            label=LocalisedText(en="education", sv="utbildning"),
            values=(
                ("1", LocalisedText(en="compulsory school", sv="grundskola")),
                ("2", LocalisedText(en="upper secondary school", sv="gymnasium")),
                ("3", LocalisedText(en="higher education", sv="eftergymnasial utbildning")),
            ),
        ),
        Subgroup(
            name="income_quintile",
            column=income.column,
            quantiles=5,
            deprived="lowest",
            label=LocalisedText(en="quintile of income", sv="inkomstkvintil"),
        ),
        Subgroup(
            name="born_outside_europe",
            column=birth_region.column,
            label=LocalisedText(en="born outside Europe", sv="född utanför Europa"),
            values=(
                ("0", LocalisedText(en="born elsewhere", sv="född i övriga delar av världen")),
                ("1", LocalisedText(en="born outside Europe", sv="född utanför Europa")),
            ),
        ),
        Subgroup(
            name="deprivation_quintile",
            column=CARE_NEED.column,
            quantiles=5,
            deprived="highest",
            label=LocalisedText(en="quintile of the area's Care Need Index", sv="kvintil av områdets Care Need Index"),
        ),
    )
