"""What release shows and withholds: tiny tables in, tiny tables out."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from riskstrat.disclosure import PRESETS, Disclosure, Ratio, Released, Sum, Table, release
from riskstrat.errors import DisclosureError, UsageError

EXACT = Disclosure(min_count=5, rounding=1, protection="none")
ROUNDED = Disclosure(protection="none")


def areas(people: list[int | None], cases: list[int | None]) -> Table:
    frame = pl.DataFrame(
        {
            "area": [f"A{row}" for row in range(len(people))],
            "people": people,
            "cases": cases,
            "smoothed": [0.1 * row for row in range(len(people))],
            "threshold": [0.2] * len(people),
        },
        schema_overrides={"people": pl.UInt32, "cases": pl.Int64},
    )
    return Table(
        frame,
        dimensions=("area",),
        counts=("cases",),
        denominators=("people",),
        derived={"smoothed": "cases"},
        public=("threshold",),
    )


def test_small_counts_and_what_is_derived_from_them_are_withheld() -> None:
    shown = release(areas([100] * 5, [0, 1, 4, 5, 50]), EXACT).frame
    assert shown["cases"].to_list() == [0, None, None, 5, 50]
    assert shown["smoothed"].is_null().to_list() == [False, True, True, False, False]
    assert shown["people"].to_list() == [100] * 5
    assert shown["threshold"].to_list() == [0.2] * 5


def test_zero_is_protected_by_setting() -> None:
    shown = release(areas([100] * 2, [0, 5]), Disclosure(rounding=1, protect_zero=True, protection="none")).frame
    assert shown["cases"].to_list() == [None, 5]
    assert shown["smoothed"].is_null().to_list() == [True, False]


def test_the_hundred_per_cent_rule_withholds_nearly_complete_counts() -> None:
    shown = release(areas([100] * 4, [100, 96, 95, 50]), EXACT).frame
    assert shown["cases"].to_list() == [None, None, 95, 50]
    assert shown["smoothed"].is_null().to_list() == [True, True, False, False]
    assert shown["people"].to_list() == [100] * 4


def test_the_hundred_per_cent_rule_can_be_set_aside() -> None:
    shown = release(areas([100], [100]), Disclosure(rounding=1, protect_remainder=False, protection="none")).frame
    assert shown["cases"].to_list() == [100]


def test_a_small_denominator_takes_its_counts_with_it() -> None:
    shown = release(areas([4, 0], [0, 0]), EXACT).frame
    assert shown["people"].to_list() == [None, 0]
    assert shown["cases"].to_list() == [None, 0]


def test_only_named_pairs_of_count_and_denominator_are_compared() -> None:
    frame = pl.DataFrame({"area": ["A"], "people": [20], "visits": [90], "cases": [18]})
    table = Table(frame, dimensions="area", counts=("visits", "cases"), denominators={"cases": "people"})
    assert release(table, EXACT).frame.rows() == [("A", 20, 90, None)]


def test_what_is_derived_from_several_counts_needs_all_of_them() -> None:
    frame = pl.DataFrame({"area": ["A", "B"], "before": [9, 9], "after": [3, 8], "change": [-6.0, -1.0]})
    table = Table(frame, dimensions="area", counts=("before", "after"), derived={"change": ("before", "after")})
    assert release(table, EXACT).frame["change"].to_list() == [None, -1.0]


def test_a_missing_count_cannot_vouch_for_what_is_derived_from_it() -> None:
    shown = release(areas([100, None], [None, 50]), EXACT).frame
    assert shown["smoothed"].to_list() == [None, None]
    assert shown["people"].to_list() == [100, None]


def test_unshown_counts_decide_and_stay_inside() -> None:
    frame = pl.DataFrame({"area": ["A", "B"], "cases": [2, 20], "smoothed": [0.1, 0.2]})
    table = Table(frame, dimensions="area", derived={"smoothed": "cases"}, unshown=("cases",))
    assert release(table, EXACT).frame.rows() == [("A", None), ("B", 0.2)]


def test_totals_are_rounded_on_their_own() -> None:
    frame = pl.DataFrame({"area": ["A", "B", "all"], "cases": [7, 7, 14]})
    assert release(Table(frame, dimensions="area", counts="cases"), ROUNDED).frame["cases"].to_list() == [5, 5, 15]


def test_suppressed_cells_are_counted_by_column() -> None:
    released = release(areas([100, 3, 100], [3, 0, 100]), EXACT)
    assert dict(released.suppressed) == {"cases": 3, "people": 1, "smoothed": 3}


def test_columns_keep_their_order_and_the_input_is_untouched() -> None:
    table = areas([100], [1])
    before = table.frame.clone()
    assert release(table, ROUNDED).frame.columns == before.columns
    assert table.frame.equals(before)


def test_a_released_frame_cannot_be_changed_from_outside() -> None:
    released = release(areas([100], [50]), EXACT)
    released.frame[0, "cases"] = 3
    assert released.frame["cases"].to_list() == [50]


def test_rows_are_found_by_what_columns_have_and_cannot_be_changed() -> None:
    frame = pl.DataFrame({"group": ["b", "a", "b"], "part": ["x", "x", "y"], "n": [10, 20, 3]})
    shown = release(
        Table(frame, dimensions=("group", "part"), counts=("n",)), Disclosure(rounding=1, protection="suppression")
    )
    assert [row["n"] for row in shown.rows(group="b")] == [10, None]
    assert [row["group"] for row in shown.rows(part="x", group="a")] == ["a"]
    assert [*shown.rows()] == shown.frame.to_dicts()
    assert not shown.rows(group="c")
    with pytest.raises(TypeError):
        shown.rows(group="a")[0]["n"] = 21  # type: ignore[index]


def test_several_tables_come_back_in_the_shape_they_went_in() -> None:
    table = areas([100], [50])
    named = release({"first": table, "second": table}, ROUNDED)
    assert list(named) == ["first", "second"]
    assert all(isinstance(one, Released) for one in (*named.values(), *release((table, table), ROUNDED)))


def test_nobody_but_release_makes_a_released_table() -> None:
    honest = release(areas([100], [50]), ROUNDED)
    with pytest.raises(DisclosureError, match="pass the frame through release"):
        Released(honest.frame, honest.suppressed, honest.disclosure, honest.roles, object())


def test_a_table_without_counts_passes_as_it_is() -> None:
    frame = pl.DataFrame({"threshold": [0.1, 0.2], "net_benefit": [0.01, 0.005]})
    table = Table(frame, dimensions="threshold", public=("net_benefit",))
    assert release(table, ROUNDED).frame.equals(frame)
    assert dict(release(table, ROUNDED).suppressed) == {}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_rule_is_said_in_both_languages(preset: str) -> None:
    rule = PRESETS[preset].rule
    assert set(rule) == {"en", "sv"}
    assert rule["en"] != rule["sv"]
    assert "{" not in rule["en"] + rule["sv"]


def test_the_rule_says_what_the_settings_do() -> None:
    rule = Disclosure(min_count=10, rounding=1, protection="none").rule
    assert rule["en"].startswith("Counts from 1 to 9 are withheld")
    assert rule["sv"].startswith("Antal från 1 till 9 visas inte")
    assert "rounded" not in rule["en"]
    assert Disclosure(min_count=1, rounding=1, protection="none").rule["en"] == "No small counts are protected."


def test_an_empty_table_stays_empty() -> None:
    released = release(areas([], []), ROUNDED)
    assert released.frame.height == 0
    assert set(released.suppressed.values()) == {0}


def visits(persons: list[int], index_dates: list[int], outcomes: list[int], cases: list[int]) -> Table:
    frame = pl.DataFrame(
        {
            "area": [f"A{row}" for row in range(len(persons))],
            "index_dates": index_dates,
            "persons": persons,
            "outcomes": outcomes,
            "cases": cases,
            "rate": [a / b for a, b in zip(outcomes, index_dates, strict=True)],
        }
    )
    return Table(
        frame,
        dimensions=("area",),
        counts=("index_dates", "outcomes"),
        denominators={"outcomes": "index_dates"},
        derived={"rate": Ratio("outcomes", "index_dates")},
        persons={"index_dates": "persons", "outcomes": "cases"},
    )


def test_many_index_dates_of_few_persons_are_withheld() -> None:
    shown = release(visits([4, 50], [12, 90], [6, 12], [3, 5]), EXACT).frame
    assert shown.columns == ["area", "index_dates", "outcomes", "rate"]
    assert shown.rows() == [("A0", None, None, None), ("A1", 90, 12, 0.133)]


def test_many_outcomes_of_few_persons_are_withheld() -> None:
    assert release(visits([50], [90], [12], [4]), EXACT).frame.rows() == [("A0", 90, None, None)]


def test_few_persons_beside_the_outcomes_are_protected_though_their_index_dates_are_many() -> None:
    assert release(visits([50], [90], [60], [46]), EXACT).frame["outcomes"].to_list() == [None]
    assert release(visits([50], [90], [60], [45]), EXACT).frame["outcomes"].to_list() == [60]


def test_a_count_that_is_large_is_not_shown_as_its_rounded_value_where_persons_are_few() -> None:
    shown = release(visits([4], [40], [0], [0]), replace(PRESETS["midpoint6"], protection="none")).frame
    assert shown["index_dates"].to_list() == [None]


def test_quotients_have_three_figures() -> None:
    frame = pl.DataFrame({"area": ["A"], "people": [997], "cases": [123], "rate": [123 / 997]})
    table = Table(frame, dimensions="area", counts=("people", "cases"), derived={"rate": Ratio("cases", "people")})
    assert release(table, EXACT).frame["rate"].to_list() == [0.123]


def test_sums_between_tables_are_checked_when_they_are_released_together() -> None:
    areas = pl.DataFrame({"area": ["A", "B"], "people": [10, 20]})
    parts = Table(
        areas, dimensions="area", counts="people", sums=[Sum(count="people", total_table="total", total_column="all")]
    )
    right, wrong = (
        Table(pl.DataFrame({"scope": ["all"], "all": [n]}), dimensions="scope", counts="all") for n in (30, 31)
    )
    assert set(release({"areas": parts, "total": right}, ROUNDED)) == {"areas", "total"}
    assert set(release({"areas": parts}, ROUNDED)) == {"areas"}
    with pytest.raises(UsageError, match=r"areas\.people: 1 total of total"):
        release({"areas": parts, "total": wrong}, ROUNDED)


def test_every_shown_column_says_its_role() -> None:
    assert dict(release(areas([100], [50]), ROUNDED).roles) == {
        "area": "dimension",
        "people": "denominator",
        "cases": "count",
        "smoothed": "derived",
        "threshold": "public",
    }
