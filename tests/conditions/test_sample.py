"""The shipped sample is what the generator makes today, of the size promised, and says that it is invented."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from riskstrat.files import guard_folder
from riskstrat.registers import open_registers
from riskstrat.synthetic import municipality, read_truth
from riskstrat.synthetic.geography import make_geography
from riskstrat.synthetic.parameters import SHARD_PEOPLE
from riskstrat.synthetic.shard import make_shard
from riskstrat.synthetic.truth import area_effects, coefficients

SAMPLE = Path(__file__).parents[2] / "data_samples" / "modellstad"
PEOPLE, SEED = 100_000, 18
MEBIBYTE = 1 << 20

# Rows, sum of dates (days since 1970) and sum of values of 1,000 people with seed 2024: what the generator made when
# the sample was made. A change here means that the sample must be made again.
EXPECTED: Mapping[str, tuple[int, int, float]] = {
    "persons": (1302, 6194779, 0),
    "residences": (3089, 76758734, 0),
    "births": (905, 15349820, 661685.1),
    "child_health": (4281, 73107027, 158578.7),
    "measurements": (10959, 186671798, 448137.8),
    "circumstances": (54295, 935343462, 2614896046.0),
    "migrations": (209, 3517695, 0),
    "diagnoses": (18694, 347908189, 0),
    "prescriptions": (65602, 1120991392, 5142858.0),
    "contacts": (23483, 428597856, 0),
    "services": (168, 4790113, 0),
    "areas": (51, 0, 0),
    "area_facts": (765, 13131684, 1162.8),
    "risks": (1739, 30695842, 147.8),
}


def summary(frame: pl.DataFrame) -> tuple[int, int, float]:
    """Rows, sum of dates, sum of values: they do not depend on how polars prints or hashes."""
    days = [frame[name].to_physical().cast(pl.Int64).sum() for name, kind in frame.schema.items() if kind == pl.Date]
    values = [frame[name].cast(pl.Float64).sum() for name in ("value", "risk") if name in frame.columns]
    return frame.height, sum(days), sum(values)


def test_a_small_seed_gives_what_it_gave_when_the_sample_was_made():
    made = municipality(1_000, 2024)
    tables = {**made.tables, "risks": made.truth.risks}
    assert set(tables) == set(EXPECTED)
    for name, frame in tables.items():
        rows, days, value = EXPECTED[name]
        assert summary(frame) == (rows, days, pytest.approx(value, abs=0.1)), name


@pytest.fixture(scope="module")
def sample() -> Path:
    if not SAMPLE.is_dir():
        pytest.skip("the sample has not been made: riskstrat synthesise --people 100000 --seed 18 --thin")
    return SAMPLE


def test_sample_keeps_its_size(sample: Path):
    files = [path for path in sample.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 20 * MEBIBYTE
    assert max(path.stat().st_size for path in files) <= 5 * MEBIBYTE
    rows = sum(pl.scan_parquet(path).select(pl.len()).collect().item() for path in sample.rglob("*.parquet"))
    assert rows <= 6_500_000


def test_sample_passes_the_contract(sample: Path):
    assert open_registers(sample).rejected().height == 0


def test_sample_holds_events_of_its_years_only(sample: Path):
    for table in ("diagnoses", "prescriptions", "contacts", "measurements", "circumstances", "services", "births"):
        dates = pl.scan_parquet(sample / f"{table}.parquet").select(
            first=pl.col("date").min(), last=pl.col("date").max()
        )
        first, last = dates.collect().row(0)
        assert date(2009, 1, 1) <= first < last <= date(2023, 12, 31), table
    moved = pl.read_parquet(sample / "residences.parquet")["start_date"]
    assert moved.min() == date(1999, 1, 1)


def test_sample_says_that_it_is_invented(sample: Path):
    manifest = open_registers(sample).manifest
    assert manifest.invented
    assert all("Invented" in table.source for name, table in manifest.tables.items() if name != "geometry")
    assert "**invented**" in (sample.parent / "README.md").read_text(encoding="utf-8")


def test_sample_has_the_truth_that_the_generator_would_write_today(sample: Path):
    truth = read_truth(sample)
    areas, _ = np.random.SeedSequence(SEED).spawn(2)
    geography = make_geography(areas)
    assert truth.coefficients == coefficients(geography, SEED, PEOPLE)
    made = area_effects(geography)
    assert truth.areas.drop("log_effect").equals(made.drop("log_effect"))
    assert np.allclose(truth.areas["log_effect"], made["log_effect"], atol=1e-12)


def test_sample_is_as_the_command_wrote_it(sample: Path):
    guard_folder(sample, command="synthesise")


@pytest.mark.slow
def test_first_shard_of_the_sample_is_made_again_row_by_row(sample: Path):
    areas, shards = np.random.SeedSequence(SEED).spawn(2)
    first = shards.spawn(PEOPLE // SHARD_PEOPLE)[0]
    shard = make_shard(make_geography(areas), SHARD_PEOPLE, first, 1, thin=True)
    for name, table in shard.tables.items():
        assert pl.read_parquet(sample / f"{name}.parquet", n_rows=table.height).equals(table), name
