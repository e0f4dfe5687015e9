"""The noise of what is shown: of a study's secret, or outside a study (records, accounts, findings) of the user's."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import CellNoise, Disclosure, within
from riskstrat.files.secret import protection_secret


def noise_of(rule: Disclosure, noise: CellNoise | None = None) -> CellNoise | None:
    """Noise as wide as a rule says, None where its tables have none.

    It is of the secret of a study's own noise; without one, of whoever runs this (`riskstrat.files.secret`).

    Examples
    --------
    >>> noise_of(Disclosure()).width
    6
    """
    if not rule.table_width:
        return None
    return CellNoise(protection_secret() if noise is None else noise.secret, rule.table_width)


def noisy(
    counts: pl.Series,
    keys: pl.Series,
    noise: CellNoise | None,
    *,
    of: pl.Series | None = None,
    rows: pl.Series | int = 1,
) -> pl.Series:
    """Give whole counts the noise of their cells, as `riskstrat.disclosure.release` does; an empty cell has no key.

    Keys `of` are those of the cells that the counts are part of; the noise is `rows` times as large where a person has
    so many of what is counted (`rows_of_a_person`).

    Examples
    --------
    >>> counts, keys = pl.Series([0, 40]), pl.Series([None, 7], dtype=pl.UInt64)
    >>> noisy(counts, keys, noise_of(Disclosure()), of=pl.Series([8, 9], dtype=pl.UInt64)).is_between(0, 46).all()
    True
    """
    if noise is None:
        return counts
    own = keys.fill_null(0).to_numpy()
    found = own if of is None else within(own, of.fill_null(0).to_numpy())
    return (counts + pl.Series(noise.of(found)) * rows).clip(lower_bound=noise.lowest)
