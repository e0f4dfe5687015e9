"""Comorbidity scores of persons: their recorded diagnoses in, one row a person with the points out.

The frame holds the rows of the look-back; what is not in it is not counted.
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from riskstrat.codes.scores import DECIMALS, Score, score
from riskstrat.codes.versions import UNDATED, era
from riskstrat.errors import ContractError, Problem
from riskstrat.errors.arguments import checked


@checked
def hfrs(diagnoses: pl.DataFrame) -> pl.DataFrame:
    """Score persons by the Hospital Frailty Risk Score.

    Parameters
    ----------
    diagnoses
        ``person_id`` and ``code`` (ICD-10, with or without dots), any number of rows a person, all inside the
        look-back. A row with a null code makes the person known without a diagnosis.

    Returns
    -------
    polars.DataFrame
        ``person_id`` and ``hfrs`` (points, 0 to 173.2), one row for each person in `diagnoses`, sorted by person_id.

    Raises
    ------
    ContractError
        If a column is missing.

    Notes
    -----
    109 three-character categories with points, each counted once (Gilbert et al., Lancet 2018;391:1775-82). The points
    were estimated on English hospital stays of people of 75 and over.

    Examples
    --------
    >>> hfrs(pl.DataFrame({"person_id": [1, 1, 1, 2], "code": ["F00", "F001", "W190", "I109"]})).rows()
    [(1, 10.3), (2, 0.0)]
    """
    return score_persons(diagnoses, "hfrs", column="hfrs")


CharlsonScore = Literal["charlson_se", "charlson", "charlson_2011"]
ElixhauserScore = Literal["elixhauser", "elixhauser_swiss"]

_KEYS = {"code": pl.String, "era": pl.Int8, "item": pl.UInt32}


@checked
def charlson(diagnoses: pl.DataFrame, score: CharlsonScore = "charlson_se") -> pl.DataFrame:
    """Score persons by a Charlson comorbidity index.

    Parameters
    ----------
    diagnoses
        ``person_id``, ``code`` and, for old records, ``date``: any number of rows a person, all inside the look-back.
        A row with a null code makes the person known without a diagnosis.
    score
        ``"charlson_se"``: the Swedish adaptation, which reads ICD-7 to ICD-10 by the date of the row, or by the look
        of the code where there is no date; ascites counts only beside liver disease. ``"charlson"``: Quan's ICD-10
        codes with Charlson's weights of 1987; ``"charlson_2011"``: the same codes with Quan's weights.

    Returns
    -------
    polars.DataFrame
        ``person_id`` and ``charlson`` (points), one row for each person in `diagnoses`, sorted by person_id.

    Raises
    ------
    ContractError
        If a column is missing.
    UsageError
        If there is no such score.

    Notes
    -----
    Each condition counts once; of mild and severe liver disease, diabetes without and with complications, and cancer
    without and with metastases only the graver counts (Quan et al., Med Care 2005;43:1130-9; Quan et al., Am J
    Epidemiol 2011;173:676-82; Ludvigsson et al., Clin Epidemiol 2021;13:21-41).

    Examples
    --------
    >>> rows = pl.DataFrame({"person_id": [1, 1, 2, 3], "code": ["K703", "R18", "R18", "E119"]})
    >>> charlson(rows).rows()
    [(1, 3.0), (2, 0.0), (3, 1.0)]
    >>> charlson(rows, "charlson_2011").rows()
    [(1, 2.0), (2, 0.0), (3, 0.0)]
    """
    return score_persons(diagnoses, score, column="charlson")


@checked
def elixhauser(diagnoses: pl.DataFrame, score: ElixhauserScore = "elixhauser") -> pl.DataFrame:
    """Score persons by Elixhauser's comorbidities.

    Parameters
    ----------
    diagnoses
        ``person_id`` and ``code`` (ICD-10), as for `charlson`.
    score
        ``"elixhauser"``: van Walraven's weights; ``"elixhauser_swiss"``: Sharma's.

    Returns
    -------
    polars.DataFrame
        ``person_id`` and ``elixhauser`` (points, which may be negative: some conditions go with lower mortality in
        hospital), one row for each person in `diagnoses`, sorted by person_id.

    Raises
    ------
    ContractError
        If a column is missing.
    UsageError
        If there is no such score.

    Notes
    -----
    31 comorbidities, each counted once; of hypertension, diabetes and cancer only the graver kind counts (Quan et al.,
    Med Care 2005;43:1130-9; van Walraven et al., Med Care 2009;47:626-33; Sharma et al., BMC Health Serv Res
    2021;21:13).

    Examples
    --------
    >>> elixhauser(pl.DataFrame({"person_id": [1, 1, 2], "code": ["I500", "C509", "E669"]})).rows()
    [(1, 11.0), (2, -4.0)]
    """
    return score_persons(diagnoses, score, column="elixhauser")


def score_persons(diagnoses: pl.DataFrame, name: str, *, column: str) -> pl.DataFrame:
    """Compute a declared score into a column, one row a person, as `charlson`, `elixhauser` and `hfrs` do."""
    missing = (column for column in ("person_id", "code") if column not in diagnoses.columns)
    ContractError.refuse(
        Problem("no such column", "it", "add or rename it", table="diagnoses", column=each) for each in missing
    )
    declared = score(name)
    dated = declared.has_versions and "date" in diagnoses.columns
    when = era(pl.col("date")) if dated else pl.lit(UNDATED, dtype=pl.Int8)
    rows = diagnoses.select("person_id", pl.col("code").cast(pl.String), era=when)
    items = rows.join(_items(rows, declared), on=["code", "era"]).unique(["person_id", "item"])
    item = pl.col("item")
    total = sum(declared.corrections(item), start=pl.col("points").sum())
    points = items.with_columns(points=declared.points_of(item)).group_by("person_id").agg(points=total.round(DECIMALS))
    people = rows.select(pl.col("person_id").unique().sort())
    known = people.join(points, on="person_id", how="left", maintain_order="left")
    return known.select("person_id", pl.col("points").fill_null(0.0).alias(column))


def _items(rows: pl.DataFrame, declared: Score) -> pl.DataFrame:
    """Match the distinct codes of each era with the items of the score."""
    distinct = rows.select("code", "era").unique().drop_nulls().group_by("era").agg("code")
    matched = [
        (code, number, item)
        for number, codes in distinct.sort("era").iter_rows()
        for code, item in declared.pairs(codes, era=number)
    ]
    return pl.DataFrame(matched, schema=_KEYS, orient="row")
