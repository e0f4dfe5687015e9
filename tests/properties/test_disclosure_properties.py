"""What holds for every table: nothing protected is shown, and protected groups cannot be told apart."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.disclosure import PRESETS, Disclosure, Table, release

COUNTS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=12)
RULES = st.one_of(
    st.sampled_from([replace(preset, protection="none") for preset in PRESETS.values()]),
    st.builds(
        Disclosure,
        min_count=st.integers(1, 12),
        rounding=st.sampled_from([1, 5, 10, "midpoint6"]),
        protect_zero=st.booleans(),
        protect_remainder=st.booleans(),
        protection=st.just("none"),
    ),
)


def table(pairs: list[tuple[int, int]]) -> Table:
    frame = pl.DataFrame(
        {
            "group": range(len(pairs)),
            "people": [cases + others for cases, others in pairs],
            "cases": [cases for cases, _ in pairs],
            "rate": [float(cases) for cases, _ in pairs],
        }
    )
    return Table(
        frame, dimensions="group", counts="cases", denominators="people", derived={"rate": ("cases", "people")}
    )


@settings(deadline=None)
@given(COUNTS, RULES)
def test_no_protected_count_is_shown_nor_anything_derived_from_it(
    pairs: list[tuple[int, int]], rule: Disclosure
) -> None:
    shown = release(table(pairs), rule).frame
    for (cases, others), released_cases, rate in zip(pairs, shown["cases"], shown["rate"], strict=True):
        small = 0 < cases < rule.min_count or (cases == 0 and rule.protect_zero and rule.min_count > 1)
        rest = rule.protect_remainder and others < rule.min_count and rule.min_count > 1 and cases + others > 0
        if small and rule.small == "withheld":
            assert released_cases is None
        if small or rest or 0 < cases + others < rule.min_count:
            assert rate is None
        elif cases:
            assert rate == cases


@settings(deadline=None)
@given(st.data(), st.integers(20, 40), RULES.filter(lambda rule: rule.min_count > 2))
def test_protected_counts_cannot_be_told_apart(data: st.DataObject, others: int, rule: Disclosure) -> None:
    """Two tables that differ only in a protected count, same denominator, are released alike."""
    people, first = others + 60, data.draw(st.integers(1, rule.min_count - 2))
    one, other = (release(table([(count, people - count)]), rule).frame for count in (first, first + 1))
    assert one.equals(other)


@settings(deadline=None)
@given(COUNTS, RULES, st.randoms())
def test_groups_are_judged_one_by_one(pairs: list[tuple[int, int]], rule: Disclosure, random: object) -> None:
    """The order of the rows, and so the other rows, changes nothing."""
    whole = table(pairs)
    order = list(range(len(pairs)))
    random.shuffle(order)
    shuffled = Table(
        whole.frame[order], dimensions="group", counts="cases", denominators="people", derived=dict(whole.derived)
    )
    assert release(shuffled, rule).frame.sort("group").equals(release(whole, rule).frame)


@settings(deadline=None)
@given(st.integers(0, 10_000), RULES)
def test_rounding_moves_a_count_by_less_than_its_base(count: int, rule: Disclosure) -> None:
    rounded = pl.select(rule.rounded(pl.lit(count, dtype=pl.Int64))).item()
    base = 6 if rule.rounding == "midpoint6" else int(rule.rounding)
    assert rounded >= 0
    assert abs(rounded - count) <= base // 2
