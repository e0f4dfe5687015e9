"""How often 90 % intervals of groups hold the truth, in made-up municipalities of 51 areas; no model is fitted.

Places, their sizes and their true effects are those of `riskstrat.synthetic`; people, cases, landmarks, losses and the
spread of risks are as counted in the registers of twelve such municipalities of 100,000 (seeds 1-12). Outcomes are
drawn from the true risks; the expected ones are those of a perfect model that does not know the areas. A result with a
question mark lies within two standard errors of its bar: more municipalities would tell.

With --protected everything comes from protected counts. Their likelihood knows the noise of outcomes, not that of
expected cases: `E as seen` is how often intervals hold the truth relative to the expected cases with their noise, which
is the coverage there would be if these were exact.

In: nothing. Out: a table on the terminal, one row a condition and way of drawing the areas' spread, beside the bars.
Run: python benchmarks/honesty_areas.py [--municipalities 200] [--first 0] [--condition NAME] [--protected]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from riskstrat.areas import Posterior, estimate_areas, recalibrate, smooth
from riskstrat.areas.gamma import PRIOR_SD, PRIOR_TAIL
from riskstrat.areas.observed_expected import observed_expected
from riskstrat.disclosure import CellNoise
from riskstrat.records.areas import INTERVAL, AreaEstimates
from riskstrat.records.cohort import Cohort, Target
from riskstrat.synthetic.geography import Geography, make_geography
from riskstrat.synthetic.parameters import AREA_SD_RATE

AREAS = 51
HORIZON = 730
FLOW = pl.DataFrame({"step": [], "reason": [], "people": [], "rows": []})


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What a condition's outcomes look like, and how often its intervals must cover."""

    name: str
    cases: int
    risk: float
    spread: float
    landmarks: int
    lost: float
    assessed: float
    ages: tuple[int, int]
    bar_fixed: float
    bar_prior: tuple[float, float] = (0.87, 0.93)


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """One municipality: what is seen, what is predicted, and the true risks."""

    cohort: Cohort
    risk: np.ndarray
    truth: np.ndarray
    target: Target
    target_risk: np.ndarray
    target_truth: np.ndarray


SCENARIOS = (
    Scenario(
        name="childhood_obesity", cases=310, risk=0.032, spread=1.1, landmarks=11, lost=0.0, assessed=0.76, ages=(1, 1),
        bar_fixed=0.80,
    ),
    Scenario(
        name="early_cvd", cases=500, risk=0.0115, spread=1.1, landmarks=2, lost=0.05, assessed=1.0, ages=(40, 59),
        bar_fixed=0.83,
    ),
    Scenario(
        name="frailty", cases=11_000, risk=0.173, spread=0.85, landmarks=6, lost=0.01, assessed=1.0, ages=(70, 95),
        bar_fixed=0.87,
    ),
)  # fmt: skip
SD_OF_METHOD = PRIOR_SD / -np.log(PRIOR_TAIL)
"""Mean of the method's own prior of the spread."""


def people(random: np.random.Generator, scenario: Scenario, n: int, places: Geography) -> pl.DataFrame:
    """Made-up people: area, age, sex, landmark."""
    low, high = scenario.ages
    return pl.DataFrame(
        {
            "area": random.choice(AREAS, n, p=places.share),
            "age_years": random.integers(low, high + 1, n),
            "sex": random.choice(["female", "male"], n),
            "landmark": random.integers(0, scenario.landmarks, n).astype(np.int32),
        }
    ).with_columns(pl.format("area {}", pl.col("area").cast(pl.String).str.zfill(2)).alias("area_id"))


def risks(
    random: np.random.Generator, scenario: Scenario, who: pl.DataFrame, effects: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Risk without the area's effect (what a perfect model predicts) and with it (the truth)."""
    shape = 1 / scenario.spread**2
    predicted = np.minimum(scenario.risk * random.gamma(shape, 1 / shape, who.height), 0.9)
    return predicted, np.minimum(predicted * np.exp(effects[who["area"].to_numpy()]), 0.98)


def followed(random: np.random.Generator, scenario: Scenario, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Outcomes at a random time within the horizon, some lost before it, some never assessed."""
    n = len(truth)
    time = np.where(random.random(n) < truth, random.uniform(1, HORIZON, n), np.inf)
    lost = np.where(random.random(n) < scenario.lost, random.uniform(1, HORIZON, n), HORIZON)
    assessed = random.random(n) < scenario.assessed
    return {
        "event": ((time <= lost) & assessed).astype(np.int8),
        "duration_days": np.where(assessed, np.minimum(time, lost), HORIZON),
        "assessed": assessed,
    }


def world(seed: int, scenario: Scenario, sd: float) -> World:
    """Make one municipality."""
    random, places = np.random.default_rng([seed, 2]), make_geography(np.random.SeedSequence([seed, 3]), sd)
    effects = places.effects[scenario.name]
    n = round(scenario.cases / scenario.risk / scenario.assessed / (1 - scenario.lost / 2))
    then, now = people(random, scenario, n, places), people(random, scenario, n // scenario.landmarks, places)
    predicted, truth = risks(random, scenario, then, effects)
    predicted_now, truth_now = risks(random, scenario, now, effects)
    shared = {"condition": scenario.name, "flow": FLOW, "as_of": date(2024, 1, 1)}
    return World(
        cohort=Cohort(
            people=then.with_columns(**{k: pl.Series(v) for k, v in followed(random, scenario, truth).items()}),
            horizon_days=HORIZON,
            **shared,
        ),
        risk=predicted,
        truth=truth,
        target=Target(people=now, **shared),
        target_risk=predicted_now,
        target_truth=truth_now,
    )


def covered(draws: np.ndarray, truth: np.ndarray) -> float:
    """Share of groups whose 90 % interval holds the truth."""
    lower, upper = np.quantile(draws, INTERVAL, axis=0)
    return float(np.mean((lower <= truth) & (truth <= upper)))


def coverages(made: World, seed: int, noise: CellNoise | None) -> tuple[float, ...]:
    """Cover theta, theta otherwise, relative risk, all cases, all cases were the level known.

    Otherwise is with plugged-in hyper-parameters, or where counts are protected, beside expected cases as seen.
    """
    areas = estimate_areas(made.cohort, made.risk, made.target, made.target_risk, noise=noise, seed=seed)
    area, landmark = (made.cohort.people[column].to_numpy() for column in ("area", "landmark"))
    recalibration = recalibrate(made.cohort, made.risk, noise=noise)
    counts = observed_expected(made.cohort, recalibration.apply(made.risk, landmark), recalibration)
    weight = counts.included.astype(float)
    # Areas of fewer people than are described have no results.
    number = made.cohort.people.select("area_id", "area").unique()
    shown = areas.groups.join(number, on="area_id", how="left", maintain_order="left")["area"].to_numpy()
    truth, exact = (np.bincount(area, weight * risk, AREAS)[shown] for risk in (made.truth, counts.risk))
    theta = truth / exact
    observed, expected = (areas.table[name].to_numpy() / areas.divisor for name in ("weighted_cases", "expected"))
    if noise is None:
        plug_in: Posterior | None = smooth(observed, expected, "gamma_plugin").posterior
        otherwise = covered(plug_in.draw(2000, seed), theta) if plug_in else np.nan
    else:
        otherwise = covered(areas.draws.unexplained, truth / areas.table["expected"].to_numpy())
    total, cases = made.target_truth.sum(), areas.cases_draws.sum(axis=1)
    return (
        covered(areas.draws.unexplained, theta),
        otherwise,
        covered(areas.draws.relative_risk, true_relative_risk(made, areas)),
        covered(cases, total),
        covered(cases / areas.level, total),
    )


def true_relative_risk(made: World, areas: AreaEstimates) -> np.ndarray:
    """Return true risk over that of the municipality's people of the same age and sex."""
    now = made.target.people.with_columns(
        pl.Series("truth", made.target_truth),
        band=pl.when(pl.col("age_years") < 20).then(pl.col("age_years")).otherwise(pl.col("age_years") // 5),
    ).with_columns(standard=pl.col("truth").mean().over("sex", "band"))
    per_area = now.group_by("area_id").agg((pl.col("truth").sum() / pl.col("standard").sum()).alias("ratio"))
    return areas.groups.join(per_area, on="area_id", how="left", maintain_order="left")["ratio"].to_numpy()


def spreads(random: np.random.Generator) -> dict[str, float]:
    """One area sd of each way of drawing it: from the method's prior, from that of `riskstrat.synthetic`, fixed."""
    unit = random.exponential()
    return {"method's prior": unit * SD_OF_METHOD, "prior, P(sd > .5) = .05": unit / AREA_SD_RATE, "fixed at .25": 0.25}


def rows(scenario: Scenario, seeds: range, *, protected: bool = False) -> Iterator[str]:
    """One line of the table for each way of drawing the spread."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for seed in seeds:
        noise = CellNoise(np.random.default_rng([seed, 4]).bytes(32)) if protected else None
        for way, sd in spreads(np.random.default_rng([seed, 1])).items():
            found.setdefault(way, []).append(coverages(world(seed, scenario, sd), seed, noise))
    for way, several in found.items():
        mean = np.mean(several, axis=0)
        error = float(np.std([one[0] for one in several]) / len(several) ** 0.5)
        low, high = (scenario.bar_fixed, 1.0) if way.startswith("fixed") else scenario.bar_prior
        result, bar = compared(float(mean[0]), error, low, high), f"{low:.2f}-{high:.2f}"
        yield (
            f"{scenario.name:18} {way:24} {mean[0]:6.3f} ±{error:.3f} {bar:>10} {result:7}"
            f"{mean[1]:8.3f} {mean[2]:9.3f} {mean[3]:8.3f} {mean[4]:12.3f}"
        )


def compared(mean: float, error: float, low: float, high: float) -> str:
    """Met or missed, with a question mark where chance may have decided."""
    near = any(abs(mean - bar) < 2 * error for bar in (low, high))
    return ("met" if low <= mean <= high else "MISSED") + "?" * near


def main() -> None:
    arguments = argparse.ArgumentParser(description="Coverage of 90 % intervals of areas.")
    arguments.add_argument("--municipalities", type=int, default=200)
    arguments.add_argument("--first", type=int, default=0, help="first seed")
    arguments.add_argument("--condition", choices=[scenario.name for scenario in SCENARIOS])
    arguments.add_argument("--protected", action="store_true", help="from protected counts")
    given = arguments.parse_args()
    seeds = range(given.first, given.first + given.municipalities)
    print(f"coverage of 90 % intervals over {len(seeds)} municipalities of {AREAS} areas, seeds from {given.first}")
    other = "E seen" if given.protected else "plug-in"
    last = f"{other:>8} {'relative':>9} {'cases':>8} {'level known':>12}"
    print(f"{'condition':18} {'area sd':24} {'theta':>6} {'error':>6} {'bar':>10} {'':7}{last}")
    for scenario in SCENARIOS:
        if given.condition in {None, scenario.name}:
            for row in rows(scenario, seeds, protected=given.protected):
                print(row, flush=True)


if __name__ == "__main__":
    main()
