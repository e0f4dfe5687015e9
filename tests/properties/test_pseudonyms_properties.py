"""However the same people are spelled, file by file: one number a person, and no other person's."""

import os
import tempfile
from datetime import date
from pathlib import Path
from unittest.mock import patch

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from riskstrat.intake.key_file import SECRET_VARIABLE
from riskstrat.intake.pseudonyms import pseudonymise

AS_OF = date(2024, 1, 1)
SPELLINGS = (
    lambda born, last: f"{born:%Y%m%d}{last}",
    lambda born, last: f"{born:%Y%m%d}-{last}",
    lambda born, last: f" {born:%Y%m%d} {last} ",
    lambda born, last: f"\u200b{born:%Y%m%d}\u2060\u2014{last}\u200e",
    lambda born, last: f"{born:%y%m%d}{'+' if born <= date(1924, 1, 1) else '-'}{last}",
)
people = st.lists(
    st.tuples(st.dates(date(1905, 1, 2), date(2023, 12, 31)), st.integers(0, 9_999).map("{:04d}".format)),
    min_size=2,
    max_size=12,
    unique=True,
)


@settings(deadline=None, max_examples=15)
@given(people, st.data())
def test_one_number_a_person_in_every_spelling(drawn: list[tuple[date, str]], data: st.DataObject):
    files = [
        [(number, data.draw(st.sampled_from(SPELLINGS))(*person)) for number, person in enumerate(drawn)]
        for _ in range(2)
    ]
    with tempfile.TemporaryDirectory() as place, patch.dict(os.environ, {SECRET_VARIABLE: "a long enough secret"}):
        raw = Path(place) / "raw"
        raw.mkdir()
        for name, rows in zip("ab", files, strict=True):
            pl.DataFrame(rows, schema=["who", "pnr"], orient="row").write_csv(raw / f"{name}.csv", separator=";")
        done = pseudonymise(raw, Path(place) / "out", Path(place) / "keys" / "key.parquet", ["pnr"], as_of=AS_OF)
        found = pl.concat(pl.read_parquet(path) for path in done.files)
    assert done.people == len(drawn)
    assert sorted(found["pnr"].unique()) == list(range(1, len(drawn) + 1))
    assert found.group_by("who").agg(pl.col("pnr").n_unique())["pnr"].to_list() == [1] * len(drawn)
