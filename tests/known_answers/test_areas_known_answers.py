"""Rates, smoothing and inequality reproduce what was published."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from reference_files import BESIDE, REFERENCE, needs_beside
from riskstrat.areas import funnel_limits, inequality, smooth, standardised_rates
from riskstrat.areas.gamma import plugged_in
from riskstrat.areas.smoothing import moments
from riskstrat.numerics.intervals import byar_interval, wilson_interval

AREAS, PHE, AUCKLAND = REFERENCE / "areas", BESIDE / "reference/planning/phe", BESIDE / "reference/planning/auckland"
needs_phe = needs_beside("reference/planning/phe", "GPL")
needs_auckland = needs_beside("reference/planning/auckland", "GPL")
# Clayton and Kaldor 1987: lip cancer in 56 Scottish districts.
LIP_SHAPE, LIP_RATE = 1.87949, 1.321667
# European standard population 2013, 19 bands of five years (Eurostat).
STANDARD_2013 = [
    5000, 5500, 5500, 5500, 6000, 6000, 6500, 7000, 7000, 7000, 7000, 6500, 6000, 5500, 5000, 4000, 2500, 1500, 1000,
]  # fmt: skip


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema_length=None)


def answers(block: str) -> dict[str, list[float]]:
    return json.loads((AREAS / "answers.json").read_text())[block]


def lip_cancer() -> tuple[np.ndarray, np.ndarray]:
    frame = read(AREAS / "lip_cancer_scotland.csv")
    return frame["observed"].to_numpy().astype(float), frame["expected"].to_numpy()


def test_plugged_in_gamma_is_the_lip_cancer_fit():
    posterior = plugged_in(*lip_cancer())
    assert posterior.nu[0] == pytest.approx(LIP_SHAPE, abs=1e-5)
    assert (posterior.nu / posterior.mu)[0] == pytest.approx(LIP_RATE, abs=1e-6)


def test_plugged_in_relative_risks_and_exceedance_are_the_published_ones():
    known = answers("lip_cancer")
    smoothed = smooth(*lip_cancer(), "gamma_plugin")
    np.testing.assert_allclose(smoothed.estimate[:5], known["relative_risk_first_five"], atol=1e-6)
    np.testing.assert_allclose(smoothed.exceedance(1.5)[:3], known["exceedance_1_5_first_three"], atol=1e-7)


def test_integrating_widens_the_lip_cancer_intervals_but_keeps_their_places():
    observed, e = lip_cancer()
    integrated, plug_in = smooth(observed, e, "gamma"), smooth(observed, e, "gamma_plugin")
    assert np.corrcoef(integrated.estimate, plug_in.estimate)[0, 1] > 0.999
    assert np.mean(np.ptp(integrated.draws(), axis=0) > 0.9 * np.ptp(plug_in.draws(), axis=0)) > 0.8


@needs_auckland
def test_marshall_on_auckland():
    frame = read(AUCKLAND / "auckland.csv")
    variance, mean = moments(frame["M77_85"].to_numpy(), 9 * frame["Und5_81"].to_numpy())
    assert variance == pytest.approx(7.284173e-07, rel=1e-6)
    assert mean == pytest.approx(0.002633436, rel=1e-6)


def test_marshall_on_north_carolina():
    frame = read(AREAS / "infant_death_north_carolina.csv")
    smoothed = smooth(frame["deaths"].to_numpy(), frame["births"].to_numpy(), "marshall").estimate
    np.testing.assert_allclose(smoothed[:5], answers("infant_death")["marshall_first_five"], atol=5e-8)


@needs_phe
def test_byar_and_wilson_limits():
    rows = read(PHE / "testdata_Byars_Wilson__testdata_B_W.csv").with_columns(
        level=pl.col("confidence").str.strip_suffix("%").cast(pl.Float64) / 100
    )
    for row in rows.iter_rows(named=True):
        wilson = row["method"] == "Wilson"
        found = (
            wilson_interval(row["x"] / row["n"], row["n"], row["level"])
            if wilson
            else byar_interval(row["x"], row["level"])
        )
        for limit, known in zip(found, (row["lowercl"], row["uppercl"]), strict=True):
            assert known is None or float(limit) == pytest.approx(known, abs=1e-10)


@pytest.mark.parametrize(
    ("cases", "people", "limits"),
    [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0, 0.1611)), (1, 29, (0.0061, 0.1718))],
)
def test_wilson_limits_of_newcombe_1998(cases: int, people: int, limits: tuple[float, float]):
    assert wilson_interval(cases / people, people) == pytest.approx(limits, abs=5e-5)


@needs_phe
def test_directly_standardised_rates_with_dobson_limits():
    counts = read(PHE / "testdata_DSR_ISR__testdata_multiarea.csv").rename({"count": "cases", "pop": "people"})
    bands = counts["ageband"].unique(maintain_order=True)
    standard = pl.DataFrame({"ageband": bands, "people": STANDARD_2013})
    found = standardised_rates(counts, standard, by="area", strata="ageband")
    known = read(PHE / "testdata_DSR_ISR__testresults_DSR.csv").filter(method="Dobson")
    known = known.filter(pl.col("statistic").str.contains("per 100000|NA")).unique("area", maintain_order=True)
    both = found.join(known, on="area", how="inner")
    assert both.height == 3
    for ours, theirs in (("estimate", "value"), ("lower", "lower95_0cl"), ("upper", "upper95_0cl")):
        filled = both.filter(pl.col(theirs).is_not_null())
        np.testing.assert_allclose(filled[ours], filled[theirs], rtol=1e-9)
    assert both.filter(area="testdata_tiny").select("estimate", "lower", "upper").row(0) == (None, None, None)


@needs_phe
def test_funnel_limits_are_the_exact_poisson_interval_read_backwards():
    known = read(PHE / "testdata_funnel_ratio_outputs.csv")
    observed = known.select(pl.nth(0)).to_series().to_numpy()
    for level, lower, upper in ((0.95, "lower_2s_exp_events", "upper_2s_exp_events"), (0.998, "lower_3s", "upper_3s")):
        low, high = (next(name for name in known.columns if name.startswith(column)) for column in (lower, upper))
        np.testing.assert_allclose(funnel_limits(known[low], level)["lower"], observed, rtol=1e-5)
        np.testing.assert_allclose(funnel_limits(known[high], level)["upper"], observed, rtol=1e-5)


@needs_phe
def test_slope_and_relative_index_of_inequality():
    table = read(PHE / "testdata_SII__testdata_SII.csv").filter(
        pl.col("TestDescription").str.contains("default parameters")
    )
    table = table.filter(pl.col("TestDescription").str.starts_with("default"))
    compared = 0
    for (area,), rows in table.group_by("Area", maintain_order=True):
        quantile = rows["Quantile"].to_numpy().astype(float)
        found = inequality(
            rows["Value"], rows["Population"], -quantile, higher_is_worse=False, proportion=False
        ).rows_by_key("metric", unique=True)
        assert found["slope_index"][0] == pytest.approx(rows["sii"][0], abs=1e-9), area
        assert found["relative_index"][0] == pytest.approx(rows["rii"][0], abs=1e-9), area
        compared += 1
    assert compared == 2
