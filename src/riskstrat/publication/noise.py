"""The noise of what is shown outside a study: a bare record, an account of an intake, the findings of a check."""

from __future__ import annotations

from riskstrat.disclosure import CellNoise, Disclosure
from riskstrat.files.secret import protection_secret


def default_noise(rule: Disclosure) -> CellNoise | None:
    """Noise under the secret of whoever runs this (`riskstrat.files.secret`); None where tables have none.

    Examples
    --------
    >>> default_noise(Disclosure()).width
    2
    """
    return CellNoise(protection_secret(), rule.table_width) if rule.table_width else None
