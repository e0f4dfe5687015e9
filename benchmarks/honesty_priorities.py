"""Where prevention does most good: does the plan find those areas, when the truth is known.

Run: python benchmarks/honesty_priorities.py [--municipalities 20 200] [--seed 0] [--protected]

One municipality: 51 areas; people per area log-normal (sd 0.3); mean predicted risk per person differs between areas
(log-sd 0.275, the deprivation gradient that the model's factors explain, known to plan and oracle alike); the
unexplained ratio theta is log-normal with an exponential standard deviation that exceeds .5 in one of twenty (half of
what the prior of the smoothing expects, so that its intervals are a little wide); observed counts are Poisson(E theta),
theta smoothed by the gamma method; the Care Need Index correlates 0.6 with the log of the true risk. Strata split each
area by declared risk ratios that plan and oracle know, and share the area's theta; they are smoothed as areas are, each
by itself.

Rows "blind" are a sensitivity without a bar: the model explains nothing of the gradient (expected counts follow people
only), so that the plan has nothing but the counts to go by.

With --protected each municipality is planned twice, from exact counts and from protected ones: outcomes, index dates
and people of each area carry noise of variance 2, sums of risks that of less than one person of mean risk. What
protection costs is printed: the loss of gain with its bars, and the coverage of 90 % intervals of theta by both.

The oracle has the plan's units, eligibility, costs, reach and effect and knows the true expected cases:
gain = (plan - random) / (oracle - random), the last unit fractional for both. Other strategies are compared with the
plan by the paired difference of gains in the same municipality.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import polars as pl

from riskstrat.areas import Neighbours
from riskstrat.areas.count_noise import CountNoise
from riskstrat.areas.icar import structure_of
from riskstrat.areas.smoothing import POSTERIORS
from riskstrat.declare import LocalisedText, Programme, Scenario
from riskstrat.disclosure import CellNoise
from riskstrat.disclosure.protected_rows import RISK_SHARE
from riskstrat.priorities.allocation_problem import build_problem
from riskstrat.priorities.comparators import compare
from riskstrat.records.areas import INTERVAL, Units

AREAS = 51
DRAWS = 1000
SIZE_SD = 0.3
RISK_SD = 0.275
CNI_CORRELATION = 0.6
WIDTH = 6
BUDGETS = (0.1, 0.2, 0.3)
COMPARATORS = ("care_need_index", "raw_counts", "raw_rates")
NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})


@dataclass(frozen=True)
class Profile:
    """A condition: counts of the training cohort and of the target, the split into strata, the bars at 20 %."""

    name: str
    observed: float
    people: int
    cases: float
    strata: tuple[float, ...]
    bar_few: float
    bar_many: float
    bar_strata: float
    risk: float
    bar_loss: float
    bar_loss_blind: float


PROFILES = (
    Profile("obesity", 250, 1_287, 39, (1.0, 1.69), 0.70, 0.78, 0.85, 0.03, 0.03, 0.08),
    Profile("early_cvd", 450, 26_000, 250, (1.0, 2.2, 2.0, 4.4), 0.80, 0.86, 0.92, 0.0115, 0.02, 0.03),
    Profile("frailty", 3_500, 12_500, 1_500, (1.0, 2.5, 1.2, 3.0), 0.85, 0.90, 0.95, 0.173, 0.01, 0.01),
)

PROGRAMME = Programme(
    name="simulated",
    title=LocalisedText(en="Simulated", sv="Simulerad"),
    person_cost_sek=5_000,
    reach=0.6,
    reduction=(0.05, 0.2, 0.35),
    case_cost_sek=(("region", 10_000),),
    savings_years=5,
    price_year=2024,
    source=LocalisedText(
        en="simulation: costs and effect are the same for plan, comparators and oracle and drop out of the gain",
        sv="simulering",
    ),
)


@dataclass(frozen=True)
class World:
    """How the truth is made: spread of log theta (None: drawn, `often_below` in 19 of 20), and how it lies on a map.

    Where there is a map, log theta and the gradient are to `share` the scaled autoregression of its areas.
    """

    sd: float | None = None
    often_below: float = 0.5
    map_of: Neighbours | None = None
    share: float = 0.0

    def spread(self, random: np.random.Generator) -> np.ndarray:
        """Values of variance 1, (areas,)."""
        own = random.standard_normal(AREAS)
        if self.map_of is None or not self.share:
            return own
        values, vectors = np.linalg.eigh(structure_of(self.map_of).precision.toarray())
        together = vectors[:, 1:] @ (random.standard_normal(AREAS - 1) / np.sqrt(values[1:]))
        return np.sqrt(1 - self.share) * own + np.sqrt(self.share) * together


@dataclass(frozen=True)
class Municipality:
    """Units with what a planner sees, and beside it the true expected cases that nobody sees.

    `relative` and `true_relative` are draws of each unit's ratio over everybody's, and the truth.
    """

    units: Units
    relative: np.ndarray
    true_relative: np.ndarray
    covered: float = np.nan


def simulate(
    profile: Profile,
    ratios: tuple[float, ...],
    seed: int,
    *,
    blind: bool = False,
    width: int = 0,
    world: World = World(),
    smoothing: str = "gamma",
) -> Municipality:
    random = np.random.default_rng([seed, len(ratios), round(profile.observed)])
    size = np.exp(SIZE_SD * random.standard_normal(AREAS))
    gradient = np.exp(RISK_SD * world.spread(random))
    drawn_sd = random.exponential(world.often_below / np.log(20))
    theta = np.exp((drawn_sd if world.sd is None else world.sd) * world.spread(random))
    known, unknown = (np.ones(AREAS), gradient * theta) if blind else (gradient, theta)
    people, predicted, true_ratio = (np.repeat(values, len(ratios)) for values in (size, known, unknown))
    predicted = predicted * np.tile(ratios, AREAS)
    expected = profile.observed * people * predicted / (people @ predicted)
    observed = random.poisson(expected * true_ratio)
    # Each person stands for a hundred, so that the rounding of people to whole ones does not decide.
    now = profile.people * people / people.sum()
    future = profile.cases * people * predicted / (people @ predicted)
    rows = profile.observed / profile.risk * people / people.sum()
    hidden = Hidden(width, np.random.default_rng([seed, 7]))
    seen, noise = hidden.counts(observed, rows)
    seen_rows, seen_now = hidden.people(rows), hidden.people(now)
    fit = POSTERIORS[smoothing].fit
    theta_draws = fit(seen, hidden.risks(expected, rows, seen_rows), world.map_of, noise, None).draw(DRAWS, seed)
    draws = hidden.risks(future, now, seen_now) * theta_draws
    lower, upper = np.quantile(theta_draws, INTERVAL, axis=0)
    target = np.round(100 * seen_now).astype(int)
    units = pl.DataFrame(
        {
            "unit": [f"{number:03d}" for number in range(len(people))],
            "people": target,
            "observed_cases": observed,
            "observed_index_dates": target,
            "care_need_index": _index(np.log(predicted * true_ratio), random),
            "true_cases": future * true_ratio,
        }
    )
    return Municipality(
        units=Units(units=units, cases_draws=draws, left_out=NOBODY),
        relative=theta_draws / (theta_draws @ expected / expected.sum())[:, None],
        true_relative=true_ratio / (true_ratio @ expected / expected.sum()),
        covered=float(np.mean((lower <= true_ratio) & (true_ratio <= upper))),
    )


@dataclass(frozen=True)
class Hidden:
    """Noise of counts, people and sums of risks, as areas carry it; a width of 0 leaves all exact."""

    width: int
    random: np.random.Generator

    def counts(self, observed: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, CountNoise | None]:
        """Protect outcomes, and say what is known of their noise."""
        if not self.width:
            return observed, None
        known = CountNoise(probability=self._probability, rows=rows)
        return known.protect(observed, self._whole(len(observed))), known

    def people(self, people: np.ndarray) -> np.ndarray:
        """Protect numbers of people."""
        return np.maximum(people + self._whole(len(people)), 1.0)

    def risks(self, sums: np.ndarray, people: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Protect sums of risks: protected people times their mean risk with the noise of one person."""
        if not self.width:
            return sums
        added = self._whole(len(sums)) + self.random.uniform(-0.5, 0.5, len(sums))
        scale = RISK_SHARE * sums.sum() / people.sum()
        return seen * np.maximum(sums + scale * added, 0.01 * sums) / people

    @property
    def _probability(self) -> np.ndarray:
        return CellNoise(b"of a simulation only", self.width).probability

    def _whole(self, n: int) -> np.ndarray:
        return self.random.choice(np.arange(-self.width, self.width + 1), n, p=self._probability)


def _index(log_risk: np.ndarray, random: np.random.Generator) -> np.ndarray:
    standard = (log_risk - log_risk.mean()) / log_risk.std()
    noise = random.standard_normal(len(log_risk))
    return CNI_CORRELATION * standard + np.sqrt(1 - CNI_CORRELATION**2) * noise


def gains(municipality: Municipality, budget: float, seed: int) -> dict[str, float]:
    """Share of the oracle's advantage over random that each strategy gets."""
    full = PROGRAMME.person_cost_sek * PROGRAMME.reach * float(municipality.units.units["people"].sum())
    scenario = Scenario(name="simulated", programmes=(PROGRAMME,), budget_sek=budget * full)
    problem = build_problem(municipality.units, scenario, seed=seed)
    return dict(compare(problem, problem.best_shares(), seed).select("strategy", "gain").iter_rows())


Gains = dict[float, dict[str, np.ndarray]]


def table(municipalities: list[Municipality]) -> Gains:
    """Gains of every strategy, (municipalities,), by budget."""
    by_budget = {budget: [gains(one, budget, seed) for seed, one in enumerate(municipalities)] for budget in BUDGETS}
    return {
        budget: {name: np.array([row[name] for row in rows]) for name in rows[0]} for budget, rows in by_budget.items()
    }


def report(name: str, by_budget: Gains, bar: float | None) -> bool:
    """Print one block; return whether the bars at the 20 % budget are met."""
    met = True
    for budget, rows in by_budget.items():
        compared = bar is not None and budget == 0.2
        good = bar is None or (rows["plan"].mean() >= bar and all(_ahead(rows, other) > 0 for other in COMPARATORS))
        met &= good or not compared
        result = f"  bar {bar:.2f} {'met' if good else 'MISSED'}" if compared else ""
        leads = (f"{other} {_ahead(rows, other):+.3f} ({_error(rows, other):.3f})" for other in COMPARATORS)
        plan = rows["plan"]
        error = plan.std(ddof=1) / np.sqrt(len(plan))
        gain = f"{name:<17} {len(plan):>4} {budget:>4.0%}  gain {plan.mean():.3f} ({error:.3f})"
        print(f"{gain}  plan minus: {'  '.join(leads)}{result}")
    return met


def _ahead(rows: dict[str, np.ndarray], other: str) -> float:
    return float((rows["plan"] - rows[other]).mean())


def _error(rows: dict[str, np.ndarray], other: str) -> float:
    return float((rows["plan"] - rows[other]).std(ddof=1) / np.sqrt(len(rows["plan"])))


def meets_bars(profile: Profile, municipalities: int, first: int) -> bool:
    seeds = range(first, first + municipalities)
    bar = profile.bar_many if municipalities >= 200 else profile.bar_few
    areas = table([simulate(profile, (1.0,), seed) for seed in seeds])
    strata = table([simulate(profile, profile.strata, seed) for seed in seeds])
    blind = table([simulate(profile, (1.0,), seed, blind=True) for seed in seeds])
    met = [
        report(f"{profile.name} areas", areas, bar),
        report(f"{profile.name} strata", strata, profile.bar_strata),
        report(f"{profile.name} blind", blind, None),
    ]
    return all(met)


def cost_of_protection(profile: Profile, municipalities: int, first: int) -> bool:
    """Print what protected counts cost against exact ones in the same municipalities, at a budget for 20 %."""
    met = True
    for blind, bar in ((False, profile.bar_loss), (True, profile.bar_loss_blind)):
        gain, covered = {}, {}
        for width in (0, WIDTH):
            made = [
                simulate(profile, (1.0,), seed, blind=blind, width=width)
                for seed in range(first, first + municipalities)
            ]
            gain[width] = np.array([gains(one, 0.2, seed)["plan"] for seed, one in enumerate(made)])
            covered[width] = float(np.mean([one.covered for one in made]))
        loss = gain[0] - gain[WIDTH]
        error = float(loss.std(ddof=1) / np.sqrt(len(loss)))
        good = loss.mean() <= bar
        met &= bool(good)
        print(
            f"{profile.name:<10} {'blind' if blind else '':5} {municipalities:>4}  gain {gain[0].mean():.3f} exact, "
            f"{gain[WIDTH].mean():.3f} protected: loss {loss.mean():.3f} ({error:.3f})  bar {bar:.2f} "
            f"{'met' if good else 'MISSED'}  coverage {covered[0]:.3f} exact, {covered[WIDTH]:.3f} protected",
            flush=True,
        )
    return met


def main() -> int:
    arguments = argparse.ArgumentParser(description="Gain of the plan against an oracle and comparators.")
    arguments.add_argument("--municipalities", type=int, nargs="+", default=[20, 200])
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--protected", action="store_true", help="what protected counts cost")
    given = arguments.parse_args()
    if given.protected:
        costs = [cost_of_protection(each, number, given.seed) for number in given.municipalities for each in PROFILES]
        return 0 if all(costs) else 1
    print("Means over municipalities (standard errors); gain = (plan - random) / (oracle - random)")
    met = [meets_bars(profile, number, given.seed) for number in given.municipalities for profile in PROFILES]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
