"""The noise of what is shown: of a study's secret, or outside a study (records, accounts, findings) of the user's."""

from __future__ import annotations

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
