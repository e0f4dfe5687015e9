"""Indicators beside a study: in its tables and in the report, with today's value and what to expect without action."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from riskstrat import indicators
from riskstrat.conditions import proposed_indicators
from riskstrat.declare import FirstEvent, LocalisedText, NetCostIndicator, RegisterIndicator, TableIndicator
from riskstrat.errors import UsageError
from riskstrat.publication import display, publish
from riskstrat.records.omission import Omission
from riskstrat.records.plan import Plans
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.reports.context import report_context
from riskstrat.reports.next_steps import next_steps
from riskstrat.study.follow_up import follow_indicators

UNDERSTOOD = TableIndicator(
    name="understood", title=LocalisedText(en="Understood the plan", sv="Förstod planen"), wanted="higher",
    goal="person_centred", count="yes", denominator="answers",
)  # fmt: skip
TABLE = pl.DataFrame({"year": [2021, 2022, 2023], "yes": [6_000, 6_100, 6_200], "answers": [10_000] * 3})
PLANS = RegisterIndicator(
    name="plans", title=LocalisedText(en="Coordinated plans", sv="Samordnade planer"), goal="seamless", wanted="higher",
    outcome=FirstEvent(register="services", codes="coordinated_plan"),
)  # fmt: skip
NET = NetCostIndicator(
    name="net", title=LocalisedText(en="Net cost", sv="Nettokostnad"), goal="cost_effective",
)  # fmt: skip


NO_PLAN = Omission(part="plan", reason=LocalisedText(en="No plan.", sv="Ingen plan."))


def _net_cost(study: Study) -> float:
    saved = study.plan.net_cost.filter(payer="all")["saving_sek"].item()
    return (study.plan.spent_sek - saved) / study.plan.averted.estimate


def said(study: Study, language: str) -> list[str]:
    blocks = next_steps(report_context(publish(study), language))
    return [text for block in blocks for _, text in getattr(block, "items", ())]


@pytest.fixture
def followed(study: Study) -> Study:
    found = indicators.follow(UNDERSTOOD, TABLE, [2021, 2022, 2023], as_of=date(2024, 1, 1))
    return replace(study, follow_up=(found,))


def test_the_report_tells_todays_value_and_what_to_expect_without_action(followed: Study) -> None:
    english, swedish = ("\n".join(said(followed, language)) for language in ("en", "sv"))
    assert "Understood the plan (person-centred care): 62" in english
    assert "Without action 62 (56–66) would be expected in 2024." in english
    assert "the level of the last 3 years is assumed to go on" in english
    assert "Förstod planen (personcentrering): 62" in swedish
    assert "Utan åtgärd väntas 62 (56–66) år 2024." in swedish
    assert "antas nivån under de senaste 3 åren bestå" in swedish


def test_a_study_without_indicators_says_so(study: Study) -> None:
    blocks = next_steps(report_context(publish(study), "sv"))
    assert any("inga uppföljningsindikatorer" in str(block) for block in blocks)


def test_what_is_followed_is_released_with_the_study(followed: Study) -> None:
    tables = publish(followed).tables
    measured = tables["indicator_understood_measured"]
    assert measured.roles["estimate"] == "derived"
    assert measured.frame.height == 3
    assert tables["indicator_understood_expected"].frame["year"].to_list() == [2024]
    assert "<table" in display(followed.follow_up[0])


@pytest.mark.parametrize(
    ("came", "english", "swedish"),
    [
        (7_400, "which is better than expected", "alltså bättre än väntat"),
        (6_200, "which is within what was expected", "alltså inom det väntade"),
        (5_000, "which is worse than expected", "alltså sämre än väntat"),
    ],
)
def test_next_years_study_says_what_became_of_what_was_expected(
    followed: Study, came: int, english: str, swedish: str
) -> None:
    later = pl.concat([TABLE, pl.DataFrame({"year": [2024], "yes": [came], "answers": [10_000]})])
    now = indicators.follow(UNDERSTOOD, later, [2022, 2023, 2024], as_of=date(2025, 1, 1))
    next_year = replace(followed, follow_up=(replace(now, compared=indicators.compare(*followed.follow_up, now)),))
    (row,) = publish(next_year).tables["indicator_understood_compared"].frame.iter_rows(named=True)
    assert (row["year"], row["estimate"]) == (2024, pytest.approx(came / 100, abs=0.6))
    assert any(f"In 2024 it was {came // 100}" in text and english in text for text in said(next_year, "en"))
    assert any(f"År 2024 blev det {came // 100}" in text and swedish in text for text in said(next_year, "sv"))
    assert "indicator_understood_compared" not in publish(followed).tables


def test_a_study_compares_indicators_of_one_declaration_with_an_earlier_run(
    study: Study, small_municipality: Registers
) -> None:
    data = SimpleNamespace(
        settings=replace(study.settings, indicators=(PLANS, NET)), as_of=date(2024, 1, 1), noise=None
    )
    plans = Plans(areas=study.plan, strata=NO_PLAN, groups=NO_PLAN)
    earlier = follow_indicators(data, small_municipality, plans)
    lacking, net = follow_indicators(data, small_municipality, plans, earlier[1:])
    assert lacking.compared is None
    assert net.compared.equals(indicators.compare(earlier[1], net))
    other = replace(earlier[1], indicator=replace(NET, goal="better_health"))
    assert [each.compared for each in follow_indicators(data, small_municipality, plans, [other])] == [None, None]


def test_expectations_of_protected_counts_are_kept_and_years_add_up(followed: Study) -> None:
    (exact,) = followed.follow_up
    assert indicators.expectations([exact]) == ()
    first = replace(exact, protected=True)
    (kept,) = indicators.expectations([first])
    assert kept.measured.is_empty()
    assert_frame_equal(kept.expected, first.expected, rel_tol=1e-3)
    numbers = kept.expected.select(pl.selectors.float()).to_numpy().ravel()
    assert all(number == float(f"{number:.4g}") for number in numbers)
    later = replace(first, expected=first.expected.with_columns(year=pl.col("year") + 1))
    (both,) = indicators.expectations([later], [kept])
    assert both.expected["year"].to_list() == [2024, 2025]
    (again,) = indicators.expectations([later], [both])
    assert again.expected.equals(both.expected)


def test_few_answers_are_withheld_with_what_follows_from_them(study: Study) -> None:
    few = pl.DataFrame({"year": [2022, 2023], "yes": [2, 3], "answers": [40, 40]})
    found = indicators.follow(UNDERSTOOD, few, [2022, 2023], as_of=date(2024, 1, 1))
    rule = replace(study.settings, protection="suppression")
    changed = replace(study, settings=rule, follow_up=(found,))
    frame = publish(changed).tables["indicator_understood_measured"].frame
    assert frame["estimate"].null_count() == 2
    assert any(
        "Understood the plan (person-centred care): not known. Too few to show." in each for each in said(changed, "en")
    )


def test_a_study_follows_the_indicators_of_its_settings(study: Study, small_municipality: Registers) -> None:
    asked = replace(study.settings, indicators=(PLANS, NET))
    data = SimpleNamespace(settings=asked, as_of=date(2024, 1, 1), noise=None)
    plans = Plans(areas=study.plan, strata=NO_PLAN, groups=NO_PLAN)
    lacking, net = follow_indicators(data, small_municipality, plans)
    assert lacking.measured["year"].to_list() == [2019, 2020, 2021, 2022, 2023]
    assert lacking.measured["estimate"].null_count() == 5
    assert lacking.measured["missing_sv"].str.len_chars().min() > 40
    assert net.measured["estimate"].item() == pytest.approx(_net_cost(study))
    without = follow_indicators(data, small_municipality, replace(plans, areas=NO_PLAN))[1]
    assert without.measured["missing"].to_list() == ["No plan."]
    assert replace(study.settings, indicators=()).digest == study.settings.digest != asked.digest
    with pytest.raises(UsageError, match="names of their own"):
        replace(study.settings, indicators=(PLANS, PLANS))


def test_the_proposed_indicators_of_registers_have_numbers_or_say_why(small_municipality: Registers) -> None:
    proposed = {each.name: each for each in proposed_indicators() if isinstance(each, RegisterIndicator)}
    found = {
        name: indicators.follow(each, small_municipality, [2021], as_of=date(2024, 1, 1)).measured.row(0, named=True)
        for name, each in proposed.items()
    }
    assert found["coordinated_plan"]["estimate"] is None
    assert "No row that the outcome asks for" in found["coordinated_plan"]["missing"]
    known = {name: row["estimate"] for name, row in found.items() if row["estimate"] is not None}
    assert {"readmission_30_days", "last_30_days", "frailty_incidence"} <= set(known)
    # The invented municipality: about a sixth readmitted, more than a tenth admitted at the end of life.
    assert 5 < known["readmission_30_days"] < 40
    assert 10 < known["last_30_days"] < 90
    assert 10 < known["frailty_incidence"] < 200
