"""Registers in frames of polars or pandas: the same answers as from a folder of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from riskstrat.errors import ContractError, UsageError
from riskstrat.registers import Manifest, TableManifest, open_registers, write_registers
from riskstrat.registers.manifest import to_toml

MANIFEST = Manifest(
    name="town",
    data_end=date(2023, 12, 31),
    tables={
        "persons": TableManifest(),
        "residences": TableManifest(),
        "diagnoses": TableManifest(code_system="icd10_se", coverage_start=date(2009, 1, 1), delay_days=0),
    },
)
IN_POLARS = {
    "persons": pl.DataFrame(
        {
            "person_id": [2, 1],
            "birth_date": [date(1980, 1, 1), date(1950, 1, 1)],
            "sex": ["male", "female"],
            "mother_id": [1, None],
        }
    ),
    "residences": pl.DataFrame({"person_id": [1, 2], "start_date": [date(1999, 1, 1)] * 2}),
    "diagnoses": pl.DataFrame({"person_id": [1, 9], "date": [date(2015, 5, 5)] * 2, "code": ["I639", "I21"]}),
}


def in_pandas() -> dict[str, pd.DataFrame]:
    """Give the same as pandas reads it: days as times, unknown mothers as NaN among floats."""
    frames = {name: pd.DataFrame(frame.to_dict(as_series=False)) for name, frame in IN_POLARS.items()}
    frames["persons"]["birth_date"] = pd.to_datetime(frames["persons"]["birth_date"])
    frames["diagnoses"]["code"] = frames["diagnoses"]["code"].astype("category")
    assert frames["persons"]["mother_id"].dtype == float
    return frames


def test_frames_of_polars_and_pandas_are_read_like_a_folder(tmp_path: Path):
    folder = open_registers(write_registers(tmp_path / "folder", in_pandas(), MANIFEST))
    for frames in (IN_POLARS, in_pandas(), {name: frame.lazy() for name, frame in IN_POLARS.items()}):
        registers = open_registers(frames, manifest=MANIFEST)
        for table in folder.tables:
            one, other = registers.scan(table).collect(), folder.scan(table).collect()
            assert_frame_equal(one, other, check_row_order=False)
        assert registers.scan("diagnoses", people=(2, 9)).collect().is_empty()
        assert registers.rejected().rows() == [("diagnoses", "person is not in persons", 1)]
        assert registers.folder is None
        assert registers.fingerprint == open_registers(frames, manifest=MANIFEST).fingerprint


def test_the_manifest_of_frames_may_be_a_file(tmp_path: Path):
    (tmp_path / "registers.toml").write_text(to_toml(MANIFEST))
    assert open_registers(IN_POLARS, manifest=tmp_path / "registers.toml").manifest == MANIFEST


def test_what_is_wrong_with_frames_is_told():
    with pytest.raises(UsageError, match=r"frames without a manifest"):
        open_registers(IN_POLARS)
    with pytest.raises(UsageError, match=r"diagnoses: a list; expected a frame of polars or pandas"):
        open_registers({**IN_POLARS, "diagnoses": [1]}, manifest=MANIFEST)
    with pytest.raises(ContractError, match=r"diagnoses: no such frame"):
        open_registers({name: IN_POLARS[name] for name in ("persons", "residences")}, manifest=MANIFEST)
    assert open_registers({**IN_POLARS, "visits": pl.DataFrame()}, manifest=MANIFEST).not_read == ("visits",)
    doubled = pd.DataFrame([[1, 2]], columns=["person_id", "person_id"])
    with pytest.raises(UsageError, match=r"residences\.person_id: several columns of that name"):
        open_registers({**IN_POLARS, "residences": doubled}, manifest=MANIFEST)


@pytest.mark.parametrize(
    ("number", "kind"),
    [*((each, pl.Float64) for each in (1.5, float("inf"), float("nan"), 2.0**53)), (2.0**24, pl.Float32)],
)
def test_a_float_that_is_no_whole_number_or_may_be_another_is_no_person(number: float, kind: type[pl.DataType]):
    persons = IN_POLARS["persons"].with_columns(mother_id=pl.lit(number, dtype=kind))
    with pytest.raises(ContractError, match=rf"persons\.mother_id: values of type {kind} that do not fit"):
        open_registers({**IN_POLARS, "persons": persons}, manifest=MANIFEST)
