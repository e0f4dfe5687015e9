"""What was known of the family: mothers, fathers and siblings, each by the own rows and the own residence."""

from __future__ import annotations

from datetime import date

from feature_cases.case import Case, Page, Row, Scene, Section, day
from feature_cases.observed import count, home
from riskstrat.declare import Age, DaysSince, Sex

CHILD: Row = {"birth_date": date(2010, 1, 1), "mother_id": 2}


def mother(**more: object) -> Row:
    return {"person_id": 2, "birth_date": date(1980, 1, 1), **more}


def hers(title: str, answer: float | None, share: float | None, *homes: Row, died: date | None = None) -> Case:
    scene = Scene(person=CHILD, family=(mother(death_date=died),), homes=(home(3000), *homes))
    return Case(title=title, answer=answer, share=share, scene=scene)


MOTHER = Section(
    title="The mother",
    text="Her own rows, observed where she herself lived and until she died.",
    feature=count(relative="mother"),
    cases=[
        hers("lived here", 0, 1.0, home(5000, None, 2)),
        hers("lived elsewhere", None, 0.0),
        hers("lived here half of the time", 0, 0.5, home(50, None, 2)),
        hers("died within the window", 0, 0.1, home(5000, None, 2), died=day(91)),
        hers("died before the window", None, 0.0, home(5000, None, 2), died=day(101)),
        hers("died on the index day", 0, 1.0, home(5000, None, 2), died=day(0)),
        Case(title="not known", answer=None, share=None, scene=Scene(person={"birth_date": date(2010, 1, 1)})),
        Case(
            title="her row counts, the child's does not",
            answer=1,
            rows=({"date": day(9), "person_id": 2}, {"date": day(9), "code": "I210"}, {"date": day(8), "code": "I210"}),
            scene=Scene(person=CHILD, family=(mother(),)),
        ),
        Case(
            title="known on the child's index day",
            answer=0,
            rows=({"date": day(9), "person_id": 2, "known_on": day(0)},),
            scene=Scene(person=CHILD, family=(mother(),)),
        ),
    ],
)
FATHER = Section(
    title="The father",
    text="As the mother.",
    feature=count(relative="father"),
    cases=[
        Case(
            title="has a row",
            answer=1,
            rows=({"date": day(9), "person_id": 3},),
            scene=Scene(
                person={**CHILD, "father_id": 3}, family=(mother(), {"person_id": 3, "birth_date": date(1980, 1, 1)})
            ),
        ),
        Case(title="is not known, the mother is", answer=None, scene=Scene(person=CHILD, family=(mother(),))),
    ],
)
BORN = date(2010, 1, 1)


def child(number: int, birth: date = BORN, **more: object) -> Row:
    return {"person_id": number, "birth_date": birth, "mother_id": 2, **more}


def brood(title: str, answer: float | None, siblings: tuple[Row, ...], *rows: Row, **more: object) -> Case:
    scene = Scene(person={"birth_date": BORN, "mother_id": 2}, family=(mother(), *siblings), **more)
    return Case(title=title, answer=answer, rows=rows, scene=scene)


def ill(person: int, number: int = 9, **more: object) -> Row:
    return {"person_id": person, "date": day(number), **more}


ANY = Section(
    title="Any sibling",
    text="Siblings share a mother and were born before the index. Of several the highest answer speaks: at least one "
    "has as much.",
    feature=count(relative="sibling"),
    cases=[
        brood("an elder sibling's row", 1, (child(3, date(2005, 1, 1)),), ill(3)),
        brood("a younger sibling's", 1, (child(3, date(2015, 1, 1)),), ill(3)),
        brood("a twin's", 1, (child(3),), ill(3)),
        brood("the person's own does not count", 0, (child(3),), ill(1)),
        brood("nor the mother's", 0, (child(3),), ill(2)),
        brood("of two siblings the one with more", 2, (child(3), child(4)), ill(3), ill(4, 8), ill(4, 7)),
        brood("born on the index day: no sibling yet", None, (child(3, day(0)),)),
        brood("born the day before the index", 0, (child(3, day(1)),)),
        brood("none", None, ()),
        brood("only the father in common", None, ({"person_id": 3, "birth_date": BORN, "mother_id": 8, "father_id": 9},
              {"person_id": 8, "birth_date": date(1980, 1, 1)})),
        Case(title="two people whose mothers are not known", answer=None,
             scene=Scene(family=({"person_id": 3, "birth_date": BORN},))),
        brood("known on the index day", 0, (child(3),), ill(3, known_on=day(0))),
    ],
)  # fmt: skip
ALL = Section(
    title="All siblings",
    text="The lowest answer speaks: every one of them has as much.",
    feature=count(relative="all_siblings"),
    cases=[
        brood("one of two has a row", 0, (child(3), child(4)), ill(3)),
        brood("both have", 1, (child(3), child(4)), ill(3), ill(4, 8), ill(4, 7)),
        brood("the only one has", 1, (child(3),), ill(3)),
        brood("none", None, ()),
    ],
)
NEAREST = Section(
    title="Days since, of siblings",
    text="The fewer days the more it says: any sibling is the one with the last row, all siblings the one whose last "
    "row is longest ago.",
    rows=({"date": day(9), "person_id": 3}, {"date": day(20), "person_id": 4}),
    scene=Scene(person={"birth_date": BORN, "mother_id": 2}, family=(mother(), child(3), child(4))),
    cases=[
        Case(title="any", feature=DaysSince(register="diagnoses", codes="I21", relative="sibling"), answer=9),
        Case(title="all", feature=DaysSince(register="diagnoses", codes="I21", relative="all_siblings"), answer=20),
    ],
)
RESIDENT = Section(
    title="Where siblings lived",
    text="Each is observed where it lived itself. One whose own answer is null is passed over; the observed share is "
    "the mean of theirs.",
    feature=count(relative="sibling"),
    cases=[
        Case(title="both lived here", answer=0, share=1.0,
             scene=Scene(person=CHILD, family=(mother(), child(3), child(4)),
                         homes=(home(3000), home(3000, None, 3), home(3000, None, 4)))),
        Case(title="one lived here, the other elsewhere", answer=0, share=0.5,
             scene=Scene(person=CHILD, family=(mother(), child(3), child(4)), homes=(home(3000), home(3000, None, 3)))),
        Case(title="none lived here, the person did", answer=None, share=0.0,
             scene=Scene(person=CHILD, family=(mother(), child(3), child(4)), homes=(home(3000),))),
        Case(title="all that could be seen had a row", answer=1, rows=(ill(3),),
             feature=count(relative="all_siblings"),
             scene=Scene(person=CHILD, family=(mother(), child(3), child(4)), homes=(home(3000), home(3000, None, 3)))),
    ],
)  # fmt: skip
PERSONS = Section(
    title="What the register of persons says of siblings",
    text="As of their rows: the highest of any, the lowest of all.",
    scene=Scene(
        person={"birth_date": BORN, "mother_id": 2},
        family=(mother(), child(3, date(2005, 6, 1), sex="male"), child(4, date(2015, 6, 1))),
    ),
    cases=[
        Case(title="the age of the eldest", feature=Age(relative="sibling"), answer=5113 / 365.25),
        Case(title="the age of the youngest", feature=Age(relative="all_siblings"), answer=1461 / 365.25),
        Case(title="has a brother", feature=Sex(relative="sibling"), answer=1),
        Case(title="has only brothers", feature=Sex(relative="all_siblings"), answer=0),
        Case(
            title="born on the index day: no sibling yet",
            feature=Age(relative="sibling"),
            scene=Scene(person={"birth_date": BORN, "mother_id": 2}, family=(mother(), child(3, day(0)))),
            answer=None,
        ),
    ],
)
PAGE = Page(
    name="relatives",
    title="What was known of the family",
    text="A feature may ask about a relative instead of the person. An unknown relative is null, never zero.",
    sections=[MOTHER, FATHER, ANY, ALL, NEAREST, RESIDENT, PERSONS],
)
