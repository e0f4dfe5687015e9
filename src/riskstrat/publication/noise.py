"""The noise of what is shown: of a study's secret, or outside a study (records, accounts, findings) of the user's."""

from __future__ import annotations

import polars as pl

from riskstrat.disclosure import CellNoise, Disclosure
from riskstrat.files.secret import protection_secret


def noise_of(rule: Disclosure, noise: CellNoise | None = None) -> CellNoise | None:
    """Noise as wide as a rule says, None where its tables have none.

    It is of the secret of a study's own noise; without one, of whoever runs this (`riskstrat.files.secret`).

    Examples
    --------
    >>> noise_of(Disclosure()).width
    2
    """
    if not rule.table_width:
        return None
    return CellNoise(protection_secret() if noise is None else noise.secret, rule.table_width)


def noisy(counts: pl.Series, keys: pl.Series, noise: CellNoise | None) -> pl.Series:
    """Give whole counts the noise of their cells, as `riskstrat.disclosure.release` does; an empty cell has no key.

    Examples
    --------
    >>> noisy(pl.Series([0, 40]), pl.Series([0, 7], dtype=pl.UInt64), noise_of(Disclosure())).to_list()[0]
    2
    """
    if noise is None:
        return counts
    return (counts + pl.Series(noise.of(keys.fill_null(0).to_numpy()))).clip(lower_bound=noise.width)
