"""Sentences made from numbers, word for word: one, none, many and withheld."""

import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat import conditions
from riskstrat.declare import Condition, Population
from riskstrat.disclosure import Disclosure, Ratio, Table
from riskstrat.figures import Language
from riskstrat.publication.composition import publish_tables
from riskstrat.publication.published import Facts, SourceFacts
from riskstrat.reports.area_fit import fit_sentences
from riskstrat.reports.assumptions import assumption_rows
from riskstrat.reports.context import ReportContext, report_context
from riskstrat.reports.first_screen import areas_sentence, expected_sentence, plan_sentences
from riskstrat.reports.grade import grade_of
from riskstrat.reports.method import _model, merged_areas
from riskstrat.reports.reasons import Reasons, reasons_sentence
from riskstrat.reports.situation import unmeasured
from riskstrat.reports.tables import group_name

NBSP = "\N{NO-BREAK SPACE}"
CLASSES = {"higher": "clearly higher", "uncertain": "uncertain", "lower": "clearly lower"}
LANGUAGES: tuple[Language, ...] = ("sv", "en")
RULE = Disclosure(rounding=1, protection="none")


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
    rows = [
        ("averted", averted, lower, upper),
        ("cost_per_averted", 1.4e6, 0.8e6, 3.9e6),
        ("break_even", 0.9, 0.8, 1.1),
    ]
    summary = pl.DataFrame(rows, schema=["metric", "estimate", "lower", "upper"], orient="row")
    summary = summary.with_columns(cases=pl.lit(cases))
    selected = pl.DataFrame({"area_id": [f"{i:03d}" for i in range(chosen)]})
    derived = dict.fromkeys(("estimate", "lower", "upper"), "cases")
    return {
        "areas": areas_of(higher=1),
        "plan_summary": Table(summary, dimensions=("metric",), unshown=("cases",), derived=derived),
        "plan_selected": Table(selected, dimensions=("area_id",)),
    }


def context(
    language: Language = "sv", condition: str | Condition = "childhood_obesity", **tables: Table
) -> ReportContext:
    facts = Facts(
        condition=conditions.load(condition) if isinstance(condition, str) else condition,
        budget_sek=2_000_000.0,
        strata=("area_id", "sex"),
        as_of=date(2024, 1, 1),
        version="0.1.0",
        digest="d",
        model_digest="m",
        omissions=(),
        chosen="Logistic",
        source=SourceFacts(name="Modellstad", fingerprint="f", data_end=date(2023, 12, 31)),
    )
    return report_context(publish_tables(facts, tables, RULE, None), language)


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


def test_which_areas_were_merged_and_why():
    rows = [("A", "A+B", "Ek + Al", False), ("B", "A+B", "Ek + Al", False), ("C", "C", "Ask", False)]
    far = [("D", "D+E", "Alm + Asp", True), ("E", "D+E", "Alm + Asp", True)]
    columns = ["area_id", "unit", "name", "across_parents"]
    frame = pl.DataFrame([*rows, *far], schema=columns, orient="row")
    table = Table(frame, dimensions=("area_id",), public=columns[1:])
    why, across = merged_areas(context("en", areas=areas_of(higher=1), partition=table))
    assert why.text == (
        "Some areas are too small to be described on their own: fewer than 20 of the people whom the report covers, or "
        "fewer than 4 expected cases if everybody's risk were the same. They are described together with areas nearby, "
        "whatever occurred there: Alm + Asp; Ek + Al. The export lists every area, in the table partition."
    )
    assert across.text == (
        "These reach across the border between larger areas, because one of those is too small as a whole: Alm + Asp."
    )
    told = [block.text for block in merged_areas(context(areas=areas_of(higher=1), partition=table))]
    assert "oavsett vad som inträffat där: Alm + Asp; Ek + Al" in told[0]
    assert "ett av dem i sin helhet är för litet" in told[1]


def test_nothing_is_told_of_merging_where_every_area_stands_alone():
    columns = ["area_id", "unit", "name", "across_parents"]
    frame = pl.DataFrame([("A", "A", "Ek", False)], schema=columns, orient="row")
    table = Table(frame, dimensions=("area_id",), public=columns[1:])
    assert not list(merged_areas(context(areas=areas_of(higher=1), partition=table)))


def test_children_adults_and_both_have_words_of_their_own():
    everybody = replace(conditions.load("frailty"), population=Population())
    both, old = context(condition=everybody), context(condition="frailty")
    for told, of in (("flickor", context()), ("kvinnor", old), ("kvinnor och flickor", both)):
        assert group_name(of, "sex=female") == told
    assert context().group_value("sex", "other") is None


def test_a_large_number_is_rounded_to_what_its_interval_carries():
    told = expected_sentence(context(condition="frailty", total=total_of(12215, 2143.4, 2041, 2238)))
    assert f"väntas 2{NBSP}140 (2{NBSP}040–2{NBSP}240) drabbas av" in told


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


def averted_told(language: Language = "sv", total: Table | None = None, **plan: float) -> str:
    """What the first screen says of a plan of areas, one of which is clearly high."""
    total = total or total_of(1287, 39, 27, 54)
    return " ".join(plan_sentences(context(language, total=total, **plan_of(**plan))))


ASSUMED = (
    f"Det bygger på antagandet att risken minskar med 20{NBSP}% (5{NBSP}% till 35{NBSP}%) bland dem som fullföljer."
)
COSTS = (
    f"Det kostar 1,4 (0,8–3,9){NBSP}miljoner kronor att undvika ett fall. "
    f"Besparingen täcker kostnaden först om risken minskar med 90{NBSP}%."
)


def test_what_the_budget_averts_is_told_with_its_assumption_its_cost_and_the_effect_that_pays():
    assert averted_told(averted=1.43, lower=1.02, upper=2.61, chosen=11) == (
        f"Med 2{NBSP}miljoner kronor till familjecentraler med utökade hembesök från barnhälsovården i elva områden "
        f"undviks uppskattningsvis 1,4 (1,0–2,6) fall av obesitas. {ASSUMED} "
        f"Av 100 väntade fall undviks ungefär 3,7 (2,6–6,7). {COSTS}"
    )


def test_a_benefit_is_told_as_less_than_one_only_where_its_whole_interval_is():
    less = "Räkna alltså med mindre än ett fall."
    assert less in averted_told(averted=0.4, lower=0.1, upper=0.9, chosen=1)
    assert less not in averted_told(averted=0.98, lower=0.4, upper=1.6, chosen=1)
    assert less not in averted_told(averted=0.6, lower=0.3, upper=0.97, chosen=1)  # written as 1,0


@settings(max_examples=40, deadline=None)
@given(
    averted=st.floats(0.05, 30), low=st.floats(-0.5, 0.95), high=st.floats(1.05, 3), language=st.sampled_from(LANGUAGES)
)
def test_no_size_is_told_against_its_interval(averted: float, low: float, high: float, language: Language):
    interval = {"averted": averted, "lower": averted * low, "upper": averted * high}
    told = averted_told(language, **interval, chosen=1)
    if re.search("mindre än ett fall|less than one case", told):
        assert 0 < interval["lower"] < interval["upper"] < 1
    if re.search("undviks mindre än 1|less than 1 is", told):
        assert 0 < interval["lower"] < 100 * interval["upper"] / 39 < 1
    assert bool(re.search("kan sakna effekt|may have no effect", told)) == (interval["lower"] < 1e-12)


def test_of_a_hundred_less_than_one_is_said_only_where_the_whole_interval_says_so():
    total = total_of(9000, 2000, 1900, 2100)
    assert "Av 100 väntade fall undviks mindre än 1." in averted_told(
        total=total, averted=4.5, lower=1.9, upper=7.4, chosen=3
    )
    assert "undviks ungefär 0,8 (0,3–1,5)" in averted_told(total=total, averted=16, lower=6, upper=30, chosen=3)


def test_where_a_programme_may_have_no_effect_no_size_is_told_beside_its_interval():
    told = averted_told(averted=0.4, lower=-0.1, upper=0.9, chosen=1)
    assert "Insatsen kan sakna effekt." in told
    assert "mindre än" not in told


def test_a_plan_that_is_withheld_gives_no_number():
    told = averted_told(averted=1.43, lower=0.5, upper=2.6, chosen=2, cases=3)
    assert told.endswith("skulle undvika visas inte: antalet är för litet.")
    assert "1,4" not in told


def test_without_a_plan_nothing_is_said_of_a_budget():
    assert list(plan_sentences(context())) == [
        "Någon insats är inte angiven, så rapporten säger inget om vad en budget skulle ge."
    ]


def test_where_no_area_stands_out_the_programme_is_spread():
    spread = pl.DataFrame(
        {"strategy": ["equal_share"], "averted": [1.1], "lower": [1.0], "upper": [1.3], "cases": [100]}
    )
    derived = dict.fromkeys(("averted", "lower", "upper"), "cases")
    table = Table(spread, dimensions=("strategy",), unshown=("cases",), derived=derived)
    plan = {**plan_of(1.4, 1.1, 1.6, chosen=3), "areas": areas_of(uncertain=9), "plan_comparisons": table}
    (told,) = plan_sentences(context(**plan))
    assert told.startswith("Inget område sticker ut: fördela insatsen lika. Med 2")
    assert "lika per person i alla områden undviks uppskattningsvis 1,10 (1,00–1,30) fall av obesitas." in told


def test_assumptions_are_told_as_they_were_declared():
    declared = {
        "discount_rate": 0.0005,
        "person_staff_hours": 0.25,
        "adherence": 0.755,
        "reduction": (0.025, 0.125, 0.2),
    }
    programme = replace(conditions.load("frailty").programmes[0], **declared)
    told = {row[1] for row in assumption_rows(context("en"), programme)}
    assert {"0.05%", "0.25", "75.5%"} <= told
    assert any("12.5%" in value and "2.5%" in value for value in told if value)


def test_why_here_in_one_area():
    reasons = Reasons(
        "1", "Norr", {"age_sex": -0.3, "living_conditions": 2.6, "unexplained": 0.5}, {"unexplained": (-0.5, 1.6)}
    )
    assert reasons_sentence(context(), reasons) == (
        "risken är 2,8 (1,8–3,9) procentenheter högre än i kommunen. Utöver ålder och kön är skillnaden 3,1 (2,1–4,2). "
        "Största kända del: levnadsvillkor (+2,6). Det oförklarade kan vara noll (−0,5 till 1,6)."
    )
    sure = Reasons("1", "Norr", {"living_conditions": 2.0, "unexplained": 1.5}, {"unexplained": (0.5, 2.6)})
    assert reasons_sentence(context(), sure).endswith("Oförklarat av registren: 1,5 (0,5–2,6).")


WHY = Reasons("1", "Norr", {"age_sex": 0.1, "living_conditions": 0.9, "health_care": 1.0, "area": 0.4})


def pairs_of(*families: tuple[str, str], withheld: bool = False) -> Table:
    frame = pl.DataFrame(families, schema=["family", "with_family"], orient="row").with_columns(
        feature=pl.lit("x"), with_feature=pl.format("y{}", pl.int_range(pl.len())), rank_correlation=pl.lit(0.85)
    )
    frame = frame.with_columns(everybody=pl.lit(3 if withheld else 300))
    return Table(
        frame,
        dimensions=("feature", "with_feature"),
        public=("family", "with_family"),
        unshown=("everybody",),
        derived={"rank_correlation": "everybody"},
    )


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "sv",
            (
                "Största kända del: levnadsvillkor och områdets förhållanden (+1,3). "
                "De följs åt i registren och går inte säkert att skilja åt."
            ),
        ),
        (
            "en",
            (
                "Largest known part: living conditions and conditions of the area (+1.3). "
                "They go together in the registers and cannot safely be told apart."
            ),
        ),
    ],
)
def test_families_that_go_together_are_named_together(language: Language, told: str):
    together = context(language, correlated=pairs_of(("living_conditions", "area"), ("area", "living_conditions")))
    assert told in reasons_sentence(together, WHY)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("sv", "Levnadsvillkor och områdets förhållanden tillsammans: 1,3 (0,4–2,2)."),
        ("en", "Living conditions and conditions of the area together: 1.3 (0.4–2.2)."),
    ],
)
def test_place_and_living_conditions_are_also_told_as_one(language: Language, told: str):
    known = replace(WHY, together=(1.3, 0.4, 2.2))
    assert told in reasons_sentence(context(language), known)
    assert told.partition(" (")[0] in reasons_sentence(context(language), replace(WHY, together=(1.3, None, None)))
    assert told.partition(":")[0] not in reasons_sentence(context(language), WHY)
    joined = context(language, correlated=pairs_of(("living_conditions", "area")))
    assert told.partition(":")[0] not in reasons_sentence(joined, known)


def test_families_whose_correlation_is_not_shown_stand_alone():
    alone = context(correlated=pairs_of(("living_conditions", "area"), withheld=True))
    assert "Största kända del: hälsa och vård (+1,0)." in reasons_sentence(alone, WHY)
    assert "följs åt" not in reasons_sentence(alone, WHY)


def test_three_families_in_a_chain_are_one():
    chain = context(correlated=pairs_of(("living_conditions", "area"), ("health_care", "area")))
    told = reasons_sentence(chain, WHY)
    assert "levnadsvillkor, hälsa och vård och områdets förhållanden (+2,3)" in told


def stability_of(largest_share: float | None) -> Table:
    frame = pl.DataFrame(
        {"group": ["1", "1"], "part": ["health_care", "area"], "largest_share": [largest_share, 0.1]},
        schema_overrides={"largest_share": pl.Float64},
    )
    return Table(frame, dimensions=("group", "part"), public=("largest_share",))


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "sv",
            (
                "Ordningen är osäker: när modellen anpassades till andra urval av familjer var detta störst i "
                f"60{NBSP}% av gångerna."
            ),
        ),
        (
            "en",
            (
                "The order is uncertain: when the model was fitted to other draws of families this was the largest in "
                "60% of the fits."
            ),
        ),
    ],
)
def test_a_largest_part_that_is_often_another_is_told_with_a_doubt(language: Language, told: str):
    assert told in reasons_sentence(context(language, reason_stability=stability_of(0.6)), WHY)


@pytest.mark.parametrize("share", [0.8, 0.95, None])
def test_a_stable_largest_part_is_told_without_a_doubt(share: float | None):
    assert "osäker:" not in reasons_sentence(context(reason_stability=stability_of(share)), WHY)


def test_an_area_is_above_only_where_both_differences_are_on_one_side_of_zero():
    parts = {"age_sex": -1.0, "area": 1.6}
    assert not Reasons("1", "Norr", {**parts, "unexplained": 0.2}, {"unexplained": (-1.0, 1.4)}).is_above
    assert not Reasons("1", "Norr", {"age_sex": -2.0, "area": 1.6}).is_above
    assert Reasons("1", "Norr", {**parts, "unexplained": 1.2}, {"unexplained": (0.4, 2.0)}).is_above


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


def drift_of(drift: float, spread: float) -> Table:
    values = {f"{name}{end}": [value] for name, value in (("drift", drift), ("spread", spread)) for end in ENDS}
    values["carried"] = [0.9]
    frame = pl.DataFrame({"scope": ["all"], "cases": [100], **values})
    return Table(frame, dimensions=("scope",), unshown=("cases",), derived=dict.fromkeys(values, "cases"))


ENDS = ("", "_lower", "_upper")


@pytest.mark.parametrize(("drift", "grade"), [(0.05, "Ganska säkert"), (0.2, "Osäkert"), (0.4, "Osäkert")])
def test_differences_that_moved_as_much_as_they_are_wide_are_unsure(drift: float, grade: str):
    tables = {"total": total_of(1000, 100, 95, 105), "areas": areas_of(higher=20, uncertain=20)}
    found = grade_of(context(**tables, drift=drift_of(drift, 0.2)))
    assert found.grade == grade
    assert any("har inte bestått" in reason for reason in found.reasons) == (drift >= 0.2)


def fit_of(outside: int, *stand_out: str) -> Table:
    ids = [f"{i:03}" for i in range(40)]
    told = {"outside": [i < outside for i in range(40)], "stands_out": [area in stand_out for area in ids]}
    frame = pl.DataFrame({"area_id": ids, "cases": 30, **told})
    return Table(frame, dimensions=("area_id",), unshown=("cases",), derived=dict.fromkeys(told, "cases"))


@pytest.mark.parametrize(
    ("language", "fit", "sentences"),
    [
        (
            "en",
            fit_of(3),
            "three of 40 areas lie outside. If the model of the areas is right, about 4 would. No area lies further",
        ),
        ("sv", fit_of(0), "inget av 40 områden ligger utanför. Om modellen för områdena stämmer väntas ungefär 4"),
        ("sv", fit_of(1, "000"), "Modellen passar inte 000: det som inträffade där"),
    ],
)
def test_how_the_areas_fit_their_model_is_told(language: Language, fit: Table, sentences: str):
    told = " ".join(fit_sentences(context(language, areas=areas_of(higher=20, uncertain=20), fit=fit)))
    assert sentences in told


def test_an_area_that_the_model_does_not_fit_lowers_the_grade_and_is_named():
    tables = {"total": total_of(1000, 100, 95, 105), "areas": areas_of(higher=20, uncertain=20)}
    assert grade_of(context(**tables, fit=fit_of(3))).grade == "Ganska säkert"
    found = grade_of(context(**tables, fit=fit_of(3, "001", "002")))
    assert found.grade == "Delvis säkert"
    assert any("passar inte 001 och 002" in reason for reason in found.reasons)


def test_the_box_speaks_of_the_interval_of_the_headline():
    found = context(total=total_of(1287, 39.2, 27, 54))
    assert "39 (27–54)" in expected_sentence(found)
    assert grade_of(found).reasons[0].startswith("Antalet för hela kommunen är delvis säkert: 39 (27–54), alltså")


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
    risks = {"risk_half_odds": [0.04, 0.08], "risk_same_odds": [0.06, 0.1], "risk_double_odds": [0.09, 0.13]}
    frame = pl.DataFrame(
        {
            "area_id": ["000", "001"],
            "measured": [60, 55],
            "index_dates": [100, 100],
            "cases": [30, 30],
            "measured_share": [0.6, 0.55],
            **{name: ["clearly higher", kind] for name, kind in odds.items()},
            **risks,
        }
    )
    table = Table(
        frame,
        dimensions=("area_id",),
        counts=("measured",),
        denominators={"measured": "index_dates"},
        unshown=("cases",),
        derived={"measured_share": Ratio("measured", "index_dates"), **dict.fromkeys((*odds, *risks), "cases")},
    )
    plain = areas_of(higher=2)
    people = plain.frame.with_columns(target_people=pl.Series([100, 300]))
    shown = context(language, areas=replace(plain, frame=people, counts=("cases", "target_people")), unmeasured=table)
    told, grid = unmeasured(shown)
    assert told.text.endswith(sentence)
    # A quarter of the people live in the first area: 7, 9 and 12 per cent.
    assert re.search(r"7[.,]0\s?%, 9[.,]0\s?% (eller|or) 12\s?%\.", told.text)
    assert "55" in grid.html


def test_nothing_is_said_of_the_unmeasured_where_nobody_must_be_measured():
    assert list(unmeasured(context(areas=areas_of(higher=2)))) == []


@pytest.mark.parametrize(
    ("boosting", "told"),
    [
        (0.0812, "valdes för att den hade minst fel"),
        (
            0.0808,
            "Gradientförstärkta beslutsträd hade lite mindre fel bland personer den inte hade sett",
        ),
    ],
)
def test_which_model_was_chosen_and_why(boosting: float, told: str):
    scores = pl.DataFrame(
        {
            "name": ["Logistic", "Boosting"],
            "brier": [0.081, boosting],
            "prediction_accuracy": [0.131, 0.13],
            "difference": [0.0, -0.001],
            "difference_lower": [0.0, -0.003],
            "difference_upper": [0.0, 0.001],
            "explained": [True, True],
            "accuracy_after_choosing": [0.121, None],
        }
    )
    about = context(choice=Table(scores, dimensions=("name",), public=scores.columns[1:]))
    _, reason, _ = _model(about)
    assert told in reason.text
    assert f"utan det är förbättringen omkring 12{NBSP}%" in reason.text
    assert "kan inte förklara" not in reason.text
    alone = scores.with_columns(explained=pl.col("name") == "Logistic", brier=pl.Series([0.081, 0.07]))
    _, reason, _ = _model(context(choice=Table(alone, dimensions=("name",), public=alone.columns[1:])))
    assert "minst fel" in reason.text
    assert "Gradientförstärkta beslutsträd hade ännu mindre fel men kan inte förklara" in reason.text
