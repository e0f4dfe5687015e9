"""The table of values that were not observed, of counts that carry the noise of their cells."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import SHARE, CellNoise, Table
from riskstrat.publication.interpretation import FEWEST_PEOPLE
from riskstrat.publication.noise import noisy

LISTED = 0.01
"""Features of which fewer index dates lack a value are told of everybody alone: their groups would be empty."""

_EVERYBODY = "all"


def missingness_table(found: pl.DataFrame, noise: CellNoise | None) -> Table:
    """Give index dates, and the share of them without a value, by feature and group of at least 20 persons.

    With noise the share is a function of two protected counts and is never withheld because few values are missing,
    which may be what matters. Which features are listed by group is decided on the share that is shown.
    """
    index_dates = noisy(found["index_dates"], found["index_key"], noise)
    missing = noisy(found["missing"], found["missing_key"], noise, of=found["index_key"])
    frame = found.with_columns(share=(missing / index_dates).clip(upper_bound=1))
    listed = frame.filter(pl.col("group") == _EVERYBODY, pl.col("share") >= LISTED)["feature"]
    return Table(
        frame.filter((pl.col("group") == _EVERYBODY) | pl.col("feature").is_in(listed.implode())).select(
            "feature",
            "group",
            "index_dates",
            "persons",
            "missing",
            "missing_persons",
            "share",
            "index_key",
            "person_key",
        ),
        dimensions=("feature", "group"),
        counts=("index_dates",),
        unshown=("missing",),
        derived={"share": ("index_dates", "missing") if noise is None else "index_dates"},
        persons={"index_dates": "persons", "missing": "missing_persons"},
        keys={"index_dates": "index_key", "persons": "person_key"},
        fewest={"index_dates": FEWEST_PEOPLE},
        digits={"share": SHARE},
    )
