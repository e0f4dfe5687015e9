"""Groups are numbered in the order in which polars sorts their labels, of any type, missing ones among them."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from riskstrat.numerics.groups import number_groups

ROWS = 300
random = np.random.default_rng(7)


def of(values: list[object], dtype: pl.DataType | type[pl.DataType]) -> pl.Series:
    return pl.Series("label", values, dtype=dtype)


def drawn(low: int, high: int) -> list[int]:
    return [int(value) for value in random.integers(low, high, ROWS)]


LABELS = {
    "small whole numbers": of(drawn(-5, 5), pl.Int64),
    "whole numbers far apart": of(drawn(-(2**62), 2**62), pl.Int64),
    "numbers above 64 signed bits": of([value + 2**63 for value in drawn(0, 9)], pl.UInt64),
    "short numbers": of(drawn(0, 255), pl.UInt8),
    "fractions": of([value / 3 for value in drawn(0, 9)], pl.Float64),
    "not a number": of([float("nan") if value == 3 else float(value) for value in drawn(0, 5)], pl.Float64),
    "booleans": of([value > 0 for value in drawn(0, 2)], pl.Boolean),
    "text": of([f"å{value}" for value in drawn(0, 30)], pl.String),
    "an enum against the alphabet": of(
        [f"z{value}" for value in drawn(0, 9)], pl.Enum([f"z{9 - i}" for i in range(10)])
    ),
    "dates": of([date(2020, 1, 1 + value) for value in drawn(0, 28)], pl.Date),
    "times": of([datetime(2020, 1, 1 + value, tzinfo=UTC) for value in drawn(0, 28)], pl.Datetime("us", "UTC")),
    "nothing known": of([None] * ROWS, pl.Int64),
}


def expected(labels: pl.DataFrame) -> tuple[list[int], pl.DataFrame]:
    groups = labels.unique().sort(labels.columns)
    number = {row: at for at, row in enumerate(map(repr, groups.iter_rows()))}
    return [number[repr(row)] for row in labels.iter_rows()], groups


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", LABELS)
def test_one_column(name: str, missing: bool) -> None:
    labels = LABELS[name].to_frame()
    if missing:
        labels = labels.with_columns(label=pl.when(pl.Series(random.random(ROWS) > 0.1)).then("label"))
    numbers, groups = number_groups(labels["label"], ROWS)
    assert (numbers.tolist(), groups.rows().__repr__()) == (expected(labels)[0], expected(labels)[1].rows().__repr__())


def test_columns_that_cross() -> None:
    names = list(LABELS)
    for _ in range(30):
        chosen = random.permutation(names)[: random.integers(2, 5)]
        labels = pl.DataFrame([LABELS[name].alias(name) for name in chosen])
        numbers, groups = number_groups(labels, ROWS)
        assert numbers.tolist() == expected(labels)[0]
        assert repr(groups.rows()) == repr(expected(labels)[1].rows())


def test_no_rows() -> None:
    numbers, groups = number_groups(pl.Series([], dtype=pl.Int64), 0)
    assert (len(numbers), groups.height) == (0, 0)
