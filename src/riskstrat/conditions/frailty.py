"""Frailty at 70 and over: a fall or hip fracture in hospital, repeated unplanned admissions, or special housing."""

from datetime import date

from riskstrat.conditions._factors import (
    AGE,
    BORN_OUTSIDE_EUROPE,
    CARE_NEED,
    CARE_USE,
    DEPRIVATION,
    EDUCATION,
    FRAILTY_SCORE,
    INCOME,
    SEX,
    UNPLANNED_ADMISSIONS,
    by_circumstances,
    circumstance,
    diagnosed,
    dispensed,
    service,
    without_care_use,
    without_origin,
)
from riskstrat.declare import (
    AllCauseDeath,
    AnyOf,
    Condition,
    Duration,
    Every,
    Example,
    Excluding,
    FeatureScore,
    FirstEvent,
    LocalisedText,
    NthEvent,
    OutcomeCheck,
    Population,
    Programme,
    Row,
    Wording,
)

CONDITION = Condition(
    name="frailty",
    title=LocalisedText(
        en="Serious events that suggest frailty, 70 and over",
        sv="Allvarliga händelser som tyder på skörhet, 70 år och äldre",
    ),
    wording=Wording(
        people=LocalisedText(en="inhabitants aged 70 and over", sv="invånare som är 70 år eller äldre"),
        outcome=LocalisedText(
            en="have a fall injury, repeated admissions or a move to special housing within two years",
            sv="drabbas av fallskada, läggas in upprepade gånger eller flytta till särskilt boende inom två år",
        ),
        cases=LocalisedText(en="events that suggest frailty", sv="händelser som tyder på skörhet"),
        one=LocalisedText(en="one event", sv="en händelse"),
        several=LocalisedText(en="events", sv="händelser"),
        definite=LocalisedText(en="the events", sv="händelserna"),
    ),
    population=Population(
        age_years=(70, 130),
        resident_days=365,
        excluding=(
            Excluding(
                having=Duration(register="services", codes="special_housing", within="1d"),
                reason=LocalisedText(en="in special housing at the index", sv="bor redan i särskilt boende"),
            ),
        ),
    ),
    index=Every(years=2),
    outcome=AnyOf(
        FirstEvent(register="diagnoses", codes="hip_fracture", settings=("inpatient",)),
        FirstEvent(register="diagnoses", codes="falls", settings=("inpatient",), positions=("external",)),
        NthEvent(register="contacts", codes="admission_unplanned", n=2, span="1y"),
        FirstEvent(register="services", codes="special_housing"),
    ),
    horizon="2y",
    features=(
        AGE,
        SEX,
        diagnosed("heart_failure", "heart failure", "hjärtsvikt"),
        diagnosed("diabetes", "diabetes", "diabetes"),
        diagnosed("copd", "chronic lung disease", "kronisk lungsjukdom (KOL)"),
        diagnosed("dementia", "dementia", "demenssjukdom"),
        diagnosed("stroke", "stroke", "stroke"),
        diagnosed("parkinson", "Parkinson's disease", "Parkinsons sjukdom"),
        diagnosed("falls", "fall injury", "fallolycka"),
        diagnosed("fragility_fracture", "fragility fracture", "benskörhetsfraktur"),
        diagnosed("hip_fracture", "hip fracture", "höftfraktur"),
        UNPLANNED_ADMISSIONS,
        FRAILTY_SCORE,
        dispensed("insulins", "insulin", "insulin"),
        dispensed("opioids", "opioids", "opioider"),
        dispensed("hypnotics", "hypnotics", "sömnmedel"),
        dispensed("antidepressants", "antidepressants", "antidepressiva"),
        service("home_care", "home care", "hemtjänst"),
        service("safety_alarm", "safety alarm", "trygghetslarm"),
        circumstance("lives_alone", "living alone", "ensamboende"),
        INCOME,
        EDUCATION,
        BORN_OUTSIDE_EUROPE,
        CARE_NEED,
    ),
    subgroups=by_circumstances(EDUCATION, INCOME, BORN_OUTSIDE_EUROPE),
    benchmarks=(
        FeatureScore(
            name="hfrs",
            title=LocalisedText(
                en="Hospital Frailty Risk Score (two years in hospital)",
                sv="Hospital Frailty Risk Score (två års slutenvård)",
            ),
            feature=FRAILTY_SCORE,
        ),
    ),
    outcome_checks=(
        OutcomeCheck(
            name="hip_fracture",
            title=LocalisedText(en="hip fracture", sv="höftfraktur"),
            outcome=FirstEvent(register="diagnoses", codes="hip_fracture", settings=("inpatient",)),
            by=DEPRIVATION,
        ),
        OutcomeCheck(name="death", title=LocalisedText(en="death", sv="död"), outcome=AllCauseDeath(), by=DEPRIVATION),
    ),
    sensitivities=(
        without_care_use("contacts", "contact counts", "antal vårdkontakter"),
        without_origin(BORN_OUTSIDE_EUROPE),
    ),
    care_use=CARE_USE,
    programmes=(
        Programme(
            name="preventive_home_visits",
            title=LocalisedText(
                en="preventive home visits with falls prevention and medication review",
                sv="förebyggande hembesök med fallprevention och läkemedelsgenomgång",
            ),
            person_cost_sek=7_500,
            reach=0.6,
            reduction=(0.03, 0.10, 0.18),
            adherence=0.8,
            case_cost_sek=(("region", 95_000), ("municipality", 210_000)),
            savings_years=2,
            price_year=2024,
            source=LocalisedText(
                en="Assumptions to be replaced by local figures; effect as in trials of falls prevention.",
                sv="Antaganden som ska ersättas med lokala uppgifter; effekten som i studier av fallprevention.",
            ),
        ),
    ),
    references=(
        "doi:10.1016/S0140-6736(18)30668-8",  # Gilbert 2018, Hospital Frailty Risk Score
        "doi:10.1007/s10433-021-00669-9",  # home care by age, living alone and morbidity in Sweden
    ),
    examples=(
        Example(
            description="a hip fracture three months after the index is the outcome",
            index=date(2019, 6, 1),
            born=date(1940, 5, 1),
            rows=(
                Row(register="diagnoses", date=date(2018, 3, 1), code="I500", setting="specialist", position="main"),
                Row(
                    register="diagnoses",
                    date=date(2019, 9, 1),
                    end_date=date(2019, 9, 9),
                    code="S7200",
                    setting="inpatient",
                    position="main",
                ),
            ),
            event=1,
            duration_days=92,
            features=(("ever_diagnoses_heart_failure_5y", 1.0), ("ever_diagnoses_dementia_5y", 0.0)),
        ),
        Example(
            description="one unplanned admission, transferred to a second hospital the same day, is not the outcome",
            index=date(2019, 6, 1),
            born=date(1940, 5, 1),
            sex="male",
            rows=(
                Row(register="contacts", date=date(2020, 1, 1), end_date=date(2020, 1, 5), code="admission_unplanned"),
                Row(register="contacts", date=date(2020, 1, 5), end_date=date(2020, 1, 9), code="admission_unplanned"),
            ),
            event=0,
            duration_days=731,
        ),
        Example(
            description="somebody in special housing at the index is left out",
            index=date(2019, 6, 1),
            born=date(1930, 5, 1),
            rows=(Row(register="services", date=date(2018, 1, 1), code="special_housing"),),
            event=None,
        ),
    ),
    limits=(
        LocalisedText(
            en="Frailty is seen here through hospital and municipal care; those who seek care late are seen late.",
            sv="Skörhet syns här genom sjukhusvård och kommunal omsorg; den som söker vård sent syns sent.",
        ),
    ),
)
