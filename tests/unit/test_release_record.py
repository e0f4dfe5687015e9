"""What was released before is recorded, and an edition that would give it away is refused unless asked for by name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import riskstrat as rs
from riskstrat.disclosure import PRESETS, CellNoise, Disclosure
from riskstrat.errors import DisclosureError, UsageError
from riskstrat.publication import display
from riskstrat.publication.display import EXACT
from riskstrat.publication.published import secret_name
from riskstrat.publication.release_record import ReleaseRecord
from riskstrat.records.partition import Partition
from riskstrat.records.study import Study

NOISE = CellNoise(b"the secret of the controller")


@pytest.fixture
def protected(study: Study) -> Study:
    return replace(study, noise=NOISE)


def editions(folder: Path) -> list[dict[str, object]]:
    return json.loads((folder / "release.json").read_text(encoding="utf-8"))["editions"]


def test_an_export_records_rule_secret_and_tables_once(protected: Study, tmp_path: Path):
    published = rs.publish(protected)
    for _ in range(2):
        folder = rs.export(published, tmp_path / "tables")
    (edition,) = editions(folder)
    contents = json.loads((folder / "tables.json").read_text(encoding="utf-8"))
    assert edition["number"] == 1
    assert edition["rule"] == contents["rule"]["settings"]
    assert edition["tables"] == {table["name"]: table["sha256"] for table in contents["tables"]}
    assert edition["secret"] == NOISE.digest("secret")
    assert NOISE.secret.decode() not in (folder / "release.json").read_text(encoding="utf-8")


def test_another_rule_is_refused_unless_asked_for(protected: Study, tmp_path: Path):
    folder = rs.export(protected, tmp_path / "tables")
    other = rs.publish(protected, Disclosure(min_count=10, noise=9))
    with pytest.raises(UsageError, match=r"min_count 5 became 10, noise 6 became 9.*more exactly than either"):
        rs.export(other, folder)
    with pytest.raises(UsageError, match="another rule"):
        rs.export(other, folder, allow_new=["secret"])
    assert len(editions(folder)) == 1
    rs.export(other, folder, allow_new=["rule"])
    assert [edition["number"] for edition in editions(folder)] == [1, 2]


def test_another_secret_is_refused_unless_asked_for(protected: Study, tmp_path: Path):
    folder = rs.export(protected, tmp_path / "tables")
    other = replace(protected, noise=CellNoise(b"another secret of somebody"))
    with pytest.raises(UsageError, match="another secret"):
        rs.export(other, folder)
    rs.export(other, folder, allow_new=["secret"])


def test_other_units_are_refused_unless_asked_for(protected: Study, tmp_path: Path):
    folder = rs.export(protected, tmp_path / "tables")
    areas = protected.partition.areas
    first, second = areas["area_id"][:2]
    joined = areas.with_columns(
        unit=pl.when(pl.col("area_id").is_in([first, second])).then(pl.lit("joined")).otherwise("unit"),
        name=pl.when(pl.col("area_id").is_in([first, second])).then(pl.lit("Both")).otherwise("name"),
    )
    other = replace(protected, partition=Partition(areas=joined, min_people=20, min_expected=4))
    with pytest.raises(UsageError, match=r"other units: .*joined.*by subtraction"):
        rs.export(other, folder)
    rs.export(other, folder, allow_new=["partition"])
    assert ReleaseRecord.read(folder / "release.json").partition.digest == other.partition.digest


def test_working_material_is_no_edition_and_says_so_on_every_page_and_file(protected: Study, tmp_path: Path):
    folder = rs.export(protected, tmp_path / "tables")
    before = editions(folder)
    inside = rs.publish(protected, PRESETS["none"])
    other = rs.export(inside, tmp_path / "inside")
    assert all(path.name.startswith("arbetsmaterial_") for path in other.glob("*.csv"))
    assert json.loads((other / "tables.json").read_text(encoding="utf-8"))["working_material"]
    assert not (other / "release.json").exists()
    assert editions(folder) == before
    for language, words in (("sv", "Arbetsmaterial: uppgifterna"), ("en", "Working material (arbetsmaterial)")):
        html = rs.report(inside, tmp_path / f"{language}.html", language=language).read_text(encoding="utf-8")
        assert f"<title>{words}" in html
        assert "@top-center" in html
        assert html.count('download="arbetsmaterial_') == html.count("download=")
        assert words not in rs.report(protected, tmp_path / "out.html", language=language).read_text(encoding="utf-8")


def test_a_study_of_exact_counts_is_published_as_working_material_only(protected: Study):
    exact = replace(protected, settings=replace(protected.settings, protection="none"), noise=None)
    assert rs.publish(exact).disclosure.is_working_material
    with pytest.raises(DisclosureError, match="computed from exact counts"):
        rs.publish(exact, Disclosure())


def test_a_record_of_exact_counts_says_so_in_a_notebook(protected: Study):
    assert EXACT in display(protected.areas)
    assert EXACT not in display(replace(protected.areas, protected=True))
    assert EXACT not in display(protected.cohort)


def test_what_is_no_record_is_not_taken_for_one(tmp_path: Path):
    path = tmp_path / "release.json"
    for content in ("", "{}", '{"format": "another"}', '{"format": "riskstrat release record 1", "editions": [{}]}'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(UsageError, match="no record of releases"):
            ReleaseRecord.read(path)


def test_digests_cannot_be_tried(protected: Study):
    published, other = rs.publish(protected), rs.publish(replace(protected, noise=CellNoise(b"another secret, too")))
    assert published.digest != protected.digest
    assert published.source.fingerprint != protected.source.fingerprint
    assert published.model_digest != protected.model.digest
    assert {published.digest, published.source.fingerprint}.isdisjoint({other.digest, other.source.fingerprint})
    assert secret_name(protected.noise) == published.secret
