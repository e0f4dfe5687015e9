"""What was released before is recorded, and an edition that would give it away is refused unless asked for by name."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskstrat as rs
from riskstrat.disclosure import PRESETS, CellNoise, Disclosure
from riskstrat.errors import DisclosureError, UsageError
from riskstrat.publication import display
from riskstrat.publication.display import EXACT
from riskstrat.publication.published import secret_name
from riskstrat.publication.release_record import Edition, ReleaseRecord, share_guessed
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


def released(days: list[str], noise: int = 6, under: str = "ours") -> ReleaseRecord:
    """A record of editions on these days, of other data each."""
    edition = {"condition": "frailty", "version": "0", "digest": "", "rule": asdict(Disclosure(noise=noise))}
    edition |= {"secret": under, "partition": None, "tables": {}}
    found = [Edition(number=n, as_of=day, source=f"data of {day}", **edition) for n, day in enumerate(days, 1)]
    return ReleaseRecord(path=Path("release.json"), editions=tuple(found))


@pytest.mark.parametrize(
    ("days", "noise", "guessed"),
    [
        ([], 6, None),
        (["2024-01-01"], 6, "38% of counts are guessed right instead of 28%"),
        (["2024-01-01", "2024-01-02"], 6, "46% of counts are guessed right instead of 38%"),
        (["2024-01-01", "2024-07-01", "2024-01-02", "2024-01-03"], 6, "57% of counts are guessed right instead of 52%"),
        (["2024-01-01", "2024-01-02"], 9, "32% of counts are guessed right instead of 26%"),
        (["2022-12-01", "2023-01-01"], 6, None),
        (["2023-01-01", "2024-01-02"], 6, "38% of counts are guessed right instead of 28%"),
        (["2024-01-05", "2024-01-06"], 4, "64% of counts are guessed right instead of 55%"),
        (["2024-01-01"], 4, "55% of counts are guessed right instead of 40%"),
    ],
)
def test_a_second_edition_of_nearly_the_same_persons_is_refused(days: list[str], noise: int, guessed: str | None):
    record, asked = released(days, noise), {"as_of": date(2024, 2, 1), "source": "new data"}
    if guessed is None:
        record.refuse_changes(Disclosure(noise=noise), "ours", **asked)
        return
    with pytest.raises(UsageError, match=f"one edition a year.*{guessed}.*by its name, edition"):
        record.refuse_changes(Disclosure(noise=noise), "ours", **asked)
    record.refuse_changes(Disclosure(noise=noise), "ours", allowed=["edition"], **asked)


def test_the_same_data_on_the_same_day_are_no_further_edition_of_counts():
    """Another plan or model of the same persons has the same noise, however often it is published."""
    record = released(["2024-01-02"])
    twice = replace(record, editions=(*record.editions, record.editions[0]))
    for each in (record, twice):
        each.refuse_changes(Disclosure(), "ours", as_of=date(2024, 1, 2), source="data of 2024-01-02")


def test_another_secret_is_other_noise_of_the_same_persons():
    asked = {"allowed": ["secret"], "as_of": date(2024, 1, 2), "source": "data of 2024-01-02"}
    released(["2024-01-02"], under="lost").refuse_changes(Disclosure(), "new", **asked)
    with pytest.raises(UsageError, match="46% of counts are guessed right instead of 38%"):
        released(["2024-01-01", "2024-01-02"], under="lost").refuse_changes(Disclosure(), "new", **asked)


def test_the_share_that_is_guessed_is_that_of_means_of_the_noise():
    noise, random = CellNoise(bytes(range(16))), np.random.default_rng(0)
    drawn = noise.of(random.integers(0, 2**64, 30_000, dtype=np.uint64))
    for editions in (1, 3, 5):
        of_mean = drawn[: len(drawn) // editions * editions].reshape(-1, editions).mean(axis=1)
        assert (np.abs(of_mean) < 0.5).mean() == pytest.approx(share_guessed(6, editions), abs=0.02)


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
