"""Small pilots: units with a posterior, a programme, counts by chance."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from riskstrat import indicators, pilots
from riskstrat.declare import LocalisedText, ProcessOutcome, Programme, TableIndicator
from riskstrat.pilots.designing import expected_counts, model_of
from riskstrat.records.areas import Units
from riskstrat.records.pilot import PilotDesign

NOBODY = pl.DataFrame(schema={"reason": pl.String, "units": pl.Int64, "people": pl.Int64})
PROCESS = ProcessOutcome(
    name="family_centre", title=LocalisedText(en="Visits to the family centre", sv="Besök på familjecentralen"),
    share_without=0.2, share_with=(0.25, 0.3, 0.4), answers_after="180d",
)  # fmt: skip
UNDERSTOOD = TableIndicator(
    name="understood", title=LocalisedText(en="Understood the plan", sv="Förstod planen"), wanted="higher",
    goal="person_centred", count="yes", denominator="answers",
)  # fmt: skip


def programme(**changes: object) -> Programme:
    said: dict[str, object] = {
        "name": "visits", "title": LocalisedText(en="Visits", sv="Besök"), "person_cost_sek": 1_000, "reach": 0.9,
        "reduction": (0.3, 0.5, 0.6), "case_cost_sek": (("region", 9_000),), "savings_years": 1, "price_year": 2024,
        "source": LocalisedText(en="assumption", sv="antagande"),
    }  # fmt: skip
    return Programme(**{**said, **changes})


def units(number: int, *, cases: float = 40.0, spread: float = 0.2, seed: int = 0, draws: int = 300) -> Units:
    """Units of unlike sizes whose ratios vary in the posterior by `spread`."""
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.3, 2.0, number)
    frame = pl.DataFrame({"unit": [f"U{each:02}" for each in range(number)], "people": (500 * size).astype(int)})
    return Units(
        units=frame, cases_draws=cases * size * np.exp(rng.normal(0, spread, (draws, number))), left_out=NOBODY
    )


def pilot(number: int = 12, seed: int = 0, **changes: object) -> PilotDesign:
    said: dict[str, object] = {"start": date(2025, 1, 1), "cases_within": "1y", "simulations": 50}
    return pilots.design(units(number), programme(), **{**said, "seed": seed, **changes})


def counts(design: PilotDesign, ratio: float = 1.0, *, spread: float = 0.2, seed: int = 0) -> pl.DataFrame:
    """What could be counted: units differ from what was expected by `spread`, and by chance."""
    rng = np.random.default_rng(seed)
    row = design.outcomes.row(0, named=True)
    expected = expected_counts(design, row["outcome"], row["periods"])
    begun = model_of(design, expected, row["lag"])[0].begun
    unlike = np.exp(rng.normal(0, spread, (design.units.height, 1)))
    counted = rng.poisson(expected * unlike * ratio**begun)
    periods = row["periods"]
    return pl.DataFrame(
        {
            "unit": np.repeat(design.units["unit"].to_numpy(), periods),
            "period": np.tile(np.arange(periods), design.units.height),
            "count": counted.ravel(),
        }
    )


def three_pairs() -> dict[str, object]:
    """What examples speak of: a pilot, what was counted in it, and its evaluation; an indicator that was followed."""
    drawn = pilot(6)
    counted = counts(drawn)
    table = pl.DataFrame({"year": [2021, 2022], "yes": [60, 66], "answers": [100, 100]})
    followed = indicators.follow(UNDERSTOOD, table, [2021, 2022], as_of=date(2024, 1, 1))
    return {
        "pilot": drawn, "counts": counted, "evaluation": pilots.evaluate(drawn, counted), "followed": followed,
    }  # fmt: skip
