"""Somebody who knows all but one unit, and every number of a run: what follows from what, and what he gets of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

import intruder_numbers
from intruder_numbers import Family, attack, likelihood, publish
from riskstrat.areas import estimate_areas, recalibrate
from riskstrat.areas.observed_expected import observed_expected
from riskstrat.declare import LocalisedText, Programme
from riskstrat.disclosure import CellNoise
from riskstrat.priorities import prioritise
from riskstrat.publication.composition import release_record
from riskstrat.records.areas import AreaEstimates
from riskstrat.records.cohort import Cohort, Target

PROTECTED = ("index_dates", "persons", "cases", "case_persons", "weighted_cases", "expected", "target_people")
ROWS, AREAS = 1_200, 5
SHARED = {"condition": "made up", "flow": pl.DataFrame(), "as_of": date(2024, 1, 1)}


def town(*, changed: bool = False) -> tuple[Cohort, Target, np.ndarray]:
    """Made-up people of five areas; where it is changed, one person of area 0 had the outcome who had not."""
    random = np.random.default_rng(3)
    event = (random.random(ROWS) < 0.15).astype(np.int8)
    area = random.integers(0, AREAS, ROWS)
    event[np.flatnonzero((area == 0) & (event == 0))[0]] |= changed
    people = pl.DataFrame(
        {
            "person_id": np.arange(ROWS),
            "area_id": area.astype(str),
            "sex": random.choice(["female", "male"], ROWS),
            "age_years": random.integers(70, 95, ROWS).astype(np.int32),
        }
    )
    outcomes = {"event": event, "duration_days": np.full(ROWS, 730.0), "landmark": np.zeros(ROWS, dtype=np.int32)}
    then = people.with_columns(assessed=pl.lit(value=True), **{name: pl.Series(one) for name, one in outcomes.items()})
    risk = random.uniform(0.05, 0.25, ROWS)
    return Cohort(people=then, horizon_days=730, **SHARED), Target(people=people, **SHARED), risk


def estimated(made: tuple[Cohort, Target, np.ndarray], noise: CellNoise) -> AreaEstimates:
    cohort, target, risk = made
    # The level meets the protected outcomes of all, which are another cell: it is the same in both towns.
    level = recalibrate(town()[0], risk, by="area_id", noise=noise)
    known = level.apply(risk, np.zeros(ROWS, dtype=np.int32))
    return estimate_areas(cohort, known, target, level.latest.apply(risk), recalibration=level, noise=noise, draws=500)


def test_area_results_and_plan_are_the_same_where_protected_counts_are() -> None:
    """One outcome more and noise that is one less: whatever is made of it, nobody can see which of the two it was."""
    cohorts = [town(changed=changed)[0] for changed in (False, True)]
    assert cohorts[1].people["event"].sum() == cohorts[0].people["event"].sum() + 1
    for number in range(200):
        noise = CellNoise(b"%020d" % number)
        first, second = (estimated(town(changed=changed), noise) for changed in (False, True))
        if first.table.select(PROTECTED).equals(second.table.select(PROTECTED)):
            break
    assert first.table.select(PROTECTED).equals(second.table.select(PROTECTED))
    assert first.table.equals(second.table)
    np.testing.assert_array_equal(first.draws.risk, second.draws.risk)
    visits = Programme(
        name="visits",
        title=LocalisedText(en="Visits", sv="Besök"),
        person_cost_sek=1_000,
        reach=0.5,
        reduction=(0.1, 0.2, 0.3),
        adherence=0.8,
        case_cost_sek=(("region", 10_000),),
        savings_years=2,
        price_year=2024,
        source=LocalisedText(en="made up", sv="påhittad"),
    )
    plans = [prioritise(areas, visits, 100_000) for areas in (first, second)]
    for one, other in ((first, second), plans):
        tables = [{name: table.frame for name, table in release_record(each).items()} for each in (one, other)]
        assert tables[0].keys() == tables[1].keys()
        assert [name for name, frame in tables[0].items() if not frame.equals(tables[1][name])] == []


def test_a_total_of_units_is_no_second_look_at_them() -> None:
    """Its noise is that of the units added up: to whoever knows all others, it tells of the last what its row tells."""
    cohort, _, risk = town()
    group = cohort.people["area_id"].cast(pl.Int64).to_numpy()
    exact = cohort.people["event"].sum()
    moved = []
    for number in range(30):
        noise = CellNoise(b"%020d" % number)
        rows = observed_expected(cohort, risk, recalibrate(cohort, risk, by="area_id", noise=noise), noise=noise)
        units, whole = rows.by_group(group, AREAS).table, rows.together(group, AREAS)
        for name in ("index_dates", "cases", "weighted_cases", "expected"):
            assert whole[name].item() == pytest.approx(units[name].sum())
        moved.append(whole["cases"].item() - exact)
    assert np.var(moved) == pytest.approx(AREAS * noise.variance, rel=0.6)


def test_persons_of_several_units_are_counted_once_in_the_total_and_in_each_of_these() -> None:
    """Somebody who moved between two index dates is one person of the town, with the noise of both units."""
    cohort, _, risk = town()
    moved = cohort.people.with_columns(area_id=pl.lit("0"), index_date=pl.lit(date(2014, 1, 1)))
    stayed = cohort.people.with_columns(index_date=pl.lit(date(2019, 1, 1)))
    both = replace(cohort, people=pl.concat([stayed, moved]))
    group, risk = both.people["area_id"].cast(pl.Int64).to_numpy(), np.tile(risk, 2)
    for noise, most in ((None, 0), (CellNoise(b"sixteen bytes or more"), AREAS * 6)):
        rows = observed_expected(both, risk, recalibrate(both, risk, by="area_id", noise=noise), noise=noise)
        whole, units = rows.together(group, AREAS), rows.by_group(group, AREAS).table
        assert abs(whole["persons"].item() - ROWS) <= most
        assert abs(units["persons"].sum() - (2 * ROWS - (cohort.people["area_id"] == "0").sum())) <= most
        assert abs(whole["index_dates"].item() - 2 * ROWS) <= most


def test_the_best_guess_from_all_numbers_is_mostly_wrong() -> None:
    found = [attack(seed, condition) for seed in range(20) for condition in (1, 2)]
    assert np.mean([one.hit[0] for one in found]) <= intruder_numbers.MOST_HIT + 0.1
    assert min(one.possible[0] for one in found) >= intruder_numbers.FEWEST_POSSIBLE


def test_numbers_that_are_shown_exactly_would_be_put_together() -> None:
    """Twenty tables of all outcomes, each with noise of its own and no rounding, tell the unit's count."""
    random = np.random.default_rng(1)
    each = Family(share=np.array([1.0]), others=np.array([300]), step=np.array([1.0]))
    found, part = [each] * 20, [np.array([12])] * 20
    counts = np.arange(60)
    guesses = [likelihood(publish(random, part, found), found, counts).argmax() for _ in range(40)]
    assert np.mean(np.array(guesses) == 12) > 0.8


def test_what_is_shown_of_a_family_is_added_up_over_all_ways_to_spread_the_count() -> None:
    """Two cells, the count 1: the likelihood is the mean over both places that the one may be in."""
    family = Family(share=np.array([0.3, 0.7]), others=np.array([4, 9]), step=np.array([1.0, 1.0]))
    seen = intruder_numbers.Seen(own=1, windows=[(np.array([5.0, 10.0]), np.array([5.0, 10.0]))])
    noise = dict(zip(range(-6, 7), intruder_numbers.NOISE.probability, strict=True))
    by_hand = noise[0] * (0.3 * noise[0] * noise[1] + 0.7 * noise[1] * noise[0])
    assert likelihood(seen, [family], np.arange(30))[1] == pytest.approx(by_hand)
