"""Unplanned readmission within 30 days of discharge at 65 and over: every discharge is an index date."""

from datetime import date

from riskstrat.conditions._factors import (
    AGE,
    BORN_OUTSIDE_EUROPE,
    CARE_NEED,
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
)
from riskstrat.declare import (
    AtEvent,
    Condition,
    Duration,
    Example,
    FirstEvent,
    LocalisedText,
    Population,
    Programme,
    Row,
    Wording,
)


def stay(start: date, end: date, code: str = "admission_unplanned") -> Row:
    """Make up a stay in hospital of an example."""
    return Row(register="contacts", date=start, end_date=end, code=code)


CONDITION = Condition(
    name="readmission",
    title=LocalisedText(
        en="A safe return home: unplanned readmission within 30 days at 65 and over",
        sv="Säker hemgång: oplanerad återinskrivning inom 30 dagar från 65 års ålder",
    ),
    wording=Wording(
        people=LocalisedText(
            en="inhabitants aged 65 and over who left hospital in the last year",
            sv="invånare som är 65 år eller äldre och skrevs ut från sjukhus det senaste året",
        ),
        outcome=LocalisedText(
            en="be admitted again, unplanned, within 30 days of their last discharge",
            sv="skrivas in igen, oplanerat, inom 30 dagar efter den senaste utskrivningen",
        ),
        cases=LocalisedText(en="unplanned readmissions", sv="oplanerade återinskrivningar"),
    ),
    population=Population(age_years=(65, 130)),
    index=AtEvent(register="contacts", codes="admission_unplanned, admission_planned", which="every", day="end"),
    outcome=FirstEvent(register="contacts", codes="admission_unplanned"),
    horizon="30d",
    features=(
        AGE,
        SEX,
        UNPLANNED_ADMISSIONS,
        Duration(
            register="contacts",
            codes="admission_unplanned, admission_planned",
            within="90d",
            label=LocalisedText(en="days in hospital in the last quarter", sv="vårddagar det senaste kvartalet"),
        ),
        diagnosed("heart_failure", "heart failure", "hjärtsvikt"),
        diagnosed("copd", "chronic lung disease", "kronisk lungsjukdom (KOL)"),
        diagnosed("diabetes", "diabetes", "diabetes"),
        diagnosed("ckd", "chronic kidney disease", "kronisk njursjukdom"),
        diagnosed("cancer", "cancer", "cancer"),
        diagnosed("dementia", "dementia", "demenssjukdom"),
        diagnosed("stroke", "stroke", "stroke"),
        diagnosed("falls", "recorded fall", "registrerat fall"),
        FRAILTY_SCORE,
        dispensed("insulins", "insulin", "insulin"),
        dispensed("opioids", "opioids", "opioider"),
        dispensed("anticoagulants", "anticoagulants", "blodförtunnande läkemedel"),
        dispensed("diuretics", "diuretics", "vätskedrivande läkemedel"),
        service("home_care", "home care", "hemtjänst"),
        service("special_housing", "special housing", "särskilt boende"),
        circumstance("lives_alone", "living alone", "ensamboende"),
        INCOME,
        EDUCATION,
        BORN_OUTSIDE_EUROPE,
        CARE_NEED,
    ),
    subgroups=by_circumstances(EDUCATION, INCOME, BORN_OUTSIDE_EUROPE),
    programmes=(
        Programme(
            name="safe_discharge",
            title=LocalisedText(
                en="a safe return home: medicines reconciled, a call within three days and a visit by the home team",
                sv="säker hemgång: läkemedelsavstämning, uppringning inom tre dagar och besök av hemgångsteam",
            ),
            person_cost_sek=5_000,
            reach=0.6,
            reduction=(0.09, 0.18, 0.27),
            adherence=0.8,
            case_cost_sek=(("region", 75_000), ("municipality", 15_000)),
            savings_years=1,
            price_year=2024,
            source=LocalisedText(
                en="Costs, reach and adherence are assumptions, to be replaced by local figures; the effect is the "
                "relative risk of 0.82 (0.73 to 0.91) in trials (Leppin 2014).",
                sv="Kostnader, räckvidd och fullföljande är antaganden som ska ersättas med lokala uppgifter; "
                "effekten är den relativa risken 0,82 (0,73 till 0,91) i studier (Leppin 2014).",
            ),
        ),
    ),
    references=(
        "doi:10.1056/NEJMsa0803563",  # Jencks 2009, readmission within 30 days
        "doi:10.1503/cmaj.091117",  # van Walraven 2010, LACE: length of stay, acuity, comorbidity, earlier visits
        "doi:10.1001/jamainternmed.2014.1608",  # Leppin 2014, trials of preventing readmission
    ),
    examples=(
        Example(
            description="an unplanned admission ten days after discharge is the outcome",
            index=date(2019, 6, 1),
            born=date(1940, 5, 1),
            rows=(
                stay(date(2019, 5, 25), date(2019, 6, 1), "admission_planned"),
                stay(date(2019, 6, 11), date(2019, 6, 20)),
            ),
            event=1,
            duration_days=10,
        ),
        Example(
            description="a transfer on the day of leaving the first hospital is no discharge and no readmission",
            index=date(2019, 6, 9),
            born=date(1940, 5, 1),
            sex="male",
            rows=(stay(date(2019, 5, 25), date(2019, 6, 1)), stay(date(2019, 6, 1), date(2019, 6, 9))),
            event=0,
            duration_days=30,
            features=(("duration_contacts_admission_unplanned_admission_planned_90d", 15.0),),
        ),
        Example(
            description="a planned admission after discharge is not the outcome",
            index=date(2019, 6, 1),
            born=date(1940, 5, 1),
            rows=(
                stay(date(2019, 5, 25), date(2019, 6, 1)),
                stay(date(2019, 6, 11), date(2019, 6, 20), "admission_planned"),
            ),
            event=0,
            duration_days=30,
        ),
        Example(
            description="somebody who dies in hospital is not discharged",
            index=date(2019, 6, 1),
            born=date(1940, 5, 1),
            died=date(2019, 6, 1),
            rows=(stay(date(2019, 5, 25), date(2019, 6, 1)),),
            event=None,
        ),
        Example(
            description="at 64 the discharge does not count",
            index=date(2019, 6, 1),
            born=date(1955, 1, 1),
            rows=(stay(date(2019, 5, 25), date(2019, 6, 1)), stay(date(2019, 6, 11), date(2019, 6, 20))),
            event=None,
        ),
    ),
    limits=(
        LocalisedText(
            en="Models learn from every discharge; planning counts each person once, at the last discharge of a year, "
            "so that the year has more discharges and readmissions than are shown.",
            sv="Modellerna lär av varje utskrivning; planeringen räknar varje person en gång, vid årets sista "
            "utskrivning, så ett år har fler utskrivningar och återinskrivningar än vad som visas.",
        ),
        LocalisedText(
            en="The registers know little of the stay itself when it ends; the judgement at discharge is not in them.",
            sv="Registren vet lite om själva vårdtillfället när det slutar; bedömningen vid utskrivningen saknas.",
        ),
    ),
)
