"""Charlson, Elixhauser, frailty and SCORE2 hold what was published and agree with reading the tables row by row."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, get_args

import numpy as np
import polars as pl
import pytest

from reference_files import REFERENCE
from riskstrat.codes import RISK_REGIONS, ScoreName, charlson, elixhauser, hfrs, score, score2
from riskstrat.codes.datafiles import read_declarations

SWEDISH = "codes/charlson_ludvigsson2021.csv"
TABLES: dict[ScoreName, tuple[str, str, str]] = {
    "charlson": ("codes/charlson_quan2005.csv", "codes/charlson_weights.csv", "weight_charlson1987"),
    "charlson_2011": ("codes/charlson_quan2005.csv", "codes/charlson_weights.csv", "weight_quan2011"),
    "elixhauser": ("codes/elixhauser_quan2005.csv", "codes/elixhauser_weights.csv", "weight_van_walraven2009"),
    "elixhauser_swiss": (
        "codes/elixhauser_quan2005.csv",
        "codes/elixhauser_weights.csv",
        "weight_swiss_sharma2021",
    ),
}
ITEM_POINTS: dict[ScoreName, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "charlson": lambda rows: charlson(rows, "charlson"),
    "charlson_2011": lambda rows: charlson(rows, "charlson_2011"),
    "charlson_se": charlson,
    "elixhauser": elixhauser,
    "elixhauser_swiss": lambda rows: elixhauser(rows, "elixhauser_swiss"),
    "hfrs": hfrs,
}
OTHER_CODES = ("I10", "Z00", "J20", "R18", "M54", "A09", "H25", "O80")


def read(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def conditions_by_prefix(name: ScoreName) -> dict[str, list[str]]:
    """Read a table as it is published: prefix -> the conditions that it stands for."""
    if name == "hfrs":
        return {row["icd10_3char"]: [row["icd10_3char"]] for row in read("codes/hfrs_gilbert2018.csv")}
    rows = (
        [row for row in read(SWEDISH) if row["icd_version"] == "10"] if name == "charlson_se" else read(TABLES[name][0])
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.get("icd10_prefix") or row["code_prefix"]].append(row["condition"])
    return found


@cache
def weights_and_superiors(name: ScoreName) -> tuple[dict[str, float], dict[str, str]]:
    if name == "hfrs":
        return {row["icd10_3char"]: float(row["points"]) for row in read("codes/hfrs_gilbert2018.csv")}, {}
    if name == "charlson_se":
        graver = {"mld": "msld", "diab": "diabwc", "canc": "metacanc"}
        return {row["condition"]: float(row["weight"]) for row in read(SWEDISH)}, graver
    rows = read(TABLES[name][1])
    weights = {row["condition"]: float(row[TABLES[name][2]]) for row in rows}
    return weights, {row["condition"]: row["superseded_by"] for row in rows if row["superseded_by"]}


def points_by_hand(name: ScoreName) -> Callable[[Iterable[str]], float]:
    prefixes, (weights, superior) = conditions_by_prefix(name), weights_and_superiors(name)

    def points(codes: Iterable[str]) -> float:
        found: set[str] = set()
        for code in codes:
            for length in range(1, len(code) + 1):
                found.update(prefixes.get(code[:length], ()))
        if name == "charlson_se" and {"mld", "ascites"} <= found:
            found.add("msld")
        return sum(weights[condition] for condition in found if superior.get(condition) not in found)

    return points


def random_diagnoses(name: ScoreName, people: int, seed: int = 0) -> pl.DataFrame:
    """Draw up to eight codes a person: published prefixes, codes below them, codes above them, and others."""
    rng = np.random.default_rng(seed)
    published = list(conditions_by_prefix(name))
    below = [prefix + end for prefix in published for end in ("0", "9", "1A")]
    above = [prefix[:-1] for prefix in published]
    pool = np.array([*published, *below, *above, *OTHER_CODES * 40])
    count = rng.integers(0, 9, people)
    person = np.repeat(np.arange(people), np.maximum(count, 1))
    code = pl.Series(rng.choice(pool, len(person)))
    nobody = pl.Series(np.repeat(count == 0, np.maximum(count, 1)))
    return pl.DataFrame({"person_id": person, "code": code}).with_columns(
        code=pl.when(~nobody).then(pl.col("code")), person_id=pl.col("person_id").cast(pl.Int64)
    )


def agree_on(name: ScoreName, people: int) -> None:
    rows = random_diagnoses(name, people)
    points = points_by_hand(name)
    codes = rows.group_by("person_id").agg(pl.col("code").drop_nulls()).sort("person_id")["code"].to_list()
    expected = np.array([points(person_value) for person_value in codes])
    found = ITEM_POINTS[name](rows)
    assert found.height == people
    assert len(set(expected)) > 10
    assert found[:, 1].to_numpy() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", get_args(ScoreName))
def test_a_score_agrees_with_reading_its_table_by_hand(name: ScoreName):
    agree_on(name, 3_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", get_args(ScoreName))
def test_a_score_agrees_with_reading_its_table_for_100_000_people(name: ScoreName):
    agree_on(name, 100_000)


YEARS = {"7": (1964, 1968), "8": (1969, 1986), "9": (1987, 1997), "10": (1997, 2020)}


def test_the_swedish_charlson_reads_every_version_by_the_date():
    """Draw codes of all four versions in years of any of them; by hand, a code counts only in its own years."""
    rng, rows = np.random.default_rng(1), read(SWEDISH)
    table: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        table[row["icd_version"], row["code_prefix"].replace(",", "")].append(row["condition"])
    codes = sorted({code for _, code in table})
    drawn = [
        (person, codes[rng.integers(len(codes))], date(int(rng.choice([1966, 1975, 1990, 1997, 2005])), 7, 1))
        for person in range(5_000)
        for _ in range(rng.integers(1, 6))
    ]
    diagnoses = pl.DataFrame(drawn, schema=["person_id", "code", "date"], orient="row")
    expected = [points_by_date(table, person_value) for _, person_value in groupby(drawn, key=itemgetter(0))]
    assert charlson(diagnoses)["charlson"].to_list() == expected
    assert len(set(expected)) > 10


def points_by_date(table: dict[tuple[str, str], list[str]], rows: Iterable[tuple[int, str, date]]) -> float:
    weights, superior = weights_and_superiors("charlson_se")
    found: set[str] = set()
    for _, code, day in rows:
        used = [version for version, (first, last) in YEARS.items() if first <= day.year <= last]
        prefixes = [code[:length] for length in range(1, len(code) + 1)]
        found.update(*(table.get((version, prefix), ()) for version in used for prefix in prefixes))
    if {"mld", "ascites"} <= found:
        found.add("msld")
    return sum(weights[condition] for condition in found if superior.get(condition) not in found)


@pytest.mark.parametrize("name", TABLES)
def test_a_score_has_the_published_codes_weights_and_hierarchy(name: ScoreName):
    published: dict[str, set[str]] = defaultdict(set)
    for prefix, conditions in conditions_by_prefix(name).items():
        for condition in conditions:
            published[condition].add(prefix)
    weights, superior = weights_and_superiors(name)
    items = {item.name: item for item in score(name).items}
    assert {item: {str(span) for span in one.codes.included} for item, one in items.items()} == published
    assert {item: one.points for item, one in items.items()} == weights
    assert {item: one.replaced_by for item, one in items.items() if one.replaced_by} == superior


def test_the_swedish_charlson_has_all_717_published_rows():
    rows = read(SWEDISH)
    items = score("charlson_se").items
    systems = {"icd10_se": "10", "icd9_se": "9", "icd8_se": "8", "icd7_se": "7"}
    ours = {
        (item.name, version, str(span))
        for item in items
        for system, version in systems.items()
        if (codes := item.codes_in(system, "icd10_se")) is not None
        for span in codes.included
    }
    published = {(row["condition"], row["icd_version"], row["code_prefix"].replace(",", "")) for row in rows}
    assert len(rows) == 717
    assert ours == published
    assert {item.name: item.points for item in items} == {row["condition"]: float(row["weight"]) for row in rows}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("charlson", "quan_map_charlson1987_weight"),
        ("charlson_2011", "quan_map_quan2011_weight"),
        ("charlson_se", "ludvigsson2021_weight"),
    ],
)
def test_charlson_worked_cases(name: ScoreName, column: str):
    cases = pl.read_csv(REFERENCE / "worked_cases" / "charlson.csv").with_row_index("person_id")
    rows = cases.select("person_id", pl.col("codes").str.split(" ").alias("code")).explode("code")
    assert ITEM_POINTS[name](rows)["charlson"].to_list() == cases[column].to_list()


def test_score2_worked_cases():
    cases = pl.read_csv(REFERENCE / "worked_cases" / "score2.csv")
    by_region = [
        pl.when(pl.col("risk_region") == region).then(
            score2(
                age_years=pl.col("age"),
                sex=pl.col("sex"),
                smoker=pl.col("smoker"),
                diabetes=pl.col("diabetes"),
                systolic_mmhg=pl.col("sbp_mmhg"),
                cholesterol_total_mmol_l=pl.col("tchol_mmol"),
                cholesterol_hdl_mmol_l=pl.col("hdl_mmol"),
                region=region,
            )
        )
        for region in RISK_REGIONS
    ]
    found = cases.select(100 * pl.coalesce(by_region)).to_series()
    assert found.round(1).to_list() == cases["expected_pct"].to_list()
    assert (found - cases["recomputed_rounded_coefs_pct"]).abs().max() < 0.0006


TERMS = {
    "age": "age_years",
    "smoking": "smoker",
    "sbp": "systolic_mmhg",
    "diabetes": "diabetes",
    "tchol": "cholesterol_total_mmol_l",
    "hdl": "cholesterol_hdl_mmol_l",
}
PLAIN = {"baseline_survival_10y": "baseline_survival", "lp_mean": "log_hazard_mean"}


def test_score2_has_the_published_coefficients_and_scales():
    declared: dict[str, Any] = dict(read_declarations("score2.toml"))
    for row in read("scores/score2_coefficients.csv"):
        ours = declared[row["model"].lower().replace("-", "_")][row["sex"]]
        term, _, with_age = row["term"].partition("_x_")
        found = ours[PLAIN[term]] if term in PLAIN else ours["terms"][TERMS[term]][bool(with_age)]
        assert found == float(row["coef_published"]), row
    for row in read("scores/score2_scales.csv"):
        ours = declared[row["model"].lower().replace("-", "_")][row["sex"]]["regions"][row["risk_region"]]
        assert ours == [float(row["scale1_published"]), float(row["scale2_published"])], row
