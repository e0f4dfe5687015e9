"""What was known of the family: mothers, fathers and siblings, each by the own rows and the own residence."""

from __future__ import annotations

from datetime import date

from feature_cases.case import Case, Page, Row, Scene, Section, day
from feature_cases.observed import count, home

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
PAGE = Page(
    name="relatives",
    title="What was known of the family",
    text="A feature may ask about a relative instead of the person. An unknown relative is null, never zero.",
    sections=[MOTHER, FATHER],
)
