"""Tables and settings that cannot be used: one error each, with everything that is wrong."""

from __future__ import annotations

import polars as pl
import pytest

from riskstrat.disclosure import Disclosure, Ratio, Sum, Table, release
from riskstrat.errors import DisclosureError, UsageError


@pytest.mark.parametrize(
    "column", ["person_id", "mother_id", "father_id", "family_id", "LopNr", "P1105_LopNr_PersonNr", "PersonNr"]
)
def test_persons_are_refused_under_any_role(column: str) -> None:
    frame = pl.DataFrame({column: [1, 2], "people": [10, 10]})
    with pytest.raises(DisclosureError, match=r"identifies persons.*aggregate"):
        Table(frame, dimensions=(column,), counts=("people",))


def test_lists_of_values_are_refused() -> None:
    frame = pl.DataFrame({"area": ["A"], "risks": [[0.1, 0.2]]})
    with pytest.raises(DisclosureError, match=r"risks: values of type List"):
        Table(frame, dimensions=("area",), public=("risks",))


def test_everything_wrong_with_the_roles_is_said_at_once() -> None:
    frame = pl.DataFrame({"area": ["A"], "cases": [4], "rate": [0.1], "note": ["x"]})
    with pytest.raises(UsageError) as caught:
        Table(frame, dimensions=("area", "sex"), counts=("cases",), public=("cases",))
    said = str(caught.value)
    assert len(caught.value.problems) == 4
    for sentence in ("sex: no such column", "rate: a column without a role", "note: a column", "cases: more than one"):
        assert sentence in said


def test_everything_wrong_with_the_values_is_said_at_once() -> None:
    frame = pl.DataFrame({"area": ["A", "A"], "cases": [4.5, 2.0], "rate": [0.1, 0.2]})
    with pytest.raises(UsageError) as caught:
        Table(frame, dimensions=("area",), counts=("cases",), derived={"rate": "area"})
    said = str(caught.value)
    for sentence in ("cases: a count of type Float64", "rate: derived from area", "2 rows for 1 different group"):
        assert sentence in said


def test_derived_from_nothing_is_refused() -> None:
    frame = pl.DataFrame({"area": ["A"], "rate": [0.1]})
    with pytest.raises(UsageError, match="rate: derived from nothing"):
        Table(frame, dimensions=("area",), derived={"rate": ()})


def test_counts_beyond_their_denominator_are_refused_without_saying_whose() -> None:
    frame = pl.DataFrame({"area": ["A", "B"], "people": [5, 10], "cases": [6, 2]})
    with pytest.raises(UsageError, match="cases: 1 count above people"):
        Table(frame, dimensions=("area",), counts=("cases",), denominators=("people",))


def test_negative_counts_are_refused() -> None:
    with pytest.raises(UsageError, match="cases: a negative count"):
        Table(pl.DataFrame({"area": ["A"], "cases": [-1]}), dimensions="area", counts="cases")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"min_count": 0}, "min_count=0"),
        ({"min_count": 4.5}, "min_count=4.5"),
        ({"rounding": 0}, "rounding=0"),
        ({"rounding": "midpoint7"}, "rounding='midpoint7'"),
        ({"min_people": 12}, "more than 12, twice the noise"),
        ({"noise": 10}, "more than 20, twice the noise"),
        ({"small": "hidden"}, "small='hidden'"),
        ({"small": "zero"}, "protect_zero=True"),
        ({"small": "rounded", "rounding": 5}, "all protected counts equal"),
    ],
)
def test_settings_that_protect_nothing_or_contradict_themselves(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Disclosure(**settings)


@pytest.mark.parametrize("found", [pl.DataFrame({"area": ["A"]}), None, 3])
def test_only_tables_are_released(found: object) -> None:
    with pytest.raises(DisclosureError, match="expected a Table"):
        release(found)


def test_a_frame_among_tables_is_refused() -> None:
    with pytest.raises(DisclosureError, match="expected a Table"):
        release([pl.DataFrame({"area": ["A"]})])


@pytest.mark.parametrize(("persons", "cells"), [([5, 3], 1), ([0, 0], 2), ([9, 9], 2)])
def test_persons_that_cannot_be_behind_a_count_are_refused(persons: list[int], cells: int) -> None:
    frame = pl.DataFrame({"area": ["A", "B"], "index_dates": [4, 4], "persons": persons})
    with pytest.raises(UsageError, match=f"persons: {cells} cells? with more persons than index_dates"):
        Table(frame, dimensions="area", counts="index_dates", persons={"index_dates": "persons"})


def test_a_quotient_that_is_none_is_refused() -> None:
    frame = pl.DataFrame({"area": ["A", "B"], "people": [10, 10], "cases": [6, 6], "rate": [0.6, 0.7]})
    with pytest.raises(UsageError, match="rate: 1 cell that is not cases / people"):
        Table(frame, dimensions="area", counts=("people", "cases"), derived={"rate": Ratio("cases", "people")})


def test_parts_that_do_not_add_up_are_refused() -> None:
    frame = pl.DataFrame({"sex": ["female", "male", "all"], "cases": [6, 6, 13]})
    whole = Sum(count="cases", parts={"sex": ("female", "male")}, total={"sex": ("all",)})
    with pytest.raises(UsageError, match="cases: 1 total that is not the sum of its parts"):
        Table(frame, dimensions="sex", counts="cases", sums=[whole])


def test_relations_name_columns_that_are_there() -> None:
    frame = pl.DataFrame({"area": ["A"], "cases": [6]})
    with pytest.raises(UsageError) as caught:
        Table(
            frame, dimensions="area", counts="cases", persons={"cases": "persons"}, sums=[Sum(count="n", by=("sex",))]
        )
    said = str(caught.value)
    assert all(f"{name}: no such column" in said for name in ("persons", "n", "sex"))
