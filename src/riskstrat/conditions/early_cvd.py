"""A first heart attack or ischaemic stroke, or death from cardiovascular disease, before the age of 65."""

from datetime import date
from typing import Literal

from riskstrat.conditions._factors import (
    AGE,
    BORN_OUTSIDE_EUROPE,
    CARE_NEED,
    CARE_USE,
    DEPRIVATION,
    EDUCATION,
    INCOME,
    SEX,
    by_circumstances,
    circumstance,
    diagnosed,
    without_care_use,
    without_origin,
)
from riskstrat.declare import (
    AllCauseDeath,
    AnyOf,
    Condition,
    DaysSince,
    Ever,
    Every,
    Example,
    FirstEvent,
    Latest,
    LocalisedText,
    OutcomeCheck,
    Population,
    Programme,
    Row,
    Score2,
    Wording,
)


def dispensed(codes: str, en: str, sv: str) -> Ever:
    """Declare a dispensing in the last year."""
    return Ever(register="prescriptions", codes=codes, within="1y", label=LocalisedText(en=en, sv=sv))


def measured(code: str, en: str, sv: str) -> Latest:
    """Declare the latest measurement in three years."""
    return Latest(register="measurements", codes=code, within="3y", label=LocalisedText(en=en, sv=sv))


def parental(parent: Literal["mother", "father"], en: str, sv: str) -> Ever:
    """Declare whether a parent has had a cardiovascular diagnosis."""
    return Ever(
        register="diagnoses",
        codes="cvd_major",
        relative=parent,
        family="growth_family",
        label=LocalisedText(en=en, sv=sv),
    )


def infarction(start: date, end: date) -> Row:
    """Make up a stay in hospital for a heart attack of an example."""
    return Row(register="diagnoses", date=start, end_date=end, code="I214", setting="inpatient", position="main")


DIABETES = diagnosed("diabetes", "diabetes", "diabetes")
SYSTOLIC = measured("systolic_mmhg", "systolic blood pressure", "systoliskt blodtryck")
SMOKING = measured("smoking", "smoking", "rökning")

CONDITION = Condition(
    name="early_cvd",
    title=LocalisedText(
        en="First cardiovascular event before 65", sv="Förstagångsinsjuknande i hjärt-kärlsjukdom före 65 års ålder"
    ),
    wording=Wording(
        people=LocalisedText(en="inhabitants aged 40–59", sv="invånare i åldern 40–59 år"),
        outcome=LocalisedText(
            en="have a heart attack or stroke, or die of cardiovascular disease, within five years",
            sv="få hjärtinfarkt eller stroke, eller dö i hjärt-kärlsjukdom, inom fem år",
        ),
        cases=LocalisedText(
            en="first events of early cardiovascular disease", sv="insjuknanden i tidig hjärt-kärlsjukdom"
        ),
    ),
    population=Population(age_years=(40, 59), resident_days=1826),
    index=Every(years=5),
    outcome=AnyOf(
        FirstEvent(
            register="diagnoses",
            codes="I21-I22, I63-I64",
            settings=("inpatient",),
            positions=("main",),
            washout="ever",
        ),
        FirstEvent(register="diagnoses", codes="I20-I25, I60-I69", settings=("death",), positions=("underlying",)),
    ),
    horizon="5y",
    features=(
        AGE,
        SEX,
        DIABETES,
        diagnosed("hypertension", "high blood pressure", "högt blodtryck"),
        diagnosed("atrial_fibrillation", "atrial fibrillation", "förmaksflimmer"),
        diagnosed("ckd", "chronic kidney disease", "kronisk njursjukdom"),
        diagnosed("copd", "chronic lung disease", "kronisk lungsjukdom (KOL)"),
        dispensed("antihypertensives", "blood pressure drugs", "blodtrycksläkemedel"),
        dispensed("statins", "statins", "statiner"),
        dispensed("diabetes_drugs", "diabetes drugs", "diabetesläkemedel"),
        SYSTOLIC,
        measured("cholesterol_non_hdl_mmol_l", "non-HDL cholesterol", "icke-HDL-kolesterol"),
        measured("bmi_kg_m2", "body mass index", "BMI"),
        SMOKING,
        parental("mother", "mother's cardiovascular disease", "moderns hjärt-kärlsjukdom"),
        parental("father", "father's cardiovascular disease", "faderns hjärt-kärlsjukdom"),
        INCOME,
        EDUCATION,
        circumstance("employed", "employment", "sysselsättning"),
        circumstance("lives_alone", "living alone", "ensamboende"),
        circumstance("social_assistance", "social assistance", "försörjningsstöd"),
        BORN_OUTSIDE_EUROPE,
        DaysSince(
            register="migrations",
            codes="immigration",
            family="living_conditions",
            label=LocalisedText(en="time since immigration", sv="tid sedan invandring"),
        ),
        CARE_NEED,
    ),
    subgroups=by_circumstances(EDUCATION, INCOME, BORN_OUTSIDE_EUROPE),
    benchmarks=(
        Score2(
            name="score2",
            title=LocalisedText(en="SCORE2 (moderate-risk region)", sv="SCORE2 (region med måttlig risk)"),
            smoking=SMOKING,
            diabetes=DIABETES,
            systolic=SYSTOLIC,
            cholesterol_total=measured("cholesterol_total_mmol_l", "total cholesterol", "totalkolesterol"),
            cholesterol_hdl=measured("cholesterol_hdl_mmol_l", "HDL cholesterol", "HDL-kolesterol"),
        ),
    ),
    outcome_checks=(
        OutcomeCheck(name="death", title=LocalisedText(en="death", sv="död"), outcome=AllCauseDeath(), by=DEPRIVATION),
    ),
    sensitivities=(
        without_care_use("measurements", "measurements made in care", "mätningar i vården"),
        without_origin(BORN_OUTSIDE_EUROPE),
    ),
    care_use=CARE_USE,
    programmes=(
        Programme(
            name="targeted_health_dialogues",
            title=LocalisedText(
                en="targeted health dialogues with treatment of blood pressure and lipids",
                sv="riktade hälsosamtal med behandling av blodtryck och blodfetter",
            ),
            person_cost_sek=2_500,
            reach=0.5,
            reduction=(0.03, 0.12, 0.20),
            adherence=0.8,
            case_cost_sek=(("region", 110_000), ("municipality", 30_000)),
            savings_years=5,
            price_year=2024,
            source=LocalisedText(
                en="Assumptions to be replaced by local figures; effect below that of treating known risks.",
                sv="Antaganden som ska ersättas med lokala uppgifter; effekt under den av att behandla kända risker.",
            ),
        ),
    ),
    references=(
        "doi:10.1371/journal.pone.0105294",
        "doi:10.1093/eurheartj/ehab309",  # SCORE2: the risk factors that are measured
    ),
    examples=(
        Example(
            description="a first heart attack two years after the index is the outcome",
            index=date(2018, 6, 1),
            born=date(1968, 1, 1),
            sex="male",
            rows=(
                infarction(date(2020, 6, 1), date(2020, 6, 4)),
                Row(register="prescriptions", date=date(2018, 3, 1), code="C10AA05", value=100.0),
            ),
            event=1,
            duration_days=731,
            features=(("ever_prescriptions_statins_1y", 1.0), ("sex_male", 1.0)),
        ),
        Example(
            description="an earlier heart attack is prevalent disease and leaves the person out",
            index=date(2018, 6, 1),
            born=date(1968, 1, 1),
            rows=(infarction(date(2015, 6, 1), date(2015, 6, 4)),),
            event=None,
        ),
        Example(
            description="death from another cause competes",
            index=date(2018, 6, 1),
            born=date(1968, 1, 1),
            died=date(2019, 6, 1),
            rows=(
                Row(register="diagnoses", date=date(2019, 6, 1), code="C349", setting="death", position="underlying"),
            ),
            event=2,
            duration_days=365,
        ),
    ),
    limits=(
        LocalisedText(
            en="Earlier disease abroad is invisible; people must have been resident for five years.",
            sv="Tidigare sjukdom utomlands syns inte; fem års folkbokföring krävs.",
        ),
        LocalisedText(
            en="Blood pressure, lipids and smoking are recorded mostly for those who seek care.",
            sv="Blodtryck, blodfetter och rökning finns mest registrerade för dem som söker vård.",
        ),
    ),
)
