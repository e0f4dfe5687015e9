"""Windows that begin elsewhere than a length before the index: at ages, on a date, at an event."""

from __future__ import annotations

from datetime import date

from feature_cases.case import INDEX, Case, Page, Refusal, Row, Scene, Section, day
from feature_cases.observed import home
from riskstrat.declare import BetweenAges, Count, DaysSince, Duration, Latest, Since, SinceFirst
from riskstrat.declare.windows import Lookback


def count(within: Lookback, gap: str = "0d", relative: str | None = None) -> Count:
    return Count(register="diagnoses", codes="I21", within=within, gap=gap, relative=relative)


def one(title: str, answer: float | None, **row: object) -> Case:
    return Case(title=title, rows=(row,), answer=answer)


def born(title: str, birth: date, answer: float | None, *rows: Row, share: float | None = None) -> Case:
    return Case(title=title, answer=answer, share=share, rows=rows, scene=Scene(person={"birth_date": birth}))


BIRTH = date(2014, 3, 15)
AGES = Section(
    title="Between two ages",
    text="From one birthday to the day before another, as far as they lie before the index. The child turns 2 on "
    "2016-03-15 and 4 on 2018-03-15.",
    feature=count(BetweenAges(2, 4)),
    scene=Scene(person={"birth_date": BIRTH}),
    cases=[
        one("the day before the first birthday", 0, date=date(2016, 3, 14)),
        one("on the first birthday", 1, date=date(2016, 3, 15)),
        one("the day before the last birthday", 1, date=date(2018, 3, 14)),
        one("on the last birthday", 0, date=date(2018, 3, 15)),
        one("known only long after, yet before the index", 1, date=date(2017, 1, 1), known_on=day(1)),
        one("known on the index day", 0, date=date(2017, 1, 1), known_on=day(0)),
        Case(
            title="a stay that begins before and ends after",
            feature=Duration(register="diagnoses", codes="I21", within=BetweenAges(2, 4)),
            rows=({"date": date(2016, 3, 1), "end_date": date(2019, 1, 1)},),
            answer=730,
        ),
        Case(
            title="days since are counted to the index, not to the birthday",
            feature=DaysSince(register="diagnoses", codes="I21", within=BetweenAges(2, 4)),
            rows=({"date": date(2018, 3, 14)},),
            answer=444,
        ),
        Case(
            title="ages in months: one and a half is 2015-09-15",
            feature=count(BetweenAges(1.5, 2)),
            rows=({"date": date(2015, 9, 14)}, {"date": date(2015, 9, 15)}),
            answer=1,
        ),
    ],
)
REACHED = Section(
    title="Ages that are not, or not fully, reached",
    text="The index ends the window. Where the first birthday is not before the index, no day could be observed.",
    feature=count(BetweenAges(2, 4)),
    cases=[
        born("three years old: the part that has been", date(2016, 6, 1), 1, {"date": day(1)}, share=1.0),
        born("two on the day before the index", date(2017, 5, 31), 0, share=1.0),
        born("two on the index day", date(2017, 6, 1), None, share=0.0),
        born("grown up, moved here long after", date(1950, 1, 1), None, share=0.0),
        Case(
            title="moved here at three: half of the window was observed",
            answer=0,
            share=365 / 730,
            scene=Scene(
                person={"birth_date": BIRTH},
                homes=({"person_id": 1, "start_date": date(2017, 3, 15), "end_date": None, "area_id": "A"},),
            ),
        ),
        Case(
            title="a gap ends the window before the index",
            feature=count(BetweenAges(2, 4), gap="30d"),
            rows=({"date": day(30)}, {"date": day(31), "code": "I210"}),
            scene=Scene(person={"birth_date": date(2016, 6, 1)}),
            answer=1,
        ),
    ],
)
MISSING = Section(
    title="Birthdays that a month does not have",
    text="A missing anniversary is the first of the next month.",
    cases=[
        Case(
            title="born on 29 February: one year old on 1 March",
            feature=count(BetweenAges(1, 2)),
            rows=({"date": date(2017, 2, 28)}, {"date": date(2017, 3, 1)}),
            scene=Scene(person={"birth_date": date(2016, 2, 29)}),
            answer=1,
        ),
        Case(
            title="four years old on 29 February again",
            feature=count(BetweenAges(4, 5)),
            rows=({"date": date(2020, 2, 28)}, {"date": date(2020, 2, 29)}),
            scene=Scene(person={"birth_date": date(2016, 2, 29)}, index=date(2021, 1, 1)),
            answer=1,
        ),
        Case(
            title="born on 31 August: one and a half on 1 March",
            feature=count(BetweenAges(1.5, 2)),
            rows=({"date": date(2018, 2, 28)}, {"date": date(2018, 3, 1)}),
            scene=Scene(person={"birth_date": date(2016, 8, 31)}),
            answer=1,
        ),
        Case(
            title="born on 31 January: one month old on 1 March",
            feature=count(BetweenAges(0, 1 / 12)),
            rows=({"date": date(2018, 2, 28)}, {"date": date(2018, 3, 1)}),
            scene=Scene(person={"birth_date": date(2018, 1, 31)}),
            answer=1,
        ),
    ],
)
CALENDAR = Section(
    title="Since a date",
    text="From the date, itself included, to the index.",
    feature=count(Since(date(2015, 1, 1))),
    cases=[
        one("on the date", 1, date=date(2015, 1, 1)),
        one("the day before", 0, date=date(2014, 12, 31)),
        one("the day before the index", 1, date=day(1)),
        one("on the index day", 0, date=day(0)),
        Case(title="the date is the index", feature=count(Since(INDEX)), answer=None, share=0.0),
        Case(title="the date is still to come", feature=count(Since(date(2020, 1, 1))), answer=None, share=0.0),
        Case(title="the date is the day before the index", feature=count(Since(day(1))), answer=0, share=1.0),
        Case(
            title="lived here since the day before the index",
            feature=count(Since(day(100))),
            scene=Scene(homes=(home(1),)),
            answer=0,
            share=0.01,
        ),
    ],
)
DIABETES: Row = {"date": day(500), "code": "E109"}
SINCE_DIABETES = SinceFirst(register="diagnoses", codes="E10-E14")
EVENT = Section(
    title="Since an event",
    text="From the day of the first diabetes diagnosis that was known before the index, itself included. Without one "
    "there is no window: null, not zero, for what has not begun cannot have been observed.",
    feature=count(SINCE_DIABETES),
    cases=[
        Case(title="after it", rows=(DIABETES, {"date": day(100)}), answer=1),
        Case(title="on the same day", rows=(DIABETES, {"date": day(500)}), answer=1),
        Case(title="the day before it", rows=(DIABETES, {"date": day(501)}), answer=0),
        Case(
            title="the first of several counts",
            rows=(DIABETES, {"date": day(50), "code": "E110"}, {"date": day(100)}),
            answer=1,
        ),
        Case(title="never", rows=({"date": day(100)},), answer=None, share=0.0),
        Case(
            title="on the index day, which is too late",
            rows=({**DIABETES, "date": day(0)}, {"date": day(100)}),
            answer=None,
        ),
        Case(
            title="not known before the index", rows=({**DIABETES, "known_on": day(0)}, {"date": day(100)}), answer=None
        ),
        Case(
            title="the first is not yet known, a later one is",
            rows=(
                {**DIABETES, "known_on": day(0)},
                {"date": day(50), "code": "E110"},
                {"date": day(100)},
                {"date": day(20)},
            ),
            answer=1,
        ),
        Case(
            title="only a diagnosis in hospital begins the window",
            feature=count(SinceFirst(register="diagnoses", codes="E10-E14", settings=("inpatient",))),
            rows=(
                DIABETES,
                {"date": day(50), "code": "E110", "setting": "inpatient"},
                {"date": day(100)},
                {"date": day(20)},
            ),
            answer=1,
        ),
        Case(
            title="the event lies in the gap",
            feature=count(SINCE_DIABETES, gap="30d"),
            rows=({"date": day(20), "code": "E110"}, {"date": day(10)}),
            answer=None,
        ),
        Case(
            title="what is measured may be the event itself",
            feature=Latest(register="diagnoses", codes="E10-E14", within=SINCE_DIABETES),
            rows=({**DIABETES, "value": 7.0},),
            answer=7,
        ),
        Case(
            title="lived here since half of the time",
            rows=({"date": day(100), "code": "E110"},),
            scene=Scene(homes=(home(50),)),
            answer=0,
            share=0.5,
        ),
        Case(
            title="the mother's rows since the mother's event",
            feature=count(SINCE_DIABETES, relative="mother"),
            rows=(
                {**DIABETES, "person_id": 2},
                {"date": day(600), "person_id": 2},
                {"date": day(9), "person_id": 2},
                {"date": day(700), "code": "E110"},
            ),
            scene=Scene(
                person={"birth_date": date(2010, 1, 1), "mother_id": 2},
                family=({"person_id": 2, "birth_date": date(1980, 1, 1)},),
            ),
            answer=1,
        ),
    ],
)


def refused(title: str, kind: type, **declared: object) -> Refusal:
    return Refusal(title=title, kind=kind, declared=declared)


PAGE = Page(
    name="anchors",
    title="Windows at ages, since a date, since an event",
    text="Windows that begin elsewhere than a length before the index. All else is as for any window: what is not "
    "known before the index is not seen, and a window without an observed day is null.",
    sections=[AGES, REACHED, MISSING, CALENDAR, EVENT],
    refused=(
        refused("ages in the wrong order", BetweenAges, from_years=4, to_years=2),
        refused("no day between the ages", BetweenAges, from_years=2, to_years=2),
        refused("a negative age", BetweenAges, from_years=-1, to_years=2),
        refused("no date", Since, date="2015"),
        refused("an event without codes", SinceFirst, register="diagnoses"),
    ),
)
