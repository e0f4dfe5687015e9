"""Families by the mother's line: everybody who shares the topmost known maternal ancestor.

In: persons with their mothers. Out: that ancestor's person_id, one a person.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Ids = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


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
    ids, births = persons["person_id"].to_numpy(), persons["birth_date"].to_physical().to_numpy()
    known = persons["mother_id"].is_not_null().to_numpy()
    mothers = persons["mother_id"].fill_null(persons["person_id"]).to_numpy()
    row_of_mother = _rows_of(mothers, ids)
    is_here = known & (ids[row_of_mother] == mothers)
    was_born_before = births[row_of_mother] < births
    above = np.where(is_here & was_born_before, row_of_mother, np.arange(len(ids)))
    begins_here = np.where(is_here, ids, mothers)
    return pl.Series("family_id", begins_here[_topmost(above)])


def _rows_of(wanted: Ids, ids: Ids) -> Rows:
    """Find the row of each wanted id, or any row where it is not there."""
    order = np.argsort(ids, kind="stable")
    found: Rows = order[np.searchsorted(ids[order], wanted).clip(max=len(ids) - 1)]
    return found


def _topmost(above: Rows) -> Rows:
    """Double the step upwards until nobody moves: a line of n generations takes log2(n) rounds."""
    higher = above[above]
    while not np.array_equal(higher, above):
        above, higher = higher, higher[higher]
    return above
