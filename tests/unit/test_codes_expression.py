"""What a code expression means, read as an epidemiologist reads it."""

import pytest

from riskstrat.codes import CodeExpression
from riskstrat.codes.expression import bare, parse
from riskstrat.errors import UsageError

HEART = ["I199", "I20", "I20.0", "I219", "I21.9", "i252", "I259X", "I26", "I2", "G45-P", "G459", "S7200"]


@pytest.mark.parametrize(
    ("expression", "matched"),
    [
        ("I20-I25", ["I20", "I20.0", "I21.9", "I219", "I259X", "i252"]),
        ("I20 – I25", ["I20", "I20.0", "I21.9", "I219", "I259X", "i252"]),
        ("i20.-i25", ["I20", "I20.0", "I21.9", "I219", "I259X", "i252"]),
        ("I20-I25, not I252", ["I20", "I20.0", "I21.9", "I219", "I259X"]),
        ("I20-I25, -I25.2", ["I20", "I20.0", "I21.9", "I219", "I259X"]),
        ("G45", ["G45-P", "G459"]),
        ("G45-P", ["G45-P", "G459"]),
        ("S72.0-S72.2", ["S7200"]),
        ("I", ["I199", "I2", "I20", "I20.0", "I21.9", "I219", "I259X", "I26", "i252"]),
        ("I219X", []),
        ("G00-I26", ["G45-P", "G459", "I199", "I20", "I20.0", "I21.9", "I219", "I259X", "I26", "i252"]),
        ("any, not I", ["G45-P", "G459", "S7200"]),
        ("*", sorted(HEART)),
    ],
)
def test_prefix_matching(expression: str, matched: list[str]):
    assert parse(expression).matching(HEART, prefix=True) == matched


@pytest.mark.parametrize(
    ("expression", "matched"),
    [
        ("home_care", ["home_care"]),
        ("home_care, safety_alarm", ["home_care", "safety_alarm"]),
        ("home", []),
        ("*", ["a, b", "home_care", "home_care_extended", "safety_alarm", "ward 5  "]),
        ('any, not safety_alarm, not "a, b"', ["home_care", "home_care_extended", "ward 5  "]),
        ('"ward 5", not home_care', ["ward 5  "]),
        ('any, not "ward 5"', ["a, b", "home_care", "home_care_extended", "safety_alarm"]),
        ('"a, b"', ["a, b"]),
    ],
)
def test_exact_matching(expression: str, matched: list[str]):
    codes = ["home_care_extended", "safety_alarm", "home_care", "home_care", "ward 5  ", "a, b", None]
    assert parse(expression).matching(codes, prefix=False) == matched


def test_atc_groups_and_procedures_match_by_prefix():
    codes = ["C10AA05", "C10AX09", "C09CA01", "JDF11", "JDF97", "JDG00"]
    assert parse("C10AA, C07-C09").matching(codes, prefix=True) == ["C09CA01", "C10AA05"]
    assert parse("JDF10-JDF98").matching(codes, prefix=True) == ["JDF11", "JDF97"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("G45,I20-I25", "i20.-I25 ,  g45"),
        ("I21, not I219", "not I21.9, I21.-"),
        ("any, I20", "*"),
        ("I10, I10", "I10-P"),
    ],
)
def test_the_same_codes_written_differently_are_equal(one: str, other: str):
    assert parse(one) == parse(other)
    assert hash(parse(one)) == hash(parse(other))
    assert str(parse(one)) == str(parse(other))


@pytest.mark.parametrize("prefix", [True, False])
@pytest.mark.parametrize("written", ["Z 99", "Z99 ", " z99.", "Z99"])
def test_a_code_is_named_as_a_register_writes_it(written: str, prefix: bool):
    assert parse(f'"{written}"').matching([written, "Z98"], prefix=prefix) == [written]


@pytest.mark.parametrize(
    "expression",
    ["I20-I25, G45, not I252", "home_care, safety_alarm", "*", "any, not W19"]
    + [f'"{code}"' for code in ("a b", "a, b", "any", "*", "not a", "-a", "I10-I20")],
)
def test_the_canonical_form_reads_back(expression: str):
    assert parse(str(parse(expression))) == parse(expression)


def test_case_of_names_is_kept():
    assert parse("systolic_mmHg").matching(["systolic_mmhg", "systolic_mmHg"], prefix=False) == ["systolic_mmHg"]


@pytest.mark.parametrize(
    "part", ["I25-I20", "I20-25", "I20-I259", "I20 I25", "I21*", "not not I20", "two words", "I21%", "not", '"a', '" "']
)
def test_a_bad_part_is_refused(part: str):
    with pytest.raises(UsageError, match="expected"):
        parse(part)


def test_all_bad_parts_are_named_at_once():
    with pytest.raises(UsageError) as refused:
        parse("I25-I20, G45, two words, I21*")
    assert len(refused.value.problems) == 3
    for part in ("I25-I20", "two words", "I21*"):
        assert part in str(refused.value)
    assert "G45" not in str(refused.value)


@pytest.mark.parametrize("expression", ["", " , ", "not I69", "I60, not *"])
def test_an_expression_that_includes_nothing_is_refused(expression: str):
    with pytest.raises(UsageError, match="includes nothing"):
        parse(expression)


def test_a_range_means_nothing_where_codes_match_exactly():
    with pytest.raises(UsageError, match="I20-I25") as refused:
        parse("I20-I25, not I21-I22, home_care").matching(["home_care"], prefix=False)
    assert len(refused.value.problems) == 2


def test_parts_without_any_code_are_named():
    expression = parse("I20-I25, G45, E10")
    assert expression.unmatched(["I219", "E119"], prefix=True) == ("E10", "G45")
    assert expression.unmatched(["I219", "E109", "G45"], prefix=True) == ()


def test_expressions_are_frozen_values():
    expression = parse("I21")
    with pytest.raises(AttributeError):
        expression.included = ()  # type: ignore[misc]
    assert {expression: 1}[parse("i21")] == 1
    assert isinstance(expression, CodeExpression)


@pytest.mark.parametrize(
    ("written", "compared"),
    [("i21.9", "I219"), (" J45-P ", "J45"), ("F00*", "F00"), ("G30+", "G30"), ("I10.-", "I10"), ("412,01", "41201")],
)
def test_one_spelling_is_compared(written: str, compared: str):
    assert bare(written) == compared
