"""What the register of persons alone answers, and people of whom little or nothing is known."""

from __future__ import annotations

from datetime import date

from feature_cases.case import INDEX, Case, Page, Scene, Section, day
from riskstrat.declare import Age, BirthRegion, Count, Latest, Sex


def born(title: str, birth: date, index: date, answer: float) -> Case:
    return Case(title=title, scene=Scene(person={"birth_date": birth}, index=index), answer=answer)


AGE = Section(
    title="Age",
    text="Days since birth / 365.25, never a difference of years.",
    feature=Age(),
    cases=[
        born("the day before the first birthday", date(2018, 6, 2), INDEX, 364 / 365.25),
        born("on the first birthday", date(2018, 6, 1), INDEX, 365 / 365.25),
        born("born on 29 February", date(2016, 2, 29), date(2019, 2, 28), 1095 / 365.25),
        born("four years later, again on 29 February", date(2016, 2, 29), date(2020, 2, 29), 4.0),
        born("born on 31 January", date(2018, 1, 31), date(2018, 3, 1), 29 / 365.25),
        born("born on the index day", INDEX, INDEX, 0),
        Case(title="the mother's", feature=Age(relative="mother"), answer=10592 / 365.25,
             scene=Scene(person={"birth_date": date(2018, 6, 1), "mother_id": 2},
                         family=({"person_id": 2, "birth_date": date(1990, 6, 1)},))),
        Case(title="of a mother who is not known", feature=Age(relative="mother"), answer=None),
    ],
)  # fmt: skip
OTHERS = Section(
    title="Sex and region of birth",
    text="1 for yes, 0 for no; null where it is not known.",
    cases=[
        Case(title="male", feature=Sex(), scene=Scene(person={"sex": "male"}), answer=1),
        Case(title="female", feature=Sex(), scene=Scene(person={"sex": "female"}), answer=0),
        Case(title="born in one of the regions", feature=BirthRegion(regions=("asia", "africa")),
             scene=Scene(person={"birth_region": "asia"}), answer=1),
        Case(title="born in another", feature=BirthRegion(regions=("asia", "africa")),
             scene=Scene(person={"birth_region": "europe"}), answer=0),
        Case(title="not known where", feature=BirthRegion(regions=("asia", "africa")), answer=None),
    ],
)  # fmt: skip


def count(codes: str = "I21") -> Count:
    return Count(register="diagnoses", codes=codes)


TWIN = {"person_id": 2, "birth_date": date(2017, 1, 1), "mother_id": 9}
TWINS = Scene(
    person={"birth_date": date(2017, 1, 1), "mother_id": 9},
    family=(TWIN, {"person_id": 9, "birth_date": date(1990, 1, 1)}),
)
FEW = Section(
    title="Nobody, somebody, and twins",
    text="One person is enough, an empty table is observed, and everybody has rows of their own.",
    feature=count(),
    cases=[
        Case(title="an empty table", answer=0),
        Case(title="one person, one row", rows=({"date": day(9)},), answer=1),
        Case(title="lives here but is in no register", rows=({"date": day(9), "person_id": 2},), answer=0,
             scene=Scene(family=({"person_id": 2, "birth_date": date(1950, 1, 1)},))),
        Case(title="rows of a number that nobody has", rows=({"date": day(9), "person_id": 77},), answer=0),
        Case(title="the row of a twin is the twin's", rows=({"date": day(9), "person_id": 2},), scene=TWINS, answer=0),
        Case(title="twins have one mother", rows=({"date": day(9), "person_id": 9},), scene=TWINS, answer=1,
             feature=Count(register="diagnoses", codes="I21", relative="mother")),
        Case(title="died on the index day, so was alive before it", rows=({"date": day(9)},), answer=1,
             scene=Scene(person={"death_date": day(0)})),
        Case(title="codes that nobody has", feature=count("Z99"), rows=({"date": day(9)},), answer=0),
        Case(title="a value that nobody has", feature=Latest(register="diagnoses", codes="I21"), answer=None),
    ],
)  # fmt: skip
PAGE = Page(
    name="people",
    title="People",
    text="What is read from the register of persons, and what is answered of people of whom little is known.",
    sections=[AGE, OTHERS, FEW],
)
