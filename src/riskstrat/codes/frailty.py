"""Hospital Frailty Risk Score: diagnoses of persons in, points out.

The frame holds the admissions of the two years before the index date; what is not in it is not counted.
"""

from __future__ import annotations

import polars as pl

from riskstrat.codes.people import score_persons
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
