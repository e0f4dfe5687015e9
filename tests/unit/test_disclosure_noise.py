"""Noise of count tables: of the persons behind a cell, the same wherever they are counted, and of nothing else."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskstrat.disclosure import PRESETS, CellNoise, Disclosure, Ratio, Table, release
from riskstrat.disclosure.cell_keys import person_keys, sum_keys
from riskstrat.errors import DisclosureError, UsageError

NOISE = CellNoise(b"the secret of these tests")
NOISY = Disclosure(min_count=5, rounding=1)
EVERY_COUNT = Disclosure(min_count=1, rounding=1)


def cells(sizes: list[int], *, first: int = 0) -> tuple[pl.DataFrame, np.ndarray]:
    """Give groups of persons with running numbers, and the persons."""
    cell = np.repeat(np.arange(len(sizes)), sizes)
    persons = np.arange(first, first + len(cell))
    keys = sum_keys(person_keys(persons), cell, len(sizes))
    frame = pl.DataFrame({"group": [f"G{row:03}" for row in range(len(sizes))], "people": sizes, "key": keys})
    return frame, persons


def shown(frame: pl.DataFrame, rule: Disclosure = EVERY_COUNT) -> list[int | None]:
    table = Table(frame, dimensions="group", counts="people", keys={"people": "key"} if "key" in frame.columns else {})
    return release(table, rule, NOISE).frame["people"].to_list()


def test_noise_is_unbiased_of_variance_two_and_its_ends_are_hardly_reached() -> None:
    frame, _ = cells([30] * 2000)
    noise = np.array(shown(frame)) - 30
    assert np.abs(noise).max() <= NOISE.width
    assert abs(noise.mean()) < 4 * (NOISE.variance / 2000) ** 0.5
    assert noise.var() == pytest.approx(NOISE.variance, rel=0.15)
    assert NOISE.variance == pytest.approx(2, abs=0.01)
    assert NOISE.probability[0] < 1e-4


def test_whoever_comes_to_the_whole_gives_its_parts_fresh_noise() -> None:
    """Else noise that changes would tell that the newcomer is counted in the part."""
    parts, _ = cells([30] * 200)
    more = pl.Series(person_keys(np.arange(10_000, 10_200)))
    found = []
    for people, key in ((100, parts["key"]), (101, parts["key"] + more)):
        frame = parts.rename({"people": "cases"}).with_columns(people=pl.lit(people), whole=key)
        table = Table(
            frame,
            dimensions="group",
            counts="cases",
            denominators={"cases": "people"},
            keys={"cases": "key", "people": "whole"},
        )
        found.append(np.array(release(table, EVERY_COUNT, NOISE).frame["cases"].to_list()))
    assert (found[0] != found[1]).mean() > 0.7


def test_the_same_persons_have_the_same_noise_in_every_table() -> None:
    frame, _ = cells([30] * 100)
    renamed = frame.with_columns(pl.col("group").str.replace("G", "other "))
    assert shown(frame) == shown(renamed)


def test_one_person_more_gives_fresh_noise() -> None:
    before, _ = cells([30] * 200)
    rest = np.arange(10_000, 10_200)
    after = before.with_columns(people=pl.col("people") + 1, key=before["key"] + pl.Series(person_keys(rest)))
    moved = np.array(shown(after)) - np.array(shown(before))
    assert moved.var() == pytest.approx(2 * NOISE.variance, rel=0.4)
    assert moved.mean() == pytest.approx(1, abs=0.5)


def test_other_persons_in_cells_of_the_same_size_and_name_have_other_noise() -> None:
    first, _ = cells([30] * 100)
    second, _ = cells([30] * 100, first=50_000)
    assert shown(first) != shown(second)


def test_counts_without_keys_have_noise_of_their_labels_and_value() -> None:
    frame = pl.DataFrame({"group": [f"G{row}" for row in range(200)], "people": [30] * 200})
    assert set(np.array(shown(frame)) - 30) >= {-2, -1, 0, 1, 2}
    assert shown(frame) == shown(frame)
    moved = np.array(shown(frame.with_columns(people=pl.lit(31)))) - np.array(shown(frame))
    assert moved.var() == pytest.approx(2 * NOISE.variance, rel=0.4)


def test_another_secret_gives_other_noise() -> None:
    frame, _ = cells([30] * 100)
    table = Table(frame, dimensions="group", counts="people", keys={"people": "key"})
    other = CellNoise(b"another secret of tests")
    assert not release(table, EVERY_COUNT, NOISE).frame.equals(release(table, EVERY_COUNT, other).frame)


def test_behind_every_shown_count_at_least_five_counts_are_possible() -> None:
    sizes = [size for size in range(20) for _ in range(200)]
    frame, _ = cells(sizes)
    for rule in (EVERY_COUNT, NOISY, Disclosure(min_count=3, rounding=1)):
        truths: dict[int | None, set[int]] = {}
        for truth, value in zip(sizes, shown(frame, rule), strict=True):
            truths.setdefault(value, set()).add(truth)
        assert all(len(possible) >= 5 for value, possible in truths.items() if value is None or value <= 10)


def test_whether_a_cell_is_shown_is_decided_on_its_count_with_noise() -> None:
    frame, _ = cells([4] * 200 + [5] * 200)
    assert shown(frame, NOISY) == [value if value is not None and value >= 5 else None for value in shown(frame)]


def test_the_persons_behind_index_dates_have_noise_too() -> None:
    frame, _ = cells([4] * 100)
    visits = frame.rename({"people": "persons", "key": "person_key"}).with_columns(visits=pl.lit(50))
    table = Table(
        visits,
        dimensions="group",
        counts="visits",
        persons={"visits": "persons"},
        keys={"persons": "person_key"},
    )
    hidden = release(table, NOISY, NOISE).frame["visits"].is_null().to_list()
    assert hidden == [value is None or value < 5 for value in shown(frame)]


def test_keys_are_never_shown() -> None:
    frame, _ = cells([30])
    table = Table(frame, dimensions="group", counts="people", keys={"people": "key"})
    assert release(table, NOISY, NOISE).frame.columns == ["group", "people"]


def test_counts_that_carry_noise_get_no_more() -> None:
    frame = pl.DataFrame({"group": ["A", "B"], "people": [100, 50], "cases": [7, 52]})
    table = Table(
        frame,
        dimensions="group",
        counts=("people", "cases"),
        denominators={"cases": "people"},
        protected=("people", "cases"),
    )
    assert release(table, EVERY_COUNT, NOISE).frame.equals(frame)


def test_totals_carry_their_own_noise_and_the_rule_says_so() -> None:
    parts, persons = cells([30] * 40)
    key = sum_keys(person_keys(persons), np.zeros(len(persons), dtype=int), 1)
    total = pl.DataFrame({"group": ["all"], "people": [1200], "key": key})
    assert abs(shown(total)[0] - 1200) <= NOISE.width
    assert sum(shown(parts)) != shown(total)[0]
    assert "sums need not be exact" in EVERY_COUNT.rule["en"]
    assert "summor behöver inte stämma exakt" in EVERY_COUNT.rule["sv"]


def test_quotients_are_computed_from_what_is_shown() -> None:
    frame, _ = cells([230])
    table = Table(
        frame.with_columns(cases=pl.lit(61), share=pl.lit(61 / 230)),
        dimensions="group",
        counts=("people", "cases"),
        derived={"share": Ratio("cases", "people")},
        keys={"people": "key"},
    )
    row = release(table, Disclosure(), NOISE).frame.row(0, named=True)
    assert row["share"] == float(f"{row['cases'] / row['people']:.3g}")
    assert (row["people"] % 5, row["cases"] % 5) == (0, 0)


def test_without_a_secret_nothing_is_released_under_a_rule_with_noise() -> None:
    frame, _ = cells([30])
    table = Table(frame, dimensions="group", counts="people", keys={"people": "key"})
    with pytest.raises(DisclosureError, match=r"no secret.*give CellNoise"):
        release(table)
    assert release(table, PRESETS["none"]).frame["people"].to_list() == [30]


def test_the_noise_is_as_wide_as_the_rule_says_whatever_the_study_had() -> None:
    frame, _ = cells([30] * 200)
    table = Table(frame, dimensions="group", counts="people", keys={"people": "key"})
    narrow = CellNoise(NOISE.secret, width=0)
    assert release(table, EVERY_COUNT, narrow).frame.equals(release(table, EVERY_COUNT, NOISE).frame)


def test_the_rule_says_that_zeros_are_among_what_is_withheld() -> None:
    assert NOISY.rule["en"].startswith("Counts from 0 to 4 are withheld")
    assert "Zeros" not in NOISY.rule["en"]
    assert "mostly by at most 2 and never by more than 6" in NOISY.rule["en"]
    assert "random" not in Disclosure(protection="suppression").rule["en"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"people": "text"}, "text: cell keys of type String"),
        ({"group": "key"}, "key: cell keys of type UInt64 for group"),
        ({"people": "no"}, "no: no such column"),
    ],
)
def test_keys_that_are_none_are_refused(keys: dict[str, str], said: str) -> None:
    frame, _ = cells([30])
    named = [name for name in keys.values() if name in {"key", "text"}]
    frame = frame.with_columns(text=pl.lit("x")).select("group", "people", *named)
    with pytest.raises(UsageError, match=said):
        Table(frame, dimensions="group", counts="people", keys=keys)
