"""Obesity at four years of age, foreseen at eighteen months, when child health care can still act with the family."""

from datetime import date
from typing import Literal

from riskstrat.conditions._factors import CARE_NEED, CARE_USE, SEX, by_circumstances, without_origin
from riskstrat.declare import (
    AtAge,
    BirthRegion,
    Condition,
    Example,
    GrowthZ,
    Latest,
    LocalisedText,
    MeasuredAbove,
    Population,
    Programme,
    Row,
    Wording,
)


def at_birth(code: str, en: str, sv: str) -> Latest:
    """Ask the medical birth register about the pregnancy."""
    return Latest(register="births", codes=code, family="growth_family", label=LocalisedText(en=en, sv=sv))


def parent_circumstance(parent: Literal["mother", "father"], code: str, en: str, sv: str) -> Latest:
    """Declare a parent's latest yearly circumstance."""
    return Latest(
        register="circumstances",
        codes=code,
        within="3y",
        relative=parent,
        family="living_conditions",
        label=LocalisedText(en=en, sv=sv),
    )


MOTHERS_EDUCATION = parent_circumstance("mother", "education_level", "mother's education", "moderns utbildning")
MOTHERS_INCOME = parent_circumstance("mother", "disposable_income_sek", "mother's income", "moderns inkomst")
MOTHER_BORN_OUTSIDE_EUROPE = BirthRegion(
    regions=("asia", "africa", "south_america"),
    relative="mother",
    label=LocalisedText(en="mother born outside Europe", sv="modern född utanför Europa"),
)

CONDITION = Condition(
    name="childhood_obesity",
    title=LocalisedText(en="Childhood obesity at four", sv="Obesitas vid fyra års ålder"),
    wording=Wording(
        people=LocalisedText(
            en="children who turned 18 months in the last year", sv="barn som fyllt 18 månader det senaste året"
        ),
        outcome=LocalisedText(en="have obesity at the age of four", sv="ha obesitas vid fyra års ålder"),
        cases=LocalisedText(en="cases of obesity", sv="fall av obesitas"),
    ),
    population=Population(age_years=(1, 1)),
    index=AtAge(months=18),
    outcome=MeasuredAbove(
        register="child_health",
        codes="bmi_kg_m2",
        reference="iotf",
        level="obesity",
        age_years=(3.5, 5.5),
        nearest_years=4.0,
    ),
    horizon="4y",
    features=(
        SEX,
        at_birth("mother_bmi_kg_m2", "mother's body mass index", "moderns BMI"),
        at_birth("mother_smoking", "smoking in pregnancy", "rökning under graviditeten"),
        at_birth("parity", "birth order", "ordning i syskonskaran"),
        GrowthZ(
            register="births",
            codes="birth_weight_g",
            reference="marsal",
            label=LocalisedText(en="birth weight for gestation", sv="födelsevikt för graviditetslängd"),
        ),
        GrowthZ(
            register="child_health",
            codes="bmi_kg_m2",
            reference="who",
            within="1y",
            label=LocalisedText(en="growth before 18 months", sv="tillväxt före 18 månader"),
        ),
        Latest(
            register="measurements",
            codes="bmi_kg_m2",
            relative="father",
            family="growth_family",
            label=LocalisedText(en="father's body mass index", sv="faderns BMI"),
        ),
        MOTHERS_EDUCATION,
        parent_circumstance("father", "education_level", "father's education", "faderns utbildning"),
        MOTHERS_INCOME,
        parent_circumstance("father", "disposable_income_sek", "father's income", "faderns inkomst"),
        parent_circumstance("mother", "single_parent", "single parent", "ensam förälder"),
        parent_circumstance("mother", "social_assistance", "social assistance", "försörjningsstöd"),
        MOTHER_BORN_OUTSIDE_EUROPE,
        CARE_NEED,
    ),
    subgroups=by_circumstances(MOTHERS_EDUCATION, MOTHERS_INCOME, MOTHER_BORN_OUTSIDE_EUROPE),
    sensitivities=(without_origin(MOTHER_BORN_OUTSIDE_EUROPE),),
    care_use=CARE_USE,
    programmes=(
        Programme(
            name="family_centres",
            title=LocalisedText(
                en="family centres with extended home visits by child health care",
                sv="familjecentraler med utökade hembesök från barnhälsovården",
            ),
            person_cost_sek=12_000,
            reach=0.6,
            reduction=(0.05, 0.20, 0.35),
            case_cost_sek=(("region", 6_000),),
            savings_years=10,
            price_year=2024,
            source=LocalisedText(
                en="Assumptions to be replaced by local figures; reach and effect are those of the planning example.",
                sv="Antaganden som ska ersättas med lokala uppgifter; räckvidd och effekt som i planeringsexemplet.",
            ),
        ),
    ),
    references=(
        "doi:10.1186/s12889-016-3252-1",  # overweight at four in a Swedish cohort
        "doi:10.1111/j.2047-6310.2012.00064.x",  # Cole and Lobstein 2012, IOTF
        "doi:10.1111/j.1651-2227.1996.tb14164.x",  # Maršál 1996, birth weight
    ),
    examples=(
        Example(
            description="a boy at the obesity curve at four has the outcome",
            index=date(2016, 7, 1),
            born=date(2015, 1, 1),
            sex="male",
            resident_from=date(2015, 1, 1),
            rows=(
                Row(register="child_health", date=date(2019, 1, 1), code="bmi_kg_m2", value=19.3),
                Row(register="births", date=date(2015, 1, 1), code="mother_bmi_kg_m2", value=31.0),
            ),
            event=1,
            duration_days=914,
            features=(("latest_births_mother_bmi_kg_m2_ever", 31.0), ("sex_male", 1.0)),
        ),
        Example(
            description="a girl below the obesity curve nearest four has not, whatever she weighed at five",
            index=date(2016, 7, 1),
            born=date(2015, 1, 1),
            resident_from=date(2015, 1, 1),
            rows=(
                Row(register="child_health", date=date(2018, 12, 20), code="bmi_kg_m2", value=17.0),
                Row(register="child_health", date=date(2020, 1, 10), code="bmi_kg_m2", value=21.0),
            ),
            event=0,
            duration_days=1461,
        ),
    ),
    limits=(
        LocalisedText(
            en="Children who were not measured are not assumed to be of normal weight; those who were stand for them.",
            sv="Barn som inte mätts antas inte vara normalviktiga; de som mätts får representera dem.",
        ),
        LocalisedText(
            en="Odds ratios published for overweight are not those of obesity.",
            sv="Publicerade oddskvoter för övervikt är inte desamma som för obesitas.",
        ),
    ),
)
