"""Somebody who knows all but one unit, and every number of a run: what follows from what, and what he gets of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import product

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

import intruder_numbers
from intruder_numbers import Family, attack, drawn, likelihood, of_family, publish
from riskstrat.areas import estimate_areas, recalibrate
from riskstrat.areas.observed_expected import observed_expected
from riskstrat.declare import LocalisedText, Programme
from riskstrat.disclosure import CellNoise
from riskstrat.disclosure.whole import adding_up
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
    found = [attack(seed, 1) for seed in range(4)]
    assert sum(one.hit[0] for one in found) <= 2
    assert min(one.possible[0] for one in found) >= intruder_numbers.FEWEST_POSSIBLE


@pytest.mark.parametrize(("others", "total"), [((6, 9), 19), ((6, 9), 14), ((2, 14), 16)])
def test_the_likelihood_of_a_division_is_that_of_all_ways_that_it_can_come_about(
    others: tuple[int, int], total: int
) -> None:
    """Every way to spread the unit's outcomes, and every noise, of two cells that are made to add up."""
    family, counts = Family(share=np.array([0.3, 0.7]), others=np.array(others)), np.arange(4)
    noise = dict(zip(range(-6, 7), intruder_numbers.NOISE.probability, strict=True))
    found: dict[tuple[int, ...], np.ndarray] = {}
    for count in counts:
        for there in range(count + 1):
            ways = binom.pmf(there, count, 0.3)
            for first, second in product(noise, repeat=2):
                noisy = np.add(others, (there + first, count - there + second))
                shown = tuple(adding_up(np.maximum(noisy, 0), total).tolist())
                found.setdefault(shown, np.zeros(len(counts)))[count] += ways * noise[first] * noise[second]
    for shown in sorted(found, key=lambda one: -found[one].sum())[:8]:
        told = of_family(np.array(shown), family, counts)
        np.testing.assert_allclose(told, found[shown], rtol=1e-4, atol=1e-9)


def test_what_divides_all_outcomes_tells_hardly_more_than_the_unit_does() -> None:
    """Twenty tables of two cells: with noise of their own they would tell the count, so that add up they do not."""
    random, counts = np.random.default_rng(1), np.arange(12 + 4 * intruder_numbers.NOISE.width)
    found = [Family(share=np.full(2, 0.5), others=np.array([150, 150]))] * 20
    right = []
    for _ in range(12):
        parts = [random.multinomial(12, family.share) for family in found]
        seen = publish(random, parts, found, 300 + int(drawn(random, 20).sum()))
        right.append(likelihood(seen, found, counts).argmax() == 12)
    assert np.mean(right) < 0.65
    alone = 300 + 12 + random.choice(range(-6, 7), (400, 20), p=intruder_numbers.NOISE.probability)
    assert np.mean(np.abs(alone.mean(axis=1) - 312) < 0.5) > 0.75


def test_periods_and_halves_of_a_unit_add_up_to_it() -> None:
    cohort, _, risk = town()
    group = cohort.people["area_id"].cast(pl.Int64).to_numpy()
    half = np.random.default_rng(5).integers(0, 2, ROWS)
    for number in range(5):
        noise = CellNoise(b"%020d" % number)
        rows = observed_expected(cohort, risk, recalibrate(cohort, risk, by="area_id", noise=noise), noise=noise)
        units = rows.by_group(group, AREAS).table["cases"].to_numpy()
        parts = rows.by_group(group + AREAS * half, 2 * AREAS, group).table["cases"].to_numpy()
        np.testing.assert_array_equal(parts[:AREAS] + parts[AREAS:], units)
