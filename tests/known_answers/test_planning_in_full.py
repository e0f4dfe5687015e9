"""Every file and number of the reference folder for planning is used by some test, or is said not to be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import gammaln

from reference_files import BESIDE, REFERENCE, needs_beside
from riskstrat.areas import Neighbours, hot_spots, standardised_ratios
from riskstrat.areas.bym2 import bym2
from riskstrat.areas.gamma import Counts, log_marginal, plugged_in
from riskstrat.areas.smoothing import moments

PLANNING, AREAS, CURVES = BESIDE / "reference/planning", REFERENCE / "areas", REFERENCE / "decision_curve"
needs_planning = needs_beside("reference/planning/phe", "GPL")
PLACES, RATES, SUPPRESSION = (f"test_{name}_known_answers.py::" for name in ("places", "areas", "suppression"))

USED = {
    "dcurves": "test_validation_decision_curve.py::test_binary_outcome",
    "sids.excess_risk": f"{PLACES}test_excess_risk_of_north_carolina",
    "sids.eb_marshall": f"{RATES}test_marshall_on_north_carolina",
    "sids.spatial_rate": "test_planning_in_full.py::test_rates_of_counties_with_their_neighbours",
    "sids.moran_rate_sid79_bir79": "test_planning_in_full.py::test_morans_i_of_rates_by_how_sure_they_are",
    "sids.moran_sidr74": f"{PLACES}test_morans_i_of_north_carolina",
    "auckland_marshall": f"{RATES}test_marshall_on_auckland",
    "scotland_eb.gamma_mle.loglik": "test_planning_in_full.py::test_the_likelihood_of_the_lip_cancer_fit",
    "scotland_eb.gamma_mle": f"{RATES}test_plugged_in_gamma_is_the_lip_cancer_fit",
    "scotland_eb": f"{RATES}test_plugged_in_relative_risks_and_exceedance_are_the_published_ones",
    "scotland_rinla_mode": "test_bym2.py::test_the_mode_at_fixed_hyper_parameters_is_that_of_r_inla",
    "phe.dsr": f"{RATES}test_directly_standardised_rates_with_dobson_limits",
    "phe.sii_area1": f"{RATES}test_slope_and_relative_index_of_inequality",
    "phe.sii_area1.sii_ci_sim": f"{PLACES}test_the_slope_index_has_the_published_interval_by_simulation",
    "phe.funnel": f"{RATES}test_funnel_limits_are_the_exact_poisson_interval_read_backwards",
    "phe.rule": f"{PLACES}test_limits_are_byars_from_ten_on",
    "sdc.sdctable": f"{SUPPRESSION}test_the_audit_finds_the_cell_that_can_be_computed",
    "sdc.sdctable.heuristic_adds": f"{SUPPRESSION}test_suppression_withholds_the_one_cell_that_protects_it",
    "sdc.midpoint6": "test_disclosure_rounding.py::test_midpoint6",
    "sdc.ehrql": "test_disclosure_rounding.py::test_ehrql_seven_or_fewer_to_zero_then_to_the_nearest_five",
}
"""By the longest beginning of the key."""
NOT_USED = {
    "sids.stl_spatial_eb": "homicides around St Louis, whose data are not among the files",
    "scotland_eb.gamma_moment_CK_iteration": "an estimator that is not offered: the plug-in fit is by likelihood",
}


def leaves(found: Mapping[str, object], above: str = "") -> Iterator[str]:
    for name, value in found.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{above}{name}.")
        elif not name.startswith("_") and name not in {"note", "reproduced_here", "cases", "pop", "table"}:
            yield f"{above}{name}"


@needs_planning
def test_every_expected_number_has_its_test():
    keys = list(leaves(json.loads((PLANNING / "expected.json").read_text())))
    unused = [key for key in keys if not any(key.startswith(name) for name in (*USED, *NOT_USED))]
    assert not unused
    for name in USED:
        assert any(key.startswith(name) for key in keys), name


def test_the_tests_that_are_named_exist():
    for test in USED.values():
        file, name = test.split("::")
        assert re.search(rf"^def {name}\(", (Path(__file__).parent / file).read_text(), re.MULTILINE), test


@needs_planning
def test_every_file_is_read_or_has_a_copy_in_the_repository():
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    files = [path.name for path in PLANNING.rglob("*") if path.is_file()]
    assert [name for name in files if name not in tests] == []


@needs_planning
def test_copies_say_what_their_sources_say():
    lip, copy = read("scotland_lip_cancer/scotland_lip.csv"), pl.read_csv(AREAS / "lip_cancer_scotland.csv")
    spatial = json.loads((AREAS / "lip_cancer_bym2.json").read_text())
    assert lip.select(copy.columns).equals(copy.cast(lip.select(copy.columns).schema))
    assert lip["aff"].to_list() == spatial["agriculture_fishing_forestry_percent"]
    for name, key in (("rinla_bym2_mode_fixed_hyper.json", "mode"), ("rinla_graph_scale.json", None)):
        source = json.loads((PLANNING / "scotland_lip_cancer" / name).read_text())
        ours = spatial if key is None else spatial[key]
        assert {k: source[k] for k in ours.keys() & source.keys()} == {k: ours[k] for k in ours.keys() & source.keys()}
        assert len(ours.keys() & source.keys()) >= 1
    assert both_ways(zip(source["senders"], source["receivers"], strict=True)) == both_ways(spatial["pairs"])
    counties, known = read("nc_sids/sids2.csv"), pl.read_csv(AREAS / "infant_death_north_carolina.csv")
    assert counties.select(county="NAME", births="BIR74", deaths="SID74").equals(
        known.select("county", "births", "deaths")
    )
    binary, censored = (
        pl.read_csv(CURVES / "binary.csv"),
        pl.read_csv(CURVES / "censored.csv", infer_schema_length=None),
    )
    assert read("decision_curve/df_cancer_dx.csv").select(binary.columns).equals(binary)
    assert read("decision_curve/df_surv.csv").select(censored.columns).equals(censored)
    for name, answer in (("r_dca_famhistory.csv", "binary"), ("r_simple_surv_dca_result_df.csv", "censored")):
        ours = pl.read_csv(CURVES / f"{answer}_answer.csv", infer_schema_length=None)
        assert read(f"decision_curve/{name}").select(ours.columns).equals(ours)


@needs_planning
def test_the_three_islands_of_geobugs_have_no_spatial_term():
    lip = pl.read_csv(AREAS / "lip_cancer_scotland.csv")
    pairs = sorted(both_ways((read("scotland_lip_cancer/geobugs_adjacency.csv") - 1).rows()))
    drawn = Neighbours(areas=tuple(lip["district"].cast(pl.String)), pairs=np.array(pairs))
    assert drawn.islands == ("6", "8", "11")
    assert len(drawn.parts) == 4
    posterior = bym2(lip["observed"].cast(pl.Float64).to_numpy(), lip["expected"].to_numpy(), drawn)
    assert np.isfinite(posterior.mean).all()
    for component in posterior.components:
        assert component.mean.u[[5, 7, 10]].tolist() == [0, 0, 0]


@needs_planning
def test_rates_of_counties_with_their_neighbours():
    """What `marshall_local` draws towards: the rate of a county and its neighbours together."""
    counties, neighbours = north_carolina()
    deaths, births = (counties[name].to_numpy() for name in ("SID74", "BIR74"))
    around = [np.append(neighbours.of(area), area) for area in range(5)]
    found = [moments(deaths[near], births[near])[1] for near in around]
    assert found == pytest.approx(expected()["sids"]["spatial_rate"], abs=5e-8)


@needs_planning
def test_morans_i_of_rates_by_how_sure_they_are():
    """Assuncao and Reis 1999: rates less their mean over the standard deviation by Marshall's moments."""
    counties, neighbours = north_carolina()
    deaths, births = (counties[name].to_numpy() for name in ("SID79", "BIR79"))
    variance, mean = moments(deaths, births)
    found = hot_spots((deaths / births - mean) / np.sqrt(variance + mean / births), neighbours, permutations=99)
    assert found["local_moran"].sum() / 99 == pytest.approx(expected()["sids"]["moran_rate_sid79_bir79"], abs=1e-9)


def test_the_likelihood_of_the_lip_cancer_fit():
    lip = pl.read_csv(AREAS / "lip_cancer_scotland.csv")
    observed = lip["observed"].cast(pl.Float64).to_numpy()
    counts = Counts.of(observed, lip["expected"].to_numpy(), None)
    fit = plugged_in(observed, counts.expected)
    found = log_marginal(counts, float(fit.nu[0]), fit.mu)[0] - gammaln(observed + 1).sum()
    assert found == pytest.approx(-181.576074, abs=5e-7)


@needs_planning
def test_indirect_standardisation_to_an_external_reference():
    reference = read("phe/testdata_DSR_ISR__refdata.csv").rename({"Age Band": "ageband"})
    counts = read("phe/testdata_DSR_ISR__testdata_multiarea.csv").filter(area="testdata_big")
    expected_cases = (
        counts["pop"].to_numpy() * reference["refcount"].to_numpy() / reference["refpop"].to_numpy()
    ).sum()
    found = standardised_ratios(
        counts.select("area", reference["ageband"], cases="count", people="pop"),
        by="area",
        strata="ageband",
        standard=reference.rename({"refcount": "cases", "refpop": "people"}),
    )
    assert found["estimate"].item() == pytest.approx(counts["count"].sum() / expected_cases, rel=1e-12)


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(PLANNING / name, infer_schema_length=None)


def expected() -> dict[str, dict[str, list[float]]]:
    return json.loads((PLANNING / "expected.json").read_text())


def north_carolina() -> tuple[pl.DataFrame, Neighbours]:
    """Give the counties, and who borders on whom by `sids2.gal`."""
    counties = read("nc_sids/sids2.csv")
    lines = (PLANNING / "nc_sids/sids2.gal").read_text().splitlines()[1:]
    number = {str(code): at for at, code in enumerate(counties["FIPSNO"])}
    near = {
        number[head.split()[0]]: [number[code] for code in codes.split()]
        for head, codes in zip(lines[::2], lines[1::2], strict=True)
    }
    pairs = sorted({(min(a, b), max(a, b)) for a, others in near.items() for b in others})
    return counties, Neighbours(areas=tuple(counties["NAME"]), pairs=np.array(pairs))


def both_ways(pairs: object) -> set[tuple[int, int]]:
    return {(int(min(pair)), int(max(pair))) for pair in pairs}  # type: ignore[attr-defined]
