"""Families by the mother's line: everybody who shares the topmost known maternal ancestor."""

from __future__ import annotations

import numpy as np
import polars as pl


def family_ids(people: pl.Series, persons: pl.DataFrame) -> pl.Series:
    """Follow mothers upwards until no mother is known; siblings of a mother who is no person here share her too.

    Links to a mother who was not born before the child are passed over, so that no line runs in a circle. `people` are
    person_id in `persons`, which are in the order of person_id.
    """
    ids, births = persons["person_id"].to_numpy(), persons["birth_date"].to_physical().to_numpy()
    mothers = persons["mother_id"].fill_null(persons["person_id"]).to_numpy()
    family = people.to_numpy().copy()
    top = np.searchsorted(ids, family)
    climbing = np.arange(len(family))
    while len(climbing):
        row = top[climbing]
        mother = mothers[row]
        above = np.searchsorted(ids, mother).clip(max=len(ids) - 1)
        is_here = ids[above] == mother
        family[climbing] = np.where(is_here, ids[row], mother)
        goes_up = is_here & (births[above] < births[row])
        climbing = climbing[goes_up]
        top[climbing] = above[goes_up]
    return pl.Series("family_id", family)
