"""Numbers as a reader of Swedish or English writes them."""

import pytest

from riskstrat.figures import Numbers

SWEDISH, ENGLISH = Numbers("sv"), Numbers("en")
NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "decimals", "swedish", "english"),
    [
        (0, 0, "0", "0"),
        (-0.4, 0, "0", "0"),
        (1287, 0, f"1{NBSP}287", "1,287"),
        (1234.5, 1, f"1{NBSP}234,5", "1,234.5"),
        (-1234.5, 1, f"−1{NBSP}234,5", "−1,234.5"),
        (1_234_567, -2, f"1{NBSP}234{NBSP}600", "1,234,600"),
    ],
)
def test_decimal_mark_thousands_and_minus(value: float, decimals: int, swedish: str, english: str):
    assert (SWEDISH.number(value, decimals), ENGLISH.number(value, decimals)) == (swedish, english)


@pytest.mark.parametrize(
    ("value", "written"), [(1_234_567.0, "1,234,567"), (0.0123, "0.0123"), (0.1 + 0.2, "0.3"), (7.0, "7"), (0.0, "0")]
)
def test_what_was_declared_keeps_its_decimals(value: float, written: str):
    assert ENGLISH.declared(value) == written


@pytest.mark.parametrize(
    ("value", "lower", "upper", "written"),
    [
        (39.2, 27.3, 54.4, "39 (27–54)"),
        (1.43, 0.52, 2.61, "1,4 (0,5–2,6)"),
        (2.13, 1.58, 2.83, "2,1 (1,6–2,8)"),
        (2143, 2041, 2238, f"2{NBSP}140 (2{NBSP}040–2{NBSP}240)"),
        (0.52, -0.48, 1.64, "0,5 (−0,5 till 1,6)"),
        (1.1411, 1.1153, 1.1694, "1,14 (1,12–1,17)"),
        (0.9312, None, None, "0,93"),
        (3.0, 3.0, 3.0, "3,0 (3,0–3,0)"),
    ],
)
def test_no_decimals_that_the_uncertainty_does_not_carry(
    value: float, lower: float | None, upper: float | None, written: str
):
    assert SWEDISH.interval(value, lower, upper) == written


def test_people_never_have_decimals():
    assert SWEDISH.whole(1.4, 0.5, 2.6) == "1 (0–3)"


def test_per_cent_has_a_space_in_swedish_and_none_in_english():
    assert SWEDISH.percent(0.124, 0.108, 0.142) == f"12,4{NBSP}% (10,8–14,2)"
    assert ENGLISH.percent(0.124, 0.108, 0.142) == "12.4% (10.8–14.2)"
    assert SWEDISH.percent(0.0083) == f"0,83{NBSP}%"


@pytest.mark.parametrize(
    ("amount", "swedish", "english"),
    [
        (1_000_000, f"1{NBSP}miljon kronor", f"1{NBSP}million SEK"),
        (2_000_000, f"2{NBSP}miljoner kronor", f"2{NBSP}million SEK"),
        (1_500_000, f"1,5{NBSP}miljoner kronor", f"1.5{NBSP}million SEK"),
        (12_000, f"12{NBSP}000{NBSP}kronor", f"12,000{NBSP}SEK"),
        (0, f"0{NBSP}kronor", f"0{NBSP}SEK"),
    ],
)
def test_money(amount: float, swedish: str, english: str):
    assert (SWEDISH.sek(amount), ENGLISH.sek(amount)) == (swedish, english)


@pytest.mark.parametrize(
    ("share", "wanted"),
    [
        ((0.15, 0.145, 0.155), ("100", "15 (14–16)")),
        ((0.17, 0.168, 0.177), (f"1{NBSP}000", "170 (168–177)")),
        ((0.01, 0.0095, 0.011), (f"10{NBSP}000", "100 (95–110)")),
        ((0.004, None, None), (f"1{NBSP}000", "4")),
        ((0.0, 0.0, 0.001), (f"10{NBSP}000", "0 (0–10)")),
    ],
)
def test_of_so_many_persons_that_bounds_are_other_numbers(
    share: tuple[float, float | None, float | None], wanted: tuple[str, str]
):
    assert SWEDISH.among_persons(*share) == wanted
