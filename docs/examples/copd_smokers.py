"""Admission for COPD among smokers of 45 and over: inclusion by a value, a main diagnosis, a washout."""

from riskstrat.declare import (
    Age,
    AreaFact,
    Condition,
    Count,
    Ever,
    Every,
    Excluding,
    FirstEvent,
    Including,
    Latest,
    LocalisedText,
    Population,
    Programme,
    Sex,
    Wording,
)

CONDITION = Condition(
    name="copd_smokers",
    title=LocalisedText(en="Admission for COPD among smokers", sv="Inläggning för KOL bland rökare"),
    wording=Wording(
        people=LocalisedText(en="smokers aged 45 and over", sv="rökare som är 45 år eller äldre"),
        outcome=LocalisedText(
            en="be admitted with chronic obstructive pulmonary disease within three years",
            sv="läggas in för kroniskt obstruktiv lungsjukdom inom tre år",
        ),
        cases=LocalisedText(en="first admissions for COPD", sv="förstagångsinläggningar för KOL"),
    ),
    population=Population(
        age_years=(45, 130),
        resident_days=365,
        including=(
            Including(
                having=Ever(register="measurements", codes="smoking", equal_to=1, within="3y"),
                reason=LocalisedText(en="not recorded as a smoker", sv="inte registrerade som rökare"),
            ),
        ),
        excluding=(
            Excluding(
                having=Ever(register="diagnoses", codes="C33-C34", within="5y"),
                reason=LocalisedText(en="lung cancer", sv="lungcancer"),
            ),
        ),
    ),
    index=Every(years=3),
    outcome=FirstEvent(register="diagnoses", codes="J44", settings=("inpatient",), positions=("main",), washout="5y"),
    horizon="3y",
    features=(
        Age(label=LocalisedText(en="age", sv="ålder")),
        Sex(label=LocalisedText(en="sex", sv="kön")),
        Ever(register="diagnoses", codes="copd", within="5y", label=LocalisedText(en="known COPD", sv="känd KOL")),
        Count(
            register="prescriptions",
            codes="airway_drugs",
            within="1y",
            label=LocalisedText(en="airway drugs", sv="luftvägsläkemedel"),
        ),
        Count(
            register="contacts",
            codes="admission_unplanned",
            within="1y",
            label=LocalisedText(en="unplanned admissions", sv="oplanerade inläggningar"),
        ),
        Latest(
            register="circumstances",
            codes="disposable_income_sek",
            within="3y",
            family="living_conditions",
            label=LocalisedText(en="disposable income", sv="disponibel inkomst"),
        ),
        AreaFact("care_need_index", label=LocalisedText(en="Care Need Index", sv="Care Need Index")),
    ),
    programmes=(
        Programme(
            name="stop_smoking",
            title=LocalisedText(en="stop-smoking course with spirometry", sv="rökavvänjning med spirometri"),
            person_cost_sek=6_000,
            reach=0.4,
            reduction=(0.02, 0.10, 0.20),
            adherence=0.5,
            case_cost_sek=(("region", 80_000),),
            savings_years=3,
            price_year=2024,
            source=LocalisedText(en="assumptions, to be replaced", sv="antaganden, att ersätta"),
        ),
    ),
    references=("Global Initiative for Chronic Obstructive Lung Disease (GOLD), report 2024",),
    limits=(
        LocalisedText(
            en="Only smokers whose smoking was recorded are here; who is never measured is not.",
            sv="Bara rökare vars rökning registrerats ingår; den som aldrig mäts gör det inte.",
        ),
    ),
)
