"""Which rows an index date sees: the borders of windows, gaps, when rows became known, copies, spells, birth."""

from __future__ import annotations

from datetime import date

from feature_cases.case import BORN, Case, Page, Refusal, Row, Scene, Section, day
from riskstrat.declare import Count, DaysSince, Duration

DELAY = 30
LATE = Scene(delay_days=DELAY)


def count(within: str = "ever", gap: str = "0d", **more: object) -> Count:
    return Count(register="diagnoses", codes="I21", within=within, gap=gap, **more)


def one(title: str, answer: float | None, **row: object) -> Case:
    return Case(title=title, rows=(row,), answer=answer)


BORDERS = Section(
    title="The borders of a window",
    text="A window of a year is the 365 days before the index; what happens on the index day is no past.",
    feature=count("1y"),
    cases=[
        one("on the index day", 0, date=day(0)),
        one("after the index", 0, date=day(-1)),
        one("the day before the index", 1, date=day(1), known_on=day(1)),
        one("first day of the window", 1, date=day(365)),
        one("the day before the window", 0, date=day(366)),
    ],
)
YEARS = Section(
    title="Years are days",
    text="A year is 365.25 days, halves rounded up: 1y is 365 days, 2y 731, 5y 1826, 10y 3653.",
    cases=[
        Case(title="two years are 731 days", feature=count("2y"), rows=({"date": day(731)},), answer=1),
        Case(title="and not more", feature=count("2y"), rows=({"date": day(732)},), answer=0),
        Case(title="ten years are 3653 days", feature=count("10y"), rows=({"date": day(3653)},), answer=1),
        Case(title="and not one more", feature=count("10y"), rows=({"date": day(3654)},), answer=0),
        Case(title="a window of one day", feature=count("1d"), rows=({"date": day(1)}, {"date": day(2)}), answer=1),
        Case(title="ever has no first day", feature=count("ever"), rows=({"date": BORN},), answer=1),
    ],
)
LEAP = Section(
    title="29 February and 31 January",
    text="Windows are counted in days, so that no month is short and no year long.",
    cases=[
        Case(title="a year before 29 February 2020 begins on 1 March 2019", feature=count("1y"),
             rows=({"date": date(2019, 3, 1)},), scene=Scene(index=date(2020, 2, 29)), answer=1),
        Case(title="and not the day before", feature=count("1y"),
             rows=({"date": date(2019, 2, 28)},), scene=Scene(index=date(2020, 2, 29)), answer=0),
        Case(title="a year before 1 March 2020 holds 29 February 2020", feature=count("1y"),
             rows=({"date": date(2020, 2, 29)},), scene=Scene(index=date(2020, 3, 1)), answer=1),
        Case(title="and begins on 2 March 2019", feature=count("1y"),
             rows=({"date": date(2019, 3, 1)},), scene=Scene(index=date(2020, 3, 1)), answer=0),
        Case(title="30 days before 31 January begin on 1 January", feature=count("30d"),
             rows=({"date": date(2019, 1, 1)},), scene=Scene(index=date(2019, 1, 31)), answer=1),
        Case(title="30 days before 1 March 2019 begin on 30 January", feature=count("30d"),
             rows=({"date": date(2019, 1, 31)}, {"date": date(2019, 1, 30)}, {"date": date(2019, 1, 29)}),
             scene=Scene(index=date(2019, 3, 1)), answer=2),
    ],
)  # fmt: skip
GAPS = Section(
    title="A gap before the index",
    text="With a gap of 90 days a window of 100 days is the days 190 to 91 before the index.",
    feature=count("100d", "90d"),
    cases=[
        one("last day before the gap", 1, date=day(91)),
        one("in the gap", 0, date=day(90)),
        one("first day of the window", 1, date=day(190)),
        one("the day before it", 0, date=day(191)),
        one("known within the gap, in time for the index", 1, date=day(91), known_on=day(1)),
        Case(title="newer rows do not hide those of the window", rows=({"date": day(95)}, {"date": day(5)}),
             feature=DaysSince(register="diagnoses", codes="I21", within="100d", gap="90d"), answer=95),
    ],
)  # fmt: skip
KNOWN = Section(
    title="When a row became known",
    text="A row counts only if it was known before the index: by its own `known_on`, else 30 days after its date.",
    feature=count("1y"),
    scene=LATE,
    cases=[
        one("known the day before by its delay", 1, date=day(DELAY + 1)),
        one("known on the index day by its delay", 0, date=day(DELAY)),
        one("its own day goes before the delay", 1, date=day(1), known_on=day(1)),
        one("also where it is later", 0, date=day(300), known_on=day(0)),
        Case(
            title="long past and known too late",
            feature=count(),
            rows=({"date": day(7000), "known_on": day(-5)},),
            answer=0,
        ),
    ],
)
STAYS = Section(
    title="Stays in hospital",
    text="What was diagnosed during a stay is known from the end of the stay; here 90 days after it.",
    feature=count("1y"),
    scene=Scene(delay_days={"inpatient": 90, "specialist": 90}),
    cases=[
        one("ended in time", 1, date=day(200), end_date=day(91), setting="inpatient"),
        one("began in time, ended too late", 0, date=day(200), end_date=day(90), setting="inpatient"),
        one("no stay, so dated from its day", 1, date=day(200), end_date=day(90), setting="specialist"),
    ],
)
RESTRICTED = Section(
    title="Settings and positions",
    text="Where they are asked for, rows of other settings or positions, or of none, do not count.",
    feature=count(settings=("inpatient",), positions=("main", "other")),
    cases=[
        one("main diagnosis in hospital", 1, date=day(9), setting="inpatient", position="main"),
        one("other diagnosis in hospital", 1, date=day(9), setting="inpatient", position="other"),
        one("external cause", 0, date=day(9), setting="inpatient", position="external"),
        one("without a position", 0, date=day(9), setting="inpatient"),
        one("in specialist care", 0, date=day(9), setting="specialist", position="main"),
        one("without a setting", 0, date=day(9), position="main"),
    ],
)
CODES = Section(
    title="Codes",
    text="A code of a classification stands for all that begins with it; a row without a code is refused at the door.",
    feature=count(),
    cases=[
        one("the code itself", 1, date=day(9), code="I21"),
        one("below it", 1, date=day(9), code="I219"),
        one("above it", 0, date=day(9), code="I2"),
        one("beside it", 0, date=day(9), code="I22"),
        one("a null code", 0, date=day(9), code=None),
        Case(title="a null code, asked for any", feature=Count(register="diagnoses", codes="*"),
             rows=({"date": day(9), "code": None}, {"date": day(8)}), answer=1),
    ],
)  # fmt: skip


def copies(title: str, answer: float, *differences: Row) -> Case:
    return Case(title=title, answer=answer, rows=tuple({"date": day(100), **row} for row in differences))


COPIES = Section(
    title="Duplicates",
    text="Rows equal in all that can be seen are one row, known from the earliest day on which any of them was.",
    feature=count("1y"),
    scene=LATE,
    cases=[
        copies("equal rows are one", 1, {}, {}),
        copies("known on different days, still one", 1, {}, {"known_on": day(50)}),
        copies("known from the earliest", 1, {"known_on": day(-9)}, {"known_on": day(50)}),
        copies("another value", 2, {"value": 1.0}, {"value": 2.0}),
        copies("one without a value", 2, {"value": 1.0}, {}),
        copies("another setting, and a copy that is not its neighbour", 2,
               {"setting": "primary"}, {"setting": "specialist"}, {"setting": "primary"}),
        copies("another position", 2, {"position": "main"}, {"position": "other"}),
        copies("another code", 2, {"code": "I210"}, {"code": "I211"}),
        copies("ends that cannot be seen yet", 1, {"end_date": day(0)}, {"end_date": day(-7)}, {}),
        copies("ended yesterday is not open", 2, {"end_date": day(1)}, {}),
        copies("ends that can be seen", 2, {"end_date": day(50)}, {"end_date": day(40)}),
    ],
)  # fmt: skip


def spells(title: str, answer: float, *lasting: tuple[int, int | None]) -> Case:
    rows = tuple({"date": day(first), "end_date": None if last is None else day(last)} for first, last in lasting)
    return Case(title=title, answer=answer, rows=rows)


SPELLS = Section(
    title="Days of spells",
    text="Days of the window that a spell covers, its first and last included; what has not yet ended is open.",
    feature=Duration(register="diagnoses", codes="I21", within="100d"),
    cases=[
        spells("inside", 10, (50, 41)),
        spells("one day", 1, (50, 50)),
        spells("reaches into the window", 11, (120, 90)),
        spells("ended the day before the window", 0, (120, 101)),
        spells("began on the first day", 2, (100, 99)),
        spells("open", 50, (50, None)),
        spells("ends on the index day", 50, (50, 0)),
        spells("ends after the index", 50, (50, -300)),
        spells("began before the window and still open", 100, (500, None)),
        spells("begins on the index day", 0, (0, None)),
        spells("overlapping days once", 15, (50, 41), (45, 36)),
        spells("one inside another", 30, (60, 31), (50, 41)),
        spells("one inside another, and a third beyond", 35, (60, 31), (50, 41), (35, 26)),
        spells("touching", 20, (60, 51), (50, 41)),
        spells("apart", 10, (60, 56), (10, 6)),
        spells("the same start", 20, (60, 51), (60, 41)),
        Case(
            title="a gap cuts its end",
            feature=Duration(register="diagnoses", codes="I21", within="50d", gap="30d"),
            rows=({"date": day(120), "end_date": None},),
            answer=50,
        ),
    ],
)
BIRTH = Section(
    title="Before birth and at birth",
    text="Nothing happens before birth. Who is born on the index day has no past: no day could be observed.",
    feature=count(),
    scene=Scene(person={"birth_date": day(50)}),
    cases=[
        one("on the day of birth", 1, date=day(50)),
        one("dated before birth", 0, date=day(51)),
        Case(title="born the day before the index", scene=Scene(person={"birth_date": day(1)}),
             rows=({"date": day(1)},), answer=1),
        Case(title="born on the index day", scene=Scene(person={"birth_date": day(0)}), answer=None),
    ],
)  # fmt: skip


VALUES = Section(
    title="Conditions on a value",
    text="Only rows whose value is as asked, bounds included. A row without a value never is.",
    feature=count(at_least=48),
    cases=[
        one("above the bound", 1, date=day(10), value=52.5),
        one("the bound itself", 1, date=day(10), value=48.0),
        one("below the bound", 0, date=day(10), value=47.9),
        one("without a value", 0, date=day(10)),
        Case(title="at most", feature=count(at_most=48), rows=({"date": day(10), "value": 48.0},), answer=1),
        Case(title="between two bounds", feature=count(at_least=45, at_most=50),
             rows=({"date": day(10), "value": 44.0}, {"date": day(9), "value": 46.0}), answer=1),
        Case(title="equal", feature=count(equal_to=1),
             rows=({"date": day(10), "value": 1.0}, {"date": day(9), "value": 0.0}), answer=1),
        Case(title="the last row with such a value", feature=DaysSince(register="diagnoses", codes="I21", at_most=5),
             rows=({"date": day(20), "value": 4.0}, {"date": day(9), "value": 6.0}), answer=20),
    ],
)  # fmt: skip


def refused(title: str, **declared: object) -> Refusal:
    return Refusal(title=title, kind=Count, declared={"register": "diagnoses", "codes": "I21", **declared})


REFUSED = (
    refused("a window of no days", within="0d"),
    refused("a window of no years", within="0y"),
    refused("a window of negative length", within="-1y"),
    refused("a window in hours: registers know days", within="12h"),
    refused("a window without a unit", within="365"),
    refused("a gap of negative length", gap="-30d"),
    refused("a gap without end", gap="ever"),
    refused("no window at all", within=()),
    refused("the same window twice", within=("1y", "1y")),
    refused("the same window by another name", within=("1y", "365d")),
    refused("a value that is equal and at least", equal_to=1, at_least=1),
    refused("a value that nothing can have", at_least=50, at_most=48),
    refused("a bound that is no number", at_least=float("nan")),
    refused("a relative that registers do not link", relative="cousin"),
)
PAGE = Page(
    name="windows",
    title="Which rows count",
    text="A row counts where it is dated in `[index - gap - within, index - gap)` and was known before the index.",
    sections=[BORDERS, YEARS, LEAP, GAPS, KNOWN, STAYS, RESTRICTED, CODES, VALUES, COPIES, SPELLS, BIRTH],
    refused=REFUSED,
)
