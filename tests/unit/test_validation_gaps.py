"""Groups beside each other: gaps with intervals, curves, and an outcome that is recorded less often in one group."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from riskstrat.errors import UsageError
from riskstrat.records.cohort import Cohort
from riskstrat.records.validation import GAP_SCHEMA, Validation
from riskstrat.validation import validate


def checked(
    seed: int, n: int = 6000, *, recorded: float = 1.0, draws: int = 200, families: int = 1, **how: object
) -> Validation:
    """Right risks of people born here and abroad, whose outcome is recorded with this probability if born abroad."""
    random = np.random.default_rng(seed)
    risk = 1 / (1 + np.exp(-random.normal(-1.5, 1, n)))
    abroad = random.random(n) < 0.3
    had = random.random(n) < risk
    seen = had & ~(abroad & (random.random(n) >= recorded))
    people = pl.DataFrame(
        {
            "person_id": np.arange(n),
            "family_id": np.arange(n) // families,
            "birth_region": np.where(abroad, "abroad", "here"),
            "assessed": np.ones(n, dtype=bool),
            "landmark": np.zeros(n, dtype=int),
            "event": seen.astype(np.int8),
            "duration_days": np.where(seen, 100.0, 365.0),
        }
    )
    cohort = Cohort(condition="x", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365)
    return validate(risk, cohort, by=["birth_region"], draws=draws, **{"references": {"birth_region": "here"}, **how})


def gap(found: Validation, metric: str) -> dict[str, float]:
    return (
        found.gaps.filter(pl.col("capacity").is_null())
        .filter(metric=metric, group="birth_region=abroad")
        .row(0, named=True)
    )


def test_an_outcome_recorded_less_often_in_one_group_shows_as_a_gap():
    fair, unfair = checked(0), checked(0, recorded=0.7)
    assert gap(fair, "observed_expected")["lower"] < 0 < gap(fair, "observed_expected")["upper"]
    found = gap(unfair, "observed_expected")
    assert found["upper"] < 0
    assert found["estimate"] == pytest.approx(-0.3, abs=0.08)
    assert gap(unfair, "calibration_in_the_large")["upper"] < 0
    # The ranking says nothing of it: who is missed is missed at every risk.
    assert gap(unfair, "auc")["lower"] < 0.01


def test_a_gap_is_the_difference_to_the_reference():
    found = checked(1)
    assert found.gaps.schema == dict(GAP_SCHEMA)
    assert found.gaps["reference"].unique().to_list() == ["birth_region=here"]
    for metric in ("auc", "concordance", "brier", "observed_expected", "calibration_slope"):
        difference = found.estimate(metric, "birth_region=abroad") - found.estimate(metric, "birth_region=here")
        assert gap(found, metric)["estimate"] == pytest.approx(difference)
    # Distances of a curve grow with chance, and chance with smallness.
    assert not found.gaps["metric"].is_in(["ici", "e50", "e90"]).any()


def test_of_groups_of_one_size_the_reference_is_the_first_in_order_whichever_is_larger():
    def reference(shares: list[float], **how: object) -> set[str]:
        found, random, n = set(), np.random.default_rng(4), 400
        for _ in range(4):
            age = random.choice(["9", "10", "unknown"], n, p=shares)
            had = random.random(n) < 0.4
            people = pl.DataFrame(
                {
                    "person_id": range(n),
                    "age": [None if each == "unknown" else str(each) for each in age],
                    "assessed": [True] * n,
                    "event": had.astype(np.int8),
                    "duration_days": [365.0] * n,
                }
            )
            cohort = Cohort(condition="x", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365)
            found |= {*validate(random.random(n), cohort, by=["age"], draws=10, **how).gaps["reference"]}
        return found

    assert reference([0.5, 0.5, 0]) == {"age=9"}
    assert reference([0.2, 0.3, 0.5]) == {"age=9"}
    assert reference([0.2, 0.3, 0.5], references={"age": "10"}) == {"age=10"}
    # Too few outcomes to be compared with.
    assert reference([0.01, 0.49, 0.5], references={"age": "9"}) == {"age=10"}


def test_a_reference_that_nobody_has_is_refused_without_telling_values():
    with pytest.raises(UsageError, match="no column of by 'seks'") as raised:
        checked(0, 200, references={"seks": "x", "birth_region": "her"})
    assert "no row whose birth_region is 'her'" in str(raised.value)
    assert "abroad" not in str(raised.value)


def test_the_interval_of_a_gap_knows_what_groups_share():
    """Where each family has a member in both groups, the draws of the two groups go together."""
    random, n = np.random.default_rng(3), 2000
    risk, had = np.repeat(random.uniform(0.1, 0.6, n), 2), np.repeat(random.random(n) < 0.3, 2)
    people = pl.DataFrame(
        {
            "person_id": np.arange(2 * n),
            "family_id": np.repeat(np.arange(n), 2),
            "sex": ["female", "male"] * n,
            "assessed": [True] * (2 * n),
            "event": had.astype(np.int8),
            "duration_days": [365.0] * (2 * n),
        }
    )
    widths = []
    for family in (people["family_id"], people["person_id"]):
        of = people.with_columns(family_id=family)
        cohort = Cohort(condition="x", people=of, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365)
        row = validate(risk, cohort, by=["sex"], draws=200).gaps.filter(metric="auc").row(0, named=True)
        widths.append(row["upper"] - row["lower"])
    assert widths[0] < 0.1 * widths[1]


def test_curves_by_group():
    found = checked(2, recorded=0.5).curve
    assert found["group"].unique(maintain_order=True).to_list() == [
        "all",
        "birth_region=abroad",
        "birth_region=here",
    ]
    ratio = {group: (rows["observed"] / rows["predicted"]).median() for (group,), rows in found.group_by("group")}
    assert ratio["birth_region=abroad"] == pytest.approx(0.5, abs=0.1)
    assert ratio["birth_region=here"] == pytest.approx(1, abs=0.1)


def test_who_is_reached_when_help_is_offered_to_those_at_highest_risk():
    risk = np.repeat([0.8, 0.6, 0.4, 0.2], 25)
    had = np.concatenate([np.arange(25) < outcomes for outcomes in (20, 15, 10, 5)])
    people = pl.DataFrame(
        {
            "person_id": range(100),
            "sex": ["female", "male"] * 50,
            "assessed": [True] * 100,
            "event": had.astype(np.int8),
            "duration_days": [365.0] * 100,
        }
    )
    cohort = Cohort(condition="x", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365)
    found = validate(risk, cohort, by=["sex"], draws=50, capacities=[0.25, 0.375])

    def shown(capacity: float, group: str = "all") -> dict[str, float]:
        rows = found.capacity.filter(capacity=capacity, group=group)
        return dict(rows.select("metric", "estimate").iter_rows())

    assert shown(0.25) == pytest.approx(
        {"reached": 0.25, "sensitivity": 20 / 50, "ppv": 20 / 25, "share_of_cases": 20 / 50}
    )
    # Of those with a risk of .6 every second place is left: half of each.
    assert shown(0.375) == pytest.approx(
        {"reached": 0.375, "sensitivity": 27.5 / 50, "ppv": 27.5 / 37.5, "share_of_cases": 27.5 / 50}
    )
    by_sex = [shown(0.25, group)["share_of_cases"] for group in ("sex=female", "sex=male")]
    assert sum(by_sex) == pytest.approx(20 / 50)
    women = found.gaps.filter(capacity=0.25, metric="sensitivity").row(0, named=True)
    assert women["estimate"] == pytest.approx(
        shown(0.25, "sex=male")["sensitivity"] - shown(0.25, "sex=female")["sensitivity"]
    )
    behind = found.persons.filter(group="capacity=0.25;all").row(0, named=True)
    assert (behind["persons"], behind["cases"]) == (25, 20)


def test_capacities_must_be_shares():
    people = pl.DataFrame({"person_id": [1], "assessed": [True], "event": [1], "duration_days": [5.0]})
    cohort = Cohort(condition="x", people=people, flow=pl.DataFrame(), as_of=date(2024, 1, 1), horizon_days=365)
    with pytest.raises(UsageError, match="capacities that are not shares of people"):
        validate([0.1], cohort, capacities=[10])
