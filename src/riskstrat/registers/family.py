"""Families by the mother's line: everybody who shares the topmost known maternal ancestor.

In: persons with their mothers. Out: that ancestor's person_id, one a person.
"""

from __future__ import annotations

import numpy as np
import polars as pl


def family_ids(persons: pl.DataFrame) -> pl.Series:
    """Follow mothers upwards until no mother is known; siblings of a mother who is no person here share her too.

    Links to a mother who was not born before the child are passed over, so that no line runs in a circle.

    Parameters
    ----------
    persons
        person_id, birth_date, mother_id (nullable).

    Returns
    -------
    polars.Series
        family_id (Int64), one a row of `persons`.

    Examples
    --------
    >>> from datetime import date
    >>> born = [date(1950, 1, 1), date(1975, 1, 1), date(2000, 1, 1), date(2001, 1, 1), date(2002, 1, 1)]
    >>> persons = pl.DataFrame({"person_id": [1, 2, 3, 4, 5], "birth_date": born, "mother_id": [None, 1, 2, 9, 9]})
    >>> family_ids(persons).to_list()
    [1, 1, 1, 9, 9]
    """
    linked = _links(persons)
    above = linked["mother_row"].fill_null(linked["row"]).to_numpy()
    return linked["own_label"].gather(_topmost(above)).alias("family_id")


def _links(persons: pl.DataFrame) -> pl.DataFrame:
    """Give each person's row, the row of the mother if she is there, and what a family is called that begins here."""
    numbered = persons.select("person_id", "birth_date", "mother_id").with_row_index("row")
    mothers = numbered.select(mother_id="person_id", mother_row="row", mother_born="birth_date")
    possible = pl.col("mother_born") < pl.col("birth_date")
    is_here = pl.col("mother_row").is_not_null()
    return numbered.join(mothers, on="mother_id", how="left", maintain_order="left").select(
        "row",
        mother_row=pl.when(possible).then("mother_row"),
        own_label=pl.when(is_here).then("person_id").otherwise(pl.coalesce("mother_id", "person_id")),
    )


def _topmost(above: np.ndarray) -> np.ndarray:
    """Double the step upwards until nobody moves: a line of n generations takes log2(n) rounds."""
    higher = above[above]
    while not np.array_equal(higher, above):
        above, higher = higher, higher[higher]
    return above
