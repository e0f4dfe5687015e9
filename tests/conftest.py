"""Made-up studies for the tests of figures and reports: real stages on invented people, or on none but a few."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from decomposition import decompose_groups
from riskstrat import conditions
from riskstrat.areas import estimate_areas, estimate_groups, inequality, recalibrate
from riskstrat.declare import Candidate, Condition, LocalisedText, Settings
from riskstrat.explanation import ExplainedRisk
from riskstrat.priorities import prioritise
from riskstrat.recalibration import InTheLarge
from riskstrat.records.area_results import AreaResults
from riskstrat.records.cohort import Cohort, Target
from riskstrat.records.evaluation import Evaluation
from riskstrat.records.explanation import Explanation
from riskstrat.records.model import Provenance, RiskModel
from riskstrat.records.omission import Omission
from riskstrat.records.partition import Partition
from riskstrat.records.plan import CARE_NEED
from riskstrat.records.study import Source, Study
from riskstrat.validation import missingness, overlap, person_folds, temporal_split, validate

AS_OF = date(2024, 1, 1)
AREAS = 51
NO_STRATA = Omission(part="strata_plan", reason=LocalisedText(en="Strata are too small.", sv="Grupperna är för små."))
FAMILIES = ("age_sex", "living_conditions", "health_care", "growth_family", "area")


class NoModel:
    """Stands where a fitted estimator would; reports never ask it anything."""

    horizon_days = 731
    missing_way = "indicator"
    learns_from_followed = False


def invented_people(
    rng: np.random.Generator, n: int, *, index: date, landmark: int, base: float, spread: float, areas: int = AREAS
) -> tuple[pl.DataFrame, np.ndarray, np.ndarray]:
    area = rng.integers(0, areas, n)
    need = np.linspace(-1, 1, areas)[rng.permutation(areas)]
    effect = np.random.default_rng(5).normal(0, spread, areas)
    values = np.column_stack([rng.normal(0, 0.5, n), 0.3 * need[area] + rng.normal(0, 0.2, n), rng.normal(0, 0.6, n),
                              rng.normal(0, 0.2, n), 0.15 * need[area]])  # fmt: skip
    risk = 1 / (1 + np.exp(-(base + values.sum(axis=1))))
    truth = 1 / (1 + np.exp(-(base + values.sum(axis=1) + effect[area])))
    event = (rng.random(n) < truth).astype(np.int8)
    people = pl.DataFrame(
        {
            "person_id": np.arange(n) + 1_000_000 * landmark,
            "index_date": [index] * n,
            "area_id": [f"9981C{1000 + 10 * i}" for i in area],
            "age_years": rng.integers(70, 95, n).astype(np.int32),
            "sex": np.where(rng.random(n) < 0.5, "female", "male"),
            "family_id": np.arange(n) + 1_000_000 * landmark,
            "event": event,
            "duration_days": np.where(event == 1, rng.integers(1, 730, n), 731).astype(float),
            "assessed": [True] * n,
            "horizon_covered": [True] * n,
            "landmark": np.full(n, landmark, dtype=np.int32),
        }
    )
    return people, risk, values


def tiles(names: list[str]) -> str:
    """Squares in a grid of eight columns, as GeoJSON in degrees."""
    features = []
    for i, name in enumerate(names):
        x, y = 17.3 + 0.09 * (i % 8), 58.95 + 0.045 * (i // 8)
        ring = [[x, y], [x, y + 0.045], [x + 0.09, y + 0.045], [x + 0.09, y], [x, y]]
        properties = {"area_id": f"9981C{1000 + 10 * i}", "name": name}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return json.dumps({"type": "FeatureCollection", "features": features})


def invented_flow(people: int) -> pl.DataFrame:
    rows = [
        (1, "start", "everybody", "alla i registren", people + 900, people + 900),
        (2, "left_out", "in special housing at the index", "bor redan i särskilt boende", 897, 897),
        (3, "left_out", "not resident", "inte folkbokförda här", 3, 3),
        (4, "included", "included", "inkluderade", people, people),
    ]
    columns = ("step", "part", "reason", "reason_sv", "people", "rows")
    return pl.DataFrame(rows, schema=columns, orient="row")


def invented_source(names: list[str]) -> Source:
    area_ids = [f"9981C{1000 + 10 * i}" for i in range(len(names))]
    return Source(
        name="Modellstad",
        fingerprint="0123456789ab",
        data_end=date(2023, 12, 31),
        invented=True,
        coverage=pl.DataFrame(
            {
                "register": ["diagnoses", "circumstances"],
                "coverage_start": [date(2009, 1, 1)] * 2,
                "coverage_end": [date(2023, 12, 31), date(2022, 12, 31)],
                "delay_days": [180, 365],
                "source": ["invented", "invented"],
            }
        ),
        refused=pl.DataFrame({"table": ["diagnoses"], "rule": ["before_birth"], "rows": [40]}),
        area_names=pl.DataFrame({"area_id": area_ids, "name": names}),
        geometry=tiles(names),
    )


def invented_study(
    name: str = "frailty",
    *,
    people: int = 6_000,
    base: float = -1.9,
    spread: float = 0.35,
    first_name: str = "Blåklintgläntan",
    settings: Settings | None = None,
    places: int = AREAS,
) -> Study:
    """Run the real stages on invented people; the numbers mean nothing, their shapes are those of a real study."""
    condition, settings = conditions.load(name), settings or Settings(posterior_draws=500)
    rng = np.random.default_rng(1)
    made = {"base": base, "spread": spread, "areas": places}
    early, early_risk, _ = invented_people(rng, people, index=date(2017, 12, 1), landmark=0, **made)
    late, late_risk, _ = invented_people(rng, people, index=date(2021, 12, 1), landmark=1, **made)
    now, now_risk, values = invented_people(rng, people, index=AS_OF, landmark=2, **made)
    trained, risk = pl.concat([early, late]), np.concatenate([early_risk, late_risk])
    common = {"condition": name, "as_of": AS_OF}
    cohort = Cohort(people=trained, flow=invented_flow(trained.height), horizon_days=731, **common)
    target = Target(
        people=now.drop("event", "duration_days", "assessed", "landmark"), flow=invented_flow(people), **common
    )
    areas = estimate_areas(cohort, risk, target, now_risk, draws=settings.posterior_draws)
    groups = areas.groups["area_id"]
    need = pl.DataFrame({"area_id": groups, CARE_NEED: np.linspace(0.5, 2.0, len(groups))})
    start = 1 / (1 + np.exp(-base))
    share = (now_risk - start)[:, None] * values / values.sum(axis=1, keepdims=True)
    across = estimate_groups(areas, target, recalibrate(cohort, risk, by="area_id").latest.apply(now_risk))
    reasons = decompose_groups(
        areas.draws.unexplained, groups.to_list(), target.people["area_id"].to_list(),
        why=ExplainedRisk(
            risk=now_risk, contributions=share, families=FAMILIES, baseline_risk=np.full(len(now_risk), start)
        ),
    )  # fmt: skip
    columns = tuple(feature.column for feature in condition.features)
    contributions = np.zeros((people, len(columns)))
    contributions[:, :5] = values[:, [0, 2, 2, 1, 3]] / [1, 2, 2, 1, 1]
    folds = person_folds(trained, 5)
    areas_names = [first_name, *(f"Område {i:02d}" for i in range(1, places))]
    simple = np.full(len(risk), risk.mean()) + rng.normal(0, 0.01, len(risk))
    check = validate(risk, cohort, by=["sex"], baseline=simple, draws=20)
    scores = {"name": ["Logistic", "Boosting", "AgeSex"], "brier": [0.1, 0.101, 0.12]}
    return Study(
        condition=condition,
        settings=settings,
        as_of=AS_OF,
        source=invented_source(areas_names),
        cohort=cohort,
        target=target,
        partition=Partition.from_table(groups.to_frame().with_columns(unit="area_id")),
        scores=pl.DataFrame(
            {
                **scores,
                "prediction_accuracy": [0.2, 0.19, 0.04],
                "difference": [0.0, -0.01, -0.16],
                "difference_lower": [0.0, -0.02, -0.2],
                "difference_upper": [0.0, 0.0, -0.12],
                "explained": [True, True, True],
                "accuracy_after_choosing": [0.195, None, None],
            }
        ),
        model=invented_model(condition, settings, columns),
        evaluation=Evaluation(
            checks={"person": check, "time": check},
            splits=pl.DataFrame(
                {
                    "split": ["person", "time"],
                    "note": [folds.note, temporal_split(trained, 731).note],
                    "shared_persons": [int(overlap(folds, trained)["shared_persons"].sum()), 0],
                    "shared_families": [0, 0],
                }
            ),
            risk=risk,
            sample_size=pl.DataFrame({"criterion": ["shrinkage"], "needed": [1_234], "enough": [True]}),
            missingness=missingness(_with_gaps(trained, columns), cohort, ("sex",)),
        ),
        explanation=Explanation(
            values=contributions,
            baseline=base,
            features=columns,
            families=tuple(feature.family for feature in condition.features),
            link="logit",
        ),
        target_risk=now_risk,
        area_results=AreaResults(
            estimates=areas,
            check=check,
            risk=risk,
            target_risk=now_risk,
            reasons=reasons,
            inequality=inequality(
                areas.draws.risk, areas.table["target_people"].to_numpy(), need[CARE_NEED].to_numpy()
            ),
            strata=NO_STRATA,
            groups=across,
        ),
        plan=prioritise(areas, condition.programmes[0], settings.budget_sek, care_need=need),
        strata_plan=None,
        group_plan=prioritise(across, condition.programmes[0], settings.budget_sek),
        omissions=(NO_STRATA,),
    )


def _with_gaps(trained: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    """Features of which the last is seldom observed where there was no outcome, and the others always."""
    seen = (pl.col("event") == 1) | (pl.col("person_id") % 3 == 0)
    gaps = pl.when(seen).then(1.0).alias(columns[-1])
    return trained.select(*(pl.lit(1.0).alias(name) for name in columns[:-1]), gaps)


def invented_model(condition: Condition, settings: Settings, columns: tuple[str, ...]) -> RiskModel:
    """A model that predicts nothing: reports read only what it is called."""
    provenance = Provenance(as_of=AS_OF, registers="Modellstad", fingerprint="0123456789ab", version="0.1.0")
    return RiskModel(
        condition=condition,
        candidate=Candidate("Logistic"),
        estimator=NoModel(),
        columns=columns,
        families={feature.column: feature.family for feature in condition.features},
        recalibration=InTheLarge(shift=0.0, standard_error=0.1),
        summary=pl.DataFrame({"column": columns}),
        target_summary=pl.DataFrame({"column": columns}),
        provenance=provenance,
        settings=settings,
    )


@pytest.fixture(scope="session")
def study() -> Study:
    """A study with clear differences between areas."""
    return invented_study()


@pytest.fixture(scope="session")
def county_study() -> Study:
    """A study of so many areas that nobody prints them all."""
    return invented_study(people=20_000, places=200)


@pytest.fixture(scope="session")
def scarce_study() -> Study:
    """A study with so few cases that many areas are withheld and none is clearly high."""
    return invented_study("childhood_obesity", people=700, base=-3.6, spread=0.0)


@pytest.fixture(scope="session")
def placeless_study(study: Study) -> Study:
    """A study of registers without areas."""
    source = replace(study.source, area_names=None, geometry=None)
    omissions = (Omission(part="areas", reason=LocalisedText(en="No areas.", sv="Inga områden.")),)
    return replace(study, source=source, area_results=None, plan=None, omissions=omissions)


@pytest.fixture(scope="session")
def hostile_study() -> Study:
    """A study in which an area's name tries to be a script."""
    return invented_study(first_name="<script>alert('x')</script>&\"</figure>")
