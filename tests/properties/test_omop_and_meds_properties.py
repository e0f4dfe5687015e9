"""Whatever comes in, in any order: every row is kept, merged or rejected, and what is kept opens without complaint."""

import tempfile
from datetime import date, datetime, time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from riskstrat.errors import ContractError
from riskstrat.intake import conversion
from riskstrat.intake.conversion import ConversionResult
from riskstrat.intake.meds import from_meds
from riskstrat.intake.omop import from_omop
from riskstrat.registers.opening import open_registers

FEW = settings(deadline=None, max_examples=examples(8))
ids = st.one_of(st.none(), st.integers(1, 6))
days = st.one_of(
    st.none(),
    st.dates(date(1940, 1, 1), date(2025, 1, 1)),
    st.sampled_from([date(1900, 1, 1), date(1800, 1, 1), date(9999, 12, 31), date(2015, 6, 1)]),
)
concepts = st.sampled_from([None, 0, 9201, 262, 9202, 9203, 5, 32902])
codes = st.one_of(st.none(), st.sampled_from(["", "I21.9", " J45 ", "E11"]))

COLUMNS: dict[str, dict[str, tuple[pl.DataType, st.SearchStrategy[object]]]] = {
    "person": {
        "person_id": (pl.Int64(), ids),
        "gender_concept_id": (pl.Int64(), st.sampled_from([8507, 8532, 8532, 0, None])),
        "year_of_birth": (pl.Int64(), st.one_of(st.none(), st.integers(1900, 2026))),
        "month_of_birth": (pl.Int64(), st.one_of(st.none(), st.integers(0, 13))),
        "day_of_birth": (pl.Int64(), st.one_of(st.none(), st.integers(0, 32))),
    },
    "observation_period": {
        "person_id": (pl.Int64(), ids),
        "observation_period_start_date": (pl.Date(), days),
        "observation_period_end_date": (pl.Date(), days),
    },
    "death": {
        "person_id": (pl.Int64(), ids),
        "death_date": (pl.Date(), days),
        "cause_concept_id": (pl.Int64(), concepts),
    },
    "visit_occurrence": {
        "visit_occurrence_id": (pl.Int64(), ids),
        "person_id": (pl.Int64(), ids),
        "visit_concept_id": (pl.Int64(), concepts),
        "visit_start_date": (pl.Date(), days),
        "visit_end_date": (pl.Date(), days),
    },
    "condition_occurrence": {
        "person_id": (pl.Int64(), ids),
        "condition_start_date": (pl.Date(), days),
        "condition_end_date": (pl.Date(), days),
        "condition_source_value": (pl.String(), codes),
        "condition_concept_id": (pl.Int64(), concepts),
        "condition_status_concept_id": (pl.Int64(), concepts),
        "visit_occurrence_id": (pl.Int64(), ids),
    },
    "measurement": {
        "person_id": (pl.Int64(), ids),
        "measurement_date": (pl.Date(), days),
        "measurement_source_value": (pl.String(), codes),
        "measurement_concept_id": (pl.Int64(), concepts),
        "value_as_number": (pl.Float64(), st.one_of(st.none(), st.floats(0, 10))),
        "unit_source_value": (pl.String(), st.sampled_from([None, "kg", "lb"])),
    },
}
Tables = dict[str, pl.DataFrame]


@st.composite
def cdms(draw: st.DrawFn) -> Tables:
    tables = {}
    for name, columns in COLUMNS.items():
        row = st.tuples(*(values for _, values in columns.values()))
        schema = {column: dtype for column, (dtype, _) in columns.items()}
        tables[name] = pl.DataFrame(draw(st.lists(row, max_size=8)), schema=schema, orient="row")
    sure = {
        "person": pl.DataFrame({"person_id": [1], "gender_concept_id": [8532], "year_of_birth": [1950]}),
        "observation_period": pl.DataFrame(
            {
                "person_id": [1],
                "observation_period_start_date": [date(2010, 1, 1)],
                "observation_period_end_date": [date(2020, 1, 1)],
            }
        ),
    }
    return {**tables, **{name: pl.concat([rows, tables[name]], how="diagonal") for name, rows in sure.items()}}


def everything(converted: ConversionResult) -> dict[str, list[tuple[object, ...]]]:
    registers = open_registers(converted.folder)
    assert registers.rejected().is_empty()
    return {table: sorted(registers.scan(table).collect().rows(), key=repr) for table in registers.tables}


def assert_accounted(converted: ConversionResult, read: dict[str, int]) -> None:
    for place, rows in read.items():
        assert converted.account.rows_of(place, "read") == rows
        assert sum(converted.account.rows_of(place, outcome) for outcome in ("kept", "rejected", "merged")) == rows


@FEW
@given(cdms(), st.randoms(use_true_random=False))
def test_every_row_of_a_cdm_is_accounted_for_in_any_order(tables: Tables, random: object):
    seed = random.randrange(2**31)
    with tempfile.TemporaryDirectory() as place:
        converted = from_omop(tables, Path(place) / "a", max_rejected_share=1)
        assert_accounted(converted, {name: rows.height for name, rows in tables.items()})
        first = tables["person"].head(1)
        mixed = {name: rows.sample(fraction=1, shuffle=True, seed=seed) for name, rows in tables.items()}
        mixed["person"] = pl.concat(
            [first, tables["person"].tail(-1)]
        )  # which of two rows of one person is taken is order
        again = from_omop(mixed, Path(place) / "b", max_rejected_share=1)
        assert everything(converted) == everything(again)
        assert converted.account.counts.sort(pl.all()).equals(again.account.counts.sort(pl.all()))


@FEW
@given(cdms())
def test_ranges_of_persons_give_the_same_folder(tables: Tables):
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patched:
        whole = everything(from_omop(tables, Path(place) / "a", max_rejected_share=1))
        patched.setattr(conversion, "ROWS_AT_A_TIME", 2)
        in_ranges = from_omop(tables, Path(place) / "b", max_rejected_share=1)
        assert everything(in_ranges) == whole
        assert_accounted(in_ranges, {name: rows.height for name, rows in tables.items()})
        for path in (Path(place) / "b").glob("*.parquet"):
            rows = pl.read_parquet(path)
            assert rows["person_id"].is_sorted()


meds_codes = st.sampled_from(
    [
        None,
        "MEDS_BIRTH",
        "MEDS_DEATH",
        "GENDER/F",
        "GENDER//M",
        "GENDER/x",
        "ICD10/I21.9",
        "ATC/C10",
        "plain",
        "/odd",
        "a/",
    ]
)
SENTINELS = [date(1900, 1, 1), date(1800, 1, 1), date(9999, 12, 31)]


def _counts_as_event(frame: pl.DataFrame) -> pl.Series:
    """Rows by which a dataset knows its days: a person and a real day, and neither birth nor sex."""
    code = pl.col("code").fill_null("")
    day = pl.col("time").dt.date()
    other = ~code.str.starts_with("GENDER") & (code != "MEDS_BIRTH")
    return frame.select(
        other & day.is_not_null() & ~day.is_in(SENTINELS) & pl.col("subject_id").is_not_null()
    ).to_series()


meds_rows = st.lists(st.tuples(ids, days, meds_codes, st.one_of(st.none(), st.floats(0, 5, width=32))), max_size=30)


@FEW
@given(meds_rows)
def test_every_row_of_a_meds_dataset_is_accounted_for(rows: list[tuple[object, ...]]):
    schema = {"subject_id": pl.Int64, "time": pl.Datetime("us"), "code": pl.String, "numeric_value": pl.Float32}
    frame = pl.DataFrame(
        [(who, None if day is None else datetime.combine(day, time(8)), code, value) for who, day, code, value in rows],
        schema=schema,
        orient="row",
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "meds" / "data"
        folder.mkdir(parents=True)
        frame.write_parquet(folder / "0.parquet")
        try:
            converted = from_meds(folder.parent, Path(place) / "out", max_rejected_share=1)
        except ContractError as error:
            nobody = "no person in the end" in str(error)
            assert nobody or not frame.filter(_counts_as_event(frame)).height
            return
        everything(converted)
        account = converted.account.counts
        assert account.filter(pl.col("dataset") != "subject", outcome="read")["rows"].sum() == frame.height
        for place_of in account["dataset"].unique():
            assert_accounted(converted, {place_of: converted.account.rows_of(place_of, "read")})
        assert converted.account.rows_of("subject", "read") == frame["subject_id"].n_unique()
