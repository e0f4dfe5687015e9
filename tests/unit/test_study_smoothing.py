"""A study smoothed with BYM2: its units and their borders, protected counts, and everything that reads the draws."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest

import riskstrat as rs
from fixture_municipality import AS_OF, QUICK
from riskstrat.areas.smoothing import POSTERIORS
from riskstrat.declare import Condition, Settings
from riskstrat.errors import UsageError
from riskstrat.publication import publish
from riskstrat.publication.storing import published_files, read_published
from riskstrat.records.study import Study
from riskstrat.registers import Registers
from riskstrat.reports import write_card, write_report
from riskstrat.study import prepare
from riskstrat.study.partition import neighbours_of

Features = list[dict[str, object]]
SPATIAL = replace(QUICK, smoothing="bym2")


@pytest.fixture(scope="module")
def spatial(small_municipality: Registers, frailty: Condition) -> Study:
    return rs.run(frailty, small_municipality, AS_OF, SPATIAL)


def test_settings_name_the_methods_whose_intervals_carry_plans():
    methods = {name for name, method in POSTERIORS.items() if method.carries_plans}
    assert methods == set(get_args(get_type_hints(Settings)["smoothing"]))


def test_the_draws_of_a_spatial_study_are_those_of_bym2_on_units_and_protected_counts(
    spatial: Study, municipality_study: Study
):
    areas, gamma = spatial.areas, municipality_study.areas
    assert (areas.smoothing, gamma.smoothing) == ("bym2", "gamma")
    assert areas.protected
    assert areas.table["area_id"].to_list() == gamma.table["area_id"].to_list()
    # What is counted is the same; what is drawn from it is not.
    assert areas.counted.equals(gamma.counted)
    assert not np.allclose(areas.draws.unexplained.mean(axis=0), gamma.draws.unexplained.mean(axis=0), rtol=1e-3)


def test_areas_sum_to_the_municipality_under_either_method(spatial: Study, municipality_study: Study):
    totals = [study.areas.cases_draws.sum(axis=1) for study in (spatial, municipality_study)]
    assert totals[0].mean() == pytest.approx(totals[1].mean(), rel=0.02)
    assert totals[0].std() == pytest.approx(totals[1].std(), rel=0.25)


def test_everything_downstream_reads_the_same_draws(spatial: Study):
    results, draws = spatial.area_results, spatial.areas.draws
    assert spatial.areas.drift is not None
    assert np.allclose(spatial.plan.units["cases"].sort(), np.sort(spatial.areas.cases_draws.mean(axis=0)), rtol=1e-6)
    assert np.allclose(results.groups.cases_draws.sum(axis=1), spatial.areas.cases_draws.sum(axis=1), rtol=0.05)
    people = spatial.areas.table["target_people"].to_numpy()
    need = results.concentration
    assert need is not None
    assert np.allclose(draws.risk * people, spatial.areas.cases_draws)


def test_what_is_published_says_what_ratios_are_drawn_towards(
    spatial: Study, municipality_study: Study, tmp_path: Path
):
    said = {
        ("bym2", "en"): "smoothed towards those of the areas that it borders on, and the municipality's, as much",
        ("bym2", "sv"): "jämnas ut mot kvoterna i de områden som det gränsar till, och mot kommunens, så mycket",
        ("gamma", "en"): "smoothed towards the municipality's as much",
        ("gamma", "sv"): "jämnas ut mot kommunens så mycket",
    }
    for study in (spatial, municipality_study):
        published = publish(study)
        assert read_published(published_files(published)).smoothing == published.smoothing == study.settings.smoothing
        for language in ("en", "sv"):
            report, card = tmp_path / f"{language}.html", tmp_path / f"{language}.md"
            write_report(published, report, language=language)
            write_card(published, card, language=language)
            assert said[published.smoothing, language] in unescape(report.read_text(encoding="utf-8"))
            towards = said[published.smoothing, language].split("mot ", 1)[-1].split("towards ")[-1].rsplit(" ", 2)[0]
            assert towards in card.read_text(encoding="utf-8")


def test_another_smoothing_is_another_study_to_the_release_record(spatial: Study, municipality_study: Study):
    assert publish(spatial).digest != publish(municipality_study).digest
    assert publish(spatial).model_digest == publish(municipality_study).model_digest


def test_units_border_on_what_their_areas_border_on(small_municipality: Registers, frailty: Condition):
    data = prepare(frailty, small_municipality, AS_OF, SPATIAL)
    assert set(data.neighbours.areas) == set(data.partition.areas["unit"])
    assert not data.neighbours.islands
    assert len(data.neighbours.parts) == 1


def _apart(features: Features) -> Features:
    """Draw each area as a triangle far from the others."""
    return [
        {**one, "geometry": {"type": "Polygon", "coordinates": [[[x, 0], [x + 1, 0], [x + 1, 1], [x, 0]]]}}
        for one, x in zip(features, range(0, 3 * len(features), 3), strict=True)
    ]


BROKEN: dict[str, tuple[Callable[[Features], Features | None], str]] = {
    "no file": (lambda _: None, "no outline of any area"),
    "one is missing": (lambda features: features[1:], "no outline of 1 area"),
    "without shapes": (lambda features: [{**one, "geometry": None} for one in features], "no outline of any area"),
    "all islands": (_apart, "no two share a border"),
}


@pytest.mark.parametrize(("broken", "said"), BROKEN.values(), ids=BROKEN)
def test_without_borders_bym2_is_refused(
    broken: Callable[[Features], Features | None], said: str, small_municipality: Registers, frailty: Condition
):
    data = prepare(frailty, small_municipality, AS_OF, QUICK)
    assert data.neighbours is None
    features = broken(json.loads(data.source.geometry)["features"])
    geometry = None if features is None else json.dumps({"features": features})
    with pytest.raises(UsageError, match=said) as refused:
        neighbours_of(geometry, data.training.cohort, data.target.target)
    assert "gamma" in str(refused.value)
