"""What the National Board of Health and Welfare delivers: patient register, drugs, deaths, births."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from riskstrat.synthetic.extracts.clean import PLANNED, UNPLANNED, Tables, wide
from riskstrat.synthetic.extracts.form import coded, day_text, drawn, number_text
from riskstrat.synthetic.extracts.scb import SEX_CODES

OTHER_DIAGNOSES, EXTERNAL_CAUSES = 4, 2
ADMISSION: dict[object, str] = {PLANNED: "1", UNPLANNED: "2"}
PROCEDURES = ("AF021", "NFJ59 AF021", "DG001")
BIRTH_CODES = ("birth_weight_g", "gestation_days", "mother_bmi_kg_m2", "mother_smoking", "parity")
USUAL_HEIGHT_CM, HEIGHTS_CM = 166, range(150, 186)


def stays(tables: Tables, _: date) -> pl.DataFrame:
    """Give inpatient care, one row a discharge with its diagnoses side by side."""
    key = ["person_id", "date", "end_date"]
    found = _diagnoses_of(tables, "inpatient", key)
    admissions = tables["contacts"].filter(pl.col("code").is_in((PLANNED, UNPLANNED)))
    rows = admissions.join(found, on=key, how="left").join(_birth_years(tables), on="person_id")
    return rows.sort(key).select(
        LOPNR=pl.col("person_id").cast(pl.String),
        AR=pl.col("end_date").dt.year().cast(pl.String),
        INDATUMA=day_text("date"),
        UTDATUMA=day_text("end_date"),
        PVARD=coded("code", ADMISSION),
        MVO=pl.lit("101"),
        HDIA=pl.col("main").list.get(0, null_on_oob=True),
        **_side_by_side("other", "DIA", OTHER_DIAGNOSES),
        **_side_by_side("external", "EKOD", EXTERNAL_CAUSES),
        OP=_procedure(),
        _person="person_id",
        _born="born",
        _days=(pl.col("end_date") - pl.col("date")).dt.total_days().cast(pl.String),
        _year=pl.col("end_date").dt.year(),
    )


def visits(tables: Tables, _: date) -> pl.DataFrame:
    """Give specialist outpatient visits, one row a main diagnosis."""
    rows = tables["diagnoses"].filter(setting="specialist").join(_birth_years(tables), on="person_id")
    return rows.sort("person_id", "date", "code").select(
        LOPNR=pl.col("person_id").cast(pl.String),
        AR=pl.col("date").dt.year().cast(pl.String),
        INDATUMA=day_text("date"),
        MVO=pl.lit("101"),
        HDIA="code",
        DIA1=pl.lit(None, pl.String),
        DIA2=pl.lit(None, pl.String),
        OP=_procedure(),
        _person="person_id",
        _born="born",
        _year=pl.col("date").dt.year(),
    )


def drugs(tables: Tables, _: date) -> pl.DataFrame:
    """Give dispensed drugs; packages times doses in a package are the doses dispensed."""
    wait = pl.duration(days=drawn("person_id", 31))
    packages = 1 + drawn("person_id", 2, seed=7)
    rows = tables["prescriptions"].join(_birth_years(tables), on="person_id").sort("person_id", "date", "code")
    return rows.select(
        LOPNR=pl.col("person_id").cast(pl.String),
        ATC="code",
        EDATUM=day_text("date"),
        FDATUM=(pl.col("date") - wait).dt.strftime("%Y%m%d"),
        ANTAL=packages.cast(pl.String),
        forpddd=number_text(pl.col("value") / packages, 4),
        _person="person_id",
        _born="born",
        _year=pl.col("date").dt.year(),
    )


def deaths(tables: Tables, _: date) -> pl.DataFrame:
    """Give the causes of death."""
    rows = tables["diagnoses"].filter(setting="death", position="underlying").sort("person_id", "code")
    return rows.select(
        LOPNR=pl.col("person_id").cast(pl.String),
        AR=pl.col("date").dt.year().cast(pl.String),
        DODSDAT=day_text("date"),
        ULORSAK="code",
        MORSAK1=pl.lit(None, pl.String),
        MORSAK2=pl.lit(None, pl.String),
        ICD=pl.lit("10"),
        _person="person_id",
    )


def births(tables: Tables, _: date) -> pl.DataFrame:
    """Give the births, one row a child; the mother's body mass index as the height and weight it was computed from."""
    rows = wide(tables["births"], BIRTH_CODES).join(tables["persons"], on="person_id")
    height, weight = _height_and_weight(rows["mother_bmi_kg_m2"])
    return rows.select(
        lpnr_BARN=pl.col("person_id").cast(pl.String),
        lpnr_mor=pl.col("mother_id").cast(pl.String),
        BFODDAT=day_text("date"),
        KON=coded("sex", SEX_CODES),
        MLANGD=height.cast(pl.String),
        MVIKT=weight.cast(pl.String),
        ROK1=pl.when(pl.col("mother_smoking") == 1)
        .then((2 + drawn("person_id", 2)).cast(pl.String))
        .when(pl.col("mother_smoking") == 0)
        .then(pl.lit("1")),
        GRVBS=number_text((pl.col("gestation_days") / 7).floor()),
        GRDBS=number_text(pl.col("gestation_days")),
        BVIKTBS=number_text(pl.col("birth_weight_g")),
        PARITET_F=number_text(pl.col("parity")),
        _person="person_id",
    )


def _diagnoses_of(tables: Tables, setting: str, key: list[str]) -> pl.DataFrame:
    rows = tables["diagnoses"].filter(setting=setting).sort("code")
    lists = [
        pl.col("code").filter(pl.col("position") == position).sort().alias(position)
        for position in ("main", "other", "external")
    ]
    return rows.group_by(key).agg(lists)


def _side_by_side(column: str, name: str, most: int) -> dict[str, pl.Expr]:
    return {f"{name}{n + 1}": pl.col(column).list.get(n, null_on_oob=True) for n in range(most)}


def _birth_years(tables: Tables) -> pl.DataFrame:
    return tables["persons"].select("person_id", born=pl.col("birth_date").dt.year().cast(pl.String))


def _procedure() -> pl.Expr:
    return pl.lit(pl.Series("procedures", PROCEDURES)).gather(drawn("person_id", len(PROCEDURES)))


def _height_and_weight(bmi: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Find whole centimetres and kilograms whose body mass index is the given one, to a decimal where that exists."""
    heights = np.array(sorted(HEIGHTS_CM, key=lambda height: abs(height - USUAL_HEIGHT_CM)))
    square = (heights / 100) ** 2
    wanted = bmi.cast(pl.Float64).fill_null(0.0).to_numpy()[:, None]
    weights = np.rint(wanted * square)
    gap = np.abs(weights / square - wanted)
    best = np.argmin(np.maximum(gap, 0.04), axis=1)
    row = np.arange(len(best))
    known = bmi.is_not_null()
    height = pl.Series("height", heights[best]).cast(pl.Int64)
    weight = pl.Series("weight", weights[row, best]).cast(pl.Int64)
    return height.set(~known, None), weight.set(~known, None)
