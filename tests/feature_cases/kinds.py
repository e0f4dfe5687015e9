"""What each kind answers: the same rows asked differently, and every kind at every edge."""

from __future__ import annotations

from datetime import date

from feature_cases.case import Case, Page, Row, Scene, Section, day
from riskstrat.declare import (
    Count,
    DaysSince,
    DistinctCodes,
    Duration,
    Earliest,
    EventFeature,
    Ever,
    Latest,
    Maximum,
    Mean,
    Minimum,
    Score,
    Slope,
    Total,
)

MEASURED: tuple[Row, ...] = (
    {"date": day(400), "value": 100.0},
    {"date": day(300), "value": 120.0},
    {"date": day(200), "value": None},
    {"date": day(100), "value": 110.0, "code": "diastolic_mmhg"},
    {"date": day(100), "value": 140.0},
    {"date": day(50), "value": None},
)
SYSTOLIC = "systolic_mmhg"
AT_MEASUREMENTS = Scene(register="measurements")


def measured(kind: type[EventFeature], within: str = "1y") -> EventFeature:
    return kind(register="measurements", codes=f"{SYSTOLIC}, diastolic_mmhg", within=within)


SAME_ROWS = Section(
    title="The same rows, asked by each kind",
    text="Of the six rows five lie in the window; two of these have no value.",
    scene=AT_MEASUREMENTS,
    rows=MEASURED,
    code=SYSTOLIC,
    cases=[
        Case(title="rows, with or without a value", feature=measured(Count), answer=5),
        Case(title="whether there is a row", feature=measured(Ever), answer=1),
        Case(title="different codes", feature=measured(DistinctCodes), answer=2),
        Case(title="days since the last row, also one without a value", feature=measured(DaysSince), answer=50),
        Case(title="the last value: of one day the later code by alphabet", feature=measured(Latest), answer=140),
        Case(title="the first value in the window, not the first ever", feature=measured(Earliest), answer=120),
        Case(title="the mean of three values", feature=measured(Mean), answer=370 / 3),
        Case(title="the lowest: a missing value is no zero", feature=measured(Minimum), answer=110),
        Case(title="the highest", feature=measured(Maximum), answer=140),
        Case(title="the sum", feature=measured(Total), answer=370),
        Case(
            title="the change per year: from 120 to a mean of 125 in 200 days",
            feature=measured(Slope),
            answer=5 / 200 * 365.25,
        ),
        Case(title="the days of open spells, each day once", feature=measured(Duration), answer=365),
    ],
)

EMPTY: dict[type[EventFeature], float | None] = {
    Count: 0, Ever: 0, DistinctCodes: 0, Total: 0, Duration: 0,
    DaysSince: None, Latest: None, Earliest: None, Mean: None, Minimum: None, Maximum: None, Slope: None,
}  # fmt: skip
NO_ROWS = Section(
    title="A window without rows",
    text="Counts, flags and sums are 0: one looked and there was none. Values and days since are null.",
    scene=AT_MEASUREMENTS,
    code=SYSTOLIC,
    cases=[
        Case(title=f"nothing for {kind.__name__}", feature=measured(kind), answer=empty)
        for kind, empty in EMPTY.items()
    ],
)

NO_VALUES = Section(
    title="Rows without a value",
    text="A null value is skipped where values matter; the row itself is still a row.",
    scene=AT_MEASUREMENTS,
    rows=({"date": day(10), "value": None},),
    code=SYSTOLIC,
    cases=[
        Case(title="a row is a row", feature=measured(Count), answer=1),
        Case(title="and has a date", feature=measured(DaysSince), answer=10),
        Case(title="and a code", feature=measured(DistinctCodes), answer=1),
        *(
            Case(title=f"but nothing for {kind.__name__}", feature=measured(kind), answer=None)
            for kind in (Latest, Earliest, Mean, Minimum, Maximum, Slope)
        ),
        Case(title="what was not recorded adds up to something unknown", feature=measured(Total), answer=None),
    ],
)


def at(number: int, value: float | None, code: str = SYSTOLIC, **more: object) -> Row:
    return {"date": day(number), "value": value, "code": code, **more}


TIES = Section(
    title="The first and the last of a day",
    text="Rows are in the order of date, then code, then value; the order in which they are stored means nothing.",
    scene=AT_MEASUREMENTS,
    cases=[
        Case(title="the later date", feature=measured(Latest), rows=(at(20, 2), at(10, 1)), answer=1),
        Case(title="the earlier date", feature=measured(Earliest), rows=(at(20, 2), at(10, 1)), answer=2),
        Case(
            title="of one date the later code",
            feature=measured(Latest),
            rows=(at(10, 9, "diastolic_mmhg"), at(10, 1)),
            answer=1,
        ),
        Case(
            title="of one date the earlier code",
            feature=measured(Earliest),
            rows=(at(10, 1), at(10, 9, "diastolic_mmhg")),
            answer=9,
        ),
        Case(
            title="of one code and date the higher value",
            feature=measured(Latest),
            rows=(at(10, 1), at(10, 3), at(10, 2)),
            answer=3,
        ),
        Case(
            title="of one code and date the lower value",
            feature=measured(Earliest),
            rows=(at(10, 2), at(10, 1), at(10, 3)),
            answer=1,
        ),
        Case(
            title="null values are skipped by the last",
            feature=measured(Latest),
            rows=(at(20, 1), at(10, None)),
            answer=1,
        ),
        Case(title="and by the first", feature=measured(Earliest), rows=(at(20, None), at(10, 1)), answer=1),
        Case(
            title="not-a-number is no value", feature=measured(Latest), rows=(at(20, 1), at(10, float("nan"))), answer=1
        ),
    ],
)

SLOPES = Section(
    title="The slope",
    text="The line of least squares through all values of the window, in the unit of the value per 365.25 days.",
    scene=AT_MEASUREMENTS,
    feature=measured(Slope, "ever"),
    code=SYSTOLIC,
    cases=[
        Case(title="two values a year apart", rows=(at(761, 100), at(30, 104)), answer=4 / 731 * 365.25),
        Case(title="falling", rows=(at(761, 104), at(30, 100)), answer=-4 / 731 * 365.25),
        Case(title="level", rows=(at(761, 0.1), at(300, 0.1), at(30, 0.1)), answer=0),
        Case(
            title="three values: 0, 0 and 3 at equal steps of 100 days",
            rows=(at(300, 0), at(200, 0), at(100, 3)),
            answer=1.5 * 3.6525,
        ),
        Case(
            title="several values of one day each count", rows=(at(200, 0), at(100, 1), at(100, 2)), answer=1.5 * 3.6525
        ),
        Case(title="one value has no slope", rows=(at(200, 1),), answer=None),
        Case(title="nor have values of one day", rows=(at(200, 1), at(200, 2)), answer=None),
        Case(title="nor has a second day without a value", rows=(at(200, 1), at(100, None)), answer=None),
        Case(
            title="across 29 February, in days",
            rows=({"date": date(2016, 2, 28), "value": 1.0}, {"date": date(2016, 3, 1), "value": 3.0}),
            answer=365.25,
        ),
    ],
)

DISTINCT = Section(
    title="Different codes",
    text="Codes are told apart as they are recorded, however few letters the question gives.",
    feature=DistinctCodes(register="diagnoses", codes="F00-F01, I21"),
    cases=[
        Case(
            title="the same code twice is one",
            rows=({"date": day(9), "code": "I219"}, {"date": day(5), "code": "I219"}),
            answer=1,
        ),
        Case(
            title="two codes below one asked for are two",
            rows=({"date": day(9), "code": "I210"}, {"date": day(9), "code": "I219"}),
            answer=2,
        ),
        Case(
            title="codes that are not asked for do not count",
            rows=({"date": day(9), "code": "I210"}, {"date": day(9), "code": "J45"}),
            answer=1,
        ),
        Case(
            title="ranges overlap with nothing counted twice",
            rows=({"date": day(9), "code": "F000"}, {"date": day(9), "code": "F010"}),
            answer=2,
        ),
    ],
)

HFRS = Section(
    title="Published scores",
    text="The points of each item once. In the Hospital Frailty Risk Score dementia (F00) is 7.1 and a fall (W19) 3.2.",
    rows=(
        {"date": day(10), "code": "F001"},
        {"date": day(20), "code": "F009"},
        {"date": day(20), "code": "W19"},
        {"date": day(400), "code": "W18"},
    ),
    cases=[
        Case(
            title="two codes of one item",
            feature=Score(register="diagnoses", score="hfrs", within="1y"),
            answer=7.1 + 3.2,
        ),
        Case(title="only some codes", feature=Score(register="diagnoses", score="hfrs", codes="F00-F99"), answer=7.1),
        Case(title="an empty window", feature=Score(register="diagnoses", score="hfrs", within="9d"), answer=0),
    ],
)

_BASE = {"date": day(100), "value": 100.0}
_FIRST = {Count: 1, Ever: 1, DistinctCodes: 1, DaysSince: 100, Latest: 100, Earliest: 100, Mean: 100, Minimum: 100,
          Maximum: 100, Total: 100, Slope: None}  # fmt: skip


def _both(other: int) -> dict[type[EventFeature], float | None]:
    """What each kind answers of 100 at day 100 and 130 at the other day."""
    last, first = (130, 100) if other < 100 else (100, 130)
    return {Count: 2, Ever: 1, DistinctCodes: 2, DaysSince: min(other, 100), Latest: last, Earliest: first, Mean: 115,
            Minimum: 100, Maximum: 130, Total: 230, Slope: 30 / (100 - other) * 365.25}  # fmt: skip


EDGES: dict[str, tuple[Row, dict[type[EventFeature], float | None]]] = {
    "on the index day": ({"date": day(0), "known_on": day(400)}, _FIRST),
    "after the index": ({"date": day(-1), "known_on": day(400)}, _FIRST),
    "the day before the index": ({"date": day(1), "known_on": day(1)}, _both(1)),
    "the day before, known on the index day": ({"date": day(1), "known_on": day(0)}, _FIRST),
    "long past, known on the index day": ({"date": day(50), "known_on": day(0)}, _FIRST),
    "first day of the window": ({"date": day(365)}, _both(365)),
    "the day before the window": ({"date": day(366)}, _FIRST),
    "with another code": ({"date": day(50), "code": "pulse"}, _FIRST),
    "of another person": ({"date": day(50), "person_id": 2}, _FIRST),
}


def _edge(kind: type[EventFeature]) -> Section:
    return Section(
        title=f"{kind.__name__} at every edge",
        text="A row of 100 lies 100 days before the index; another of 130 and another code is put at the edge.",
        scene=Scene(register="measurements", family=({"person_id": 2, "birth_date": date(1950, 1, 1)},)),
        feature=measured(kind),
        rows=({**_BASE, "code": SYSTOLIC},),
        code="diastolic_mmhg",
        cases=[
            Case(title=title, rows=({"value": 130.0, **row},), answer=expected[kind])
            for title, (row, expected) in EDGES.items()
        ],
    )


PAGE = Page(
    name="kinds",
    title="What each kind answers",
    text="Kinds differ in what they make of the rows of a window, never in which rows these are.",
    sections=[SAME_ROWS, NO_ROWS, NO_VALUES, TIES, SLOPES, DISTINCT, HFRS],
)
EDGE_PAGE = Page(
    name="edges",
    title="Every kind at every edge",
    text="Whether a row counts does not depend on what is asked of it.",
    sections=[_edge(kind) for kind in _FIRST],
)
