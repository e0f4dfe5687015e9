"""Matching agrees with a reading of expressions so plain that it cannot be wrong."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.codes.expression import EVERY_CODE, Span, combine, parse

categories = st.builds(lambda letter, number: f"{letter}{number:02d}", st.sampled_from("EIW"), st.integers(0, 29))
suffixes = st.sampled_from(["", "0", "9", "1X", "B"])
codes = st.builds("{}{}".format, categories, suffixes)
spellings = st.sampled_from([str, str.lower, lambda c: f"{c[:3]}.{c[3:]}", lambda c: f" {c}", lambda c: f"{c}-P"])
written_codes = st.builds(lambda code, spell: (code, spell(code)), codes, spellings)
singles = codes.map(lambda code: (code, code))
ranges = st.tuples(categories, categories).map(lambda pair: (min(pair), max(pair)))
parts = st.lists(st.one_of(singles, ranges), min_size=1, max_size=4)


def every_prefix(low: str, high: str) -> set[str]:
    """Write out a range category by category."""
    if low == high:
        return {low}
    every = [f"{letter}{number:02d}" for letter in "EFGHIJKLMNOPQRSTUVW" for number in range(100)]
    return set(every[every.index(low) : every.index(high) + 1])


def is_under(code: str, spans: list[tuple[str, str]]) -> bool:
    return any(code.startswith(prefix) for low, high in spans for prefix in every_prefix(low, high))


def written(spans: list[tuple[str, str]], before: str = "") -> list[str]:
    return [f"{before}{low}" if low == high else f"{before}{low}-{high}" for low, high in spans]


@settings(deadline=None)
@given(included=parts, excluded=st.one_of(st.just([]), parts), table=st.lists(written_codes, max_size=30))
def test_matching_agrees_with_brute_force(
    included: list[tuple[str, str]], excluded: list[tuple[str, str]], table: list[tuple[str, str]]
):
    expression = parse(", ".join(written(included) + written(excluded, "not ")))
    expected = {spelt for code, spelt in table if is_under(code, included) and not is_under(code, excluded)}
    assert expression.matching([spelt for _, spelt in table], prefix=True) == sorted(expected)


@settings(deadline=None)
@given(included=parts, table=st.lists(codes, max_size=30))
def test_unmatched_parts_are_those_that_alone_match_nothing(included: list[tuple[str, str]], table: list[str]):
    alone = {str(parse(part)) for part in written(included) if not parse(part).matching(table, prefix=True)}
    assert set(parse(", ".join(written(included))).unmatched(table, prefix=True)) == alone


@settings(deadline=None)
@given(spans=parts, order=st.randoms())
def test_order_and_repetition_do_not_matter(spans: list[tuple[str, str]], order: Random):
    shuffled = spans * 2
    order.shuffle(shuffled)
    one, other = parse(", ".join(written(spans))), parse(", ".join(written(shuffled)))
    assert one == other
    assert parse(str(one)) == one


names = st.from_regex(r"[a-z]{4,8}(_[a-z]{1,5})?", fullmatch=True).filter(lambda name: name != "any")


@settings(deadline=None)
@given(wanted=st.lists(names, min_size=1, max_size=4), table=st.lists(names, max_size=10))
def test_exact_matching_is_membership(wanted: list[str], table: list[str]):
    assert parse(", ".join(wanted)).matching(wanted + table, prefix=False) == sorted(
        set(wanted) | (set(table) & set(wanted))
    )
    assert parse(", ".join(wanted)).matching(table, prefix=False) == sorted(set(table) & set(wanted))


@settings(deadline=None)
@given(table=st.lists(st.text(max_size=6), max_size=10))
def test_every_code_is_every_code_and_strange_ones_do_no_harm(table: list[str]):
    assert parse("*").matching(table, prefix=True) == sorted(set(table))
    assert parse("*").matching(table, prefix=False) == sorted(set(table))
    assert combine([Span("I21", "I21"), EVERY_CODE]) == parse("*")
