"""Life tables, standard populations, slope indices, funnels and clusters reproduce what was published."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from reference_files import BESIDE, REFERENCE, needs_beside
from riskstrat.areas import (
    Neighbours,
    funnel_limits,
    hot_spots,
    inequality,
    life_expectancy,
    standard_population,
    standardised_rates,
    standardised_ratios,
)
from riskstrat.numerics.intervals import byar_interval, poisson_interval

PHE = BESIDE / "reference/planning/phe"
needs_phe = needs_beside("reference/planning/phe", "GPL")
COUNTIES = REFERENCE / "areas/infant_death_north_carolina.csv"
# The worked example of phe_life_expectancy in PHEindicatormethods (UKHSA).
STARTS = [0, 1, *range(5, 91, 5)]
PEOPLE = [
    7060, 35059, 46974, 48489, 43219, 38561, 46009, 57208, 61435, 55601, 50209, 56416, 46411, 39820, 37978, 37039,
    33288, 23306, 11936, 11936,
]  # fmt: skip
DEATHS = [17, 9, 4, 8, 20, 15, 24, 33, 50, 71, 100, 163, 263, 304, 536, 872, 1390, 1605, 1936, 1937]
YEARS_TO_LIVE = {
    0: (80.16960813, 79.88268548, 80.45653078),
    1: (79.36245674, 79.0898816, 79.63503188),
    65: (18.76856852, 18.57570352, 18.96143352),
    85: (6.163942934, 5.978358351, 6.349527517),
    90: (6.16210635, 5.887683386, 6.436529314),
}


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema_length=None)


def life_table(**columns: object) -> pl.DataFrame:
    ends = [start - 1 for start in STARTS[1:]]
    bands = ["0", *(f"{start}-{end}" for start, end in zip(STARTS[1:-1], ends[1:], strict=True)), "90+"]
    return pl.DataFrame({"sex": "all", "age_band": bands, "cases": DEATHS, "people": PEOPLE} | columns)


def test_life_expectancy_by_chiang_with_silcocks_variance():
    shuffled = life_table().sample(fraction=1, shuffle=True, seed=1)
    found = life_expectancy(shuffled, "sex", at_ages=list(YEARS_TO_LIVE))
    for row in found.iter_rows(named=True):
        known = YEARS_TO_LIVE[row["age_years"]]
        assert (row["estimate"], row["lower"], row["upper"]) == pytest.approx(
            known, abs=5e-5
        )  # to four decimals, as the source compares
    assert found["reason"].null_count() == found.height


def test_life_expectancy_is_null_for_a_reason_where_a_published_method_suppresses_it():
    tables = {
        "small": {"people": [100] * 20, "cases": [1] * 20},
        "empty band": {"people": [*PEOPLE[:5], 0, *PEOPLE[6:]], "cases": [*DEATHS[:5], 0, *DEATHS[6:]]},
        "nobody died at 90": {"cases": [*DEATHS[:-1], 0]},
        # One death at 90 and above: the suppressed ages of the source's df_widecis_plus.
        "wide": {
            "people": [
                270, 235, 246, 248, 243, 238, 246, 257, 261, 355, 350, 356, 346, 339, 337, 337, 333, 323, 311, 311,
            ],
            "cases": [17, 9, 4, 8, 20, 15, 24, 33, 50, 51, 10, 16, 26, 30, 36, 22, 13, 5, 6, 1],
        },
    }  # fmt: skip
    counts = pl.concat(life_table(**{"sex": name, **columns}) for name, columns in tables.items())
    reasons = dict(life_expectancy(counts, "sex", at_ages=[65]).select("sex", "reason").rows())
    assert {name: reason.split()[0] for name, reason in reasons.items()} == {
        "small": "fewer", "empty band": "nobody", "nobody died at 90": "no", "wide": "an",
    }  # fmt: skip


def test_european_standard_population_2013_has_the_bands_of_eurostat():
    bands = ["0", "1-4", *(f"{start}-{start + 4}" for start in range(5, 95, 5)), "95+"]
    people = standard_population(bands)["people"]
    assert people.sum() == 100_000
    assert people.to_list() == [
        1000, 4000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500,
        1500, 800, 200,
    ]  # fmt: skip


def test_sweden_2000_is_half_of_the_populations_at_the_ends_of_1999_and_2000():
    """Totals, and the oldest in thousands, of Statistics Sweden (Demografiska rapporter 2012:2, table T.9a)."""
    ends_2000 = {
        "65-69": 378.3, "70-74": 362.1, "75-79": 338.0, "80-84": 247.6, "85-89": 139.8, "90-94": 53.6, "95+": 11.6
    }  # fmt: skip
    bands = ["0-64", *ends_2000]
    people = dict(zip(bands, standard_population(bands, "sweden_2000")["people"], strict=True))
    assert sum(people.values()) == (8_861_426 + 8_882_792) / 2
    for band, thousands in ends_2000.items():
        assert people[band] == pytest.approx(1000 * thousands, rel=0.03)


@needs_phe
@pytest.mark.parametrize(
    ("level", "ends"), [(0.95, ("lower95_0cl", "upper95_0cl")), (0.998, ("lower99_8cl", "upper99_8cl"))]
)
def test_directly_standardised_rates_at_both_levels(level: float, ends: tuple[str, str]):
    counts = read(PHE / "testdata_DSR_ISR__testdata_multiarea.csv").rename({"count": "cases", "pop": "people"})
    # One label of the source is misprinted, so that two bands overlap.
    counts = counts.with_columns(pl.col("ageband").replace("55-69", "55-59"))
    standard = standard_population(counts["ageband"].unique(maintain_order=True).to_list()).rename(
        {"age_band": "ageband"}
    )
    found = standardised_rates(counts, standard, by="area", strata="ageband", level=level, per=10_000)
    known = read(PHE / "testdata_DSR_ISR__testresults_DSR.csv").filter(statistic="dsr per 10000", method="Dobson")
    both = found.join(known, on="area", how="inner")
    assert both["area"].to_list() == ["testdata_big", "testdata_small"]
    for ours, theirs in zip(("estimate", "lower", "upper"), ("value", *ends), strict=True):
        np.testing.assert_allclose(both[ours], both[theirs], rtol=1e-9)


@needs_phe
def test_the_row_of_1976_has_limits_ten_times_too_large_at_998_per_mille_and_is_right_otherwise():
    """Dobson's limits of one rate at two levels differ by the Poisson limits of its count alone."""
    row = read(PHE / "testdata_DSR_ISR__testresults_DSR.csv").filter(area="testdata_1976").row(0, named=True)
    for end, index in (("lower", 0), ("upper", 1)):
        usual, wide = (poisson_interval([row["total_count"]], level)[index][0] for level in (0.95, 0.998))
        scale = (row[f"{end}95_0cl"] - row["value"]) / (usual - row["total_count"])
        right = row["value"] + scale * (wide - row["total_count"])
        assert row[f"{end}99_8cl"] == pytest.approx(10 * right, rel=1e-9)


@needs_phe
def test_funnel_tells_apart_what_the_published_one_does():
    rows = read(PHE / "testdata_funnel_ratio_inputs.csv")
    observed = rows["obs"].to_numpy()
    found = np.full(len(observed), "Not significant", dtype=object)
    for level, tail in ((0.95, "0.025"), (0.998, "0.001")):
        limits = funnel_limits(rows["expected"], level)
        found[observed > limits["upper"].to_numpy()] = f"High ({tail})"
        found[observed < limits["lower"].to_numpy()] = f"Low ({tail})"
    assert found.tolist() == rows["significance"].to_list()


@needs_phe
def test_every_slope_and_relative_index_on_every_scale():
    """Positive means that the deprived do worse: of rates and proportions the source prints the other sign."""
    table = read(PHE / "testdata_SII__testdata_SII.csv").filter(~pl.col("TestDescription").str.contains("handling"))
    compared = 0
    for _, rows in table.group_by("TestDescription", "Area", maintain_order=True):
        title, quantile = rows["TestDescription"][0], rows["Quantile"].to_numpy().astype(float)
        scale = next((name for name in ("logit", "log") if f"{name} transform" in title), "identity")
        of_life = rows["ValueType"].cast(pl.String)[0] == "0"
        options = {"higher_is_worse": not of_life, "higher_is_deprived": False, "proportion": False, "scale": scale}
        found = inequality(rows["Value"], rows["Population"], quantile, **options).rows_by_key("metric", unique=True)
        times = 100 if "100)" in title else 1
        assert found["slope_index"][0] * times == pytest.approx(abs(rows["sii"][0]), rel=1e-9), title
        known = rows["rii"][0]
        if known is not None:
            assert found["relative_index"][0] == pytest.approx(max(known, 1 / known), rel=1e-9), title
        compared += 1
    assert compared == 44


@needs_phe
def test_the_slope_index_has_the_published_interval_by_simulation():
    table = read(PHE / "testdata_SII__testdata_SII.csv").filter(Area="area1")
    for title, level in (
        ("default (e.g. life expectancy) - default parameters", 0.95),
        ("default - testing 99% confidence", 0.99),
    ):
        rows = table.filter(TestDescription=title)
        value, error = (rows[name].cast(pl.Float64).to_numpy() for name in ("Value", "StandardError"))
        draws = np.random.default_rng(0).normal(value, error, (100_000, len(value)))
        options = {"higher_is_worse": False, "higher_is_deprived": False, "proportion": False, "level": level}
        found = inequality(draws, rows["Population"], rows["Quantile"], **options).row(0, named=True)
        known = [float(rows[name][0]) for name in ("sii_lowercl_1", "sii_uppercl_1")]
        assert [found["lower"], found["upper"]] == pytest.approx(known, abs=0.08)


def test_the_population_enters_the_slope_index_once_and_not_squared():
    """One package weights by population twice; a regression on everybody, one row a person, shows what is right."""
    people, rate, need = np.array([300, 100, 50, 150]), np.array([0.10, 0.14, 0.30, 0.22]), np.arange(4)
    found = inequality(rate, people, need).filter(metric="slope_index")["estimate"].item()
    share = people / people.sum()
    rank = np.cumsum(share) - share / 2
    everybody, squared = (np.polyfit(np.repeat(rank, n), np.repeat(rate, n), 1)[0] for n in (people, people**2 // 50))
    assert found == pytest.approx(everybody, rel=1e-9)
    assert abs(squared - everybody) > 0.01


def test_excess_risk_of_north_carolina():
    frame = read(COUNTIES).select(area=pl.col("county"), sex=pl.lit("all"), cases="deaths", people="births")
    known = json.loads((REFERENCE / "areas/answers.json").read_text())["infant_death"]["excess_risk_first_five"]
    ratios = standardised_ratios(frame, by="area", strata="sex")
    found = [ratios.filter(area=name)["estimate"].item() for name in frame["area"].head(5)]
    assert found == pytest.approx(known, abs=1e-5)


def test_morans_i_of_north_carolina():
    """Local Moran's I add up to (n - 1) times Moran's I."""
    frame = read(COUNTIES)
    borders = json.loads((REFERENCE / "areas/north_carolina_neighbours.json").read_text())
    neighbours = Neighbours(areas=tuple(frame["county"]), pairs=np.array(borders["pairs"]))
    found = hot_spots(1000 * frame["deaths"] / frame["births"], neighbours, permutations=999)
    assert found["local_moran"].sum() / 99 == pytest.approx(borders["morans_i"], abs=1e-5)


def test_limits_are_byars_from_ten_on():
    assert poisson_interval([10])[0] == pytest.approx(byar_interval([10])[0])
