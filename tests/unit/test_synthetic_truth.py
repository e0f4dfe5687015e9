"""True risks against what really happens in the simulated municipality, and the rates that DOMAIN.md asks for."""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest

from riskstrat.synthetic import forward
from riskstrat.synthetic.adults import Health, Traits, age_at, first_health, make_traits, take
from riskstrat.synthetic.calendar_days import DATA_END, day, month_start
from riskstrat.synthetic.forward import HORIZON_MONTHS, LONG_BEFORE, SPAN_MONTHS, _frailty_chance, forward_risk
from riskstrat.synthetic.geography import effects_after_move, make_geography
from riskstrat.synthetic.growth import Children, make_children, marginal_risk
from riskstrat.synthetic.lifecourse import NOT_YET, History, MonthHazards, live
from riskstrat.synthetic.parameters import AREA_CHANGE, CVD_FATAL_OUTSIDE, MONTHS
from riskstrat.synthetic.population import Population, make_population
from riskstrat.synthetic.population_state import Bools, Floats
from riskstrat.synthetic.residence import area_by_month

FRAILTY_FROM, CVD_FROM = (81, 105, 129, 153), (54, 114)


@dataclass(frozen=True, kw_only=True)
class Lives:
    population: Population
    traits: Traits
    area: np.ndarray
    history: History
    children: Children
    after_move: dict[str, Floats]
    rng: np.random.Generator


def live_through(seed: int, area_sd: float | None = None) -> Lives:
    geography = make_geography(np.random.SeedSequence(seed), area_sd)
    rng = np.random.default_rng(seed)
    population = make_population(geography, 30_000, rng)
    traits = make_traits(population, rng)
    area = area_by_month(population)
    health = first_health(traits, rng)
    history = live(traits, health, area, geography.effects, keep=(*FRAILTY_FROM, *CVD_FROM), rng=rng)
    children = make_children(population, traits, geography, rng)
    return Lives(
        population=population, traits=traits, area=area, history=history, children=children,
        after_move=effects_after_move(geography), rng=rng,
    )  # fmt: skip


@pytest.fixture(scope="module")
def lives() -> Lives:
    return live_through(3)


def staying(lives: Lives, month: int, condition: str) -> Bools:
    """Who lives in the municipality through the whole horizon (the dead still count as residents in its households)."""
    return (lives.area[:, month : month + HORIZON_MONTHS[condition] + 1] >= 0).all(axis=1)


def at_risk(lives: Lives, month: int, condition: str) -> np.ndarray:
    health, age = lives.history.at[month], age_at(lives.traits, month_start(month))
    who = {
        "early_cvd": (age >= 40) & (age < 60) & ~health.earlier_cvd,
        "frailty": (age >= 70) & (health.housing >= month),
    }[condition]
    return np.flatnonzero(who & staying(lives, month, condition) & (health.dead == NOT_YET))


def happened(lives: Lives, kinds: tuple[str, ...], start: int, stop: int) -> Bools:
    hit = np.zeros(len(lives.traits.birth), bool)
    for kind in kinds:
        person, month = lives.history.events[kind]
        hit[person[(month >= start) & (month < stop)]] = True
    return hit


def second_admission(lives: Lives, start: int, stop: int) -> Bools:
    """Within a year of the one before; of those twelve calendar months later, half are days too late."""
    person, month = (
        np.concatenate(x) for x in zip(*(lives.history.events[k] for k in ("admission", "cvd")), strict=True)
    )
    inside = (month >= start) & (month < stop)
    person, month = person[inside], month[inside]
    order = np.lexsort((month, person))
    person, month = person[order], month[order]
    gap = month[1:] - month[:-1] + np.random.default_rng(0).integers(0, 2, size=len(month) - 1) * 0.5
    again = (person[1:] == person[:-1]) & (gap <= 12)
    hit = np.zeros(len(lives.traits.birth), bool)
    hit[person[1:][again]] = True
    return hit


def risk_of(lives: Lives, at: np.ndarray, month: int, condition: str) -> Floats:
    moved = {name: effect[lives.area[at, month]] for name, effect in lives.after_move.items()}
    state: Health = take(lives.history.at[month], at)
    return forward_risk(take(lives.traits, at), state, month, condition, moved=moved, rng=np.random.default_rng(0))


def observed_and_risk(lives: Lives, condition: str, months: tuple[int, ...]) -> tuple[Bools, Floats]:
    seen, risks = [], []
    for month in months:
        at = at_risk(lives, month, condition)
        stop = month + HORIZON_MONTHS[condition]
        kinds = ("cvd",) if condition == "early_cvd" else ("fall", "special_housing")
        hit = happened(lives, kinds, month, stop)
        if condition == "frailty":
            hit |= second_admission(lives, month, stop)
        seen.append(hit[at])
        risks.append(risk_of(lives, at, month, condition))
    return np.concatenate(seen), np.concatenate(risks)


def test_true_risks_of_frailty_add_up_to_what_happens(lives: Lives):
    seen, risk = observed_and_risk(lives, "frailty", FRAILTY_FROM)
    assert seen.sum() / risk.sum() == pytest.approx(1, abs=0.06)  # about 2,000 events: two standard errors
    assert 0.12 < risk.mean() < 0.22
    fifths = np.digitize(risk, np.quantile(risk, [0.2, 0.4, 0.6, 0.8]))
    for fifth in (0, 4):
        assert seen[fifths == fifth].mean() == pytest.approx(risk[fifths == fifth].mean(), rel=0.22)


def test_true_risks_of_early_cvd_add_up_to_what_happens(lives: Lives):
    seen, risk = observed_and_risk(lives, "early_cvd", CVD_FROM)
    assert seen.sum() / risk.sum() == pytest.approx(1, abs=0.2)  # about 170 events
    assert risk.mean() == pytest.approx(0.0115, rel=0.25)


def test_a_second_admission_may_come_in_the_month_of_the_first():
    chance = {"fall": 0.0, "special_housing": 0.0, "admission": 0.2, "cvd": 0.1}
    hazards = MonthHazards(rates={}, chances={kind: np.full(3, value) for kind, value in chance.items()})
    month = 100
    paths = SimpleNamespace(admitted=np.array([LONG_BEFORE, month - 3, month - SPAN_MONTHS]))
    for_cvd = 0.1 * (1 - CVD_FATAL_OUTSIDE)
    either, both = 1 - 0.8 * (1 - for_cvd), 0.2 * for_cvd
    np.testing.assert_allclose(_frailty_chance(hazards, paths, month), [both, either, (either + both) / 2])


def test_a_cardiovascular_event_during_the_horizon_raises_the_risk_of_frailty(
    lives: Lives, monkeypatch: pytest.MonkeyPatch
):
    at = at_risk(lives, FRAILTY_FROM[0], "frailty")
    known = risk_of(lives, at, FRAILTY_FROM[0], "frailty").mean()
    course = replace(forward._COURSES["frailty"], cvd_before=forward._COURSES["early_cvd"].cvd_before)
    monkeypatch.setitem(forward._COURSES, "frailty", course)
    assert known > 1.005 * risk_of(lives, at, FRAILTY_FROM[0], "frailty").mean()


@pytest.mark.slow
def test_over_several_municipalities_true_risks_are_right_within_a_few_per_cent():
    totals = {"frailty": np.zeros(2), "early_cvd": np.zeros(2)}
    for seed in range(50, 58):
        lives = live_through(seed)
        for condition, months in (("frailty", FRAILTY_FROM), ("early_cvd", CVD_FROM)):
            seen, risk = observed_and_risk(lives, condition, months)
            totals[condition] += (seen.sum(), risk.sum())
    assert totals["frailty"][0] / totals["frailty"][1] == pytest.approx(1, abs=0.025)
    assert totals["early_cvd"][0] / totals["early_cvd"][1] == pytest.approx(1, abs=0.07)


@pytest.mark.slow
def test_over_several_municipalities_true_risks_follow_the_effects_of_areas():
    """Score of the slope on the log effect, with its own standard error: zero where risks are right by area."""
    score = information = 0.0
    for seed in range(60, 66):
        lives = live_through(seed, area_sd=0.4)
        seen, risk = observed_and_risk(lives, "early_cvd", CVD_FROM)
        effect = np.concatenate([lives.history.at[m].cvd_effect[at_risk(lives, m, "early_cvd")] for m in CVD_FROM])
        centred = effect - np.average(effect, weights=risk)
        score += np.sum(centred * (seen - risk * seen.sum() / risk.sum()))
        information += np.sum(centred**2 * risk)
    assert score / information == pytest.approx(0, abs=2.5 / np.sqrt(information))
    assert information > 80  # a standard error below 0.11


def test_first_health_has_an_array_of_its_own_for_every_attribute(lives: Lives):
    arrays = list(vars(first_health(lives.traits, np.random.default_rng(0))).values())
    for number, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[:number])


def test_what_tells_about_the_multipliers_counts_what_happened(lives: Lives):
    events, last = lives.history.events, lives.history.last
    assert last.cvd_events.sum() == len(events["cvd"][0])
    assert last.frailty_events.sum() == sum(len(events[kind][0]) for kind in ("admission", "fall", "special_housing"))
    assert last.cvd_events.sum() / last.cvd_hazard.sum() == pytest.approx(1, abs=0.12)
    assert last.frailty_events.sum() / last.frailty_hazard.sum() == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("condition", ["early_cvd", "frailty"])
def test_a_move_brings_the_hazard_nearer_to_that_of_other_areas(lives: Lives, condition: str):
    month = CVD_FROM[0] if condition == "early_cvd" else FRAILTY_FROM[0]
    at = at_risk(lives, month, condition)
    traits, state = take(lives.traits, at), take(lives.history.at[month], at)
    here = {"early_cvd": state.cvd_effect, "frailty": state.frailty_effect}

    def mean_risk(shift: float) -> float:
        moved = {name: effect + shift for name, effect in here.items()}
        rng = np.random.default_rng(0)
        return float(forward_risk(traits, state, month, condition, moved=moved, rng=rng).mean())

    assert mean_risk(-1.0) < mean_risk(0.0) < mean_risk(1.0)
    events_elsewhere = (1 - mean_risk(-20.0) / mean_risk(0.0), 0.10 if condition == "early_cvd" else 0.02)
    assert events_elsewhere[0] == pytest.approx(events_elsewhere[1], rel=0.3)


def test_as_many_change_area_as_the_true_risks_suppose(lives: Lives):
    month, later = 54, 66
    age = age_at(lives.traits, month_start(month))
    who = (age >= 40) & (age < 60) & (lives.area[:, month] >= 0) & (lives.area[:, later] >= 0)
    changed = (lives.area[who, month] != lives.area[who, later]).mean()
    supposed = np.interp(age[who], list(AREA_CHANGE), list(AREA_CHANGE.values())).mean()
    assert changed == pytest.approx(supposed, rel=0.15)


def test_men_fall_ill_twice_as_often_in_the_heart(lives: Lives):
    at = at_risk(lives, 114, "early_cvd")
    traits = take(lives.traits, at)
    risk = risk_of(lives, at, 114, "early_cvd")
    assert risk[~traits.female].mean() / risk[traits.female].mean() == pytest.approx(2.0, abs=0.35)
    low, high = np.isin(traits.education, (1, 2)), traits.education >= 5
    assert 1.4 < risk[low].mean() / risk[high].mean() < 2.6


def test_true_risks_of_obesity_add_up_to_what_happens(lives: Lives):
    risk, obese = lives.children.risk, lives.children.latent > 0
    assert obese.sum() / risk.sum() == pytest.approx(1, abs=0.15)
    assert 0.02 < risk.mean() < 0.04


def test_marginal_risk_is_the_mean_over_families():
    family = 0.5 * np.random.default_rng(0).standard_normal(400_000)
    for log_odds in (-4.0, -1.0, 0.5):
        expected = np.mean(1 / (1 + np.exp(-(log_odds + family))))
        assert marginal_risk(np.array([log_odds]))[0] == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("female", [False, True])
def test_mortality_follows_the_life_table(lives: Lives, *, female: bool):
    from riskstrat.synthetic.parameters import GOMPERTZ

    a, b, c = GOMPERTZ[0 if female else 1]
    dead = expected = 0.0
    for year in range(0, MONTHS, 12):
        age = age_at(lives.traits, month_start(year))
        here = (lives.area[:, year] >= 0) & (lives.history.last.dead >= year) & (lives.traits.female == female)
        old = here & (age >= 60) & (age < 90)
        died = (lives.history.last.dead >= year) & (lives.history.last.dead < year + 12)
        dead += (died & old).sum()
        expected += np.sum(1 - np.exp(-(c + np.exp(a + b * (age[old] + 0.5)))))
    assert dead / expected == pytest.approx(1, abs=0.15)


def test_home_care_by_age_is_near_the_national_table(lives: Lives):
    month = 132
    age = age_at(lives.traits, month_start(month))
    last = lives.history.last
    here = (lives.area[:, month] >= 0) & (last.dead >= month)
    helped = here & (last.home_care < month) & (last.housing >= month)
    for low, share in ((70, 0.037), (75, 0.080), (80, 0.174), (85, 0.345)):
        band = here & (age >= low) & (age < low + 5)
        assert helped[band].sum() / band.sum() == pytest.approx(share, rel=0.45)


def test_births_a_year_are_as_in_the_model_municipality(lives: Lives):
    late = (lives.population.birth >= day(2014)) & (lives.population.birth <= DATA_END)
    assert late.sum() / 10 / 30_000 == pytest.approx(1_290 / 102_519, rel=0.15)
