"""Sentences made from numbers, word for word: one, none, many and withheld."""

from datetime import date

import polars as pl
import pytest

from riskstrat import conditions
from riskstrat.declare import Settings
from riskstrat.disclosure import Disclosure, Ratio, Table
from riskstrat.figures import Language
from riskstrat.publication.composition import publish_tables
from riskstrat.publication.published import Facts, SourceFacts
from riskstrat.reports.context import ReportContext, report_context
from riskstrat.reports.first_screen import areas_sentence, averted_sentence, expected_sentence
from riskstrat.reports.focus import Reasons, reasons_sentence
from riskstrat.reports.grade import grade_of
from riskstrat.reports.situation import unmeasured

NBSP = "\N{NO-BREAK SPACE}"
CLASSES = {"higher": "clearly higher", "uncertain": "uncertain", "lower": "clearly lower"}
RULE = Disclosure(rounding=1)


def areas_of(**counts: int) -> Table:
    """So many areas of each class; ``withheld`` ones have a case too few."""
    kinds = [(kind, 50) for name, kind in CLASSES.items() for _ in range(counts.get(name, 0))]
    kinds += [("uncertain", 2)] * counts.get("withheld", 0)
    frame = pl.DataFrame(
        [(f"{i:03d}", kind, cases) for i, (kind, cases) in enumerate(kinds)],
        schema=["area_id", "class", "cases"],
        orient="row",
    )
    return Table(frame, dimensions=("area_id",), counts=("cases",), derived={"class": "cases"})


def total_of(people: int, cases: float, lower: float | None, upper: float | None) -> Table:
    columns = {"expected_cases": cases, "count_lower": lower, "count_upper": upper, "lower": lower, "upper": upper}
    frame = pl.DataFrame({"scope": ["all"], "people": [people], "cases": [100], **{k: [v] for k, v in columns.items()}})
    frame = frame.with_columns(pl.col(list(columns)).cast(pl.Float64))
    derived = dict.fromkeys(columns, ("people", "cases"))
    return Table(frame, dimensions=("scope",), counts=("people", "cases"), derived=derived)


def plan_of(averted: float, lower: float, upper: float, chosen: int, cases: int = 100) -> dict[str, Table]:
    summary = pl.DataFrame(
        {"metric": ["averted"], "estimate": [averted], "lower": [lower], "upper": [upper], "cases": [cases]}
    )
    selected = pl.DataFrame({"area_id": [f"{i:03d}" for i in range(chosen)]})
    derived = dict.fromkeys(("estimate", "lower", "upper"), "cases")
    return {
        "plan_summary": Table(summary, dimensions=("metric",), unshown=("cases",), derived=derived),
        "plan_selected": Table(selected, dimensions=("area_id",)),
    }


def context(language: Language = "sv", condition: str = "childhood_obesity", **tables: Table) -> ReportContext:
    facts = Facts(
        condition=conditions.load(condition),
        settings=Settings(),
        as_of=date(2024, 1, 1),
        version="0.1.0",
        digest="d",
        model_digest="m",
        omissions=(),
        chosen="Logistic",
        source=SourceFacts(name="Modellstad", fingerprint="f", data_end=date(2023, 12, 31)),
    )
    return report_context(publish_tables(facts, tables, RULE), language)


def test_how_many_are_expected():
    told = context(total=total_of(1287, 39.2, 27, 54))
    assert expected_sentence(told) == (
        f"Av 1{NBSP}287 barn som fyllt 18 månader det senaste året väntas 39 (27–54) ha obesitas vid fyra års ålder."
    )
    english = context("en", total=total_of(1287, 39.2, 27, 54))
    assert expected_sentence(english) == (
        "Of 1,287 children who turned 18 months in the last year, 39 (27–54) are expected to have obesity at the age "
        "of four."
    )


def test_a_large_number_is_rounded_to_what_its_interval_carries():
    told = expected_sentence(context(condition="frailty", total=total_of(12215, 2143.4, 2041, 2238)))
    assert f"väntas 2{NBSP}140 (2{NBSP}040–2{NBSP}240) råka ut för" in told


def test_without_areas_no_interval_is_claimed():
    assert "väntas 39 ha obesitas" in expected_sentence(context(total=total_of(1287, 39.2, None, None)))


def test_a_number_that_is_withheld_is_said_to_be():
    assert (
        expected_sentence(context()) == "Antalet som väntas ha obesitas vid fyra års ålder är för litet för att visas."
    )


@pytest.mark.parametrize(
    ("counts", "language", "told"),
    [
        (
            {"higher": 7, "uncertain": 31, "lower": 13},
            "sv",
            "I sju områden är risken tydligt högre än i kommunen; i 31 går det inte att säga.",
        ),
        (
            {"higher": 7, "uncertain": 31, "lower": 13},
            "en",
            "In seven areas the risk is clearly higher than in the municipality; in 31 we cannot say.",
        ),
        (
            {"higher": 1, "uncertain": 1, "withheld": 1},
            "sv",
            ("I ett område är risken tydligt högre än i kommunen; i ett går det inte att säga. "
             "Ett område har för få fall för att visas."),
        ),
        (
            {"higher": 1, "uncertain": 1, "withheld": 1},
            "en",
            ("In one area the risk is clearly higher than in the municipality; in one we cannot say. "
             "One area has too few cases to show."),
        ),
        (
            {"uncertain": 12, "withheld": 27},
            "sv",
            ("I inget område är risken tydligt högre än i kommunen; i tolv går det inte att säga. "
             "27 områden har för få fall för att visas."),
        ),
        (
            {"higher": 2, "lower": 2},
            "sv",
            ("I två områden är risken tydligt högre än i kommunen; "
             "för alla områden som visas är det tydligt om risken är högre eller lägre."),
        ),
    ],
)  # fmt: skip
def test_in_how_many_areas(counts: dict[str, int], language: Language, told: str):
    assert areas_sentence(context(language, areas=areas_of(**counts))) == told


def test_what_the_budget_averts_is_told_as_small_as_it_is():
    told = averted_sentence(context(total=total_of(1287, 39, 27, 54), **plan_of(1.43, 0.52, 2.61, chosen=11)))
    assert told == (
        f"Med 2{NBSP}miljoner kronor till familjecentraler med utökade hembesök från barnhälsovården i elva områden "
        "undviks uppskattningsvis 1,4 (0,5–2,6) fall av obesitas. Av 100 väntade fall undviks ungefär 4."
    )
    less = averted_sentence(context(total=total_of(1287, 39, 27, 54), **plan_of(0.4, 0.1, 0.9, chosen=1)))
    assert less.endswith("i ett område undviks uppskattningsvis 0,4 (0,1–0,9) fall av obesitas. "
                         "Räkna alltså med mindre än ett helt fall.")  # fmt: skip
    few = averted_sentence(context(total=total_of(9000, 2000, 1900, 2100), **plan_of(4.5, 1.9, 7.4, chosen=3)))
    assert few.endswith("Av 100 väntade fall undviks mindre än ett.")


def test_a_plan_that_is_withheld_gives_no_number():
    told = averted_sentence(context(total=total_of(1287, 39, 27, 54), **plan_of(1.43, 0.5, 2.6, chosen=2, cases=3)))
    assert told.endswith("skulle ge är för få fall för att visas.")
    assert "1,4" not in told


def test_without_a_plan_nothing_is_said_of_a_budget():
    assert averted_sentence(context()) == (
        "Någon insats är inte angiven, så rapporten säger inget om vad en budget skulle ge."
    )


def test_why_here_in_one_area():
    reasons = Reasons("1", "Norr", {"age_sex": -0.3, "living_conditions": 2.6, "unexplained": 0.5}, (0.5, -0.5, 1.6))
    assert reasons_sentence(context(), reasons) == (
        "risken är 2,8 procentenheter högre än i kommunen. Utöver ålder och kön är skillnaden +3,1. "
        "Största kända del: levnadsvillkor (+2,6). Oförklarat av registren: 0,5 (−0,5 till 1,6)."
    )


def test_an_area_that_is_high_only_beyond_age_and_sex_is_told_so():
    reasons = Reasons("1", "Norr", {"age_sex": -1.0, "area": 0.6}, None)
    assert reasons_sentence(context("en"), reasons) == (
        "the risk is 0.4 percentage points lower than in the municipality. Beyond age and sex the difference is +0.6. "
        "Largest known part: conditions of the area (+0.6)."
    )


@pytest.mark.parametrize(
    ("half", "counts", "grade"),
    [
        (0.10, {"higher": 20, "uncertain": 20}, "Ganska säkert"),
        (0.20, {"higher": 20, "uncertain": 20}, "Delvis säkert"),
        (0.10, {"higher": 8, "uncertain": 32}, "Delvis säkert"),
        (0.10, {"higher": 1, "withheld": 39}, "Osäkert"),
        (0.60, {"higher": 20, "uncertain": 20}, "Osäkert"),
    ],
)
def test_the_grade_is_the_worst_of_its_reasons(half: float, counts: dict[str, int], grade: str):
    total = total_of(1000, 100, 100 * (1 - half), 100 * (1 + half))
    found = grade_of(context(total=total, areas=areas_of(**counts)))
    assert found.grade == grade
    assert found.reasons[-1] == "Insatsens effekt är ett antagande, inte något som registren visar."


@pytest.mark.parametrize(
    ("language", "changed", "sentence"),
    [
        ("sv", "uncertain", "Klassen skulle bli en annan i 001. Därför kallar vi den osäker där."),
        ("en", "uncertain", "The class would change in 001. We therefore call it uncertain there."),
        ("sv", "clearly higher", "Inget område skulle byta klass."),
        ("en", "clearly higher", "No area would change its class."),
    ],
)
def test_areas_whose_class_those_not_measured_may_change_are_named(language: Language, changed: str, sentence: str):
    odds = {"class_half_odds": changed, "class_same_odds": "clearly higher", "class_double_odds": "clearly higher"}
    frame = pl.DataFrame(
        {
            "area_id": ["000", "001"],
            "measured": [60, 55],
            "index_dates": [100, 100],
            "cases": [30, 30],
            "measured_share": [0.6, 0.55],
            **{name: ["clearly higher", kind] for name, kind in odds.items()},
        }
    )
    table = Table(
        frame,
        dimensions=("area_id",),
        counts=("measured",),
        denominators={"measured": "index_dates"},
        unshown=("cases",),
        derived={"measured_share": Ratio("measured", "index_dates"), **dict.fromkeys(odds, "cases")},
    )
    shown = context(language, areas=areas_of(higher=2), unmeasured=table)
    assert shown.areas is not None
    told, grid = unmeasured(shown, shown.areas)
    assert told.text.endswith(sentence)
    assert "55" in grid.html


def test_nothing_is_said_of_the_unmeasured_where_nobody_must_be_measured():
    shown = context(areas=areas_of(higher=2))
    assert shown.areas is not None
    assert list(unmeasured(shown, shown.areas)) == []
