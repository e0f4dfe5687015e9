"""Zero is not null: what nobody could have seen is not known; and whose residence counts for a relative."""

from __future__ import annotations

from datetime import date

from feature_cases.case import COVERED, INDEX, Case, Page, Row, Scene, Section, day
from riskstrat.declare import Count, Latest


def count(within: str = "100d", gap: str = "0d", relative: str | None = None) -> Count:
    return Count(register="diagnoses", codes="I21", within=within, gap=gap, relative=relative)


def home(first: int, last: int | None = None, person: int = 1) -> Row:
    end = None if last is None else day(last)
    return {"person_id": person, "start_date": day(first), "end_date": end, "area_id": "A"}


def lived(
    title: str, answer: float | None, share: float, *homes: Row, covered: tuple[date, date | None] = COVERED
) -> Case:
    return Case(title=title, answer=answer, share=share, scene=Scene(homes=homes, covered=covered))


SEEN = Section(
    title="A window without an observed day is null",
    text="A day is observed where the register covers it and the person lives here. One such day is enough for an "
    "answer; how many there were is told by the observed share, of the days of the window since birth.",
    feature=count(),
    cases=[
        lived("resident all along", 0, 1.0, home(5000)),
        lived("moved in within the window", 0, 0.5, home(50)),
        lived("moved in the day before the index", 0, 0.01, home(1)),
        lived("moved in on the index day", None, 0.0, home(0)),
        lived("left before the window", None, 0.0, home(5000, 101)),
        lived("left on its first day", 0, 0.01, home(5000, 100)),
        lived("several homes", 0, 0.8, home(5000, 60), home(59, 31), home(10)),
        lived("never lived here", None, 0.0),
        lived("covered from the last day of the window", 0, 0.01, home(5000), covered=(day(1), None)),
        lived("covered from the index", None, 0.0, home(5000), covered=(day(0), None)),
        lived("covered until the first day of the window", 0, 0.01, home(5000), covered=(COVERED[0], day(100))),
        lived("covered until the day before it", None, 0.0, home(5000), covered=(COVERED[0], day(101))),
        lived("lived here and covered, but never both", None, 0.0, home(50), covered=(COVERED[0], day(51))),
    ],
)
ROWS = Section(
    title="Rows where little or nothing was observed",
    text="A register may hold rows from days that it does not cover in full. They count where the window has an "
    "observed day, as any row that was known; in a window without one they do not.",
    feature=count(),
    rows=({"date": day(50), "value": 1.0},),
    cases=[
        Case(title="the day before the coverage begins", answer=1, share=0.49, scene=Scene(covered=(day(49), None))),
        Case(title="before the person moved in", answer=1, share=0.1, scene=Scene(homes=(home(10),))),
        Case(title="nothing of the window was observed", answer=None, share=0.0, scene=Scene(homes=(home(0),))),
        Case(title="neither a count nor a value", answer=None, scene=Scene(homes=(home(0),)),
             feature=Latest(register="diagnoses", codes="I21", within="100d")),
    ],
)  # fmt: skip
SHARE = Section(
    title="What the observed share and the observed years are of",
    text="The share is of the days from the later of birth and the start of the longest window that is a length. "
    "Of a window without a limit there is no share: what is told is the years of it that were observed.",
    cases=[
        Case(title="ever: covered for 200 days, lived here for 50", feature=count("ever"), answer=0,
             years=50 / 365.25, scene=Scene(homes=(home(50),), covered=(day(200), None))),
        Case(title="ever: covered for 200 days, lived here longer", feature=count("ever"), answer=0,
             years=200 / 365.25, scene=Scene(covered=(day(200), None))),
        Case(title="ever, of a child born here", feature=count("ever"), answer=0, years=20 / 365.25,
             scene=Scene(person={"birth_date": day(20)}, homes=(home(20),))),
        Case(title="ever, of a child born on the index day", feature=count("ever"), answer=None, years=0.0,
             scene=Scene(person={"birth_date": INDEX})),
        Case(title="a length of time, of a child who moved in", feature=count(), answer=0, share=0.5,
             scene=Scene(person={"birth_date": day(20)}, homes=(home(10),))),
        Case(title="a gap moves what must be observed", feature=count("100d", "50d"), answer=None, share=0.0,
             scene=Scene(homes=(home(50),))),
        Case(title="and one day before it is enough", feature=count("100d", "50d"), answer=0, share=0.01,
             scene=Scene(homes=(home(51),))),
    ],
)  # fmt: skip
PAGE = Page(
    name="observed",
    title="Zero is not null",
    text="0 says that one looked and there was none; null that nobody could have seen it. The difference goes all the "
    "way to the model.",
    sections=[SEEN, ROWS, SHARE],
)
