"""Pilots: chance decides who begins, the design says what can be shown, the evaluation what was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat import pilots
from riskstrat.declare import Declaration, LocalisedText, PilotRule
from riskstrat.disclosure import CellNoise, Disclosure
from riskstrat.pilots.allocation import draw_pairs, draw_steps, matched_pairs
from riskstrat.priorities import prioritise
from riskstrat.publication.composition import release_record
from riskstrat.records.pilot import PilotDesign
from small_pilot import PROCESS, counts, pilot, programme, units

NOISE = CellNoise(b"sixteen bytes or more")


def test_of_each_pair_one_unit_begins_and_the_other_waits() -> None:
    drawn = pilot(14)
    by_pair = drawn.units.group_by("pair").agg(pl.len(), pl.col("first_period").sum(), pl.col("begins_on").drop_nulls())
    assert by_pair["len"].to_list() == [2] * 7
    assert by_pair["first_period"].to_list() == [1] * 7
    assert by_pair["begins_on"].to_list() == [[date(2025, 1, 1)]] * 7


def test_pairs_are_alike_in_expected_cases_people_and_risk() -> None:
    pairs = pilot(40).units.group_by("pair").agg(pl.col("cases", "people").log().std())
    everybody = pilot(40).units.select(pl.col("cases", "people").log().std())
    for column in ("cases", "people"):
        assert pairs[column].mean() < 0.2 * everybody[column].item()


def test_the_odd_unit_that_fits_worst_is_left_out_by_name() -> None:
    given = units(13)
    given.cases_draws[:, 4] *= 20
    drawn = pilots.design(given, programme(), start=date(2025, 1, 1), cases_within="1y", simulations=50)
    assert drawn.left_out == ("U04",)
    assert "U04" not in drawn.units["unit"]
    assert any("U04" in note.en and "U04" in note.sv for note in drawn.notes)


@pytest.mark.parametrize("kind", ["pairs", "phased"])
def test_the_seed_alone_decides_and_every_unit_begins_as_often(kind: str) -> None:
    assert pilot(12, 3, kind=kind).units.equals(pilot(12, 3, kind=kind).units)
    drawn = (np.random.default_rng(seed) for seed in range(120))
    pairs = [(0, 3), (1, 4), (2, 5)]
    first = np.array([draw_pairs(pairs, 6, rng) if kind == "pairs" else draw_steps(6, 3, rng) for rng in drawn])
    share = (first == first.min()).mean(axis=0)
    assert np.all(np.abs(share - (1 / 2 if kind == "pairs" else 1 / 3)) < 0.16)


def test_a_phased_roll_out_begins_in_steps_after_a_period_without() -> None:
    drawn = pilot(8, kind="phased", period="90d", delay="100d", steps=3)
    assert sorted(drawn.units["first_period"]) == [1, 1, 1, 2, 2, 2, 3, 3]
    assert drawn.units.filter(pl.col("first_period") == 2)["begins_on"].unique().to_list() == [date(2025, 6, 30)]
    # Outcomes answer two periods after a start; the last units begin in period 3 and are counted in period 5.
    assert drawn.outcomes.row(0) == ("cases", 2, 6, date(2026, 6, 25))


def test_only_the_units_of_the_plan_take_part_each_as_a_whole() -> None:
    given = units(30)
    plan = prioritise(given, programme(), 4_000_000)
    drawn = pilots.design(given, plan, start=date(2025, 1, 1), cases_within="1y", simulations=50)
    assert {*drawn.units["unit"], *drawn.left_out} == {*plan.selected["unit"]}
    assert drawn.programme == plan.programme


def test_cases_are_those_of_a_period_and_not_of_the_whole_horizon() -> None:
    five, one = pilot(cases_within="5y"), pilot(cases_within="1y")
    assert five.units["cases"].sum() == pytest.approx(one.units["cases"].sum() / 5, rel=1e-3)


def probability(design: PilotDesign, effect: str, outcome: str = "cases") -> float:
    return design.chance.filter(effect=effect, outcome=outcome)["probability"].item()


def test_before_the_start_it_is_told_what_can_be_seen() -> None:
    drawn = pilot(16, simulations=200)
    assert probability(drawn, "none") <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)
    assert probability(drawn, "low") < probability(drawn, "point") < probability(drawn, "high")
    ratio = drawn.detectable["ratio"].item()
    assert 1 - 0.9 * 0.6 < ratio < 1 - 0.9 * 0.3
    said = round(100 * probability(drawn, "point"))
    assert any(f"probability of {said} %" in note.en and f"sannolikheten {said} %" in note.sv for note in drawn.notes)


def test_with_few_cases_hardly_any_effect_can_be_seen_and_that_is_told() -> None:
    drawn = pilot(12, cases_within="20y", period="1y")
    assert probability(drawn, "high") < 0.5
    assert drawn.detectable["ratio"].to_list() == [None] or drawn.detectable["ratio"].item() < 0.46


def test_a_process_outcome_answers_first() -> None:
    drawn = pilot(12, delay="913d", process=PROCESS, simulations=100)
    assert drawn.outcomes["outcome"].to_list() == ["cases", "family_centre"]
    assert drawn.outcomes["answered_on"].to_list() == [date(2028, 7, 2), date(2026, 6, 30)]
    assert probability(drawn, "point", "family_centre") > 0.5
    assert 1 < drawn.detectable.filter(outcome="family_centre")["ratio"].item() <= 0.95 / 0.2
    counted = drawn.units.select("unit", count=(pl.col("people") * 0.2 * (2 - pl.col("first_period"))).cast(pl.Int64))
    shown = pilots.evaluate(drawn, counted, "family_centre")
    assert shown.ratio == pytest.approx(2, rel=0.05)
    assert shown.decision == "extend", "a process outcome alone does not decide to scale"
    scaled = pilots.evaluate(replace(drawn, rule=PilotRule(scale_on_process=True)), counted, "family_centre")
    assert scaled.decision == "scale"


@pytest.mark.parametrize(("pairs", "least"), [(3, 0.25), (4, 0.125), (5, 0.0625)])
def test_below_six_pairs_there_is_no_interval_and_it_is_said(pairs: int, least: float) -> None:
    drawn = pilot(2 * pairs)
    assert drawn.least_p == least
    assert probability(drawn, "high") == 0
    shown = pilots.evaluate(drawn, counts(drawn, 0.01))
    assert (shown.lower, shown.upper, shown.decision) == (None, None, "extend")
    assert shown.p_value == least
    for notes in (drawn.notes, shown.notes):
        assert any("no interval" in note.en and "inget intervall" in note.sv for note in notes)
    assert pilots.updated_programme(shown) == drawn.programme


def test_six_pairs_give_an_interval_that_says_where_it_is_exact() -> None:
    drawn = pilot(12)
    shown = pilots.evaluate(drawn, counts(drawn, 0.4))
    assert (shown.p_value, shown.exact, shown.decision) == (0.03125, True, "scale")
    assert 0 < shown.lower < shown.ratio < shown.upper < 1
    assert any("exact only at no effect" in note.en for note in shown.notes)


def test_without_any_use_the_pilot_stops() -> None:
    drawn = pilot(24, rule=PilotRule(worthwhile=0.4))
    assert pilots.evaluate(drawn, counts(drawn, 1.3, spread=0.05)).decision == "stop"


@pytest.mark.parametrize("kind", ["pairs", "phased"])
def test_the_ratio_is_found(kind: str) -> None:
    drawn = pilot(24, kind=kind)
    exactly = counts(drawn, 0.5, spread=0.0, seed=1)
    shown = pilots.evaluate(drawn, exactly)
    assert shown.ratio == pytest.approx(0.5, abs=4 * 0.5 * shown.standard_error)
    assert shown.lower < 0.5 < shown.upper


def test_better_expected_counts_replace_those_of_the_start() -> None:
    drawn = pilot(12)
    counted = counts(drawn, 0.6).join(drawn.units.select("unit", expected="cases"), on="unit")
    doubled = counted.with_columns(expected=2 * pl.col("expected"))
    same, twice = (pilots.evaluate(drawn, each) for each in (counted, doubled))
    assert twice.ratio == pytest.approx(same.ratio)
    assert twice.p_value == same.p_value
    assert twice.counts["expected"].sum() == pytest.approx(2 * same.counts["expected"].sum())


def test_the_result_is_next_years_assumption() -> None:
    drawn = pilot(24)
    shown = pilots.evaluate(drawn, counts(drawn, 1 - 0.9 * 0.5, spread=0.02))
    new = pilots.updated_programme(shown)
    low, point, high = new.reduction
    assert 0.3 < low < point < high < 0.62, "the interval is narrower than the assumed one"
    assert abs(point - 0.5) < 0.06
    assert "2025-01-01" in new.source.sv
    assert replace(new, reduction=drawn.programme.reduction, source=drawn.programme.source) == drawn.programme
    assert Declaration.from_json(new.to_json()) == new


def test_where_one_side_has_no_cases_the_ratio_has_no_end() -> None:
    drawn = pilot(12)
    waits = drawn.units.select("unit", count=pl.when(pl.col("first_period") == 0).then(0).otherwise(20))
    shown = pilots.evaluate(drawn, waits.cast({"count": pl.Int64}))
    assert (shown.ratio, shown.lower, shown.standard_error) == (0.0, 0.0, None)
    assert 0 < shown.upper < 1
    nobody = pilots.evaluate(drawn, waits.with_columns(count=pl.lit(0)))
    assert (nobody.p_value, nobody.lower, nobody.decision) == (1.0, None, "extend")


def test_the_rule_is_told_in_both_languages() -> None:
    rule = PilotRule(worthwhile=0.15, level=0.9)
    for part in ("15 %", "90"):
        assert part in rule.words.en
        assert part in rule.words.sv
    assert rule.words in pilot(rule=rule).notes


def test_counts_are_protected_before_anything_is_computed() -> None:
    drawn = pilot(12)
    counted = counts(drawn, 0.6)
    exact, noisy = pilots.evaluate(drawn, counted), pilots.evaluate(drawn, counted, noise=NOISE)
    assert noisy.protected
    assert not noisy.counts["count"].equals(exact.counts["count"])
    assert (noisy.counts["count"] - exact.counts["count"]).abs().max() <= NOISE.width
    released = release_record(noisy)
    assert (released["counts"].frame["count"] - noisy.counts["count"]).abs().max() <= 2, "rounded to 5, no more noise"
    assert released["effect"].frame["ratio"].item() == pytest.approx(noisy.ratio, abs=0.06)


def test_what_was_counted_exactly_is_released_with_noise_and_small_numbers_withheld() -> None:
    drawn = pilot(12, cases_within="20y")
    shown = pilots.evaluate(drawn, counts(drawn, 0.6))
    released = release_record(shown, Disclosure(protection="none"))["counts"].frame
    small = shown.counts["count"].is_between(1, 4)
    assert small.any()
    assert released.filter(small)["count"].null_count() == small.sum()


def test_a_released_design_is_of_whole_units() -> None:
    released = release_record(pilot(12))
    assert released["units"].frame.columns[:1] == ["unit"]
    assert released["units"].frame.height == 12
    assert set(released) == {"units", "outcomes", "chance", "detectable"}


def test_matching_minimises_the_sum_over_all_pairs() -> None:
    # Greedy nearest pairs would join the middle two and leave the ends to each other.
    assert matched_pairs(np.array([10.0, 14.0, 15.0, 21.0]), np.full(4, 100.0)) == [(0, 1), (2, 3)]


def test_declarations_of_pilots_survive_json() -> None:
    for declared in (PROCESS, PilotRule(), PilotRule(worthwhile=0.3, scale_on_process=True)):
        assert Declaration.from_json(declared.to_json()) == declared


def test_a_title_is_told_where_an_outcome_has_one() -> None:
    drawn = pilot(12, process=replace(PROCESS, title=LocalisedText(en="Visits made", sv="Gjorda besök")))
    assert any("Visits made" in note.en and "Gjorda besök" in note.sv for note in drawn.notes)
