"""Indicators that are proposed for the five goals; any may be replaced by a declaration of one's own."""

from __future__ import annotations

from riskstrat.conditions import childhood_obesity, early_cvd, frailty, readmission
from riskstrat.declare import (
    BeforeDeath,
    Count,
    Duration,
    FirstEvent,
    Including,
    Indicator,
    LocalisedText,
    NetCostIndicator,
    Population,
    RegisterIndicator,
    SlopeIndicator,
    TableIndicator,
)

_REACH = TableIndicator(
    name="reach_per_need",
    title=LocalisedText(en="Participants per expected case", sv="Deltagare per väntat insjuknande"),
    goal="equal_access",
    wanted="higher",
    measure="rate",
    per=1.0,
    count="participants",
    denominator="expected_cases",
)
_SEVERAL_ACTORS = Population(
    age_years=(65, 130),
    including=(
        Including(
            having=Duration(register="services", codes="home_care", within="1y"),
            reason=LocalisedText(en="without home care", sv="utan hemtjänst"),
        ),
        Including(
            having=Count(register="contacts", codes="admission_unplanned", within="1y"),
            reason=LocalisedText(en="without an unplanned admission", sv="utan oplanerad inskrivning"),
        ),
        Including(
            having=Count(register="diagnoses", codes="A00-Z99", settings=("specialist",), within="1y"),
            reason=LocalisedText(en="without specialist care", sv="utan specialistvård"),
        ),
    ),
)

PROPOSED: tuple[Indicator, ...] = (
    RegisterIndicator.of(
        readmission.CONDITION,
        name="readmission_30_days",
        title=LocalisedText(
            en="Unplanned readmission within 30 days at 65 and over, per cent of discharges",
            sv="Oplanerad återinskrivning inom 30 dagar från 65 års ålder, procent av utskrivningar",
        ),
        goal="seamless",
    ),
    RegisterIndicator(
        name="coordinated_plan",
        title=LocalisedText(
            en="Coordinated plan or fixed contact within the year at 65 and over with home care, an admission and "
            "specialist care, per cent",
            sv="Samordnad individuell plan (SIP) eller fast vårdkontakt under året från 65 års ålder med hemtjänst, "
            "inskrivning och specialistvård, procent",
        ),
        goal="person_centred",
        wanted="higher",
        population=_SEVERAL_ACTORS,
        outcome=FirstEvent(register="services", codes="coordinated_plan, fixed_contact"),
    ),
    RegisterIndicator(
        name="last_30_days",
        title=LocalisedText(
            en="Unplanned admission in the last 30 days of life, per cent of the dead aged 65 and over",
            sv="Oplanerad inskrivning under de sista 30 dagarna i livet, procent av avlidna från 65 års ålder",
        ),
        goal="person_centred",
        population=Population(age_years=(65, 130)),
        index=BeforeDeath(days=30),
        outcome=FirstEvent(register="contacts", codes="admission_unplanned"),
        horizon="30d",
    ),
    RegisterIndicator.of(
        childhood_obesity.CONDITION,
        name="obesity_at_four",
        title=LocalisedText(
            en="Obesity at four, per cent of those measured", sv="Obesitas vid fyra år, procent av de mätta"
        ),
        goal="better_health",
    ),
    RegisterIndicator.of(
        early_cvd.CONDITION,
        name="early_cvd_incidence",
        title=LocalisedText(
            en="First cardiovascular event before 65, per 1,000 person-years",
            sv="Förstagångsinsjuknande i hjärt-kärlsjukdom före 65 år, per 1 000 personår",
        ),
        goal="better_health",
        measure="rate",
        per=1_000.0,
    ),
    RegisterIndicator.of(
        frailty.CONDITION,
        name="frailty_incidence",
        title=LocalisedText(
            en="Serious events that point to frailty at 70 and over, per 1,000 person-years",
            sv="Allvarliga händelser som tyder på skörhet, 70 år och äldre, per 1 000 personår",
        ),
        goal="better_health",
        measure="rate",
        per=1_000.0,
    ),
    _REACH,
    SlopeIndicator(
        name="unequal_reach",
        title=LocalisedText(
            en="Slope index of participants per expected case over areas by Care Need Index",
            sv="Lutningsindex för deltagare per väntat insjuknande över områden efter Care Need Index",
        ),
        goal="equal_access",
        of=_REACH,
    ),
    NetCostIndicator(
        name="net_cost_per_averted_case",
        title=LocalisedText(en="Net cost of an averted case, SEK", sv="Nettokostnad per undviket insjuknande, kronor"),
        goal="cost_effective",
    ),
)
