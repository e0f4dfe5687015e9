"""A case of the feature specification: a title in plain words, what registers hold, what is asked, the answer.

The same cases are tested (`tests/spec/test_features_cases.py`) and rendered to `docs/features/` (`page.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from riskstrat.declare import Feature
from riskstrat.features import build_features
from riskstrat.records.cohort import Target
from riskstrat.registers import Registers

Row = Mapping[str, object]
INDEX = date(2019, 6, 1)
BORN = date(1950, 1, 1)
COVERED = (date(2000, 1, 1), None)


def day(number: int) -> date:
    """So many days before the usual index date."""
    return INDEX - timedelta(days=number)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What registers hold of person 1, and of the family; everything has a usual value.

    Attributes
    ----------
    index
        The index date.
    person
        What the register of persons says of person 1, beside the usual.
    family
        Other people in the register of persons.
    homes
        Spells of residence; None is at home since 1999 or birth.
    covered
        First and last day that the event table covers.
    delay_days
        Days until a row without `known_on` is known.
    register
        Name of the event table.
    """

    index: date = INDEX
    person: Row | None = None
    family: tuple[Row, ...] = ()
    homes: tuple[Row, ...] | None = None
    covered: tuple[date, date | None] = COVERED
    delay_days: int | Mapping[str, int] = 0
    register: str = "diagnoses"

    @property
    def persons(self) -> list[Row]:
        return [{"person_id": 1, "birth_date": BORN, **(self.person or {})}, *self.family]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One line of a section: what differs from the section, and the answer."""

    title: str
    answer: float | None
    rows: tuple[Row, ...] = ()
    feature: Feature | None = None
    scene: Scene | None = None
    share: float | None = None
    years: float | None = None


@dataclass(frozen=True, kw_only=True)
class Section:
    """Cases that share what is asked, and what registers hold beside the case's own rows."""

    title: str
    text: str
    cases: Sequence[Case]
    feature: Feature | None = None
    scene: Scene = Scene()
    rows: tuple[Row, ...] = ()
    code: str = "I21"

    def rows_of(self, case: Case) -> list[Row]:
        """Every row that the event table holds, in full."""
        usual = {"person_id": 1, "code": self.code}
        return [{**usual, **row} for row in (*self.rows, *case.rows)]

    def scene_of(self, case: Case) -> Scene:
        return case.scene or self.scene

    def feature_of(self, case: Case) -> Feature:
        feature = case.feature or self.feature
        assert feature is not None, f"{case.title}: nothing is asked"
        return feature


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A declaration that is refused."""

    title: str
    kind: type[Feature]
    declared: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of the specification."""

    name: str
    title: str
    text: str
    sections: Sequence[Section]
    refused: Sequence[Refusal] = ()


def answered(section: Section, case: Case, build_registers: Callable[..., Registers]) -> Mapping[str, object]:
    """Ask the engine: the row of X of person 1."""
    scene = section.scene_of(case)
    entry = {"coverage_start": scene.covered[0], "coverage_end": scene.covered[1], "delay_days": scene.delay_days}
    registers = build_registers(
        scene.persons,
        residences=scene.homes,
        manifest={scene.register: entry},
        **{scene.register: section.rows_of(case)},
    )
    people = pl.DataFrame({"person_id": [1], "index_date": [scene.index], "area_id": ["A"]})
    target = Target(condition="made_up", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1))
    return build_features([section.feature_of(case)], target, registers).row(0, named=True)
